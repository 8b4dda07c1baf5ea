//! A single hash.
//!
//! What it costs is decided by when the processor comes to the next one. It can look ahead by so
//! many instructions, and the rounds, of which each waits for the one before, hold up their
//! retirement. So there are as few of them as can be, and they stand where they hold up least: in
//! the first hash the words of the schedule are made just before their rounds, in the second as
//! early as four registers of words allow. The last rounds of a hash then stand close together,
//! and while the processor waits for them it sees the beginning of the next hash.

use crate::voice::{fixed, lines};

/// Four rounds: sums of words and constants, two rounds with them, the other sums, two rounds.
type Rounds = [String; 4];

/// Both hashes from a midstate, alone, up to round 60 of the second: the state in xmm1 and xmm2,
/// the first four words in xmm3; the last sixteen words are left in xmm6 and xmm3 to xmm5.
pub(super) fn one() -> Vec<String> {
    let mut out = lines(["vmovdqa xmm8, xmm1".into(), "vmovdqa xmm9, xmm2".into()]);
    for quad in 0..16 {
        out.extend(words_of_first(quad));
        out.extend(rounds_of_first(quad));
    }
    out.extend(between());
    for quad in 0..15 {
        let [sums, rest @ ..] = rounds_of_second(quad);
        out.push(sums);
        // These take the place of the words that have just been added to their constants.
        out.extend(words_of_second(quad + 4));
        out.extend(rest);
    }
    out
}

/// Where the words from `4 * quad` on stand.
fn place(quad: usize) -> usize {
    3 + quad % 4
}

fn rounds(words: usize, constants: &str, quad: usize) -> Rounds {
    [
        format!("vpaddd xmm0, xmm{words}, {}", fixed(constants, 16 * quad)),
        "sha256rnds2 xmm2, xmm1".into(),
        "vpshufd xmm0, xmm0, 14".into(),
        "sha256rnds2 xmm1, xmm2".into(),
    ]
}

/// Rounds whose sums are known.
fn known_rounds(sums: &str, quad: usize) -> Rounds {
    [
        format!("vmovdqa xmm0, {}", fixed(sums, 32 * quad)),
        "sha256rnds2 xmm2, xmm1".into(),
        format!("vmovdqa xmm0, {}", fixed(sums, 32 * quad + 16)),
        "sha256rnds2 xmm1, xmm2".into(),
    ]
}

/// Words by the whole rule, from sixteen in xmm3 to xmm6.
fn words(quad: usize) -> Vec<String> {
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| place(quad + i));
    lines([
        format!("sha256msg1 xmm{a}, xmm{b}"),
        format!("vpalignr xmm7, xmm{d}, xmm{c}, 4"),
        format!("vpaddd xmm{a}, xmm{a}, xmm7"),
        format!("sha256msg2 xmm{a}, xmm{d}"),
    ])
}

/// The words from `4 * quad` on of a header's second block, with the terms that are not zero.
fn words_of_first(quad: usize) -> Vec<String> {
    let (pad, length) = (fixed("pad", 0), fixed("header_length", 0));
    match quad {
        0..4 => vec![],
        4 => lines([
            format!("sha256msg1 xmm3, {pad}"),
            format!("sha256msg2 xmm3, {length}"),
        ]),
        5 => lines([
            format!("vpalignr xmm4, xmm3, {}, 4", fixed("header_13", 0)),
            "sha256msg2 xmm4, xmm3".into(),
        ]),
        6 => lines([
            "vpalignr xmm5, xmm4, xmm3, 4".into(),
            "sha256msg2 xmm5, xmm4".into(),
        ]),
        7 => {
            let mut out = lines([format!("vmovdqa xmm6, {length}")]);
            out.extend(words(quad));
            out
        }
        _ => words(quad),
    }
}

fn rounds_of_first(quad: usize) -> Rounds {
    match quad {
        1..4 => known_rounds("header_sums", quad - 1),
        _ => rounds(place(quad), "k0", quad),
    }
}

/// The midstate is added. The words 1 to 8, the state after round 0, and the words 13 to 16: see
/// `words_1_to_8` and `word_16`.
fn between() -> Vec<String> {
    lines([
        "vpaddd xmm1, xmm1, xmm8".into(),
        "vpaddd xmm2, xmm2, xmm9".into(),
        // Lanes f e b a and h g d c to b e c d, and to b c d e.
        "vshufps xmm3, xmm1, xmm2, 0xb6".into(),
        "vpshufd xmm3, xmm3, 0x78".into(),
        format!("vpshufb xmm4, xmm2, {}", fixed("take_gh", 0)),
        "vpblendw xmm4, xmm4, xmm1, 0x03".into(),
        format!("vpblendw xmm4, xmm4, {}, 0xc0", fixed("pads", 0)),
        format!("vpshufb xmm6, xmm1, {}", fixed("take_a", 0)),
        format!("vpaddd xmm1, xmm6, {}", fixed("abef1", 0)),
        format!("vmovdqa xmm2, {}", fixed("cdgh1", 0)),
        "sha256msg1 xmm6, xmm3".into(),
        format!("vpblendw xmm6, xmm6, {}, 0x3f", fixed("w13", 0)),
    ])
}

/// The words from `4 * quad + 1` on of the second hash.
fn words_of_second(quad: usize) -> Vec<String> {
    match quad {
        4 => lines([
            "sha256msg1 xmm3, xmm4".into(),
            "sha256msg2 xmm3, xmm6".into(),
        ]),
        5 => lines([
            format!("sha256msg1 xmm4, {}", fixed("zero", 0)),
            "vpalignr xmm7, xmm3, xmm6, 4".into(),
            "vpaddd xmm4, xmm4, xmm7".into(),
            "sha256msg2 xmm4, xmm3".into(),
        ]),
        6 => lines([
            "vpalignr xmm5, xmm4, xmm3, 4".into(),
            "sha256msg2 xmm5, xmm4".into(),
        ]),
        7..15 => words(quad),
        _ => vec![],
    }
}

fn rounds_of_second(quad: usize) -> Rounds {
    match quad {
        2 => known_rounds("sums9", 0),
        _ => rounds(place(quad), "k1", quad),
    }
}
