//! What `[api]` says of the interfaces that fleet software already speaks.

use std::net::SocketAddr;
use std::path::PathBuf;

use board_support::strict::Section;

use super::config::{address, read_file};
use super::paths;

/// Where old clients come, and what they may do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct OldClients {
    /// The cgminer socket.
    pub(crate) socket: Option<SocketAddr>,
    /// The side port.
    pub(crate) side: Option<SocketAddr>,
    /// They may change what an operator may.
    pub(crate) write: bool,
    /// The file with the password of their web interface.
    pub(crate) login: Option<PathBuf>,
}

/// Of this table; `None` after a fault.
pub(super) fn read(a: &mut Section<'_>) -> Option<OldClients> {
    let mut at = |key| match a.has(key) {
        true => address(a, key, paths::address).map(Some),
        false => Some(None),
    };
    let (socket, side) = (at("cgminer"), at("side"));
    let write = match a.has("legacy") {
        true => a.choice("legacy", &[("read", false), ("write", true)]),
        false => Some(false),
    };
    let login = match a.has("legacy_login") {
        true => read_file(a, "legacy_login").map(Some),
        false => Some(None),
    };
    Some(OldClients {
        socket: socket?,
        side: side?,
        write: write?,
        login: login?,
    })
}
