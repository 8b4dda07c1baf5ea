//! A hashboard's voltage controller as steps: the same list for every kind, each kind with
//! its own bytes.

use board_support::{VoltageController, VoltageControllerKind};
use hal::{BusDone, BusOp};
use units::{ChainSlot, Millivolts};

use crate::parts::pic16f1704::{self, Pic16f1704};
use crate::parts::pic16f1704_framed::{Pic16f1704Framed, Program};
use crate::parts::{CodedVoltage, FramedPic, OrderError, PartError, Rounding};
use crate::parts::{dspic33::Dspic33Framed, millivolts_ceil};

use super::wrong::Wrong;

/// The least that a rail may measure of what was ordered, in percent: the published check of
/// a stock host.
const RAIL_MIN_PERCENT: u64 = 75;

/// A controller at its address.
#[derive(Clone, Debug)]
pub(super) struct Controller {
    part: Part,
    about: VoltageController,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Plain(Pic16f1704),
    Framed(Pic16f1704Framed),
    Dspic(Dspic33Framed),
}

/// One step on the way up, or while it is up.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Step {
    /// Bring its parser to a beginning.
    Clear,
    /// To its loader: the rail goes off, and a controller that had given up starts afresh.
    Reset,
    /// To its application.
    Jump,
    /// Only a program that is known may be driven.
    Version,
    /// Set the rail before it is switched on, or while it is.
    Voltage(CodedVoltage),
    /// Switch the rail on.
    Enable,
    /// See that the rail is there: it is this, or more than three quarters of it.
    Rail(Millivolts),
    /// Switch the rail off.
    Disable,
    /// The host is alive.
    Heartbeat,
    /// The same without waiting for the answer, so that the bus is free meanwhile.
    Beat,
    /// The answer to it.
    Hear,
}

/// Which part of a list.
enum Half {
    Both,
    Say,
    Hear,
}

/// Nothing is read, and nothing waited for.
fn is_said(op: &BusOp) -> bool {
    matches!(op, BusOp::Transfer { read: 0, .. })
}

/// From nothing to a rail that is on. Steps that a kind does not have are empty.
pub(super) fn way_up(voltage: Option<CodedVoltage>, rail: Option<Millivolts>) -> Vec<Step> {
    let mut steps = vec![Step::Clear, Step::Reset, Step::Jump, Step::Version];
    steps.extend(voltage.map(Step::Voltage));
    steps.extend([Step::Heartbeat, Step::Enable]);
    steps.extend(rail.map(Step::Rail));
    steps
}

impl Controller {
    pub(super) fn new(about: &VoltageController, slot: ChainSlot) -> Self {
        use VoltageControllerKind::{Dspic33Framed as Dspic, Pic16f1704Framed, Pic16f1704Plain};
        let address = about.address.saturating_add(slot.0);
        let part = match about.kind {
            Pic16f1704Plain => Part::Plain(Pic16f1704::at(address)),
            Pic16f1704Framed => Part::Framed(self::Pic16f1704Framed::at(address)),
            Dspic => Part::Dspic(Dspic33Framed::at(address)),
        };
        Controller {
            part,
            about: about.clone(),
        }
    }

    /// The way to sensors behind it, if it relays any.
    pub(super) fn relay(&self) -> Option<Pic16f1704Framed> {
        match self.part {
            Part::Framed(part) => Some(part),
            Part::Plain(_) | Part::Dspic(_) => None,
        }
    }

    /// The code for a voltage, if this controller sets its rail.
    pub(super) fn code(
        &self,
        limits: &core::ops::RangeInclusive<u32>,
        mv: Millivolts,
    ) -> Option<Result<CodedVoltage, OrderError>> {
        let formula = self.about.code.as_ref()?;
        Some(CodedVoltage::new(
            formula,
            Rounding::Nearest,
            limits,
            mv.mv(),
        ))
    }

    /// What a code stands for.
    pub(super) fn stands_for(&self, code: u8) -> Option<Millivolts> {
        let formula = self.about.code.as_ref()?;
        Some(Millivolts::new(millivolts_ceil(formula, code)))
    }

    /// What to put on the bus for a step; empty if this kind has no such step.
    pub(super) fn list(&self, step: Step) -> Vec<BusOp> {
        let (step, half) = match step {
            Step::Beat => (Step::Heartbeat, Half::Say),
            Step::Hear => (Step::Heartbeat, Half::Hear),
            step => (step, Half::Both),
        };
        let mut ops = self.whole_list(step);
        let said = ops.iter().take_while(|op| is_said(op)).count();
        match half {
            Half::Both => {}
            Half::Say => ops.truncate(said),
            Half::Hear => drop(ops.drain(..said)),
        }
        ops
    }

    fn whole_list(&self, step: Step) -> Vec<BusOp> {
        match self.part {
            Part::Plain(part) => match step {
                Step::Clear => part.flush(),
                Step::Reset => part.reset(),
                Step::Jump => part.jump(),
                Step::Version => part.version(),
                Step::Voltage(voltage) => part.set_voltage(voltage),
                Step::Enable => part.enable(true),
                Step::Disable => part.enable(false),
                Step::Heartbeat | Step::Beat | Step::Hear => part.heartbeat(),
                // It reads back what was ordered and measures nothing.
                Step::Rail(_) => part.voltage(),
            },
            Part::Framed(part) => match step {
                Step::Rail(_) => part.rail(),
                step => framed_list(part, step),
            },
            Part::Dspic(part) => match step {
                Step::Voltage(voltage) => part.set_voltage(voltage),
                step => framed_list(part, step),
            },
        }
    }

    /// What the answer to a step's list says.
    pub(super) fn judge(&self, step: Step, done: &BusDone) -> Result<(), Wrong> {
        if let Some(error) = done.error {
            // What is drained is nobody's answer, and a part that was asleep has none.
            return if step == Step::Clear {
                Ok(())
            } else {
                Err(Wrong::Bus(error))
            };
        }
        let reads = done.reads.as_slice();
        match self.part {
            Part::Plain(_) => match step {
                Step::Version => pic16f1704::read_version(reads)?,
                Step::Rail(ordered) => {
                    let code = pic16f1704::read_voltage(reads)?;
                    self.rail(ordered, self.stands_for(code))?;
                }
                _ => {}
            },
            Part::Framed(part) => match step {
                Step::Version => match Pic16f1704Framed::read_program(reads)? {
                    Program::Application(_) => {}
                    Program::Loader => return Err(Wrong::StillLoader),
                },
                Step::Rail(ordered) => {
                    let mv = Pic16f1704Framed::read_rail_mv_floor(reads)?;
                    self.rail(ordered, Some(Millivolts::new(mv)))?;
                }
                step => framed_answer(part, step, reads)?,
            },
            Part::Dspic(part) => match step {
                Step::Version => drop(Dspic33Framed::read_version(reads)?),
                Step::Voltage(_) => Dspic33Framed::read_set_voltage(reads)?,
                step => framed_answer(part, step, reads)?,
            },
        }
        Ok(())
    }

    /// A rail that is measured, or read back, against what was ordered.
    fn rail(&self, ordered: Millivolts, found: Option<Millivolts>) -> Result<(), Wrong> {
        let Some(found) = found else {
            return Ok(());
        };
        let low = u64::from(found.mv()) * 100 < u64::from(ordered.mv()) * RAIL_MIN_PERCENT;
        match low {
            true => Err(Wrong::Rail { ordered, found }),
            false => Ok(()),
        }
    }
}

/// What all controllers that speak in frames have in common; empty for what they do not.
fn framed_list<P: Copy>(part: FramedPic<P>, step: Step) -> Vec<BusOp> {
    match step {
        Step::Clear => part.drain(),
        Step::Reset => part.reset(),
        Step::Jump => part.jump(),
        Step::Version => part.version(),
        Step::Enable => part.enable(true),
        Step::Disable => part.enable(false),
        Step::Heartbeat | Step::Beat | Step::Hear => part.heartbeat(),
        Step::Voltage(_) | Step::Rail(_) => Vec::new(),
    }
}

/// The answer to such a list; the part's version is for each to judge.
fn framed_answer<P: Copy>(_: FramedPic<P>, step: Step, reads: &[Vec<u8>]) -> Result<(), PartError> {
    match step {
        Step::Reset => FramedPic::<P>::read_reset(reads),
        Step::Jump => FramedPic::<P>::read_jump(reads),
        Step::Enable | Step::Disable => FramedPic::<P>::read_enable(reads),
        Step::Heartbeat | Step::Hear => FramedPic::<P>::read_heartbeat(reads),
        Step::Clear | Step::Version | Step::Beat | Step::Voltage(_) | Step::Rail(_) => Ok(()),
    }
}
