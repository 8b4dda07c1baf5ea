//! A panic on order: how the kill tests let a thread of the real daemon fall.
//!
//! `STANNARY_PANIC` names the thread: `engine`, `fans` or `dead-man`. SIGUSR1 is then the order, and the
//! thread panics at its next turn, as it would of a fault of its own. Both are heard only where
//! the hardware is a twin in a process of its own; a daemon of a real machine never looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use hal::{BoardEvent, BoardOp, BoardPort, FanEvent, FanOp, FanPort, MachinePorts};
use signal_hook::consts::SIGUSR1;
use units::Instant;

/// Names the thread.
const VARIABLE: &str = "STANNARY_PANIC";

/// An order that may come.
#[derive(Clone, Debug)]
pub(crate) struct Ordered(Arc<AtomicBool>);

impl Ordered {
    /// Fall, if it has come.
    pub(crate) fn obey(&self) {
        assert!(
            !self.0.load(Ordering::Relaxed),
            "ordered by {VARIABLE} and SIGUSR1"
        );
    }
}

/// Prepare the thread that the environment names. What is returned is for the engine's own.
pub(crate) fn prepare(ports: &mut MachinePorts) -> Result<Option<Ordered>> {
    let Some(who) = std::env::var_os(VARIABLE) else {
        return Ok(None);
    };
    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGUSR1, Arc::clone(&flag)).context("cannot take signals")?;
    let ordered = Ordered(flag);
    let idle = || Box::new(Nothing) as Box<dyn BoardPort + Send>;
    match who.to_str() {
        Some("engine") => return Ok(Some(ordered)),
        Some("fans") => {
            let fans = ports.fans.take();
            ports.fans = fans.map(|port| Box::new(Falls { port, ordered }) as _);
        }
        Some("dead-man") => {
            let port = std::mem::replace(&mut ports.board, idle());
            ports.board = Box::new(Falls { port, ordered });
        }
        _ => bail!("{VARIABLE} is {who:?}\nhint: it names a thread: engine, fans or dead-man"),
    }
    Ok(None)
}

/// A port whose thread falls on order.
struct Falls<P> {
    port: P,
    ordered: Ordered,
}

impl FanPort for Falls<Box<dyn FanPort + Send>> {
    fn set(&mut self, now: Instant, op: FanOp) {
        self.port.set(now, op);
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<FanEvent>) {
        self.ordered.obey();
        self.port.poll(now, events);
    }

    fn next_event(&self) -> Option<Instant> {
        self.port.next_event()
    }
}

impl BoardPort for Falls<Box<dyn BoardPort + Send>> {
    fn apply(&mut self, now: Instant, op: BoardOp, events: &mut Vec<BoardEvent>) {
        self.port.apply(now, op, events);
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<BoardEvent>) {
        self.ordered.obey();
        self.port.poll(now, events);
    }

    fn next_event(&self) -> Option<Instant> {
        self.port.next_event()
    }
}

/// Stands where a port was taken out.
struct Nothing;

impl BoardPort for Nothing {
    fn apply(&mut self, _: Instant, _: BoardOp, _: &mut Vec<BoardEvent>) {}

    fn poll(&mut self, _: Instant, _: &mut Vec<BoardEvent>) {}

    fn next_event(&self) -> Option<Instant> {
        None
    }
}
