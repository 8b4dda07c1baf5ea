use std::io::{ErrorKind, Write};

use hal::{FpgaPort, LinkError, LinkEvent, LinkPort};
use units::ChainSlot;

use super::*;

const NOW: Instant = Instant::ZERO;
const PAGE: u64 = 4096;

/// A file in place of a node; removed with this.
struct Node(PathBuf);

impl Node {
    fn new(name: &str, pages: u64) -> Node {
        let name = format!("stannary-window-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file = File::create(&path).expect("a file");
        file.write_all(&vec![0; (pages * PAGE) as usize])
            .expect("written");
        Node(path)
    }

    fn word(&self, offset: usize) -> u32 {
        let bytes = std::fs::read(&self.0).expect("read");
        u32::from_ne_bytes(bytes[offset..offset + 4].try_into().expect("four"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn words_go_to_the_range_and_come_from_it() {
    let node = Node::new("words", 3);
    let mut window = Window::open(&node.0, PAGE, 0x160).expect("mapped");
    window.write32(NOW, 0x040, 0x1234_5678);
    window.write32(NOW, 0x15C, 7);
    assert_eq!(node.word(PAGE as usize + 0x040), 0x1234_5678);
    assert_eq!(node.word(PAGE as usize + 0x15C), 7);
    assert_eq!(window.clone().read32(NOW, 0x040), 0x1234_5678, "one window");
    window.write_fifo(NOW, 0x044, &[1, 2, 3]);
    assert_eq!(window.read32(NOW, 0x044), 3);
    assert_eq!(window.take_fault(), None);
}

#[test]
fn an_offset_outside_reads_as_nothing_and_is_told_once() {
    let node = Node::new("outside", 1);
    let mut window = Window::open(&node.0, 0, 0x160).expect("mapped");
    for offset in [
        0x160,
        0x164,
        0xFFC,
        0x1000,
        0x15D,
        0x15E,
        0x15F,
        u32::MAX,
        u32::MAX - 3,
    ] {
        assert_eq!(window.read32(NOW, offset), u32::MAX, "0x{offset:x}");
        assert_eq!(window.take_fault(), Some(14), "0x{offset:x}");
        window.write32(NOW, offset, 1);
        assert_eq!(window.take_fault(), Some(14), "0x{offset:x}");
        assert_eq!(window.take_fault(), None);
    }
    drop(window);
    assert!(
        std::fs::read(&node.0)
            .expect("read")
            .iter()
            .all(|byte| *byte == 0)
    );
}

#[test]
fn a_range_has_one_owner_and_its_neighbour_another() {
    let node = Node::new("owner", 3);
    let first = Window::open(&node.0, 0, 0x1000).expect("mapped");
    let second = Window::open(&node.0, PAGE, 0x1000).expect("the next range");
    for (offset, bytes) in [(0, 4), (0, 0x2000), (PAGE, 0x100)] {
        let error = Window::open(&node.0, offset, bytes).err().expect("held");
        assert_eq!(error.error.kind(), ErrorKind::ResourceBusy);
        assert_eq!(error.step, "lock it");
    }
    let handle = first.clone();
    drop(first);
    assert!(
        Window::open(&node.0, 0, 4).is_err(),
        "another handle has it"
    );
    drop((handle, second));
    assert!(Window::open(&node.0, 0, 0x2000).is_ok());
}

#[test]
fn what_cannot_be_mapped_is_refused_with_its_name() {
    let node = Node::new("refused", 1);
    let check = |path: &Path, offset, bytes, step, errno: i32| {
        let error = Window::open(path, offset, bytes).err().expect("refused");
        assert_eq!((error.step, error.errno()), (step, errno));
        assert_eq!(error.path, path);
    };
    let length = "map a window of this length";
    check(&node.0, 0, 0, length, 22);
    check(&node.0, 0, 6, length, 22);
    check(&node.0, 0, u32::MAX, length, 22);
    check(&node.0, 0, 0x1004, "map more than there is", 6);
    check(&node.0, u64::MAX, 4, "map more than there is", 6);
    check(&node.0, 8, 4, "map it", 22);
    check(Path::new("/no/such/node"), 0, 4, "open it", 2);
    check(Path::new("/dev/null"), 0, 4096, "map it", 19);
}

#[test]
fn a_chain_port_tells_that_its_window_is_too_short() {
    let node = Node::new("short", 1);
    let slots = [ChainSlot(0), ChainSlot(1)];
    let port = |bytes| FpgaPort::new(&slots, Window::open(&node.0, 0, bytes).expect("mapped"));
    let mut events = Vec::new();
    port(0x160).poll(NOW, &mut events);
    assert_eq!(events, []);
    port(0x0C0).poll(NOW, &mut events);
    let told = |slot| (slot, LinkEvent::Error(LinkError::Device(14)));
    assert!(events.contains(&told(slots[0])), "{events:?}");
    assert!(events.contains(&told(slots[1])), "{events:?}");
}

#[test]
fn a_uio_node_is_found_by_its_address() {
    let folder = std::env::temp_dir().join(format!("stannary-uio-{}", std::process::id()));
    for (number, address) in [(0, "0x41600000\n"), (1, "nonsense"), (12, "0x43c10000\n")] {
        let maps = folder.join(format!("sys/class/uio/uio{number}/maps/map0"));
        std::fs::create_dir_all(&maps).expect("a folder");
        std::fs::write(maps.join("addr"), address).expect("written");
        std::fs::create_dir_all(folder.join("dev")).expect("a folder");
        std::fs::write(folder.join(format!("dev/uio{number}")), "").expect("written");
    }
    let root = Root::new(&folder);
    let found = |address| Window::uio_node(&root, address);
    assert_eq!(found(0x43C1_0000).expect("there"), folder.join("dev/uio12"));
    assert_eq!(found(0x4160_0000).expect("there"), folder.join("dev/uio0"));
    let error = found(0x43C0_0000).expect_err("missing");
    assert_eq!((error.step, error.errno()), ("find it", 2));
    std::fs::remove_dir_all(folder).expect("removed");
}
