//! The servers: a pool, a job declarator's client and a translator from V1, each a process on loopback,
//! and what they say of the shares that they were sent.

use std::net::SocketAddr;
use std::path::Path;

use process::{AUTHORITY, Folder, Program, free_address, get_json};
use serde_json::Value;

use crate::chain::{Chain, PAYEE};
use crate::{dying, until};

/// The authority key of all of them.
pub(crate) const KEY: &str = AUTHORITY.text;
/// Its secret half as they read it: base58 with a checksum of 32 bytes, here the number three.
const SECRET: &str = "1111111111111111111111111111111Rnzy1V";
/// What the pool writes into coinbases.
pub(crate) const POOL_TAG: &str = "interop pool";
/// What the declarator does.
pub(crate) const DECLARATOR_TAG: &str = "interop declarator";
/// Shares that they ask of each miner: one in three seconds, since here nearly every share is a block,
/// and each block makes everything anew.
const SHARES_PER_MINUTE: f64 = 20.0;
/// A share is a word to the miner only with the third of them, unless it is a block.
const BATCH: u32 = 3;
/// The one reason to refuse a share that is not the miner's fault.
const NOT_OURS: &str = "stale-share";

/// One of them, running.
#[derive(Debug)]
pub(crate) struct Role {
    program: Program,
    /// Where it listens to miners.
    pub(crate) address: SocketAddr,
    /// Where it shows its account.
    account: SocketAddr,
    _folder: Folder,
}

/// `pool_sv2`.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) role: Role,
    /// Where it takes declarations of jobs.
    declarations: Option<SocketAddr>,
}

/// `jd_client_sv2`.
#[derive(Debug)]
pub(crate) struct Declarator {
    pub(crate) role: Role,
}

/// `translator_sv2`.
#[derive(Debug)]
pub(crate) struct Translator {
    pub(crate) role: Role,
}

impl Pool {
    pub(crate) fn start(servers: &Path, chain: &Chain) -> Self {
        Pool::listen(servers, chain, None)
    }

    /// One that takes jobs which its miners' owners made.
    pub(crate) fn with_declarations(servers: &Path, chain: &Chain) -> Self {
        Pool::listen(servers, chain, Some(free_address()))
    }

    fn listen(servers: &Path, chain: &Chain, declarations: Option<SocketAddr>) -> Self {
        let address = free_address();
        let jds = declarations.map(|at| format!("[jds]\nlisten_address = \"{at}\"\n"));
        let config = format!(
            "listen_address = \"{address}\"\n{}pool_signature = \"{POOL_TAG}\"\nserver_id = 1\n{}{}",
            keys_and_shares(),
            template_provider(chain),
            jds.unwrap_or_default(),
        );
        let role = Role::start(&servers.join("pool_sv2"), address, &config);
        role.wait_for_word("ready to accept connections");
        Pool { role, declarations }
    }

    /// Jobs were declared, and mined on in its name.
    pub(crate) fn check_declarations(&self) {
        let said = self.role.said();
        for word in ["DeclareMiningJob", "SetCustomMiningJob"] {
            assert!(said.contains(word), "no {word}\n{said}");
        }
        assert!(self.role.accepted() > 0, "{said}");
        self.role.check_account();
    }
}

impl Declarator {
    /// One without a pool.
    pub(crate) fn alone(servers: &Path, chain: &Chain) -> Self {
        Declarator::listen(servers, chain, "SOLOMINING", "upstreams = []\n", "")
    }

    /// One whose jobs are a pool's.
    pub(crate) fn of(servers: &Path, chain: &Chain, pool: &Pool) -> Self {
        let (at, jds) = (pool.role.address, pool.declarations.expect("it takes jobs"));
        let upstream = format!(
            "[[upstreams]]\nauthority_pubkey = \"{KEY}\"\npool_address = \"127.0.0.1\"\npool_port = {}\n\
             jds_address = \"127.0.0.1\"\njds_port = {}\nuser_identity = \"account\"\n",
            at.port(),
            jds.port()
        );
        let declarator = Declarator::listen(servers, chain, "FULLTEMPLATE", "", &upstream);
        let said = declarator.role.said();
        assert!(!said.contains("falling back"), "{said}");
        declarator
    }

    fn listen(servers: &Path, chain: &Chain, mode: &str, first: &str, upstream: &str) -> Self {
        let address = free_address();
        let config = format!(
            "listening_address = \"{address}\"\nmax_supported_version = 2\nmin_supported_version = 2\n\
             mode = \"{mode}\"\njdc_signature = \"{DECLARATOR_TAG}\"\n{}{first}{}{upstream}",
            keys_and_shares(),
            template_provider(chain),
        );
        let role = Role::start(&servers.join("jd_client_sv2"), address, &config);
        role.wait_for_word("ready to accept connections");
        Declarator { role }
    }
}

impl Translator {
    pub(crate) fn start(servers: &Path, pool: &Role) -> Self {
        let address = free_address();
        // As little as the twin computes, so that the first difficulty is not far off.
        let config = format!(
            "downstream_address = \"127.0.0.1\"\ndownstream_port = {}\nmax_supported_version = 2\n\
             min_supported_version = 2\ndownstream_extranonce2_size = 4\naggregate_channels = false\n\
             verify_payout = false\nsupported_extensions = [2]\n\
             [downstream_difficulty_config]\nmin_individual_miner_hashrate = 10000.0\n\
             shares_per_minute = {SHARES_PER_MINUTE:?}\nenable_vardiff = true\n\
             job_keepalive_interval_secs = 60\n\
             [[upstreams]]\naddress = \"127.0.0.1\"\nport = {}\nauthority_pubkey = \"{KEY}\"\n\
             user_identity = \"translator\"\n",
            address.port(),
            pool.address.port()
        );
        let role = Role::start(&servers.join("translator_sv2"), address, &config);
        role.wait_for_word("Translator Proxy: listening on");
        Translator { role }
    }

    /// Miners of V1 that are connected.
    pub(crate) fn miners(&self) -> usize {
        let told = self.role.ask("sv1/clients").expect("it answers");
        let miners = told["items"].as_array().expect("a list");
        let working = |miner: &&Value| {
            miner["sv1_username"] == "account.worker" && miner["version_rolling_mask"].is_string()
        };
        println!("translator: {miners:?}");
        miners.iter().filter(working).count()
    }
}

impl Role {
    fn start(program: &Path, address: SocketAddr, config: &str) -> Self {
        let folder = Folder::new();
        let account = free_address();
        // Before the first table.
        let config = format!(
            "monitoring_address = \"{account}\"\nmonitoring_cache_refresh_secs = 1\n{config}"
        );
        let file = folder.write("config.toml", &config);
        let program = Program::start(dying(program).arg("-c").arg(file));
        Role {
            program,
            address,
            account,
            _folder: folder,
        }
    }

    /// All that it wrote so far.
    pub(crate) fn said(&self) -> String {
        self.program.everything()
    }

    fn wait_for_word(&self, word: &str) {
        // The panic of a wait that ends in vain does not show why.
        let end = std::time::Instant::now() + process::PATIENCE / 2;
        until(word, || {
            let said = self.said();
            let late = std::time::Instant::now() > end;
            assert!(!late, "it never said {word:?}\n{said}");
            said.contains(word).then_some(())
        });
    }

    /// Shares that it has credited to those who are connected.
    pub(crate) fn accepted(&self) -> u64 {
        let channels = self.channels();
        let accepted = channels.iter().map(|c| c["shares_accepted"].as_u64());
        accepted.map(|count| count.expect("a number")).sum()
    }

    /// Until it has credited so many.
    pub(crate) fn wait_for_accepted(&self, count: u64) {
        // It looks at its own books once a second.
        until("its account", || (self.accepted() >= count).then_some(()));
    }

    /// Until it has closed the books of those who left, so that nothing of theirs is on its way.
    pub(crate) fn wait_until_left(&self) {
        until("the end of its channels", || {
            self.channels().is_empty().then_some(())
        });
    }

    /// It refused nothing for a reason of the miner's, and the miner has what it asked for.
    pub(crate) fn check_account(&self) {
        let channels = self.channels();
        for channel in &channels {
            println!("account: {channel}");
            let refused = channel["shares_rejected_by_reason"].as_object();
            let mut reasons = refused.expect("a map").keys();
            assert!(reasons.all(|reason| reason == NOT_OURS), "{channel}");
            // Hashes really computed: far below what the machine shows, and not nothing.
            let hashrate = channel["nominal_hashrate"].as_f64();
            let hashrate = hashrate.expect("a number");
            assert!((1e3..1e7).contains(&hashrate), "{channel}");
            assert!(
                channel["rollable_extranonce_size"].as_u64() >= Some(4),
                "{channel}"
            );
        }
        assert!(!channels.is_empty(), "{}", self.said());
    }

    /// Hashes of the blocks that it saw in shares, each once.
    pub(crate) fn blocks(&self) -> Vec<String> {
        let said = self.program.stdout();
        let found = said.lines().filter(|line| line.contains("Block Found"));
        let mut hashes: Vec<String> = found
            .filter_map(|line| {
                let end = line.trim_end();
                let start = end.len().checked_sub(64)?;
                end.get(start..).map(str::to_owned)
            })
            .collect();
        hashes.dedup();
        hashes
    }

    /// The extended channels of all who are connected.
    fn channels(&self) -> Vec<Value> {
        let list = |told: &Value, key: &str| told[key].as_array().cloned().unwrap_or_default();
        let clients = until("its account", || self.ask("clients"));
        let clients = list(&clients, "items");
        let channels = clients.iter().flat_map(|client| {
            let path = format!("clients/{}/channels", client["client_id"]);
            // Gone since.
            let told = self.ask(&path).unwrap_or_default();
            list(&told, "extended_channels")
        });
        channels.collect()
    }

    fn ask(&self, path: &str) -> Option<Value> {
        get_json(&format!("http://{}/api/v1/{path}", self.account))
    }
}

fn keys_and_shares() -> String {
    format!(
        "authority_public_key = \"{KEY}\"\nauthority_secret_key = \"{SECRET}\"\n\
         cert_validity_sec = 3600\ncoinbase_reward_script = \"{PAYEE}\"\n\
         shares_per_minute = {SHARES_PER_MINUTE:?}\nshare_batch_size = {BATCH}\n"
    )
}

fn template_provider(chain: &Chain) -> String {
    format!(
        "[template_provider_type.BitcoinCoreIpc]\nversion = 31\nnetwork = \"regtest\"\n\
         data_dir = \"{}\"\nfee_threshold = 100\nmin_interval = 5\n",
        chain.data().display()
    )
}
