//! The status page with made-up values, for work on the page:
//! `cargo run -p api --example page`, then open the printed address.

use std::sync::Arc;
use std::{io, time::Duration};

use api::{Kept, Listen, Published, start};
use fixture::server::Told;

#[path = "../tests/fixture/mod.rs"]
mod fixture;

fn main() -> io::Result<()> {
    let published = Published::new(fixture::snapshot(), 100);
    fixture::notes().into_iter().for_each(|n| published.note(n));
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".to_owned());
    let listen = Listen {
        http: vec![address.parse().map_err(io::Error::other)?],
        socket: None,
        ..Listen::default()
    };
    let taken = |command| {
        println!("{command:?}");
        true
    };
    // Its secrets are no secrets.
    let gate = fixture::server::gate(Ok(Kept::default()), &Told::default());
    let server = start(listen, published.clone(), gate, Arc::new(taken));
    let server = server.map_err(io::Error::other)?;
    println!("http://{}/", server.addresses()[0]);
    for step in 0u32.. {
        std::thread::sleep(Duration::from_millis(250));
        let mut snapshot = fixture::snapshot();
        snapshot.seq = step.into();
        snapshot.uptime_s += f64::from(step) / 4.0;
        snapshot.shares.accepted += u64::from(step);
        snapshot.hashrate.s5 = Some(110.0 + 6.0 * (f64::from(step) / 5.0).sin());
        published.publish(Arc::new(snapshot));
    }
    Ok(())
}
