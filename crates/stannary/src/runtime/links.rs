//! One thread per link port and one for the board: the only callers of the ports.
//!
//! A port thread sleeps until its port's next deadline or until the engine gives it
//! something. The engine's operations travel in batches, because a wake-up costs more than
//! building a work; a batch with a flush is short, so that new work is on its way while the
//! rest of it is built. Work is paced inside the port by absolute deadlines, so a late wake-up
//! delays one frame and not all that follow.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use engine::Event;
use hal::{BoardOp, BoardPort, LinkOp, LinkPort, MachinePorts};
use units::{ChainSlot, Duration};

use super::clock::Clock;
use super::{Inbox, Message};

/// A port with nothing due is still looked at this often.
const IDLE_POLL: Duration = Duration::from_millis(250);

/// Operations per slot in a batch with a flush: it and the first new work.
const FIRST_BATCH: usize = 2;
/// Operations in any other batch.
const BATCH: usize = 64;

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
        for (slot, event) in events.drain(..) {
            if inbox
                .send(Message::Event(Event::Link { slot, event }))
                .is_err()
            {
                return;
            }
        }
    }
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
