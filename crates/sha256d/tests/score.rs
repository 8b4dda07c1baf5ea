//! The order of the instructions in the assembly under `src/x86/sha_ni`, which this file writes.
//!
//! Four *voices* hash side by side and play the same *steps*. A step is the making of four words
//! of the schedule and four rounds with them. In every *beat* one voice plays its rounds, and the
//! voice before it makes the words of its next step: the two are merged instruction by
//! instruction, since the first is bound by latency and the second by ports.
//!
//! There are four pieces: `scan` (nonces of one midstate; a canon, in which each voice is a
//! quarter of the way behind the one before), `second` (both hashes from independent midstates),
//! `first` (midstates of independent blocks) and `whole` (headers), the last three in step, because a canon takes a turn
//! more to end. `one` is a single hash from its midstate, with no instruction too many: the
//! processor overlaps it with its neighbours as far as it can look ahead.
//!
//! After a change, `STANNARY_BLESS=1 cargo test -p sha256d --test score` writes the files anew.

use std::fmt::Write as _;

const VOICES: usize = 4;
/// How many of the scan's thirty steps each voice is ahead of the first. Found by trial on a
/// Zen 3 core: any spread over the thirty is within a few percent of any other, and all in step
/// is slowest.
const AHEAD: [usize; VOICES] = [0, 7, 15, 22];
/// How many beats before its rounds a voice makes the words for them. Words for the first beats
/// are made at the end of the turn before.
const EARLY: usize = 3;

/// Registers that the voices share: the sums of the rounds, the words in the making, their
/// second half, and zero.
const SUMS: &str = "xmm0";
const NEW: &str = "xmm13";
const HALF: &str = "xmm14";
const ZERO: &str = "xmm15";

/// One voice's registers: two for the state, and the newest four words. The words before them
/// stand in memory, since sixteen registers do not hold four schedules.
#[derive(Clone, Copy)]
struct Voice {
    number: usize,
}

impl Voice {
    fn abef(self) -> String {
        format!("xmm{}", 1 + 2 * self.number)
    }
    fn cdgh(self) -> String {
        format!("xmm{}", 2 + 2 * self.number)
    }
    fn newest(self) -> String {
        format!("xmm{}", 9 + self.number)
    }
    /// The `i`-th four words in memory.
    fn kept(self, i: usize) -> String {
        format!("[rcx+{}]", 64 * self.number + 16 * (i % 4))
    }
}

/// Words to make, then rounds to play; the one is merged into another voice's other.
struct Step {
    words: Vec<String>,
    rounds: Vec<String>,
}

fn step(words: Vec<String>, rounds: Vec<String>) -> Step {
    Step { words, rounds }
}

fn lines<const N: usize>(lines: [String; N]) -> Vec<String> {
    lines.into()
}

/// A constant that never changes.
fn fixed(name: &str, offset: usize) -> String {
    format!("[r8+{{{name}}}+{offset}]")
}

/// A constant of this scan.
fn of_scan(name: &str) -> String {
    format!("[rdi+{{{name}}}]")
}

impl Voice {
    // The scan.

    /// Where its nonce is read. What is made before the turn in which it is played belongs to
    /// the next: that is so for the first voice.
    fn nonce(self) -> String {
        let place = if self.number == 0 {
            VOICES
        } else {
            self.number
        };
        format!("[rsi+{}]", 8 * place)
    }

    /// Where its top word goes: nonces come out in order, the first voice's last.
    fn top(self) -> String {
        let place = (self.number + VOICES - 1) % VOICES;
        format!("[rcx+{{tops}}+{}]", 4 * place)
    }

    fn scan(self) -> Vec<Step> {
        let sums4 = |offset: usize| {
            self.known_rounds([0, 16].map(|half| format!("[rdi+{{sums4}}+{}]", offset + half)))
        };
        let mut steps = vec![
            step(self.begin_scan(), sums4(0)),
            step(vec![], sums4(32)),
            step(vec![], sums4(64)),
            step(vec![], self.rounds(&fixed("k0", 64))),
            step(
                self.words_of_constant(&of_scan("w20"), 1),
                self.rounds(&fixed("k0", 80)),
            ),
            step(
                self.words_from_7_before(0, 2, None),
                self.rounds(&fixed("k0", 96)),
            ),
            step(
                self.words_from_7_before(1, 3, Some(of_scan("w28"))),
                self.rounds(&fixed("k0", 112)),
            ),
        ];
        steps.extend(self.last_words_of_first());
        steps.extend(self.second_hash(self.begin_second_of_scan(), &self.top()));
        steps
    }

    /// The state before round 4 and the words 16 to 19, from the nonce.
    fn begin_scan(self) -> Vec<String> {
        let (abef, nonce) = (self.abef(), self.nonce());
        lines([
            format!("vmovddup {abef}, qword ptr {nonce}"),
            format!("vpaddd {abef}, {abef}, {}", of_scan("abef4")),
            format!("vmovdqa {}, {}", self.cdgh(), of_scan("cdgh4")),
            // (0, 0, 0, n) to (0, 0, sigma0 of n, n)
            format!("vmovhps {NEW}, {ZERO}, qword ptr {nonce}"),
            format!("sha256msg1 {NEW}, {ZERO}"),
            format!("vpaddd {NEW}, {NEW}, {}", of_scan("w16")),
            format!("vmovdqa {}, {NEW}", self.kept(0)),
            format!("vmovdqa {}, {NEW}", self.newest()),
        ])
    }

    /// The addition of the midstate, word 0 of the second hash alone (it makes the state after
    /// round 0, and with word 1 it makes word 16), and that state.
    fn begin_second_of_scan(self) -> Vec<String> {
        let (abef, newest) = (self.abef(), self.newest());
        let mut out = self.words_1_to_8(&of_scan("m1"), &of_scan("m5"));
        out.extend(lines([
            format!("vpshufb {abef}, {abef}, {}", fixed("take_a", 0)),
            format!("vpaddd {newest}, {abef}, {}", of_scan("m0")),
            format!("vpaddd {abef}, {abef}, {}", of_scan("abef1")),
        ]));
        out.extend(self.word_16());
        out
    }

    // Both hashes from a midstate.

    /// A field of the voice's item; `early` if it is read before the turn it belongs to.
    fn item(self, field: &str, early: bool) -> String {
        let items = self.number + if early { VOICES } else { 0 };
        format!("[rdi+{{{field}}}+{}]", 64 * items)
    }

    fn second(self) -> Vec<Step> {
        let early = self.number < EARLY;
        let item = |field: &str| self.item(field, false);
        let begin = self.begin_second_piece(early);
        let top = format!("[rsi+{}]", 4 * self.number);
        self.from_midstate(begin, &item("words"), item, &top)
    }

    /// Both hashes of a header from its midstate: what makes the state of it, the first words,
    /// where the midstate's words are, and where the top word goes.
    fn from_midstate(
        self,
        begin: Vec<String>,
        words: &str,
        item: impl Fn(&str) -> String,
        top: &str,
    ) -> Vec<Step> {
        let header = |quad: usize| {
            self.known_rounds([0, 16].map(|half| fixed("header_sums", 32 * quad + half)))
        };
        let kept = self.kept(0);
        let mut steps = vec![
            step(begin, self.rounds_of(words, &fixed("k0", 0))),
            step(vec![], header(0)),
            step(vec![], header(1)),
            step(vec![], header(2)),
            step(
                // Word 4 is padding, 9 to 12 are zero, 15 is the length.
                [
                    lines([
                        format!("vmovdqa {NEW}, {words}"),
                        format!("sha256msg1 {NEW}, {}", fixed("pad", 0)),
                        format!("vmovdqa {}, {}", self.newest(), fixed("header_length", 0)),
                    ]),
                    self.complete(0),
                ]
                .concat(),
                self.rounds(&fixed("k0", 64)),
            ),
            step(
                [
                    lines([
                        format!("vmovdqa {HALF}, {}", self.newest()),
                        format!("vpalignr {NEW}, {HALF}, {}, 4", fixed("header_length", 0)),
                        format!("vpaddd {NEW}, {NEW}, {}", fixed("pad", 0)),
                    ]),
                    self.complete(1),
                ]
                .concat(),
                self.rounds(&fixed("k0", 80)),
            ),
            step(
                self.words_from_7_before(0, 2, None),
                self.rounds(&fixed("k0", 96)),
            ),
            step(
                [
                    lines([
                        format!("vmovdqa {NEW}, {}", fixed("header_length", 0)),
                        format!("sha256msg1 {NEW}, {kept}"),
                        format!("vpalignr {HALF}, {}, {}, 4", self.newest(), self.kept(1)),
                        format!("vpaddd {NEW}, {NEW}, {HALF}"),
                    ]),
                    self.complete(3),
                ]
                .concat(),
                self.rounds(&fixed("k0", 112)),
            ),
        ];
        steps.extend(self.last_words_of_first());
        steps.extend(self.second_hash(self.begin_second_of_second(item), top));
        steps
    }

    /// The state from the midstate's words a to h.
    fn begin_second_piece(self, early: bool) -> Vec<String> {
        let (abef, cdgh) = (self.abef(), self.cdgh());
        lines([
            format!("vpshufd {NEW}, {}, 0xb1", self.item("abcd", early)),
            format!("vpshufd {cdgh}, {}, 0x1b", self.item("efgh", early)),
            format!("vpalignr {abef}, {NEW}, {cdgh}, 8"),
            format!("vpblendw {cdgh}, {cdgh}, {NEW}, 0xf0"),
        ])
    }

    /// As in the scan, but with a midstate of this item: its words stand one after the other,
    /// zeros before them and padding behind.
    fn begin_second_of_second(self, item: impl Fn(&str) -> String) -> Vec<String> {
        let (abef, newest) = (self.abef(), self.newest());
        let mut out = self.words_1_to_8(&item("bcde"), &item("fghp"));
        out.extend(lines([
            format!("vpshufb {newest}, {abef}, {}", fixed("take_a", 0)),
            format!("vpaddd {newest}, {newest}, {}", item("zzza")),
            format!("vpshufb {abef}, {newest}, {}", fixed("take_a", 0)),
            format!("vpaddd {abef}, {abef}, {}", fixed("abef1", 0)),
        ]));
        out.extend(self.word_16());
        out
    }

    // The midstate of a block.

    fn first(self) -> Vec<Step> {
        let (abef, cdgh) = (self.abef(), self.cdgh());
        let mut steps = self.block(|quad| format!("[rdi+{}]", 64 * self.number + 16 * quad));
        let last = steps.last_mut().expect("sixteen steps");
        last.rounds.extend(lines([
            format!("vpshufd {abef}, {abef}, 0x1b"),
            format!("vpshufd {cdgh}, {cdgh}, 0x1b"),
            format!("vpunpcklqdq {SUMS}, {abef}, {cdgh}"),
            format!("vmovdqu [rsi+{}], {SUMS}", 32 * self.number),
            format!("vpunpckhqdq {SUMS}, {abef}, {cdgh}"),
            format!("vmovdqu [rsi+{}], {SUMS}", 32 * self.number + 16),
        ]));
        steps
    }

    /// A block from the initial state, by its words.
    fn block(self, quad: impl Fn(usize) -> String) -> Vec<Step> {
        let (abef, cdgh) = (self.abef(), self.cdgh());
        let plain = |i: usize| self.rounds_of(&quad(i), &fixed("k0", 16 * i));
        let begin = lines([
            format!("vmovdqa {abef}, {}", fixed("abef0", 0)),
            format!("vmovdqa {cdgh}, {}", fixed("cdgh0", 0)),
        ]);
        let mut steps = vec![
            step(begin, plain(0)),
            step(vec![], plain(1)),
            step(vec![], plain(2)),
            step(vec![], plain(3)),
        ];
        for i in 4..16 {
            // The words before 16 stand in the block.
            let at = |t: usize| if t < 4 { quad(t) } else { self.kept(t) };
            let mut words = lines([
                format!("vmovdqa {NEW}, {}", at(i - 4)),
                format!("sha256msg1 {NEW}, {}", at(i - 3)),
            ]);
            if i == 4 {
                words.push(format!("vmovdqa {}, {}", self.newest(), quad(3)));
            }
            words.extend(lines([
                format!("vpalignr {HALF}, {}, {}, 4", self.newest(), at(i - 2)),
                format!("vpaddd {NEW}, {NEW}, {HALF}"),
            ]));
            words.extend(self.complete(i));
            steps.push(step(words, self.rounds(&fixed("k0", 16 * i))));
        }
        let last = steps.last_mut().expect("sixteen steps");
        last.rounds.extend(lines([
            format!("vpaddd {abef}, {abef}, {}", fixed("abef0", 0)),
            format!("vpaddd {cdgh}, {cdgh}, {}", fixed("cdgh0", 0)),
        ]));
        steps
    }

    // A whole header.

    fn whole(self) -> Vec<Step> {
        let quad = |quad: usize| format!("[rdi+{}]", 80 * self.number + 16 * quad);
        let item = |field: &str| format!("[rcx+{{items}}+{{{field}}}+{}]", 64 * self.number);
        let mut steps = self.block(quad);
        let last = steps.last_mut().expect("sixteen steps");
        let (abef, cdgh, newest) = (self.abef(), self.cdgh(), self.newest());
        let two = |words: &str, at: usize| {
            format!(
                "qword ptr [rcx+{{items}}+{{abcd}}+{}], {words}",
                64 * self.number + 8 * at
            )
        };
        // The midstate's words, two by two, to where the second hash looks for them.
        last.rounds.extend(lines([
            format!("vpshufd {SUMS}, {abef}, 0x1b"),
            format!("vpshufd {newest}, {cdgh}, 0x1b"),
            format!("vmovlps {}", two(SUMS, 0)),
            format!("vmovlps {}", two(&newest, 1)),
            format!("vmovhps {}", two(SUMS, 2)),
            format!("vmovhps {}", two(&newest, 3)),
        ]));
        let top = format!("[rsi+{}]", 4 * self.number);
        steps.extend(self.from_midstate(vec![], &quad(4), item, &top));
        steps
    }

    // What the pieces share.

    /// Rounds 32 to 63 of the first hash.
    fn last_words_of_first(self) -> Vec<Step> {
        (0..8)
            .map(|i| step(self.all_words(i), self.rounds(&fixed("k0", 128 + 16 * i))))
            .collect()
    }

    /// Rounds 1 to 60 of the second hash. Word e after the last of them is the top word less a
    /// word of the initial state.
    fn second_hash(self, begin: Vec<String>, top: &str) -> Vec<Step> {
        let k1 = |quad: usize| fixed("k1", 16 * quad);
        let mut steps = vec![
            step(begin, self.rounds_of(&self.kept(0), &k1(0))),
            step(vec![], self.rounds_of(&self.kept(1), &k1(1))),
            step(
                vec![],
                self.known_rounds([0, 16].map(|half| fixed("sums9", half))),
            ),
            step(vec![], self.rounds(&k1(3))),
            step(self.words_17(), self.rounds(&k1(4))),
            step(self.words_21(), self.rounds(&k1(5))),
            step(self.words_from_7_before(0, 2, None), self.rounds(&k1(6))),
        ];
        for i in 0..8 {
            steps.push(step(self.all_words(3 + i), self.rounds(&k1(7 + i))));
        }
        let last = steps.last_mut().expect("fifteen steps");
        last.rounds
            .push(format!("vpextrd dword ptr {top}, {}, 1", self.abef()));
        steps
    }

    /// The words 1 to 8 of the second hash: lanes f e b a and h g d c to b c d e, and to f g h
    /// and padding.
    fn words_1_to_8(self, m1: &str, m5: &str) -> Vec<String> {
        let (abef, cdgh) = (self.abef(), self.cdgh());
        lines([
            format!("vpshufd {NEW}, {abef}, 0x42"),
            format!("vpshufd {HALF}, {cdgh}, 0x2c"),
            format!("vpblendw {NEW}, {NEW}, {HALF}, 0x3c"),
            format!("vpaddd {NEW}, {NEW}, {m1}"),
            format!("vmovdqa {}, {NEW}", self.kept(0)),
            format!("vpshufb {HALF}, {cdgh}, {}", fixed("take_gh", 0)),
            format!("vpblendw {HALF}, {HALF}, {abef}, 0x03"),
            format!("vpaddd {HALF}, {HALF}, {m5}"),
            format!("vmovdqa {}, {HALF}", self.kept(1)),
        ])
    }

    /// The words 13 to 16 of the second hash, from word 0 (highest in the newest) and word 1.
    fn word_16(self) -> Vec<String> {
        let newest = self.newest();
        lines([
            format!("vmovdqa {}, {}", self.cdgh(), fixed("cdgh1", 0)),
            format!("sha256msg1 {newest}, {NEW}"),
            format!("vpblendw {newest}, {newest}, {}, 0x3f", fixed("w13", 0)),
            format!("vmovdqa {}, {newest}", self.kept(3)),
        ])
    }

    /// Words of which the only terms that change are those two places back.
    fn words_of_constant(self, constant: &str, place: usize) -> Vec<String> {
        let mut out = lines([format!("vmovdqa {NEW}, {constant}")]);
        out.extend(self.complete(place));
        out
    }

    /// Words that hold no word further back than seven places, but perhaps a constant.
    fn words_from_7_before(
        self,
        before: usize,
        place: usize,
        constant: Option<String>,
    ) -> Vec<String> {
        let mut out = lines([format!(
            "vpalignr {NEW}, {}, {}, 4",
            self.newest(),
            self.kept(before)
        )]);
        out.extend(constant.map(|constant| format!("vpaddd {NEW}, {NEW}, {constant}")));
        out.extend(self.complete(place));
        out
    }

    /// Four words by the whole rule, in the place of those 16 before.
    fn all_words(self, place: usize) -> Vec<String> {
        let mut out = lines([
            format!("vmovdqa {NEW}, {}", self.kept(place)),
            format!("sha256msg1 {NEW}, {}", self.kept(place + 1)),
            format!(
                "vpalignr {HALF}, {}, {}, 4",
                self.newest(),
                self.kept(place + 2)
            ),
            format!("vpaddd {NEW}, {NEW}, {HALF}"),
        ]);
        out.extend(self.complete(place));
        out
    }

    /// The words 17 to 20 of the second hash: those seven before them are zero.
    fn words_17(self) -> Vec<String> {
        let mut out = lines([
            format!("vmovdqa {NEW}, {}", self.kept(0)),
            format!("sha256msg1 {NEW}, {}", self.kept(1)),
        ]);
        out.extend(self.complete(0));
        out
    }

    /// The words 21 to 24 of the second hash: after word 8 come zeros.
    fn words_21(self) -> Vec<String> {
        let mut out = lines([
            format!("vmovdqa {NEW}, {}", self.kept(1)),
            format!("sha256msg1 {NEW}, {ZERO}"),
            format!("vpalignr {HALF}, {}, {}, 4", self.newest(), self.kept(3)),
            format!("vpaddd {NEW}, {NEW}, {HALF}"),
        ]);
        out.extend(self.complete(1));
        out
    }

    /// The last term of words in the making; then they are the newest.
    fn complete(self, place: usize) -> Vec<String> {
        lines([
            format!("sha256msg2 {NEW}, {}", self.newest()),
            format!("vmovdqa {}, {NEW}", self.kept(place)),
            format!("vmovdqa {}, {NEW}", self.newest()),
        ])
    }

    /// Four rounds with the newest words.
    fn rounds(self, constants: &str) -> Vec<String> {
        let mut out = lines([format!("vpaddd {SUMS}, {}, {constants}", self.newest())]);
        out.extend(self.play());
        out
    }

    /// Four rounds with words from memory.
    fn rounds_of(self, words: &str, constants: &str) -> Vec<String> {
        let mut out = lines([
            format!("vmovdqa {SUMS}, {words}"),
            format!("vpaddd {SUMS}, {SUMS}, {constants}"),
        ]);
        out.extend(self.play());
        out
    }

    /// Four rounds with sums that are known, two in each of the places.
    fn known_rounds(self, sums: [String; 2]) -> Vec<String> {
        let (abef, cdgh) = (self.abef(), self.cdgh());
        lines([
            format!("vmovdqa {SUMS}, {}", sums[0]),
            format!("sha256rnds2 {cdgh}, {abef}"),
            format!("vmovdqa {SUMS}, {}", sums[1]),
            format!("sha256rnds2 {abef}, {cdgh}"),
        ])
    }

    fn play(self) -> Vec<String> {
        let (abef, cdgh) = (self.abef(), self.cdgh());
        lines([
            format!("sha256rnds2 {cdgh}, {abef}"),
            format!("vpshufd {SUMS}, {SUMS}, 14"),
            format!("sha256rnds2 {abef}, {cdgh}"),
        ])
    }
}

/// Both hashes from a midstate, alone: the state in xmm1 and xmm2, the first four words in xmm3.
fn one() -> Vec<String> {
    let rounds = |words: usize, quad: usize| {
        lines([
            format!("vpaddd xmm0, xmm{words}, {}", fixed("k0", 16 * quad)),
            "sha256rnds2 xmm2, xmm1".into(),
            "vpshufd xmm0, xmm0, 14".into(),
            "sha256rnds2 xmm1, xmm2".into(),
        ])
    };
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
    let (pad, header, hash) = (
        fixed("pad", 0),
        fixed("header_length", 0),
        fixed("hash_length", 0),
    );
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
    let last = |length: &str| {
        lines([
            format!("vmovdqa xmm6, {length}"),
            "sha256msg1 xmm6, xmm3".into(),
            "vpalignr xmm0, xmm5, xmm4, 4".into(),
            "vpaddd xmm6, xmm6, xmm0".into(),
            "sha256msg2 xmm6, xmm5".into(),
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
    out.extend(last(&header));
    out.extend(rounds(6, 7));
    for quad in 8..16 {
        out.extend(whole(quad));
        out.extend(rounds(3 + quad % 4, quad));
    }
    out.extend(lines([
        "vpaddd xmm1, xmm1, xmm8".into(),
        "vpaddd xmm2, xmm2, xmm9".into(),
        "vpshufd xmm1, xmm1, 0x1b".into(),
        "vpshufd xmm2, xmm2, 0x1b".into(),
        "vpunpcklqdq xmm3, xmm1, xmm2".into(),
        "vpunpckhqdq xmm4, xmm1, xmm2".into(),
        format!("vmovdqa xmm1, {}", fixed("abef0", 0)),
        format!("vmovdqa xmm2, {}", fixed("cdgh0", 0)),
    ]));
    out.extend(rounds(3, 0));
    out.extend(rounds(4, 1));
    out.extend(known("hash_sums", 2));
    out.extend(lines([
        "sha256msg1 xmm3, xmm4".into(),
        format!("sha256msg2 xmm3, {hash}"),
    ]));
    out.extend(rounds(3, 4));
    out.extend(lines([
        format!("sha256msg1 xmm4, {pad}"),
        format!("vpalignr xmm0, xmm3, {hash}, 4"),
        "vpaddd xmm4, xmm4, xmm0".into(),
        "sha256msg2 xmm4, xmm3".into(),
    ]));
    out.extend(rounds(4, 5));
    out.extend(lines([
        "vpalignr xmm5, xmm4, xmm3, 4".into(),
        format!("vpaddd xmm5, xmm5, {pad}"),
        "sha256msg2 xmm5, xmm4".into(),
    ]));
    out.extend(rounds(5, 6));
    out.extend(last(&hash));
    out.extend(rounds(6, 7));
    for quad in 8..16 {
        out.extend(whole(quad));
        out.extend(rounds(3 + quad % 4, quad));
    }
    out.extend(lines([
        format!("vpaddd xmm1, xmm1, {}", fixed("abef0", 0)),
        format!("vpaddd xmm2, xmm2, {}", fixed("cdgh0", 0)),
    ]));
    out
}

/// Two sequences in one, each in its order and spread evenly.
fn merged(a: &[String], b: &[String]) -> Vec<String> {
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if j == b.len() || (i < a.len() && i * b.len() <= j * a.len()) {
            out.push(a[i].clone());
            i += 1;
        } else {
            out.push(b[j].clone());
            j += 1;
        }
    }
    out
}

/// A piece: its voices' steps, how far each is ahead, and what stands before and behind the
/// beats.
struct Piece {
    voices: Vec<Vec<Step>>,
    ahead: [usize; VOICES],
    before: &'static [&'static str],
    /// Register and distance from one turn's data to the next.
    turn: (&'static str, usize),
    behind: &'static [&'static str],
}

impl Piece {
    fn written(&self) -> String {
        let steps = self.voices[0].len();
        assert!(self.voices.iter().all(|voice| voice.len() == steps));
        let beats: Vec<(usize, usize)> = (0..steps)
            .flat_map(|turn| (0..VOICES).map(move |voice| (voice, turn)))
            .map(|(voice, turn)| (voice, (turn + self.ahead[voice]) % steps))
            .collect();
        let mut out = String::from(HEADING);
        let mut put = |line: &str| writeln!(out, "{line}").expect("a string takes it");
        for line in self.before {
            put(&format!("    {line}"));
        }
        // What is made before the first beat.
        let (register, distance) = self.turn;
        put(&format!("    sub {register}, {distance}"));
        for (voice, step) in &beats[..EARLY] {
            for line in &self.voices[*voice][*step].words {
                if *step == 0 {
                    put(&format!("    {line}"));
                }
            }
        }
        put(&format!("    add {register}, {distance}"));
        put("2:");
        for (number, (voice, step)) in beats.iter().enumerate() {
            let (other, next) = beats[(number + EARLY) % beats.len()];
            put(&format!(
                "# voice {voice}: rounds of step {step}; voice {other}: words of step {next}"
            ));
            for line in merged(
                &self.voices[*voice][*step].rounds,
                &self.voices[other][next].words,
            ) {
                put(&format!("    {line}"));
            }
        }
        for line in self.behind {
            put(&format!("    {line}"));
        }
        out
    }
}

fn voices(steps: impl Fn(Voice) -> Vec<Step>) -> Vec<Vec<Step>> {
    (0..VOICES).map(|number| steps(Voice { number })).collect()
}

const HEADING: &str =
    "# Written by tests/score.rs, which says what this is. Not to be changed by hand.\n";

fn check(name: &str, score: String) {
    let path = format!("{}/src/x86/sha_ni/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("STANNARY_BLESS").is_some() {
        std::fs::write(&path, &score).expect("the source folder can be written to");
    }
    let there = std::fs::read_to_string(&path).expect("the file is in the repository");
    assert!(
        there == score,
        "run with STANNARY_BLESS=1 to write src/x86/sha_ni/{name} anew"
    );
}

#[test]
fn scan_is_what_the_score_says() {
    check(
        "scan.s",
        Piece {
            voices: voices(Voice::scan),
            ahead: AHEAD,
            // Of the first turn only the first voice's nonce is ours.
            before: &["vpxor xmm15, xmm15, xmm15", "mov r9d, 8"],
            turn: ("rsi", 8 * VOICES),
            // The four top words that came out, as numbers, against the limit.
            behind: &[
                "vmovdqa xmm0, [rcx+{tops}]",
                "vpaddd xmm0, xmm0, [r8+{h}]",
                "vpshufb xmm0, xmm0, [r8+{reverse}]",
                "vpminud xmm13, xmm0, [rdi+{limit}]",
                "vpcmpeqd xmm0, xmm0, xmm13",
                "vmovmskps eax, xmm0",
                "add rsi, 32",
                "and eax, r9d",
                "mov r9d, 15",
                "jnz 3f",
                "dec rdx",
                "jnz 2b",
                "xor eax, eax",
                "ret",
                "3:",
                "shl rdx, 4",
                "or rax, rdx",
                "ret",
            ],
        }
        .written(),
    );
}

#[test]
fn second_is_what_the_score_says() {
    check(
        "second.s",
        Piece {
            voices: voices(Voice::second),
            ahead: [0; VOICES],
            before: &["vpxor xmm15, xmm15, xmm15"],
            turn: ("rdi", 64 * VOICES),
            behind: &["add rdi, 256", "add rsi, 16", "dec rdx", "jnz 2b", "ret"],
        }
        .written(),
    );
}

#[test]
fn first_is_what_the_score_says() {
    check(
        "first.s",
        Piece {
            voices: voices(Voice::first),
            ahead: [0; VOICES],
            before: &[],
            turn: ("rdi", 64 * VOICES),
            behind: &["add rdi, 256", "add rsi, 128", "dec rdx", "jnz 2b", "ret"],
        }
        .written(),
    );
}

#[test]
fn one_is_what_the_score_says() {
    let lines = one().into_iter().map(|line| format!("    {line}\n"));
    check("one.s", HEADING.to_owned() + &lines.collect::<String>());
}

#[test]
fn whole_is_what_the_score_says() {
    check(
        "whole.s",
        Piece {
            voices: voices(Voice::whole),
            ahead: [0; VOICES],
            before: &["vpxor xmm15, xmm15, xmm15"],
            turn: ("rdi", 80 * VOICES),
            behind: &["add rdi, 320", "add rsi, 16", "dec rdx", "jnz 2b", "ret"],
        }
        .written(),
    );
}
