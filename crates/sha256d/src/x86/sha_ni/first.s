# Written by tests/score, which says what this is. Not to be changed by hand.
    sub rdi, 256
    vmovdqa xmm1, [r8+{abef0}+0]
    vmovdqa xmm2, [r8+{cdgh0}+0]
    vmovdqa xmm3, [r8+{abef0}+0]
    vmovdqa xmm4, [r8+{cdgh0}+0]
    vmovdqa xmm5, [r8+{abef0}+0]
    vmovdqa xmm6, [r8+{cdgh0}+0]
    add rdi, 256
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
    vmovdqa xmm0, [rdi+64]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 0; voice 1: words of step 1
    vmovdqa xmm0, [rdi+128]
    vpaddd xmm0, xmm0, [r8+{k0}+0]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 0; voice 2: words of step 1
    vmovdqa xmm0, [rdi+192]
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
    vmovdqa xmm0, [rdi+80]
    vpaddd xmm0, xmm0, [r8+{k0}+16]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 1; voice 1: words of step 2
    vmovdqa xmm0, [rdi+144]
    vpaddd xmm0, xmm0, [r8+{k0}+16]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 1; voice 2: words of step 2
    vmovdqa xmm0, [rdi+208]
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
    vmovdqa xmm0, [rdi+96]
    vpaddd xmm0, xmm0, [r8+{k0}+32]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
# voice 2: rounds of step 2; voice 1: words of step 3
    vmovdqa xmm0, [rdi+160]
    vpaddd xmm0, xmm0, [r8+{k0}+32]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
# voice 3: rounds of step 2; voice 2: words of step 3
    vmovdqa xmm0, [rdi+224]
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
    vmovdqa xmm0, [rdi+112]
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
    vmovdqa xmm0, [rdi+176]
    vmovdqa xmm13, [rdi+64]
    sha256msg1 xmm13, [rdi+80]
    vpaddd xmm0, xmm0, [r8+{k0}+48]
    vmovdqa xmm10, [rdi+112]
    vpalignr xmm14, xmm10, [rdi+96], 4
    sha256rnds2 xmm6, xmm5
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+64], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 3; voice 2: words of step 4
    vmovdqa xmm0, [rdi+240]
    vmovdqa xmm13, [rdi+128]
    sha256msg1 xmm13, [rdi+144]
    vpaddd xmm0, xmm0, [r8+{k0}+48]
    vmovdqa xmm11, [rdi+176]
    vpalignr xmm14, xmm11, [rdi+160], 4
    sha256rnds2 xmm8, xmm7
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+128], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 4; voice 3: words of step 4
    vpaddd xmm0, xmm9, [r8+{k0}+64]
    vmovdqa xmm13, [rdi+192]
    sha256msg1 xmm13, [rdi+208]
    sha256rnds2 xmm2, xmm1
    vmovdqa xmm12, [rdi+240]
    vpalignr xmm14, xmm12, [rdi+224], 4
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
    vmovdqa xmm13, [rdi+80]
    sha256msg1 xmm13, [rdi+96]
    sha256rnds2 xmm6, xmm5
    vpalignr xmm14, xmm10, [rdi+112], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm10
    vmovdqa [rcx+80], xmm13
    sha256rnds2 xmm5, xmm6
    vmovdqa xmm10, xmm13
# voice 3: rounds of step 4; voice 2: words of step 5
    vpaddd xmm0, xmm12, [r8+{k0}+64]
    vmovdqa xmm13, [rdi+144]
    sha256msg1 xmm13, [rdi+160]
    sha256rnds2 xmm8, xmm7
    vpalignr xmm14, xmm11, [rdi+176], 4
    vpaddd xmm13, xmm13, xmm14
    vpshufd xmm0, xmm0, 14
    sha256msg2 xmm13, xmm11
    vmovdqa [rcx+144], xmm13
    sha256rnds2 xmm7, xmm8
    vmovdqa xmm11, xmm13
# voice 0: rounds of step 5; voice 3: words of step 5
    vpaddd xmm0, xmm9, [r8+{k0}+80]
    vmovdqa xmm13, [rdi+208]
    sha256msg1 xmm13, [rdi+224]
    sha256rnds2 xmm2, xmm1
    vpalignr xmm14, xmm12, [rdi+240], 4
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
    vmovdqa xmm13, [rdi+96]
    sha256msg1 xmm13, [rdi+112]
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
    vmovdqa xmm13, [rdi+160]
    sha256msg1 xmm13, [rdi+176]
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
    vmovdqa xmm13, [rdi+224]
    sha256msg1 xmm13, [rdi+240]
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
    vmovdqa xmm13, [rdi+112]
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
    vmovdqa xmm13, [rdi+176]
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
    vmovdqa xmm13, [rdi+240]
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
    vpshufd xmm1, xmm1, 0x1b
    sha256msg2 xmm13, xmm12
    vpshufd xmm2, xmm2, 0x1b
    vpunpcklqdq xmm0, xmm1, xmm2
    vmovdqa [rcx+240], xmm13
    vmovdqu [rsi+0], xmm0
    vpunpckhqdq xmm0, xmm1, xmm2
    vmovdqa xmm12, xmm13
    vmovdqu [rsi+16], xmm0
# voice 1: rounds of step 15; voice 0: words of step 0
    vpaddd xmm0, xmm10, [r8+{k0}+240]
    vmovdqa xmm1, [r8+{abef0}+0]
    sha256rnds2 xmm4, xmm3
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm3, xmm4
    vpaddd xmm3, xmm3, [r8+{abef0}+0]
    vpaddd xmm4, xmm4, [r8+{cdgh0}+0]
    vpshufd xmm3, xmm3, 0x1b
    vmovdqa xmm2, [r8+{cdgh0}+0]
    vpshufd xmm4, xmm4, 0x1b
    vpunpcklqdq xmm0, xmm3, xmm4
    vmovdqu [rsi+32], xmm0
    vpunpckhqdq xmm0, xmm3, xmm4
    vmovdqu [rsi+48], xmm0
# voice 2: rounds of step 15; voice 1: words of step 0
    vpaddd xmm0, xmm11, [r8+{k0}+240]
    vmovdqa xmm3, [r8+{abef0}+0]
    sha256rnds2 xmm6, xmm5
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm5, xmm6
    vpaddd xmm5, xmm5, [r8+{abef0}+0]
    vpaddd xmm6, xmm6, [r8+{cdgh0}+0]
    vpshufd xmm5, xmm5, 0x1b
    vmovdqa xmm4, [r8+{cdgh0}+0]
    vpshufd xmm6, xmm6, 0x1b
    vpunpcklqdq xmm0, xmm5, xmm6
    vmovdqu [rsi+64], xmm0
    vpunpckhqdq xmm0, xmm5, xmm6
    vmovdqu [rsi+80], xmm0
# voice 3: rounds of step 15; voice 2: words of step 0
    vpaddd xmm0, xmm12, [r8+{k0}+240]
    vmovdqa xmm5, [r8+{abef0}+0]
    sha256rnds2 xmm8, xmm7
    vpshufd xmm0, xmm0, 14
    sha256rnds2 xmm7, xmm8
    vpaddd xmm7, xmm7, [r8+{abef0}+0]
    vpaddd xmm8, xmm8, [r8+{cdgh0}+0]
    vpshufd xmm7, xmm7, 0x1b
    vmovdqa xmm6, [r8+{cdgh0}+0]
    vpshufd xmm8, xmm8, 0x1b
    vpunpcklqdq xmm0, xmm7, xmm8
    vmovdqu [rsi+96], xmm0
    vpunpckhqdq xmm0, xmm7, xmm8
    vmovdqu [rsi+112], xmm0
    add rdi, 256
    add rsi, 128
    dec rdx
    jnz 2b
    ret
