//! The order of the instructions in `src/arm/neon_scan.s` and `src/arm/neon_compress.s`, which
//! this file writes.
//!
//! Stable Rust has no NEON intrinsics for armv7, so this is a small compiler for two programs:
//! the arithmetic of SHA-256 is written down once as operations on values, in the order of
//! thought; a list scheduler takes from the next of them what need not wait, as long as the
//! sixteen registers last; and registers are given out in that order.
//!
//! After a change, `STANNARY_BLESS=1 cargo test -p sha256d --test neon_score` writes the files
//! anew.

use std::collections::HashMap;
use std::fmt::Write as _;

/// Vector registers of armv7.
const REGISTERS: usize = 16;
/// Values that may live when an operation is drawn forward: the others need the rest.
const FORWARD_LIMIT: usize = 15;
/// How far ahead operations are looked for.
const WINDOW: usize = 40;
/// Instructions from one to another that needs its result, where that can be had (assumed: the
/// NEON unit of Cortex-A8 gives results after two to four).
const LATENCY: usize = 4;

/// A value: four words in a register. Each is written once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Value(usize);

/// Registers of the ARM side that point into memory. Each load and store moves one on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Pointer {
    /// Constants, one word each.
    Constants,
    /// What is hashed: nonces, or the words of a block.
    Nonces,
    Block,
    /// Words of the schedule: seven before the one in the making, fifteen before, and it.
    Back7,
    Back15,
    Made,
    /// The state, in and out.
    State,
    StateOut,
}

impl Pointer {
    fn register(self) -> &'static str {
        match self {
            Pointer::Constants => "r12",
            Pointer::Nonces | Pointer::Block => "r1",
            Pointer::Back7 => "r5",
            Pointer::Back15 => "r4",
            Pointer::Made => "r6",
            Pointer::State => "r0",
            Pointer::StateOut => "r2",
        }
    }

    /// What comes in fours lies on a multiple of sixteen, but for the nonces.
    fn aligned(self) -> &'static str {
        match self {
            Pointer::Nonces | Pointer::Constants => "",
            _ => ":128",
        }
    }
}

enum Kind {
    /// Two operands and an immediate, or fewer; the name with its type.
    Plain(&'static str, Option<u32>),
    /// The first operand is overwritten by the result.
    InPlace(&'static str, Option<u32>),
    /// Four words.
    Load(Pointer),
    /// One word, four times.
    Splat,
    Store(Pointer),
    /// An instruction that moves a pointer.
    Move(Pointer, &'static str),
    /// Whether any lane is set, into r4 and r5.
    Hits,
}

struct Op {
    kind: Kind,
    reads: Vec<Value>,
    writes: Option<Value>,
    /// Comes after these, whatever it reads.
    after: Vec<usize>,
}

#[derive(Default)]
struct Program {
    ops: Vec<Op>,
    values: usize,
    last_by_pointer: HashMap<Pointer, usize>,
    last_move: Option<usize>,
}

impl Program {
    fn push(&mut self, kind: Kind, reads: &[Value], after: &[usize]) -> usize {
        let mut after = after.to_vec();
        let pointer = match kind {
            Kind::Load(p) | Kind::Store(p) | Kind::Move(p, _) => Some(p),
            Kind::Splat => Some(Pointer::Constants),
            _ => None,
        };
        if let Some(p) = pointer {
            after.extend(self.last_by_pointer.insert(p, self.ops.len()));
            // It may be made of another pointer.
            after.extend(self.last_move);
        }
        if let Kind::Move(..) = kind {
            self.last_move = Some(self.ops.len());
        }
        let writes = match kind {
            Kind::Store(_) | Kind::Move(..) | Kind::Hits => None,
            _ => {
                self.values += 1;
                Some(Value(self.values - 1))
            }
        };
        self.ops.push(Op {
            kind,
            reads: reads.to_vec(),
            writes,
            after,
        });
        self.ops.len() - 1
    }

    fn value(&mut self, kind: Kind, reads: &[Value]) -> Value {
        let op = self.push(kind, reads, &[]);
        self.ops[op].writes.expect("the kind has a result")
    }

    /// The next constant.
    fn constant(&mut self) -> Value {
        self.value(Kind::Splat, &[])
    }
    fn load(&mut self, from: Pointer) -> Value {
        self.value(Kind::Load(from), &[])
    }
    /// What was stored by this operation, or before it.
    fn load_stored(&mut self, from: Pointer, store: usize) -> Value {
        let op = self.push(Kind::Load(from), &[], &[store]);
        self.ops[op].writes.expect("a load has a result")
    }
    fn store(&mut self, to: Pointer, value: Value) -> usize {
        self.push(Kind::Store(to), &[value], &[])
    }
    fn move_pointer(&mut self, pointer: Pointer, instruction: &'static str) {
        self.push(Kind::Move(pointer, instruction), &[], &[]);
    }
    fn add(&mut self, a: Value, b: Value) -> Value {
        self.value(Kind::Plain("vadd.i32", None), &[a, b])
    }
    fn xor(&mut self, a: Value, b: Value) -> Value {
        self.value(Kind::Plain("veor", None), &[a, b])
    }
    fn shifted(&mut self, x: Value, n: u32) -> Value {
        self.value(Kind::Plain("vshr.u32", Some(n)), &[x])
    }
    /// Two instructions: a shift, and a shift that inserts.
    fn rotated(&mut self, x: Value, n: u32) -> Value {
        let left = self.value(Kind::Plain("vshl.i32", Some(32 - n)), &[x]);
        self.value(Kind::InPlace("vsri.32", Some(n)), &[left, x])
    }
    fn big(&mut self, x: Value, by: [u32; 3]) -> Value {
        let [a, b, c] = by;
        let (a, b) = (self.rotated(x, a), self.rotated(x, b));
        let two = self.xor(a, b);
        let c = self.rotated(x, c);
        self.xor(two, c)
    }
    fn small(&mut self, x: Value, by: [u32; 2], shift: u32) -> Value {
        let [a, b] = by;
        let (a, b) = (self.rotated(x, a), self.rotated(x, b));
        let two = self.xor(a, b);
        let c = self.shifted(x, shift);
        self.xor(two, c)
    }
    fn small0(&mut self, x: Value) -> Value {
        self.small(x, [7, 18], 3)
    }
    fn small1(&mut self, x: Value) -> Value {
        self.small(x, [17, 19], 10)
    }
    fn sum(&mut self, terms: &[Value]) -> Value {
        let (first, rest) = terms.split_first().expect("a sum has terms");
        rest.iter().fold(*first, |sum, term| self.add(sum, *term))
    }
}

/// The words a to g before a round, and h with the round's constant and word added.
#[derive(Clone, Copy)]
struct State {
    a_to_g: [Value; 7],
    h: Value,
}

impl State {
    /// A round. `next` is what is added to the next h: the sum of the next round's constant and
    /// word.
    ///
    /// It is added to g before the choice overwrites g, which is the next h: so the choice needs
    /// no copy.
    fn round(self, program: &mut Program, next: Value) -> State {
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
    fn half_round(self, program: &mut Program, next: Option<Value>) -> State {
        let (next_e, t1, next_h) = self.half(program, next);
        let [a, b, c, _, e, f, _] = self.a_to_g;
        State {
            a_to_g: [t1, a, b, c, next_e, e, f],
            h: next_h.unwrap_or(t1),
        }
    }

    fn half(self, program: &mut Program, next: Option<Value>) -> (Value, Value, Option<Value>) {
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
struct Schedule {
    /// Those still in registers, by number.
    near: HashMap<usize, Value>,
    /// The operations that have stored words.
    stored: HashMap<usize, usize>,
}

impl Schedule {
    fn new() -> Self {
        Schedule {
            near: HashMap::new(),
            stored: HashMap::new(),
        }
    }

    fn near(&self, t: usize) -> Value {
        self.near[&t]
    }

    fn back(&mut self, program: &mut Program, pointer: Pointer, t: usize) -> Value {
        let value = program.load_stored(pointer, self.stored[&t]);
        if let Pointer::Back15 = pointer {
            // The next word begins with it.
            self.near.insert(t, value);
        }
        value
    }

    fn made(&mut self, program: &mut Program, t: usize, word: Value, store: bool) {
        self.near.insert(t, word);
        if store {
            self.stored.insert(t, program.store(Pointer::Made, word));
        }
    }

    /// A word by the whole rule.
    fn whole(&mut self, program: &mut Program, t: usize) -> Value {
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
fn scan() -> Program {
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
fn first_hash(p: &mut Program, nonce: Value) -> [Value; 8] {
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
fn first_word(p: &mut Program, schedule: &mut Schedule, nonce: Value, t: usize) -> Value {
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
fn second_hash(p: &mut Program, first: [Value; 8]) {
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
fn second_word(p: &mut Program, schedule: &mut Schedule, t: usize) -> Value {
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
fn compress() -> Program {
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

/// An order in which results are waited for as little as may be.
fn scheduled(program: &Program) -> Vec<usize> {
    let ops = &program.ops;
    let mut maker = vec![None; program.values];
    let mut readers = vec![0; program.values];
    for (number, op) in ops.iter().enumerate() {
        for value in &op.reads {
            readers[value.0] += 1;
        }
        if let Some(value) = op.writes {
            maker[value.0] = Some(number);
        }
    }
    // What comes before each, and how long before.
    let before: Vec<Vec<(usize, usize)>> = ops
        .iter()
        .enumerate()
        .map(|(number, op)| {
            let made = op.reads.iter().map(|value| {
                let maker = maker[value.0].expect("every value is made");
                (maker, LATENCY)
            });
            let mut before: Vec<_> = made.collect();
            before.extend(op.after.iter().map(|other| (*other, 1)));
            if let Kind::InPlace(..) = op.kind {
                // The others that read what is overwritten.
                let tied = op.reads[0];
                let others = ops
                    .iter()
                    .enumerate()
                    .filter(|(other, op)| *other != number && op.reads.contains(&tied));
                before.extend(others.map(|(other, _)| (other, 1)));
            }
            before
        })
        .collect();
    let mut at = vec![None; ops.len()];
    let mut order = Vec::new();
    let (mut now, mut first, mut live) = (0, 0, 0_usize);
    while order.len() < ops.len() {
        while at[first].is_some() {
            first += 1;
        }
        let window = (first..ops.len().min(first + WINDOW)).filter(|number| at[*number].is_none());
        // The first of those that wait least.
        let mut best: Option<(usize, usize)> = None;
        for number in window {
            let ready = before[number]
                .iter()
                .try_fold(0, |ready, (other, latency)| {
                    at[*other].map(|at: usize| ready.max(at + latency))
                });
            let Some(ready) = ready else { continue };
            let freed = freed(&ops[number], &readers);
            let after = live + usize::from(ops[number].writes.is_some()) - freed;
            let limit = if number == first {
                REGISTERS
            } else {
                FORWARD_LIMIT
            };
            if after > limit && after > live {
                continue;
            }
            let ready = ready.max(now);
            if best.is_none_or(|(least, _)| ready < least) {
                best = Some((ready, number));
            }
        }
        let (ready, number) = best.expect("sixteen registers are enough");
        live = live + usize::from(ops[number].writes.is_some()) - freed(&ops[number], &readers);
        for value in &ops[number].reads {
            readers[value.0] -= 1;
        }
        at[number] = Some(ready);
        now = ready + 1;
        order.push(number);
    }
    order
}

/// Values that nothing reads after this operation.
fn freed(op: &Op, readers: &[usize]) -> usize {
    let mut values = op.reads.clone();
    values.sort_by_key(|value| value.0);
    values.dedup();
    values
        .iter()
        .filter(|value| {
            let here = op.reads.iter().filter(|read| read == value).count();
            readers[value.0] == here
        })
        .count()
}

/// The instructions in this order, with registers.
fn lines(program: &Program, order: &[usize]) -> Vec<String> {
    let mut readers = vec![0; program.values];
    for op in &program.ops {
        for value in &op.reads {
            readers[value.0] += 1;
        }
    }
    let mut free: Vec<usize> = (0..REGISTERS).rev().collect();
    let mut register = vec![None; program.values];
    let mut out = Vec::new();
    for number in order {
        let op = &program.ops[*number];
        let from: Vec<usize> = op
            .reads
            .iter()
            .map(|value| register[value.0].expect("it is made before it is read"))
            .collect();
        for value in &op.reads {
            readers[value.0] -= 1;
            if readers[value.0] == 0 {
                free.push(register[value.0].expect("it has a register"));
            }
        }
        let to = op.writes.map(|value| {
            let to = match op.kind {
                Kind::InPlace(..) => {
                    assert_eq!(readers[op.reads[0].0], 0, "nothing reads it afterwards");
                    let place = free.iter().position(|free| *free == from[0]);
                    free.remove(place.expect("it is free"))
                }
                _ => free.pop().expect("a register is free"),
            };
            register[value.0] = Some(to);
            to
        });
        out.extend(op.kind.lines(to, &from));
    }
    out
}

impl Kind {
    fn lines(&self, to: Option<usize>, from: &[usize]) -> Vec<String> {
        let q = |register: usize| format!("q{register}");
        let pair = |register: usize| format!("d{}-d{}", 2 * register, 2 * register + 1);
        let target = to.unwrap_or_default();
        let mut operands = match self {
            Kind::InPlace(..) => vec![q(target)],
            _ => vec![q(target), q(from.first().copied().unwrap_or_default())],
        };
        operands.extend(from.iter().skip(1).map(|register| q(*register)));
        match self {
            Kind::Plain(name, number) | Kind::InPlace(name, number) => {
                operands.extend(number.map(|number| format!("#{number}")));
                vec![format!("{name} {}", operands.join(", "))]
            }
            Kind::Load(p) => vec![format!(
                "vld1.32 {{{}}}, [{}{}]!",
                pair(target),
                p.register(),
                p.aligned()
            )],
            Kind::Splat => vec![format!(
                "vld1.32 {{d{}[], d{}[]}}, [{}]!",
                2 * target,
                2 * target + 1,
                Pointer::Constants.register()
            )],
            Kind::Store(p) => vec![format!(
                "vst1.32 {{{}}}, [{}{}]!",
                pair(from[0]),
                p.register(),
                p.aligned()
            )],
            Kind::Move(_, line) => vec![line.to_string()],
            // All bits of a lane are alike.
            Kind::Hits => vec![
                format!("vshrn.i32 d{}, q{}, #16", 2 * from[0], from[0]),
                format!("vmov r4, r5, d{}", 2 * from[0]),
            ],
        }
    }
}

/// What a function has around its instructions: registers that a caller keeps, and the loop.
fn function(program: &Program, begin: &[&str], end: &[&str]) -> String {
    let mut out = String::from(
        "@ Written by tests/neon_score.rs, which says what this is. Not to be changed by hand.\n",
    );
    let order = scheduled(program);
    let body = lines(program, &order);
    let body = body.iter().map(String::as_str);
    for line in begin.iter().copied().chain(body).chain(end.iter().copied()) {
        let indent = if line.ends_with(':') { "" } else { "    " };
        writeln!(out, "{indent}{line}").expect("a string takes it");
    }
    out
}

const BEGIN: [&str; 3] = [".fpu neon", "push {r4-r6, lr}", "vpush {d8-d15}"];
const END: [&str; 2] = ["vpop {d8-d15}", "pop {r4-r6, pc}"];

fn check(name: &str, score: &str) {
    let path = format!("{}/src/arm/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("STANNARY_BLESS").is_some() {
        std::fs::write(&path, score).expect("the source folder can be written to");
    }
    let there = std::fs::read_to_string(&path).expect("the file is in the repository");
    assert!(
        there == score,
        "run with STANNARY_BLESS=1 to write src/arm/{name} anew"
    );
}

#[test]
fn scan_is_what_the_score_says() {
    let [fpu, push, vpush] = BEGIN;
    let [vpop, pop] = END;
    let score = function(
        &scan(),
        &[fpu, push, vpush, "2:"],
        &[
            "orrs r4, r4, r5",
            "bne 3f",
            "subs r2, r2, #1",
            "bne 2b",
            "3:",
            "mov r0, r2",
            vpop,
            pop,
        ],
    );
    check("neon_scan.s", &score);
}

#[test]
fn compress_is_what_the_score_says() {
    check("neon_compress.s", &function(&compress(), &BEGIN, &END));
}
