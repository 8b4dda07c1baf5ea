//! Places for connections: so many and no more, and whoever opens many keeps nobody else out.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet, yield_now};
use tokio::time::sleep;

/// After a failed accept (no file descriptors left), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Let connections in until told to stop, so many at a time. What `serve` makes of one runs on this thread's
/// event loop beside the others, and is dropped when its place is needed.
pub(crate) async fn let_in<T>(
    listener: TcpListener,
    most: usize,
    mut stopped: watch::Receiver<bool>,
    serve: impl Fn(TcpStream, SocketAddr) -> T,
) where
    T: Future<Output = ()> + Send + 'static,
{
    let mut running = JoinSet::new();
    let mut places = Places::new(most);
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            Some(_) = running.join_next(), if !running.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, from)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        if places.make_room(from.ip()) {
            // They close in their own turn: a flood would else run ahead of those that leave.
            yield_now().await;
        }
        places.take(from.ip(), running.spawn(serve(stream, from)));
    }
}

/// Who has a place, oldest first. One more than there are ends one: the oldest of whichever
/// address holds the most, counting the one that comes.
#[derive(Debug)]
struct Places {
    held: VecDeque<(IpAddr, AbortHandle)>,
    most: usize,
}

impl Places {
    fn new(most: usize) -> Self {
        Places {
            held: VecDeque::new(),
            most,
        }
    }

    /// Make room for one from this address; whether somebody has to leave for it.
    fn make_room(&mut self, from: IpAddr) -> bool {
        self.held.retain(|(_, task)| !task.is_finished());
        let mut leaves = false;
        while self.held.len() >= self.most {
            let at = victim(self.held.iter().map(|(address, _)| *address), from);
            let Some((_, task)) = self.held.remove(at) else {
                break;
            };
            task.abort();
            leaves = true;
        }
        leaves
    }

    /// It has its place.
    fn take(&mut self, from: IpAddr, task: AbortHandle) {
        self.held.push_back((from, task));
    }
}

/// Which of these, oldest first, makes room for one that comes from `from`.
pub(crate) fn victim(held: impl Iterator<Item = IpAddr> + Clone, from: IpAddr) -> usize {
    let count = |address: IpAddr| {
        let own = held.clone().filter(|other| *other == address).count();
        own + usize::from(address == from)
    };
    let counts: Vec<usize> = held.clone().map(count).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    counts.iter().position(|count| *count == most).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_holds_most_makes_room() {
        let ip = |last: u8| IpAddr::from([10, 0, 0, last]);
        let check = |held: &[u8], from: u8, expected: usize| {
            let held = held.iter().map(|last| ip(*last));
            assert_eq!(victim(held, ip(from)), expected);
        };
        check(&[1, 2, 2, 2], 3, 1);
        check(&[1, 2, 2, 2], 2, 1);
        // An address that comes again and again loses its own.
        check(&[1, 2], 2, 1);
        check(&[2, 1, 1], 2, 0);
        check(&[1, 2, 3], 4, 0);
    }
}
