# Written by tests/score, which says what this is. Not to be changed by hand.
    vpxor xmm15, xmm15, xmm15
    sub rdi, 320
    vmovdqa xmm1, [r8+{abef0}+0]
    vmovdqa xmm2, [r8+{cdgh0}+0]
    vmovdqa xmm3, [r8+{abef0}+0]
    vmovdqa xmm4, [r8+{cdgh0}+0]
    vmovdqa xmm5, [r8+{abef0}+0]
    vmovdqa xmm6, [r8+{cdgh0}+0]
    add rdi, 320
2:
# voice 0: rounds of step 0; voice 3: words of step 0
    vmovdqa xmm0, [rdi+0]
    vmovdqa xmm7, [r8+{abef0}+0]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm8, [r8+{cdgh0}+0]
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 0; voice 0: words of step 1
    vmovdqa xmm0, [rdi+80]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 0; voice 1: words of step 1
    vmovdqa xmm0, [rdi+160]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 0; voice 2: words of step 1
    vmovdqa xmm0, [rdi+240]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 1; voice 3: words of step 1
    vmovdqa xmm0, [rdi+16]
    vpaddd xmm0, xmm0, [r8+{k0}+16]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 1; voice 0: words of step 2
    vmovdqa xmm0, [rdi+96]
    vpaddd xmm0, xmm0, [r8+{k0}+16]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 1; voice 1: words of step 2
    vmovdqa xmm0, [rdi+176]
    vpaddd xmm0, xmm0, [r8+{k0}+16]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 1; voice 2: words of step 2
    vmovdqa xmm0, [rdi+256]
    vpaddd xmm0, xmm0, [r8+{k0}+16]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 2; voice 3: words of step 2
    vmovdqa xmm0, [rdi+32]
    vpaddd xmm0, xmm0, [r8+{k0}+32]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 2; voice 0: words of step 3
    vmovdqa xmm0, [rdi+112]
    vpaddd xmm0, xmm0, [r8+{k0}+32]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 2; voice 1: words of step 3
    vmovdqa xmm0, [rdi+192]
    vpaddd xmm0, xmm0, [r8+{k0}+32]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 2; voice 2: words of step 3
    vmovdqa xmm0, [rdi+272]
    vpaddd xmm0, xmm0, [r8+{k0}+32]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 3; voice 3: words of step 3
    vmovdqa xmm0, [rdi+48]
    vpaddd xmm0, xmm0, [r8+{k0}+48]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 3; voice 0: words of step 4
    vmovdqa xmm0, [rdi+128]
    vmovdqa xmm13, [rdi+0]
    sha256msg1 xmm13, [rdi+16]
    vpaddd xmm0, xmm0, [r8+{k0}+48]
    vmovdqa xmm9, [rdi+48]
    vpalignr xmm14, xmm9, [rdi+32], 4
    sha256rnds2 xmm4, xmm3
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+0], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 3; voice 1: words of step 4
    vmovdqa xmm0, [rdi+208]
    vmovdqa xmm13, [rdi+80]
    sha256msg1 xmm13, [rdi+96]
    vpaddd xmm0, xmm0, [r8+{k0}+48]
    vmovdqa xmm10, [rdi+128]
    vpalignr xmm14, xmm10, [rdi+112], 4
    sha256rnds2 xmm6, xmm5
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 3; voice 2: words of step 4
    vmovdqa xmm0, [rdi+288]
    vmovdqa xmm13, [rdi+160]
    sha256msg1 xmm13, [rdi+176]
    vpaddd xmm0, xmm0, [r8+{k0}+48]
    vmovdqa xmm11, [rdi+208]
    vpalignr xmm14, xmm11, [rdi+192], 4
    sha256rnds2 xmm8, xmm7
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+128], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 4; voice 3: words of step 4
    vpaddd xmm0, xmm9, [r8+{k0}+64]
    vmovdqa xmm13, [rdi+240]
    sha256msg1 xmm13, [rdi+256]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm12, [rdi+288]
    vpalignr xmm14, xmm12, [rdi+272], 4
    vpshufd xmm0, xmm0, 14
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm12
    sha256rnds2 xmm1, xmm2
    vmovdqa [rcx+192], xmm13
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 4; voice 0: words of step 5
    vpaddd xmm0, xmm10, [r8+{k0}+64]
    vmovdqa xmm13, [rdi+16]
    sha256msg1 xmm13, [rdi+32]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rdi+48], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+16], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 4; voice 1: words of step 5
    vpaddd xmm0, xmm11, [r8+{k0}+64]
    vmovdqa xmm13, [rdi+96]
    sha256msg1 xmm13, [rdi+112]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rdi+128], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+80], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 4; voice 2: words of step 5
    vpaddd xmm0, xmm12, [r8+{k0}+64]
    vmovdqa xmm13, [rdi+176]
    sha256msg1 xmm13, [rdi+192]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rdi+208], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+144], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 5; voice 3: words of step 5
    vpaddd xmm0, xmm9, [r8+{k0}+80]
    vmovdqa xmm13, [rdi+256]
    sha256msg1 xmm13, [rdi+272]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rdi+288], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+208], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 5; voice 0: words of step 6
    vpaddd xmm0, xmm10, [r8+{k0}+80]
    vmovdqa xmm13, [rdi+32]
    sha256msg1 xmm13, [rdi+48]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+0], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+32], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 5; voice 1: words of step 6
    vpaddd xmm0, xmm11, [r8+{k0}+80]
    vmovdqa xmm13, [rdi+112]
    sha256msg1 xmm13, [rdi+128]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+64], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+96], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 5; voice 2: words of step 6
    vpaddd xmm0, xmm12, [r8+{k0}+80]
    vmovdqa xmm13, [rdi+192]
    sha256msg1 xmm13, [rdi+208]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+128], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+160], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 6; voice 3: words of step 6
    vpaddd xmm0, xmm9, [r8+{k0}+96]
    vmovdqa xmm13, [rdi+272]
    sha256msg1 xmm13, [rdi+288]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+192], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+224], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 6; voice 0: words of step 7
    vpaddd xmm0, xmm10, [r8+{k0}+96]
    vmovdqa xmm13, [rdi+48]
    sha256msg1 xmm13, [rcx+0]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+16], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+48], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 6; voice 1: words of step 7
    vpaddd xmm0, xmm11, [r8+{k0}+96]
    vmovdqa xmm13, [rdi+128]
    sha256msg1 xmm13, [rcx+64]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+80], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+112], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 6; voice 2: words of step 7
    vpaddd xmm0, xmm12, [r8+{k0}+96]
    vmovdqa xmm13, [rdi+208]
    sha256msg1 xmm13, [rcx+128]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+144], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+176], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 7; voice 3: words of step 7
    vpaddd xmm0, xmm9, [r8+{k0}+112]
    vmovdqa xmm13, [rdi+288]
    sha256msg1 xmm13, [rcx+192]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+208], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+240], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 7; voice 0: words of step 8
    vpaddd xmm0, xmm10, [r8+{k0}+112]
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
# voice 2: rounds of step 7; voice 1: words of step 8
    vpaddd xmm0, xmm11, [r8+{k0}+112]
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
# voice 3: rounds of step 7; voice 2: words of step 8
    vpaddd xmm0, xmm12, [r8+{k0}+112]
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
# voice 0: rounds of step 8; voice 3: words of step 8
    vpaddd xmm0, xmm9, [r8+{k0}+128]
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
# voice 1: rounds of step 8; voice 0: words of step 9
    vpaddd xmm0, xmm10, [r8+{k0}+128]
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
# voice 2: rounds of step 8; voice 1: words of step 9
    vpaddd xmm0, xmm11, [r8+{k0}+128]
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
# voice 3: rounds of step 8; voice 2: words of step 9
    vpaddd xmm0, xmm12, [r8+{k0}+128]
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
# voice 0: rounds of step 9; voice 3: words of step 9
    vpaddd xmm0, xmm9, [r8+{k0}+144]
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
# voice 1: rounds of step 9; voice 0: words of step 10
    vpaddd xmm0, xmm10, [r8+{k0}+144]
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
# voice 2: rounds of step 9; voice 1: words of step 10
    vpaddd xmm0, xmm11, [r8+{k0}+144]
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
# voice 3: rounds of step 9; voice 2: words of step 10
    vpaddd xmm0, xmm12, [r8+{k0}+144]
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
# voice 0: rounds of step 10; voice 3: words of step 10
    vpaddd xmm0, xmm9, [r8+{k0}+160]
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
# voice 1: rounds of step 10; voice 0: words of step 11
    vpaddd xmm0, xmm10, [r8+{k0}+160]
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
# voice 2: rounds of step 10; voice 1: words of step 11
    vpaddd xmm0, xmm11, [r8+{k0}+160]
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
# voice 3: rounds of step 10; voice 2: words of step 11
    vpaddd xmm0, xmm12, [r8+{k0}+160]
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
# voice 0: rounds of step 11; voice 3: words of step 11
    vpaddd xmm0, xmm9, [r8+{k0}+176]
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
# voice 1: rounds of step 11; voice 0: words of step 12
    vpaddd xmm0, xmm10, [r8+{k0}+176]
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
# voice 2: rounds of step 11; voice 1: words of step 12
    vpaddd xmm0, xmm11, [r8+{k0}+176]
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
# voice 3: rounds of step 11; voice 2: words of step 12
    vpaddd xmm0, xmm12, [r8+{k0}+176]
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
# voice 0: rounds of step 12; voice 3: words of step 12
    vpaddd xmm0, xmm9, [r8+{k0}+192]
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
# voice 1: rounds of step 12; voice 0: words of step 13
    vpaddd xmm0, xmm10, [r8+{k0}+192]
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
# voice 2: rounds of step 12; voice 1: words of step 13
    vpaddd xmm0, xmm11, [r8+{k0}+192]
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
# voice 3: rounds of step 12; voice 2: words of step 13
    vpaddd xmm0, xmm12, [r8+{k0}+192]
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
# voice 0: rounds of step 13; voice 3: words of step 13
    vpaddd xmm0, xmm9, [r8+{k0}+208]
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
# voice 1: rounds of step 13; voice 0: words of step 14
    vpaddd xmm0, xmm10, [r8+{k0}+208]
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
# voice 2: rounds of step 13; voice 1: words of step 14
    vpaddd xmm0, xmm11, [r8+{k0}+208]
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
# voice 3: rounds of step 13; voice 2: words of step 14
    vpaddd xmm0, xmm12, [r8+{k0}+208]
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
# voice 0: rounds of step 14; voice 3: words of step 14
    vpaddd xmm0, xmm9, [r8+{k0}+224]
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
# voice 1: rounds of step 14; voice 0: words of step 15
    vpaddd xmm0, xmm10, [r8+{k0}+224]
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
# voice 2: rounds of step 14; voice 1: words of step 15
    vpaddd xmm0, xmm11, [r8+{k0}+224]
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
# voice 3: rounds of step 14; voice 2: words of step 15
    vpaddd xmm0, xmm12, [r8+{k0}+224]
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
# voice 0: rounds of step 15; voice 3: words of step 15
    vpaddd xmm0, xmm9, [r8+{k0}+240]
    vmovdqa xmm13, [rcx+240]
    sha256rnds2 xmm2, xmm1
    sha256msg1 xmm13, [rcx+192]
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
    vpalignr xmm14, xmm12, [rcx+208], 4
    vpaddd xmm1, xmm1, [r8+{abef0}+0]
    vpaddd xmm2, xmm2, [r8+{cdgh0}+0]
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm1, 0x1b
    sha256msg2 xmm13, xmm12
    vpshufd xmm9, xmm2, 0x1b
    vmovlps qword ptr [rcx+{items}+{abcd}+0], xmm0
    vmovdqa [rcx+240], xmm13
    vmovlps qword ptr [rcx+{items}+{abcd}+8], xmm9
    vmovhps qword ptr [rcx+{items}+{abcd}+16], xmm0
    vmovdqa xmm12, xmm13
    vmovhps qword ptr [rcx+{items}+{abcd}+24], xmm9
# voice 1: rounds of step 15; voice 0: words of step 16
    vpaddd xmm0, xmm10, [r8+{k0}+240]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
    vpaddd xmm3, xmm3, [r8+{abef0}+0]
    vpaddd xmm4, xmm4, [r8+{cdgh0}+0]
    vpshufd xmm0, xmm3, 0x1b
    vpshufd xmm10, xmm4, 0x1b
    vmovlps qword ptr [rcx+{items}+{abcd}+64], xmm0
    vmovlps qword ptr [rcx+{items}+{abcd}+72], xmm10
    vmovhps qword ptr [rcx+{items}+{abcd}+80], xmm0
    vmovhps qword ptr [rcx+{items}+{abcd}+88], xmm10
# voice 2: rounds of step 15; voice 1: words of step 16
    vpaddd xmm0, xmm11, [r8+{k0}+240]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
    vpaddd xmm5, xmm5, [r8+{abef0}+0]
    vpaddd xmm6, xmm6, [r8+{cdgh0}+0]
    vpshufd xmm0, xmm5, 0x1b
    vpshufd xmm11, xmm6, 0x1b
    vmovlps qword ptr [rcx+{items}+{abcd}+128], xmm0
    vmovlps qword ptr [rcx+{items}+{abcd}+136], xmm11
    vmovhps qword ptr [rcx+{items}+{abcd}+144], xmm0
    vmovhps qword ptr [rcx+{items}+{abcd}+152], xmm11
# voice 3: rounds of step 15; voice 2: words of step 16
    vpaddd xmm0, xmm12, [r8+{k0}+240]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
    vpaddd xmm7, xmm7, [r8+{abef0}+0]
    vpaddd xmm8, xmm8, [r8+{cdgh0}+0]
    vpshufd xmm0, xmm7, 0x1b
    vpshufd xmm12, xmm8, 0x1b
    vmovlps qword ptr [rcx+{items}+{abcd}+192], xmm0
    vmovlps qword ptr [rcx+{items}+{abcd}+200], xmm12
    vmovhps qword ptr [rcx+{items}+{abcd}+208], xmm0
    vmovhps qword ptr [rcx+{items}+{abcd}+216], xmm12
# voice 0: rounds of step 16; voice 3: words of step 16
    vmovdqa xmm0, [rdi+64]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 16; voice 0: words of step 17
    vmovdqa xmm0, [rdi+144]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 16; voice 1: words of step 17
    vmovdqa xmm0, [rdi+224]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 16; voice 2: words of step 17
    vmovdqa xmm0, [rdi+304]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 17; voice 3: words of step 17
    vmovdqa xmm0, [r8+{header_sums}+0]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm0, [r8+{header_sums}+16]
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 17; voice 0: words of step 18
    vmovdqa xmm0, [r8+{header_sums}+0]
    sha256rnds2 xmm4, xmm3
    vmovdqa xmm0, [r8+{header_sums}+16]
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 17; voice 1: words of step 18
    vmovdqa xmm0, [r8+{header_sums}+0]
    sha256rnds2 xmm6, xmm5
    vmovdqa xmm0, [r8+{header_sums}+16]
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 17; voice 2: words of step 18
    vmovdqa xmm0, [r8+{header_sums}+0]
    sha256rnds2 xmm8, xmm7
    vmovdqa xmm0, [r8+{header_sums}+16]
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 18; voice 3: words of step 18
    vmovdqa xmm0, [r8+{header_sums}+32]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm0, [r8+{header_sums}+48]
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 18; voice 0: words of step 19
    vmovdqa xmm0, [r8+{header_sums}+32]
    sha256rnds2 xmm4, xmm3
    vmovdqa xmm0, [r8+{header_sums}+48]
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 18; voice 1: words of step 19
    vmovdqa xmm0, [r8+{header_sums}+32]
    sha256rnds2 xmm6, xmm5
    vmovdqa xmm0, [r8+{header_sums}+48]
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 18; voice 2: words of step 19
    vmovdqa xmm0, [r8+{header_sums}+32]
    sha256rnds2 xmm8, xmm7
    vmovdqa xmm0, [r8+{header_sums}+48]
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 19; voice 3: words of step 19
    vmovdqa xmm0, [r8+{header_sums}+64]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm0, [r8+{header_sums}+80]
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 19; voice 0: words of step 20
    vmovdqa xmm0, [r8+{header_sums}+64]
    vmovdqa xmm13, [rdi+64]
    sha256msg1 xmm13, [r8+{pad}+0]
    sha256rnds2 xmm4, xmm3
    vmovdqa xmm9, [r8+{header_length}+0]
    vmovdqa xmm0, [r8+{header_sums}+80]
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+0], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 19; voice 1: words of step 20
    vmovdqa xmm0, [r8+{header_sums}+64]
    vmovdqa xmm13, [rdi+144]
    sha256msg1 xmm13, [r8+{pad}+0]
    sha256rnds2 xmm6, xmm5
    vmovdqa xmm10, [r8+{header_length}+0]
    vmovdqa xmm0, [r8+{header_sums}+80]
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 19; voice 2: words of step 20
    vmovdqa xmm0, [r8+{header_sums}+64]
    vmovdqa xmm13, [rdi+224]
    sha256msg1 xmm13, [r8+{pad}+0]
    sha256rnds2 xmm8, xmm7
    vmovdqa xmm11, [r8+{header_length}+0]
    vmovdqa xmm0, [r8+{header_sums}+80]
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+128], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 20; voice 3: words of step 20
    vpaddd xmm0, xmm9, [r8+{k0}+64]
    vmovdqa xmm13, [rdi+304]
    sha256msg1 xmm13, [r8+{pad}+0]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm12, [r8+{header_length}+0]
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+192], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 20; voice 0: words of step 21
    vpaddd xmm0, xmm10, [r8+{k0}+64]
    vmovdqa xmm14, xmm9
    vpalignr xmm13, xmm14, [r8+{header_length}+0], 4
    sha256rnds2 xmm4, xmm3
    vpaddd xmm13, xmm13, [r8+{pad}+0]
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+16], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 20; voice 1: words of step 21
    vpaddd xmm0, xmm11, [r8+{k0}+64]
    vmovdqa xmm14, xmm10
    vpalignr xmm13, xmm14, [r8+{header_length}+0], 4
    sha256rnds2 xmm6, xmm5
    vpaddd xmm13, xmm13, [r8+{pad}+0]
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+80], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 20; voice 2: words of step 21
    vpaddd xmm0, xmm12, [r8+{k0}+64]
    vmovdqa xmm14, xmm11
    vpalignr xmm13, xmm14, [r8+{header_length}+0], 4
    sha256rnds2 xmm8, xmm7
    vpaddd xmm13, xmm13, [r8+{pad}+0]
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+144], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 21; voice 3: words of step 21
    vpaddd xmm0, xmm9, [r8+{k0}+80]
    vmovdqa xmm14, xmm12
    vpalignr xmm13, xmm14, [r8+{header_length}+0], 4
    sha256rnds2 xmm2, xmm1
    vpaddd xmm13, xmm13, [r8+{pad}+0]
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+208], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 21; voice 0: words of step 22
    vpaddd xmm0, xmm10, [r8+{k0}+80]
    vpalignr xmm13, xmm9, [rcx+0], 4
    sha256rnds2 xmm4, xmm3
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+32], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 21; voice 1: words of step 22
    vpaddd xmm0, xmm11, [r8+{k0}+80]
    vpalignr xmm13, xmm10, [rcx+64], 4
    sha256rnds2 xmm6, xmm5
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+96], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 21; voice 2: words of step 22
    vpaddd xmm0, xmm12, [r8+{k0}+80]
    vpalignr xmm13, xmm11, [rcx+128], 4
    sha256rnds2 xmm8, xmm7
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+160], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 22; voice 3: words of step 22
    vpaddd xmm0, xmm9, [r8+{k0}+96]
    vpalignr xmm13, xmm12, [rcx+192], 4
    sha256rnds2 xmm2, xmm1
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+224], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 22; voice 0: words of step 23
    vpaddd xmm0, xmm10, [r8+{k0}+96]
    vmovdqa xmm13, [r8+{header_length}+0]
    sha256msg1 xmm13, [rcx+0]
    sha256rnds2 xmm4, xmm3
    vpalignr xmm14, xmm9, [rcx+16], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm9
    vmovdqa [rcx+48], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 22; voice 1: words of step 23
    vpaddd xmm0, xmm11, [r8+{k0}+96]
    vmovdqa xmm13, [r8+{header_length}+0]
    sha256msg1 xmm13, [rcx+64]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rcx+80], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+112], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 22; voice 2: words of step 23
    vpaddd xmm0, xmm12, [r8+{k0}+96]
    vmovdqa xmm13, [r8+{header_length}+0]
    sha256msg1 xmm13, [rcx+128]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rcx+144], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+176], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 23; voice 3: words of step 23
    vpaddd xmm0, xmm9, [r8+{k0}+112]
    vmovdqa xmm13, [r8+{header_length}+0]
    sha256msg1 xmm13, [rcx+192]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+208], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm12
    vmovdqa [rcx+240], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 23; voice 0: words of step 24
    vpaddd xmm0, xmm10, [r8+{k0}+112]
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
# voice 2: rounds of step 23; voice 1: words of step 24
    vpaddd xmm0, xmm11, [r8+{k0}+112]
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
# voice 3: rounds of step 23; voice 2: words of step 24
    vpaddd xmm0, xmm12, [r8+{k0}+112]
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
# voice 0: rounds of step 24; voice 3: words of step 24
    vpaddd xmm0, xmm9, [r8+{k0}+128]
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
# voice 1: rounds of step 24; voice 0: words of step 25
    vpaddd xmm0, xmm10, [r8+{k0}+128]
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
# voice 2: rounds of step 24; voice 1: words of step 25
    vpaddd xmm0, xmm11, [r8+{k0}+128]
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
# voice 3: rounds of step 24; voice 2: words of step 25
    vpaddd xmm0, xmm12, [r8+{k0}+128]
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
# voice 0: rounds of step 25; voice 3: words of step 25
    vpaddd xmm0, xmm9, [r8+{k0}+144]
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
# voice 1: rounds of step 25; voice 0: words of step 26
    vpaddd xmm0, xmm10, [r8+{k0}+144]
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
# voice 2: rounds of step 25; voice 1: words of step 26
    vpaddd xmm0, xmm11, [r8+{k0}+144]
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
# voice 3: rounds of step 25; voice 2: words of step 26
    vpaddd xmm0, xmm12, [r8+{k0}+144]
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
# voice 0: rounds of step 26; voice 3: words of step 26
    vpaddd xmm0, xmm9, [r8+{k0}+160]
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
# voice 1: rounds of step 26; voice 0: words of step 27
    vpaddd xmm0, xmm10, [r8+{k0}+160]
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
# voice 2: rounds of step 26; voice 1: words of step 27
    vpaddd xmm0, xmm11, [r8+{k0}+160]
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
# voice 3: rounds of step 26; voice 2: words of step 27
    vpaddd xmm0, xmm12, [r8+{k0}+160]
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
# voice 0: rounds of step 27; voice 3: words of step 27
    vpaddd xmm0, xmm9, [r8+{k0}+176]
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
# voice 1: rounds of step 27; voice 0: words of step 28
    vpaddd xmm0, xmm10, [r8+{k0}+176]
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
# voice 2: rounds of step 27; voice 1: words of step 28
    vpaddd xmm0, xmm11, [r8+{k0}+176]
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
# voice 3: rounds of step 27; voice 2: words of step 28
    vpaddd xmm0, xmm12, [r8+{k0}+176]
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
# voice 0: rounds of step 28; voice 3: words of step 28
    vpaddd xmm0, xmm9, [r8+{k0}+192]
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
# voice 1: rounds of step 28; voice 0: words of step 29
    vpaddd xmm0, xmm10, [r8+{k0}+192]
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
# voice 2: rounds of step 28; voice 1: words of step 29
    vpaddd xmm0, xmm11, [r8+{k0}+192]
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
# voice 3: rounds of step 28; voice 2: words of step 29
    vpaddd xmm0, xmm12, [r8+{k0}+192]
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
# voice 0: rounds of step 29; voice 3: words of step 29
    vpaddd xmm0, xmm9, [r8+{k0}+208]
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
# voice 1: rounds of step 29; voice 0: words of step 30
    vpaddd xmm0, xmm10, [r8+{k0}+208]
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
# voice 2: rounds of step 29; voice 1: words of step 30
    vpaddd xmm0, xmm11, [r8+{k0}+208]
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
# voice 3: rounds of step 29; voice 2: words of step 30
    vpaddd xmm0, xmm12, [r8+{k0}+208]
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
# voice 0: rounds of step 30; voice 3: words of step 30
    vpaddd xmm0, xmm9, [r8+{k0}+224]
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
# voice 1: rounds of step 30; voice 0: words of step 31
    vpaddd xmm0, xmm10, [r8+{k0}+224]
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
# voice 2: rounds of step 30; voice 1: words of step 31
    vpaddd xmm0, xmm11, [r8+{k0}+224]
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
# voice 3: rounds of step 30; voice 2: words of step 31
    vpaddd xmm0, xmm12, [r8+{k0}+224]
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
# voice 0: rounds of step 31; voice 3: words of step 31
    vpaddd xmm0, xmm9, [r8+{k0}+240]
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
# voice 1: rounds of step 31; voice 0: words of step 32
    vpaddd xmm0, xmm10, [r8+{k0}+240]
    vpshufd xmm13, xmm1, 0x42
    vpshufd xmm14, xmm2, 0x2c
    vpblendw xmm13, xmm13, xmm14, 0x3c
    vpaddd xmm13, xmm13, [rcx+{items}+{bcde}+0]
    vmovdqa [rcx+0], xmm13
    sha256rnds2 xmm4, xmm3
    vpshufb xmm14, xmm2, [r8+{take_gh}+0]
    vpblendw xmm14, xmm14, xmm1, 0x03
    vpaddd xmm14, xmm14, [rcx+{items}+{fghp}+0]
    vmovdqa [rcx+16], xmm14
    vpshufd xmm0, xmm0, 14
    vpshufb xmm9, xmm1, [r8+{take_a}+0]
    vpaddd xmm9, xmm9, [rcx+{items}+{zzza}+0]
    vpshufb xmm1, xmm9, [r8+{take_a}+0]
    vpaddd xmm1, xmm1, [r8+{abef1}+0]
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm2, [r8+{cdgh1}+0]
    sha256msg1 xmm9, xmm13
    vpblendw xmm9, xmm9, [r8+{w13}+0], 0x3f
    vmovdqa [rcx+48], xmm9
# voice 2: rounds of step 31; voice 1: words of step 32
    vpaddd xmm0, xmm11, [r8+{k0}+240]
    vpshufd xmm13, xmm3, 0x42
    vpshufd xmm14, xmm4, 0x2c
    vpblendw xmm13, xmm13, xmm14, 0x3c
    vpaddd xmm13, xmm13, [rcx+{items}+{bcde}+64]
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm6, xmm5
    vpshufb xmm14, xmm4, [r8+{take_gh}+0]
    vpblendw xmm14, xmm14, xmm3, 0x03
    vpaddd xmm14, xmm14, [rcx+{items}+{fghp}+64]
    vmovdqa [rcx+80], xmm14
    vpshufd xmm0, xmm0, 14
    vpshufb xmm10, xmm3, [r8+{take_a}+0]
    vpaddd xmm10, xmm10, [rcx+{items}+{zzza}+64]
    vpshufb xmm3, xmm10, [r8+{take_a}+0]
    vpaddd xmm3, xmm3, [r8+{abef1}+0]
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm4, [r8+{cdgh1}+0]
    sha256msg1 xmm10, xmm13
    vpblendw xmm10, xmm10, [r8+{w13}+0], 0x3f
    vmovdqa [rcx+112], xmm10
# voice 3: rounds of step 31; voice 2: words of step 32
    vpaddd xmm0, xmm12, [r8+{k0}+240]
    vpshufd xmm13, xmm5, 0x42
    vpshufd xmm14, xmm6, 0x2c
    vpblendw xmm13, xmm13, xmm14, 0x3c
    vpaddd xmm13, xmm13, [rcx+{items}+{bcde}+128]
    vmovdqa [rcx+128], xmm13
    sha256rnds2 xmm8, xmm7
    vpshufb xmm14, xmm6, [r8+{take_gh}+0]
    vpblendw xmm14, xmm14, xmm5, 0x03
    vpaddd xmm14, xmm14, [rcx+{items}+{fghp}+128]
    vmovdqa [rcx+144], xmm14
    vpshufd xmm0, xmm0, 14
    vpshufb xmm11, xmm5, [r8+{take_a}+0]
    vpaddd xmm11, xmm11, [rcx+{items}+{zzza}+128]
    vpshufb xmm5, xmm11, [r8+{take_a}+0]
    vpaddd xmm5, xmm5, [r8+{abef1}+0]
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm6, [r8+{cdgh1}+0]
    sha256msg1 xmm11, xmm13
    vpblendw xmm11, xmm11, [r8+{w13}+0], 0x3f
    vmovdqa [rcx+176], xmm11
# voice 0: rounds of step 32; voice 3: words of step 32
    vmovdqa xmm0, [rcx+0]
    vpshufd xmm13, xmm7, 0x42
    vpshufd xmm14, xmm8, 0x2c
    vpblendw xmm13, xmm13, xmm14, 0x3c
    vpaddd xmm13, xmm13, [rcx+{items}+{bcde}+192]
    vpaddd xmm0, xmm0, [r8+{k1}+0]
    vmovdqa [rcx+192], xmm13
    vpshufb xmm14, xmm8, [r8+{take_gh}+0]
    vpblendw xmm14, xmm14, xmm7, 0x03
    sha256rnds2 xmm2, xmm1
    vpaddd xmm14, xmm14, [rcx+{items}+{fghp}+192]
    vmovdqa [rcx+208], xmm14
    vpshufb xmm12, xmm7, [r8+{take_a}+0]
    vpaddd xmm12, xmm12, [rcx+{items}+{zzza}+192]
    vpshufd xmm0, xmm0, 14
    vpshufb xmm7, xmm12, [r8+{take_a}+0]
    vpaddd xmm7, xmm7, [r8+{abef1}+0]
    vmovdqa xmm8, [r8+{cdgh1}+0]
    sha256rnds2 xmm1, xmm2
    sha256msg1 xmm12, xmm13
    vpblendw xmm12, xmm12, [r8+{w13}+0], 0x3f
    vmovdqa [rcx+240], xmm12
# voice 1: rounds of step 32; voice 0: words of step 33
    vmovdqa xmm0, [rcx+64]
    vpaddd xmm0, xmm0, [r8+{k1}+0]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 32; voice 1: words of step 33
    vmovdqa xmm0, [rcx+128]
    vpaddd xmm0, xmm0, [r8+{k1}+0]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 32; voice 2: words of step 33
    vmovdqa xmm0, [rcx+192]
    vpaddd xmm0, xmm0, [r8+{k1}+0]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 33; voice 3: words of step 33
    vmovdqa xmm0, [rcx+16]
    vpaddd xmm0, xmm0, [r8+{k1}+16]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 33; voice 0: words of step 34
    vmovdqa xmm0, [rcx+80]
    vpaddd xmm0, xmm0, [r8+{k1}+16]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 33; voice 1: words of step 34
    vmovdqa xmm0, [rcx+144]
    vpaddd xmm0, xmm0, [r8+{k1}+16]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 33; voice 2: words of step 34
    vmovdqa xmm0, [rcx+208]
    vpaddd xmm0, xmm0, [r8+{k1}+16]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 34; voice 3: words of step 34
    vmovdqa xmm0, [r8+{sums9}+0]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm0, [r8+{sums9}+16]
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 34; voice 0: words of step 35
    vmovdqa xmm0, [r8+{sums9}+0]
    sha256rnds2 xmm4, xmm3
    vmovdqa xmm0, [r8+{sums9}+16]
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 34; voice 1: words of step 35
    vmovdqa xmm0, [r8+{sums9}+0]
    sha256rnds2 xmm6, xmm5
    vmovdqa xmm0, [r8+{sums9}+16]
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 34; voice 2: words of step 35
    vmovdqa xmm0, [r8+{sums9}+0]
    sha256rnds2 xmm8, xmm7
    vmovdqa xmm0, [r8+{sums9}+16]
    sha256rnds2 xmm7, xmm8
# voice 0: rounds of step 35; voice 3: words of step 35
    vpaddd xmm0, xmm9, [r8+{k1}+48]
    sha256rnds2 xmm2, xmm1
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm1, xmm2
# voice 1: rounds of step 35; voice 0: words of step 36
    vpaddd xmm0, xmm10, [r8+{k1}+48]
    vmovdqa xmm13, [rcx+0]
    sha256msg1 xmm13, [rcx+16]
    sha256rnds2 xmm4, xmm3
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+0], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 35; voice 1: words of step 36
    vpaddd xmm0, xmm11, [r8+{k1}+48]
    vmovdqa xmm13, [rcx+64]
    sha256msg1 xmm13, [rcx+80]
    sha256rnds2 xmm6, xmm5
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 35; voice 2: words of step 36
    vpaddd xmm0, xmm12, [r8+{k1}+48]
    vmovdqa xmm13, [rcx+128]
    sha256msg1 xmm13, [rcx+144]
    sha256rnds2 xmm8, xmm7
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+128], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 36; voice 3: words of step 36
    vpaddd xmm0, xmm9, [r8+{k1}+64]
    vmovdqa xmm13, [rcx+192]
    sha256msg1 xmm13, [rcx+208]
    sha256rnds2 xmm2, xmm1
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+192], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 36; voice 0: words of step 37
    vpaddd xmm0, xmm10, [r8+{k1}+64]
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
# voice 2: rounds of step 36; voice 1: words of step 37
    vpaddd xmm0, xmm11, [r8+{k1}+64]
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
# voice 3: rounds of step 36; voice 2: words of step 37
    vpaddd xmm0, xmm12, [r8+{k1}+64]
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
# voice 0: rounds of step 37; voice 3: words of step 37
    vpaddd xmm0, xmm9, [r8+{k1}+80]
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
# voice 1: rounds of step 37; voice 0: words of step 38
    vpaddd xmm0, xmm10, [r8+{k1}+80]
    vpalignr xmm13, xmm9, [rcx+0], 4
    sha256rnds2 xmm4, xmm3
    sha256msg2 xmm13, xmm9
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+32], xmm13
    sha256rnds2 xmm3, xmm4
    vmovdqa xmm9, xmm13
# voice 2: rounds of step 37; voice 1: words of step 38
    vpaddd xmm0, xmm11, [r8+{k1}+80]
    vpalignr xmm13, xmm10, [rcx+64], 4
    sha256rnds2 xmm6, xmm5
    sha256msg2 xmm13, xmm10
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+96], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 37; voice 2: words of step 38
    vpaddd xmm0, xmm12, [r8+{k1}+80]
    vpalignr xmm13, xmm11, [rcx+128], 4
    sha256rnds2 xmm8, xmm7
    sha256msg2 xmm13, xmm11
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+160], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 38; voice 3: words of step 38
    vpaddd xmm0, xmm9, [r8+{k1}+96]
    vpalignr xmm13, xmm12, [rcx+192], 4
    sha256rnds2 xmm2, xmm1
    sha256msg2 xmm13, xmm12
    vpshufd xmm0, xmm0, 14
    vmovdqa [rcx+224], xmm13
    sha256rnds2 xmm1, xmm2
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 38; voice 0: words of step 39
    vpaddd xmm0, xmm10, [r8+{k1}+96]
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
# voice 2: rounds of step 38; voice 1: words of step 39
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
# voice 3: rounds of step 38; voice 2: words of step 39
    vpaddd xmm0, xmm12, [r8+{k1}+96]
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
# voice 0: rounds of step 39; voice 3: words of step 39
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
# voice 1: rounds of step 39; voice 0: words of step 40
    vpaddd xmm0, xmm10, [r8+{k1}+112]
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
# voice 2: rounds of step 39; voice 1: words of step 40
    vpaddd xmm0, xmm11, [r8+{k1}+112]
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
# voice 3: rounds of step 39; voice 2: words of step 40
    vpaddd xmm0, xmm12, [r8+{k1}+112]
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
# voice 0: rounds of step 40; voice 3: words of step 40
    vpaddd xmm0, xmm9, [r8+{k1}+128]
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
# voice 1: rounds of step 40; voice 0: words of step 41
    vpaddd xmm0, xmm10, [r8+{k1}+128]
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
# voice 2: rounds of step 40; voice 1: words of step 41
    vpaddd xmm0, xmm11, [r8+{k1}+128]
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
# voice 3: rounds of step 40; voice 2: words of step 41
    vpaddd xmm0, xmm12, [r8+{k1}+128]
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
# voice 0: rounds of step 41; voice 3: words of step 41
    vpaddd xmm0, xmm9, [r8+{k1}+144]
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
# voice 1: rounds of step 41; voice 0: words of step 42
    vpaddd xmm0, xmm10, [r8+{k1}+144]
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
# voice 2: rounds of step 41; voice 1: words of step 42
    vpaddd xmm0, xmm11, [r8+{k1}+144]
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
# voice 3: rounds of step 41; voice 2: words of step 42
    vpaddd xmm0, xmm12, [r8+{k1}+144]
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
# voice 0: rounds of step 42; voice 3: words of step 42
    vpaddd xmm0, xmm9, [r8+{k1}+160]
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
# voice 1: rounds of step 42; voice 0: words of step 43
    vpaddd xmm0, xmm10, [r8+{k1}+160]
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
# voice 2: rounds of step 42; voice 1: words of step 43
    vpaddd xmm0, xmm11, [r8+{k1}+160]
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
# voice 3: rounds of step 42; voice 2: words of step 43
    vpaddd xmm0, xmm12, [r8+{k1}+160]
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
# voice 0: rounds of step 43; voice 3: words of step 43
    vpaddd xmm0, xmm9, [r8+{k1}+176]
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
# voice 1: rounds of step 43; voice 0: words of step 44
    vpaddd xmm0, xmm10, [r8+{k1}+176]
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
# voice 2: rounds of step 43; voice 1: words of step 44
    vpaddd xmm0, xmm11, [r8+{k1}+176]
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
# voice 3: rounds of step 43; voice 2: words of step 44
    vpaddd xmm0, xmm12, [r8+{k1}+176]
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
# voice 0: rounds of step 44; voice 3: words of step 44
    vpaddd xmm0, xmm9, [r8+{k1}+192]
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
# voice 1: rounds of step 44; voice 0: words of step 45
    vpaddd xmm0, xmm10, [r8+{k1}+192]
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
# voice 2: rounds of step 44; voice 1: words of step 45
    vpaddd xmm0, xmm11, [r8+{k1}+192]
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
# voice 3: rounds of step 44; voice 2: words of step 45
    vpaddd xmm0, xmm12, [r8+{k1}+192]
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
# voice 0: rounds of step 45; voice 3: words of step 45
    vpaddd xmm0, xmm9, [r8+{k1}+208]
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
# voice 1: rounds of step 45; voice 0: words of step 46
    vpaddd xmm0, xmm10, [r8+{k1}+208]
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
# voice 2: rounds of step 45; voice 1: words of step 46
    vpaddd xmm0, xmm11, [r8+{k1}+208]
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
# voice 3: rounds of step 45; voice 2: words of step 46
    vpaddd xmm0, xmm12, [r8+{k1}+208]
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
# voice 0: rounds of step 46; voice 3: words of step 46
    vpaddd xmm0, xmm9, [r8+{k1}+224]
    vmovdqa xmm13, [rcx+224]
    sha256msg1 xmm13, [rcx+240]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rcx+192], 4
    vpshufd xmm0, xmm0, 14
    vpaddd xmm13, xmm13, xmm14
    sha256msg2 xmm13, xmm12
    sha256rnds2 xmm1, xmm2
    vmovdqa [rcx+224], xmm13
    vpextrd dword ptr [rsi+0], xmm1, 1
    vmovdqa xmm12, xmm13
# voice 1: rounds of step 46; voice 0: words of step 0
    vpaddd xmm0, xmm10, [r8+{k1}+224]
    vmovdqa xmm1, [r8+{abef0}+0]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    vmovdqa xmm2, [r8+{cdgh0}+0]
    sha256rnds2 xmm3, xmm4
    vpextrd dword ptr [rsi+4], xmm3, 1
# voice 2: rounds of step 46; voice 1: words of step 0
    vpaddd xmm0, xmm11, [r8+{k1}+224]
    vmovdqa xmm3, [r8+{abef0}+0]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    vmovdqa xmm4, [r8+{cdgh0}+0]
    sha256rnds2 xmm5, xmm6
    vpextrd dword ptr [rsi+8], xmm5, 1
# voice 3: rounds of step 46; voice 2: words of step 0
    vpaddd xmm0, xmm12, [r8+{k1}+224]
    vmovdqa xmm5, [r8+{abef0}+0]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    vmovdqa xmm6, [r8+{cdgh0}+0]
    sha256rnds2 xmm7, xmm8
    vpextrd dword ptr [rsi+12], xmm7, 1
    add rdi, 320
    add rsi, 16
    dec rdx
    jnz 2b
    ret
