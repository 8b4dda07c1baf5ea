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
mod keeper;
mod rates;
mod snapshot;
mod wiring;

pub use config::{EngineConfig, HardwareConfig, PoolConfig};
pub use control::{Cooling, FanMode, Intent, Local, Persisted, StartCause};
pub use engine::Engine;
pub use event::{Effect, Event, PoolEvent};
pub use hardware::hash_power;
