//! One thread per link port: the only callers of the ports.
//!
//! A port thread sleeps until its port's next deadline, until its port's device has something
//! to say where it can, or until the engine gives it something (see [`super::mailbox`]). The engine's operations travel in batches, because a wake-up costs more than
//! building a work; a batch with a flush is short, so that new work is on its way while the
//! rest of it is built. Work is paced inside the port by absolute deadlines, so a late wake-up
//! delays one frame and not all that follow.
//!
//! What a look at a port found goes to the engine at once and as one message, whether it is one
//! nonce or many: nothing waits for company, and what has company is verified together.
//!
//! A port thread beats each time that it comes round, see [`super::beside`].

use std::thread;

use engine::Event;
use hal::{Beat, BoardOp, BusJob, FanOp, LinkEvent, LinkOp, LinkPort, Loop, MachinePorts};
use units::ChainSlot;

use super::beside::{Beside, IDLE_POLL};
use super::clock::Clock;
use super::dead_man::{Cutter, DeadMan};
use super::mailbox::{Batch, Mailbox, Post, Woken, mailbox};
use super::{Inbox, Message};

/// Operations per slot in a batch with a flush: it and the first new work.
const FIRST_BATCH: usize = 2;
/// Operations in any other batch.
const BATCH: usize = 64;

/// Port events in one message: 6 kB beside the bytes that a UART received, of which one look
/// takes 17 kB. A look that found more sends several messages.
const EVENTS: usize = 128;

/// The engine's side of all ports.
pub(crate) struct Ports {
    links: Vec<Link>,
    beside: Beside,
    dead_man: DeadMan,
}

/// One port: the slots that it serves, and the way to its thread.
struct Link {
    slots: Vec<ChainSlot>,
    post: Post,
    /// Not sent yet; sent when it holds `limit`.
    waiting: Batch,
    limit: usize,
}

impl Ports {
    /// Start a thread per port; the dead man's is the first.
    pub(crate) fn start(ports: MachinePorts, clock: Clock, inbox: &Inbox) -> std::io::Result<Self> {
        let dead_man = DeadMan::start(ports.board, clock, inbox)?;
        let mut links = Vec::new();
        for (i, port) in ports.links.into_iter().enumerate() {
            let (post, mailbox) = mailbox(port.wakes().is_some(), clock)?;
            links.push(Link::new(port.slots().to_vec(), post));
            let first = port.slots().first();
            let beat = first.and_then(|slot| ports.beats.of(Loop::Link(*slot)));
            let inbox = inbox.clone();
            thread::Builder::new()
                .name(format!("link-{i}"))
                .stack_size(256 * 1024)
                .spawn(move || serve_link(port, mailbox, beat.as_ref(), clock, &inbox))?;
        }
        Ok(Ports {
            links,
            beside: Beside::start(ports.buses, ports.fans, &ports.beats, clock, inbox)?,
            dead_man,
        })
    }

    /// Hand an operation to the port that serves `slot`, by the next
    /// [`deliver`](Self::deliver) at the latest. A port whose thread has ended takes
    /// nothing; the chain's silence then says so.
    pub(crate) fn link(&mut self, slot: ChainSlot, op: LinkOp) {
        let mut links = self.links.iter_mut();
        if let Some(link) = links.find(|link| link.slots.contains(&slot)) {
            if op == LinkOp::FlushWork {
                link.limit = link.waiting.len() + FIRST_BATCH * link.slots.len();
            }
            link.waiting.push((slot, op));
            if link.waiting.len() >= link.limit {
                link.send();
            }
        }
    }

    /// The engine has nothing more for now: send what waits.
    pub(crate) fn deliver(&mut self) {
        for link in &mut self.links {
            link.send();
        }
    }

    /// Hand an operation to the board.
    pub(crate) fn board(&self, op: BoardOp) {
        self.dead_man.board(op);
    }

    /// Hand a list to its bus.
    pub(crate) fn bus(&self, job: BusJob) {
        self.beside.bus(job);
    }

    /// Hand an order to the fans.
    pub(crate) fn fans(&self, op: FanOp) {
        self.beside.fans(op);
    }

    /// A way to cut everything off from any thread.
    pub(crate) fn cutter(&self) -> Cutter {
        self.dead_man.cutter()
    }
}

impl Link {
    fn new(slots: Vec<ChainSlot>, post: Post) -> Self {
        Link {
            limit: BATCH,
            slots,
            post,
            waiting: Vec::new(),
        }
    }

    fn send(&mut self) {
        if !self.waiting.is_empty() {
            self.post.send(std::mem::take(&mut self.waiting));
            self.limit = BATCH;
        }
    }
}

fn serve_link(
    mut port: Box<dyn LinkPort + Send>,
    mut mailbox: Mailbox,
    beat: Option<&Beat>,
    clock: Clock,
    inbox: &Inbox,
) {
    let mut events = Vec::new();
    loop {
        beat.inspect(|beat| beat.beat());
        let wait = port
            .next_deadline()
            .map_or(IDLE_POLL, |at| clock.until(at).min(IDLE_POLL));
        match mailbox.wait(port.wakes(), wait) {
            Woken::Given(batch) => {
                let now = clock.now();
                for (slot, op) in batch {
                    port.submit(now, slot, op);
                }
            }
            Woken::Look => {}
            Woken::Closed => return,
        }
        port.poll(clock.now(), &mut events);
        if !send_events(&mut events, inbox) {
            return;
        }
    }
}

/// Hand over what one look found, in order. False if nobody is there to take it.
pub(crate) fn send_events(events: &mut Vec<(ChainSlot, LinkEvent)>, inbox: &Inbox) -> bool {
    while !events.is_empty() {
        let rest = events.split_off(events.len().min(EVENTS));
        let first = std::mem::replace(events, rest);
        if inbox.send(Message::Event(Event::Links(first))).is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    /// The lengths of the messages in which so many events travel.
    fn check(events: usize, expected: &[usize]) {
        let (inbox, messages) = sync_channel(super::super::INBOX);
        let found: Vec<_> = (0..events as u32)
            .map(|i| {
                let (head, data) = (i, !i);
                (ChainSlot((i % 3) as u8), LinkEvent::Record { head, data })
            })
            .collect();
        let mut look = found.clone();
        assert!(send_events(&mut look, &inbox));
        assert!(look.is_empty(), "ready for the next look");
        let arrived: Vec<Vec<_>> = messages
            .try_iter()
            .map(|message| match message {
                Message::Event(Event::Links(events)) => events,
                _ => panic!("events of links only"),
            })
            .collect();
        let lengths: Vec<_> = arrived.iter().map(Vec::len).collect();
        assert_eq!(lengths, expected, "{events}");
        assert_eq!(arrived.concat(), found, "in order");
    }

    #[test]
    fn a_look_is_one_message_and_a_long_one_is_cut() {
        check(0, &[]);
        check(1, &[1]);
        check(2, &[2]);
        check(128, &[128]);
        check(129, &[128, 1]);
        check(1000, &[128, 128, 128, 128, 128, 128, 128, 104]);
    }

    #[test]
    fn every_port_of_a_whole_machine_is_served_by_a_loop_that_beats() {
        use std::sync::{Arc, Mutex};
        let machine = board_support::machine("antminer-s21").expect("known");
        let options = twin::machine::TwinOptions {
            parts: true,
            ..Default::default()
        };
        let twin = twin::machine::TwinMachine::new(&machine, options).expect("a twin");
        let (twin, clock) = (Arc::new(Mutex::new(twin)), Clock::start());
        let power = engine::hash_power(&machine, 100);
        let ports = hal_emulated::machine_ports(twin, clock.now(), power, machine.fans.count);
        let beats = ports.beats.clone();
        // Three links, two buses, fans: who is not listed is not watched.
        assert_eq!(beats.loops().len(), 6);
        let (inbox, _messages) = sync_channel(super::super::INBOX);
        let _ports = Ports::start(ports, clock, &inbox).expect("threads");
        let before: Vec<_> = beats.read().collect();
        let end = std::time::Instant::now() + units::Duration::from_secs(60);
        let standing = || {
            let all = before.iter().zip(beats.read());
            let mut still = all.filter(|((_, before), (_, after))| after <= before);
            still.next().map(|((who, _), _)| *who)
        };
        while let Some(who) = standing() {
            assert!(std::time::Instant::now() < end, "{who:?} stands still");
            std::thread::sleep(units::Duration::from_millis(50));
        }
    }

    #[test]
    fn events_that_nobody_takes_end_the_port() {
        let (inbox, messages) = sync_channel(1);
        drop(messages);
        let mut look = vec![(ChainSlot(0), LinkEvent::Damaged(1))];
        assert!(!send_events(&mut look, &inbox));
    }
}
