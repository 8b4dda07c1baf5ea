//! The dead man's thread: the one owner of the lines that power and release hashboards.
//!
//! Everything else in this process may hang or fall; this thread must go on, since it is what
//! cuts the power then. So it waits for nothing but its own deadlines:
//!
//! * Orders come through a channel. With none it wakes at the port's next deadline, so that a
//!   lease that runs out is acted upon whether or not anybody else still lives.
//! * What it has to tell never waits for room in the engine's inbox. What finds no room stays
//!   in its own backlog, in order, and is tried again each [`RETRY`]. Nothing is dropped: a
//!   `Cut` that the engine does not hear of would leave it in the belief that boards have
//!   power. The backlog is bounded all the same, because the engine is both the only source of
//!   orders and the only reader of answers: one that does not read gives no orders either, and
//!   without orders there is one cut and one word per line to tell.
//! * It takes no lock that another thread holds, save the twin's where the hardware is one.
//!
//! However it ends, the port is dropped first, which makes every line safe
//! ([`hal::DeadMan`]'s `Drop`). That needs unwinding, should the panic be its own: all profiles
//! unwind. A panic anywhere else is caught by [`end_safely_on_panic`]: the lines are made safe,
//! then the process ends, and a service manager starts it anew. `SIGKILL` and a kernel that
//! stands still leave the lines as they are: against these there is the hardware watchdog
//! alone.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TrySendError, channel};
use std::thread::{self, ThreadId};

use engine::Event;
use hal::{BoardEvent, BoardOp, BoardPort};
use units::Duration;

use super::clock::Clock;
use super::{Inbox, Message};

/// A board without deadlines is still looked at this often.
const IDLE_POLL: Duration = Duration::from_millis(200);
/// What found no room in the engine's inbox is tried again after this.
const RETRY: Duration = Duration::from_millis(5);
/// Lines are driven within milliseconds. After this the process ends without having heard that
/// they are safe.
const SAFE_WITHIN: Duration = Duration::from_millis(500);
/// How often [`Cutter::cut`] looks whether they are.
const LOOK: Duration = Duration::from_millis(2);
/// What a panic of this thread has to say is written by another one, which gets so long.
const LAST_WORDS: Duration = Duration::from_millis(100);

enum Ask {
    Op(BoardOp),
    /// Everything safe, and no more of this.
    End,
}

/// The engine's side. Dropped, it makes everything safe and waits until it is.
pub(crate) struct DeadMan(Cutter);

/// Makes everything safe, from any thread, once and for all.
#[derive(Clone)]
pub(crate) struct Cutter {
    asks: Sender<Ask>,
    safe: Arc<AtomicBool>,
    thread: ThreadId,
}

impl DeadMan {
    /// Start the thread.
    pub(crate) fn start(
        port: Box<dyn BoardPort + Send>,
        clock: Clock,
        inbox: &Inbox,
    ) -> std::io::Result<Self> {
        let (asks, orders) = channel();
        let safe = Arc::new(AtomicBool::new(false));
        let (inbox, last) = (inbox.clone(), Last(Arc::clone(&safe)));
        let keeper = Keeper {
            port,
            backlog: VecDeque::new(),
            _last: last,
        };
        let handle = thread::Builder::new()
            .name("dead-man".into())
            .stack_size(128 * 1024)
            .spawn(move || keeper.serve(&orders, clock, &inbox))?;
        let thread = handle.thread().id();
        Ok(DeadMan(Cutter { asks, safe, thread }))
    }

    /// Hand over an operation.
    pub(crate) fn board(&self, op: BoardOp) {
        let _ = self.0.asks.send(Ask::Op(op));
    }

    /// A way to cut from other threads.
    pub(crate) fn cutter(&self) -> Cutter {
        self.0.clone()
    }
}

impl Drop for DeadMan {
    fn drop(&mut self) {
        self.0.cut();
    }
}

impl Cutter {
    /// Everything safe, now and for good. Waits until it is, for half a second at most; true if
    /// it is.
    pub(crate) fn cut(&self) -> bool {
        let _ = self.asks.send(Ask::End);
        let end = std::time::Instant::now() + SAFE_WITHIN;
        while !self.safe.load(Ordering::SeqCst) {
            if std::time::Instant::now() >= end {
                return false;
            }
            thread::sleep(LOOK);
        }
        true
    }
}

/// From now on a panic of any thread makes the lines safe before anything else, then ends the
/// process.
pub(crate) fn end_safely_on_panic(cutter: Cutter) {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == cutter.thread {
            // Stderr may be a pipe that nobody reads: unwinding, which cuts, must not wait
            // for it.
            let words = panic.to_string();
            let _ = thread::Builder::new().spawn(move || eprintln!("{words}"));
            return;
        }
        cutter.cut();
        tell(panic);
        std::process::abort();
    }));
}

struct Keeper {
    /// Dropped first.
    port: Box<dyn BoardPort + Send>,
    backlog: VecDeque<BoardEvent>,
    _last: Last,
}

/// Dropped when the lines are safe.
struct Last(Arc<AtomicBool>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
        if thread::panicking() {
            // A miner without a dead man must not go on.
            thread::sleep(LAST_WORDS);
            std::process::abort();
        }
    }
}

impl Keeper {
    fn serve(mut self, asks: &Receiver<Ask>, clock: Clock, inbox: &Inbox) {
        let mut events = Vec::new();
        loop {
            let idle = match self.backlog.is_empty() {
                true => IDLE_POLL,
                false => RETRY,
            };
            let due = self.port.next_event();
            let wait = due.map_or(idle, |at| clock.until(at).min(idle));
            match asks.recv_timeout(wait) {
                Ok(Ask::Op(op)) => self.port.apply(clock.now(), op, &mut events),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Ask::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
            self.port.poll(clock.now(), &mut events);
            self.backlog.extend(events.drain(..));
            if !self.tell(inbox) {
                return;
            }
        }
    }

    /// Tell what there is room for, in order. False if the engine is gone.
    fn tell(&mut self, inbox: &Inbox) -> bool {
        while let Some(event) = self.backlog.front() {
            match inbox.try_send(Message::Event(Event::Board(*event))) {
                Ok(()) => {
                    self.backlog.pop_front();
                }
                Err(TrySendError::Full(_)) => return true,
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
#[path = "dead_man_tests.rs"]
mod tests;
