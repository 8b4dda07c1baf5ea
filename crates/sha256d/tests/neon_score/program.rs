//! A program: operations on values, in the order of thought.

/// A value: four words in a register. Each is written once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Value(pub(super) usize);

/// Registers of the ARM side that point into memory. Each load and store moves one on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pointer {
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
    pub(super) fn register(self) -> &'static str {
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
    pub(super) fn aligned(self) -> &'static str {
        match self {
            Pointer::Nonces | Pointer::Constants => "",
            _ => ":128",
        }
    }
}

pub(super) enum Kind {
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

pub(super) struct Op {
    pub(super) kind: Kind,
    pub(super) reads: Vec<Value>,
    pub(super) writes: Option<Value>,
    /// Comes after these, whatever it reads.
    pub(super) after: Vec<usize>,
}

use std::collections::HashMap;

#[derive(Default)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) values: usize,
    pub(super) last_by_pointer: HashMap<Pointer, usize>,
    pub(super) last_move: Option<usize>,
}

impl Program {
    pub(super) fn push(&mut self, kind: Kind, reads: &[Value], after: &[usize]) -> usize {
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

    pub(super) fn value(&mut self, kind: Kind, reads: &[Value]) -> Value {
        let op = self.push(kind, reads, &[]);
        self.ops[op].writes.expect("the kind has a result")
    }

    /// The next constant.
    pub(super) fn constant(&mut self) -> Value {
        self.value(Kind::Splat, &[])
    }
    pub(super) fn load(&mut self, from: Pointer) -> Value {
        self.value(Kind::Load(from), &[])
    }
    /// What was stored by this operation, or before it.
    pub(super) fn load_stored(&mut self, from: Pointer, store: usize) -> Value {
        let op = self.push(Kind::Load(from), &[], &[store]);
        self.ops[op].writes.expect("a load has a result")
    }
    pub(super) fn store(&mut self, to: Pointer, value: Value) -> usize {
        self.push(Kind::Store(to), &[value], &[])
    }
    pub(super) fn move_pointer(&mut self, pointer: Pointer, instruction: &'static str) {
        self.push(Kind::Move(pointer, instruction), &[], &[]);
    }
    pub(super) fn add(&mut self, a: Value, b: Value) -> Value {
        self.value(Kind::Plain("vadd.i32", None), &[a, b])
    }
    pub(super) fn xor(&mut self, a: Value, b: Value) -> Value {
        self.value(Kind::Plain("veor", None), &[a, b])
    }
    pub(super) fn shifted(&mut self, x: Value, n: u32) -> Value {
        self.value(Kind::Plain("vshr.u32", Some(n)), &[x])
    }
    /// Two instructions: a shift, and a shift that inserts.
    pub(super) fn rotated(&mut self, x: Value, n: u32) -> Value {
        let left = self.value(Kind::Plain("vshl.i32", Some(32 - n)), &[x]);
        self.value(Kind::InPlace("vsri.32", Some(n)), &[left, x])
    }
    pub(super) fn big(&mut self, x: Value, by: [u32; 3]) -> Value {
        let [a, b, c] = by;
        let (a, b) = (self.rotated(x, a), self.rotated(x, b));
        let two = self.xor(a, b);
        let c = self.rotated(x, c);
        self.xor(two, c)
    }
    pub(super) fn small(&mut self, x: Value, by: [u32; 2], shift: u32) -> Value {
        let [a, b] = by;
        let (a, b) = (self.rotated(x, a), self.rotated(x, b));
        let two = self.xor(a, b);
        let c = self.shifted(x, shift);
        self.xor(two, c)
    }
    pub(super) fn small0(&mut self, x: Value) -> Value {
        self.small(x, [7, 18], 3)
    }
    pub(super) fn small1(&mut self, x: Value) -> Value {
        self.small(x, [17, 19], 10)
    }
    pub(super) fn sum(&mut self, terms: &[Value]) -> Value {
        let (first, rest) = terms.split_first().expect("a sum has terms");
        rest.iter().fold(*first, |sum, term| self.add(sum, *term))
    }
}
