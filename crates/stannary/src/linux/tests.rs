use std::path::PathBuf;

use board_support::Active;
use units::Duration;

use super::*;

/// A folder in place of `/`.
struct Board(PathBuf);

impl Board {
    fn new(name: &str, compatible: Option<&str>) -> Board {
        let name = format!("stannary-linux-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("dev")).expect("a folder");
        if let Some(compatible) = compatible {
            let tree = folder.join("proc/device-tree");
            std::fs::create_dir_all(&tree).expect("a folder");
            std::fs::write(tree.join("compatible"), compatible).expect("written");
        }
        Board(folder)
    }

    fn root(&self) -> Root {
        Root::new(&self.0)
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const POWER: HashPower = HashPower::EnableLine {
    off_before_on: Duration::from_secs(30),
};

fn machine(model: &str, board: &str) -> Machine {
    board_support::machine_on(model, board).expect("known")
}

/// What is said when this machine is opened on that board.
fn check(board: &Board, machine: &Machine, expected: &str) {
    let opened = open(machine, &board.root(), Instant::ZERO, POWER);
    let refusal = opened.err().expect("refused").to_string();
    let expected = expected.replace("ROOT", &board.0.display().to_string());
    assert!(refusal.starts_with(&expected), "{refusal}\n{expected}");
    assert!(refusal.contains("\nhint: "), "{refusal}");
}

#[test]
fn a_computer_that_is_no_control_board_is_told_so() {
    let s21 = machine("antminer-s21", "amlogic-a113d");
    let pc = Board::new("pc", None);
    let refused = refuse_other_board(&s21, &pc.root()).expect_err("a PC");
    let text = refused.to_string();
    let expected = "E-CONF-BOARD: this computer has no device tree: it is no Amlogic A113D\nhint: ";
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(is_real_board(&pc.root()), None);

    let other = Board::new("other", Some("raspberrypi,4-model-b\0brcm,bcm2711\0"));
    let text = refuse_other_board(&s21, &other.root())
        .expect_err("another")
        .to_string();
    assert!(
        text.contains("`raspberrypi,4-model-b, brcm,bcm2711`, and no Amlogic"),
        "{text}"
    );
    assert_eq!(is_real_board(&other.root()), None);
}

#[test]
fn a_control_board_is_known_by_its_device_tree() {
    let s21 = machine("antminer-s21", "amlogic-a113d");
    let real = Board::new("real", Some("amlogic,s400\0amlogic,axg\0"));
    assert!(refuse_other_board(&s21, &real.root()).is_ok());
    assert_eq!(
        is_real_board(&real.root()).as_deref(),
        Some("Amlogic A113D")
    );
    let x19 = machine("antminer-s19-pro", "x19-xilinx");
    assert!(refuse_other_board(&x19, &real.root()).is_err());
    let zynq = Board::new("zynq", Some("xlnx,zynq-7000\0"));
    assert!(refuse_other_board(&x19, &zynq.root()).is_ok());
}

#[test]
fn a_missing_device_is_named_with_reason_and_remedy() {
    let board = Board::new("missing", None);
    let x19 = machine("antminer-s19-pro", "x19-xilinx");
    check(
        &board,
        &x19,
        "E-DEV-REFUSED: the FPGA's window: ROOT/dev/axi_fpga_dev: cannot open it: No such file or \
         directory (os error 2)\nhint: there is no such device",
    );
    let s9 = machine("antminer-s9", "zynq-c41-bm13xx");
    check(&board, &s9, "E-DEV-REFUSED: line `reset_0`: ROOT/");
    let s9 = machine("antminer-s9", "zynq-c41-stock");
    check(
        &board,
        &s9,
        "E-DEV-REFUSED: the FPGA's window: ROOT/dev/axi_fpga_dev: cannot open it",
    );
    let mut s21 = machine("antminer-s21", "amlogic-a113d");
    crate::boards::take_enable(&mut s21, Some(Active::Low)).expect("unsure");
    check(&board, &s21, "E-DEV-REFUSED: line `reset_0`: ROOT/");
}

#[test]
fn serial_lines_that_are_no_ttys_are_refused_by_name() {
    let board = Board::new("no-tty", None);
    for tty in ["ttyS1", "ttyS2", "ttyS3"] {
        std::fs::write(board.0.join("dev").join(tty), "").expect("written");
    }
    let s21 = machine("antminer-s21", "amlogic-a113d");
    let refusal = open_links(&s21, &board.root())
        .err()
        .expect("files")
        .to_string();
    let expected = format!(
        "E-DEV-REFUSED: serial line of chain 0: {}/dev/ttyS1: cannot use it as a serial line: ",
        board.0.display()
    );
    assert!(refusal.starts_with(&expected), "{refusal}");
}

#[test]
fn cores_are_found_by_address_and_belong_to_one() {
    let board = Board::new("cores", None);
    for (number, address) in ["0x43c00000", "0x43c10000", "0x43c20000"]
        .iter()
        .enumerate()
    {
        let maps = board.0.join(format!("sys/class/uio/uio{number}/maps/map0"));
        std::fs::create_dir_all(&maps).expect("a folder");
        std::fs::write(maps.join("addr"), address).expect("written");
        let node = board.0.join(format!("dev/uio{number}"));
        std::fs::write(node, vec![0; 0x1_0000]).expect("written");
    }
    let s9 = machine("antminer-s9", "zynq-c41-bm13xx");
    let links = open_links(&s9, &board.root()).expect("three cores");
    assert_eq!(links.len(), 3);
    let second = open_links(&s9, &board.root())
        .err()
        .expect("held")
        .to_string();
    assert!(second.contains("cannot lock it"), "{second}");
    drop(links);
    assert!(open_links(&s9, &board.root()).is_ok());
}

#[test]
fn what_no_file_says_and_nobody_speaks_is_refused() {
    let board = Board::new("unnamed", None);
    let mut s21 = machine("antminer-s21", "amlogic-a113d");
    check(&board, &s21, "E-DEV-REFUSED: line `reset_0`");
    s21.control_board.devices = None;
    check(
        &board,
        &s21,
        "E-CONF-BACKEND: control board `amlogic-a113d`: its file does not say where",
    );
    let mut x19 = machine("antminer-s19-pro", "x19-xilinx");
    x19.control_board.link = LinkKind::SpiWords;
    check(
        &board,
        &x19,
        "E-CONF-BACKEND: no port of this build drives chains behind `spi-words`",
    );
}
