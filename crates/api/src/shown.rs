//! What was ordered, as snapshots show it once the miner has taken it up.
//!
//! An order is taken into a queue, and the snapshot that shows it comes up to a quarter of a second later.
//! An answer before that would let its reader look at what was, and send that back with the next
//! change. So every interface that is asked for a change answers once it shows, or after a
//! bounded time: what does not show by then was refused by the miner, as its log says, or it is
//! stopping.

use std::sync::Arc;
use std::time::Duration;

use telemetry::{Command, FanMode, FanWish, Intent, Settings, Snapshot};

use crate::pools::PoolOrder;
use crate::published::Published;

/// Eight snapshots, on a busy machine a few less.
pub(crate) const SHOWN_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What is to be seen.
pub(crate) struct Expected {
    commands: Vec<Command>,
    pools: Option<List>,
    /// Of groups of pools, each by itself.
    groups: Vec<PoolOrder>,
}

impl Expected {
    /// Of one command.
    pub(crate) fn of(command: Command) -> Self {
        Expected {
            commands: vec![command],
            pools: None,
            groups: Vec::new(),
        }
    }

    /// Of these orders, given one after the other to a miner that shows this.
    pub(crate) fn of_pools(now: &Snapshot, orders: &[PoolOrder]) -> Self {
        let mut list = List::of(now);
        let mut groups = Vec::new();
        for order in orders {
            if !list.change(order) {
                groups.push(order.clone());
            }
        }
        let changes = orders.len() > groups.len();
        Expected {
            commands: Vec::new(),
            pools: Some(list).filter(|_| changes),
            groups,
        }
    }

    /// And of this command. The last one of its kind counts.
    pub(crate) fn and(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// The first snapshot that shows all of it; `None`: none did within [`SHOWN_WITHIN`].
    pub(crate) async fn shown(&self, published: &Published) -> Option<Arc<Snapshot>> {
        let looks = SHOWN_WITHIN.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..looks {
            let now = published.snapshot();
            if self.is_in(&now) {
                return Some(now);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        None
    }

    fn is_in(&self, now: &Snapshot) -> bool {
        self.commands.iter().all(|command| is_done(*command, now))
            && self.pools.as_ref().is_none_or(|list| list.is_in(now))
            && self.groups.iter().all(|order| order.is_shown(now))
    }
}

/// A machine without settings shows nothing of most commands.
fn is_done(command: Command, now: &Snapshot) -> bool {
    if let Command::Locate { on } = command {
        return now.locating == on;
    }
    let settings = now.settings.as_ref();
    settings.is_none_or(|settings| is_set(command, settings))
}

fn is_set(command: Command, settings: &Settings) -> bool {
    match command {
        Command::Pause => settings.intent == Intent::Pause,
        Command::Sleep => settings.intent == Intent::Sleep,
        Command::Resume | Command::Wake => settings.intent == Intent::Hash,
        Command::Fans(wish) => {
            let fans = &settings.fans;
            match wish {
                FanWish::Auto => fans.mode == FanMode::Auto,
                FanWish::Quiet => fans.mode == FanMode::Quiet,
                FanWish::Immersion => fans.mode == FanMode::Immersion,
                FanWish::Hydro => fans.mode == FanMode::Hydro,
                FanWish::Manual { duty_percent } => {
                    let duty = f64::from(duty_percent.percent());
                    fans.mode == FanMode::Manual && fans.duty.set == Some(duty)
                }
            }
        }
        Command::PowerCeiling { power_w } => {
            settings.power_ceiling.set == power_w.map(|power| power.w())
        }
        Command::TargetTemperature { temp_c } => {
            settings.target_temperature.set == temp_c.map(|temp| temp.c())
        }
        _ => true,
    }
}

/// The list of pools as orders make it, in the order of preference.
struct List {
    /// Numbers that were given before: none is given twice.
    known: Vec<u8>,
    pools: Vec<Place>,
}

/// One in the list.
struct Place {
    /// Its number; a new one has none yet.
    id: Option<u8>,
    enabled: bool,
}

impl List {
    fn of(now: &Snapshot) -> Self {
        let places = now.pools.iter().map(|pool| Place {
            id: Some(pool.id),
            enabled: pool.enabled,
        });
        List {
            known: now.pools.iter().map(|pool| pool.id).collect(),
            pools: places.collect(),
        }
    }

    /// False for what is about groups.
    fn change(&mut self, order: &PoolOrder) -> bool {
        let pools = &mut self.pools;
        let of = |pools: &[Place], id: u8| pools.iter().position(|place| place.id == Some(id));
        match *order {
            PoolOrder::Add { place, .. } => {
                let last = pools.len();
                let new = Place {
                    id: None,
                    enabled: true,
                };
                pools.insert(place.map_or(last, |place| last.min(place.into())), new);
            }
            PoolOrder::Remove { pool } => pools.retain(|place| place.id != Some(pool)),
            PoolOrder::Move { pool, place } => {
                if let Some(at) = of(pools, pool) {
                    let moved = pools.remove(at);
                    pools.insert(pools.len().min(place.into()), moved);
                }
            }
            PoolOrder::Enable { pool } | PoolOrder::Disable { pool } => {
                if let Some(at) = of(pools, pool) {
                    pools[at].enabled = matches!(order, PoolOrder::Enable { .. });
                }
            }
            PoolOrder::SetQuotas { .. }
            | PoolOrder::RemoveGroup { .. }
            | PoolOrder::MoveToGroup { .. } => return false,
        }
        true
    }

    fn is_in(&self, now: &Snapshot) -> bool {
        let is = |(place, pool): (&Place, &telemetry::Pool)| {
            let same = match place.id {
                Some(id) => pool.id == id,
                None => !self.known.contains(&pool.id),
            };
            same && pool.enabled == place.enabled
        };
        now.pools.len() == self.pools.len() && self.pools.iter().zip(&now.pools).all(is)
    }
}

#[cfg(test)]
mod tests {
    use units::{Celsius, Duty, Watts};

    use super::*;
    use crate::legacy::fixture;
    use crate::legacy::fixture::server::Given;
    use crate::pools::Quota;

    /// Not to be seen before, to be seen once the miner did it.
    fn check(command: Command) {
        let mut s = fixture::snapshot();
        let expected = Expected::of(command);
        assert!(!expected.is_in(&s), "{command:?}");
        fixture::obey(&mut s, Given::Command(command));
        assert!(expected.is_in(&s), "{command:?}");
        s.settings = None;
        let locates = matches!(command, Command::Locate { .. });
        s.locating &= !locates;
        assert_eq!(expected.is_in(&s), !locates, "{command:?}");
    }

    #[test]
    fn a_command_shows_in_what_it_sets() {
        let duty_percent = Duty::new(60);
        check(Command::Locate { on: true });
        check(Command::Pause);
        check(Command::Sleep);
        check(Command::Fans(FanWish::Auto));
        check(Command::Fans(FanWish::Manual { duty_percent }));
        check(Command::PowerCeiling { power_w: None });
        let power_w = Some(Watts::new(2000.0));
        check(Command::PowerCeiling { power_w });
        let temp_c = Some(Celsius::new(40.0));
        check(Command::TargetTemperature { temp_c });
    }

    #[test]
    fn what_is_so_already_shows_at_once() {
        let s = fixture::snapshot();
        let is_in = |command| Expected::of(command).is_in(&s);
        assert!(is_in(Command::Resume) && is_in(Command::Wake));
        assert!(is_in(Command::Locate { on: false }));
        assert!(is_in(Command::Fans(FanWish::Quiet)));
        assert!(Expected::of_pools(&s, &[]).is_in(&s));
    }

    fn add(place: Option<u8>) -> PoolOrder {
        PoolOrder::Add {
            url: "stratum+tcp://h:1".into(),
            user: "u".into(),
            password: None,
            group: None,
            place,
        }
    }

    #[test]
    fn orders_about_pools_show_once_all_of_them_were_done() {
        let cases = [
            vec![add(None)],
            vec![add(Some(0)), add(Some(9))],
            vec![add(Some(0)), PoolOrder::Remove { pool: 0 }],
            vec![PoolOrder::Move { pool: 1, place: 0 }],
            vec![
                PoolOrder::Disable { pool: 1 },
                PoolOrder::Move { pool: 0, place: 7 },
            ],
        ];
        for orders in cases {
            let mut s = fixture::snapshot();
            let expected = Expected::of_pools(&s, &orders);
            for order in orders {
                assert!(!expected.is_in(&s));
                fixture::obey(&mut s, Given::Pools(order));
            }
            assert!(expected.is_in(&s));
        }
    }

    #[test]
    fn an_order_about_groups_shows_in_the_groups() {
        let mut s = fixture::snapshot();
        let quotas = vec![Quota {
            group: "a".into(),
            quota_percent: 40.0,
        }];
        let expected = Expected::of_pools(&s, &[PoolOrder::SetQuotas { quotas }]);
        assert!(!expected.is_in(&s));
        s.pool_groups[0].quota_percent = 40.0;
        // Others may add pools meanwhile.
        fixture::obey(&mut s, Given::Pools(add(None)));
        assert!(expected.is_in(&s));
    }
}
