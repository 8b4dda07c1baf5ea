//! A pool that sends as fast as loopback carries, and hears nothing.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What it floods with, once it has answered the handshake.
#[derive(Clone, Copy, Debug)]
pub enum Flood {
    /// New jobs, each of which voids the one before.
    Jobs,
    /// Messages for the owner.
    Words,
    /// A line without an end.
    OneLine,
    /// Answers to nothing.
    Answers,
}

/// Such a pool, as long as the process lives.
#[derive(Debug)]
pub struct FloodingPool {
    address: SocketAddr,
    sent: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
}

impl FloodingPool {
    /// Listens.
    pub fn start(flood: Flood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let (sent, connections) = <(Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let pool = FloodingPool {
            address,
            sent: Arc::clone(&sent),
            connections: Arc::clone(&connections),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::Relaxed);
                let sent = Arc::clone(&sent);
                // A miner that leaves ends it.
                std::thread::spawn(move || serve(stream, flood, &sent).ok());
            }
        });
        pool
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes that the system took from it.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Times that somebody came.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
}

fn serve(stream: TcpStream, flood: Flood, sent: &AtomicU64) -> std::io::Result<()> {
    let mut back = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let asked: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let result = match asked["method"].as_str() {
            Some("mining.subscribe") => r#"[[],"0a0b0c0d",4]"#,
            _ => "true",
        };
        writeln!(
            back,
            r#"{{"id":{},"result":{result},"error":null}}"#,
            asked["id"]
        )?;
        if asked["method"] == "mining.authorize" {
            break;
        }
    }
    for round in 0_u64.. {
        let piece = piece(flood, round);
        back.write_all(piece.as_bytes())?;
        sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// Some tens of kilobytes.
fn piece(flood: Flood, round: u64) -> String {
    let lines = 0..200_u64;
    match flood {
        Flood::Jobs => lines.map(|i| job(round * 200 + i)).collect(),
        Flood::Words => lines
            .map(|i| {
                format!(
                    "{{\"method\":\"client.show_message\",\"params\":[\"word {i} of {round}\"]}}\n"
                )
            })
            .collect(),
        Flood::OneLine => "[".repeat(1 << 16),
        Flood::Answers => lines
            .map(|i| {
                format!(
                    "{{\"id\":{},\"result\":true,\"error\":null}}\n",
                    1000 + round * 200 + i
                )
            })
            .collect(),
    }
}

fn job(number: u64) -> String {
    let previous = format!("{number:064x}");
    format!(
        "{{\"method\":\"mining.notify\",\"params\":[\"{number:x}\",\"{previous}\",\"0100\",\"ff\",\
         [],\"20000000\",\"17034219\",\"66554433\",true]}}\n"
    )
}
