//! A legacy write as one of the orders that every interface gives.

use telemetry::{Command, Intent, Order, Snapshot};

use super::Shared;
use crate::pools::PoolOrder;

/// Why an order was not taken, for people.
pub(super) type Refused = String;

impl Shared {
    /// Give a command within the machine's limits; says which it was.
    pub(super) fn give(&self, s: &Snapshot, order: Order) -> Result<Command, Refused> {
        let command = order
            .check(s.settings.as_ref())
            .map_err(|why| why.to_string())?;
        self.give_command(command).map(|()| command)
    }

    fn give_command(&self, command: Command) -> Result<(), Refused> {
        match (self.takers.commands)(command) {
            true => Ok(()),
            false => Err("the miner did not take the command".to_owned()),
        }
    }

    /// Change the list of pools.
    pub(super) fn give_pools(&self, s: &Snapshot, order: PoolOrder) -> Result<(), Refused> {
        let checked = order.check(s).and_then(|()| (self.takers.pools)(order));
        checked.map_err(|why| why.detail)
    }

    /// See that a pool makes sense before anything is changed.
    pub(super) fn check_pool(&self, s: &Snapshot, order: &PoolOrder) -> Result<(), Refused> {
        let checked = order
            .check(s)
            .and_then(|()| (self.legacy.check_pool)(order));
        checked.map_err(|why| why.detail)
    }

    /// Stop hashing with the supply off, or hash again. A machine that is paused stays paused:
    /// its owner has stopped it in another way. `None`: nothing was to be ordered.
    pub(super) fn set_sleep(&self, s: &Snapshot, sleep: bool) -> Result<Option<Command>, Refused> {
        let intent = s.settings.as_ref().map_or(Intent::Hash, |set| set.intent);
        let order = match (sleep, intent) {
            (true, Intent::Hash) => Order::Sleep {},
            (false, Intent::Sleep) => Order::Wake {},
            (false, Intent::Pause) => Order::Resume {},
            _ => return Ok(None),
        };
        self.give(s, order).map(Some)
    }
}
