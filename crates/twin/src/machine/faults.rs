//! Faults as data: what goes wrong, where and when.
//!
//! A plan says what happens to a machine; it is drawn by whoever runs the simulation,
//! or by [`FaultPlan::draw`] from a seed. Faults act as middleware on the serial lines
//! (bytes flipped, dropped, doubled, delayed) and on whole boards. What they really hit
//! is written in the [ledger](super::Ledger).

use units::{ChainSlot, ChipIndex, Duration, Instant, Rng};

use crate::parts::PartFault;

/// A direction of a serial line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Direction {
    /// Commands and work, from the host to the chips.
    ToChips,
    /// Answers, from the chips to the host (on an FPGA board: to the FPGA).
    ToHost,
}

/// Noise on one direction of one line during a span of time.
#[derive(Clone, PartialEq, Debug)]
pub struct Noise {
    /// The line.
    pub slot: ChainSlot,
    /// The direction.
    pub direction: Direction,
    /// From this instant on.
    pub from: Instant,
    /// Until just before this instant.
    pub until: Instant,
    /// Probability that one bit of a byte flips, per byte.
    pub flip: f64,
    /// Probability that a byte is lost, per byte.
    pub drop: f64,
    /// Probability that a byte arrives twice, per byte.
    pub duplicate: f64,
    /// Probability that the line pauses before a byte, per byte.
    pub delay: f64,
    /// Length of that pause. Later bytes wait too: order is kept.
    pub delay_for: Duration,
}

impl Noise {
    /// Noise that does nothing yet, for the whole run: set what it shall do.
    pub fn on(slot: ChainSlot, direction: Direction) -> Self {
        Noise {
            slot,
            direction,
            from: Instant::ZERO,
            until: Instant::NEVER,
            flip: 0.0,
            drop: 0.0,
            duplicate: 0.0,
            delay: 0.0,
            delay_for: Duration::ZERO,
        }
    }

    /// Probability that anything happens to a byte.
    pub(crate) fn per_byte(&self) -> f64 {
        (self.flip + self.drop + self.duplicate + self.delay).clamp(0.0, 1.0)
    }
}

/// A chain that loses its supply and comes back in the state of power-up: registers and
/// addresses gone, no work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// The chain.
    pub slot: ChainSlot,
    /// It falls silent at this instant.
    pub from: Instant,
    /// It is back, as after power-up, from this instant on.
    pub until: Instant,
}

impl Outage {
    pub(super) fn is_now(&self, now: Instant) -> bool {
        self.from <= now && now < self.until
    }
}

/// A chip that stops forwarding for good: it and all chips behind it are cut off in both
/// directions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeadChip {
    /// The chain.
    pub slot: ChainSlot,
    /// The chip, counted from the host.
    pub chip: ChipIndex,
    /// Dead from this instant on.
    pub from: Instant,
}

/// A board that is not what the machine's data says, for the whole run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoardFault {
    /// Nothing is plugged into the slot.
    Absent {
        /// The slot.
        slot: ChainSlot,
    },
    /// The board carries another number of chips.
    Chips {
        /// The slot.
        slot: ChainSlot,
        /// Chips really there.
        count: u16,
    },
    /// One of its chips tells another identity. It hashes like the others: what it would
    /// do with work of another kind nobody knows.
    Foreign {
        /// The slot.
        slot: ChainSlot,
        /// The chip, counted from the host.
        chip: ChipIndex,
        /// What stands in the upper half of its register 0x00.
        id: u16,
    },
}

/// Everything that goes wrong in one run. The default is: nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FaultPlan {
    /// Noise on lines. Entries for one line add up.
    pub noise: Vec<Noise>,
    /// Chains that fail and return.
    pub outages: Vec<Outage>,
    /// Boards that are pulled and seated again: no power, no signals, no parts on their bus, and the plug says so.
    /// The air goes on as if they were there.
    pub pulled: Vec<Outage>,
    /// Chips that die.
    pub dead_chips: Vec<DeadChip>,
    /// Boards that are not as expected.
    pub boards: Vec<BoardFault>,
    /// Parts beside the chips that fail, where the machine has them.
    pub parts: Vec<PartFault>,
}

impl FaultPlan {
    /// A plan drawn from `seed` for the chains in `slots` between `from` and `until`:
    /// light noise towards the host on every line (about one byte in 5,000 to 50,000 is
    /// hit), and one outage of 1 to 3 s on one chain. The rates are assumed: enough to
    /// damage some frames in a minute and to let most through.
    pub fn draw(seed: u64, slots: &[ChainSlot], from: Instant, until: Instant) -> Self {
        let mut rng = Rng::new(seed ^ 0xfa17);
        let mut plan = FaultPlan::default();
        for slot in slots {
            let rate = 1.0 / (5_000 + rng.below(45_000)) as f64;
            plan.noise.push(Noise {
                from,
                until,
                flip: rate * rng.unit_f64(),
                drop: rate * rng.unit_f64(),
                duplicate: rate * rng.unit_f64(),
                delay: rate * rng.unit_f64(),
                // Below the 20 ms of silence after which a host may give half a frame up.
                delay_for: Duration::from_millis(1 + rng.below(10)),
                ..Noise::on(*slot, Direction::ToHost)
            });
        }
        let span = until.since(from).as_millis() as u64;
        if let Some(slot) = slots.get(rng.below(slots.len() as u64) as usize) {
            let start = from + Duration::from_millis(rng.below(span.max(1)));
            plan.outages.push(Outage {
                slot: *slot,
                from: start,
                until: start + Duration::from_millis(1000 + rng.below(2000)),
            });
        }
        plan
    }
}
