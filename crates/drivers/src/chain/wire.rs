//! The chain's link: commands and work become frames, events become responses.
//!
//! Serial chips are reached over a UART or an FPGA, chips on SPI over their own codec.

use board_support::LinkKind;
use hal::{Frame, LinkOp};
use protocol::uart::UartDecoder;
use protocol::{
    ChainResponse, Command, Dialect, JobLayout, Profile, ResponseLength, Shape, fpga, register,
};
use units::{ChainSlot, Duration, WireJobId, WorkItem};

use super::kind::Kind;
use super::words;

/// An FPGA sends one command at a time for all chains, of which there are at most four:
/// three others may be ahead of ours.
const FPGA_CHAINS: u32 = 4;

/// One chain's link.
pub(super) enum Wire {
    /// To serial chips.
    Serial(Serial),
    /// To chips on SPI.
    Words(words::Codec),
}

impl Wire {
    /// `None` if nobody knows how the link carries the chip's jobs.
    pub(super) fn new(slot: ChainSlot, link: LinkKind, kind: Kind, shape: &Shape) -> Option<Self> {
        match kind {
            Kind::Serial(profile) => Serial::new(slot, link, profile).map(Wire::Serial),
            Kind::Words(profile) => (link == LinkKind::SpiWords)
                .then(|| Wire::Words(words::Codec::new(profile, shape.ticket))),
        }
    }

    /// Midstates that every job on this link carries, whatever the work has.
    pub(super) fn fixed_midstates(&self) -> Option<u8> {
        match self {
            Wire::Serial(serial) => serial.fixed_midstates(),
            Wire::Words(codec) => Some(codec.midstates()),
        }
    }

    /// The operation that queues work; `None` for work of the wrong kind for this chip.
    pub(super) fn work(&mut self, kind: Kind, id: WireJobId, item: &WorkItem) -> Option<LinkOp> {
        match (self, kind) {
            (Wire::Serial(serial), Kind::Serial(profile)) => serial.work(profile, id, item),
            (Wire::Words(codec), _) => codec.work(id, item),
            (Wire::Serial(_), Kind::Words(_)) => None,
        }
    }

    /// The queue was flushed. What makes chips forget what they hold, where they hold more than
    /// the next job replaces.
    pub(super) fn flushed(&mut self, bits_per_s: u32) -> Option<LinkOp> {
        match self {
            Wire::Serial(serial) => {
                serial.flushed();
                None
            }
            Wire::Words(codec) => Some(codec.flushed(bits_per_s)),
        }
    }

    /// What came over the link.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if let Wire::Serial(serial) = self {
            serial.bytes(bytes);
        }
    }

    /// Nothing more comes of what is half received.
    pub(super) fn silent(&mut self) {
        if let Wire::Serial(serial) = self {
            serial.silent();
        }
    }

    pub(super) fn record(&mut self, head: u32, data: u32) {
        if let Wire::Serial(serial) = self {
            serial.record(head, data);
        }
    }

    pub(super) fn words(&mut self, bytes: &[u8]) {
        if let Wire::Words(codec) = self {
            codec.words(bytes);
        }
    }

    /// The link dropped frames; it may not say whose they were.
    pub(super) fn dropped(&mut self, frames: u32) {
        match self {
            Wire::Serial(serial) => serial.dropped(frames),
            Wire::Words(codec) => codec.dropped(frames),
        }
    }

    /// Damaged frames so far, those of other chains on a shared link included.
    pub(super) fn damaged(&self) -> u64 {
        match self {
            Wire::Serial(serial) => serial.damaged(),
            Wire::Words(codec) => codec.damaged(),
        }
    }

    /// Damaged frames that came from this chain beyond doubt.
    pub(super) fn damaged_here(&self) -> u64 {
        match self {
            Wire::Serial(serial) => serial.damaged_here(),
            Wire::Words(codec) => codec.damaged(),
        }
    }

    /// Forget what is half received: the chips lost power.
    pub(super) fn reset(&mut self) {
        match self {
            Wire::Serial(serial) => serial.reset(),
            Wire::Words(codec) => codec.reset(),
        }
    }
}

/// The link of serial chips.
pub(super) struct Serial {
    slot: ChainSlot,
    dialect: Dialect,
    response: ResponseLength,
    codec: Codec,
    responses: Vec<ChainResponse>,
    /// Damaged frames that the link counted for all its chains together.
    shared: u64,
    /// Damaged frames that the link marked as this chain's.
    dropped: u64,
    /// The next work begins a block: it is the first since a flush.
    new_block: bool,
}

enum Codec {
    Uart(UartDecoder),
    Fpga,
    FpgaS9,
}

impl Serial {
    /// `None` if nobody knows how the link carries the chip's jobs.
    fn new(slot: ChainSlot, kind: LinkKind, profile: &Profile) -> Option<Self> {
        let codec = match (kind, profile.job) {
            (LinkKind::Uart, _) => Codec::Uart(UartDecoder::new(profile.response.before_rolling())),
            (LinkKind::FpgaFifo, JobLayout::Midstates) => Codec::Fpga,
            // What its relatives with later chips take is not known.
            (LinkKind::FpgaFifoS9, JobLayout::Midstates) if is_bm1387(profile) => Codec::FpgaS9,
            (LinkKind::FpgaFifo | LinkKind::FpgaFifoS9 | LinkKind::SpiWords, _) => return None,
        };
        Some(Serial {
            slot,
            dialect: profile.dialect,
            response: profile.response,
            codec,
            responses: Vec::new(),
            shared: 0,
            dropped: 0,
            new_block: true,
        })
    }

    /// Midstates that every job on this link carries, whatever the work has.
    fn fixed_midstates(&self) -> Option<u8> {
        match self.codec {
            Codec::Uart(_) => None,
            Codec::Fpga => Some(4),
            Codec::FpgaS9 => Some(1),
        }
    }

    /// The operation that sends a command, and how long it takes on the chips' line.
    pub(super) fn command(&mut self, command: &Command, bits_per_s: u32) -> (LinkOp, Duration) {
        self.lengthen(command);
        (self.frame(command), self.time(command, bits_per_s))
    }

    /// How long a command takes on the chips' line.
    pub(super) fn time(&self, command: &Command, bits_per_s: u32) -> Duration {
        let bytes = command.encode_uart(self.dialect).len();
        let bits = bytes as u64 * 10;
        Duration::from_nanos(bits * 1_000_000_000 / u64::from(bits_per_s.max(1)))
    }

    fn frame(&self, command: &Command) -> LinkOp {
        let frame = match self.codec {
            Codec::Uart(_) => Frame::new(&command.encode_uart(self.dialect)),
            Codec::Fpga | Codec::FpgaS9 => Frame::new(&command.encode(self.dialect)),
        };
        let frame = frame.expect("the longest command has 11 bytes and a frame holds 18");
        LinkOp::Command(frame)
    }

    /// Commands that leave one after the other before one of ours has left for sure.
    pub(super) fn in_turn(&self) -> u32 {
        match self.codec {
            Codec::Uart(_) => 1,
            Codec::Fpga | Codec::FpgaS9 => FPGA_CHAINS,
        }
    }

    /// The operation that queues work; `None` for work of the wrong kind for this chip.
    pub(super) fn work(
        &mut self,
        profile: &Profile,
        id: WireJobId,
        item: &WorkItem,
    ) -> Option<LinkOp> {
        let frame = match &self.codec {
            Codec::Fpga => Frame::new(&fpga::encode_work(self.slot, id, item, self.new_block)?),
            Codec::FpgaS9 => {
                Frame::new(&fpga::encode_work_s9(self.slot, id, item, self.new_block)?)
            }
            Codec::Uart(_) => Frame::new(&profile.encode_job(id, item)?),
        };
        self.new_block = false;
        frame.map(LinkOp::Work)
    }

    /// The queue was flushed.
    fn flushed(&mut self) {
        self.new_block = true;
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if let Codec::Uart(decoder) = &mut self.codec {
            decoder.push(bytes, &mut self.responses);
        }
    }

    fn silent(&mut self) {
        if let Codec::Uart(decoder) = &mut self.codec {
            decoder.settle(&mut self.responses);
        }
    }

    fn record(&mut self, head: u32, data: u32) {
        let head = match self.codec {
            Codec::Fpga => head,
            Codec::FpgaS9 => head & !fpga::MARKS,
            Codec::Uart(_) => return,
        };
        match fpga::decode_record(head, data) {
            fpga::Record::Response { response, .. } => self.responses.push(response),
            fpga::Record::Damaged => self.dropped += 1,
            fpga::Record::Empty => {}
        }
    }

    /// The link dropped frames; it does not say whose they were.
    fn dropped(&mut self, frames: u32) {
        self.shared += u64::from(frames);
    }

    /// What has been received since the last call, in order.
    pub(super) fn take_responses(&mut self) -> Vec<ChainResponse> {
        core::mem::take(&mut self.responses)
    }

    /// Damaged frames so far, those of other chains on a shared link included.
    fn damaged(&self) -> u64 {
        self.shared + self.damaged_here()
    }

    /// Damaged frames that came from this chain beyond doubt.
    fn damaged_here(&self) -> u64 {
        self.dropped
            + match &self.codec {
                Codec::Uart(decoder) => decoder.damaged(),
                Codec::Fpga | Codec::FpgaS9 => 0,
            }
    }

    /// Forget what is half received: the chips lost power.
    fn reset(&mut self) {
        self.new_block = true;
        if let Codec::Uart(decoder) = &mut self.codec {
            decoder.reset();
            decoder.set_length(self.response.before_rolling());
        }
    }

    /// A command is on its way that makes chips roll versions: their answers get longer.
    fn lengthen(&mut self, command: &Command) {
        let rolls = matches!(
            command,
            Command::WriteRegister { reg, value, .. }
                if *reg == register::VERSION_ROLLING && value >> 31 == 1
        );
        if let (true, Codec::Uart(decoder)) = (rolls, &mut self.codec) {
            decoder.set_length(self.response);
        }
    }
}

fn is_bm1387(profile: &Profile) -> bool {
    profile.dialect == Dialect::Bm1387
}
