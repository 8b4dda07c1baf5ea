//! The PIC16F1704 on hashboards of the S9: `55 AA command data`, no length and no sum.
//!
//! Commands, flash map and waits are published (two firmwares). The parser's weakness too: a
//! 55 that is not followed by AA is forgotten together with what follows it, so that `55
//! 55 AA` begins nothing. Assumed: it starts in its loader; during the waits that firmwares
//! keep after a jump, an erase or a new voltage it acknowledges bytes and loses them; only
//! the heartbeat feeds; once starved it takes no enable order until it is reset; it keeps
//! 9.4 V (code 6) until told otherwise; a new command takes the place of an answer that was
//! not read.

use units::{Duration, Instant};

use super::rail::RailSwitch;
use super::reply::Reply;
use super::{ControllerFault, Dangers, Slave, Way};

/// It does not acknowledge for so long after a reset.
const RESET: Duration = Duration::from_millis(500);
/// What takes time takes so long.
const BUSY: Duration = Duration::from_millis(100);
/// What its application says of itself.
const VERSION: u8 = 0x03;
/// Words of flash, of which the application has those from here on.
const FLASH_WORDS: usize = 0x1000;
const APPLICATION: usize = 0x0300;
const BAD_CORES: usize = 0x0F80;
const FREQUENCIES: usize = 0x0FA0;
/// An erased word: 14 bits.
const ERASED: u16 = 0x3FFF;
/// Words that one erase clears, and that one write or read moves.
const ROW: usize = 32;
const LATCHES: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Program {
    Loader,
    Application,
}

/// Where the parser stands.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Parser {
    Idle,
    Preamble,
    Command,
    Data { command: u8, missing: usize },
}

/// A voltage controller.
#[derive(Clone, Debug)]
pub struct Pic16f1704 {
    program: Program,
    parser: Parser,
    data: Vec<u8>,
    reply: Reply,
    /// It does not acknowledge before this.
    gone_until: Instant,
    /// It loses what it is sent before this.
    deaf_until: Instant,
    rail: RailSwitch,
    code: u8,
    flash: Vec<u16>,
    pointer: usize,
    cache: [u16; LATCHES],
    pub(super) fault: Option<ControllerFault>,
    dangers: Dangers,
}

impl Pic16f1704 {
    /// After power-up. Without a heartbeat for `rail_off_after` it cuts the rail.
    pub fn new(rail_off_after: Duration) -> Self {
        let mut flash = vec![ERASED; FLASH_WORDS];
        flash[APPLICATION..BAD_CORES].fill(0x0001);
        flash[BAD_CORES..FREQUENCIES + 64].fill(0);
        flash[BAD_CORES] = 0x0023;
        flash[FREQUENCIES] = 0x007D;
        Pic16f1704 {
            program: Program::Loader,
            parser: Parser::Idle,
            data: Vec::new(),
            reply: Reply::default(),
            gone_until: Instant::ZERO,
            deaf_until: Instant::ZERO,
            rail: RailSwitch::new(rail_off_after),
            code: 6,
            flash,
            pointer: 0,
            cache: [ERASED; LATCHES],
            fault: None,
            dangers: Dangers::default(),
        }
    }

    /// How it is wrong from now on.
    pub fn set_fault(&mut self, fault: Option<ControllerFault>) {
        self.fault = fault;
    }

    /// It gives its board power.
    pub fn rail_on(&self) -> bool {
        self.rail.on() && self.fault != Some(ControllerFault::Trips)
    }

    /// It cut the rail for want of heartbeats and waits for a reset.
    pub fn starved(&self) -> bool {
        self.rail.starved()
    }

    /// Volts that it is set to.
    pub fn set_v(&self) -> f64 {
        (1_608.420_446 - f64::from(self.code)) / 170.423_497
    }

    /// Commands that change its memory.
    pub fn dangers(&self) -> &Dangers {
        &self.dangers
    }

    /// Its supply goes. Its flash, and what is counted of it, stay.
    pub(super) fn lose_power(&mut self) {
        self.program = Program::Loader;
        self.parser = Parser::Idle;
        self.data.clear();
        self.reply = Reply::default();
        (self.gone_until, self.deaf_until) = (Instant::ZERO, Instant::ZERO);
        self.rail.reset();
        self.code = 6;
        (self.pointer, self.cache) = (0, [ERASED; LATCHES]);
    }

    /// When it cuts the rail if nothing comes.
    pub fn next_event(&self) -> Option<Instant> {
        self.rail.next_event()
    }

    /// Let what is due happen.
    pub fn settle(&mut self, now: Instant) {
        self.rail.settle(now);
        if self.fault == Some(ControllerFault::Trips) {
            self.rail.reset();
        }
    }

    fn execute(&mut self, now: Instant, command: u8) {
        self.rail.settle(now);
        self.reply.clear();
        if self.fault == Some(ControllerFault::Silent) {
            return;
        }
        let data = core::mem::take(&mut self.data);
        let answer = match (self.program, command, data.as_slice()) {
            (_, 0x07, _) => return self.reset(now),
            (_, 0x01, [high, low]) => {
                self.pointer = usize::from(u16::from_be_bytes([*high, *low])) % FLASH_WORDS;
                return;
            }
            (_, 0x03, _) => self.read_flash(),
            (_, 0x08, _) => (self.pointer as u16).to_be_bytes().to_vec(),
            (Program::Loader, 0x06, _) => {
                self.deaf_until = now + BUSY;
                if self.has_application() {
                    self.program = Program::Application;
                }
                return;
            }
            (Program::Loader, 0x02 | 0x04 | 0x05 | 0x09, data) => {
                self.dangers.note(now, command);
                return self.change_flash(now, command, data);
            }
            (Program::Application, _, data) => match self.serve(now, command, data) {
                Some(answer) => answer,
                None => return,
            },
            (Program::Loader, ..) => return,
        };
        self.say(now, answer);
    }

    /// The commands of the application.
    fn serve(&mut self, now: Instant, command: u8, data: &[u8]) -> Option<Vec<u8>> {
        match (command, data) {
            (0x10, [code]) => {
                self.code = *code;
                self.deaf_until = now + BUSY;
            }
            (0x15, [on]) => self.rail.switch(now, *on != 0),
            (0x16, _) => self.rail.feed(now),
            (0x17, _) => return Some(vec![VERSION]),
            (0x18, _) => return Some(vec![self.code]),
            // What it keeps for the board: nothing was stored.
            (0x13, _) => return Some(vec![0xFF; 12]),
            (0x23, _) => return Some(vec![0; 8]),
            (0x11 | 0x12 | 0x14 | 0x22, _) => self.dangers.note(now, command),
            _ => {}
        }
        None
    }

    fn say(&mut self, now: Instant, mut answer: Vec<u8>) {
        let mut delay = Duration::ZERO;
        match (self.fault, answer.first_mut()) {
            (Some(ControllerFault::BadSum), Some(first)) => *first ^= 0x40,
            (Some(ControllerFault::Late(by)), _) => delay = by,
            _ => {}
        }
        self.reply.set(&answer, now, delay);
    }

    fn reset(&mut self, now: Instant) {
        self.program = Program::Loader;
        self.rail.reset();
        self.gone_until = now + RESET;
    }

    fn has_application(&self) -> bool {
        let erased = self.flash[APPLICATION] == ERASED;
        !erased && self.fault != Some(ControllerFault::NoApplication)
    }

    fn read_flash(&mut self) -> Vec<u8> {
        let from = self.pointer;
        self.pointer = (from + LATCHES) % FLASH_WORDS;
        let words = (0..LATCHES).map(|i| self.flash[(from + i) % FLASH_WORDS]);
        words.flat_map(u16::to_be_bytes).collect()
    }

    fn change_flash(&mut self, now: Instant, command: u8, data: &[u8]) {
        match command {
            0x02 => {
                for (word, bytes) in self.cache.iter_mut().zip(data.chunks_exact(2)) {
                    *word = u16::from_be_bytes([bytes[0], bytes[1]]) & ERASED;
                }
                return;
            }
            0x04 => {
                let row = self.pointer / ROW * ROW;
                self.flash[row..row + ROW].fill(ERASED);
            }
            0x05 => {
                for (i, word) in self.cache.into_iter().enumerate() {
                    // Flash only takes bits away.
                    self.flash[(self.pointer + i) % FLASH_WORDS] &= word;
                }
                self.pointer = (self.pointer + LATCHES) % FLASH_WORDS;
            }
            _ => self.flash[APPLICATION..BAD_CORES].fill(ERASED),
        }
        self.deaf_until = now + BUSY;
    }
}

impl Slave for Pic16f1704 {
    fn start(&mut self, now: Instant, _way: Way) -> bool {
        now >= self.gone_until
    }

    fn write(&mut self, now: Instant, byte: u8) -> bool {
        if now < self.gone_until {
            return false;
        }
        if now < self.deaf_until {
            return true;
        }
        self.parser = match self.parser {
            Parser::Idle if byte == 0x55 => Parser::Preamble,
            Parser::Preamble if byte == 0xAA => Parser::Command,
            Parser::Idle | Parser::Preamble => Parser::Idle,
            Parser::Command => {
                self.data.clear();
                Parser::Data {
                    command: byte,
                    missing: data_len(byte),
                }
            }
            Parser::Data { command, missing } => {
                self.data.push(byte);
                Parser::Data {
                    command,
                    missing: missing.saturating_sub(1),
                }
            }
        };
        if let Parser::Data {
            command,
            missing: 0,
        } = self.parser
        {
            self.parser = Parser::Idle;
            self.execute(now, command);
        }
        true
    }

    fn read(&mut self, now: Instant) -> u8 {
        self.reply.pop(now)
    }
}

/// Bytes that follow a command.
fn data_len(command: u8) -> usize {
    match command {
        0x01 => 2,
        0x02 => 16,
        0x10 | 0x15 => 1,
        0x11 | 0x14 => 6,
        0x12 => 12,
        0x22 => 8,
        _ => 0,
    }
}
