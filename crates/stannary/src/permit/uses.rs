//! What a machine's ports open, by its control board's file.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use board_support::{
    BusDevice, ChainDevice, Devices, FanDevices, LineName, Machine, PwmOutput, TachDevices,
    Window as Place, WindowNode,
};
use hal_linux::{DeviceError, LineSpec, Root, Window, permit};

type Files = Result<Vec<PathBuf>, DeviceError>;

/// One thing that a port opens.
pub(super) struct Use {
    /// What for.
    pub(super) what: String,
    /// Its files; an error where they are not there, or no group can be given them.
    pub(super) files: Files,
}

/// All of a machine, in the order in which the daemon opens them.
pub(super) fn of(machine: &Machine, root: &Root) -> Vec<Use> {
    let Some(devices) = &machine.control_board.devices else {
        return Vec::new();
    };
    let mut uses = Vec::new();
    let mut add = |what: String, files: Files| uses.push(Use { what, files });
    if let Some(place) = &devices.window {
        add("the FPGA's window".to_owned(), window(place, root));
    }
    for (name, line) in &devices.lines {
        if !is_used(*name, machine, devices) {
            continue;
        }
        // Whichever level it is on at: its file is the same.
        let spec = LineSpec {
            chip: line.chip.clone(),
            line: line.line.clone(),
            sysfs: line.sysfs,
            active_low: false,
        };
        add(
            format!("line `{}`", name.name()),
            permit::line_files(root, &spec),
        );
    }
    match &devices.fans {
        Some(FanDevices::Core(place)) => add("the fans' core".to_owned(), window(place, root)),
        Some(FanDevices::Pwm { outputs, tach, .. }) => {
            add("the fans' outputs".to_owned(), outputs_of(outputs, root));
            if let Some(TachDevices::Capture(inputs)) = tach {
                add("the fans' tach".to_owned(), inputs_of(inputs, root));
            }
        }
        Some(FanDevices::Window) | None => {}
    }
    if let Some(watchdog) = &devices.watchdog {
        add("the watchdog".to_owned(), node(&watchdog.node, root));
    }
    for (what, bus) in [
        ("the hashboards' bus", &devices.hashboards_bus),
        ("the supply's bus", &devices.supply_bus),
    ] {
        if let Some(BusDevice::Node(node)) = bus {
            add(what.to_owned(), Ok(permit::bus_files(root, node)));
        }
    }
    let chains = devices.chains.iter().take(usize::from(machine.slots));
    for (slot, chain) in chains.enumerate() {
        let files = match chain {
            ChainDevice::Tty(path) | ChainDevice::Spi(path) => node(path, root),
            ChainDevice::Core(place) => window(place, root),
        };
        add(format!("chain {slot}"), files);
    }
    uses
}

/// A slot or a fan that the machine has not got is not asked for.
fn is_used(name: LineName, machine: &Machine, devices: &Devices) -> bool {
    match name {
        LineName::Reset(slot) | LineName::Plug(slot) => slot < machine.slots,
        LineName::Tach(fan) => {
            let by_lines = matches!(
                &devices.fans,
                Some(FanDevices::Pwm {
                    tach: Some(TachDevices::Lines),
                    ..
                })
            );
            by_lines && fan < machine.fans.count
        }
        LineName::SupplyEnable
        | LineName::RedLed
        | LineName::GreenLed
        | LineName::ResetButton
        | LineName::ReportButton => true,
    }
}

fn node(path: &str, root: &Root) -> Files {
    Ok(vec![root.at(path)])
}

fn window(place: &Place, root: &Root) -> Files {
    match &place.node {
        WindowNode::Own(path) => node(path, root),
        WindowNode::Uio => Window::uio_node(root, place.address).map(|path| vec![path]),
        // Whatever the file's mode, the kernel wants CAP_SYS_RAWIO of whoever opens it.
        WindowNode::Memory => Err(DeviceError::new(
            Path::new("/dev/mem"),
            "be given to a group: only a process with CAP_SYS_RAWIO may map memory; name a UIO node",
            Error::from(ErrorKind::Unsupported),
        )),
    }
}

fn outputs_of(outputs: &[PwmOutput], root: &Root) -> Files {
    all(outputs, |o| permit::output_files(root, o.chip, o.channel))
}

fn inputs_of(inputs: &[PwmOutput], root: &Root) -> Files {
    all(inputs, |i| permit::capture_files(root, i.chip, i.channel))
}

fn all(pwms: &[PwmOutput], files: impl Fn(&PwmOutput) -> Files) -> Files {
    let found: Result<Vec<_>, _> = pwms.iter().map(files).collect();
    Ok(found?.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What a machine on a board asks for, `what: path`, on a computer without any device.
    fn asked(model: &str, board: &str) -> Vec<String> {
        let name = format!("stannary-uses-{model}-{board}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("sys/class/gpio")).expect("made");
        fs::write(folder.join("sys/class/gpio/export"), "").expect("written");
        let root = Root::new(&folder);
        let machine = board_support::machine_on(model, board).expect("known");
        let lines = of(&machine, &root).into_iter().flat_map(|u| {
            let shown = |path: &Path| {
                let inside = path.strip_prefix(&folder).unwrap_or(path);
                format!("{}: {}", u.what, inside.display())
            };
            match &u.files {
                Ok(files) => files.iter().map(|file| shown(file)).collect(),
                Err(error) => vec![shown(&error.path)],
            }
        });
        let lines = lines.collect();
        fs::remove_dir_all(&folder).expect("removed");
        lines
    }

    #[test]
    fn a_stock_fpga_is_one_window_a_supply_line_and_a_watchdog() {
        let asked = asked("antminer-s19-pro", "x19-xilinx");
        for expected in [
            "the FPGA's window: dev/axi_fpga_dev",
            "the watchdog: dev/watchdog",
            "line `supply_enable`: sys/class/gpio/gpio907/direction",
            "line `supply_enable`: sys/class/gpio/gpio907/value",
        ] {
            assert!(
                asked.iter().any(|line| line == expected),
                "{expected}: {asked:#?}"
            );
        }
        assert!(
            !asked.iter().any(|line| line.contains("chain")),
            "{asked:#?}"
        );
    }

    #[test]
    fn a_board_of_the_processors_is_asked_for_as_many_chains_as_the_machine_has() {
        let asked = asked("antminer-s19-pro", "cvitek-cv1835");
        let chains: Vec<_> = asked.iter().filter(|l| l.starts_with("chain")).collect();
        assert_eq!(
            chains,
            [
                "chain 0: dev/ttyS1",
                "chain 1: dev/ttyS2",
                "chain 2: dev/ttyS3"
            ],
            "{asked:#?}"
        );
        assert!(
            asked.contains(&"the hashboards' bus: dev/i2c-0".to_owned()),
            "{asked:#?}"
        );
        assert!(
            asked.iter().any(|l| l.starts_with("the fans' outputs")),
            "{asked:#?}"
        );
    }

    #[test]
    fn every_board_asks_for_something_that_can_be_given() {
        for model in board_support::machines() {
            let machine = board_support::machine(model).expect("known");
            let Some(devices) = &machine.control_board.devices else {
                continue;
            };
            let places = devices
                .window
                .iter()
                .chain(devices.chains.iter().filter_map(|chain| match chain {
                    ChainDevice::Core(place) => Some(place),
                    ChainDevice::Tty(_) | ChainDevice::Spi(_) => None,
                }));
            for place in places {
                assert_ne!(place.node, WindowNode::Memory, "{model}: needs root");
            }
        }
    }
}
