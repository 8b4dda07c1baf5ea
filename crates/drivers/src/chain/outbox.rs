//! Effects on their way out, and how often a note may be repeated.

use std::collections::{BTreeMap, VecDeque};

use hal::{BoardOp, LinkOp, Order};
use telemetry::{Code, Note};
use units::{ChainSlot, Duration, Instant};

use super::api::Effect;

/// A condition that persists is told again after this long, not at every turn.
const REPEAT: Duration = Duration::from_secs(600);

/// Effects of one chain, in order.
pub(super) struct Outbox {
    pub(super) slot: ChainSlot,
    effects: VecDeque<Effect>,
    /// Commands given to the link.
    commands: u64,
    told: BTreeMap<Code, Instant>,
}

impl Outbox {
    pub(super) fn new(slot: ChainSlot) -> Self {
        Outbox {
            slot,
            effects: VecDeque::new(),
            commands: 0,
            told: BTreeMap::new(),
        }
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(super) fn link(&mut self, op: LinkOp) {
        self.commands += u64::from(matches!(op, LinkOp::Command(_)));
        self.push(Effect::Link(op));
    }

    /// Commands given to the link since the chain was made.
    pub(super) fn commands(&self) -> u64 {
        self.commands
    }

    pub(super) fn power(&mut self, on: bool) {
        self.push(Effect::Power(on));
    }

    pub(super) fn reset_line(&mut self, asserted: bool) {
        let slot = self.slot;
        let order = Order::Reset { slot, asserted };
        self.push(Effect::Board(BoardOp::Order(order)));
    }

    /// An outcome: told every time.
    pub(super) fn note(&mut self, now: Instant, code: Code, detail: String) {
        self.push(Effect::Note(Note {
            at: now,
            code,
            place: format!("chain {}", self.slot),
            detail,
        }));
    }

    /// A condition: told when it begins, and again after [`REPEAT`] if it is still there.
    pub(super) fn note_seldom(&mut self, now: Instant, code: Code, detail: String) {
        let recent = self.told.get(&code).is_some_and(|t| now.since(*t) < REPEAT);
        if !recent {
            self.told.insert(code, now);
            self.note(now, code, detail);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }
}
