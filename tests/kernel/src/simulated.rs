//! What the simulation says when the same happens: no kernel, the twin behind the ports, a virtual clock.

use std::collections::BTreeSet;

use sim::{World, WorldOptions};
use telemetry::Code;
use twin::machine::{BoardFault, FaultPlan, Outage};
use twin::parts::{Bus, Fault, PartFault, SensorFault};
use units::{ChainSlot, Duration, Instant};

/// The machine whose hashboard the test's is a small one of: the twin knows its heat and its supply.
const LIKE_IT: &str = "antminer-s21-pro";
/// Of so many works one is hashed, for speed: codes do not depend on it.
const THINNING: u32 = 64;
const SLOT: ChainSlot = ChainSlot(0);
/// It hashes long before this.
const FROM: Instant = Instant::from_millis(90_000);
/// By then everything was said of it.
const FOR: Duration = Duration::from_secs(30);
/// Index of the sensor behind the chips in the machine's list.
const OUTLET: usize = 1;

/// What the test does to a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happening {
    /// One of two fans stands.
    FanStands,
    /// The line to the chips is cut.
    PortCloses,
    /// A board is pulled while it hashes.
    BoardPulled,
    /// There is none from the beginning.
    BoardMissing,
    /// A board's sensors do not acknowledge.
    SensorsNack,
    /// Its bus does nothing.
    BusSilent,
    /// The sensor behind the chips shows 90 degrees.
    SensorHot,
}

/// The codes of faults, among all that the simulated daemon says of it.
pub fn simulated(happening: Happening) -> BTreeSet<Code> {
    let mut options = WorldOptions::whole(7, LIKE_IT);
    options.thinning = THINNING;
    options.faults = plan(happening);
    let mut world = World::new(options);
    world.run_for(FROM.since(Instant::ZERO) + FOR);
    let from = match happening {
        Happening::BoardMissing => Instant::ZERO,
        _ => {
            let up = |note: &&telemetry::Note| note.code == Code::ChainUp && note.at < FROM;
            assert!(world.notes.iter().any(|note| up(&note)), "it hashed");
            FROM
        }
    };
    let notes = world.notes.iter().filter(|note| note.at >= from);
    notes.map(|note| note.code).collect()
}

fn plan(happening: Happening) -> FaultPlan {
    let mut plan = FaultPlan::default();
    let until = FROM + FOR;
    let mut part = |what| {
        plan.parts.push(PartFault {
            from: FROM,
            until,
            what,
        });
    };
    let outage = Outage {
        slot: SLOT,
        from: FROM,
        until,
    };
    match happening {
        Happening::FanStands => part(Fault::Fan(1)),
        Happening::SensorsNack => part(Fault::BusNack(Bus::Hashboards)),
        Happening::BusSilent => part(Fault::BusStuck(Bus::Hashboards)),
        Happening::SensorHot => part(Fault::Sensor {
            slot: SLOT,
            sensor: OUTLET,
            fault: SensorFault::Shows(90.0),
        }),
        Happening::PortCloses => plan.outages.push(outage),
        Happening::BoardPulled => plan.pulled.push(outage),
        Happening::BoardMissing => plan.boards.push(BoardFault::Absent { slot: SLOT }),
    }
    plan
}
