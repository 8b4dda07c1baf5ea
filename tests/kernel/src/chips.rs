//! Hash chips on the host: a twin's chain at the other end of the guest's serial port, with the supply and the
//! reset that a hashboard's connector has.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use twin::machine::{TwinMachine, TwinOptions};
use units::ChainSlot;

use crate::Serial;

const SLOT: ChainSlot = ChainSlot(0);
/// The longest that a byte of either side waits.
const PATIENCE: Duration = Duration::from_millis(2);
/// Between two looks for a driver.
const LOOK: Duration = Duration::from_millis(20);

/// A chain that is served until it is dropped.
#[derive(Debug)]
pub struct Chips {
    path: PathBuf,
    told: Arc<Told>,
    thread: Option<JoinHandle<()>>,
}

/// What others tell the chips, and the chips others.
#[derive(Debug, Default)]
pub(crate) struct Told {
    stop: AtomicBool,
    /// The port is closed.
    closed: AtomicBool,
    /// What the lines say; off and in reset until they were looked at.
    pub(crate) powered: AtomicBool,
    pub(crate) released: AtomicBool,
    jobs: AtomicU64,
}

impl Chips {
    /// Serves a chain at `path`.
    pub fn serve(path: &Path, chip: &str, chips: u16, options: TwinOptions) -> Chips {
        let machine = TwinMachine::single_chain(chip, chips, options).expect("a chain");
        let listener = UnixListener::bind(path).expect("a socket");
        listener.set_nonblocking(true).expect("a listener");
        let told = Arc::new(Told::default());
        let shared = Arc::clone(&told);
        let mut wire = Wire::new(machine);
        let thread = std::thread::spawn(move || wire.serve(&listener, &shared));
        Chips {
            path: path.to_owned(),
            told,
            thread: Some(thread),
        }
    }

    /// Where a guest's serial port connects.
    pub fn serial(&self) -> Serial {
        Serial(self.path.clone())
    }

    /// Close the port, so that bytes reach nobody, or open it again.
    pub fn close(&self, closed: bool) {
        self.told.closed.store(closed, Ordering::Relaxed);
    }

    /// Supply the chips and let them out of reset, or not, while nothing carries the guest's lines.
    pub fn supply(&self, on: bool) {
        self.told.powered.store(on, Ordering::Relaxed);
        self.told.released.store(on, Ordering::Relaxed);
    }

    /// Whether the guest supplies the chips.
    pub fn powered(&self) -> bool {
        self.told.powered.load(Ordering::Relaxed)
    }

    /// Whether the guest lets the chips out of reset.
    pub fn released(&self) -> bool {
        self.told.released.load(Ordering::Relaxed)
    }

    /// Jobs that the chips took.
    pub fn jobs(&self) -> u64 {
        self.told.jobs.load(Ordering::Relaxed)
    }

    pub(crate) fn told(&self) -> Arc<Told> {
        Arc::clone(&self.told)
    }
}

impl Drop for Chips {
    fn drop(&mut self) {
        self.told.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Chips and the socket, in real time.
struct Wire {
    machine: TwinMachine,
    start: Instant,
    powered: bool,
    released: bool,
}

impl Wire {
    fn new(mut machine: TwinMachine) -> Wire {
        // Speeds are not carried.
        machine.uart_follow_chips(units::Instant::ZERO, SLOT);
        machine.set_rail(units::Instant::ZERO, SLOT, false);
        machine.set_reset(units::Instant::ZERO, SLOT, true);
        Wire {
            machine,
            start: Instant::now(),
            powered: false,
            released: false,
        }
    }

    fn now(&self) -> units::Instant {
        units::Instant::ZERO + self.start.elapsed()
    }

    /// One driver after the other. While nobody has the port, lines and time go on.
    fn serve(&mut self, listener: &UnixListener, told: &Told) {
        while !told.stop.load(Ordering::Relaxed) {
            let driver = match told.closed.load(Ordering::Relaxed) {
                true => None,
                false => listener.accept().ok(),
            };
            match driver {
                Some((stream, _)) => self.carry(stream, told),
                None => {
                    self.pass(told);
                    std::thread::sleep(LOOK);
                }
            }
        }
    }

    /// Bytes both ways, until either side closes.
    fn carry(&mut self, mut stream: UnixStream, told: &Told) {
        stream.set_nonblocking(false).expect("a stream");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        let is_over = || told.stop.load(Ordering::Relaxed) || told.closed.load(Ordering::Relaxed);
        let mut buffer = [0; 4096];
        while !is_over() {
            self.pass(told);
            match stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => self.write(&buffer[..count]),
                Err(why)
                    if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(_) => return,
            }
            let now = self.now();
            self.machine.advance(now);
            loop {
                let count = self.machine.uart_read_whole(now, SLOT, &mut buffer);
                if count == 0 {
                    break;
                }
                if stream.write_all(&buffer[..count]).is_err() {
                    return;
                }
            }
        }
    }

    /// Time until now, and the lines as they are.
    fn pass(&mut self, told: &Told) {
        let now = self.now();
        self.machine.advance(now);
        let powered = told.powered.load(Ordering::Relaxed);
        let released = told.released.load(Ordering::Relaxed);
        if powered != self.powered {
            self.machine.set_rail(now, SLOT, powered);
            self.powered = powered;
        }
        if released != self.released {
            self.machine.set_reset(now, SLOT, !released);
            self.released = released;
        }
        let jobs = self.machine.ledger().totals(SLOT).jobs;
        told.jobs.store(jobs, Ordering::Relaxed);
    }

    /// The chips' side takes as much as a wire has room for; the rest follows as that drains.
    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let now = self.now();
            self.machine.advance(now);
            let taken = self.machine.uart_write(now, SLOT, bytes);
            bytes = &bytes[taken..];
            if !bytes.is_empty() {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }
}
