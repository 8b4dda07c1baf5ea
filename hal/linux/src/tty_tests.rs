use std::path::PathBuf;

use hal::{LinkEvent, LinkOp, LinkPort, PacedUart};
use rustix::event::{PollFd, PollFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use units::ChainSlot;

use super::*;

const NOW: Instant = Instant::ZERO;

/// The chips' side of a pseudo-terminal, and the path of ours.
fn pair() -> (OwnedFd, PathBuf) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let chips = openpt(flags).expect("a pseudo-terminal");
    grantpt(&chips).expect("granted");
    unlockpt(&chips).expect("unlocked");
    rustix::fs::fcntl_setfl(&chips, OFlags::NONBLOCK).expect("a flag");
    let name = ptsname(&chips, Vec::new()).expect("a name");
    (chips, PathBuf::from(name.to_string_lossy().into_owned()))
}

fn opened() -> (OwnedFd, Tty) {
    let (chips, path) = pair();
    (chips, Tty::open(&path).expect("a tty"))
}

/// Everything that is there, whole.
fn read_all(tty: &mut Tty) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 1024]);
    loop {
        let count = tty.read(NOW, &mut buffer).expect("read");
        all.extend_from_slice(&buffer[..count]);
        if count < buffer.len() {
            return all;
        }
    }
}

fn read_chips(chips: &OwnedFd) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count) = rustix::io::read(chips, &mut buffer)
        && count > 0
    {
        all.extend_from_slice(&buffer[..count]);
    }
    all
}

/// Whether the tty wakes a sleeper within a tenth of a second.
fn wakes(tty: &Tty) -> bool {
    let Some(fd) = tty.wakes() else { return false };
    let limit = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    poll(&mut fds, Some(&limit)).expect("a poll") > 0
}

/// Every byte, those included that a terminal would take for something else.
fn every_byte() -> Vec<u8> {
    (0..=255)
        .chain([0xFF, 0xFF, 0x00, 0x11, 0x13, 0x03, 0x0D, 0x0A])
        .collect()
}

#[test]
fn bytes_pass_unchanged_both_ways() {
    let (chips, mut tty) = opened();
    assert_eq!(tty.write(NOW, &every_byte()), Ok(every_byte().len()));
    assert_eq!(read_chips(&chips), every_byte());
    rustix::io::write(&chips, &every_byte()).expect("written");
    assert!(wakes(&tty));
    assert_eq!(read_all(&mut tty), every_byte());
    assert_eq!(
        tty.read(NOW, &mut [0; 8]),
        Ok(0),
        "nothing more, and no error"
    );
    assert_eq!(read_chips(&chips), [0; 0], "nothing is echoed");
}

#[test]
fn nobody_is_woken_without_a_byte() {
    let (_chips, tty) = opened();
    assert!(!wakes(&tty));
}

#[test]
fn a_second_owner_is_refused_until_the_first_is_gone() {
    let (_chips, path) = pair();
    let first = Tty::open(&path).expect("a tty");
    let error = Tty::open(&path).err().expect("held");
    assert_eq!(error.error.kind(), std::io::ErrorKind::ResourceBusy);
    assert_eq!(error.step, "lock it");
    assert_eq!(error.path, path);
    drop(first);
    assert!(Tty::open(&path).is_ok());
}

#[test]
fn what_is_no_tty_is_refused_with_its_name() {
    let check = |path: &str, step, errno: Errno| {
        let error = Tty::open(Path::new(path)).err().expect("refused");
        assert_eq!((error.step, error.errno()), (step, errno.raw_os_error()));
        assert_eq!(error.path, Path::new(path));
    };
    check("/dev/no-such-tty", "open it", Errno::NOENT);
    check("/dev/null", "use it as a serial line", Errno::NOTTY);
}

#[test]
fn any_baud_rate_is_set_and_seen_by_the_other_side() {
    let (chips, mut tty) = opened();
    let seen = || tcgetattr(&chips).expect("settings").output_speed();
    assert_eq!(seen(), 115_200);
    for bits_per_s in [3_125_000, 115_740, 1_562_500, 12_500_000, 1_000_000] {
        assert_eq!(tty.set_baud(NOW, bits_per_s), Ok(()));
        assert_eq!(seen(), bits_per_s);
    }
}

#[test]
fn a_rate_that_the_device_misses_by_half_a_bit_is_none() {
    // 48 MHz / 16 in place of 3.125 Mbaud: 4 % off, at the edge; 115,200 of 121,000 is beyond.
    assert!(is_near(3_000_000, 3_125_000));
    assert!(is_near(3_125_000, 3_125_000));
    assert!(!is_near(2_900_000, 3_125_000));
    assert!(!is_near(115_200, 121_000));
    assert!(!is_near(0, 115_200));
    assert!(is_near(u32::MAX, u32::MAX));
}

#[test]
fn a_full_line_takes_what_fits_and_loses_nothing() {
    let (chips, mut tty) = opened();
    let stream: Vec<u8> = (0..400_000u32).map(|i| (i % 251) as u8).collect();
    let (mut sent, mut received, mut full) = (0, Vec::new(), 0);
    while received.len() < stream.len() {
        match tty.write(NOW, &stream[sent..]).expect("no error") {
            0 => {
                full += 1;
                received.extend(read_chips(&chips));
            }
            taken => sent += taken,
        }
        if sent == stream.len() {
            received.extend(read_chips(&chips));
        }
    }
    assert!(full > 0, "the line was never full");
    assert!(received == stream);
}

#[test]
fn a_hang_up_is_the_devices_error_and_wakes_nobody_any_more() {
    let (chips, mut tty) = opened();
    drop(chips);
    assert!(wakes(&tty), "the hang-up itself wakes");
    let eio = LinkError::Device(Errno::IO.raw_os_error());
    assert_eq!(tty.read(NOW, &mut [0; 8]), Err(eio));
    assert!(tty.wakes().is_none(), "a dead line must not spin");
    assert_eq!(tty.write(NOW, &[1]), Err(eio));
    assert_eq!(tty.set_baud(NOW, 1_000_000), Err(eio));
    assert_eq!(tty.next_event(), Some(NOW + REOPEN_EVERY));
}

#[test]
fn a_device_that_comes_back_is_opened_again_at_its_rate() {
    let folder = std::env::temp_dir().join(format!("stannary-tty-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let link = folder.join("chain");
    let plug = |terminal: &Path| {
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(terminal, &link).expect("a link");
    };
    let (chips, terminal) = pair();
    plug(&terminal);
    let mut tty = Tty::open(&link).expect("a tty");
    assert_eq!(tty.set_baud(NOW, 3_125_000), Ok(()));
    drop(chips);
    assert!(tty.read(NOW, &mut [0; 8]).is_err());
    std::fs::remove_file(&link).expect("unplugged");

    let later = NOW + REOPEN_EVERY;
    let nothing = LinkError::Device(Errno::NOENT.raw_os_error());
    assert_eq!(tty.read(later, &mut [0; 8]), Err(nothing), "not there");
    let (chips, terminal) = pair();
    plug(&terminal);
    assert_eq!(
        tty.read(later, &mut [0; 8]),
        Err(nothing),
        "not looked for yet"
    );
    assert_eq!(tty.read(later + REOPEN_EVERY, &mut [0; 8]), Ok(0));
    let speed = tcgetattr(&chips).expect("settings").output_speed();
    assert_eq!(speed, 3_125_000);
    rustix::io::write(&chips, &every_byte()).expect("written");
    assert!(wakes(&tty));
    assert_eq!(read_all(&mut tty), every_byte());
    std::fs::remove_dir_all(&folder).expect("cleaned up");
}

#[test]
fn a_paced_port_over_it_carries_frames_cut_anywhere() {
    let (chips, tty) = opened();
    let slot = ChainSlot(0);
    let mut port = PacedUart::new(slot, tty);
    let frame = hal::Frame::new(&[0x55, 0xAA, 0x52, 0x05, 0x00, 0x00, 0x0A]).expect("short");
    let mut events = Vec::new();
    port.submit(NOW, slot, LinkOp::Command(frame));
    port.poll(NOW, &mut events);
    assert_eq!(read_chips(&chips), frame.as_slice());
    let mut received = Vec::new();
    for part in every_byte().chunks(7) {
        rustix::io::write(&chips, part).expect("written");
        port.poll(NOW, &mut events);
        for (_, event) in events.drain(..) {
            match event {
                LinkEvent::Bytes(bytes) => received.extend(bytes),
                event => panic!("{event:?}"),
            }
        }
    }
    assert_eq!(received, every_byte());
    drop(chips);
    port.poll(NOW, &mut events);
    let eio = LinkEvent::Error(LinkError::Device(Errno::IO.raw_os_error()));
    assert_eq!(events, [(slot, eio)]);
}
