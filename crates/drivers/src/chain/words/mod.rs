//! Chains on SPI: the link's codec, the player of their bring-up, and questions to chips.
//!
//! What a chain is, when it ramps, when it is sick and how it recovers stands beside this folder
//! and is the same for both families.

mod codec;
mod player;
mod round;

pub(super) use codec::{Codec, Heard};
pub(super) use player::{Player, Stage, prescribed};
pub(super) use round::Round;
