//! Known mistakes of the watch, one switch each: a watch that looks away proves nothing. The
//! same as in `control`, for who watches it.

#[cfg(test)]
pub(crate) use switch::{MUTANTS, Mutant, active, set_mutant};

/// `mutate!(Name, right, wrong)` is `right`, unless tests switched the mistake on.
#[cfg(test)]
macro_rules! mutate {
    ($name:ident, $right:expr, $wrong:expr) => {
        if crate::safety::mutant::active(crate::safety::mutant::Mutant::$name) {
            $wrong
        } else {
            $right
        }
    };
}

#[cfg(not(test))]
macro_rules! mutate {
    ($name:ident, $right:expr, $wrong:expr) => {
        $right
    };
}

pub(crate) use mutate;

#[cfg(test)]
mod switch {
    use core::cell::Cell;

    macro_rules! mutants {
        ($($name:ident)*) => {
            /// One mistake of the watch, made at one place.
            #[derive(Clone, Copy, PartialEq, Eq, Debug)]
            pub(crate) enum Mutant { $($name),* }

            /// Every mistake there is.
            pub(crate) const MUTANTS: &[Mutant] = &[$(Mutant::$name),*];
        };
    }

    mutants! {
        HotIgnored HotDoubled HotTenHigher LieForEver LiarCoversAll
        UnsensedChipIgnored UnsensedPlaceIgnored UnsensedDoubled
        SilenceIgnored SilenceDoubled SilentBusOneBoard GraceForAll
        FullIgnored FullDoubled HalfIsFull FastFanTurns
        FewIgnored FewDoubled NoneIgnored NoneDoubled
        StallIgnored StallDoubled GoesOnDoubled OnIsCut
        RampIgnored RampDoubled GapLong BeginsAlways SupplyMovesAlways
        CeilingIgnored CeilingDoubled CeilingOfMachineOnly CeilingLeaks
        UnheardIgnored UnheardDoubled
        LowVoltsIgnored HighVoltsIgnored CodeTenfold
        ReturnIgnored ReturnDoubled SteadyForgotten
        BetweenIgnored BetweenDoubled OneBoardIsEnough
    }

    thread_local! {
        static ACTIVE: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Make this mistake from now on in this thread, or none.
    pub(crate) fn set_mutant(mutant: Option<Mutant>) {
        ACTIVE.set(mutant);
    }

    pub(crate) fn active(mutant: Mutant) -> bool {
        ACTIVE.get() == Some(mutant)
    }
}
