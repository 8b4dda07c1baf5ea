//! What the miner says about itself: one immutable [`Snapshot`], coded [`Note`]s, and the
//! [`Command`]s that it takes.
//!
//! Everything outside the engine (REST, command line, page, log) reads these types and
//! no other. A value that is not known is `None` and shows as `null`; nothing is invented.
//! Field names end in their unit and are a contract with fleet software.

mod codes;
mod command;
mod constraint;
mod history;
mod note;
mod order;
mod quotas;
mod reading;
mod round;
mod settings;
mod snapshot;

pub use codes::{CODES, Code, Severity};
pub use command::{Command, FanMode, FanWish};
pub use constraint::{Choice, Constraint, Given, Kind, constraints};
pub use history::{History, Past, RESOLUTIONS, Resolution, Series};
pub use note::{Note, NoteLog};
pub use order::{Order, OrderRefused};
pub use quotas::{
    DEFAULT_GROUP, GROUP_NAME_MAX, GroupChange, GroupsWrong, POOL_GROUPS_MAX, PoolGroup,
    QUOTA_PERCENT, check_groups, check_pools, given,
};
pub use reading::Sensed;
pub use settings::{FanSettings, Intent, Setting, Settings};
pub use snapshot::{
    Chain, ChainState, Chip, Clock, ClockQuality, Decision, Fan, Fault, Hashrate, Machine,
    MachineState, NodeView, POOL_TEXT_MAX, POOLS_MAX, Pool, PoolLatency, PoolRejects, PoolState,
    Psu, Quality, Shares, Snapshot, Temperature,
};
