//! The miner as one value: events in, effects out.
//!
//! [`Engine`] joins the cores, and is the only place that does: pool sessions
//! ([`stratum`]), work and shares ([`scheduler`]), chains ([`drivers`]). It owns no
//! socket, file, thread or clock. Everything that can wake it is an [`Event`]; everything
//! that it can do to the world is an [`Effect`]. Under the same events at the same
//! instants it gives the same effects, byte for byte.
//!
//! What it deliberately does not know: how bytes reach a pool or a chip, what time of
//! day it is, and whether the machine at the other end is silicon or a twin.

mod config;
mod engine;
mod event;
mod faults;
mod hardware;
mod hashrate;
mod keeper;
mod rates;
mod recorder;
mod recording;
mod replay;
mod snapshot;
mod wiring;

pub use config::{EngineConfig, HardwareConfig};
pub use control::{
    BoardState, ChainState, Cooling, Decision, FanMode, Input, Intent, Local, Persisted, Setpoint,
    StartCause, SupplyState,
};
pub use engine::Engine;
pub use event::{Effect, Event, PoolEvent};
pub use hardware::hash_power;
pub use recording::{BadRecording, Done, RECORDING_BYTES_MAX, Recording, Seen, Step};
pub use replay::{Difference, Verdict, replay};
pub use stratum::policy::{POOLS_MAX, PoolOrder};
pub use stratum::{GroupConfig, Listed, PoolConfig};
