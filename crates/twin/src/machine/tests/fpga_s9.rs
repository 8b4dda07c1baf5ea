//! The S9's stock FPGA: what its window does otherwise than the x19's.

use super::super::fpga::FIFO_DEPTH;
use super::super::job::{S9_FRAME_LEN, s9_record_frame};
use super::super::{BoardFault, Link, Totals};
use super::*;

const MODE: u32 = 0x100;
const COMMAND: u32 = 0x0C0;

struct Window {
    machine: TwinMachine,
    now: Instant,
}

impl Window {
    fn new(faults: FaultPlan) -> Self {
        let machine = board_support::machine_on("antminer-s9", "zynq-c41-stock");
        let options = TwinOptions {
            faults,
            ..options(2)
        };
        let machine = TwinMachine::new(&machine.expect("it is there"), options);
        let mut machine = machine.expect("a BM1387");
        assert_eq!(machine.link(), Link::FpgaFifoS9);
        let now = Instant::from_millis(1);
        for slot in 0..3 {
            machine.set_rail(now, ChainSlot(slot), true);
        }
        Window { machine, now }
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.machine.fpga_read32(self.now, offset)
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.machine.fpga_write32(self.now, offset, value);
    }

    fn wait(&mut self, us: u64) {
        self.now += Duration::from_micros(us);
        self.machine.advance(self.now);
    }

    fn command(&mut self, chain: u32, divider: u32, words: [u32; 3]) {
        for (register, word) in [0x0C4, 0x0C8, 0x0CC].into_iter().zip(words) {
            self.write(register, word);
        }
        self.write(COMMAND, 0x8080_0000 | chain << 16 | divider);
        self.wait(5_000);
        assert_eq!(self.read(COMMAND) >> 31, 0);
    }

    fn work(&mut self, chain: u32, id: u32) {
        self.write(0x040, 0x0180_0000 | chain << 16);
        self.write(0x044, id);
        for word in 0..11 {
            self.write(0x044, 0x0101_0101 * (word + 1));
        }
    }

    fn results(&mut self) -> Vec<(u32, u32)> {
        let count = self.read(0x018);
        let results = (0..count).map(|_| (self.read(0x010), self.read(0x014)));
        results.collect()
    }

    fn totals(&self, slot: u8) -> Totals {
        self.machine.ledger().totals(ChainSlot(slot))
    }
}

/// "Chip id" of all chips, checksum included.
const WHO: [u32; 3] = [0x5405_0000, 0x1900_0000, 0];

#[test]
fn a_record_becomes_the_published_job() {
    for v in vectors("blocks") {
        let frame = hex(&v["derived_job_bm1387_1_midstate"]);
        assert_eq!(frame.len(), S9_FRAME_LEN);
        let mut words = [0; 37];
        words[..2].copy_from_slice(&[0x0185_0000, u32::from(frame[2])]);
        for (word, bytes) in words[2..].iter_mut().zip(frame[8..52].chunks_exact(4)) {
            *word = u32::from_be_bytes(bytes.try_into().expect("four"));
        }
        assert_eq!(s9_record_frame(&words).to_vec(), frame, "{v}");
    }
}

#[test]
fn boards_are_the_sixth_chain_and_the_next() {
    let absent = BoardFault::Absent { slot: ChainSlot(1) };
    let mut window = Window::new(FaultPlan {
        boards: vec![absent],
        ..FaultPlan::default()
    });
    assert_eq!(window.read(0x000) & 0xFFFF, 0xC501);
    assert_eq!(window.read(0x008), 0b1010_0000);
    assert_eq!(window.read(0x00C), 0b1110_0000);
    window.write(0x034, 0xFFDF);
    assert_eq!(window.read(0x034), 0xFFDF);
    window.command(5, 26, WHO);
    window.command(7, 26, WHO);
    window.command(0, 26, WHO);
    // Sixty-three chips answer with themselves; chain 7 is in reset.
    window.wait(50_000);
    let results = window.results();
    assert_eq!(results.len(), 63);
    let same = |r: &(u32, u32)| r.0 & 0x8000_000F == 5 && r.1 == 0x1387_9000;
    assert!(results.iter().all(same), "{results:08x?}");
}

#[test]
fn one_divider_serves_all_chains() {
    let mut window = Window::new(FaultPlan::default());
    window.command(6, 1, WHO);
    window.wait(50_000);
    assert_eq!(window.totals(1).commands, 0);
    window.write(COMMAND, 0x0080_0000 | 26);
    assert_eq!(window.read(COMMAND), 0x0080_001A);
    for (slot, chain) in [(0, 5), (1, 6), (2, 7)] {
        window.command(chain, 26, WHO);
        assert_eq!(window.totals(slot).commands, 1);
    }
}

#[test]
fn works_of_the_host_are_taken_in_their_mode_and_paced() {
    let mut window = Window::new(FaultPlan::default());
    window.write(COMMAND, 0x0080_001A);
    window.write(0x088, 0x8000_0000 | 10_000);
    window.work(5, 4);
    window.wait(30_000);
    assert_eq!(window.totals(0).jobs, 0, "nobody set the mode");
    window.write(MODE, 0x8100);
    for id in 0..=FIFO_DEPTH as u32 {
        window.work(5, 4 * id);
    }
    window.work(0, 4);
    assert_eq!(window.read(0x00C), 0b1100_0000);
    // 54 bytes take 4.7 ms at 115200; then one goes every 10 ms.
    window.wait(5_000);
    assert_eq!(window.totals(0).jobs, 1);
    assert_eq!(window.read(0x00C), 0b1110_0000);
    window.wait(30_000);
    assert_eq!(window.totals(0).jobs, 4);
    window.wait(1_000_000);
    assert_eq!(window.totals(0).jobs, FIFO_DEPTH as u64);
    assert_eq!(window.totals(1).jobs, 0);
}
