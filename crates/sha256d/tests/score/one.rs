//! A single hash.

use crate::voice::{fixed, lines};

/// Both hashes from a midstate, alone, up to round 60 of the second: the state in xmm1 and xmm2,
/// the first four words in xmm3; the last sixteen words are left in xmm6 and xmm3 to xmm5.
pub(super) fn one() -> Vec<String> {
    let rounds_by = |words: usize, constants: &str| {
        lines([
            format!("vpaddd xmm0, xmm{words}, {constants}"),
            "sha256rnds2 xmm2, xmm1".into(),
            "vpshufd xmm0, xmm0, 14".into(),
            "sha256rnds2 xmm1, xmm2".into(),
        ])
    };
    let rounds = |words: usize, quad: usize| rounds_by(words, &fixed("k0", 16 * quad));
    let known = |name: &str, quads: usize| -> Vec<String> {
        let half = |place: usize, state: &str| {
            [
                format!("vmovdqa xmm0, {}", fixed(name, 16 * place)),
                format!("sha256rnds2 {state}"),
            ]
        };
        (0..quads)
            .flat_map(|quad| {
                [
                    half(2 * quad, "xmm2, xmm1"),
                    half(2 * quad + 1, "xmm1, xmm2"),
                ]
            })
            .flatten()
            .collect()
    };
    let (pad, header) = (fixed("pad", 0), fixed("header_length", 0));
    // Words by the whole rule, from sixteen in xmm3 to xmm6.
    let whole = |quad: usize| {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| 3 + (quad + i) % 4);
        lines([
            format!("sha256msg1 xmm{a}, xmm{b}"),
            format!("vpalignr xmm0, xmm{d}, xmm{c}, 4"),
            format!("vpaddd xmm{a}, xmm{a}, xmm0"),
            format!("sha256msg2 xmm{a}, xmm{d}"),
        ])
    };
    let mut out = lines(["vmovdqa xmm8, xmm1".into(), "vmovdqa xmm9, xmm2".into()]);
    out.extend(rounds(3, 0));
    out.extend(known("header_sums", 3));
    out.extend(lines([
        format!("sha256msg1 xmm3, {pad}"),
        format!("sha256msg2 xmm3, {header}"),
    ]));
    out.extend(rounds(3, 4));
    out.extend(lines([
        format!("vpalignr xmm4, xmm3, {header}, 4"),
        format!("vpaddd xmm4, xmm4, {pad}"),
        "sha256msg2 xmm4, xmm3".into(),
    ]));
    out.extend(rounds(4, 5));
    out.extend(lines([
        "vpalignr xmm5, xmm4, xmm3, 4".into(),
        "sha256msg2 xmm5, xmm4".into(),
    ]));
    out.extend(rounds(5, 6));
    out.extend(lines([
        format!("vmovdqa xmm6, {header}"),
        "sha256msg1 xmm6, xmm3".into(),
        "vpalignr xmm0, xmm5, xmm4, 4".into(),
        "vpaddd xmm6, xmm6, xmm0".into(),
        "sha256msg2 xmm6, xmm5".into(),
    ]));
    out.extend(rounds(6, 7));
    for quad in 8..16 {
        out.extend(whole(quad));
        out.extend(rounds(3 + quad % 4, quad));
    }
    out.extend(lines([
        "vpaddd xmm1, xmm1, xmm8".into(),
        "vpaddd xmm2, xmm2, xmm9".into(),
        // The words 1 to 8, the state after round 0, and the words 13 to 16: see
        // `words_1_to_8` and `word_16`.
        "vpshufd xmm3, xmm1, 0x42".into(),
        "vpshufd xmm0, xmm2, 0x2c".into(),
        "vpblendw xmm3, xmm3, xmm0, 0x3c".into(),
        format!("vpshufb xmm4, xmm2, {}", fixed("take_gh", 0)),
        "vpblendw xmm4, xmm4, xmm1, 0x03".into(),
        format!("vpblendw xmm4, xmm4, {}, 0xc0", fixed("pads", 0)),
        format!("vpshufb xmm6, xmm1, {}", fixed("take_a", 0)),
        format!("vpaddd xmm1, xmm6, {}", fixed("abef1", 0)),
        format!("vmovdqa xmm2, {}", fixed("cdgh1", 0)),
        "sha256msg1 xmm6, xmm3".into(),
        format!("vpblendw xmm6, xmm6, {}, 0x3f", fixed("w13", 0)),
    ]));
    let rounds = |words: usize, quad: usize| rounds_by(words, &fixed("k1", 16 * quad));
    out.extend(rounds(3, 0));
    out.extend(rounds(4, 1));
    out.extend(known("sums9", 1));
    out.extend(rounds(6, 3));
    out.extend(lines([
        "sha256msg1 xmm3, xmm4".into(),
        "sha256msg2 xmm3, xmm6".into(),
    ]));
    out.extend(rounds(3, 4));
    out.extend(lines([
        format!("sha256msg1 xmm4, {}", fixed("zero", 0)),
        "vpalignr xmm0, xmm3, xmm6, 4".into(),
        "vpaddd xmm4, xmm4, xmm0".into(),
        "sha256msg2 xmm4, xmm3".into(),
    ]));
    out.extend(rounds(4, 5));
    out.extend(lines([
        "vpalignr xmm5, xmm4, xmm3, 4".into(),
        "sha256msg2 xmm5, xmm4".into(),
    ]));
    out.extend(rounds(5, 6));
    for quad in 7..15 {
        out.extend(whole(quad));
        out.extend(rounds(3 + quad % 4, quad));
    }
    out
}
