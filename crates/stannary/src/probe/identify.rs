//! Which control board this is, by what Linux shows of it.

use std::path::PathBuf;

use board_support::{BusDevice, ChainDevice, ControlBoard, WindowNode};
use hal_linux::{Root, read_text};

/// What Linux says of the board that it runs on.
pub(super) struct System {
    /// The device tree's own names for it; empty where there is no device tree.
    pub(super) compatible: Vec<String>,
    pub(super) processors: Option<u32>,
    pub(super) kernel: Option<String>,
}

impl System {
    pub(super) fn look(root: &Root) -> Self {
        let tree = root.at("/proc/device-tree/compatible");
        let bytes = std::fs::read(tree).unwrap_or_default();
        let names = bytes.split(|b| *b == 0).filter(|name| !name.is_empty());
        let names = names
            .take(16)
            .map(|name| String::from_utf8_lossy(name).into_owned());
        let present = read_text(&root.at("/sys/devices/system/cpu/present"), "count").ok();
        System {
            compatible: names.collect(),
            processors: present.as_deref().and_then(processors),
            kernel: read_text(&root.at("/proc/sys/kernel/osrelease"), "read it").ok(),
        }
    }
}

/// From a list such as `0-1` or `0`.
fn processors(present: &str) -> Option<u32> {
    let last = present.rsplit(['-', ',']).next()?;
    last.parse::<u32>().ok()?.checked_add(1)
}

/// A known board that this may be, and the nodes of it that are missing.
pub(super) struct Candidate {
    pub(super) board: ControlBoard,
    pub(super) missing: Vec<PathBuf>,
}

/// The boards of this processor, those with the fewest missing nodes.
pub(super) fn candidates(root: &Root, system: &System) -> Vec<Candidate> {
    let known = board_support::control_boards().filter_map(|name| {
        // Compiled in and tested.
        let board = board_support::control_board(name).ok()?;
        let devices = board.devices.as_ref()?;
        let same = |name: &String| system.compatible.contains(name);
        let here = devices.compatible.iter().any(same);
        let as_many = devices.processors.is_none() || devices.processors == system.processors;
        (here && as_many).then_some(board)
    });
    let mut candidates: Vec<Candidate> = known
        .map(|board| Candidate {
            missing: missing(root, &board),
            board,
        })
        .collect();
    let least = candidates.iter().map(|c| c.missing.len()).min();
    candidates.retain(|c| Some(c.missing.len()) == least);
    candidates
}

/// Nodes that a board's file names and that are not there.
pub(super) fn missing(root: &Root, board: &ControlBoard) -> Vec<PathBuf> {
    let Some(devices) = &board.devices else {
        return Vec::new();
    };
    let mut nodes = Vec::new();
    let window = |node: &WindowNode| match node {
        WindowNode::Uio => "/dev/uio0".to_owned(),
        WindowNode::Memory => "/dev/mem".to_owned(),
        WindowNode::Own(node) => node.clone(),
    };
    nodes.extend(devices.window.as_ref().map(|w| window(&w.node)));
    nodes.extend(devices.chains.iter().map(|chain| match chain {
        ChainDevice::Tty(node) | ChainDevice::Spi(node) => node.clone(),
        ChainDevice::Core(core) => window(&core.node),
    }));
    for bus in [&devices.hashboards_bus, &devices.supply_bus] {
        if let Some(BusDevice::Node(node)) = bus {
            nodes.push(node.clone());
        }
    }
    nodes.dedup();
    let paths = nodes.into_iter().map(|node| root.at(&node));
    paths.filter(|path| !path.exists()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that looks like a running board.
    fn folder(name: &str, compatible: &str, present: &str, nodes: &[&str]) -> (PathBuf, Root) {
        let name = format!("stannary-identify-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("proc/device-tree/compatible", compatible);
        write("proc/sys/kernel/osrelease", "4.6.0-xilinx\n");
        write("sys/devices/system/cpu/present", present);
        nodes.iter().for_each(|node| write(node, ""));
        let root = Root::new(&folder);
        (folder, root)
    }

    fn check(name: &str, compatible: &str, present: &str, nodes: &[&str], expected: &[&str]) {
        let (folder, root) = folder(name, compatible, present, nodes);
        let system = System::look(&root);
        let found = candidates(&root, &system);
        let ids: Vec<_> = found.iter().map(|c| c.board.id.as_str()).collect();
        assert_eq!(ids, expected, "{name}");
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn boards_are_told_by_processor_and_nodes() {
        let zynq = "xlnx,zynq-zc702\0xlnx,zynq-7000\0";
        let ttys = [
            "dev/ttyS1",
            "dev/ttyS2",
            "dev/ttyS3",
            "dev/i2c-0",
            "dev/i2c-1",
        ];
        check(
            "am1",
            zynq,
            "0-1\n",
            &["dev/axi_fpga_dev"],
            &["zynq-c41-stock"],
        );
        check(
            "open",
            zynq,
            "0-1\n",
            &["dev/uio0", "dev/i2c-0"],
            &["zynq-c41-bm13xx"],
        );
        // Alike to Linux: what the FPGA says tells them apart.
        check(
            "x19",
            zynq,
            "0\n",
            &["dev/axi_fpga_dev"],
            &["x19-xilinx", "zynq-c49-stock"],
        );
        check("aml", "amlogic, axg\0", "0-3\n", &ttys, &["amlogic-a113d"]);
        check("pc", "", "0-7\n", &ttys, &[]);
        check("other", "acme,board\0", "0\n", &ttys, &[]);
    }

    #[test]
    fn nodes_that_are_missing_are_named() {
        let (folder, root) = folder(
            "miss",
            "amlogic,a113d\0",
            "0-3",
            &["dev/ttyS1", "dev/i2c-0"],
        );
        let found = candidates(&root, &System::look(&root));
        let names: Vec<_> = found[0]
            .missing
            .iter()
            .filter_map(|p| p.file_name())
            .collect();
        assert_eq!(names, ["ttyS2", "ttyS3", "i2c-1"]);
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn processors_are_counted_from_the_kernels_list() {
        for (text, count) in [
            ("0", Some(1)),
            ("0-3", Some(4)),
            ("0,2-3", Some(4)),
            ("", None),
        ] {
            assert_eq!(processors(text), count, "{text}");
        }
    }
}
