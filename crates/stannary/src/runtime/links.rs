//! One thread per link port and one for the board: the only callers of the ports.
//!
//! A port thread sleeps until its port's next deadline or until the engine gives it
//! something. Work is paced inside the port by absolute deadlines, so a late wake-up
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

/// The engine's side of all ports.
pub(crate) struct Ports {
    links: Vec<(Vec<ChainSlot>, Sender<(ChainSlot, LinkOp)>)>,
    board: Sender<BoardOp>,
}

impl Ports {
    /// Start a thread per port.
    pub(crate) fn start(ports: MachinePorts, clock: Clock, inbox: &Inbox) -> std::io::Result<Self> {
        let mut links = Vec::new();
        for (i, port) in ports.links.into_iter().enumerate() {
            let (tx, rx) = channel();
            links.push((port.slots().to_vec(), tx));
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

    /// Hand an operation to the port that serves `slot`. A port whose thread has ended
    /// takes nothing; the chain's silence then says so.
    pub(crate) fn link(&self, slot: ChainSlot, op: LinkOp) {
        if let Some((_, tx)) = self.links.iter().find(|(slots, _)| slots.contains(&slot)) {
            let _ = tx.send((slot, op));
        }
    }

    /// Hand an operation to the board.
    pub(crate) fn board(&self, op: BoardOp) {
        let _ = self.board.send(op);
    }
}

fn serve_link(
    mut port: Box<dyn LinkPort + Send>,
    ops: &Receiver<(ChainSlot, LinkOp)>,
    clock: Clock,
    inbox: &Inbox,
) {
    let mut events = Vec::new();
    loop {
        let wait = port
            .next_deadline()
            .map_or(IDLE_POLL, |at| clock.until(at).min(IDLE_POLL));
        match ops.recv_timeout(wait) {
            Ok((slot, op)) => {
                let now = clock.now();
                port.submit(now, slot, op);
                // Take what else is there, so that a burst of work is one pass of `poll`.
                for (slot, op) in ops.try_iter().take(64) {
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
