//! What can go wrong in a run, as data.

/// One fault. Its slot, sensor and fan are drawn by the run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Fault {
    None,
    Fan,
    AllFans,
    FanTachSilent,
    Silent,
    Stuck,
    Low,
    Jumping,
    Zero,
    Late,
    Hiccup,
    Spike,
    BusHangs,
    InletStep,
    Dust,
    SupplyFails,
    SupplySags,
    BoardStuckOn,
    BoardFails,
    ChainFails,
    OverReports,
    DaemonStops,
    PoolsGone,
    Commands,
    Sleep,
}

pub(super) const FAULTS: &[Fault] = &[
    Fault::None,
    Fault::Fan,
    Fault::AllFans,
    Fault::FanTachSilent,
    Fault::Silent,
    Fault::Stuck,
    Fault::Low,
    Fault::Jumping,
    Fault::Zero,
    Fault::Late,
    Fault::Hiccup,
    Fault::Spike,
    Fault::BusHangs,
    Fault::InletStep,
    Fault::Dust,
    Fault::SupplyFails,
    Fault::SupplySags,
    Fault::BoardStuckOn,
    Fault::BoardFails,
    Fault::ChainFails,
    Fault::OverReports,
    Fault::DaemonStops,
    Fault::PoolsGone,
    Fault::Commands,
    Fault::Sleep,
];

impl Fault {
    /// One board's alone: the others must go on where boards have switches.
    pub(super) fn is_one_boards(self) -> bool {
        matches!(
            self,
            Fault::Silent
                | Fault::Low
                | Fault::Jumping
                | Fault::Zero
                | Fault::BoardFails
                | Fault::ChainFails
        )
    }

    /// It must not cost any hash power.
    pub(super) fn is_harmless(self) -> bool {
        matches!(self, Fault::None | Fault::Hiccup | Fault::Spike)
    }
}
