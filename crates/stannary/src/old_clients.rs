//! Joins the interfaces that fleet software already speaks to this daemon: what its owner allows,
//! their login, and what starting anew means here.

use std::fs;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use api::{Allowed, Credential, LOGIN_CHANCE, Legacy, Permission, Restart, login_password};
use telemetry::Command;

use crate::cli::is_root;
use crate::cli::old_clients::OldClients;
use crate::runtime::Commands;
use crate::{host, pool_list};

/// The only user that these clients know.
const USER: &str = "root";
/// Where these clients look: they take no other ports.
const DEMO_SOCKET: u16 = 4028;
const DEMO_SIDE: u16 = 6060;
/// What a file may hold instead of a password of ours.
const PASSWORD_MAX: u64 = 128;

/// Whether, and what, is to start anew once everything is off.
#[derive(Clone, Default)]
pub(crate) struct Again(Arc<Mutex<Option<Restart>>>);

/// How a daemon ended that ended well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// Nothing is left to be done.
    Done,
    /// The machine is to boot again, and this process has no right to order it.
    RebootWanted,
}

impl Again {
    fn ask(&self, what: Restart) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }

    /// Do what was asked for; returns where nothing was, or another has to. Everything is off, and
    /// nothing here is needed any more.
    pub(crate) fn obey(&self, own_machine: bool) -> Result<Ended> {
        let asked = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match asked {
            None => Ok(Ended::Done),
            Some(Restart::Machine) if own_machine && !is_root() => Ok(Ended::RebootWanted),
            // A twin's computer is somebody's laptop: its machine is this process.
            Some(Restart::Machine) if own_machine => {
                let status = process::Command::new("/sbin/reboot").status();
                let status = status.context("`/sbin/reboot` cannot be run")?;
                if !status.success() {
                    bail!("`/sbin/reboot` ended with {status}");
                }
                Ok(Ended::Done)
            }
            Some(_) => {
                let mut again = process::Command::new("/proc/self/exe");
                let failed = again.args(std::env::args_os().skip(1)).exec();
                Err(failed).context("the daemon cannot start itself anew")
            }
        }
    }
}

/// What the configuration makes of the legacy interfaces.
pub(crate) fn serve(
    config: &OldClients,
    control_board: String,
    commands: Commands,
    again: &Again,
) -> Result<Legacy> {
    let credential = config.login.as_deref().map(login).transpose()?;
    let allowed = Allowed {
        permission: match config.write {
            true => Permission::Write,
            false => Permission::Read,
        },
        credential,
    };
    let again = again.clone();
    Ok(Legacy {
        socket: config.socket,
        side: config.side,
        allowed: Arc::new(move || allowed.clone()),
        host: Arc::new(move || host::look(&control_board)),
        check_pool: Arc::new(|order| pool_list::to_engine(order.clone()).map(drop)),
        restart: Arc::new(move |what| {
            again.ask(what);
            commands.give(Command::Shutdown).is_ok()
        }),
    })
}

/// The login in this file; where there is no file, one is made with a password of its own.
fn login(path: &Path) -> Result<Credential> {
    let place = || format!("`api.legacy_login`: `{}`", path.display());
    if !path.exists() {
        make_login(path).with_context(|| format!("{} cannot be made", place()))?;
    }
    let mut text = String::new();
    let file = fs::File::open(path).with_context(place)?;
    let mut file = file.take(PASSWORD_MAX + 1);
    file.read_to_string(&mut text).with_context(place)?;
    let password = text.trim_end_matches(['\r', '\n']);
    let sendable = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\');
    if !(8..=PASSWORD_MAX as usize).contains(&password.len()) || !password.bytes().all(sendable) {
        bail!(
            "{} must hold one line of 8 to {PASSWORD_MAX} letters, digits and signs\n\
             hint: remove the file, and the next start makes a new one",
            place()
        );
    }
    Ok(Credential::new(USER, password))
}

/// For a demo at this loopback address: all that an owner can allow, with a password that nobody had
/// before. Nothing is started anew: a demo ends with its accounts.
pub(crate) fn of_demo(at: IpAddr, control_board: String) -> Result<(Legacy, String)> {
    let password = new_password().context("no random numbers")?;
    let allowed = Allowed {
        permission: Permission::Write,
        credential: Some(Credential::new(USER, password.clone())),
    };
    let legacy = Legacy {
        socket: Some((at, DEMO_SOCKET).into()),
        side: Some((at, DEMO_SIDE).into()),
        allowed: Arc::new(move || allowed.clone()),
        host: Arc::new(move || host::look(&control_board)),
        ..Legacy::default()
    };
    Ok((legacy, password))
}

fn new_password() -> io::Result<String> {
    let mut chance = [0; LOGIN_CHANCE];
    fs::File::open("/dev/urandom")?.read_exact(&mut chance)?;
    Ok(login_password(chance))
}

fn make_login(path: &Path) -> Result<()> {
    let password = new_password()?;
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{password}")?;
    file.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn place(name: &str) -> std::path::PathBuf {
        let name = format!("stannary-login-{}-{name}", process::id());
        std::env::temp_dir().join(name)
    }

    #[test]
    fn what_nobody_asked_for_is_not_done_and_without_roots_rights_a_reboot_is_anothers() {
        let again = Again::default();
        assert_eq!(again.obey(true).expect("nothing"), Ended::Done);
        again.ask(Restart::Machine);
        // As root this would boot the computer again.
        if !is_root() {
            assert_eq!(again.obey(true).expect("no right"), Ended::RebootWanted);
        }
    }

    #[test]
    fn a_login_is_made_once_for_its_owner_alone() {
        let path = place("made");
        let first = login(&path).expect("made");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = fs::read_to_string(&path).expect("text");
        assert_eq!(text.trim_end().len(), LOGIN_CHANCE);
        assert_eq!(login(&path).expect("read"), first);
        assert_eq!(first, Credential::new("root", text.trim_end()));
        fs::remove_file(&path).expect("removed");
        assert_ne!(login(&path).expect("made again"), first);
        let _ = fs::remove_file(&path);
    }

    #[test]
    fn a_file_without_a_password_is_refused_with_a_remedy() {
        for text in ["", "short", "with a blank", "quo\"tation", &"x".repeat(200)] {
            let path = place("bad");
            fs::write(&path, text).expect("written");
            let why = login(&path).expect_err(text).to_string();
            assert!(why.contains("hint: ") && !why.contains("quo\""), "{why}");
            let _ = fs::remove_file(&path);
        }
        assert!(login(Path::new("/nowhere/login")).is_err());
    }
}
