//! One thread per link port and one for the board: the only callers of the ports.
//!
//! A port thread sleeps until its port's next deadline or until the engine gives it
//! something. The engine's operations travel in batches, because a wake-up costs more than
//! building a work; a batch with a flush is short, so that new work is on its way while the
//! rest of it is built. Work is paced inside the port by absolute deadlines, so a late wake-up
//! delays one frame and not all that follow.
//!
//! What a look at a port found goes to the engine at once and as one message, whether it is one
//! nonce or many: nothing waits for company, and what has company is verified together.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use engine::Event;
use hal::{BoardOp, BoardPort, LinkEvent, LinkOp, LinkPort, MachinePorts};
use units::{ChainSlot, Duration};

use super::clock::Clock;
use super::{Inbox, Message};

/// A port with nothing due is still looked at this often.
const IDLE_POLL: Duration = Duration::from_millis(250);

/// Operations per slot in a batch with a flush: it and the first new work.
const FIRST_BATCH: usize = 2;
/// Operations in any other batch.
const BATCH: usize = 64;

/// Port events in one message: 6 kB beside the bytes that a UART received, of which one look
/// takes 17 kB. A look that found more sends several messages.
const EVENTS: usize = 128;

type Batch = Vec<(ChainSlot, LinkOp)>;

/// The engine's side of all ports.
pub(crate) struct Ports {
    links: Vec<Link>,
    board: Sender<BoardOp>,
}

/// One port: the slots that it serves, and the way to its thread.
struct Link {
    slots: Vec<ChainSlot>,
    batches: Sender<Batch>,
    /// Not sent yet; sent when it holds `limit`.
    waiting: Batch,
    limit: usize,
}

impl Ports {
    /// Start a thread per port.
    pub(crate) fn start(ports: MachinePorts, clock: Clock, inbox: &Inbox) -> std::io::Result<Self> {
        let mut links = Vec::new();
        for (i, port) in ports.links.into_iter().enumerate() {
            let (batches, rx) = channel();
            links.push(Link::new(port.slots().to_vec(), batches));
            let inbox = inbox.clone();
            thread::Builder::new()
                .name(format!("link-{i}"))
                .stack_size(256 * 1024)
                .spawn(move || serve_link(port, &rx, clock, &inbox))?;
        }
        let (board, rx) = channel();
        let inbox = inbox.clone();
        let port = ports.board;
        thread::Builder::new()
            .name("board".into())
            .stack_size(128 * 1024)
            .spawn(move || serve_board(port, &rx, clock, &inbox))?;
        Ok(Ports { links, board })
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
        let _ = self.board.send(op);
    }
}

impl Link {
    fn new(slots: Vec<ChainSlot>, batches: Sender<Batch>) -> Self {
        Link {
            limit: BATCH,
            slots,
            batches,
            waiting: Vec::new(),
        }
    }

    fn send(&mut self) {
        if !self.waiting.is_empty() {
            let _ = self.batches.send(std::mem::take(&mut self.waiting));
            self.limit = BATCH;
        }
    }
}

fn serve_link(
    mut port: Box<dyn LinkPort + Send>,
    batches: &Receiver<Batch>,
    clock: Clock,
    inbox: &Inbox,
) {
    let mut events = Vec::new();
    loop {
        let wait = port
            .next_deadline()
            .map_or(IDLE_POLL, |at| clock.until(at).min(IDLE_POLL));
        match batches.recv_timeout(wait) {
            Ok(batch) => {
                let now = clock.now();
                for (slot, op) in batch {
                    port.submit(now, slot, op);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
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

fn serve_board(
    mut port: Box<dyn BoardPort + Send>,
    ops: &Receiver<BoardOp>,
    clock: Clock,
    inbox: &Inbox,
) {
    let mut events = Vec::new();
    while let Ok(op) = ops.recv() {
        port.apply(clock.now(), op, &mut events);
        for event in events.drain(..) {
            if inbox.send(Message::Event(Event::Board(event))).is_err() {
                return;
            }
        }
    }
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
    fn events_that_nobody_takes_end_the_port() {
        let (inbox, messages) = sync_channel(1);
        drop(messages);
        let mut look = vec![(ChainSlot(0), LinkEvent::Damaged(1))];
        assert!(!send_events(&mut look, &inbox));
    }
}
