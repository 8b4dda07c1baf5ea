//! What is ever touched on the buses, and what it says. Nothing is powered, reset or set.
//!
//! Each transaction is a read, or a register's number and a read; no part is sent a command.
//!
//! | bus | address | transaction | why it does no harm |
//! |---|---|---|---|
//! | hashboards | 0x50 and the slot | memory: its address byte, then a read, byte by byte | an address alone changes nothing in a memory; the plain controllers of the S9 at 0x55 to 0x57, which look for 55 AA, are not among them |
//! | hashboards | 0x48, 0x4C and the slot | thermometer: register 0, two bytes | a register's number only moves the part's pointer |
//! | hashboards | 0x20 and the slot; 0x55 to 0x57 | one byte, nothing written | a controller gives the next byte of an answer that nobody waits for: no daemon may run |
//! | supply | 0x10 | one byte, nothing written | as above; what type it is would need a packet, and none is sent to a supply |
//!
//! Behind an FPGA's engine a part that is absent may read as some byte. What does not prove itself
//! by a checksum is called *unproven* there.

use drivers::parts::hashboard_memory::{self, HashboardMemory};
use drivers::parts::{PartErrorKind, lm75};
use hal::{BusError, BusId, BusJob, BusOp, BusPort, I2cMaster};
use units::{Duration, Instant};

/// First addresses; each further slot is one higher.
const MEMORY: u8 = 0x50;
const THERMOMETERS: [u8; 2] = [0x48, 0x4C];
const CONTROLLER: u8 = 0x20;
/// Plain controllers, on the three slots of an S9.
const PLAIN_CONTROLLER: u8 = 0x55;
const PLAIN_SLOTS: u8 = 3;
const SUPPLY: u8 = 0x10;
/// One list: a memory behind the slowest engine takes a tenth of it.
const WITHIN: Duration = Duration::from_secs(3);

/// Whatever can run lists on a machine's buses.
pub(super) trait Buses {
    /// Run one list; `None` where there is no such bus.
    fn run(&mut self, bus: BusId, ops: Vec<BusOp>) -> Option<Result<Vec<Vec<u8>>, BusError>>;
    /// On this bus a part that is absent is told from one that is there.
    fn tells_absence(&self, bus: BusId) -> bool;
}

/// Whether something is at an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Presence {
    /// It acknowledged.
    Answers,
    /// Nobody acknowledged.
    Absent,
    /// Something was read, and it may be nothing.
    Unproven,
    /// The bus is absent or did not work.
    Unknown,
}

/// What a hashboard's memory is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Memory {
    /// It was read and its checksum is right.
    Read(Box<HashboardMemory>),
    /// It begins with a header whose layout is not public.
    Closed(u16),
    /// It holds nothing that is known; why, in words.
    Unreadable(String),
    /// There is none, or nothing can be said of it.
    None(Presence),
}

/// What was found on one slot's part of the bus.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Slot {
    pub(super) memory: Memory,
    /// At 0x20 and the slot.
    pub(super) controller: Presence,
    /// At 0x55 and the slot.
    pub(super) plain_controller: Presence,
    /// Address and degrees Celsius.
    pub(super) temperatures: Vec<(u8, f64)>,
}

/// Look at the parts of one slot. What went wrong on the bus itself is appended.
pub(super) fn slot(buses: &mut dyn Buses, slot: u8, wrong: &mut Vec<BusError>) -> Slot {
    let mut temperatures = Vec::new();
    for first in THERMOMETERS {
        let address = first + slot;
        let ops = vec![transfer(address, &[0], 2)];
        let read = ask(buses, BusId::Hashboards, ops, wrong);
        let bytes = read.ok().and_then(|mut reads| reads.pop());
        let degrees = bytes.and_then(|bytes| lm75::celsius(&bytes).ok());
        // A bus that cannot tell of absence shows zeros, all ones, or what came last.
        let told = buses.tells_absence(BusId::Hashboards);
        let plausible = |c: &f64| told || (1.0..125.0).contains(c);
        if let Some(c) = degrees.map(units::Celsius::c).filter(plausible) {
            temperatures.push((address, c));
        }
    }
    Slot {
        memory: memory(buses, slot, wrong),
        controller: presence(buses, BusId::Hashboards, CONTROLLER + slot, wrong),
        plain_controller: match slot < PLAIN_SLOTS {
            true => presence(buses, BusId::Hashboards, PLAIN_CONTROLLER + slot, wrong),
            false => Presence::Unknown,
        },
        temperatures,
    }
}

/// Whether a supply is on its bus.
pub(super) fn supply(buses: &mut dyn Buses, wrong: &mut Vec<BusError>) -> Presence {
    presence(buses, BusId::Supply, SUPPLY, wrong)
}

fn memory(buses: &mut dyn Buses, slot: u8, wrong: &mut Vec<BusError>) -> Memory {
    let at = drivers::parts::at24c02::At24c02::at(MEMORY + slot);
    let reads = match ask(buses, BusId::Hashboards, hashboard_memory::ask(at), wrong) {
        Ok(reads) => reads,
        Err(presence) => return Memory::None(presence),
    };
    let error = match hashboard_memory::read(&reads) {
        Ok(memory) => return Memory::Read(Box::new(memory)),
        Err(error) => error,
    };
    match error.kind {
        PartErrorKind::Unknown { found, .. } if found & 0xFF == 0x11 => {
            Memory::Closed(u16::try_from(found).unwrap_or(u16::MAX))
        }
        // The same byte all over is what a bus shows that nobody drives.
        PartErrorKind::Blank if !buses.tells_absence(BusId::Hashboards) => {
            Memory::None(Presence::Unproven)
        }
        _ => Memory::Unreadable(error.to_string()),
    }
}

fn presence(buses: &mut dyn Buses, bus: BusId, address: u8, wrong: &mut Vec<BusError>) -> Presence {
    match ask(buses, bus, vec![transfer(address, &[], 1)], wrong) {
        Ok(_) if buses.tells_absence(bus) => Presence::Answers,
        Ok(_) => Presence::Unproven,
        Err(presence) => presence,
    }
}

fn ask(
    buses: &mut dyn Buses,
    bus: BusId,
    ops: Vec<BusOp>,
    wrong: &mut Vec<BusError>,
) -> Result<Vec<Vec<u8>>, Presence> {
    // Each try at a stuck bus waits for its master's limit: one is enough.
    if wrong.contains(&BusError::Stuck) {
        return Err(Presence::Unknown);
    }
    match buses.run(bus, ops) {
        Some(Ok(reads)) => Ok(reads),
        Some(Err(BusError::Nack)) => Err(Presence::Absent),
        // An FPGA's engine reads a byte at a time: no fault of the bus.
        Some(Err(BusError::Unsupported)) => Err(Presence::Unknown),
        Some(Err(error)) => {
            if !wrong.contains(&error) {
                wrong.push(error);
            }
            Err(Presence::Unknown)
        }
        None => Err(Presence::Unknown),
    }
}

fn transfer(address: u8, write: &[u8], read: u16) -> BusOp {
    BusOp::Transfer {
        address,
        write: write.to_vec(),
        read,
    }
}

/// Time as a bus passes it.
pub(super) trait Time {
    fn now(&mut self) -> Instant;
    fn pass_until(&mut self, at: Instant);
}

/// Run one list to its end.
pub(super) fn run_list(
    port: &mut BusPort<Box<dyn I2cMaster + Send>>,
    time: &mut dyn Time,
    bus: BusId,
    ops: Vec<BusOp>,
) -> Result<Vec<Vec<u8>>, BusError> {
    let job = BusJob {
        id: 0,
        bus,
        ops,
        within: WITHIN,
    };
    let refused = |done: hal::BusDone| done.error.unwrap_or(BusError::Unsupported);
    port.give(time.now(), job).map_err(refused)?;
    let mut done = Vec::new();
    loop {
        port.service(time.now(), &mut done);
        if let Some(done) = done.pop() {
            return done.error.map_or(Ok(done.reads), Err);
        }
        // A list that was taken always ends; a port without a next event would break that.
        let next = port.next_event().ok_or(BusError::Stuck)?;
        time.pass_until(next);
    }
}
