//! Identifiers. An index, a count and a wire address are different types, so that none
//! of them can be used for another.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub $inner);

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id!(
    /// A hashboard's slot on the control board, counted from 0: one serial line of chips.
    ChainSlot(u8)
);
id!(
    /// A chip's place in its chain, counted from the host. Not its [`ChipAddress`].
    ChipIndex(u16)
);
id!(
    /// The address that a chip was given on the wire. Not its [`ChipIndex`].
    ChipAddress(u8)
);
id!(
    /// A core inside a chip, as the nonce encodes it.
    CoreIndex(u16)
);
id!(
    /// A pool's number in this process, never given to another. Those of the configuration are
    /// counted from 0 in its order.
    PoolIndex(u8)
);
id!(
    /// One connection to a pool, from subscribe to close. Never reused in a process.
    SessionId(u32)
);
id!(
    /// One unit of work, unique in the life of the process.
    WorkId(u64)
);
id!(
    /// The short job number that travels on a chain's wire and comes back with a nonce.
    /// It wraps within milliseconds on fast machines; [`WorkId`] does not.
    WireJobId(u8)
);
id!(
    /// The header's nonce field as the integer that the header encodes little-endian.
    Nonce(u32)
);
id!(
    /// One verified share on its way to a pool and back: unique in a process.
    ShareId(u64)
);

impl SessionId {
    /// The `count`-th connection of a pool: unique as long as a pool makes fewer than 2^24.
    pub const fn of_pool(pool: PoolIndex, count: u32) -> Self {
        SessionId((pool.0 as u32) << 24 | (count & 0x00ff_ffff))
    }

    /// The pool whose session it is.
    pub const fn pool(self) -> PoolIndex {
        PoolIndex((self.0 >> 24) as u8)
    }
}

impl Nonce {
    /// From the four bytes as chips send them, which is header order.
    pub const fn from_wire(bytes: [u8; 4]) -> Self {
        Nonce(u32::from_le_bytes(bytes))
    }

    /// The four bytes in header order.
    pub const fn to_wire(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }
}

/// A pool's job inside this process: the session that brought it and a serial number in
/// that session. The pool's own id is an opaque string that may be reused; this is not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct JobKey {
    /// The session that the job came through.
    pub session: SessionId,
    /// Counts the jobs of that session from 0.
    pub serial: u32,
}
