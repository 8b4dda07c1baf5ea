//! The pools of a World, and the miner's connections to them.

use engine::{Event, PoolConfig, PoolEvent};
use twin::pool::{self, ConnId, Pool, PoolOptions, Protocol};
use units::PoolIndex;

use crate::net::Parcel;
use crate::world::{World, WorldOptions};

/// A pool beside the first.
#[derive(Clone, Debug)]
pub struct MorePool {
    /// What it is like.
    pub options: PoolOptions,
    /// Its group.
    pub group: String,
}

/// A pool, and the miner's connection to it. Its place in the list is its number.
pub(crate) struct Site {
    pub(crate) pool: Pool,
    /// The miner's connection: its name, and whether it stands.
    connection: Option<(ConnId, bool)>,
    next_connection: u32,
    /// Nobody answers at the pool's address.
    gone: bool,
}

impl Site {
    pub(crate) fn new(options: PoolOptions) -> Site {
        Site {
            pool: Pool::new(options),
            connection: None,
            next_connection: 0,
            gone: false,
        }
    }
}

/// Names of connections carry the number of their pool.
fn site_of(conn: ConnId) -> usize {
    (conn.0 >> 24) as usize
}

/// The login at a pool of such a World.
pub fn pool_user(pool: usize) -> String {
    match pool {
        0 => "sim.worker".into(),
        _ => format!("sim{pool}.worker"),
    }
}

fn pool_config(pool: usize, options: &PoolOptions, group: &str) -> PoolConfig {
    let host = match pool {
        0 => "pool.sim".into(),
        _ => format!("pool{pool}.sim"),
    };
    let endpoint = stratum::Endpoint { host, port: 3333 };
    let address = match options.protocol {
        Protocol::V1 => stratum::Address::plain(endpoint),
        // The network of the simulation carries plaintext: nobody asks for the key.
        Protocol::V2 => stratum::Address::V2 {
            endpoint,
            authority: stratum::AuthorityKey([7; 32]),
        },
    };
    PoolConfig {
        difficulty_one: options.difficulty_one,
        group: group.into(),
        ..PoolConfig::new(address, pool_user(pool), "x")
    }
}

/// The pools as the miner is told of them.
pub(crate) fn pool_configs(options: &WorldOptions) -> Vec<PoolConfig> {
    let first = pool_config(0, &options.pool, PoolConfig::DEFAULT_GROUP);
    let more = options.more_pools.iter().enumerate();
    let more = more.map(|(i, pool)| pool_config(i + 1, &pool.options, &pool.group));
    std::iter::once(first).chain(more).collect()
}

impl World {
    /// The first pool's account.
    pub fn pool_ledger(&self) -> &pool::Ledger {
        self.ledger_of(0)
    }

    /// A pool's account.
    pub fn ledger_of(&self, pool: usize) -> &pool::Ledger {
        self.sites[pool].pool.ledger()
    }

    pub(crate) fn ledgers(&self) -> impl Iterator<Item = &pool::Ledger> {
        self.sites.iter().map(|site| site.pool.ledger())
    }

    /// Order something at the first pool.
    pub fn pool_order(&mut self, order: pool::Order) {
        self.order_pool(0, order);
    }

    /// Order something at a pool.
    pub fn order_pool(&mut self, pool: usize, order: pool::Order) {
        let now = self.now;
        let site = &mut self.sites[pool];
        site.pool.handle(now, pool::Input::Order(None, order));
        self.drain_pool(pool);
    }

    /// The first pool's address answers no more, and its connections are gone; or it is back.
    pub fn set_pool_gone(&mut self, gone: bool) {
        self.set_gone(0, gone);
    }

    /// The same of a pool.
    pub fn set_gone(&mut self, pool: usize, gone: bool) {
        self.sites[pool].gone = gone;
        if let Some((conn, _)) = self.sites[pool].connection.filter(|_| gone) {
            self.net.send(self.now, Parcel::ClosedAtPool(conn));
            self.net.send(self.now, Parcel::ClosedAtMiner(conn));
        }
    }

    /// Give an operator's order about pools.
    pub fn pools_change(&mut self, order: engine::PoolOrder) {
        self.give_engine(Event::PoolOrder(order));
    }

    /// Whatever arrives now, on either side.
    pub(crate) fn deliver(&mut self) {
        while let Some(parcel) = self.net.take_due(self.now) {
            let now = self.now;
            let site = site_of(parcel.conn());
            let pool = PoolIndex(site as u8);
            let Site {
                pool: server,
                connection,
                ..
            } = &mut self.sites[site];
            match parcel {
                Parcel::OpenedAtPool(conn) => server.handle(now, pool::Input::Opened(conn)),
                Parcel::ToPool(conn, bytes) => {
                    server.handle(now, pool::Input::Bytes(conn, bytes));
                }
                Parcel::ClosedAtPool(conn) => server.handle(now, pool::Input::Closed(conn)),
                Parcel::Connected(conn) => {
                    if let Some((current, up)) = connection
                        && *current == conn
                    {
                        *up = true;
                        let event = PoolEvent::Connected;
                        self.give_engine(Event::Pool { pool, event });
                    }
                }
                Parcel::ToMiner(conn, bytes) => {
                    if *connection == Some((conn, true)) {
                        if self.options.keep_records {
                            self.job_log.bytes(now, conn, &bytes);
                        }
                        let event = PoolEvent::Bytes(bytes);
                        self.give_engine(Event::Pool { pool, event });
                    }
                }
                Parcel::ClosedAtMiner(conn) => {
                    if connection.is_some_and(|(current, _)| current == conn) {
                        *connection = None;
                        self.job_log.closed(now, conn);
                        let event = PoolEvent::Closed("closed by the pool".into());
                        self.give_engine(Event::Pool { pool, event });
                    }
                }
            }
            self.drain_pool(site);
        }
    }

    pub(crate) fn drain_pool(&mut self, site: usize) {
        while let Some(effect) = self.sites[site].pool.next_effect() {
            match effect {
                pool::Effect::Send(conn, bytes) => {
                    self.net.send(self.now, Parcel::ToMiner(conn, bytes));
                }
                pool::Effect::Close(conn) => {
                    self.net.send(self.now, Parcel::ClosedAtMiner(conn));
                }
                pool::Effect::SubmitBlock { .. } => {}
            }
        }
    }

    pub(crate) fn connect(&mut self, pool: usize) {
        self.disconnect(pool);
        let site = &mut self.sites[pool];
        let conn = ConnId((pool as u32) << 24 | site.next_connection);
        site.next_connection += 1;
        site.connection = Some((conn, false));
        if site.gone {
            // Nobody says so: whoever waits gives up by himself.
            return;
        }
        self.net.send(self.now, Parcel::OpenedAtPool(conn));
        self.net
            .send(self.now + self.options.net.latency, Parcel::Connected(conn));
    }

    pub(crate) fn send_to_pool(&mut self, pool: usize, bytes: Vec<u8>) {
        if let Some((conn, true)) = self.sites[pool].connection {
            self.net.send(self.now, Parcel::ToPool(conn, bytes));
        }
    }

    pub(crate) fn disconnect(&mut self, pool: usize) {
        if let Some((conn, _)) = self.sites[pool].connection.take() {
            self.job_log.closed(self.now, conn);
            self.net.send(self.now, Parcel::ClosedAtPool(conn));
        }
    }
}
