//! Every command there is, who may give it, and what comes of a request.

use std::net::SocketAddr;

use telemetry::Snapshot;

use super::super::row::Row;
use super::super::{Permission, Shared, own_name, unix_now, web};
use super::reply::{Frame, Reply, write_joined};
use super::request::{Request, Unreadable, read};
use super::{sections, stats, writes};

/// What reading needs: a snapshot, and perhaps a parameter.
type Read = fn(&Snapshot, Option<&str>) -> Reply;

/// One command.
struct Command {
    name: &'static str,
    joins: bool,
    does: Does,
}

#[derive(Clone, Copy)]
enum Does {
    Read(Read),
    /// Tells what else there is.
    Check,
    /// Changes something; [`writes`] knows how.
    Write,
    /// Is known to clients, and nobody may do it here.
    Never,
}

const fn reads(name: &'static str, read: Read) -> Command {
    Command {
        name,
        joins: true,
        does: Does::Read(read),
    }
}

const fn other(name: &'static str, does: Does) -> Command {
    Command {
        name,
        joins: false,
        does,
    }
}

const COMMANDS: &[Command] = &[
    reads("version", |s, _| sections::version(s)),
    reads("config", |s, _| sections::config(s)),
    reads("summary", |s, _| sections::summary(s)),
    reads("pools", |s, _| sections::pools(s)),
    reads("devs", |s, _| sections::devs(s)),
    reads("edevs", |s, _| sections::devs(s)),
    reads("devdetails", |s, _| sections::devdetails(s)),
    reads("stats", |s, _| stats::stats(s)),
    reads("estats", |s, _| stats::stats(s)),
    reads("coin", |s, _| sections::coin(s)),
    reads("notify", |s, _| sections::notify(s)),
    reads("lcd", |s, _| sections::lcd(s)),
    reads("asccount", |s, _| sections::count(s, true)),
    reads("pgacount", |s, _| sections::count(s, false)),
    other("asc", Does::Read(sections::asc)),
    other("check", Does::Check),
    other("privileged", Does::Write),
    other("addpool", Does::Write),
    other("removepool", Does::Write),
    other("switchpool", Does::Write),
    other("enablepool", Does::Write),
    other("disablepool", Does::Write),
    other("poolpriority", Does::Write),
    other("restart", Does::Write),
    other("quit", Does::Never),
    other("save", Does::Never),
    other("zero", Does::Never),
    other("poolquota", Does::Never),
    other("failover-only", Does::Never),
    other("setconfig", Does::Never),
    other("ascenable", Does::Never),
    other("ascdisable", Does::Never),
    other("ascidentify", Does::Never),
    other("ascset", Does::Never),
    other("debug", Does::Never),
    other("hotplug", Does::Never),
    other("lockstats", Does::Never),
];

/// The whole answer to these bytes, with the zero at its end. `None`: whoever asks may not even
/// look.
pub(super) async fn answer(shared: &Shared, from: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let permission = permission_of(shared, from);
    if permission == Permission::Nothing {
        return None;
    }
    let snapshot = shared.snapshot();
    let frame = Frame {
        when: unix_now(),
        description: own_name(&snapshot),
    };
    let mut out = String::with_capacity(4096);
    match read(bytes) {
        Err(why) => unreadable(why).write_json(&frame, &mut out),
        Ok(request) if request.new_api => new_api(&request, shared).write_json(&frame, &mut out),
        Ok(request) if request.joined => {
            let each = request.commands.iter();
            let replies = each.map(|name| (name.clone(), joined(name, &snapshot)));
            let replies: Vec<_> = replies.collect();
            write_joined(&replies, &frame, request.json, &mut out);
        }
        Ok(request) => {
            let reply = one(shared, from, &request, permission, &snapshot).await;
            match request.json {
                true => reply.write_json(&frame, &mut out),
                false => reply.write_text(&frame, &mut out),
            }
        }
    }
    out.push('\0');
    Some(out.into_bytes())
}

/// The socket has no login: who comes over a network changes nothing.
fn permission_of(shared: &Shared, from: SocketAddr) -> Permission {
    let allowed = shared.allowed().permission;
    match from.ip().to_canonical().is_loopback() {
        true => allowed,
        false => allowed.min(Permission::Read),
    }
}

fn unreadable(why: Unreadable) -> Reply {
    match why {
        Unreadable::NotJson => Reply::refused(23, "Invalid JSON"),
        Unreadable::NoCommand => Reply::refused(24, "Missing JSON 'command'"),
        Unreadable::NotText => unknown(),
    }
}

fn unknown() -> Reply {
    Reply::refused(14, "Invalid command")
}

fn denied(name: &str) -> Reply {
    Reply::refused(45, format!("Access denied to '{name}' command"))
}

fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

async fn one(
    shared: &Shared,
    from: SocketAddr,
    request: &Request,
    permission: Permission,
    s: &Snapshot,
) -> Reply {
    let name = request.commands.first().map_or("", String::as_str);
    let parameter = request.parameter.as_deref();
    let Some(command) = find(name) else {
        return unknown();
    };
    match command.does {
        Does::Read(read) => read(s, parameter),
        Does::Check => check(parameter, permission),
        Does::Write if permission == Permission::Write => {
            writes::carry_out(shared, from, command.name, parameter, s).await
        }
        Does::Write | Does::Never => denied(name),
    }
}

/// A command among others: reading only.
fn joined(name: &str, s: &Snapshot) -> Reply {
    match find(name) {
        None => unknown(),
        Some(Command {
            joins: true,
            does: Does::Read(read),
            ..
        }) => read(s, None),
        Some(_) => denied(name),
    }
}

fn check(parameter: Option<&str>, permission: Permission) -> Reply {
    let Some(name) = parameter else {
        return Reply::refused(71, "Missing check cmd");
    };
    let command = find(name);
    let may = command.is_some_and(|command| match command.does {
        Does::Read(_) | Does::Check => true,
        Does::Write => permission == Permission::Write,
        Does::Never => false,
    });
    let word = |yes| if yes { "Y" } else { "N" };
    let row = Row::default()
        .text("Exists", word(command.is_some()))
        .text("Access", word(may));
    Reply::done(72, "Check command").with("CHECK", row)
}

/// The web interface's objects, through the socket.
fn new_api(request: &Request, shared: &Shared) -> Reply {
    let name = request.commands.first().map_or("", String::as_str);
    let object = match request.joined {
        true => None,
        false => web::object(name, &shared.published),
    };
    let object = object.unwrap_or_else(|| web::refused(&shared.snapshot(), "Invalid command"));
    Reply::Object(object.to_string())
}

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;
