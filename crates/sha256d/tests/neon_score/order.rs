//! From a program to instructions: their order, and the registers.

use crate::program::*;
use crate::{FORWARD_LIMIT, LATENCY, REGISTERS, WINDOW};

/// An order in which results are waited for as little as may be.
pub(super) fn scheduled(program: &Program) -> Vec<usize> {
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
pub(super) fn freed(op: &Op, readers: &[usize]) -> usize {
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
pub(super) fn lines(program: &Program, order: &[usize]) -> Vec<String> {
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
    pub(super) fn lines(&self, to: Option<usize>, from: &[usize]) -> Vec<String> {
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
