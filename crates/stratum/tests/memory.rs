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

/// What a pool says before it becomes hostile.
const V1: (&str, &[&[u8]]) = (
    "pool.example:3333",
    &[
        b"{\"id\":1,\"result\":[[],\"01\",4]}\n",
        b"{\"id\":2,\"result\":true}\n",
    ],
);

/// SetupConnection.Success, and an extended channel 7 of group 3 with 4 bytes of extranonce.
const V2: (&str, &[&[u8]]) = (
    "stratum2+tcp://pool.example:3333/9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh",
    &[
        &[0, 0, 0x01, 6, 0, 0, 2, 0, 0, 0, 0, 0],
        &[0, 0, 0x14, 47, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0],
        &[1; 32],
        &[4, 0, 0, 3, 0, 0, 0],
    ],
);

/// Feed `total` bytes of `text` over and over, a read at a time, reconnecting as the
/// client wishes; returns by how much memory grew at most.
fn growth((address, welcome): (&str, &[&[u8]]), text: &[u8], total: usize) -> usize {
    let mut client = Client::new(SessionConfig {
        pool: PoolIndex(0),
        address: Address::parse(address).expect("an address"),
        user: "u".into(),
        password: "x".into(),
        agent: "stannary/0.1".into(),
        difficulty_one: DifficultyOne::BITCOIN,
        version_mask: 0,
        min_version_bits: 16,
        seed: 1,
        nominal_hashrate: 1e9,
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
            for said in welcome {
                client.handle(now, Input::Bytes(said.to_vec()));
            }
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
        let grown = growth(V1, text.as_bytes(), 2 << 20);
        assert!(grown < 12 << 20, "{name}: {grown} bytes");
    }
    for (name, frames) in hostile_frames() {
        let grown = growth(V2, &frames, 2 << 20);
        assert!(grown < 12 << 20, "{name}: {grown} bytes");
    }
}

fn frame(kind: u8, length: usize, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).expect("24 bits").to_le_bytes();
    let header = [0, 0, kind, length[0], length[1], length[2]];
    [&header[..], payload].concat()
}

fn hostile_frames() -> Vec<(&'static str, Vec<u8>)> {
    // A future job of the channel with the longest coinbase parts that there are, under ever
    // new names.
    let jobs = (0..40u32).flat_map(|id| {
        let mut job = [7, 0, 0, 0].to_vec();
        job.extend_from_slice(&id.to_le_bytes());
        job.extend_from_slice(&[0, 0, 0, 0, 32, 1, 0]);
        job.extend_from_slice(&50_000u16.to_le_bytes());
        job.resize(job.len() + 50_000, 1);
        job.extend_from_slice(&40_000u16.to_le_bytes());
        job.resize(job.len() + 40_000, 1);
        frame(0x1f, job.len(), &job)
    });
    let group = [&[9, 0, 0, 0, 0xff, 0xff][..], &[1; 4 * 0xffff]].concat();
    vec![
        ("jobs that wait for ever", jobs.collect()),
        (
            "a group of 65,535 channels",
            frame(0x25, group.len(), &group),
        ),
        (
            "a message without end",
            frame(0x1f, 0xff_ffff, &vec![1; 4 << 20]),
        ),
        (
            "a foreign message without end",
            frame(0x70, 0xff_ffff, &vec![1; 4 << 20]),
        ),
        ("empty messages", frame(0x21, 0, &[]).repeat(100_000)),
        (
            "empty foreign messages",
            frame(0x70, 0, &[]).repeat(100_000),
        ),
    ]
}
