//! Which machines this build can run: board-support may know more than it has drivers for.

use board_support::Machine;
use drivers::{Chain, ChainConfig};
use twin::machine::{TwinMachine, TwinOptions};
use units::ChainSlot;

/// Why this build cannot run the machine on its control board, if it cannot: a chip without
/// a driver or a twin, or a link that nothing here speaks.
pub(crate) fn refusal(machine: &Machine) -> Option<String> {
    let chain = Chain::new(ChainConfig {
        slot: ChainSlot(0),
        hashboard: machine.hashboard.clone(),
        link: machine.control_board.link,
        settle_percent: 100,
        thinning: 1,
    });
    if let Err(error) = chain {
        return Some(error.to_string());
    }
    let twin = TwinMachine::new(machine, TwinOptions::default());
    twin.err().map(|error| error.to_string())
}
