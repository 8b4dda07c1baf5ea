# Written by tests/score, which says what this is. Not to be changed by hand.
    vmovdqa xmm8, xmm1
    vmovdqa xmm9, xmm2
    vpaddd xmm0, xmm3, [r8+{k0}+0]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm0, [r8+{header_sums}+0]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm0, [r8+{header_sums}+16]
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm0, [r8+{header_sums}+32]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm0, [r8+{header_sums}+48]
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm0, [r8+{header_sums}+64]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm0, [r8+{header_sums}+80]
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm3, [r8+{pad}+0]
    sha256msg2 xmm3, [r8+{header_length}+0]
    vpaddd xmm0, xmm3, [r8+{k0}+64]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpalignr xmm4, xmm3, [r8+{header_13}+0], 4
    sha256msg2 xmm4, xmm3
    vpaddd xmm0, xmm4, [r8+{k0}+80]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpalignr xmm5, xmm4, xmm3, 4
    sha256msg2 xmm5, xmm4
    vpaddd xmm0, xmm5, [r8+{k0}+96]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm6, [r8+{header_length}+0]
    sha256msg1 xmm6, xmm3
    vpalignr xmm7, xmm5, xmm4, 4
    vpaddd xmm6, xmm6, xmm7
    sha256msg2 xmm6, xmm5
    vpaddd xmm0, xmm6, [r8+{k0}+112]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm3, xmm4
    vpalignr xmm7, xmm6, xmm5, 4
    vpaddd xmm3, xmm3, xmm7
    sha256msg2 xmm3, xmm6
    vpaddd xmm0, xmm3, [r8+{k0}+128]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm4, xmm5
    vpalignr xmm7, xmm3, xmm6, 4
    vpaddd xmm4, xmm4, xmm7
    sha256msg2 xmm4, xmm3
    vpaddd xmm0, xmm4, [r8+{k0}+144]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm5, xmm6
    vpalignr xmm7, xmm4, xmm3, 4
    vpaddd xmm5, xmm5, xmm7
    sha256msg2 xmm5, xmm4
    vpaddd xmm0, xmm5, [r8+{k0}+160]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm6, xmm3
    vpalignr xmm7, xmm5, xmm4, 4
    vpaddd xmm6, xmm6, xmm7
    sha256msg2 xmm6, xmm5
    vpaddd xmm0, xmm6, [r8+{k0}+176]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm3, xmm4
    vpalignr xmm7, xmm6, xmm5, 4
    vpaddd xmm3, xmm3, xmm7
    sha256msg2 xmm3, xmm6
    vpaddd xmm0, xmm3, [r8+{k0}+192]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm4, xmm5
    vpalignr xmm7, xmm3, xmm6, 4
    vpaddd xmm4, xmm4, xmm7
    sha256msg2 xmm4, xmm3
    vpaddd xmm0, xmm4, [r8+{k0}+208]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm5, xmm6
    vpalignr xmm7, xmm4, xmm3, 4
    vpaddd xmm5, xmm5, xmm7
    sha256msg2 xmm5, xmm4
    vpaddd xmm0, xmm5, [r8+{k0}+224]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm6, xmm3
    vpalignr xmm7, xmm5, xmm4, 4
    vpaddd xmm6, xmm6, xmm7
    sha256msg2 xmm6, xmm5
    vpaddd xmm0, xmm6, [r8+{k0}+240]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm1, xmm1, xmm8
    vpaddd xmm2, xmm2, xmm9
    vshufps xmm3, xmm1, xmm2, 0xb6
    vpshufd xmm3, xmm3, 0x78
    vpshufb xmm4, xmm2, [r8+{take_gh}+0]
    vpblendw xmm4, xmm4, xmm1, 0x03
    vpblendw xmm4, xmm4, [r8+{pads}+0], 0xc0
    vpshufb xmm6, xmm1, [r8+{take_a}+0]
    vpaddd xmm1, xmm6, [r8+{abef1}+0]
    vmovdqa xmm2, [r8+{cdgh1}+0]
    sha256msg1 xmm6, xmm3
    vpblendw xmm6, xmm6, [r8+{w13}+0], 0x3f
    vpaddd xmm0, xmm3, [r8+{k1}+0]
    sha256msg1 xmm3, xmm4
    sha256msg2 xmm3, xmm6
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm4, [r8+{k1}+16]
    sha256msg1 xmm4, [r8+{zero}+0]
    vpalignr xmm7, xmm3, xmm6, 4
    vpaddd xmm4, xmm4, xmm7
    sha256msg2 xmm4, xmm3
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm0, [r8+{sums9}+0]
    vpalignr xmm5, xmm4, xmm3, 4
    sha256msg2 xmm5, xmm4
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm0, [r8+{sums9}+16]
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm6, [r8+{k1}+48]
    sha256msg1 xmm6, xmm3
    vpalignr xmm7, xmm5, xmm4, 4
    vpaddd xmm6, xmm6, xmm7
    sha256msg2 xmm6, xmm5
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm3, [r8+{k1}+64]
    sha256msg1 xmm3, xmm4
    vpalignr xmm7, xmm6, xmm5, 4
    vpaddd xmm3, xmm3, xmm7
    sha256msg2 xmm3, xmm6
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm4, [r8+{k1}+80]
    sha256msg1 xmm4, xmm5
    vpalignr xmm7, xmm3, xmm6, 4
    vpaddd xmm4, xmm4, xmm7
    sha256msg2 xmm4, xmm3
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm5, [r8+{k1}+96]
    sha256msg1 xmm5, xmm6
    vpalignr xmm7, xmm4, xmm3, 4
    vpaddd xmm5, xmm5, xmm7
    sha256msg2 xmm5, xmm4
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm6, [r8+{k1}+112]
    sha256msg1 xmm6, xmm3
    vpalignr xmm7, xmm5, xmm4, 4
    vpaddd xmm6, xmm6, xmm7
    sha256msg2 xmm6, xmm5
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm3, [r8+{k1}+128]
    sha256msg1 xmm3, xmm4
    vpalignr xmm7, xmm6, xmm5, 4
    vpaddd xmm3, xmm3, xmm7
    sha256msg2 xmm3, xmm6
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm4, [r8+{k1}+144]
    sha256msg1 xmm4, xmm5
    vpalignr xmm7, xmm3, xmm6, 4
    vpaddd xmm4, xmm4, xmm7
    sha256msg2 xmm4, xmm3
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm5, [r8+{k1}+160]
    sha256msg1 xmm5, xmm6
    vpalignr xmm7, xmm4, xmm3, 4
    vpaddd xmm5, xmm5, xmm7
    sha256msg2 xmm5, xmm4
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm6, [r8+{k1}+176]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm3, [r8+{k1}+192]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm4, [r8+{k1}+208]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpaddd xmm0, xmm5, [r8+{k1}+224]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
