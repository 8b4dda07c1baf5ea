use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcsetwinsize};

use super::*;

/// A terminal for one test: the person's end, and the program's.
fn terminal() -> (OwnedFd, OwnedFd) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&person).expect("granted");
    unlockpt(&person).expect("unlocked");
    let name = ptsname(&person, Vec::new()).expect("it has a name");
    let program = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other end");
    (person, program)
}

fn seen(person: &OwnedFd) -> String {
    let mut bytes = [0; 4096];
    let length = rustix::io::read(person, &mut bytes).expect("something was written");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

fn is_as_it_was(program: &OwnedFd) -> bool {
    let modes = tcgetattr(program).expect("a terminal").local_modes;
    modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
}

/// One test, since there is one terminal that can be taken.
#[test]
fn a_terminal_is_given_back_by_whatever_ends_us() {
    let (person, program) = terminal();
    let own = || program.try_clone().expect("open");
    let taken = Terminal::take(own()).expect("taken");
    assert!(!is_as_it_was(&program));
    assert_eq!(seen(&person), ENTER);
    drop(taken);
    assert!(is_as_it_was(&program));
    assert_eq!(seen(&person), LEAVE);

    let panicked = panic::catch_unwind(|| {
        let _taken = Terminal::take(own()).expect("taken");
        panic!("on purpose");
    });
    assert!(panicked.is_err());
    assert!(is_as_it_was(&program));
    assert!(seen(&person).ends_with(LEAVE));

    let size = |columns, rows| Winsize {
        ws_col: columns,
        ws_row: rows,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let mut taken = Terminal::take(own()).expect("taken");
    seen(&person);
    assert_eq!(taken.size(), USUAL);
    tcsetwinsize(&person, size(40, 12)).expect("resized");
    assert_eq!((taken.size().columns, taken.size().rows), (40, 12));
    taken.draw(vec!["one".into(), "two".into()]).expect("drawn");
    assert!(seen(&person).contains("\x1b[1;1Hone"));
    taken.draw(vec!["one".into(), "2".into()]).expect("drawn");
    assert_eq!(
        seen(&person),
        "\x1b[2;1H2\x1b[0m\x1b[K",
        "what stays is not sent"
    );
    tcsetwinsize(&person, size(u16::MAX, u16::MAX)).expect("resized");
    assert_eq!((taken.size().columns, taken.size().rows), (500, 200));

    rustix::io::write(&person, b"q\x1b[A").expect("typed");
    let typed = taken.wait(Duration::from_secs(10)).expect("typed");
    assert_eq!(typed, [Key::Char('q'), Key::Up]);
    // Whoever hangs up ends it.
    drop(person);
    assert!(taken.wait(Duration::from_secs(10)).is_err());
}

#[test]
fn keys_are_told_apart_and_unknown_ones_passed_over() {
    let check = |bytes: &[u8], expected: &[Key]| assert_eq!(keys(bytes), expected, "{bytes:?}");
    check(b"qp", &[Key::Char('q'), Key::Char('p')]);
    check(b"\x1b[A\x1bOB\x1b[5~", &[Key::Up, Key::Down, Key::PageUp]);
    check(b"\t\x1b[Z", &[Key::Right, Key::Left]);
    check(b"\x1b", &[Key::Escape]);
    check(b"\x03\x1a", &[Key::Interrupt, Key::Suspend]);
    check(b"\x1b[15~\x1b[1;5Cx", &[Key::Char('x')]);
    check(b"\x1b[", &[]);
    check(b"\xff\x00\xc3\xa9", &[]);
}
