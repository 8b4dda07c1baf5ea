//! How commands and answers are framed: the one thing in which generations of chips differ
//! down to the byte.

use crate::command::COMMAND_PREAMBLE;
use crate::response::RESPONSE_PREAMBLE;

/// A generation's way of framing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// BM1387: no preamble in either direction, answers of seven bytes that name neither
    /// chip nor register.
    Bm1387,
    /// BM1391 and later: `55 AA` before everything that chips receive, `AA 55` before
    /// everything that they send.
    Bm139x,
}

/// First bytes of commands. A broadcast has bit 4 set as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Headers {
    pub(crate) set_address: u8,
    pub(crate) write: u8,
    pub(crate) read: u8,
    pub(crate) inactive: u8,
}

impl Dialect {
    /// Captured for BM139x; published by several sources for BM1387.
    pub(crate) const fn headers(self) -> Headers {
        match self {
            Dialect::Bm1387 => Headers {
                set_address: 0x41,
                write: 0x48,
                read: 0x44,
                inactive: 0x55,
            },
            Dialect::Bm139x => Headers {
                set_address: 0x40,
                write: 0x41,
                read: 0x42,
                inactive: 0x53,
            },
        }
    }

    /// What stands before every frame to the chips, if anything does.
    pub const fn command_preamble(self) -> &'static [u8] {
        match self {
            Dialect::Bm1387 => &[],
            Dialect::Bm139x => &COMMAND_PREAMBLE,
        }
    }

    /// What stands before every frame from the chips, if anything does.
    pub const fn response_preamble(self) -> &'static [u8] {
        match self {
            Dialect::Bm1387 => &[],
            Dialect::Bm139x => &RESPONSE_PREAMBLE,
        }
    }
}
