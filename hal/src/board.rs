//! The control board's own port: the lines that the dead man keeps, and plug detection.

use units::{ChainSlot, Instant};

use crate::{Beats, DeadMan, Lines, Order, Refusal, Told};

/// What can be done to the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoardOp {
    /// Switch the power of one hashboard, on a machine without supply and controllers: a
    /// chain alone.
    Rail {
        /// The hashboard's slot.
        slot: ChainSlot,
        /// Power on or off.
        on: bool,
    },
    /// Something for the dead man.
    Order(Order),
    /// Report whether a hashboard is plugged in.
    ReadPlug {
        /// The slot to look at.
        slot: ChainSlot,
    },
}

/// What the board says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoardEvent {
    /// Answer to [`BoardOp::ReadPlug`].
    Plug {
        /// The slot.
        slot: ChainSlot,
        /// A hashboard is there.
        present: bool,
    },
    /// The other answer to [`BoardOp::ReadPlug`]: it could not be read, which says nothing of the board.
    PlugUnread {
        /// The slot.
        slot: ChainSlot,
        /// Errno, or 0.
        errno: i32,
    },
    /// An operation on this slot failed; the number is the errno where there is one.
    Failed {
        /// The slot.
        slot: ChainSlot,
        /// Errno, or 0.
        errno: i32,
    },
    /// The dead man has carried this out.
    Done(Order),
    /// The dead man refuses this.
    Refused(Order, Refusal),
    /// News of the dead man.
    Told(Told),
}

/// The control board.
pub trait BoardPort {
    /// Do one operation and append what came of it.
    fn apply(&mut self, now: Instant, op: BoardOp, events: &mut Vec<BoardEvent>);
    /// Do what is due and append what happened.
    fn poll(&mut self, now: Instant, events: &mut Vec<BoardEvent>);
    /// When [`poll`](Self::poll) must be called next.
    fn next_event(&self) -> Option<Instant>;
}

/// Whether hashboards are plugged in.
pub trait Plugs {
    /// A board is in this slot; an error is the errno, or 0.
    fn present(&mut self, now: Instant, slot: ChainSlot) -> Result<bool, i32>;
}

/// [`BoardPort`] of a board whose lines the dead man keeps.
pub struct GuardedBoard<L: Lines, P> {
    dead_man: DeadMan<L>,
    beats: Beats,
    plugs: P,
    told: Vec<Told>,
}

impl<L: Lines, P: Plugs> GuardedBoard<L, P> {
    /// A port over a dead man. `beats` counts the turns of the loops that he was made with.
    pub fn new(dead_man: DeadMan<L>, beats: Beats, plugs: P) -> Self {
        GuardedBoard {
            dead_man,
            beats,
            plugs,
            told: Vec::new(),
        }
    }

    fn pass_on(&mut self, now: Instant, events: &mut Vec<BoardEvent>) {
        self.dead_man.service(now, &mut self.told);
        events.extend(self.told.drain(..).map(BoardEvent::Told));
    }
}

impl<L: Lines, P: Plugs> BoardPort for GuardedBoard<L, P> {
    fn apply(&mut self, now: Instant, op: BoardOp, events: &mut Vec<BoardEvent>) {
        match op {
            // There is no such switch here.
            BoardOp::Rail { slot, .. } => events.push(BoardEvent::Failed { slot, errno: 0 }),
            BoardOp::ReadPlug { slot } => events.push(match self.plugs.present(now, slot) {
                Ok(present) => BoardEvent::Plug { slot, present },
                Err(errno) => BoardEvent::PlugUnread { slot, errno },
            }),
            BoardOp::Order(order) => {
                for (who, count) in self.beats.read() {
                    self.dead_man.heard(who, count);
                }
                events.push(match self.dead_man.order(now, order) {
                    Ok(()) => BoardEvent::Done(order),
                    Err(refusal) => BoardEvent::Refused(order, refusal),
                });
                self.pass_on(now, events);
            }
        }
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<BoardEvent>) {
        self.pass_on(now, events);
    }

    fn next_event(&self) -> Option<Instant> {
        self.dead_man.next_event()
    }
}

#[cfg(test)]
mod tests {
    use units::Duration;

    use super::*;
    use crate::{HashPower, Loop};

    struct NoLines;

    impl Lines for NoLines {
        fn supply(&mut self, _: Instant, _: bool) -> Result<(), i32> {
            Ok(())
        }
        fn reset(&mut self, _: Instant, _: ChainSlot, _: bool) -> Result<(), i32> {
            Ok(())
        }
        fn fans_full(&mut self, _: Instant, _: bool) -> Result<(), i32> {
            Ok(())
        }
    }

    struct Plug(Result<bool, i32>);

    impl Plugs for Plug {
        fn present(&mut self, _: Instant, _: ChainSlot) -> Result<bool, i32> {
            self.0
        }
    }

    #[test]
    fn a_plug_that_cannot_be_read_is_neither_there_nor_gone_nor_a_refused_order() {
        let slot = ChainSlot(1);
        for (found, told) in [
            (
                Ok(true),
                BoardEvent::Plug {
                    slot,
                    present: true,
                },
            ),
            (
                Ok(false),
                BoardEvent::Plug {
                    slot,
                    present: false,
                },
            ),
            (Err(5), BoardEvent::PlugUnread { slot, errno: 5 }),
        ] {
            let power = HashPower::EnableLine {
                off_before_on: Duration::ZERO,
            };
            let loops = [Loop::Fans];
            let dead_man = DeadMan::new(Instant::ZERO, power, &[slot], &loops, None, NoLines);
            let mut board = GuardedBoard::new(dead_man, Beats::new(&loops), Plug(found));
            let mut events = Vec::new();
            board.apply(Instant::ZERO, BoardOp::ReadPlug { slot }, &mut events);
            assert_eq!(events, [told]);
        }
    }
}
