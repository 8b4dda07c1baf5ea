//! The network between the miner and its pool: ordered, delayed, sometimes cut.

use std::collections::BTreeMap;

use twin::pool::ConnId;
use units::{Duration, Instant, Rng};

/// Something on its way.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    /// The pool learns of a connection.
    OpenedAtPool(ConnId),
    /// The miner learns that its connection stands.
    Connected(ConnId),
    /// Bytes for the pool.
    ToPool(ConnId, Vec<u8>),
    /// Bytes for the miner.
    ToMiner(ConnId, Vec<u8>),
    /// The miner has closed.
    ClosedAtPool(ConnId),
    /// The pool has closed, or the network cut the line.
    ClosedAtMiner(ConnId),
}

impl Parcel {
    /// Whose connection it is about.
    pub(crate) fn conn(&self) -> ConnId {
        match self {
            Parcel::OpenedAtPool(conn)
            | Parcel::Connected(conn)
            | Parcel::ToPool(conn, _)
            | Parcel::ToMiner(conn, _)
            | Parcel::ClosedAtPool(conn)
            | Parcel::ClosedAtMiner(conn) => *conn,
        }
    }
}

/// How the network behaves.
#[derive(Clone, Copy, Debug)]
pub struct NetOptions {
    /// Shortest time one way.
    pub latency: Duration,
    /// Added at random on top, without changing the order.
    pub jitter: Duration,
}

/// Everything in flight, in order of arrival. Both directions keep their order, as TCP
/// does.
#[derive(Debug)]
pub(crate) struct Net {
    options: NetOptions,
    rng: Rng,
    parcels: BTreeMap<(Instant, u64), Parcel>,
    serial: u64,
    /// The latest arrival scheduled: to the pool, to the miner.
    latest: [Instant; 2],
}

impl Net {
    pub(crate) fn new(options: NetOptions, rng: Rng) -> Self {
        Net {
            options,
            rng,
            parcels: BTreeMap::new(),
            serial: 0,
            latest: [Instant::ZERO; 2],
        }
    }

    pub(crate) fn send(&mut self, now: Instant, parcel: Parcel) {
        let jitter = self.rng.below(self.options.jitter.as_nanos() as u64 + 1);
        let direction = match parcel {
            Parcel::OpenedAtPool(_) | Parcel::ToPool(..) | Parcel::ClosedAtPool(_) => 0,
            Parcel::Connected(..) | Parcel::ToMiner(..) | Parcel::ClosedAtMiner(_) => 1,
        };
        let at =
            (now + self.options.latency + Duration::from_nanos(jitter)).max(self.latest[direction]);
        self.latest[direction] = at;
        self.serial += 1;
        self.parcels.insert((at, self.serial), parcel);
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.parcels.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Parcel> {
        let first = self.parcels.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
