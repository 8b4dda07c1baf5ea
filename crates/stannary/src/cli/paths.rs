//! Where things are on this computer.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The socket of a miner's daemon.
const SYSTEM_SOCKET: &str = "/run/stannary.sock";
/// The same of one that runs as a user of its own, who cannot write to `/run`.
const SYSTEM_USER_SOCKET: &str = "/run/stannary/stannary.sock";
/// The file name of a daemon's socket in a user's own folder.
const USER_SOCKET: &str = "stannary.sock";

/// Where a daemon's local socket is unless the configuration says otherwise: in `/run` for
/// root, else in the user's runtime folder.
pub(crate) fn default_socket() -> PathBuf {
    if is_root() {
        PathBuf::from(SYSTEM_SOCKET)
    } else {
        socket_folder().join(USER_SOCKET)
    }
}

/// The user's own folder for sockets: `$XDG_RUNTIME_DIR/stannary`, or one in the folder for
/// temporary files that carries the user's number.
pub(crate) fn socket_folder() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|d| Path::new(d).is_absolute()) {
        Some(folder) => Path::new(&folder).join("stannary"),
        None => std::env::temp_dir().join(format!("stannary-{}", user_number())),
    }
}

/// Sockets on which a daemon of this computer may answer, the likeliest first: the
/// default, then whatever is in the user's folder (a demo's, for one).
pub(super) fn likely_sockets() -> Vec<PathBuf> {
    let mut found = vec![default_socket()];
    found.extend([SYSTEM_SOCKET, SYSTEM_USER_SOCKET].map(PathBuf::from));
    let entries = std::fs::read_dir(socket_folder());
    let mut others: Vec<_> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "sock"))
        .take(64)
        .collect();
    others.sort();
    found.extend(others);
    found.dedup();
    found
}

/// An address to listen on.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text
        .strip_prefix("localhost:")
        .map_or(text.to_owned(), |p| format!("127.0.0.1:{p}"));
    text.parse()
        .map_err(|_| "must be an address and a port, such as 127.0.0.1:8080".to_owned())
}

/// An address that only this computer reaches: what listens there has no login, or one that is
/// not kept.
pub(crate) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = address(text)?;
    if !address.ip().is_loopback() {
        return Err("must be a loopback address (127.0.0.1 or [::1])".to_owned());
    }
    Ok(address)
}

/// This process may do what it wants.
pub(crate) fn is_root() -> bool {
    user_number() == 0
}

/// The user that owns this process, as the kernel shows it.
fn user_number() -> u32 {
    use std::os::unix::fs::MetadataExt;
    // Where there is no /proc, nothing is root's and the folder is shared by the rest.
    std::fs::metadata("/proc/self").map_or(u32::MAX, |m| m.uid())
}

#[cfg(test)]
mod tests {
    use super::{address, loopback};

    #[test]
    fn only_loopback_addresses_are_taken() {
        for good in ["127.0.0.1:8080", "localhost:0", "[::1]:80", "127.8.8.8:1"] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for bad in [
            "0.0.0.0:80",
            "192.168.1.2:80",
            "[::]:80",
            "8080",
            "localhost",
            "example.com:80",
            "",
        ] {
            assert!(loopback(bad).is_err(), "{bad}");
        }
        for good in ["0.0.0.0:80", "192.168.1.2:80", "[::]:80", "localhost:0"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in ["8080", "localhost", "example.com:80", ""] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
