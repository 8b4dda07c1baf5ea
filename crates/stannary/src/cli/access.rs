//! `stannary access`: who may do what on a machine.
//!
//! Passwords come from a terminal, which does not show them, or from the lines of another program:
//! the arguments of a process are for everybody to read.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::{AskError, Daemon};
use super::operator::Output;
use super::table::{Colour, Table};
use super::text::plain as shown_plain;
use super::{Secret, prompt};

/// `access`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AccessArgs {
    #[command(flatten)]
    pub(super) output: Output,
    #[command(subcommand)]
    pub(super) change: Option<AccessChange>,
}

/// What is changed, or looked at more closely.
#[derive(Subcommand, Debug)]
pub(crate) enum AccessChange {
    /// Set the first password, asked for or read as a line from stdin
    Claim {
        #[command(flatten)]
        output: Output,
        /// What to call the machine; it then answers under NAME and NAME.local
        #[arg(long)]
        name: Option<String>,
    },
    /// Set another password, asked for or read as a line from stdin; over TCP a line with the
    /// old one comes first
    Password(Output),
    /// Tokens, which programs show instead of a password
    Token {
        #[command(subcommand)]
        what: Token,
    },
    /// Whether `status` and `metrics` are shown to everybody
    OpenStatus {
        #[command(flatten)]
        output: Output,
        #[arg(value_enum)]
        open: Switch,
    },
    /// What to call the machine; it answers under NAME and NAME.local
    Name {
        #[command(flatten)]
        output: Output,
        name: String,
    },
    /// The further names under which it answers, in place of those before
    Hosts {
        #[command(flatten)]
        output: Output,
        /// Host names
        #[arg(value_name = "NAME", required_unless_present = "none")]
        names: Vec<String>,
        /// Under none
        #[arg(long, conflicts_with = "names")]
        none: bool,
    },
    /// The login that fleet software for Antminers needs for `/cgi-bin/`: off until it is allowed
    Legacy {
        #[command(flatten)]
        output: Output,
        /// On: it is made, and its password shown this once
        #[arg(value_enum)]
        open: Option<Switch>,
        /// It may change things too, as an operator may
        #[arg(long, requires = "open")]
        write: bool,
        /// Make another password
        #[arg(long, requires = "open")]
        renew: bool,
    },
    /// Who changed what, from where
    Audit(Output),
    /// How its page's certificate and key are known, for a browser and for `--fingerprint`
    Fingerprint(Output),
    /// Forget password, sessions and tokens; whoever comes first sets the next password
    Reset(Output),
}

/// What about tokens.
#[derive(Subcommand, Debug)]
pub(crate) enum Token {
    /// Make one; it is shown this once
    Add {
        #[command(flatten)]
        output: Output,
        /// Letters, digits and `-`
        name: String,
        /// What it may: look; order what the machine does; say who may
        #[arg(long, value_enum)]
        scope: Scope,
    },
    /// All of them
    List(Output),
    /// Make one worthless
    Revoke {
        #[command(flatten)]
        output: Output,
        name: String,
    },
}

/// What a token may; each holds those before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Scope {
    Read,
    Operate,
    Admin,
}

/// Yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

/// A request to the daemon.
#[derive(PartialEq, Eq, Debug)]
enum Ask {
    Get(&'static str),
    Post(&'static str, Value),
    Delete(String),
}

/// How an answer is shown.
pub(super) struct Shown {
    pub(super) answer: Value,
    pub(super) output: Output,
    pub(super) render: fn(&Value, Colour) -> String,
}

/// Ask and change; what there is to show.
pub(super) fn run(daemon: &Daemon, args: &AccessArgs) -> Result<Shown, AskError> {
    let needs_current = !matches!(daemon, Daemon::Socket(_));
    let (ask, output, render) = request(args, needs_current, &mut passwords)?;
    let mut answer = match &ask {
        Ask::Get(path) => daemon.get(path)?,
        Ask::Post(path, body) => daemon.post(path, body)?,
        Ask::Delete(path) => daemon.delete(path)?,
    };
    if args.change.is_none() {
        let settings = daemon.get("/api/v1/access")?;
        answer["status_open"] = settings["status_open"].clone();
        answer["hosts"] = settings["hosts"].clone();
    }
    Ok(Shown {
        answer,
        output,
        render,
    })
}

type Render = fn(&Value, Colour) -> String;
/// Gives the password asked for with these words; the second time, of one that is set.
type Passwords<'a> = &'a mut dyn FnMut(Prompt) -> Result<Secret, AskError>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Prompt {
    Current,
    New,
}

fn request(
    args: &AccessArgs,
    needs_current: bool,
    ask_for: Passwords<'_>,
) -> Result<(Ask, Output, Render), AskError> {
    let done: Render = |_, _| "access: done\n".to_owned();
    Ok(match &args.change {
        None => (Ask::Get("/api/v1/session"), args.output, overview),
        Some(AccessChange::Claim { output, name }) => {
            let password = ask_for(Prompt::New)?;
            let body = json!({ "password": password.expose(), "name": name });
            (Ask::Post("/api/v1/claim", body), *output, done)
        }
        Some(AccessChange::Password(output)) => {
            let current = needs_current.then(|| ask_for(Prompt::Current));
            let current = current.transpose()?;
            let current = current.as_ref().map(Secret::expose);
            let body = json!({ "current": current, "new": ask_for(Prompt::New)?.expose() });
            (Ask::Post("/api/v1/password", body), *output, done)
        }
        Some(AccessChange::Token { what }) => match what {
            Token::Add {
                output,
                name,
                scope,
            } => {
                let body = json!({ "name": name, "scope": word(*scope) });
                (Ask::Post("/api/v1/tokens", body), *output, new_token)
            }
            Token::List(output) => (Ask::Get("/api/v1/tokens"), *output, tokens),
            Token::Revoke { output, name } => {
                let path = format!("/api/v1/tokens/{}", plain(name)?);
                (Ask::Delete(path), *output, done)
            }
        },
        Some(AccessChange::OpenStatus { output, open }) => {
            let body = json!({ "status_open": *open == Switch::On });
            (Ask::Post("/api/v1/access", body), *output, done)
        }
        Some(AccessChange::Name { output, name }) => (
            Ask::Post("/api/v1/access", json!({ "name": name })),
            *output,
            done,
        ),
        Some(AccessChange::Hosts { output, names, .. }) => (
            Ask::Post("/api/v1/access", json!({ "hosts": names })),
            *output,
            done,
        ),
        Some(AccessChange::Audit(output)) => (Ask::Get("/api/v1/audit"), *output, audit),
        Some(AccessChange::Legacy {
            output, open: None, ..
        }) => (Ask::Get("/api/v1/access/legacy"), *output, legacy),
        Some(AccessChange::Legacy {
            output,
            open: Some(open),
            write,
            renew,
        }) => {
            let allow = match (open, write) {
                (Switch::Off, _) => "off",
                (Switch::On, false) => "read",
                (Switch::On, true) => "write",
            };
            let body = json!({ "allow": allow, "renew": renew });
            (Ask::Post("/api/v1/access/legacy", body), *output, legacy)
        }
        Some(AccessChange::Fingerprint(output)) => {
            (Ask::Get("/api/v1/https"), *output, fingerprint)
        }
        Some(AccessChange::Reset(output)) => {
            (Ask::Post("/api/v1/access/reset", json!({})), *output, done)
        }
    })
}

fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Operate => "operate",
        Scope::Admin => "admin",
    }
}

/// A name as part of a path. Others cannot be tokens'.
fn plain(name: &str) -> Result<&str, AskError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let plain = plain && !name.is_empty();
    plain.then_some(name).ok_or_else(|| {
        let words = format!("`{name}` is no name of a token\nhint: `stannary access token list`");
        AskError::Refused(words)
    })
}

/// From the terminal, else the next line of stdin.
fn passwords(what: Prompt) -> Result<Secret, AskError> {
    let read = match what {
        Prompt::Current => prompt::password("password until now: "),
        Prompt::New => prompt::new_password("new password: "),
    };
    read.map_err(|error| {
        let words = format!("no password: {error}\nhint: write it as a line to stdin, or type it");
        AskError::Refused(words)
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => shown_plain(text),
        other => other.to_string(),
    }
}

fn overview(seen: &Value, _: Colour) -> String {
    let machine = text(&seen["machine"]);
    let mut out = match seen["name"].as_str() {
        Some(name) => format!("{}: {machine}\n", shown_plain(name)),
        None => format!("{machine}\n"),
    };
    let open = seen["status_open"].as_bool() == Some(true);
    let open = if open {
        "open to everybody"
    } else {
        "by login"
    };
    out += &format!("status and metrics: {open}\n");
    let hosts = seen["hosts"].as_array().map_or(&[][..], Vec::as_slice);
    let hosts: Vec<_> = hosts.iter().map(text).collect();
    if !hosts.is_empty() {
        out += &format!("also answers under: {}\n", hosts.join(", "));
    }
    out
}

fn new_token(made: &Value, _: Colour) -> String {
    let (name, scope) = (text(&made["name"]), text(&made["scope"]));
    let token = text(&made["token"]);
    format!("{name}, scope {scope}; it is not shown again:\n{token}\n")
}

fn tokens(answer: &Value, colour: Colour) -> String {
    let mut table = Table::new(&["token", "scope", ">created, unix s", ">last used, unix s"]);
    for token in answer["tokens"].as_array().into_iter().flatten() {
        let cell = |key: &str| text(&token[key]).into();
        table.row([
            cell("name"),
            cell("scope"),
            cell("created_s"),
            cell("last_used_s"),
        ]);
    }
    table.render(colour)
}

fn audit(answer: &Value, _: Colour) -> String {
    let mut out = String::new();
    for change in answer["changes"].as_array().into_iter().flatten() {
        let part = |key: &str| text(&change[key]);
        let (at, who, from, what) = (part("at_s"), part("who"), part("from"), part("what"));
        out += &format!("{at}  {who} from {from}: {what}");
        match (change["before"].as_str(), change["after"].as_str()) {
            (None, None) => {}
            (before, after) => {
                let shown = |text: Option<&str>| text.map_or("–".to_owned(), shown_plain);
                out += &format!("  {} → {}", shown(before), shown(after));
            }
        }
        out.push('\n');
    }
    out
}

fn legacy(seen: &Value, _: Colour) -> String {
    let may = match seen["allow"].as_str() {
        Some("read") => "may look",
        Some("write") => "may look and change",
        _ => return "off: no login was allowed here\n".to_owned(),
    };
    let user = text(&seen["user"]);
    match seen["password"].as_str() {
        Some(password) => {
            format!("user {user} {may}; the password is not shown again:\n{password}\n")
        }
        None => format!("user {user} {may}; `--renew` makes another password\n"),
    }
}

fn fingerprint(https: &Value, _: Colour) -> String {
    if https["listening"] != true {
        return "there is no HTTPS here: `[api] https` in the configuration turns it on\n"
            .to_owned();
    }
    let (certificate, key) = (&https["certificate_sha256"], &https["key_sha256"]);
    if key.is_null() {
        return "there is no certificate yet\n".to_owned();
    }
    let of = match https["certificate_of"].as_str() {
        Some("owner") => "its owner's certificate".to_owned(),
        _ => {
            let names = https["names"].as_array().map_or(&[][..], Vec::as_slice);
            let names: Vec<_> = names.iter().map(text).collect();
            format!("its own certificate, for {}", names.join(", "))
        }
    };
    format!(
        "{of}\nkey, for --fingerprint:\n{}\ncertificate, as browsers show it (SHA-256):\n{}\n",
        text(key),
        text(certificate)
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::operator::Operator;
    use super::super::{Cli, Command};
    use super::*;

    /// The request that a command line becomes, over TCP.
    fn check(line: &str, expected: Option<(&str, &str)>) {
        let words = std::iter::once("stannary").chain(line.split(' '));
        let Ok(Command::Operator(Operator::Access(args))) =
            Cli::try_parse_from(words).map(|cli| cli.command)
        else {
            assert_eq!(expected, None, "{line}");
            return;
        };
        let mut typed = |what| Ok(Secret::new(format!("{what:?}")));
        let asked = request(&args, true, &mut typed).map(|(ask, ..)| match ask {
            Ask::Get(path) => (format!("GET {path}"), String::new()),
            Ask::Post(path, body) => (format!("POST {path}"), body.to_string()),
            Ask::Delete(path) => (format!("DELETE {path}"), String::new()),
        });
        let expected = expected.map(|(path, body)| (path.to_owned(), body.to_owned()));
        assert_eq!(asked.ok(), expected, "{line}");
    }

    #[test]
    fn command_lines_become_requests() {
        check("access", Some(("GET /api/v1/session", "")));
        check(
            "access claim",
            Some(("POST /api/v1/claim", r#"{"name":null,"password":"New"}"#)),
        );
        check(
            "access claim --name rig --json",
            Some(("POST /api/v1/claim", r#"{"name":"rig","password":"New"}"#)),
        );
        check(
            "access password",
            Some((
                "POST /api/v1/password",
                r#"{"current":"Current","new":"New"}"#,
            )),
        );
        check(
            "access token add hass --scope read",
            Some(("POST /api/v1/tokens", r#"{"name":"hass","scope":"read"}"#)),
        );
        check("access token list --json", Some(("GET /api/v1/tokens", "")));
        check(
            "access token revoke hass",
            Some(("DELETE /api/v1/tokens/hass", "")),
        );
        check(
            "access open-status on",
            Some(("POST /api/v1/access", r#"{"status_open":true}"#)),
        );
        check(
            "access name rig",
            Some(("POST /api/v1/access", r#"{"name":"rig"}"#)),
        );
        check(
            "access hosts a b.c",
            Some(("POST /api/v1/access", r#"{"hosts":["a","b.c"]}"#)),
        );
        check(
            "access hosts --none",
            Some(("POST /api/v1/access", r#"{"hosts":[]}"#)),
        );
        check("access audit", Some(("GET /api/v1/audit", "")));
        let legacy = "/api/v1/access/legacy";
        let (get, post) = (format!("GET {legacy}"), format!("POST {legacy}"));
        check("access legacy", Some((&get, "")));
        check(
            "access legacy on",
            Some((&post, r#"{"allow":"read","renew":false}"#)),
        );
        check(
            "access legacy on --write --renew",
            Some((&post, r#"{"allow":"write","renew":true}"#)),
        );
        check(
            "access legacy off",
            Some((&post, r#"{"allow":"off","renew":false}"#)),
        );
        check("access fingerprint", Some(("GET /api/v1/https", "")));
        check("access reset", Some(("POST /api/v1/access/reset", "{}")));
    }

    #[test]
    fn no_password_stands_in_a_command_line_and_no_path_in_a_name() {
        for line in [
            "access claim hunter22",
            "access claim --password hunter22",
            "access password hunter22",
            "access token add hass",
            "access token add hass --scope root",
            "access token revoke ../audit",
            "access token revoke a?b",
            "access open-status",
            "access hosts",
            "access name",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn answers_are_told_in_words() {
        let seen = json!({
            "machine": "claimed", "name": "rig", "status_open": false, "hosts": ["a.b"],
        });
        let expected = "rig: claimed\nstatus and metrics: by login\nalso answers under: a.b\n";
        assert_eq!(overview(&seen, Colour::Never), expected);
        let changes = json!({ "changes": [
            { "at_s": null, "who": "token t", "from": "10.0.0.1", "what": "command",
              "before": "a", "after": "b" },
            { "at_s": 5, "who": "nobody", "from": "10.0.0.1", "what": "login",
              "before": null, "after": null },
        ]});
        let expected = "–  token t from 10.0.0.1: command  a → b\n5  nobody from 10.0.0.1: login\n";
        assert_eq!(audit(&changes, Colour::Never), expected);
        let made = json!({ "name": "t", "scope": "read", "token": "stn_1" });
        assert!(new_token(&made, Colour::Never).ends_with("\nstn_1\n"));
    }
}
