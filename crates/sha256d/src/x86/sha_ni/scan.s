# Written by tests/score, which says what this is. Not to be changed by hand.
    vpxor xmm15, xmm15, xmm15
    mov r9d, 8
    sub rsi, 32
    vmovddup xmm1, qword ptr [rsi+32]
    vpaddd xmm1, xmm1, [rdi+{abef4}]
    vmovdqa xmm2, [rdi+{cdgh4}]
    vmovhps xmm13, xmm15, qword ptr [rsi+32]
    sha256msg1 xmm13, xmm15
    vpaddd xmm13, xmm13, [rdi+{w16}]
    vmovdqa [rcx+0], xmm13
    vmovdqa xmm9, xmm13
    add rsi, 32
2:
# voice 0: rounds of step 0; voice 3: words of step 22
    vmovdqa xmm0, [rdi+{sums4}+0]
    vmovdqa xmm13, [rcx+240]
    sha256msg1 xmm13, [rcx+192]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+208], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+16]
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+240], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 7; voice 0: words of step 1
    vpaddd xmm0, xmm10, [r8+{k0}+128]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 15; voice 1: words of step 8
    vmovdqa xmm0, [rcx+128]
    vmovdqa xmm13, [rcx+80]
    sha256msg1 xmm13, [rcx+96]
    vpaddd xmm0, xmm0, [r8+{k1}+0]
    vpalignr xmm14, xmm10, [rcx+112], 4
    sha256rnds2 xmm6, xmm5
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+80], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 22; voice 2: words of step 16
    vpaddd xmm0, xmm12, [r8+{k1}+112]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 1; voice 3: words of step 23
    vmovdqa xmm0, [rdi+{sums4}+32]
    vmovdqa xmm13, [rcx+192]
    sha256msg1 xmm13, [rcx+208]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+224], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+48]
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+192], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 8; voice 0: words of step 2
    vpaddd xmm0, xmm10, [r8+{k0}+144]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 16; voice 1: words of step 9
    vmovdqa xmm0, [rcx+144]
    vmovdqa xmm13, [rcx+96]
    sha256msg1 xmm13, [rcx+112]
    vpaddd xmm0, xmm0, [r8+{k1}+16]
    vpalignr xmm14, xmm10, [rcx+64], 4
    sha256rnds2 xmm6, xmm5
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+96], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 23; voice 2: words of step 17
    vpaddd xmm0, xmm12, [r8+{k1}+128]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 2; voice 3: words of step 24
    vmovdqa xmm0, [rdi+{sums4}+64]
    vmovdqa xmm13, [rcx+208]
    sha256msg1 xmm13, [rcx+224]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+240], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+80]
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+208], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 9; voice 0: words of step 3
    vpaddd xmm0, xmm10, [r8+{k0}+160]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 17; voice 1: words of step 10
    vmovdqa xmm0, [r8+{sums9}+0]
    vmovdqa xmm13, [rcx+112]
    sha256msg1 xmm13, [rcx+64]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+80], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [r8+{sums9}+16]
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+112], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 24; voice 2: words of step 18
    vpaddd xmm0, xmm12, [r8+{k1}+144]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 3; voice 3: words of step 25
    vpaddd xmm0, xmm9, [r8+{k0}+64]
    vmovdqa xmm13, [rcx+224]
    sha256msg1 xmm13, [rcx+240]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+192], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+224], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 10; voice 0: words of step 4
    vpaddd xmm0, xmm10, [r8+{k0}+176]
    vmovdqa xmm13, [rdi+{w20}]
    sha256rnds2 xmm4, xmm3
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+16], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 18; voice 1: words of step 11
    vpaddd xmm0, xmm11, [r8+{k1}+48]
    vmovdqa xmm13, [rcx+64]
    sha256msg1 xmm13, [rcx+80]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+96], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 25; voice 2: words of step 19
    vpaddd xmm0, xmm12, [r8+{k1}+160]
    vmovdqa xmm13, [rcx+128]
    sha256msg1 xmm13, [rcx+144]
    sha256rnds2 xmm8, xmm7
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+128], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 4; voice 3: words of step 26
    vpaddd xmm0, xmm9, [r8+{k0}+80]
    vmovdqa xmm13, [rcx+240]
    sha256msg1 xmm13, [rcx+192]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+208], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+240], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 11; voice 0: words of step 5
    vpaddd xmm0, xmm10, [r8+{k0}+192]
    vpalignr xmm13, xmm9, [rcx+0], 4
    sha256rnds2 xmm4, xmm3
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+32], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 19; voice 1: words of step 12
    vpaddd xmm0, xmm11, [r8+{k1}+64]
    vmovdqa xmm13, [rcx+80]
    sha256msg1 xmm13, [rcx+96]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+112], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+80], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 26; voice 2: words of step 20
    vpaddd xmm0, xmm12, [r8+{k1}+176]
    vmovdqa xmm13, [rcx+144]
    sha256msg1 xmm13, xmm15
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+176], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+144], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 5; voice 3: words of step 27
    vpaddd xmm0, xmm9, [r8+{k0}+96]
    vmovdqa xmm13, [rcx+192]
    sha256msg1 xmm13, [rcx+208]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+224], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+192], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 12; voice 0: words of step 6
    vpaddd xmm0, xmm10, [r8+{k0}+208]
    vpalignr xmm13, xmm9, [rcx+16], 4
    vpaddd xmm13, xmm13, [rdi+{w28}]
    sha256rnds2 xmm4, xmm3
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+48], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 20; voice 1: words of step 13
    vpaddd xmm0, xmm11, [r8+{k1}+80]
    vmovdqa xmm13, [rcx+96]
    sha256msg1 xmm13, [rcx+112]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+64], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+96], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 27; voice 2: words of step 21
    vpaddd xmm0, xmm12, [r8+{k1}+192]
    vpalignr xmm13, xmm11, [rcx+128], 4
    sha256rnds2 xmm8, xmm7
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+160], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 6; voice 3: words of step 28
    vpaddd xmm0, xmm9, [r8+{k0}+112]
    vmovdqa xmm13, [rcx+208]
    sha256msg1 xmm13, [rcx+224]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+240], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+208], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 13; voice 0: words of step 7
    vpaddd xmm0, xmm10, [r8+{k0}+224]
    vmovdqa xmm13, [rcx+0]
    sha256msg1 xmm13, [rcx+16]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+32], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+0], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 21; voice 1: words of step 14
    vpaddd xmm0, xmm11, [r8+{k1}+96]
    vmovdqa xmm13, [rcx+112]
    sha256msg1 xmm13, [rcx+64]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+80], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+112], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 28; voice 2: words of step 22
    vpaddd xmm0, xmm12, [r8+{k1}+208]
    vmovdqa xmm13, [rcx+176]
    sha256msg1 xmm13, [rcx+128]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+144], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+176], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 7; voice 3: words of step 29
    vpaddd xmm0, xmm9, [r8+{k0}+128]
    vmovdqa xmm13, [rcx+224]
    sha256msg1 xmm13, [rcx+240]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+192], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+224], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 14; voice 0: words of step 8
    vpaddd xmm0, xmm10, [r8+{k0}+240]
    vmovdqa xmm13, [rcx+16]
    sha256msg1 xmm13, [rcx+32]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+48], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+16], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 22; voice 1: words of step 15
    vpaddd xmm0, xmm11, [r8+{k1}+112]
    vpshufd xmm13, xmm3, 0x42
    vpshufd xmm14, xmm4, 0x2c
    vpblendw xmm13, xmm13, xmm14, 0x3c
    vpaddd xmm13, xmm13, [rdi+{m1}]
    sha256rnds2 xmm6, xmm5
    vmovdqa [rcx+64], xmm13
    vpshufb xmm14, xmm4, [r8+{take_gh}+0]
    vpblendw xmm14, xmm14, xmm3, 0x03
    vpaddd xmm14, xmm14, [rdi+{m5}]
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+80], xmm14
    vpshufb xmm3, xmm3, [r8+{take_a}+0]
    vpaddd xmm10, xmm3, [rdi+{m0}]
    vpaddd xmm3, xmm3, [rdi+{abef1}]
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm4, [r8+{cdgh1}+0]
    sha256msg1 xmm10, xmm13
    vpblendw xmm10, xmm10, [r8+{w13}+0], 0x3f
    vmovdqa [rcx+112], xmm10
# voice 3: rounds of step 29; voice 2: words of step 23
    vpaddd xmm0, xmm12, [r8+{k1}+224]
    vmovdqa xmm13, [rcx+128]
    sha256msg1 xmm13, [rcx+144]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+160], 4
    vpshufd xmm0, xmm0, 14
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm11
    sha256rnds2 xmm7, xmm8
    vmovdqa [rcx+128], xmm13
    vpextrd dword ptr [rcx+{tops}+8], xmm7, 1
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 8; voice 3: words of step 0
    vpaddd xmm0, xmm9, [r8+{k0}+144]
    vmovddup xmm7, qword ptr [rsi+24]
    vpaddd xmm7, xmm7, [rdi+{abef4}]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm8, [rdi+{cdgh4}]
    vmovhps xmm13, xmm15, qword ptr [rsi+24]
    vpshufd xmm0, xmm0, 14
    sha256msg1 xmm13, xmm15
    vpaddd xmm13, xmm13, [rdi+{w16}]
    sha256rnds2 xmm1, xmm2
    vmovdqa [rcx+192], xmm13
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 15; voice 0: words of step 9
    vmovdqa xmm0, [rcx+64]
    vmovdqa xmm13, [rcx+32]
    sha256msg1 xmm13, [rcx+48]
    vpaddd xmm0, xmm0, [r8+{k1}+0]
    vpalignr xmm14, xmm9, [rcx+0], 4
    sha256rnds2 xmm4, xmm3
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+32], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 23; voice 1: words of step 16
    vpaddd xmm0, xmm11, [r8+{k1}+128]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 0; voice 2: words of step 24
    vmovdqa xmm0, [rdi+{sums4}+0]
    vmovdqa xmm13, [rcx+144]
    sha256msg1 xmm13, [rcx+160]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+176], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+16]
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+144], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 9; voice 3: words of step 1
    vpaddd xmm0, xmm9, [r8+{k0}+160]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 16; voice 0: words of step 10
    vmovdqa xmm0, [rcx+80]
    vmovdqa xmm13, [rcx+48]
    sha256msg1 xmm13, [rcx+0]
    vpaddd xmm0, xmm0, [r8+{k1}+16]
    vpalignr xmm14, xmm9, [rcx+16], 4
    sha256rnds2 xmm4, xmm3
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+48], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 24; voice 1: words of step 17
    vpaddd xmm0, xmm11, [r8+{k1}+144]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 1; voice 2: words of step 25
    vmovdqa xmm0, [rdi+{sums4}+32]
    vmovdqa xmm13, [rcx+160]
    sha256msg1 xmm13, [rcx+176]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+128], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+48]
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+160], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 10; voice 3: words of step 2
    vpaddd xmm0, xmm9, [r8+{k0}+176]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 17; voice 0: words of step 11
    vmovdqa xmm0, [r8+{sums9}+0]
    vmovdqa xmm13, [rcx+0]
    sha256msg1 xmm13, [rcx+16]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+32], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [r8+{sums9}+16]
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+0], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 25; voice 1: words of step 18
    vpaddd xmm0, xmm11, [r8+{k1}+160]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 2; voice 2: words of step 26
    vmovdqa xmm0, [rdi+{sums4}+64]
    vmovdqa xmm13, [rcx+176]
    sha256msg1 xmm13, [rcx+128]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+144], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+80]
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+176], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 11; voice 3: words of step 3
    vpaddd xmm0, xmm9, [r8+{k0}+192]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 18; voice 0: words of step 12
    vpaddd xmm0, xmm10, [r8+{k1}+48]
    vmovdqa xmm13, [rcx+16]
    sha256msg1 xmm13, [rcx+32]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+48], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+16], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 26; voice 1: words of step 19
    vpaddd xmm0, xmm11, [r8+{k1}+176]
    vmovdqa xmm13, [rcx+64]
    sha256msg1 xmm13, [rcx+80]
    sha256rnds2 xmm6, xmm5
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 3; voice 2: words of step 27
    vpaddd xmm0, xmm12, [r8+{k0}+64]
    vmovdqa xmm13, [rcx+128]
    sha256msg1 xmm13, [rcx+144]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+160], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+128], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 12; voice 3: words of step 4
    vpaddd xmm0, xmm9, [r8+{k0}+208]
    vmovdqa xmm13, [rdi+{w20}]
    sha256rnds2 xmm2, xmm1
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+208], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 19; voice 0: words of step 13
    vpaddd xmm0, xmm10, [r8+{k1}+64]
    vmovdqa xmm13, [rcx+32]
    sha256msg1 xmm13, [rcx+48]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+0], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+32], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 27; voice 1: words of step 20
    vpaddd xmm0, xmm11, [r8+{k1}+192]
    vmovdqa xmm13, [rcx+80]
    sha256msg1 xmm13, xmm15
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+112], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+80], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 4; voice 2: words of step 28
    vpaddd xmm0, xmm12, [r8+{k0}+80]
    vmovdqa xmm13, [rcx+144]
    sha256msg1 xmm13, [rcx+160]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+176], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+144], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 13; voice 3: words of step 5
    vpaddd xmm0, xmm9, [r8+{k0}+224]
    vpalignr xmm13, xmm12, [rcx+192], 4
    sha256rnds2 xmm2, xmm1
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+224], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 20; voice 0: words of step 14
    vpaddd xmm0, xmm10, [r8+{k1}+80]
    vmovdqa xmm13, [rcx+48]
    sha256msg1 xmm13, [rcx+0]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+16], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+48], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 28; voice 1: words of step 21
    vpaddd xmm0, xmm11, [r8+{k1}+208]
    vpalignr xmm13, xmm10, [rcx+64], 4
    sha256rnds2 xmm6, xmm5
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+96], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 5; voice 2: words of step 29
    vpaddd xmm0, xmm12, [r8+{k0}+96]
    vmovdqa xmm13, [rcx+160]
    sha256msg1 xmm13, [rcx+176]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+128], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+160], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 14; voice 3: words of step 6
    vpaddd xmm0, xmm9, [r8+{k0}+240]
    vpalignr xmm13, xmm12, [rcx+208], 4
    vpaddd xmm13, xmm13, [rdi+{w28}]
    sha256rnds2 xmm2, xmm1
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+240], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 21; voice 0: words of step 15
    vpaddd xmm0, xmm10, [r8+{k1}+96]
    vpshufd xmm13, xmm1, 0x42
    vpshufd xmm14, xmm2, 0x2c
    vpblendw xmm13, xmm13, xmm14, 0x3c
    vpaddd xmm13, xmm13, [rdi+{m1}]
    sha256rnds2 xmm4, xmm3
    vmovdqa [rcx+0], xmm13
    vpshufb xmm14, xmm2, [r8+{take_gh}+0]
    vpblendw xmm14, xmm14, xmm1, 0x03
    vpaddd xmm14, xmm14, [rdi+{m5}]
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+16], xmm14
    vpshufb xmm1, xmm1, [r8+{take_a}+0]
    vpaddd xmm9, xmm1, [rdi+{m0}]
    vpaddd xmm1, xmm1, [rdi+{abef1}]
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm2, [r8+{cdgh1}+0]
    sha256msg1 xmm9, xmm13
    vpblendw xmm9, xmm9, [r8+{w13}+0], 0x3f
    vmovdqa [rcx+48], xmm9
# voice 2: rounds of step 29; voice 1: words of step 22
    vpaddd xmm0, xmm11, [r8+{k1}+224]
    vmovdqa xmm13, [rcx+112]
    sha256msg1 xmm13, [rcx+64]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+80], 4
    vpshufd xmm0, xmm0, 14
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm10
    sha256rnds2 xmm5, xmm6
    vmovdqa [rcx+112], xmm13
    vpextrd dword ptr [rcx+{tops}+4], xmm5, 1
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 6; voice 2: words of step 0
    vpaddd xmm0, xmm12, [r8+{k0}+112]
    vmovddup xmm5, qword ptr [rsi+16]
    vpaddd xmm5, xmm5, [rdi+{abef4}]
    sha256rnds2 xmm8, xmm7
    vmovdqa xmm6, [rdi+{cdgh4}]
    vmovhps xmm13, xmm15, qword ptr [rsi+16]
    vpshufd xmm0, xmm0, 14
    sha256msg1 xmm13, xmm15
    vpaddd xmm13, xmm13, [rdi+{w16}]
    sha256rnds2 xmm7, xmm8
    vmovdqa [rcx+128], xmm13
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 15; voice 3: words of step 7
    vmovdqa xmm0, [rcx+0]
    vmovdqa xmm13, [rcx+192]
    sha256msg1 xmm13, [rcx+208]
    vpaddd xmm0, xmm0, [r8+{k1}+0]
    vpalignr xmm14, xmm12, [rcx+224], 4
    sha256rnds2 xmm2, xmm1
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+192], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 22; voice 0: words of step 16
    vpaddd xmm0, xmm10, [r8+{k1}+112]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 0; voice 1: words of step 23
    vmovdqa xmm0, [rdi+{sums4}+0]
    vmovdqa xmm13, [rcx+64]
    sha256msg1 xmm13, [rcx+80]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+96], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+16]
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 7; voice 2: words of step 1
    vpaddd xmm0, xmm12, [r8+{k0}+128]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 16; voice 3: words of step 8
    vmovdqa xmm0, [rcx+16]
    vmovdqa xmm13, [rcx+208]
    sha256msg1 xmm13, [rcx+224]
    vpaddd xmm0, xmm0, [r8+{k1}+16]
    vpalignr xmm14, xmm12, [rcx+240], 4
    sha256rnds2 xmm2, xmm1
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+208], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 23; voice 0: words of step 17
    vpaddd xmm0, xmm10, [r8+{k1}+128]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 1; voice 1: words of step 24
    vmovdqa xmm0, [rdi+{sums4}+32]
    vmovdqa xmm13, [rcx+80]
    sha256msg1 xmm13, [rcx+96]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+112], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+48]
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+80], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 8; voice 2: words of step 2
    vpaddd xmm0, xmm12, [r8+{k0}+144]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 17; voice 3: words of step 9
    vmovdqa xmm0, [r8+{sums9}+0]
    vmovdqa xmm13, [rcx+224]
    sha256msg1 xmm13, [rcx+240]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+192], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [r8+{sums9}+16]
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+224], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 24; voice 0: words of step 18
    vpaddd xmm0, xmm10, [r8+{k1}+144]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 2; voice 1: words of step 25
    vmovdqa xmm0, [rdi+{sums4}+64]
    vmovdqa xmm13, [rcx+96]
    sha256msg1 xmm13, [rcx+112]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+64], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+80]
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+96], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 9; voice 2: words of step 3
    vpaddd xmm0, xmm12, [r8+{k0}+160]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 18; voice 3: words of step 10
    vpaddd xmm0, xmm9, [r8+{k1}+48]
    vmovdqa xmm13, [rcx+240]
    sha256msg1 xmm13, [rcx+192]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+208], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+240], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 25; voice 0: words of step 19
    vpaddd xmm0, xmm10, [r8+{k1}+160]
    vmovdqa xmm13, [rcx+0]
    sha256msg1 xmm13, [rcx+16]
    sha256rnds2 xmm4, xmm3
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+0], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 3; voice 1: words of step 26
    vpaddd xmm0, xmm11, [r8+{k0}+64]
    vmovdqa xmm13, [rcx+112]
    sha256msg1 xmm13, [rcx+64]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+80], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+112], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 10; voice 2: words of step 4
    vpaddd xmm0, xmm12, [r8+{k0}+176]
    vmovdqa xmm13, [rdi+{w20}]
    sha256rnds2 xmm8, xmm7
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+144], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 19; voice 3: words of step 11
    vpaddd xmm0, xmm9, [r8+{k1}+64]
    vmovdqa xmm13, [rcx+192]
    sha256msg1 xmm13, [rcx+208]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+224], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+192], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 26; voice 0: words of step 20
    vpaddd xmm0, xmm10, [r8+{k1}+176]
    vmovdqa xmm13, [rcx+16]
    sha256msg1 xmm13, xmm15
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+48], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+16], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 4; voice 1: words of step 27
    vpaddd xmm0, xmm11, [r8+{k0}+80]
    vmovdqa xmm13, [rcx+64]
    sha256msg1 xmm13, [rcx+80]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+96], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 11; voice 2: words of step 5
    vpaddd xmm0, xmm12, [r8+{k0}+192]
    vpalignr xmm13, xmm11, [rcx+128], 4
    sha256rnds2 xmm8, xmm7
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+160], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 20; voice 3: words of step 12
    vpaddd xmm0, xmm9, [r8+{k1}+80]
    vmovdqa xmm13, [rcx+208]
    sha256msg1 xmm13, [rcx+224]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+240], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+208], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 27; voice 0: words of step 21
    vpaddd xmm0, xmm10, [r8+{k1}+192]
    vpalignr xmm13, xmm9, [rcx+0], 4
    sha256rnds2 xmm4, xmm3
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+32], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 5; voice 1: words of step 28
    vpaddd xmm0, xmm11, [r8+{k0}+96]
    vmovdqa xmm13, [rcx+80]
    sha256msg1 xmm13, [rcx+96]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+112], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+80], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 12; voice 2: words of step 6
    vpaddd xmm0, xmm12, [r8+{k0}+208]
    vpalignr xmm13, xmm11, [rcx+144], 4
    vpaddd xmm13, xmm13, [rdi+{w28}]
    sha256rnds2 xmm8, xmm7
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+176], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 21; voice 3: words of step 13
    vpaddd xmm0, xmm9, [r8+{k1}+96]
    vmovdqa xmm13, [rcx+224]
    sha256msg1 xmm13, [rcx+240]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+192], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+224], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 28; voice 0: words of step 22
    vpaddd xmm0, xmm10, [r8+{k1}+208]
    vmovdqa xmm13, [rcx+48]
    sha256msg1 xmm13, [rcx+0]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+16], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+48], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 6; voice 1: words of step 29
    vpaddd xmm0, xmm11, [r8+{k0}+112]
    vmovdqa xmm13, [rcx+96]
    sha256msg1 xmm13, [rcx+112]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+64], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+96], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 13; voice 2: words of step 7
    vpaddd xmm0, xmm12, [r8+{k0}+224]
    vmovdqa xmm13, [rcx+128]
    sha256msg1 xmm13, [rcx+144]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+160], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+128], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 22; voice 3: words of step 14
    vpaddd xmm0, xmm9, [r8+{k1}+112]
    vmovdqa xmm13, [rcx+240]
    sha256msg1 xmm13, [rcx+192]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+208], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+240], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 29; voice 0: words of step 23
    vpaddd xmm0, xmm10, [r8+{k1}+224]
    vmovdqa xmm13, [rcx+0]
    sha256msg1 xmm13, [rcx+16]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+32], 4
    vpshufd xmm0, xmm0, 14
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm9
    sha256rnds2 xmm3, xmm4
    vmovdqa [rcx+0], xmm13
    vpextrd dword ptr [rcx+{tops}+0], xmm3, 1
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 7; voice 1: words of step 0
    vpaddd xmm0, xmm11, [r8+{k0}+128]
    vmovddup xmm3, qword ptr [rsi+8]
    vpaddd xmm3, xmm3, [rdi+{abef4}]
    sha256rnds2 xmm6, xmm5
    vmovdqa xmm4, [rdi+{cdgh4}]
    vmovhps xmm13, xmm15, qword ptr [rsi+8]
    vpshufd xmm0, xmm0, 14
    sha256msg1 xmm13, xmm15
    vpaddd xmm13, xmm13, [rdi+{w16}]
    sha256rnds2 xmm5, xmm6
    vmovdqa [rcx+64], xmm13
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 14; voice 2: words of step 8
    vpaddd xmm0, xmm12, [r8+{k0}+240]
    vmovdqa xmm13, [rcx+144]
    sha256msg1 xmm13, [rcx+160]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+176], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+144], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 23; voice 3: words of step 15
    vpaddd xmm0, xmm9, [r8+{k1}+128]
    vpshufd xmm13, xmm7, 0x42
    vpshufd xmm14, xmm8, 0x2c
    vpblendw xmm13, xmm13, xmm14, 0x3c
    vpaddd xmm13, xmm13, [rdi+{m1}]
    sha256rnds2 xmm2, xmm1
    vmovdqa [rcx+192], xmm13
    vpshufb xmm14, xmm8, [r8+{take_gh}+0]
    vpblendw xmm14, xmm14, xmm7, 0x03
    vpaddd xmm14, xmm14, [rdi+{m5}]
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+208], xmm14
    vpshufb xmm7, xmm7, [r8+{take_a}+0]
    vpaddd xmm12, xmm7, [rdi+{m0}]
    vpaddd xmm7, xmm7, [rdi+{abef1}]
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm8, [r8+{cdgh1}+0]
    sha256msg1 xmm12, xmm13
    vpblendw xmm12, xmm12, [r8+{w13}+0], 0x3f
    vmovdqa [rcx+240], xmm12
# voice 1: rounds of step 0; voice 0: words of step 24
    vmovdqa xmm0, [rdi+{sums4}+0]
    vmovdqa xmm13, [rcx+16]
    sha256msg1 xmm13, [rcx+32]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+48], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+16]
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+16], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 8; voice 1: words of step 1
    vpaddd xmm0, xmm11, [r8+{k0}+144]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 15; voice 2: words of step 9
    vmovdqa xmm0, [rcx+192]
    vmovdqa xmm13, [rcx+160]
    sha256msg1 xmm13, [rcx+176]
    vpaddd xmm0, xmm0, [r8+{k1}+0]
    vpalignr xmm14, xmm11, [rcx+128], 4
    sha256rnds2 xmm8, xmm7
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+160], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 24; voice 3: words of step 16
    vpaddd xmm0, xmm9, [r8+{k1}+144]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 1; voice 0: words of step 25
    vmovdqa xmm0, [rdi+{sums4}+32]
    vmovdqa xmm13, [rcx+32]
    sha256msg1 xmm13, [rcx+48]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+0], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+48]
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+32], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 9; voice 1: words of step 2
    vpaddd xmm0, xmm11, [r8+{k0}+160]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 16; voice 2: words of step 10
    vmovdqa xmm0, [rcx+208]
    vmovdqa xmm13, [rcx+176]
    sha256msg1 xmm13, [rcx+128]
    vpaddd xmm0, xmm0, [r8+{k1}+16]
    vpalignr xmm14, xmm11, [rcx+144], 4
    sha256rnds2 xmm8, xmm7
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+176], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 25; voice 3: words of step 17
    vpaddd xmm0, xmm9, [r8+{k1}+160]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 2; voice 0: words of step 26
    vmovdqa xmm0, [rdi+{sums4}+64]
    vmovdqa xmm13, [rcx+48]
    sha256msg1 xmm13, [rcx+0]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+16], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [rdi+{sums4}+80]
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+48], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 10; voice 1: words of step 3
    vpaddd xmm0, xmm11, [r8+{k0}+176]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 17; voice 2: words of step 11
    vmovdqa xmm0, [r8+{sums9}+0]
    vmovdqa xmm13, [rcx+128]
    sha256msg1 xmm13, [rcx+144]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+160], 4
    vpaddd xmm13, xmm13, xmm14
    vmovdqa xmm0, [r8+{sums9}+16]
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+128], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 26; voice 3: words of step 18
    vpaddd xmm0, xmm9, [r8+{k1}+176]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 3; voice 0: words of step 27
    vpaddd xmm0, xmm10, [r8+{k0}+64]
    vmovdqa xmm13, [rcx+0]
    sha256msg1 xmm13, [rcx+16]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+32], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+0], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 11; voice 1: words of step 4
    vpaddd xmm0, xmm11, [r8+{k0}+192]
    vmovdqa xmm13, [rdi+{w20}]
    sha256rnds2 xmm6, xmm5
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+80], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 18; voice 2: words of step 12
    vpaddd xmm0, xmm12, [r8+{k1}+48]
    vmovdqa xmm13, [rcx+144]
    sha256msg1 xmm13, [rcx+160]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+176], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+144], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 27; voice 3: words of step 19
    vpaddd xmm0, xmm9, [r8+{k1}+192]
    vmovdqa xmm13, [rcx+192]
    sha256msg1 xmm13, [rcx+208]
    sha256rnds2 xmm2, xmm1
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+192], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 4; voice 0: words of step 28
    vpaddd xmm0, xmm10, [r8+{k0}+80]
    vmovdqa xmm13, [rcx+16]
    sha256msg1 xmm13, [rcx+32]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+48], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+16], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 12; voice 1: words of step 5
    vpaddd xmm0, xmm11, [r8+{k0}+208]
    vpalignr xmm13, xmm10, [rcx+64], 4
    sha256rnds2 xmm6, xmm5
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+96], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 19; voice 2: words of step 13
    vpaddd xmm0, xmm12, [r8+{k1}+64]
    vmovdqa xmm13, [rcx+160]
    sha256msg1 xmm13, [rcx+176]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+128], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+160], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 28; voice 3: words of step 20
    vpaddd xmm0, xmm9, [r8+{k1}+208]
    vmovdqa xmm13, [rcx+208]
    sha256msg1 xmm13, xmm15
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+240], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+208], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 5; voice 0: words of step 29
    vpaddd xmm0, xmm10, [r8+{k0}+96]
    vmovdqa xmm13, [rcx+32]
    sha256msg1 xmm13, [rcx+48]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+0], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+32], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 13; voice 1: words of step 6
    vpaddd xmm0, xmm11, [r8+{k0}+224]
    vpalignr xmm13, xmm10, [rcx+80], 4
    vpaddd xmm13, xmm13, [rdi+{w28}]
    sha256rnds2 xmm6, xmm5
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+112], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 20; voice 2: words of step 14
    vpaddd xmm0, xmm12, [r8+{k1}+80]
    vmovdqa xmm13, [rcx+176]
    sha256msg1 xmm13, [rcx+128]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+144], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+176], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 29; voice 3: words of step 21
    vpaddd xmm0, xmm9, [r8+{k1}+224]
    vpalignr xmm13, xmm12, [rcx+192], 4
    sha256rnds2 xmm2, xmm1
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+224], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
    vpextrd dword ptr [rcx+{tops}+12], xmm1, 1
# voice 1: rounds of step 6; voice 0: words of step 0
    vpaddd xmm0, xmm10, [r8+{k0}+112]
    vmovddup xmm1, qword ptr [rsi+32]
    vpaddd xmm1, xmm1, [rdi+{abef4}]
    sha256rnds2 xmm4, xmm3
    vmovdqa xmm2, [rdi+{cdgh4}]
    vmovhps xmm13, xmm15, qword ptr [rsi+32]
    vpshufd xmm0, xmm0, 14
    sha256msg1 xmm13, xmm15
    vpaddd xmm13, xmm13, [rdi+{w16}]
    sha256rnds2 xmm3, xmm4
    vmovdqa [rcx+0], xmm13
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 14; voice 1: words of step 7
    vpaddd xmm0, xmm11, [r8+{k0}+240]
    vmovdqa xmm13, [rcx+64]
    sha256msg1 xmm13, [rcx+80]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+96], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 21; voice 2: words of step 15
    vpaddd xmm0, xmm12, [r8+{k1}+96]
    vpshufd xmm13, xmm5, 0x42
    vpshufd xmm14, xmm6, 0x2c
    vpblendw xmm13, xmm13, xmm14, 0x3c
    vpaddd xmm13, xmm13, [rdi+{m1}]
    sha256rnds2 xmm8, xmm7
    vmovdqa [rcx+128], xmm13
    vpshufb xmm14, xmm6, [r8+{take_gh}+0]
    vpblendw xmm14, xmm14, xmm5, 0x03
    vpaddd xmm14, xmm14, [rdi+{m5}]
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+144], xmm14
    vpshufb xmm5, xmm5, [r8+{take_a}+0]
    vpaddd xmm11, xmm5, [rdi+{m0}]
    vpaddd xmm5, xmm5, [rdi+{abef1}]
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm6, [r8+{cdgh1}+0]
    sha256msg1 xmm11, xmm13
    vpblendw xmm11, xmm11, [r8+{w13}+0], 0x3f
    vmovdqa [rcx+176], xmm11
    vmovdqa xmm0, [rcx+{tops}]
    vpaddd xmm0, xmm0, [r8+{h}]
    vpshufb xmm0, xmm0, [r8+{reverse}]
    vpminud xmm13, xmm0, [rdi+{limit}]
    vpcmpeqd xmm0, xmm0, xmm13
    vmovmskps eax, xmm0
    add rsi, 32
    and eax, r9d
    mov r9d, 15
    jnz 3f
    dec rdx
    jnz 2b
    xor eax, eax
    ret
    3:
    shl rdx, 4
    or rax, rdx
    ret
