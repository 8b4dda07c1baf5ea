//! How the engine wakes a port's thread, and how the thread sleeps between.
//!
//! Terms: a *batch* is operations for one port; the *bell* is a file descriptor that becomes
//! readable when a batch waits. Only a port whose device has a descriptor of its own needs a
//! bell, because one call can then wait for both; any other sleeps on the channel alone, which
//! costs the engine no system call while the thread is awake.
//!
//! A device that always has something to say would wake its thread for each byte. So looks that
//! the device asks for have a mean rate, [`LOOK`], and a burst of [`BURST`] that isolated
//! answers never use up: they are looked at as soon as they come.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};

use hal::LinkOp;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use units::{ChainSlot, Duration, Instant};

use super::clock::Clock;

/// Operations for one port.
pub(super) type Batch = Vec<(ChainSlot, LinkOp)>;

/// Mean time between two looks that a device asks for: a quarter of the aim for the way of a
/// nonce, and of a 4 KiB buffer that fills at 3.125 Mbaud 2 %.
const LOOK: Duration = Duration::from_micros(250);
/// Looks that may come at once. An answer of two or three deliveries is one of them.
const BURST: u32 = 8;

/// The engine's end.
pub(super) struct Post {
    batches: Sender<Batch>,
    bell: Option<Arc<OwnedFd>>,
}

/// The thread's end.
pub(super) struct Mailbox {
    batches: Receiver<Batch>,
    bell: Option<Arc<OwnedFd>>,
    clock: Clock,
    looks: Looks,
}

/// Why a thread is awake.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// There is something to do.
    Given(Batch),
    /// Time has passed, or the device has something to say.
    Look,
    /// The engine is gone.
    Closed,
}

/// A way to a port's thread; `bell`: the port's device wakes it as well.
pub(super) fn mailbox(bell: bool, clock: Clock) -> std::io::Result<(Post, Mailbox)> {
    let (post, batches) = channel();
    let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
    let bell = match bell {
        true => Some(Arc::new(eventfd(0, flags)?)),
        false => None,
    };
    let post = Post {
        batches: post,
        bell: bell.clone(),
    };
    let mailbox = Mailbox {
        batches,
        bell,
        clock,
        looks: Looks(Instant::ZERO),
    };
    Ok((post, mailbox))
}

impl Post {
    /// Hand over a batch. A port whose thread has ended takes nothing.
    pub(super) fn send(&self, batch: Batch) {
        let _ = self.batches.send(batch);
        if let Some(bell) = &self.bell {
            // Full means that it rings already.
            let _ = rustix::io::write(bell, &1u64.to_ne_bytes());
        }
    }
}

impl Mailbox {
    /// Sleep until there is a batch, `device` is readable, or this time has passed.
    pub(super) fn wait(&mut self, device: Option<BorrowedFd<'_>>, limit: Duration) -> Woken {
        let Some(bell) = self.bell.clone() else {
            return match self.batches.recv_timeout(limit) {
                Ok(batch) => Woken::Given(batch),
                Err(RecvTimeoutError::Timeout) => Woken::Look,
                Err(RecvTimeoutError::Disconnected) => Woken::Closed,
            };
        };
        match self.batches.try_recv() {
            Ok(batch) => return Woken::Given(batch),
            Err(TryRecvError::Disconnected) => return Woken::Closed,
            Err(TryRecvError::Empty) => {}
        }
        self.sleep(bell.as_fd(), device, limit);
        match self.batches.try_recv() {
            Ok(batch) => Woken::Given(batch),
            Err(TryRecvError::Disconnected) => Woken::Closed,
            Err(TryRecvError::Empty) => Woken::Look,
        }
    }

    fn sleep(&mut self, bell: BorrowedFd<'_>, device: Option<BorrowedFd<'_>>, limit: Duration) {
        let pause = self.looks.pause(self.clock.now());
        let (device, limit) = match pause.is_zero() {
            true => (device, limit),
            false => (None, limit.min(pause)),
        };
        let listen = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        // Without a device the bell stands twice: one call for both cases.
        let mut fds = [listen(bell), listen(device.unwrap_or(bell))];
        // Whatever it says, the caller looks at everything; an error is a signal's.
        let _ = poll(&mut fds, Some(&timespec(limit)));
        if !fds[0].revents().is_empty() {
            let _ = rustix::io::read(bell, &mut [0; 8]);
        }
        if device.is_some() && !fds[1].revents().is_empty() {
            self.looks.took(self.clock.now());
        }
    }
}

/// The account of looks that a device asked for: when all of them would have come, had they
/// come [`LOOK`] apart.
struct Looks(Instant);

impl Looks {
    /// How long not to listen to the device.
    fn pause(&self, now: Instant) -> Duration {
        self.0.since(now).saturating_sub(LOOK * BURST)
    }

    fn took(&mut self, now: Instant) {
        self.0 = self.0.max(now) + LOOK;
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        // The longest wait is a fraction of a second.
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(1),
        tv_nsec: i64::from(time.subsec_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use rustix::pipe::pipe;

    use super::*;

    const LONG: Duration = Duration::from_secs(120);

    fn batch() -> Batch {
        vec![(ChainSlot(1), LinkOp::FlushWork)]
    }

    /// Whoever sleeps `LONG` is woken by `wake` long before that.
    fn check(bell: bool, wake: impl FnOnce(Post) + Send + 'static, expected: Woken) {
        let (post, mut mailbox) = mailbox(bell, Clock::start()).expect("a mailbox");
        let sleeper = thread::spawn(move || {
            let since = std::time::Instant::now();
            (mailbox.wait(None, LONG), since.elapsed())
        });
        thread::sleep(Duration::from_millis(30));
        wake(post);
        let (woken, after) = sleeper.join().expect("no panic");
        assert_eq!(woken, expected);
        assert!(after < LONG / 2, "{after:?}");
    }

    #[test]
    fn a_batch_wakes_with_a_bell_and_without() {
        for bell in [true, false] {
            check(bell, |post| post.send(batch()), Woken::Given(batch()));
        }
    }

    #[test]
    fn a_batch_that_waits_is_taken_at_once_and_each_comes_once() {
        let (post, mut mailbox) = mailbox(true, Clock::start()).expect("a mailbox");
        post.send(batch());
        post.send(batch());
        assert_eq!(mailbox.wait(None, LONG), Woken::Given(batch()));
        assert_eq!(mailbox.wait(None, LONG), Woken::Given(batch()));
        // The bell may ring once more for what was taken already; then there is silence.
        for _ in 0..2 {
            assert_eq!(mailbox.wait(None, Duration::ZERO), Woken::Look);
        }
        drop(post);
        assert_eq!(mailbox.wait(None, LONG), Woken::Closed);
    }

    #[test]
    fn bytes_of_the_device_wake() {
        let (device, far) = pipe().expect("a pipe");
        let (_post, mut mailbox) = mailbox(true, Clock::start()).expect("a mailbox");
        let sleeper = thread::spawn(move || {
            let since = std::time::Instant::now();
            (mailbox.wait(Some(device.as_fd()), LONG), since.elapsed())
        });
        thread::sleep(Duration::from_millis(30));
        rustix::io::write(&far, &[1]).expect("written");
        let (woken, after) = sleeper.join().expect("no panic");
        assert_eq!(woken, Woken::Look);
        assert!(after < LONG / 2, "{after:?}");
    }

    #[test]
    fn a_device_that_never_stops_is_looked_at_at_its_rate() {
        let (device, far) = pipe().expect("a pipe");
        rustix::io::write(&far, &[1]).expect("written");
        let (_post, mut mailbox) = mailbox(true, Clock::start()).expect("a mailbox");
        let since = std::time::Instant::now();
        let looks = 4 * BURST;
        for _ in 0..looks {
            // It is paused before the look, so this counts pauses and looks.
            while mailbox.looks.pause(mailbox.clock.now()) > Duration::ZERO {
                mailbox.wait(Some(device.as_fd()), LONG);
            }
            mailbox.wait(Some(device.as_fd()), LONG);
        }
        let least = LOOK * (looks - BURST - 1);
        assert!(since.elapsed() >= least, "{:?}", since.elapsed());
    }

    #[test]
    fn isolated_answers_are_looked_at_at_once() {
        let ms = |ms| Instant::ZERO + Duration::from_millis(ms);
        let mut looks = Looks(Instant::ZERO);
        for answer in 0..1000 {
            for _delivery in 0..3 {
                assert_eq!(looks.pause(ms(answer)), Duration::ZERO, "{answer}");
                looks.took(ms(answer));
            }
        }
        for _ in 0..=BURST {
            looks.took(ms(2000));
        }
        assert_eq!(looks.pause(ms(2000)), LOOK);
    }
}
