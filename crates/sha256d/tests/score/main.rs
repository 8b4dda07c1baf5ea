//! The order of the instructions in the assembly under `src/x86/sha_ni`, which this program writes.
//!
//! Four *voices* hash side by side and play the same *steps*. A step is the making of four words
//! of the schedule and four rounds with them. In every *beat* one voice plays its rounds, and the
//! voice before it makes the words of its next step: the two are merged instruction by
//! instruction, since the first is bound by latency and the second by ports.
//!
//! There are four pieces: `scan` (nonces of one midstate; a canon, in which each voice is a
//! quarter of the way behind the one before), `second` (both hashes from independent midstates),
//! `first` (midstates of independent blocks) and `whole` (headers), the last three in step,
//! because a canon takes a turn more to end. `one` is a single hash from its midstate, with no instruction too many: the
//! processor overlaps it with its neighbours as far as it can look ahead.
//!
//! After a change, `STANNARY_BLESS=1 cargo test -p sha256d --test score` writes the files anew.

mod one;
mod pieces;
mod voice;

use std::fmt::Write as _;

use one::one;
use voice::{Step, Voice};

const VOICES: usize = 4;
/// How many of the scan's thirty steps each voice is ahead of the first. Found by trial on a
/// Zen 3 core: any spread over the thirty is within a few percent of any other, and all in step
/// is slowest.
const AHEAD: [usize; VOICES] = [0, 7, 15, 22];
/// How many beats before its rounds a voice makes the words for them. Words for the first beats
/// are made at the end of the turn before.
const EARLY: usize = 3;

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
    "# Written by tests/score, which says what this is. Not to be changed by hand.\n";

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
