//! Known mistakes, one switch each, so that tests can show that they would notice them.
//!
//! A product contains none of this: outside tests and the feature `mutants`, [`mutate!`]
//! leaves the right expression alone and the wrong one is not compiled.

#[cfg(any(test, feature = "mutants"))]
mod switch {
    use core::cell::Cell;

    /// One mistake in this crate, made at one place.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[allow(missing_docs)]
    pub enum Mutant {
        SensorIgnored,
        StopTenHigher,
        DerateTenHigher,
        HysteresisReversed,
        StaleNeverAges,
        SilentTolerated,
        StuckBelieved,
        LowLiarBelieved,
        JumpBelieved,
        NonsenseBelieved,
        SecondHotIgnored,
        MissingFansLow,
        LostFanIgnored,
        FewFansTolerated,
        StoppedFansTolerated,
        ManualOutranksHeat,
        FansSurge,
        RestartUnbounded,
        RestartNever,
        WaitNeverGrows,
        VoltageOrderReversed,
        VoltageUnclamped,
        FrequencyUnclamped,
        CeilingIgnored,
        OverPowerTolerated,
        RampUnbounded,
        DelayRemoved,
        OneFailsAll,
        StuckBoardTolerated,
        BurningTolerated,
        SupplyFaultIgnored,
        SagIgnored,
        EstimateTooLow,
        LocalIgnored,
        ConsentIgnored,
        PauseForgotten,
        BlindForever,
        ColdIgnored,
        UncooledRestart,
        PoolLossNotEased,
        SlowReturnForgotten,
        CapRunsAhead,
        StandingForgotten,
        LagForgotten,
        HotLeakForgotten,
        StartVoltageForgotten,
    }

    /// Every mistake there is.
    pub const MUTANTS: &[Mutant] = {
        use Mutant::*;
        &[
            SensorIgnored,
            StopTenHigher,
            DerateTenHigher,
            HysteresisReversed,
            StaleNeverAges,
            SilentTolerated,
            StuckBelieved,
            LowLiarBelieved,
            JumpBelieved,
            NonsenseBelieved,
            SecondHotIgnored,
            MissingFansLow,
            LostFanIgnored,
            FewFansTolerated,
            StoppedFansTolerated,
            ManualOutranksHeat,
            FansSurge,
            RestartUnbounded,
            RestartNever,
            WaitNeverGrows,
            VoltageOrderReversed,
            VoltageUnclamped,
            FrequencyUnclamped,
            CeilingIgnored,
            OverPowerTolerated,
            RampUnbounded,
            DelayRemoved,
            OneFailsAll,
            StuckBoardTolerated,
            BurningTolerated,
            SupplyFaultIgnored,
            SagIgnored,
            EstimateTooLow,
            LocalIgnored,
            ConsentIgnored,
            PauseForgotten,
            BlindForever,
            ColdIgnored,
            UncooledRestart,
            PoolLossNotEased,
            SlowReturnForgotten,
            CapRunsAhead,
            StandingForgotten,
            LagForgotten,
            HotLeakForgotten,
            StartVoltageForgotten,
        ]
    };

    thread_local! {
        static ACTIVE: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Make this mistake from now on in this thread, or none.
    pub fn set_mutant(mutant: Option<Mutant>) {
        ACTIVE.set(mutant);
    }

    pub(crate) fn active(mutant: Mutant) -> bool {
        ACTIVE.get() == Some(mutant)
    }
}

#[cfg(any(test, feature = "mutants"))]
pub(crate) use switch::active;
#[cfg(any(test, feature = "mutants"))]
pub use switch::{MUTANTS, Mutant, set_mutant};

/// `mutate!(Name, right, wrong)` is `right`, unless tests switched the mistake on.
#[cfg(any(test, feature = "mutants"))]
macro_rules! mutate {
    ($name:ident, $right:expr, $wrong:expr) => {
        if crate::mutant::active(crate::mutant::Mutant::$name) {
            $wrong
        } else {
            $right
        }
    };
}

#[cfg(not(any(test, feature = "mutants")))]
macro_rules! mutate {
    ($name:ident, $right:expr, $wrong:expr) => {
        $right
    };
}

pub(crate) use mutate;
