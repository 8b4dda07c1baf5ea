use super::*;

/// The definitions that fit a twin of `model` best.
fn check(model: &str, expected: &[&str]) {
    let report = probe_twin(model).unwrap_or_else(|refusal| panic!("{}", refusal.why));
    assert_eq!(fit::best(&report.fits), expected, "{:#}", report.json());
    // What is right is never contradicted.
    assert!(report.fits.iter().any(|fit| fit.model == model));
}

#[test]
fn a_machine_is_told_by_its_control_board_and_its_memories() {
    check("antminer-s9", &["antminer-s9"]);
    check("antminer-s19", &["antminer-s19"]);
    check("antminer-s19-pro", &["antminer-s19-pro"]);
    check("antminer-s19j-pro", &["antminer-s19j-pro"]);
}

/// Without power no chip can be asked, and these show nothing else that differs.
#[test]
fn machines_that_differ_in_their_chips_alone_are_named_together() {
    let seventeen = ["antminer-s17", "antminer-t17"];
    for model in seventeen {
        check(model, &seventeen);
    }
    let later = [
        "antminer-s19k-pro",
        "antminer-s21",
        "antminer-s21-pro",
        "antminer-s21-xp",
        "antminer-t21",
    ];
    for model in later {
        check(model, &later);
    }
}

/// A folder that looks like a board, without a single device behind its nodes.
fn folder(name: &str, files: &[(&str, &str)]) -> (PathBuf, Root) {
    let name = format!("stannary-probe-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let root = Root::new(&folder);
    (folder, root)
}

#[test]
fn what_is_no_control_board_is_refused_with_its_exit_code() {
    for (name, files, expected) in [
        ("pc", &[][..], "Linux shows no device tree here"),
        (
            "other",
            &[("proc/device-tree/compatible", "acme,board\0acme,chip\0")][..],
            "the device tree names acme,board, acme,chip",
        ),
    ] {
        let (folder, root) = folder(name, files);
        let socket = folder.join("s.sock");
        let refusal = probe_here(&root, None, &socket).err().expect(name);
        assert_eq!(
            (refusal.exit, refusal.code),
            (EXIT_FAILED, Code::ProbeNoBoard)
        );
        assert!(refusal.why.ends_with(expected), "{}", refusal.why);
        let refusal = probe_here(&root, Some("nothing"), &socket)
            .err()
            .expect(name);
        assert_eq!(refusal.exit, EXIT_USAGE, "{}", refusal.why);
        std::fs::remove_dir_all(folder).expect("removed");
    }
}

#[test]
fn what_is_missing_or_refuses_on_a_board_is_named_and_ends_nothing() {
    let (folder, root) = folder(
        "aml",
        &[
            ("proc/device-tree/compatible", "amlogic, axg\0"),
            ("proc/sys/kernel/osrelease", "4.9.113\n"),
            ("dev/ttyS1", ""),
            ("dev/i2c-0", ""),
            ("sys/class/gpio/gpio439/direction", "in"),
            ("sys/class/gpio/gpio439/value", "1"),
        ],
    );
    let socket = folder.join("s.sock");
    let report = probe_here(&root, None, &socket).unwrap_or_else(|r| panic!("{}", r.why));
    assert_eq!(report.board.id, "amlogic-a113d");
    assert_eq!(report.seen.plugged, [Some(true), None, None]);
    assert_eq!(report.seen.supply, Presence::Unknown);
    let told = |code: Code, what: &str| {
        let mut faults = report.faults.iter();
        let found = faults.any(|(c, why)| *c == code && why.contains(what));
        assert!(found, "{what}: {:?}", report.faults);
    };
    told(Code::ProbeDevice, "dev/ttyS2 is missing");
    // A plain file is no bus.
    told(Code::ProbeDevice, "dev/i2c-0: cannot ask what it can do");
    told(Code::ProbeDevice, "dev/i2c-1: cannot open it: No such file");
    told(
        Code::ProbeDevice,
        "class/gpio/export: cannot ask for the line",
    );
    // Both ways of saying it can be written.
    assert!(
        report.text().contains("slot 0         plugged in"),
        "{}",
        report.text()
    );
    assert_eq!(report.json()["kernel"], "4.9.113");

    // A daemon that holds the machine is not disturbed.
    let _held = PortLock::take(&socket).expect("free");
    let refusal = probe_here(&root, None, &socket).err().expect("held");
    assert_eq!((refusal.exit, refusal.code), (EXIT_FAILED, Code::PortTaken));
    std::fs::remove_dir_all(folder).expect("removed");
}

/// Registers that nobody serves: they keep what is written.
#[test]
fn an_fpga_says_what_linux_cannot_and_a_dead_engine_ends_nothing() {
    let (folder, root) = folder(
        "x19",
        &[
            ("proc/device-tree/compatible", "xlnx,zynq-7000\0"),
            ("sys/devices/system/cpu/present", "0\n"),
        ],
    );
    let mut window = vec![0u8; 0x1400];
    window[0..4].copy_from_slice(&0x4000_B031u32.to_le_bytes());
    window[4..8].copy_from_slice(&0x0000_022Eu32.to_le_bytes());
    window[8..12].copy_from_slice(&0b101u32.to_le_bytes());
    let node = folder.join("dev/axi_fpga_dev");
    std::fs::create_dir_all(folder.join("dev")).expect("a folder");
    std::fs::write(&node, &window).expect("a file");
    let report = probe_here(&root, None, &folder.join("s.sock"));
    let report = report.unwrap_or_else(|r| panic!("{}", r.why));
    // The other board with such a processor and node is ruled out.
    assert_eq!(report.board.id, "x19-xilinx");
    assert_eq!(report.or, [] as [&str; 0]);
    let [yes, no] = [Some(true), Some(false)];
    assert_eq!(report.seen.plugged, [yes, no, yes, no]);
    assert_eq!(report.fans, [(2, 0x2E * 120)]);
    let stuck = report
        .faults
        .iter()
        .filter(|(code, _)| *code == Code::ProbeBus);
    assert_eq!(stuck.count(), 2, "{:?}", report.faults);
    let told = |(_, why): &(Code, String)| why.starts_with("nothing was seen that tells");
    assert!(report.faults.iter().any(told), "{:?}", report.faults);
    // Nothing but the I2C engine's register was written: no reset, no PWM, no baud rate.
    let after = std::fs::read(&node).expect("the file");
    let changed: Vec<_> = (0..window.len())
        .filter(|i| window[*i] != after[*i])
        .collect();
    assert!(
        changed.iter().all(|i| (0x30..0x34).contains(i)),
        "{changed:x?}"
    );
    std::fs::remove_dir_all(folder).expect("removed");
}
