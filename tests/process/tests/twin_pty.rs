//! `stannary twin --chip` as a driver of somebody else's sees it: a serial port with chips, or a socket.
//! The driver here is written from the frames' description alone.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use process::{Folder, PATIENCE, Program, stannary, wait_for};
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use sha2::{Digest, Sha256};

/// A serial port with a chain at its other end.
struct Driver {
    port: File,
    /// What stands before a command.
    preamble: &'static [u8],
}

impl Driver {
    fn open(path: &Path, preamble: &'static [u8]) -> Driver {
        let port = File::options().read(true).write(true).open(path);
        let mut driver = Driver {
            port: port.expect("the port opens"),
            preamble,
        };
        driver.set_speed(115_200);
        driver
    }

    fn set_speed(&mut self, bits_per_s: u32) {
        let mut settings = tcgetattr(&self.port).expect("a terminal");
        settings.make_raw();
        // Reading gives up after a tenth of a second of silence.
        settings.special_codes[SpecialCodeIndex::VMIN] = 0;
        settings.special_codes[SpecialCodeIndex::VTIME] = 1;
        settings.set_speed(bits_per_s).expect("any speed");
        tcsetattr(&self.port, OptionalActions::Drain, &settings).expect("it is taken");
    }

    fn command(&mut self, body: &[u8]) {
        let frame = [self.preamble, body, &[crc5(body)]].concat();
        self.port.write_all(&frame).expect("written");
    }

    fn write_all_chips(&mut self, register: u8, value: u32) {
        let [a, b, c, d] = value.to_be_bytes();
        self.command(&[0x51, 9, 0, register, a, b, c, d]);
    }

    /// Everything until `enough` bytes came, or for as long as something can come.
    fn read(&mut self, enough: usize) -> Vec<u8> {
        let end = Instant::now() + PATIENCE;
        let mut all = Vec::new();
        while all.len() < enough && Instant::now() < end {
            let mut buffer = [0; 256];
            let count = self.port.read(&mut buffer).expect("read");
            all.extend_from_slice(&buffer[..count]);
        }
        all
    }
}

fn crc5(bytes: &[u8]) -> u8 {
    let bits = bytes
        .iter()
        .flat_map(|b| (0..8).rev().map(move |i| b >> i & 1));
    bits.fold(0x1F, |crc, bit| {
        let feedback = (crc >> 4 ^ bit) & 1;
        (crc << 1 & 0x1F) ^ (5 * feedback)
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            crc << 1 ^ if crc >> 15 == 1 { 0x1021 } else { 0 }
        })
    })
}

fn start(args: &[&str], pty: &Path) -> Option<Program> {
    let binary = stannary()?;
    let mut command = Command::new(binary);
    command.arg("twin").args(args).arg("--pty").arg(pty);
    Some(Program::start(&mut command))
}

/// A twin whose port can be opened.
fn serving(chip: &str, chips: &str, pty: &Path) -> Option<Program> {
    let mut twin = start(&["--chip", chip, "--chips", chips], pty)?;
    wait_for("the port", PATIENCE, || {
        assert!(twin.ended().is_none(), "{}", twin.everything());
        pty.exists().then_some(())
    });
    Some(twin)
}

/// Stops it, and sees that nothing is left.
fn stop(mut twin: Program, pty: &Path) {
    twin.terminate();
    let ended = twin.wait(PATIENCE);
    assert!(ended.success(), "{ended}\n{}", twin.everything());
    assert!(fs::symlink_metadata(pty).is_err(), "the link is gone");
}

#[test]
fn a_driver_brings_up_a_chain_and_gets_nonces_that_solve_its_job() {
    let folder = Folder::new();
    let pty = folder.path().join("chain");
    let Some(twin) = serving("bm1370", "3", &pty) else {
        return;
    };
    let mut driver = Driver::open(&pty, &[0x55, 0xAA]);

    driver.command(&[0x53, 5, 0, 0]);
    for chip in 0..3 {
        driver.command(&[0x40, 5, 2 * chip, 0]);
    }
    driver.command(&[0x52, 5, 0, 0]);
    let ids = driver.read(27);
    assert_eq!(ids.len(), 27, "{ids:x?}\n{}", twin.everything());
    for (chip, id) in ids.chunks(9).enumerate() {
        let expected = [0xAA, 0x55, 0x13, 0x70, 0, 2 * chip as u8, 2 * chip as u8, 0];
        assert_eq!(id[..8], expected, "{ids:x?}");
        assert_eq!(crc5(&id[2..]), 0);
    }

    driver.write_all_chips(0xA4, 0x9000_FFFF);
    driver.write_all_chips(0x28, 0x0130_0000);
    std::thread::sleep(Duration::from_millis(20));
    driver.set_speed(3_125_000);
    driver.command(&[0x42, 5, 4, 0x28]);
    let answer = driver.read(11);
    assert_eq!(
        answer[..8],
        [0xAA, 0x55, 0x01, 0x30, 0, 0, 4, 0x28],
        "{answer:x?}"
    );

    // Difficulty 16, 525 MHz.
    driver.write_all_chips(0x14, 0x0000_00F0);
    driver.write_all_chips(0x08, 0x40A8_0230);
    driver.write_all_chips(0x10, 0x0000_1EB5);
    let mut header: [u8; 80] = core::array::from_fn(|i| i as u8);
    header[..4].copy_from_slice(&0x2000_0000u32.to_le_bytes());
    let words = |b: &[u8]| -> Vec<u8> { b.chunks(4).rev().flatten().copied().collect() };
    let mut job = vec![0x21, 0x56, 0x68, 1, 0, 0, 0, 0];
    job.extend(&header[72..76]);
    job.extend(&header[68..72]);
    job.extend(words(&header[36..68]));
    job.extend(words(&header[4..36]));
    job.extend(&header[..4]);
    let crc = crc16(&job).to_be_bytes();
    let frame = [&[0x55, 0xAA], &job[..], &crc].concat();
    driver.port.write_all(&frame).expect("written");

    // Some 46 a second.
    let nonces = driver.read(110);
    assert!(nonces.len() >= 110, "{nonces:x?}\n{}", twin.everything());
    for nonce in nonces.chunks_exact(11) {
        assert_eq!((crc5(&nonce[2..]), nonce[10] >> 5), (0, 4), "{nonce:x?}");
        let counter = u32::from(u16::from_be_bytes([nonce[8], nonce[9]]));
        assert_eq!(nonce[7], 0xD0 | nonce[9] & 0xF, "{nonce:x?}");
        let mut solved = header;
        let version = 0x2000_0000 | counter << 13;
        solved[..4].copy_from_slice(&version.to_le_bytes());
        solved[76..].copy_from_slice(&nonce[2..6]);
        let hash = Sha256::digest(Sha256::digest(solved));
        // Eight zero bits for difficulty one, four more for 16.
        assert!(hash[31] == 0 && hash[30] < 0x10, "{hash:x?} {nonce:x?}");
    }
    drop(driver);
    stop(twin, &pty);
}

#[test]
fn a_chain_without_preamble_answers_in_seven_bytes() {
    let folder = Folder::new();
    let pty = folder.path().join("chain");
    let Some(twin) = serving("bm1387", "2", &pty) else {
        return;
    };
    let mut driver = Driver::open(&pty, &[]);
    driver.command(&[0x55, 5, 0, 0]);
    driver.command(&[0x41, 5, 0, 0]);
    driver.command(&[0x41, 5, 4, 0]);
    driver.command(&[0x54, 5, 0, 0]);
    let ids = [
        0x13, 0x87, 0x90, 0, 0, 0, 0x07, 0x13, 0x87, 0x90, 4, 0, 0, 0x10,
    ];
    assert_eq!(driver.read(14), ids, "{}", twin.everything());
    drop(driver);
    stop(twin, &pty);
}

#[test]
fn a_historic_block_is_solved_at_real_difficulty() {
    let folder = Folder::new();
    let pty = folder.path().join("chain");
    let Some(twin) = serving("bm1397", "1", &pty) else {
        return;
    };
    let mut driver = Driver::open(&pty, &[0x55, 0xAA]);
    // The genesis block as a job of one midstate, as a BM1397 takes it.
    let job = "21360401000000 00ffff001d29ab5f494b1e5e4a4719f91b96b187364f0103c8c3c8d8e91e59ca\
               a890ccac7d6358bff0bc909a33ea6a";
    let digits: Vec<u8> = job.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let job: Vec<u8> = digits.chunks(2).filter_map(byte).collect();
    // 2048: nothing else is found meanwhile.
    driver.write_all_chips(0x14, 0x0000_E0FF);
    driver
        .port
        .write_all(&[&[0x55, 0xAA], &job[..]].concat())
        .expect("written");
    let nonce = driver.read(9);
    assert_eq!(
        nonce[..6],
        [0xAA, 0x55, 0x1D, 0xAC, 0x2B, 0x7C],
        "{nonce:x?}"
    );
    drop(driver);
    stop(twin, &pty);
}

#[test]
fn what_cannot_be_served_is_refused_and_nothing_is_overwritten() {
    let folder = Folder::new();
    let free = folder.path().join("chain");
    let file = folder.write("file", "precious");
    let target = folder.path().join("target");
    std::os::unix::fs::symlink(&file, &target).expect("a link");
    let one = ["--chip", "bm1370", "--chips", "1"];
    for (args, pty, code) in [
        (&["--chip", "bm1234", "--chips", "1"], &free, "E-TWIN-CHIP"),
        (&one, &file, "E-TWIN-PATH"),
        (&one, &target, "E-TWIN-PATH"),
    ] {
        let Some(mut twin) = start(args, pty) else {
            return;
        };
        let ended = twin.wait(PATIENCE);
        assert_eq!(ended.code(), Some(2), "{}", twin.everything());
        assert!(twin.stderr().contains(code), "{}", twin.everything());
    }
    assert_eq!(fs::read_to_string(&file).expect("still there"), "precious");
    // A link that a killed twin left leads nowhere, and is replaced.
    std::os::unix::fs::symlink(folder.path().join("gone"), &free).expect("a link");
    let Some(mut twin) = start(&one, &free) else {
        return;
    };
    wait_for("the port", PATIENCE, || free.exists().then_some(()));
    // While it serves, another one may not take its place.
    let mut second = start(&one, &free).expect("the binary is there");
    assert_eq!(
        second.wait(PATIENCE).code(),
        Some(2),
        "{}",
        second.everything()
    );
    assert!(twin.ended().is_none());
    stop(twin, &free);
}

/// An emulated computer's serial port is a client of a socket. It has one end: who comes second is turned
/// away, until the first has left.
#[test]
fn a_socket_serves_one_driver_at_a_time_and_nothing_is_left_of_it() {
    let Some(binary) = stannary() else {
        return;
    };
    let folder = Folder::new();
    // What a twin that was killed left.
    let path = folder.path().join("chain");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    let start = || {
        let mut command = Command::new(&binary);
        command.args(["twin", "--chip", "bm1370", "--chips", "3", "--socket"]);
        Program::start(command.arg(&path))
    };
    let mut twin = start();
    let connect = || UnixStream::connect(&path).ok();
    let mut driver = wait_for("the socket", PATIENCE, || {
        assert!(twin.ended().is_none(), "{}", twin.everything());
        connect()
    });
    let ids = ask_who_is_there(&mut driver).expect("three answers");
    assert_eq!(ids[..4], [0xAA, 0x55, 0x13, 0x70], "{ids:x?}");
    assert_eq!(ids[9..13], [0xAA, 0x55, 0x13, 0x70], "{ids:x?}");

    let mut turned_away = connect().expect("somebody listens");
    let mut nothing = [0];
    assert_eq!(turned_away.read(&mut nothing).expect("its end"), 0);
    let mut second = start();
    let ended = second.wait(PATIENCE);
    assert_eq!(ended.code(), Some(2), "{}", second.everything());
    assert!(second.stderr().contains("E-TWIN-PATH"));

    drop(driver);
    // Until the twin has seen that the first left, it turns others away.
    let again = wait_for("a free socket", PATIENCE, || {
        ask_who_is_there(&mut connect()?).ok()
    });
    assert_eq!(again, ids);
    twin.terminate();
    assert!(twin.wait(PATIENCE).success(), "{}", twin.everything());
    assert!(!path.exists(), "the socket is gone");
}

/// What three chips answer to a read of register 0.
fn ask_who_is_there(driver: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let body = [0x52, 5, 0, 0];
    let frame = [&[0x55, 0xAA], &body[..], &[crc5(&body)]].concat();
    driver.write_all(&frame)?;
    let mut ids = vec![0; 27];
    driver.set_read_timeout(Some(PATIENCE))?;
    driver.read_exact(&mut ids)?;
    Ok(ids)
}
