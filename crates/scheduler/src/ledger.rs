//! The account of shares: each one that is submitted ends in exactly one column.

use std::collections::BTreeMap;

use telemetry::Shares;
use units::{SessionId, ShareId};
use work::ShareOutcome;

/// Shares that may wait for an answer. Policy: a minute's patience at 1,000 shares per
/// second, far above any pool's. At the bound the oldest is written off as lost.
const IN_FLIGHT_MAX: usize = 65_536;

/// The account.
#[derive(Default, Debug)]
pub(crate) struct Ledger {
    shares: Shares,
    in_flight: BTreeMap<ShareId, SessionId>,
    next_id: u64,
}

impl Ledger {
    /// The account as it stands.
    pub(crate) fn shares(&self) -> Shares {
        Shares {
            in_flight: self.in_flight.len() as u64,
            ..self.shares
        }
    }

    /// Open the account of a share that is about to be submitted.
    pub(crate) fn submit(&mut self, session: SessionId, is_block: bool) -> ShareId {
        if self.in_flight.len() == IN_FLIGHT_MAX && self.in_flight.pop_first().is_some() {
            self.shares.lost += 1;
        }
        let id = ShareId(self.next_id);
        self.next_id += 1;
        self.in_flight.insert(id, session);
        self.shares.submitted += 1;
        self.shares.blocks += u64::from(is_block);
        id
    }

    /// Close the account of a share, if it is in flight.
    pub(crate) fn close(&mut self, share: ShareId, outcome: &ShareOutcome) {
        if self.in_flight.remove(&share).is_none() {
            return;
        }
        let column = match outcome {
            ShareOutcome::Accepted => &mut self.shares.accepted,
            ShareOutcome::Stale { .. } => &mut self.shares.stale,
            ShareOutcome::Rejected { .. } => &mut self.shares.rejected,
            ShareOutcome::NoAnswer => &mut self.shares.lost,
        };
        *column += 1;
    }

    /// A session is over: no answer will come for its shares.
    pub(crate) fn session_ended(&mut self, session: SessionId) {
        let before = self.in_flight.len();
        self.in_flight.retain(|_, of| *of != session);
        self.shares.lost += (before - self.in_flight.len()) as u64;
    }

    /// A nonce that would have been a share, had its work not become void.
    pub(crate) fn stale(&mut self) {
        self.shares.stale += 1;
    }

    /// A share that came again.
    pub(crate) fn duplicate(&mut self) {
        self.shares.duplicate += 1;
    }

    /// A nonce that fits nothing.
    pub(crate) fn hw_error(&mut self) {
        self.shares.hw_errors += 1;
    }
}
