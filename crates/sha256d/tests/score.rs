//! The order of the instructions in `src/x86/sha_ni_scan.s`, which this file writes.
//!
//! Four *voices* play the same thirty *steps*, each at its own distance. A step is the making of
//! four words of the schedule and four rounds with them. In every *beat* one voice plays its
//! rounds, and the voice before it makes the words of its next step: the two are merged
//! instruction by instruction, since the first is bound by latency and the second by ports.
//!
//! After a change, `STANNARY_BLESS=1 cargo test -p sha256d --test score` writes the file anew.

use std::fmt::Write as _;

const VOICES: usize = 4;
const STEPS: usize = 30;
/// How many steps each voice is ahead of the first. Found by trial on a Zen 3 core: any
/// spread over the thirty is within a few percent of any other, and all in step is slowest.
const AHEAD: [usize; VOICES] = [0, 7, 15, 22];
/// How many beats before its rounds a voice makes the words for them.
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
    /// Where its nonce is read. The first voice begins the next turn's nonce at the end of a
    /// turn, the others this turn's in the middle.
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
}

/// Words to make, then rounds to play; the one is merged into another voice's other.
struct Step {
    words: Vec<String>,
    rounds: Vec<String>,
}

fn lines<const N: usize>(lines: [String; N]) -> Vec<String> {
    lines.into()
}

fn of_this(name: &str, offset: usize) -> String {
    format!("[rdi+{{{name}}}+{offset}]")
}

fn of_all(name: &str, offset: usize) -> String {
    format!("[r8+{{{name}}}+{offset}]")
}

impl Voice {
    fn steps(self) -> Vec<Step> {
        let mut steps = vec![
            Step {
                words: self.begin(),
                rounds: self.known_rounds(of_this, "sums4", 0),
            },
            Step {
                words: vec![],
                rounds: self.known_rounds(of_this, "sums4", 32),
            },
            Step {
                words: vec![],
                rounds: self.known_rounds(of_this, "sums4", 64),
            },
            Step {
                words: vec![],
                rounds: self.rounds(&of_all("k0", 64)),
            },
            Step {
                words: self.words_20(),
                rounds: self.rounds(&of_all("k0", 80)),
            },
            Step {
                words: self.words_from_7_before(0, 2, None),
                rounds: self.rounds(&of_all("k0", 96)),
            },
            Step {
                words: self.words_from_7_before(1, 3, Some("w28")),
                rounds: self.rounds(&of_all("k0", 112)),
            },
        ];
        for i in 0..8 {
            steps.push(Step {
                words: self.all_words(i),
                rounds: self.rounds(&of_all("k0", 128 + 16 * i)),
            });
        }
        steps.extend([
            Step {
                words: self.begin_second(),
                rounds: self.kept_rounds(0, 0),
            },
            Step {
                words: vec![],
                rounds: self.kept_rounds(1, 16),
            },
            Step {
                words: vec![],
                rounds: self.known_rounds(of_all, "sums9", 0),
            },
            Step {
                words: vec![],
                rounds: self.rounds(&of_all("k1", 48)),
            },
            Step {
                words: self.words_17(),
                rounds: self.rounds(&of_all("k1", 64)),
            },
            Step {
                words: self.words_21(),
                rounds: self.rounds(&of_all("k1", 80)),
            },
            Step {
                words: self.words_from_7_before(0, 2, None),
                rounds: self.rounds(&of_all("k1", 96)),
            },
        ]);
        for i in 0..8 {
            let mut rounds = self.rounds(&of_all("k1", 112 + 16 * i));
            if i == 7 {
                // Word e after round 60.
                rounds.push(format!(
                    "vpextrd dword ptr {}, {}, 1",
                    self.top(),
                    self.abef()
                ));
            }
            steps.push(Step {
                words: self.all_words(3 + i),
                rounds,
            });
        }
        assert_eq!(steps.len(), STEPS);
        steps
    }

    /// The state before round 4 and the words 16 to 19, from the nonce.
    fn begin(self) -> Vec<String> {
        let (abef, nonce) = (self.abef(), self.nonce());
        lines([
            format!("vmovddup {abef}, qword ptr {nonce}"),
            format!("vpaddd {abef}, {abef}, {}", of_this("abef4", 0)),
            format!("vmovdqa {}, {}", self.cdgh(), of_this("cdgh4", 0)),
            // (0, 0, 0, n) to (0, 0, sigma0 of n, n)
            format!("vmovhps {NEW}, {ZERO}, qword ptr {nonce}"),
            format!("sha256msg1 {NEW}, {ZERO}"),
            format!("vpaddd {NEW}, {NEW}, {}", of_this("w16", 0)),
            format!("vmovdqa {}, {NEW}", self.kept(0)),
            format!("vmovdqa {}, {NEW}", self.newest()),
        ])
    }

    /// Of the words before them, 20 to 23 hold only the two that are two places back.
    fn words_20(self) -> Vec<String> {
        let mut out = lines([format!("vmovdqa {NEW}, {}", of_this("w20", 0))]);
        out.extend(self.complete(1));
        out
    }

    /// Words that hold no word further back than seven places, but perhaps a constant.
    fn words_from_7_before(
        self,
        before: usize,
        place: usize,
        constant: Option<&str>,
    ) -> Vec<String> {
        let mut out = lines([format!(
            "vpalignr {NEW}, {}, {}, 4",
            self.newest(),
            self.kept(before)
        )]);
        if let Some(name) = constant {
            out.push(format!("vpaddd {NEW}, {NEW}, {}", of_this(name, 0)));
        }
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

    /// From the first hash's last state to the second's first: the addition of the midstate,
    /// the words 1 to 8 and 13 to 16, and the state after round 0.
    fn begin_second(self) -> Vec<String> {
        let (abef, cdgh, newest) = (self.abef(), self.cdgh(), self.newest());
        lines([
            // Lanes f e b a and h g d c to b c d e.
            format!("vpshufd {NEW}, {abef}, 0x42"),
            format!("vpshufd {HALF}, {cdgh}, 0x2c"),
            format!("vpblendw {NEW}, {NEW}, {HALF}, 0x3c"),
            format!("vpaddd {NEW}, {NEW}, {}", of_this("m1", 0)),
            format!("vmovdqa {}, {NEW}", self.kept(0)),
            // … and to f g h and padding.
            format!("vpshufb {HALF}, {cdgh}, {}", of_all("take_gh", 0)),
            format!("vpblendw {HALF}, {HALF}, {abef}, 0x03"),
            format!("vpaddd {HALF}, {HALF}, {}", of_this("m5", 0)),
            format!("vmovdqa {}, {HALF}", self.kept(1)),
            // Word 0 alone: it makes the state, and with word 1 it makes word 16.
            format!("vpshufb {abef}, {abef}, {}", of_all("take_a", 0)),
            format!("vpaddd {newest}, {abef}, {}", of_this("m0", 0)),
            format!("vpaddd {abef}, {abef}, {}", of_this("abef1", 0)),
            format!("vmovdqa {cdgh}, {}", of_all("cdgh1", 0)),
            format!("sha256msg1 {newest}, {NEW}"),
            format!("vpblendw {newest}, {newest}, {}, 0x3f", of_all("w13", 0)),
            format!("vmovdqa {}, {newest}", self.kept(3)),
        ])
    }

    /// Four rounds with the newest words.
    fn rounds(self, constants: &str) -> Vec<String> {
        let mut out = lines([format!("vpaddd {SUMS}, {}, {constants}", self.newest())]);
        out.extend(self.play());
        out
    }

    /// Four rounds of the second hash with words from memory.
    fn kept_rounds(self, place: usize, offset: usize) -> Vec<String> {
        let mut out = lines([
            format!("vmovdqa {SUMS}, {}", self.kept(place)),
            format!("vpaddd {SUMS}, {SUMS}, {}", of_all("k1", offset)),
        ]);
        out.extend(self.play());
        out
    }

    /// Four rounds with sums that are known, two in each constant.
    fn known_rounds(self, of: fn(&str, usize) -> String, name: &str, offset: usize) -> Vec<String> {
        let (abef, cdgh) = (self.abef(), self.cdgh());
        lines([
            format!("vmovdqa {SUMS}, {}", of(name, offset)),
            format!("sha256rnds2 {cdgh}, {abef}"),
            format!("vmovdqa {SUMS}, {}", of(name, offset + 16)),
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

fn score() -> String {
    let voices: Vec<Vec<Step>> = (0..VOICES).map(|number| Voice { number }.steps()).collect();
    let beats: Vec<(usize, usize)> = (0..STEPS)
        .flat_map(|turn| (0..VOICES).map(move |voice| (voice, (turn + AHEAD[voice]) % STEPS)))
        .collect();
    let mut out = String::from(
        "# Written by tests/score.rs, which says what this is. Not to be changed by hand.\n",
    );
    let mut put = |line: &str| writeln!(out, "{line}").expect("a string takes it");
    put("    vpxor xmm15, xmm15, xmm15");
    // Of the first turn only the first voice's nonce is ours.
    put("    mov r9d, 8");
    put("    sub rsi, 32");
    for line in (Voice { number: 0 }).begin() {
        put(&format!("    {line}"));
    }
    put("    add rsi, 32");
    put("2:");
    for (number, (voice, step)) in beats.iter().enumerate() {
        let (other, next) = beats[(number + EARLY) % beats.len()];
        put(&format!(
            "# voice {voice}: rounds of step {step}; voice {other}: words of step {next}"
        ));
        for line in merged(&voices[*voice][*step].rounds, &voices[other][next].words) {
            put(&format!("    {line}"));
        }
    }
    put("# The four top words that came out, as numbers, against the limit.");
    for line in [
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
    ] {
        put(&format!("    {line}"));
    }
    put("3:");
    for line in ["shl rdx, 4", "or rax, rdx", "ret"] {
        put(&format!("    {line}"));
    }
    out
}

#[test]
fn assembly_is_what_the_score_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/x86/sha_ni_scan.s");
    let score = score();
    if std::env::var_os("STANNARY_BLESS").is_some() {
        std::fs::write(path, &score).expect("the source folder can be written to");
    }
    let there = std::fs::read_to_string(path).expect("the file is in the repository");
    assert!(
        there == score,
        "run with STANNARY_BLESS=1 to write src/x86/sha_ni_scan.s anew"
    );
}
