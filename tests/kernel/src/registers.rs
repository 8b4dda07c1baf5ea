//! Registers of the emulated computer, read and written from outside while its kernel runs: QEMU's protocol for
//! its own tests, one line each way.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use process::wait_for;

/// An answer takes microseconds; a busy computer may take longer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Edges of the lines E0 to H7 that interrupted and were not acknowledged yet.
const EDGES_WAITING: u32 = 0x1e78_0038;
/// G0 among them.
const G0_BIT: u32 = 16;

/// A connection to the registers.
#[derive(Debug)]
pub struct Registers {
    lines: BufReader<UnixStream>,
}

impl Registers {
    /// Connects once the socket is there.
    pub fn connect(path: &Path) -> Registers {
        let stream = wait_for("the emulator's registers", ANSWER_MAX, || {
            UnixStream::connect(path).ok()
        });
        let limit = Some(ANSWER_MAX);
        stream.set_read_timeout(limit).expect("a limit is taken");
        let lines = BufReader::new(stream);
        Registers { lines }
    }

    /// What stands at a place; `None`: the emulator is gone.
    pub fn read(&mut self, address: u32) -> Option<u32> {
        let answer = self.ask(&format!("readl {address:#x}"))?;
        let hex = answer.strip_prefix("0x").expect("a number");
        let value = u64::from_str_radix(hex, 16).expect("a number");
        Some(u32::try_from(value).expect("a word"))
    }

    /// Put a word at a place; `None`: the emulator is gone.
    pub fn write(&mut self, address: u32, value: u32) -> Option<()> {
        self.ask(&format!("writel {address:#x} {value:#x}"))
            .map(|_| ())
    }

    /// Whether the kernel has not taken the last edge of line G`n`; `None`: the emulator is gone.
    ///
    /// No other may come before: QEMU counts each edge and takes one back for each status bit that is cleared (its
    /// source, `hw/gpio/aspeed_gpio.c`), so it would interrupt for ever (seen: the guest's processor does nothing else).
    pub fn edge_waits(&mut self, n: u32) -> Option<bool> {
        let waiting = self.read(EDGES_WAITING)?;
        Some(waiting >> (G0_BIT + n) & 1 == 1)
    }

    fn ask(&mut self, line: &str) -> Option<String> {
        let stream = self.lines.get_mut();
        stream.write_all(format!("{line}\n").as_bytes()).ok()?;
        let mut answer = String::new();
        if !matches!(self.lines.read_line(&mut answer), Ok(1..)) {
            return None;
        }
        let value = answer.trim().strip_prefix("OK");
        let value = value.unwrap_or_else(|| panic!("{line}: {answer}"));
        Some(value.trim().to_owned())
    }
}
