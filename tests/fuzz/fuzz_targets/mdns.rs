#![no_main]

use std::net::{Ipv4Addr, SocketAddrV4};

use libfuzzer_sys::fuzz_target;
use mdns::{MDNS_PORT, MdnsNetwork, MdnsResponder, MdnsService};
use units::{Duration, Instant, Rng};

// As their own: with the rest of their crate would come a web server.
#[path = "../../../crates/api/src/dns.rs"]
mod dns;
#[path = "../../../crates/api/src/mdns/mod.rs"]
mod mdns;

const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

fuzz_target!(|data: &[u8]| {
    let service = MdnsService {
        label: "rig".to_owned(),
        port: 80,
        text: vec!["model=antminer-s9".to_owned()],
    };
    let network = MdnsNetwork {
        own: OWN,
        mask: Ipv4Addr::new(255, 255, 255, 0),
    };
    let mut now = Instant::ZERO;
    let mut responder = MdnsResponder::new(service, network, vec![OWN], Rng::new(1), now);
    while let Some(next) = responder.next_deadline() {
        now = now.max(next);
        responder.wake(now);
        while responder.next_packet().is_some() {}
    }
    // One byte says from which port, the next how long the first of two messages is.
    let [port, first, data @ ..] = data else {
        return;
    };
    let port = if port % 2 == 0 { MDNS_PORT } else { 40_000 };
    let from = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), port);
    let (one, two) = data.split_at(usize::from(*first).min(data.len()));
    for bytes in [one, two] {
        responder.hear(now, bytes, from);
        let mut alone = 0;
        while let Some(packet) = responder.next_packet() {
            assert!(packet.to.is_some() && packet.bytes.len() < 1500);
            alone += 1;
        }
        assert!(alone <= 1);
        let due = responder.next_deadline();
        assert!(due.is_none_or(|due| due <= now + Duration::from_secs(1)));
    }
});
