//! Being found on the network: what multicast DNS has to say of one machine, without I/O or clock.
//! Whoever has the socket carries the packets.

mod message;
mod responder;

pub use responder::{MDNS_PORT, MdnsNetwork, MdnsPacket, MdnsResponder, MdnsService};
