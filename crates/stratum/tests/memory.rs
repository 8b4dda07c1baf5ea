//! Memory stays bounded whatever a pool sends. Alone in its process, because it looks at
//! the whole of it.

use stratum::{Address, Client, Input, SessionConfig};
use units::{Difficulty, DifficultyOne, Duration, Instant, PoolIndex};

/// Resident memory in bytes; `None` where the system does not tell.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Feed `total` bytes of `text` over and over, a read at a time, reconnecting as the
/// client wishes; returns by how much memory grew at most.
fn growth(text: &[u8], total: usize) -> usize {
    let mut client = Client::new(SessionConfig {
        pool: PoolIndex(0),
        address: Address::parse("pool.example:3333").expect("an address"),
        user: "u".into(),
        password: "x".into(),
        agent: "stannary/0.1".into(),
        difficulty_one: DifficultyOne::BITCOIN,
        version_mask: 0,
        min_version_bits: 16,
        seed: 1,
        wanted_difficulty: Difficulty::new(1.0),
    });
    let mut now = Instant::ZERO;
    client.handle(now, Input::Start);
    let before = resident().unwrap_or(0);
    let (mut peak, mut sent) = (before, 0);
    let mut connected = false;
    while sent < total {
        if !connected {
            now += Duration::from_secs(120);
            client.handle(now, Input::Wake);
            client.handle(now, Input::Connected);
            client.handle(
                now,
                Input::Bytes(b"{\"id\":1,\"result\":[[],\"01\",4]}\n".to_vec()),
            );
            client.handle(now, Input::Bytes(b"{\"id\":2,\"result\":true}\n".to_vec()));
            connected = true;
        }
        for piece in text.chunks(65_536) {
            client.handle(now, Input::Bytes(piece.to_vec()));
            sent += piece.len();
            while let Some(effect) = client.next_effect() {
                connected &= !matches!(effect, stratum::Effect::Disconnect);
            }
        }
        peak = peak.max(resident().unwrap_or(0));
    }
    peak - before
}

#[test]
fn hostile_pools_do_not_make_memory_grow() {
    let notify = |middle: &str| {
        format!("{{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"j\",{middle}]}}\n")
    };
    let hash = format!("\"{}\"", "5a".repeat(32));
    let cases = [
        ("a line without end", "x".repeat(10 << 20)),
        (
            "half a megabyte of zeros in a list",
            notify(&format!("{}0", "0,".repeat(250_000))),
        ),
        (
            "deep lists",
            notify(&format!("{}{}", "[".repeat(250_000), "]".repeat(250_000))),
        ),
        (
            "10,000 branches",
            notify(&format!(
                "{hash},\"01\",\"02\",[{}],\"2\",\"17034219\",\"1\",true",
                vec![&*hash; 10_000].join(",")
            )),
        ),
        (
            "a long text",
            notify(&format!("\"{}\"", "\\u0041".repeat(100_000))),
        ),
        (
            "a long key",
            format!("{{\"{}\":1}}\n", "k".repeat(1_000_000)),
        ),
        (
            "many keys",
            format!("{{{}\"z\":1}}\n", "\"k\":[1],".repeat(100_000)),
        ),
        (
            "small requests",
            "{\"id\":1,\"method\":\"x\"}\n".repeat(3000),
        ),
        ("blank lines", "\n".repeat(1 << 20)),
    ];
    for (name, text) in &cases {
        let grown = growth(text.as_bytes(), 2 << 20);
        assert!(grown < 12 << 20, "{name}: {grown} bytes");
    }
}
