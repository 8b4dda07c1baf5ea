//! Parts by script, at the level of bytes, behind the list runner of every real bus. They know
//! as much of their protocols as these tests need.

use std::collections::VecDeque;

use board_support::Machine;
use hal::{BusDone, BusError, BusId, BusJob, BusPort, I2cMaster, I2cTransfer};
use units::{Duration, Instant, Rng};

/// A captured memory of an S19 Pro board (`tests/vectors/pic/eeprom-s19pro.json`, the first).
const MEMORY: &str = "11421735bf3ca4e3cb94abb3d4151fe60469c2cc1bbeef50c22cc64ceeb6ae04aef57febcd86bc41\
                      9b0e901623382c1c2f2fc2e2872e65bc2facc66968e5032a9bef";

/// What the parts do.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Type word of the supply.
    pub(crate) word: u16,
    pub(crate) apw_silent: bool,
    /// The supply says a code so much above the one that it was set to.
    pub(crate) apw_reads_off: u8,
    pub(crate) pic_silent: [bool; 3],
    pub(crate) memory_silent: bool,
    /// What the rail measures of 15 V.
    pub(crate) rail_percent: u32,
    /// Every byte read is drawn from this seed.
    pub(crate) garbage: Option<u64>,
}

impl Default for Script {
    fn default() -> Self {
        Script {
            word: 0x71,
            apw_silent: false,
            apw_reads_off: 0,
            pic_silent: [false; 3],
            memory_silent: false,
            rail_percent: 100,
            garbage: None,
        }
    }
}

/// The parts of one machine and the buses to them.
pub(crate) struct Parts {
    ports: [BusPort<Master>; 2],
    pub(crate) script: Script,
    pub(crate) log: Vec<String>,
    pub(crate) heartbeats: [u32; 3],
    pub(crate) pic_on: [bool; 3],
    pub(crate) apw_code: u8,
    refused: Vec<BusDone>,
    apw: Stream,
    pics: [Stream; 3],
    framed: bool,
    rng: Rng,
}

/// Bytes in and out of a part that speaks a byte at a time.
#[derive(Default)]
struct Stream {
    input: Vec<u8>,
    output: VecDeque<u8>,
}

/// Keeps the transaction in flight until the parts have looked at it.
#[derive(Default)]
struct Master {
    flight: Option<(u8, Vec<u8>, u16, Instant)>,
    result: Option<Result<Vec<u8>, BusError>>,
}

impl I2cMaster for Master {
    fn can(&self, _: I2cTransfer<'_>) -> bool {
        true
    }

    fn begin(&mut self, now: Instant, transfer: I2cTransfer<'_>) {
        let bytes = transfer.write.len() as u64 + u64::from(transfer.read);
        let at = now + Duration::from_micros(100 * (1 + bytes));
        let write = transfer.write.to_vec();
        self.flight = Some((transfer.address, write, transfer.read, at));
    }

    fn poll(&mut self, _: Instant) -> Option<Result<Vec<u8>, BusError>> {
        self.result.take()
    }

    fn abort(&mut self, _: Instant) {
        (self.flight, self.result) = (None, None);
    }

    fn next_event(&self) -> Option<Instant> {
        match (&self.result, &self.flight) {
            (Some(_), _) => Some(Instant::ZERO),
            (None, flight) => flight.as_ref().map(|f| f.3),
        }
    }
}

impl Parts {
    pub(crate) fn new(machine: &Machine, script: Script) -> Self {
        Parts {
            ports: [
                BusPort::new(&[BusId::Hashboards], Master::default()),
                BusPort::new(&[BusId::Supply], Master::default()),
            ],
            rng: Rng::new(script.garbage.unwrap_or(0)),
            script,
            log: Vec::new(),
            heartbeats: [0; 3],
            pic_on: [false; 3],
            apw_code: 0,
            refused: Vec::new(),
            apw: Stream::default(),
            pics: [(); 3].map(|()| Stream::default()),
            framed: machine.model != "antminer-s9",
        }
    }

    pub(crate) fn enabled(&mut self, on: bool) {
        self.log
            .push(format!("line {}", if on { "on" } else { "off" }));
        if !on {
            self.pic_on = [false; 3];
        }
    }

    pub(crate) fn give(&mut self, now: Instant, job: BusJob) {
        let port = &mut self.ports[usize::from(job.bus == BusId::Supply)];
        if let Err(done) = port.give(now, job) {
            self.refused.push(done);
        }
    }

    pub(crate) fn next_event(&self) -> Option<Instant> {
        let ports = self.ports.iter().filter_map(BusPort::next_event);
        ports.min()
    }

    pub(crate) fn service(&mut self, now: Instant) -> Vec<BusDone> {
        let mut done = std::mem::take(&mut self.refused);
        for i in 0..2 {
            let flight = self.ports[i].master().flight.take_if(|f| f.3 <= now);
            if let Some((address, write, read, _)) = flight {
                let result = self.transfer(address, &write, read);
                self.ports[i].master().result = Some(result);
            }
            self.ports[i].service(now, &mut done);
        }
        done
    }

    fn transfer(&mut self, address: u8, write: &[u8], read: u16) -> Result<Vec<u8>, BusError> {
        if self.script.garbage.is_some() {
            return Ok((0..read).map(|_| self.rng.next_u32() as u8).collect());
        }
        let first = if self.framed { 0x20 } else { 0x55 };
        match address {
            0x50..=0x52 if self.framed && !self.script.memory_silent => Ok(memory(write[0])),
            0x10 if self.script.apw_silent => Err(BusError::Nack),
            0x10 => Ok(self.apw(write, read)),
            a if (first..first + 3).contains(&a) => {
                let slot = usize::from(a - first);
                match self.script.pic_silent[slot] {
                    true => Err(BusError::Nack),
                    false => Ok(self.pic(slot, write, read)),
                }
            }
            _ => Err(BusError::Nack),
        }
    }

    fn apw(&mut self, write: &[u8], read: u16) -> Vec<u8> {
        match (write, read) {
            ([0x00], 1) => vec![0xf5],
            ([0x11, byte], 0) => {
                self.apw.input.push(*byte);
                self.apw_frame();
                vec![]
            }
            _ => self.apw.read(read),
        }
    }

    fn apw_frame(&mut self) {
        let [0x55, 0xaa, len, rest @ ..] = self.apw.input.as_slice() else {
            return;
        };
        if rest.len() + 1 < usize::from(*len) {
            return;
        }
        let (command, payload) = (rest[0], rest[1..rest.len() - 2].to_vec());
        self.apw.input.clear();
        let word = match command {
            0x02 => self.script.word,
            0x03 => u16::from(self.apw_code) + u16::from(self.script.apw_reads_off),
            0x83 => {
                self.apw_code = payload[0];
                self.log.push(format!("apw set {}", payload[0]));
                u16::from(payload[0])
            }
            other => panic!("command 0x{other:02x} is never sent"),
        };
        let [lo, hi] = word.to_le_bytes();
        let sum = 6 + u16::from(command) + u16::from(lo) + u16::from(hi);
        let [sum_lo, sum_hi] = sum.to_le_bytes();
        self.apw.output = [0x55, 0xaa, 6, command, lo, hi, sum_lo, sum_hi].into();
    }

    fn pic(&mut self, slot: usize, write: &[u8], read: u16) -> Vec<u8> {
        if read > 0 {
            return self.pics[slot].read(read);
        }
        self.pics[slot].input.extend(write);
        if self.framed {
            self.pic_frame(slot);
        } else {
            self.pic_plain(slot);
        }
        vec![]
    }

    fn pic_frame(&mut self, slot: usize) {
        let [0x55, 0xaa, len, rest @ ..] = self.pics[slot].input.as_slice() else {
            return;
        };
        if rest.len() + 1 < usize::from(*len) {
            return;
        }
        let (command, payload) = (rest[0], rest[1..rest.len() - 2].to_vec());
        self.pics[slot].input.clear();
        let long = |data: &[u8]| {
            let mut frame = vec![data.len() as u8 + 4, command];
            frame.extend(data);
            let sum: u16 = frame.iter().map(|b| u16::from(*b)).sum();
            frame.extend(sum.to_be_bytes());
            frame
        };
        let answer = match command {
            0x15 => {
                self.switched(slot, payload[0]);
                vec![command, 1]
            }
            0x16 => {
                self.heartbeats[slot] += 1;
                long(&[1, 0])
            }
            0x17 => long(&[0x89]),
            0x3a => {
                let mv = 150 * self.script.rail_percent;
                long(&((mv * 1024 / 25_080 + 1) as u16).to_be_bytes())
            }
            0x3c => long(&[1, 0x17, 0x10]),
            0x06 | 0x07 | 0x3b => vec![command, 1],
            other => panic!("command 0x{other:02x} is never sent"),
        };
        self.pics[slot].output = answer.into();
    }

    fn pic_plain(&mut self, slot: usize) {
        let input = &mut self.pics[slot].input;
        let (command, rest) = match input.as_slice() {
            [0x55, 0xaa, command, rest @ ..] => (*command, rest.to_vec()),
            [0x55] | [0x55, 0xaa] => return,
            _ => return input.clear(),
        };
        let takes = usize::from(matches!(command, 0x10 | 0x15));
        if rest.len() < takes {
            return;
        }
        input.clear();
        match command {
            0x10 => self.log.push(format!("pic {slot} voltage {}", rest[0])),
            0x15 => self.switched(slot, rest[0]),
            0x16 => self.heartbeats[slot] += 1,
            0x17 => self.pics[slot].output = [3].into(),
            // 9.40 V.
            0x18 => self.pics[slot].output = [6].into(),
            0x00 | 0x06 | 0x07 => {}
            other => panic!("command 0x{other:02x} is never sent"),
        }
    }

    fn switched(&mut self, slot: usize, on: u8) {
        self.pic_on[slot] = on == 1;
        let word = if on == 1 { "enable" } else { "disable" };
        self.log.push(format!("pic {slot} {word}"));
    }
}

fn memory(register: u8) -> Vec<u8> {
    let at = 2 * usize::from(register);
    let byte = match register {
        0xff => 0x5a,
        _ => MEMORY.get(at..at + 2).map_or(0xff, |hex| {
            u8::from_str_radix(hex, 16).expect("hexadecimal")
        }),
    };
    vec![byte]
}

impl Stream {
    fn read(&mut self, count: u16) -> Vec<u8> {
        let byte = |output: &mut VecDeque<u8>| output.pop_front().unwrap_or(0xff);
        (0..count).map(|_| byte(&mut self.output)).collect()
    }
}
