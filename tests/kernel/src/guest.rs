//! The emulated computer: how it is started, talked to and ended.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use process::{Folder, Program, free_address, wait_for};

use crate::Qmp;

/// Until the guest's shell answers: 9 s on a quiet computer, and far more where others work.
pub const BOOT_PATIENCE: Duration = Duration::from_secs(150);
/// The emulator ends by itself after this, whatever becomes of the test.
const LIFE_S: u32 = 900;
/// What the first process says once all is there.
const UP: &str = "guest: up";
/// One command in the guest.
const COMMAND_MAX: Duration = Duration::from_secs(60);

/// What is booted: `vmlinuz`, `board.dtb`, `initrd.gz`, `computer` and `bin/qemu-system-arm`.
pub fn kernel() -> Option<PathBuf> {
    let folder = std::env::var_os("STANNARY_KERNEL").map(PathBuf::from);
    if folder.is_none() {
        assert!(
            std::env::var_os("STANNARY_KERNEL_TESTS").is_none(),
            "no kernel to boot: STANNARY_KERNEL is not set"
        );
        eprintln!("skipped: no kernel to boot; `scripts/kernel-test` provides it");
    }
    folder
}

/// The host's end of the guest's serial port: a socket on which somebody listens.
#[derive(Clone, Debug)]
pub struct Serial(pub PathBuf);

/// A running guest. It is ended when dropped.
#[derive(Debug)]
pub struct Guest {
    outside: Arc<Mutex<Qmp>>,
    qemu: Program,
    folder: Folder,
    registers: PathBuf,
    shell: SocketAddr,
}

impl Guest {
    /// Boots the computer in `kernel`. `pool` is an address on this host, which the guest reaches as
    /// 10.0.2.100:3333, and beside it nothing but this host's connections to its own shell.
    pub fn boot(kernel: &Path, chain: &Serial, pool: Option<SocketAddr>) -> Guest {
        let folder = Folder::new();
        let shell = free_address();
        let mut network = format!(
            "user,restrict=on,hostfwd=tcp:{}:{}-10.0.2.15:2323",
            shell.ip(),
            shell.port()
        );
        if let Some(pool) = pool {
            let relay = kernel.join("to-host");
            let relay = relay.display();
            network += &format!(",guestfwd=tcp:10.0.2.100:3333-cmd:{relay} {}", pool.port());
        }
        let socket = folder.path().join("q.sock");
        let mut command = Command::new("timeout");
        // The emulator hears of it first, and is killed if it does not listen.
        command.args(["-k", "5", &LIFE_S.to_string()]);
        command.arg(kernel.join("bin/qemu-system-arm"));
        command.args(options(&kernel.join("computer")));
        command.arg("-kernel").arg(kernel.join("vmlinuz"));
        command.arg("-dtb").arg(kernel.join("board.dtb"));
        command.arg("-initrd").arg(kernel.join("initrd.gz"));
        command.args([
            "-append",
            "console=ttyS4,115200n8 rdinit=/init panic=-1 quiet",
        ]);
        command.args(["-display", "none", "-monitor", "none"]);
        command.args(["-serial", "stdio", "-serial"]);
        // One that was closed is tried again each second.
        command.arg(format!("unix:{},reconnect=1", chain.0.display()));
        let registers = folder.path().join("r.sock");
        command.args(["-qtest-log", "none", "-qtest"]);
        command.arg(format!("unix:{},server=on,wait=off", registers.display()));
        command.args(["-nic", &network, "-qmp"]);
        command.arg(format!("unix:{},server=on,wait=off", socket.display()));
        let qemu = Program::start(&mut command);
        let outside = Arc::new(Mutex::new(Qmp::connect(&socket)));
        let mut guest = Guest {
            outside,
            qemu,
            folder,
            registers,
            shell,
        };
        guest.wait_until_up();
        guest
    }

    fn wait_until_up(&mut self) {
        wait_for("the guest's shell", BOOT_PATIENCE, || {
            let said = self.qemu.stdout();
            let is_well = self.qemu.ended().is_none() && !said.contains("Kernel panic");
            assert!(is_well, "{}", self.qemu.everything());
            said.contains(UP).then_some(())
        });
        // Who listens there was started just before, and may not be there yet.
        wait_for("an answer of the guest's shell", BOOT_PATIENCE, || {
            self.try_run("true")
        });
    }

    /// How often it has booted as far as its first process.
    pub fn boots(&self) -> usize {
        self.qemu.stdout().matches(UP).count()
    }

    /// Its outside: temperatures and lines.
    pub fn outside(&self) -> MutexGuard<'_, Qmp> {
        lock(&self.outside)
    }

    /// The same for another thread.
    pub(crate) fn share_outside(&self) -> Arc<Mutex<Qmp>> {
        Arc::clone(&self.outside)
    }

    /// What a command line of the guest's shell prints, errors too.
    pub fn run(&self, line: &str) -> String {
        self.try_run(line)
            .unwrap_or_else(|| panic!("`{line}` in the guest: no answer\n{}", self.console()))
    }

    /// The same where the guest may be gone.
    pub fn try_run(&self, line: &str) -> Option<String> {
        let mut stream = TcpStream::connect_timeout(&self.shell, COMMAND_MAX).ok()?;
        stream.set_read_timeout(Some(COMMAND_MAX)).ok()?;
        // The mark tells an answer that is whole from a connection that broke.
        let text = format!("{{ {line}\n}} 2>&1; echo; echo END; exit\n");
        stream.write_all(text.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let whole = answer.trim_end().strip_suffix("END")?;
        Some(whole.trim_end().to_owned())
    }

    /// Everything that the guest's console said.
    pub fn console(&self) -> String {
        self.qemu.everything()
    }

    /// Where its registers can be read and written from outside.
    pub fn registers(&self) -> &Path {
        &self.registers
    }

    /// A place for this guest's files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if self.qemu.ended().is_none() {
            // `timeout` hands it on to the emulator and ends with it.
            self.qemu.terminate();
            let end = std::time::Instant::now() + Duration::from_secs(10);
            while self.qemu.ended().is_none() && std::time::Instant::now() < end {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// A test that failed meanwhile does not make the socket useless.
pub(crate) fn lock(qmp: &Mutex<Qmp>) -> MutexGuard<'_, Qmp> {
    qmp.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The options in a file: `#` begins a comment, a line is an option and its value.
fn options(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|why| panic!("{file:?}: {why}"));
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .flat_map(|line| line.split(' ').map(str::to_owned))
        .collect()
}
