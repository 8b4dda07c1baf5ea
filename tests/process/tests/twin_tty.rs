//! The whole daemon with `backend = "linux"` against a twin behind terminals of the kernel: its
//! chains are ttys, with real termios, partial reads and hang-ups. What a computer without a
//! machine has no device for (supply, sensors, lines, fans) is the twin's, over its socket.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use process::{Folder, PATIENCE, PoolHost, Program, free_address, get_json, stannary, wait_for};
use twin::pool::PoolOptions;
use units::{Difficulty, DifficultyOne};

const BITS: u8 = 2;
const MODEL: &str = "antminer-s21-pro";
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// Far longer than a frame has gaps (20 ms), and shorter than what ends a count of chips (100 ms).
const STANDSTILL: Duration = Duration::from_millis(50);

struct Bench {
    folder: Folder,
    pool: PoolHost,
    board: PathBuf,
    config: PathBuf,
    page: String,
}

impl Bench {
    fn new() -> Self {
        let folder = Folder::in_dev();
        let pool = PoolHost::start(PoolOptions {
            difficulty_one: DifficultyOne::from_zero_bits(BITS).expect("at most 32"),
            difficulty: Difficulty::new(4096.0).expect("positive"),
            ..PoolOptions::default()
        });
        let twin = folder.path().join("twin");
        let board = folder.write("board.toml", &board(&twin));
        let http = free_address();
        let socket = folder.path().join("s.sock");
        let text = format!(
            "config_version = 1\n\n[machine]\nmodel = \"{MODEL}\"\nbackend = \"linux\"\n\
             control_board = \"{}\"\n\n[twin]\nat = \"{}\"\ndifficulty_bits = {BITS}\n\n\
             [[pool]]\nurl = \"stratum+tcp://{}\"\nuser = \"account.worker\"\npassword = \"x\"\n\
             difficulty_one = \"twin\"\n\n[api]\nhttp = \"{http}\"\nsocket = \"{}\"\n",
            board.display(),
            twin.display(),
            pool.address(),
            socket.display()
        );
        let config = folder.write("stannary.toml", &text);
        Bench {
            folder,
            pool,
            board,
            config,
            page: format!("http://{http}/"),
        }
    }

    fn twin(&self, binary: &Path) -> Program {
        let folder = self.folder.path().join("twin");
        let mut command = Command::new(binary);
        command.args(["twin", "--machine", MODEL, "--control-board"]);
        command.arg(&self.board).arg("--dir").arg(&folder);
        command.args(["--difficulty-bits", &BITS.to_string()]);
        let mut twin = Program::start(&mut command);
        wait_for("the twin's socket", PATIENCE, || {
            assert!(twin.ended().is_none(), "{}", twin.everything());
            folder.join("twin.sock").exists().then_some(())
        });
        twin
    }

    fn daemon(&self, binary: &Path) -> Program {
        let mut command = Command::new(binary);
        Program::start(command.arg("run").arg("--config").arg(&self.config))
    }

    fn accepted(&self) -> u64 {
        self.pool.ledger(|l| l.totals.accepted)
    }

    fn wait_for_shares(&self, daemon: &mut Program, more_than: u64) {
        wait_for("accepted shares", PATIENCE, || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            (self.accepted() > more_than).then_some(())
        });
    }

    fn status(&self) -> Option<serde_json::Value> {
        get_json(&format!("{}api/v1/status", self.page))
    }

    /// The status once all boards are up: they come one after the other, and a status is as old as
    /// its snapshot.
    fn all_boards(&self) -> serde_json::Value {
        wait_for("all boards", PATIENCE, || {
            let status = self.status()?;
            let mut chains = status["chains"].as_array()?.iter();
            let up = chains.all(|c| c["chips_found"].is_u64() && c["frequency_mhz"].is_f64());
            up.then_some(status)
        })
    }
}

fn all_lines_are_whole(status: &serde_json::Value) {
    let chains = status["chains"].as_array().expect("chains");
    assert_eq!(chains.len(), 3);
    for chain in chains {
        assert_eq!(chain["chips_found"], 65, "{chain}");
        for none in ["damaged_frames", "restarts"] {
            assert_eq!(chain[none], 0, "{chain}");
        }
    }
}

/// A control board whose chains are the twin's terminals.
fn board(twin: &Path) -> String {
    let chain = |slot| {
        format!(
            "[[linux.chain]]\ntty = \"{}/chain-{slot}\"\n\n",
            twin.display()
        )
    };
    format!(
        "name = \"Terminals of a test\"\nlink = \"uart\"\nbaud_max_per_s = 3_125_000\n\
         slots_max = 3\n\n[linux]\noldest_kernel = \"4.4\"\n\n{}{}{}",
        chain(0),
        chain(1),
        chain(2)
    )
}

#[test]
fn a_daemon_mines_over_ttys_and_stops_in_time() {
    let Some(binary) = stannary() else {
        return;
    };
    let bench = Bench::new();
    let mut twin = bench.twin(&binary);
    let mut daemon = bench.daemon(&binary);
    bench.wait_for_shares(&mut daemon, 10);
    let status = bench.all_boards();
    assert_eq!(status["machine"]["backend"], "linux");
    all_lines_are_whole(&status);
    for chain in status["chains"].as_array().expect("chains") {
        // Shares come before the last step of the ramp.
        assert!(chain["frequency_mhz"].as_f64() > Some(0.0), "{chain}");
    }
    daemon.terminate();
    let ended = daemon.ends_within(STOP_LIMIT);
    assert_eq!(ended.code(), Some(0), "{}", daemon.everything());
    let totals = bench.pool.ledger(|l| l.totals);
    assert_eq!((totals.rejected(), totals.stale), (0, 0), "{totals:?}");
    twin.terminate();
    assert_eq!(
        twin.ends_within(STOP_LIMIT).code(),
        Some(0),
        "{}",
        twin.everything()
    );
    assert!(
        !bench.folder.path().join("twin/chain-0").is_symlink(),
        "links go"
    );
}

/// A busy computer lets nobody run for a while, whoever it is: that loses no frame, in the middle
/// of which it may have been.
#[test]
fn whoever_stands_still_loses_no_frame() {
    let Some(binary) = stannary() else {
        return;
    };
    let bench = Bench::new();
    let twin = bench.twin(&binary);
    let mut daemon = bench.daemon(&binary);
    daemon.wait_for_word("E-BOARD-UP");
    // From the first count of chips on, which is at the slowest rate.
    wait_for("accepted shares", PATIENCE, || {
        for program in [&daemon, &twin] {
            program.signal("STOP");
            std::thread::sleep(STANDSTILL);
            program.signal("CONT");
            std::thread::sleep(STANDSTILL);
        }
        (bench.accepted() > 10).then_some(())
    });
    assert!(daemon.ended().is_none(), "{}", daemon.everything());
    all_lines_are_whole(&bench.all_boards());
}

#[test]
fn a_second_daemon_gets_no_tty_of_the_first() {
    let Some(binary) = stannary() else {
        return;
    };
    let bench = Bench::new();
    let _twin = bench.twin(&binary);
    let mut first = bench.daemon(&binary);
    bench.wait_for_shares(&mut first, 0);
    // Another page and socket: nothing but the machine is shared.
    let text = std::fs::read_to_string(&bench.config).expect("written");
    let text = text.replace("s.sock", "t.sock");
    let (_, old) = text.split_once("http = \"").expect("an address");
    let (old, _) = old.split_once('"').expect("an address");
    let text = text.replace(old, &free_address().to_string());
    let config = bench.folder.write("second.toml", &text);
    let mut second = Program::start(Command::new(&binary).arg("run").arg("--config").arg(config));
    assert_ne!(second.wait(PATIENCE).code(), Some(0));
    let said = second.stderr();
    assert!(
        said.contains("E-DEV-REFUSED: serial line of chain 0: "),
        "{said}"
    );
    assert!(said.contains("chain-0: cannot lock it: "), "{said}");
    assert!(first.ended().is_none());
}

/// A terminal whose other side ends is a cable that was pulled: the chain is told as faulty, and
/// the daemon goes on, and ends as it should.
#[test]
fn terminals_that_hang_up_are_faults_of_links() {
    let Some(binary) = stannary() else {
        return;
    };
    let bench = Bench::new();
    let twin = bench.twin(&binary);
    let mut daemon = bench.daemon(&binary);
    bench.wait_for_shares(&mut daemon, 0);
    twin.signal("KILL");
    wait_for("a fault of a link", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        daemon.stderr().contains("E-CHAIN-LINK").then_some(())
    });
    // Each terminal hangs up in its own time, and a page shows what was published last.
    wait_for("no chain that hashes", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        let status = bench.status()?;
        let chains = status["chains"].as_array().expect("chains");
        chains
            .iter()
            .all(|chain| chain["state"] != "hashing")
            .then_some(())
    });
    daemon.terminate();
    let ended = daemon.wait(PATIENCE);
    assert!(
        ended.code().is_some(),
        "it ended by itself: {}",
        daemon.everything()
    );
}
