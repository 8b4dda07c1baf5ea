//! The same look at a twin in this process, on a clock that does not wait.

use board_support::Machine;
use hal::{BoardEvent, BoardOp, BusError, BusId, BusOp, MachinePorts};
use twin::machine::TwinOptions;
use units::{ChainSlot, Duration, Instant};

use super::linux::speeds;
use super::touch::{Buses, Time, run_list};
use crate::runtime::Clock;
use crate::voltages::{self, Word};
use crate::whole;

/// How long fans are counted: they start with the machine and need some seconds.
const COUNTED: Duration = Duration::from_secs(20);

/// A twin's ports.
pub(super) struct TwinHands {
    ports: MachinePorts,
    time: Virtual,
    tells_absence: bool,
}

impl TwinHands {
    pub(super) fn new(machine: &Machine) -> anyhow::Result<Self> {
        let mut machine = machine.clone();
        voltages::take_twins(&mut machine, Word::default())
            .map_err(|why| anyhow::anyhow!("{why}"))?;
        let whole = whole::machine(&machine, TwinOptions::default(), Clock::start())?;
        Ok(TwinHands {
            ports: whole.ports,
            time: Virtual(Instant::ZERO),
            tells_absence: machine.control_board.link != board_support::LinkKind::FpgaFifo,
        })
    }

    pub(super) fn plugged(&mut self, slot: u8) -> Option<bool> {
        let slot = ChainSlot(slot);
        let mut events = Vec::new();
        let now = self.time.now();
        let board = &mut self.ports.board;
        board.apply(now, BoardOp::ReadPlug { slot }, &mut events);
        events.iter().find_map(|event| match event {
            BoardEvent::Plug { present, .. } => Some(*present),
            _ => None,
        })
    }

    pub(super) fn fans(&mut self) -> Vec<(u8, u32)> {
        let Some(fans) = &mut self.ports.fans else {
            return Vec::new();
        };
        let mut events = Vec::new();
        let end = self.time.now() + COUNTED;
        while self.time.now() < end {
            fans.poll(self.time.now(), &mut events);
            let next = fans.next_event().unwrap_or(end);
            self.time.pass_until(next);
        }
        speeds(&events)
    }
}

impl Buses for TwinHands {
    fn run(&mut self, bus: BusId, ops: Vec<BusOp>) -> Option<Result<Vec<Vec<u8>>, BusError>> {
        let port = self.ports.buses.iter_mut().find(|port| port.serves(bus))?;
        Some(run_list(port, &mut self.time, bus, ops))
    }

    fn tells_absence(&self, _bus: BusId) -> bool {
        self.tells_absence
    }
}

struct Virtual(Instant);

impl Time for Virtual {
    fn now(&mut self) -> Instant {
        self.0
    }

    fn pass_until(&mut self, at: Instant) {
        // A moment at least: a port that wants to be called at once is not asked for ever at the
        // same instant.
        self.0 = at.max(self.0 + Duration::from_micros(1));
    }
}
