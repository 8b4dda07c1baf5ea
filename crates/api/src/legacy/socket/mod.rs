//! The cgminer socket: one request and one reply a connection.
//!
//! A client connects, writes, and reads until we close. It neither closes its side nor says how
//! long its request is: a request is over with its last brace, its line, or when nothing more
//! comes for a moment.

mod commands;
mod reply;
mod request;
mod sections;
mod stats;
mod writes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::Shared;
use crate::places::let_in;
use request::{REQUEST_MAX, is_whole};

/// Connections at a time. One more ends the oldest of whoever holds most: it has had its time, since an answer
/// takes milliseconds.
const CONNECTIONS_MAX: usize = 32;
/// A request that is not whole is taken as it is when so much time passes without a byte:
/// clients write it in one go.
const IDLE: Duration = Duration::from_millis(400);
/// A request must have begun, and be over, within this.
const REQUEST_TIME: Duration = Duration::from_secs(3);
/// A reply must be taken within this; the longest is some twenty kilobytes.
const REPLY_TIME: Duration = Duration::from_secs(5);
/// What a client still sends is read and thrown away, so that the reply is not lost with it.
const LINGER_BYTES: usize = 64 * 1024;
const LINGER: Duration = Duration::from_millis(500);

/// Serve until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
) {
    let converse = |stream, from| converse(stream, from, Arc::clone(&shared));
    let_in(listener, CONNECTIONS_MAX, stopped, converse).await;
}

/// One request, one reply.
async fn converse(mut stream: TcpStream, from: SocketAddr, shared: Arc<Shared>) {
    let Some(request) = take_request(&mut stream).await else {
        return;
    };
    let Some(reply) = commands::answer(&shared, from, &request).await else {
        return;
    };
    let sent = timeout(REPLY_TIME, async {
        stream.write_all(&reply).await?;
        stream.shutdown().await
    });
    if matches!(sent.await, Ok(Ok(()))) {
        linger(&mut stream).await;
    }
}

/// What came, once it is whole or too long or nothing more comes. `None` where nothing came.
async fn take_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let end = Instant::now() + REQUEST_TIME;
    let mut request = Vec::with_capacity(512);
    while request.len() < REQUEST_MAX && !is_whole(&request) {
        let until = match request.is_empty() {
            true => end,
            false => end.min(Instant::now() + IDLE),
        };
        let room = (REQUEST_MAX - request.len()) as u64;
        let mut limited = (&mut *stream).take(room);
        match timeout_at(until, limited.read_buf(&mut request)).await {
            Ok(Ok(0)) | Err(_) => break,
            Ok(Ok(_)) => {}
            Ok(Err(_)) => return None,
        }
    }
    let empty = request.trim_ascii().is_empty();
    (!empty).then_some(request)
}

async fn linger(stream: &mut TcpStream) {
    let mut rest = stream.take(LINGER_BYTES as u64);
    let mut thrown_away = [0; 1024];
    let _ = timeout(LINGER, async {
        while rest.read(&mut thrown_away).await.is_ok_and(|n| n > 0) {}
    })
    .await;
}
