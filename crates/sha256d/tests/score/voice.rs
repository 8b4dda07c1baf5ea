//! A voice, and the steps that several pieces have in common.

/// Registers that the voices share: the sums of the rounds, the words in the making, their
/// second half, and zero.
pub(super) const SUMS: &str = "xmm0";
pub(super) const NEW: &str = "xmm13";
pub(super) const HALF: &str = "xmm14";
pub(super) const ZERO: &str = "xmm15";
/// One voice's registers: two for the state, and the newest four words. The words before them
/// stand in memory, since sixteen registers do not hold four schedules.
#[derive(Clone, Copy)]
pub(super) struct Voice {
    pub(super) number: usize,
}

impl Voice {
    pub(super) fn abef(self) -> String {
        format!("xmm{}", 1 + 2 * self.number)
    }
    pub(super) fn cdgh(self) -> String {
        format!("xmm{}", 2 + 2 * self.number)
    }
    pub(super) fn newest(self) -> String {
        format!("xmm{}", 9 + self.number)
    }
    /// The `i`-th four words in memory.
    pub(super) fn kept(self, i: usize) -> String {
        format!("[rcx+{}]", 64 * self.number + 16 * (i % 4))
    }
}
/// Words to make, then rounds to play; the one is merged into another voice's other.
pub(super) struct Step {
    pub(super) words: Vec<String>,
    pub(super) rounds: Vec<String>,
}

pub(super) fn step(words: Vec<String>, rounds: Vec<String>) -> Step {
    Step { words, rounds }
}

pub(super) fn lines<const N: usize>(lines: [String; N]) -> Vec<String> {
    lines.into()
}

/// A constant that never changes.
pub(super) fn fixed(name: &str, offset: usize) -> String {
    format!("[r8+{{{name}}}+{offset}]")
}
impl Voice {
    /// Rounds 32 to 63 of the first hash.
    pub(super) fn last_words_of_first(self) -> Vec<Step> {
        (0..8)
            .map(|i| step(self.all_words(i), self.rounds(&fixed("k0", 128 + 16 * i))))
            .collect()
    }

    /// Rounds 1 to 60 of the second hash. Word e after the last of them is the top word less a
    /// word of the initial state.
    pub(super) fn second_hash(self, begin: Vec<String>, top: &str) -> Vec<Step> {
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
    pub(super) fn words_1_to_8(self, m1: &str, m5: &str) -> Vec<String> {
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
    pub(super) fn word_16(self) -> Vec<String> {
        let newest = self.newest();
        lines([
            format!("vmovdqa {}, {}", self.cdgh(), fixed("cdgh1", 0)),
            format!("sha256msg1 {newest}, {NEW}"),
            format!("vpblendw {newest}, {newest}, {}, 0x3f", fixed("w13", 0)),
            format!("vmovdqa {}, {newest}", self.kept(3)),
        ])
    }

    /// Words of which the only terms that change are those two places back.
    pub(super) fn words_of_constant(self, constant: &str, place: usize) -> Vec<String> {
        let mut out = lines([format!("vmovdqa {NEW}, {constant}")]);
        out.extend(self.complete(place));
        out
    }

    /// Words that hold no word further back than seven places, but perhaps a constant.
    pub(super) fn words_from_7_before(
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
    pub(super) fn all_words(self, place: usize) -> Vec<String> {
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
    pub(super) fn words_17(self) -> Vec<String> {
        let mut out = lines([
            format!("vmovdqa {NEW}, {}", self.kept(0)),
            format!("sha256msg1 {NEW}, {}", self.kept(1)),
        ]);
        out.extend(self.complete(0));
        out
    }

    /// The words 21 to 24 of the second hash: after word 8 come zeros.
    pub(super) fn words_21(self) -> Vec<String> {
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
    pub(super) fn complete(self, place: usize) -> Vec<String> {
        lines([
            format!("sha256msg2 {NEW}, {}", self.newest()),
            format!("vmovdqa {}, {NEW}", self.kept(place)),
            format!("vmovdqa {}, {NEW}", self.newest()),
        ])
    }

    /// Four rounds with the newest words.
    pub(super) fn rounds(self, constants: &str) -> Vec<String> {
        let mut out = lines([format!("vpaddd {SUMS}, {}, {constants}", self.newest())]);
        out.extend(self.play());
        out
    }

    /// Four rounds with words from memory.
    pub(super) fn rounds_of(self, words: &str, constants: &str) -> Vec<String> {
        let mut out = lines([
            format!("vmovdqa {SUMS}, {words}"),
            format!("vpaddd {SUMS}, {SUMS}, {constants}"),
        ]);
        out.extend(self.play());
        out
    }

    /// Four rounds with sums that are known, two in each of the places.
    pub(super) fn known_rounds(self, sums: [String; 2]) -> Vec<String> {
        let (abef, cdgh) = (self.abef(), self.cdgh());
        lines([
            format!("vmovdqa {SUMS}, {}", sums[0]),
            format!("sha256rnds2 {cdgh}, {abef}"),
            format!("vmovdqa {SUMS}, {}", sums[1]),
            format!("sha256rnds2 {abef}, {cdgh}"),
        ])
    }

    pub(super) fn play(self) -> Vec<String> {
        let (abef, cdgh) = (self.abef(), self.cdgh());
        lines([
            format!("sha256rnds2 {cdgh}, {abef}"),
            format!("vpshufd {SUMS}, {SUMS}, 14"),
            format!("sha256rnds2 {abef}, {cdgh}"),
        ])
    }
}
