//! An established connection: bytes both ways until one side ends it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use units::Duration;

use super::guard::{Guard, READ_BYTES, Received};
use super::mail::Mail;

/// What a pool may send in the long run. Real ones send 10 KB in half a minute; the slowest
/// control board reads ten times this much in a second.
pub(super) const BYTES_PER_S: u32 = 512 * 1024;
/// What it may send at once: four times the longest line.
pub(super) const BURST_BYTES: u32 = 4 << 20;

/// Carry bytes. `deliver` gives plaintext to the engine and is false once nobody takes it.
/// Returns why the connection ended, or `None` if the engine wanted it.
pub(super) fn carry(
    stream: &TcpStream,
    guard: &mut dyn Guard,
    mail: &Mail,
    deliver: impl FnMut(Vec<u8>) -> bool,
) -> Option<String> {
    let carrier = Carrier {
        stream,
        guard,
        mail,
        deliver,
        wire: Vec::new(),
        rate: Rate::new(Instant::now()),
    };
    let end = carrier.run();
    // Whoever else holds a handle of it: it is over.
    let _ = stream.shutdown(Shutdown::Both);
    end
}

struct Carrier<'a, D> {
    stream: &'a TcpStream,
    guard: &'a mut dyn Guard,
    mail: &'a Mail,
    deliver: D,
    /// On its way out.
    wire: Vec<u8>,
    rate: Rate,
}

impl<D: FnMut(Vec<u8>) -> bool> Carrier<'_, D> {
    fn run(mut self) -> Option<String> {
        if let Err(error) = self.stream.set_nonblocking(true) {
            return Some(format!("cannot be used without waiting: {error}"));
        }
        // What came with the end of the handshake.
        match self.receive(&[]) {
            Ok(()) => {}
            Err(end) => return end,
        }
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match self.turn(&mut buffer) {
                Ok(()) => {}
                Err(end) => return end,
            }
        }
    }

    /// One round: out, wait, in. The error is the end of it all.
    fn turn(&mut self, buffer: &mut [u8]) -> Result<(), Option<String>> {
        let wanted = self.mail.wanted(self.wire.is_empty());
        if !wanted.bytes.is_empty() {
            self.guard.send(&wanted.bytes, &mut self.wire)?;
        }
        if wanted.close {
            self.guard.close(&mut self.wire);
            let _ = self.write();
            return Err(None);
        }
        if !self.wire.is_empty() {
            self.write()
                .map_err(|error| format!("cannot send: {error}"))?;
            if self.wire.is_empty() {
                self.mail.written();
            }
        }
        let pause = self.rate.pause(Instant::now());
        let listens = wanted.room && pause.is_zero();
        if !self.wait(listens, (wanted.room && !listens).then_some(pause)) {
            return Ok(());
        }
        match self.stream.read(buffer) {
            Ok(0) => Err(Some("closed by the pool".to_owned())),
            Ok(read) => {
                self.rate.took(Instant::now(), read);
                self.receive(&buffer[..read])
            }
            Err(error) if passes(&error) => Ok(()),
            Err(error) => Err(Some(error.to_string())),
        }
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<(), Option<String>> {
        let mut plain = Vec::new();
        let received = self.guard.receive(bytes, &mut plain, &mut self.wire);
        // What came before a fault is still the pool's word.
        if !plain.is_empty() {
            self.mail.piece_given();
            if !(self.deliver)(plain) {
                return Err(None);
            }
        }
        match received? {
            Received::More => Ok(()),
            Received::Ended => Err(Some("closed by the pool".to_owned())),
        }
    }

    /// Write what can be written without waiting.
    fn write(&mut self) -> io::Result<()> {
        let mut done = 0;
        while done < self.wire.len() {
            match self.stream.write(&self.wire[done..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => done += written,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.wire.drain(..done);
        Ok(())
    }

    /// Sleep until there is something to do. True if the wire may have something to read.
    fn wait(&self, listens: bool, limit: Option<Duration>) -> bool {
        let mut flags = PollFlags::empty();
        if listens {
            flags |= PollFlags::IN;
        }
        if !self.wire.is_empty() {
            flags |= PollFlags::OUT;
        }
        let bell = self.mail.bell();
        // A wire that is asked nothing would still wake us for its end, again and again.
        let wire = match flags.is_empty() {
            true => PollFd::from_borrowed_fd(bell, PollFlags::IN),
            false => PollFd::from_borrowed_fd(self.stream.as_fd(), flags),
        };
        let mut fds = [PollFd::from_borrowed_fd(bell, PollFlags::IN), wire];
        let limit = limit.map(timespec);
        // An error is a signal's: everything is looked at again.
        let _ = poll(&mut fds, limit.as_ref());
        if !fds[0].revents().is_empty() {
            self.mail.heard();
        }
        let readable = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        listens && fds[1].revents().intersects(readable)
    }
}

fn passes(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        // The longest pause is a fraction of a second.
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(1),
        tv_nsec: i64::from(time.subsec_nanos()),
    }
}

/// The account of what the pool sent: when all of it would have come, had it come at the mean
/// rate.
struct Rate(Instant);

impl Rate {
    fn new(now: Instant) -> Self {
        Rate(now)
    }

    /// How long not to read.
    fn pause(&self, now: Instant) -> Duration {
        let ahead = self.0.saturating_duration_since(now);
        ahead.saturating_sub(time_of(BURST_BYTES as usize))
    }

    fn took(&mut self, now: Instant, bytes: usize) {
        self.0 = self.0.max(now) + time_of(bytes);
    }
}

fn time_of(bytes: usize) -> Duration {
    Duration::from_nanos(bytes as u64 * 1_000_000_000 / u64::from(BYTES_PER_S))
}
