//! The two programs: the arithmetic of SHA-256, written down once.

use std::collections::HashMap;

use crate::program::*;

/// The words a to g before a round, and h with the round's constant and word added.
#[derive(Clone, Copy)]
pub(super) struct State {
    a_to_g: [Value; 7],
    h: Value,
}

impl State {
    /// A round. `next` is what is added to the next h: the sum of the next round's constant and
    /// word.
    ///
    /// It is added to g before the choice overwrites g, which is the next h: so the choice needs
    /// no copy.
    pub(super) fn round(self, program: &mut Program, next: Value) -> State {
        let [a, b, c, ..] = self.a_to_g;
        let (next_e, t1, next_h) = self.half(program, Some(next));
        // Where a and b differ, c is of the majority.
        let differ = program.xor(a, b);
        let majority = program.value(Kind::InPlace("vbsl", None), &[differ, c, b]);
        let t1 = program.add(t1, majority);
        let big0 = program.big(a, [2, 13, 22]);
        let next_a = program.add(t1, big0);
        let [a, b, c, _, e, f, _] = self.a_to_g;
        State {
            a_to_g: [next_a, a, b, c, next_e, e, f],
            h: next_h.expect("there is a next round"),
        }
    }

    /// The half of a round that gives the next e, without the next a.
    pub(super) fn half_round(self, program: &mut Program, next: Option<Value>) -> State {
        let (next_e, t1, next_h) = self.half(program, next);
        let [a, b, c, _, e, f, _] = self.a_to_g;
        State {
            a_to_g: [t1, a, b, c, next_e, e, f],
            h: next_h.unwrap_or(t1),
        }
    }

    pub(super) fn half(
        self,
        program: &mut Program,
        next: Option<Value>,
    ) -> (Value, Value, Option<Value>) {
        let [_, _, _, d, e, f, g] = self.a_to_g;
        let next_h = next.map(|next| program.add(g, next));
        let big1 = program.big(e, [6, 11, 25]);
        let t1 = program.add(self.h, big1);
        let choice = program.value(Kind::InPlace("vbit", None), &[g, f, e]);
        let t1 = program.add(t1, choice);
        (program.add(d, t1), t1, next_h)
    }
}

/// The words of a schedule that are in registers or in memory.
pub(super) struct Schedule {
    /// Those still in registers, by number.
    near: HashMap<usize, Value>,
    /// The operations that have stored words.
    stored: HashMap<usize, usize>,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Schedule {
            near: HashMap::new(),
            stored: HashMap::new(),
        }
    }

    pub(super) fn near(&self, t: usize) -> Value {
        self.near[&t]
    }

    pub(super) fn back(&mut self, program: &mut Program, pointer: Pointer, t: usize) -> Value {
        let value = program.load_stored(pointer, self.stored[&t]);
        if let Pointer::Back15 = pointer {
            // The next word begins with it.
            self.near.insert(t, value);
        }
        value
    }

    pub(super) fn made(&mut self, program: &mut Program, t: usize, word: Value, store: bool) {
        self.near.insert(t, word);
        if store {
            self.stored.insert(t, program.store(Pointer::Made, word));
        }
    }

    /// A word by the whole rule.
    pub(super) fn whole(&mut self, program: &mut Program, t: usize) -> Value {
        let last = self.near(t - 16);
        let old = self.back(program, Pointer::Back15, t - 15);
        let small0 = program.small0(old);
        let back = self.back(program, Pointer::Back7, t - 7);
        let small1 = program.small1(self.near(t - 2));
        program.sum(&[last, small0, back, small1])
    }
}

/// Looking for nonces, four at a time. The constants come in the order of `Constants` in
/// `src/arm/neon_armv7.rs`.
pub(super) fn scan() -> Program {
    let mut program = Program::default();
    let p = &mut program;
    p.move_pointer(Pointer::Constants, "mov r12, r0");
    p.move_pointer(Pointer::Made, "mov r6, r3");
    p.move_pointer(Pointer::Back7, "mov r5, r3");
    p.move_pointer(Pointer::Back15, "mov r4, r3");
    let nonce = p.load(Pointer::Nonces);
    let state = first_hash(p, nonce);
    second_hash(p, state);
    program
}

/// Rounds 4 to 63 of a header's second block, and the addition of the midstate.
pub(super) fn first_hash(p: &mut Program, nonce: Value) -> [Value; 8] {
    let mut words = [(); 8].map(|()| p.constant());
    words[0] = p.add(words[0], nonce);
    words[4] = p.add(words[4], nonce);
    let [a, b, c, d, e, f, g, h] = words;
    let mut state = State {
        a_to_g: [a, b, c, d, e, f, g],
        h,
    };
    let mut schedule = Schedule::new();
    for t in 4..64 {
        let next = match t + 1 {
            // The constant is the midstate's last word.
            ..18 | 64 => p.constant(),
            next => {
                let word = first_word(p, &mut schedule, nonce, next);
                let constant = p.constant();
                p.add(word, constant)
            }
        };
        state = state.round(p, next);
    }
    let mut words = [state.h; 8];
    for (word, last) in words.iter_mut().zip(state.a_to_g) {
        let midstate = p.constant();
        *word = p.add(last, midstate);
    }
    words
}

/// The words 18 to 63 of a header's second block.
pub(super) fn first_word(
    p: &mut Program,
    schedule: &mut Schedule,
    nonce: Value,
    t: usize,
) -> Value {
    let mut terms = Vec::new();
    if matches!(t, 18 | 19 | 20 | 22..25 | 30..34) {
        terms.push(p.constant());
    }
    match t {
        18 => terms.push(p.small0(nonce)),
        19 => terms.push(nonce),
        _ => {}
    }
    if t == 33 {
        let word = schedule.back(p, Pointer::Back15, 18);
        terms.push(p.small0(word));
    }
    if (25..34).contains(&t) {
        terms.push(schedule.back(p, Pointer::Back7, t - 7));
    }
    if (20..34).contains(&t) {
        terms.push(p.small1(schedule.near(t - 2)));
    }
    let word = match t {
        ..34 => p.sum(&terms),
        _ => schedule.whole(p, t),
    };
    schedule.made(p, t, word, t <= 56);
    word
}

/// Rounds 0 to 60 of the hash of a hash, as far as they make the most significant word; and
/// whether it is at most the limit.
pub(super) fn second_hash(p: &mut Program, first: [Value; 8]) {
    // The words of this schedule are stored behind those of the first.
    p.move_pointer(Pointer::Back15, "add r4, r4, #128");
    let mut schedule = Schedule::new();
    schedule.near.insert(0, first[0]);
    for (t, word) in first.iter().enumerate().skip(1) {
        schedule.stored.insert(t, p.store(Pointer::Made, *word));
    }
    let mut words = [(); 8].map(|()| p.constant());
    words[0] = p.add(words[0], first[0]);
    words[4] = p.add(words[4], first[0]);
    let word = schedule.back(p, Pointer::Back7, 1);
    let [a, b, c, d, e, f, g, h] = words;
    let mut state = State {
        a_to_g: [a, b, c, d, e, f, g],
        h: p.add(h, word),
    };
    for t in 1..61 {
        let next = match t + 1 {
            61 => None,
            8..16 => Some(p.constant()),
            next => {
                let word = match next {
                    ..8 => schedule.back(p, Pointer::Back7, next),
                    _ => second_word(p, &mut schedule, next),
                };
                let constant = p.constant();
                Some(p.add(word, constant))
            }
        };
        state = match (t, next) {
            (..57, Some(next)) => state.round(p, next),
            (_, next) => state.half_round(p, next),
        };
    }
    let initial = p.constant();
    let top = p.add(state.a_to_g[4], initial);
    let number = p.value(Kind::Plain("vrev32.8", None), &[top]);
    let limit = p.constant();
    let hits = p.value(Kind::Plain("vcge.u32", None), &[limit, number]);
    let stored = p.store(Pointer::Made, hits);
    p.push(Kind::Hits, &[hits], &[stored]);
}

/// The words 16 to 60 of the block that hashes a hash.
pub(super) fn second_word(p: &mut Program, schedule: &mut Schedule, t: usize) -> Value {
    let mut terms = Vec::new();
    if (16..24).contains(&t) {
        terms.push(schedule.near(t - 16));
    }
    if matches!(t, 17 | 22..25 | 30..32) {
        terms.push(p.constant());
    }
    if matches!(t, 16..23 | 31) {
        let word = schedule.back(p, Pointer::Back15, t - 15);
        terms.push(p.small0(word));
    }
    if (23..32).contains(&t) {
        terms.push(schedule.back(p, Pointer::Back7, t - 7));
    }
    if (18..32).contains(&t) {
        terms.push(p.small1(schedule.near(t - 2)));
    }
    let word = match t {
        ..32 => p.sum(&terms),
        _ => schedule.whole(p, t),
    };
    schedule.made(p, t, word, t <= 53);
    word
}

/// One block of each of four messages.
pub(super) fn compress() -> Program {
    let mut program = Program::default();
    let p = &mut program;
    p.move_pointer(Pointer::Constants, "mov r12, r2");
    p.move_pointer(Pointer::StateOut, "mov r2, r0");
    p.move_pointer(Pointer::Back15, "mov r4, r1");
    p.move_pointer(Pointer::Back7, "add r5, r1, #144");
    p.move_pointer(Pointer::Made, "add r6, r1, #256");
    let [a, b, c, d, e, f, g, h] = [(); 8].map(|()| p.load(Pointer::State));
    p.move_pointer(Pointer::State, "sub r0, r0, #16");
    let mut schedule = Schedule::new();
    let next = |p: &mut Program, schedule: &mut Schedule, t: usize| {
        let word = match t {
            64 => return p.load(Pointer::State),
            ..16 => p.load(Pointer::Block),
            16 => {
                let word = p.load(Pointer::Back15);
                schedule.near.insert(0, word);
                schedule.whole(p, t)
            }
            _ => schedule.whole(p, t),
        };
        if t < 16 {
            schedule.near.insert(t, word);
            schedule.stored.insert(t, 0);
        } else {
            schedule.made(p, t, word, t <= 56);
        }
        let constant = p.constant();
        p.add(word, constant)
    };
    let first = next(p, &mut schedule, 0);
    let mut state = State {
        a_to_g: [a, b, c, d, e, f, g],
        h: p.add(h, first),
    };
    for t in 0..64 {
        let next = next(p, &mut schedule, t + 1);
        state = state.round(p, next);
    }
    p.move_pointer(Pointer::State, "sub r0, r0, #128");
    for word in state.a_to_g {
        let before = p.load(Pointer::State);
        let after = p.add(word, before);
        p.store(Pointer::StateOut, after);
    }
    p.store(Pointer::StateOut, state.h);
    program
}
