//! The configuration file: read strictly, every fault found.
//!
//! Nothing here touches hardware or the network. What a file says is checked against what
//! this build can do, so that a daemon which starts also runs.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use board_support::strict::{self, Kind, Problem, Problems, Section, Source};
use board_support::{Active, Machine, bounds};
use engine::GroupConfig;
use stratum::{Address, Endpoint, Route};
use telemetry::{Code, POOL_TEXT_MAX, POOLS_MAX};
use units::DifficultyOne;

use super::https::{self, Https};
use super::mqtt::{self, Mqtt};
use super::old_clients::{self, OldClients};
use super::{Secret, consent, default_socket, network, own_node, paths, pool_groups};
use crate::boards;
use crate::file_text;
use crate::runnable::refusal;
use crate::twin_scale::{self, EASY_HASHES_PER_S, MOST_HASHES_PER_S, USUAL_BITS_MAX};
use crate::voltages::{self, Refused, Word};

/// Where a miner's configuration is.
pub(crate) const DEFAULT_PATH: &str = "/etc/stannary/stannary.toml";

/// The version of the format that this build reads.
const VERSION: u64 = 1;
/// Longest file: far beyond any real one, and little to hold in memory.
pub(crate) const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Longest text value.
const TEXT_MAX: usize = 512;
/// Where a real machine keeps what survives, unless the file says otherwise.
const STATE: &str = "/var/lib/stannary/state.json";
/// Where a real machine keeps recordings of faults, unless the file says otherwise.
const RECORDINGS: &str = "/var/log/stannary/recordings";
/// Where a real machine keeps password and tokens, unless the file says otherwise.
const ACCESS: &str = "/var/lib/stannary/access.json";
/// Where the page listens unless the file says otherwise.
const HTTP: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

/// A configuration that this build can run.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The machine to drive.
    pub(crate) machine: Machine,
    /// How it is reached.
    pub(crate) backend: Backend,
    /// Pools in order of preference; at least one.
    pub(crate) pools: Vec<Pool>,
    /// Groups of pools that have a quota.
    pub(crate) pool_groups: Vec<GroupConfig>,
    /// Who is asked for the time, in this order; nobody where it is empty.
    pub(crate) time_servers: Vec<Endpoint>,
    /// Where to listen.
    pub(crate) api: Api,
    /// The owner's MQTT broker.
    pub(crate) mqtt: Option<Mqtt>,
    /// Where what survives the process is written; `None`: nowhere, which only a twin may.
    pub(crate) state: Option<PathBuf>,
    /// The folder of recordings; `None`: none are kept, which only a twin's daemon may.
    pub(crate) recordings: Option<PathBuf>,
    /// What the file alone may say of heat and power. Its seed is drawn at the start.
    pub(crate) local: engine::Local,
    /// What of it, and a twin's owner, relax a protection: to be said at the start.
    pub(crate) relaxed: Vec<String>,
    /// What the file asks for and this build does not do, though it can run: to be said at
    /// the start.
    pub(crate) notices: Vec<String>,
    /// What a twin has in place of what nobody knows of its machine.
    pub(crate) made_up: Vec<String>,
}

/// How the machine is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Backend {
    /// A digital twin.
    Twin(Twin),
    /// Its own control board, which this computer is.
    Linux {
        /// A twin in a process of its own, in place of everything but the chains: for tests of
        /// chain devices on a computer that has no machine. Without a process, the chips alone
        /// are a twin's, somewhere behind the devices: only of a machine of tests.
        stand_in: Option<Twin>,
    },
}

/// A digital twin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Twin {
    /// The folder of the process that it has of its own; `None`: it lives in this one.
    pub(crate) at: Option<PathBuf>,
    /// Whatever chance decides follows from it; of one in this process.
    pub(crate) seed: u64,
    /// Zero bits that stand for difficulty one.
    pub(crate) difficulty_one: DifficultyOne,
}

/// One pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    /// What is spoken with it, and where it listens.
    pub(crate) address: Address,
    /// Login.
    pub(crate) user: String,
    /// Password.
    pub(crate) password: Secret,
    /// The scale of its difficulty: Bitcoin's, or the twin's at the twin's own pool.
    pub(crate) difficulty_one: DifficultyOne,
    /// Name of its group.
    pub(crate) group: String,
    /// False: kept, and left alone.
    pub(crate) enabled: bool,
    /// Whom to trust on the way, and through which proxy.
    pub(crate) route: Route,
}

/// Where to listen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Api {
    /// Page and REST; `None` where HTTPS alone serves them.
    pub(crate) http: Option<SocketAddr>,
    /// The same over TLS.
    pub(crate) https: Option<Https>,
    /// Local socket.
    pub(crate) socket: PathBuf,
    /// Where password and tokens are kept; `None`: in memory alone, which only a twin may.
    pub(crate) access: Option<PathBuf>,
    /// The page is announced on the network; `None`: where it can be reached from there.
    pub(crate) mdns: Option<bool>,
    /// What old clients speak.
    pub(crate) old: OldClients,
}

/// Read a configuration file.
pub(crate) fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = file_text::read(path, FILE_BYTES_MAX);
    let text = text.map_err(|problem| ConfigError(problem.into()))?;
    parse(&path.display().to_string(), &text)
}

/// Read a configuration from its text; `file` is what faults name.
pub(crate) fn parse(file: &str, text: &str) -> Result<Config, ConfigError> {
    strict::read(Source { file, text }, read_config).map_err(ConfigError)
}

/// What is wrong with a configuration: at least one fault, each with its stable code.
#[derive(Debug)]
pub(crate) struct ConfigError(Problems);

impl ConfigError {
    /// The faults with their codes, by line.
    pub(crate) fn faults(&self) -> impl Iterator<Item = (Code, &Problem)> {
        self.0.iter().map(|problem| (code(problem.kind), problem))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (code, problem)) in self.faults().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            write!(f, "{separator}{}: {problem}", code.text())?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::File => Code::ConfigRead,
        Kind::Syntax => Code::ConfigSyntax,
        Kind::Key => Code::ConfigKey,
        Kind::Name => Code::MachineUnknown,
        Kind::Backend => Code::BackendAbsent,
        _ => Code::ConfigValue,
    }
}

fn read_config(s: &mut Section<'_>) -> Option<Config> {
    s.integer("config_version", VERSION..=VERSION);
    let keys = read_twin_keys(s);
    let stands_in = keys.as_ref().is_some_and(|keys| keys.at.is_some());
    let machine = s.section("machine");
    let machine = machine.map(|mut m| read_machine(&mut m, stands_in));
    let Read {
        machine,
        backend,
        state,
        recordings,
        made_up,
    } = machine.unwrap_or_default();
    let mut notices = Vec::new();
    let rated_ths = machine.as_ref().map_or(0.0, |m| m.rated_ths);
    let backend = of_tests(machine.as_ref(), keys.as_ref(), backend);
    let twin = read_twin(s, keys, backend, rated_ths, &mut notices);
    let scale = twin
        .as_ref()
        .and_then(Option::as_ref)
        .map_or(DifficultyOne::BITCOIN, |t| t.difficulty_one);
    let pools = read_pools(s, backend, scale);
    let pool_groups = pool_groups::read(s);
    if let (Some(groups), Some(pools)) = (&pool_groups, &pools) {
        let named: Vec<&str> = pools.iter().map(|pool| pool.group.as_str()).collect();
        pool_groups::fit(s, groups, &named);
    }
    let time_servers = network::read_time(s);
    let api = read_api(s, backend);
    let mqtt = mqtt::read(s);
    let local = consent::read(s);
    for key in ["tuner", "update"] {
        if s.has(key) {
            let message = "is reserved: this version has no such part";
            s.note(Kind::Key, key, message, "remove the table");
        }
    }
    let (machine, mut local) = (machine?, local?);
    let mut relaxed = consent::relaxed(&local, &machine);
    if matches!(backend, Some(Asked::Twin | Asked::Both)) {
        relaxed.append(&mut consent::of_twin(&mut local, &machine));
    }
    Some(Config {
        machine,
        backend: match backend? {
            Asked::Twin => Backend::Twin(twin??),
            Asked::Linux | Asked::Both | Asked::OfTests => Backend::Linux { stand_in: twin? },
        },
        pools: pools?,
        pool_groups: pool_groups?,
        time_servers: time_servers?,
        api: api?,
        mqtt: mqtt?,
        state: state?,
        recordings: recordings?,
        local,
        relaxed,
        notices,
        made_up,
    })
}

/// What the file asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// A real machine.
    Linux,
    /// A twin.
    Twin,
    /// A twin behind chain devices of the kernel.
    Both,
    /// A machine of tests on its own control board, with chips of a twin.
    OfTests,
}

/// What `[machine]` says; `None` for what has a fault or is missing.
#[derive(Default)]
struct Read {
    machine: Option<Machine>,
    backend: Option<Asked>,
    state: Option<Option<PathBuf>>,
    recordings: Option<Option<PathBuf>>,
    made_up: Vec<String>,
}

fn read_machine(s: &mut Section<'_>, stands_in: bool) -> Read {
    let model = s.text("model", TEXT_MAX);
    let board = s
        .has("control_board")
        .then(|| s.text("control_board", TEXT_MAX));
    let machine = match (model, board) {
        (Some(model), None) => found_machine(s, board_support::machine(&model)),
        (Some(model), Some(Some(board))) => found_machine(s, boards::machine_on(&model, &board)),
        _ => None,
    };
    let real = if stands_in { Asked::Both } else { Asked::Linux };
    let backend = s.choice("backend", &[("linux", real), ("twin", Asked::Twin)]);
    let machine = machine.and_then(|machine| enabled(s, machine, backend));
    if s.has("import_pools") {
        // Looked at before this is read, by `stock_pools`: where it names a file, pools may come from it.
        read_file(s, "import_pools");
    }
    let word = read_word(s);
    let completed = machine
        .zip(word)
        .and_then(|(machine, word)| completed(s, machine, word, backend));
    let (machine, made_up) = completed.unzip();
    Read {
        machine,
        backend,
        state: read_state(s, backend),
        recordings: read_recordings(s, backend),
        made_up: made_up.unwrap_or_default(),
    }
}

/// The machine with its owner's word on the enable line. A real supply whose line is unsure
/// is refused without.
fn enabled(s: &mut Section<'_>, mut machine: Machine, backend: Option<Asked>) -> Option<Machine> {
    const KEY: &str = "enable_active";
    let word = match s.has(KEY) {
        true => Some(s.choice(KEY, Active::NAMES)?),
        false => None,
    };
    let taken = boards::take_enable(&mut machine, word);
    let known = taken.and_then(|()| match backend {
        Some(Asked::Linux) => boards::enable_is_known(&machine),
        _ => Ok(()),
    });
    match known {
        Ok(()) => Some(machine),
        Err(why) => {
            s.refuse(KEY, &why.to_string(), why.remedy());
            None
        }
    }
}

/// The owner's word on voltages; `None` after a fault.
fn read_word(s: &mut Section<'_>) -> Option<Word> {
    let mut read = |key| match s.has(key) {
        true => s.integer(key, bounds::VOLTAGE_MV).map(|mv| Some(mv as u32)),
        false => Some(None),
    };
    let (working, start) = (read("voltage_mv"), read("voltage_start_mv"));
    Some(Word {
        working: working?,
        start: start?,
    })
}

/// The machine with its voltages as its owner gives them, else its twin's, and what is the
/// twin's alone.
fn completed(
    s: &mut Section<'_>,
    mut machine: Machine,
    word: Word,
    backend: Option<Asked>,
) -> Option<(Machine, Vec<String>)> {
    let done = match backend {
        Some(Asked::Twin | Asked::Both) => voltages::take_twins(&mut machine, word),
        _ if word == Word::default() => Ok(Vec::new()),
        _ => voltages::take_word(&mut machine, word).map(|()| Vec::new()),
    };
    match done {
        Ok(made_up) => Some((machine, made_up)),
        Err(why) => {
            let (key, remedy) = match &why {
                Refused::NothingSets => ("voltage_mv", "remove it"),
                Refused::WorkingUnknown => ("voltage_start_mv", "add `voltage_mv`"),
                Refused::Working(_) => ("voltage_mv", "give the hashboards' own working voltage"),
                Refused::Start(_) => ("voltage_start_mv", "give the hashboards' own start voltage"),
            };
            s.refuse(key, &why.to_string(), remedy);
            None
        }
    }
}

/// Where to write what survives; a twin's daemon leaves nothing unless it is told to.
fn read_state(s: &mut Section<'_>, backend: Option<Asked>) -> Option<Option<PathBuf>> {
    if !s.has("state") {
        let kept = backend == Some(Asked::Linux);
        return Some(kept.then(|| PathBuf::from(STATE)));
    }
    read_file(s, "state").map(Some)
}

/// A path that means the same wherever the daemon is started.
pub(super) fn read_file(s: &mut Section<'_>, key: &'static str) -> Option<PathBuf> {
    absolute(s, key, "must be the absolute path of a file")
}

/// Where to keep recordings of faults; a twin's daemon keeps none unless it is told to.
fn read_recordings(s: &mut Section<'_>, backend: Option<Asked>) -> Option<Option<PathBuf>> {
    if !s.has("recordings") {
        let kept = backend == Some(Asked::Linux);
        return Some(kept.then(|| PathBuf::from(RECORDINGS)));
    }
    read_folder(s, "recordings").map(Some)
}

fn read_folder(s: &mut Section<'_>, key: &'static str) -> Option<PathBuf> {
    absolute(s, key, "must be the absolute path of a folder")
}

fn absolute(s: &mut Section<'_>, key: &'static str, must: &str) -> Option<PathBuf> {
    let path = PathBuf::from(s.text(key, TEXT_MAX)?);
    if !path.is_absolute() || path.file_name().is_none() {
        s.refuse(key, must, "begin it with `/`");
        return None;
    }
    Some(path)
}

/// The machine, if this build can run it.
fn found_machine(s: &mut Section<'_>, found: Result<Machine, Problems>) -> Option<Machine> {
    let machine = match found {
        Ok(machine) => machine,
        Err(problems) => {
            // Faults inside a compiled-in file cannot happen; an unknown name has one.
            for problem in problems.iter() {
                let key = match problem.key.as_str() {
                    // A file of the owner's names its own line and key.
                    _ if problem.file.starts_with('/') => "control_board",
                    "control_boards" => "control_board",
                    _ => "model",
                };
                let message = match problem.file.starts_with('/') {
                    true => problem.place_and_message(),
                    false => problem.message.clone(),
                };
                s.note(problem.kind, key, &message, &problem.remedy);
            }
            return None;
        }
    };
    let Some(why) = refusal(&machine) else {
        return Some(machine);
    };
    let key = match s.has("control_board") {
        true => "control_board",
        false => "model",
    };
    let message = format!(
        "`{}` on control board `{}` cannot be run: {why}",
        machine.model, machine.control_board.id
    );
    let remedy = "`stannary machines` shows what this version runs";
    s.note(Kind::Backend, key, &message, remedy);
    None
}

/// What `[twin]` says; inside, `None` for what has a fault.
#[derive(Default)]
struct TwinKeys {
    at: Option<Option<PathBuf>>,
    seed: Option<Option<u64>>,
    bits: Option<Option<u64>>,
}

fn read_twin_keys(s: &mut Section<'_>) -> Option<TwinKeys> {
    let mut keys = TwinKeys::default();
    if !s.has("twin") {
        return Some(keys);
    }
    let mut t = s.section("twin")?;
    if t.has("at") {
        keys.at = Some(read_folder(&mut t, "at"));
        if t.has("seed") {
            let message = "is the twin's own where it has a process of its own";
            let remedy = "give it to `stannary twin --seed`";
            t.note(Kind::Key, "seed", message, remedy);
        }
    }
    if t.has("seed") {
        keys.seed = Some(t.integer("seed", 0..=u64::MAX));
    }
    if t.has("difficulty_bits") {
        keys.bits = Some(t.integer("difficulty_bits", 0..=32));
    }
    Some(keys)
}

/// A machine of tests has chips whose scale its file may tell, whatever drives them.
fn of_tests(
    machine: Option<&Machine>,
    keys: Option<&TwinKeys>,
    backend: Option<Asked>,
) -> Option<Asked> {
    let scaled = keys.is_some_and(|keys| keys.bits.is_some());
    match backend {
        Some(Asked::Linux) if scaled && machine.is_some_and(is_of_tests) => Some(Asked::OfTests),
        _ => backend,
    }
}

fn is_of_tests(machine: &Machine) -> bool {
    board_support::is_of_tests(&machine.model)
}

/// `Some(None)` where there is rightly no twin; `None` after a fault.
fn read_twin(
    s: &mut Section<'_>,
    keys: Option<TwinKeys>,
    backend: Option<Asked>,
    rated_ths: f64,
    notices: &mut Vec<String>,
) -> Option<Option<Twin>> {
    if s.has("twin") && backend == Some(Asked::Linux) {
        let message = "is for `backend = \"twin\"`, or with `at` for a test's chain devices";
        let remedy = "remove the table, or set `backend = \"twin\"`";
        s.note(Kind::Key, "twin", message, remedy);
    }
    let keys = keys?;
    // Where the file names none: enough to earn shares at a foreign pool without keeping
    // a core busy.
    let usual = twin_scale::bits_within(rated_ths, USUAL_BITS_MAX, EASY_HASHES_PER_S);
    let asked = keys.bits.unwrap_or(Some(u64::from(usual)))?;
    let asked = u8::try_from(asked).ok()?;
    let bits = twin_scale::bits_within(rated_ths, asked, MOST_HASHES_PER_S);
    if bits < asked {
        notices.push(format!(
            "{}: `twin.difficulty_bits`: this machine's twin cannot hash at {asked} bits in real \
             time; {bits} are used",
            Code::ConfigUnserved.text()
        ));
    }
    let at = match keys.at {
        Some(at) => Some(at?),
        None => None,
    };
    let twin = Twin {
        at,
        seed: keys.seed.unwrap_or(Some(1))?,
        difficulty_one: DifficultyOne::from_zero_bits(bits)?,
    };
    Some((backend != Some(Asked::Linux)).then_some(twin))
}

fn read_pools(
    s: &mut Section<'_>,
    backend: Option<Asked>,
    twin_scale: DifficultyOne,
) -> Option<Vec<Pool>> {
    let sections = s.sections("pool", POOLS_MAX)?;
    if sections.is_empty() {
        s.refuse(
            "pool",
            "there is no pool",
            "add a `[[pool]]` with `url` and `user`",
        );
        return None;
    }
    // Every pool is read before one that failed ends it: all faults are found.
    let pools: Vec<_> = sections
        .into_iter()
        .map(|mut p| read_pool(&mut p, backend, twin_scale))
        .collect();
    pools.into_iter().collect()
}

fn read_pool(
    s: &mut Section<'_>,
    backend: Option<Asked>,
    twin_scale: DifficultyOne,
) -> Option<Pool> {
    let url = s.text("url", POOL_TEXT_MAX);
    let address = url.and_then(|url| {
        let parsed = Address::parse(&url);
        if let Err(error) = &parsed {
            s.refuse("url", &error.to_string(), error.code().remedy());
        }
        parsed.ok()
    });
    let route = network::read_route(s, address.as_ref());
    let user = s.text("user", POOL_TEXT_MAX);
    let password = match s.has("password") {
        true => s.text_or_empty("password", POOL_TEXT_MAX),
        false => Some("x".to_owned()),
    };
    let address = own_node::read(s, address, user.as_deref());
    let mut of_twin = Some(false);
    if s.has("difficulty_one") {
        of_twin = s.choice("difficulty_one", &[("bitcoin", false), ("twin", true)]);
        if of_twin == Some(true) && backend == Some(Asked::Linux) {
            let message = "`twin` is for `backend = \"twin\"` only";
            let remedy = "remove it: real chips mine at Bitcoin's own scale";
            s.refuse("difficulty_one", message, remedy);
        }
    }
    let group = pool_groups::of_pool(s);
    let enabled = match s.has("enabled") {
        true => s.boolean("enabled"),
        false => Some(true),
    };
    let difficulty_one = match of_twin? {
        true => twin_scale,
        false => DifficultyOne::BITCOIN,
    };
    Some(Pool {
        address: address?,
        user: user?,
        password: Secret::new(password?),
        difficulty_one,
        group: group?,
        enabled: enabled?,
        route: route?,
    })
}

fn read_api(s: &mut Section<'_>, backend: Option<Asked>) -> Option<Api> {
    let (mut http, mut socket) = (Some(Some(HTTP)), Some(default_socket()));
    let kept = matches!(backend, Some(Asked::Linux | Asked::OfTests));
    let mut access = Some(kept.then(|| PathBuf::from(ACCESS)));
    if !s.has("api") {
        return Some(Api {
            http: http?,
            https: None,
            socket: socket?,
            access: access?,
            mdns: None,
            old: OldClients::default(),
        });
    }
    let mut a = s.section("api")?;
    let https = https::read(&mut a);
    if a.has("http") {
        http = address(&mut a, "http", paths::address).map(Some);
    } else if a.has("https") {
        http = Some(None);
    }
    let mdns = match a.has("mdns") {
        true => a.boolean("mdns").map(Some),
        false => Some(None),
    };
    let old = old_clients::read(&mut a);
    if a.has("socket") {
        socket = a.text("socket", SOCKET_PATH_MAX).map(PathBuf::from);
        if socket.as_ref().is_some_and(|p| !p.is_absolute()) {
            a.refuse("socket", "must be an absolute path", "begin it with `/`");
            socket = None;
        }
    }
    if a.has("access") {
        access = read_file(&mut a, "access").map(Some);
    }
    Some(Api {
        http: http?,
        https: https?,
        socket: socket?,
        access: access?,
        mdns: mdns?,
        old: old?,
    })
}

/// The kernel's limit for a socket's path is 107 bytes; the server needs a suffix of its
/// own while it makes the socket.
const SOCKET_PATH_MAX: usize = 95;

pub(super) fn address(
    s: &mut Section<'_>,
    key: &'static str,
    read: fn(&str) -> Result<SocketAddr, String>,
) -> Option<SocketAddr> {
    let text = s.text(key, TEXT_MAX)?;
    read(&text)
        .map_err(|why| s.refuse(key, &why, "use `127.0.0.1:PORT`"))
        .ok()
}

#[cfg(test)]
#[path = "config_tests.rs"]
pub(super) mod tests;

#[cfg(test)]
#[path = "config_pool_tests.rs"]
mod pool_tests;
