//! The two stock FPGA windows, side by side.

/// Where the two stock FPGAs differ.
pub(crate) struct Layout {
    /// The FPGA's number of the chain in slot 0.
    pub(crate) first: u8,
    /// The register that paces works, and the longest period that it holds.
    pub(crate) pace: u32,
    pub(crate) pace_max_us: u32,
    /// Words of a work that go to 0x040; the others go to 0x044.
    pub(crate) work_first: usize,
    /// One divider for all chains, in 0x0C0; else each has its own, in 0x03C.
    pub(crate) one_rate: bool,
    /// Written before anything else.
    pub(crate) setup: &'static [(u32, u32)],
}

/// Captured.
pub(crate) const X19: Layout = Layout {
    first: 0,
    pace: 0x08C,
    pace_max_us: 0x7FFF_FFFF,
    work_first: usize::MAX,
    one_rate: false,
    setup: &[],
};

/// Published: stock firmware's own source.
pub(crate) const S9: Layout = Layout {
    // Connectors J6 to J8, counted from 0 (published).
    first: S9_FIRST_CHAIN,
    pace: 0x088,
    pace_max_us: 0x1_FFFF,
    work_first: 1,
    one_rate: true,
    setup: &[
        // Chips filter nonces by themselves: the FPGA lets all pass.
        (0x08C, 0),
        (0x090, 0),
        // Works come from the host (bits 6 and 5 clear), with one midstate each.
        (0x100, 1 << 15 | 1 << 8),
    ],
};

/// The number that an S9's FPGA has for the chain in slot 0.
pub(crate) const S9_FIRST_CHAIN: u8 = 5;
