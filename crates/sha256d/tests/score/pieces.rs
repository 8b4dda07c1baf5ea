//! The pieces that are played by several voices.

use crate::voice::{HALF, NEW, SUMS, Step, Voice, ZERO, fixed, lines, step};
use crate::{EARLY, VOICES};

/// A constant of this scan.
pub(super) fn of_scan(name: &str) -> String {
    format!("[rdi+{{{name}}}]")
}

impl Voice {
    // The scan.

    /// Where its nonce is read. What is made before the turn in which it is played belongs to
    /// the next: that is so for the first voice.
    pub(super) fn nonce(self) -> String {
        let place = if self.number == 0 {
            VOICES
        } else {
            self.number
        };
        format!("[rsi+{}]", 8 * place)
    }

    /// Where its top word goes: nonces come out in order, the first voice's last.
    pub(super) fn top(self) -> String {
        let place = (self.number + VOICES - 1) % VOICES;
        format!("[rcx+{{tops}}+{}]", 4 * place)
    }

    pub(super) fn scan(self) -> Vec<Step> {
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
    pub(super) fn begin_scan(self) -> Vec<String> {
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
    pub(super) fn begin_second_of_scan(self) -> Vec<String> {
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
    pub(super) fn item(self, field: &str, early: bool) -> String {
        let items = self.number + if early { VOICES } else { 0 };
        format!("[rdi+{{{field}}}+{}]", 64 * items)
    }

    pub(super) fn second(self) -> Vec<Step> {
        let early = self.number < EARLY;
        let item = |field: &str| self.item(field, false);
        let begin = self.begin_second_piece(early);
        let top = format!("[rsi+{}]", 4 * self.number);
        self.after_midstate(begin, &item("words"), item, &top)
    }

    /// Both hashes of a header from its midstate: what makes the state of it, the first words,
    /// where the midstate's words are, and where the top word goes.
    pub(super) fn after_midstate(
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
    pub(super) fn begin_second_piece(self, early: bool) -> Vec<String> {
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
    pub(super) fn begin_second_of_second(self, item: impl Fn(&str) -> String) -> Vec<String> {
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

    pub(super) fn first(self) -> Vec<Step> {
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
    pub(super) fn block(self, quad: impl Fn(usize) -> String) -> Vec<Step> {
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

    pub(super) fn whole(self) -> Vec<Step> {
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
        steps.extend(self.after_midstate(vec![], &quad(4), item, &top));
        steps
    }
}
