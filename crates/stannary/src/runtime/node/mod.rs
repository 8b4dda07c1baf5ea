//! One's own node: a thread asks it for templates and hands blocks in.
//!
//! The engine sees templates without their transactions, which stay in the thread, for the
//! last two templates that became work: 4 MB each at most, and as much again while an answer
//! is read or a block written out. A thread lives from [`Order::Open`] to [`Order::Close`] or
//! to the first failure; whether and when to open again the engine decides.

mod asker;
mod bell;
mod http;
mod pace;
mod rpc;
#[cfg(test)]
mod tests;
mod trial;

use std::thread;

use engine::{Event, PoolEvent};
use stratum::node::{Access, Answer, Failure, FailureKind, News, Order};
use units::{PoolIndex, ShareId};

use super::{Inbox, Message};
use asker::{Asker, BlockOrder};
pub(crate) use trial::try_node;

/// Blocks that wait for a node. One is with it at a time, of each of two templates.
const ORDERS: usize = 16;
/// An answer's text and buffers are on the heap.
const STACK: usize = 256 * 1024;

/// All nodes.
pub(crate) struct Nodes {
    inbox: Inbox,
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    generation: u64,
    post: Option<bell::Post<BlockOrder>>,
}

/// What a node's thread tells.
pub(crate) struct NodeNews {
    pool: PoolIndex,
    generation: u64,
    news: News,
}

impl Nodes {
    /// Room for `count` pools, any of which may be a node.
    pub(crate) fn new(count: usize, inbox: Inbox) -> Self {
        Nodes {
            inbox,
            nodes: (0..count).map(|_| Node::default()).collect(),
        }
    }

    /// Do what the engine asks. `Some` is the answer, where it is known at once.
    pub(crate) fn order(&mut self, pool: PoolIndex, order: Order) -> Option<Event> {
        let node = self.nodes.get_mut(usize::from(pool.0))?;
        let news = match order {
            Order::Open(access) => match node.open(pool, access, &self.inbox) {
                Ok(()) => return None,
                Err(error) => News::Failed(Failure {
                    kind: FailureKind::Unreachable,
                    detail: format!("no thread for the node: {error}"),
                }),
            },
            Order::Close => {
                node.close();
                return None;
            }
            Order::Block {
                template,
                share,
                header,
                coinbase,
            } => {
                let order = BlockOrder {
                    template,
                    share,
                    header,
                    coinbase,
                };
                let refused = match &mut node.post {
                    Some(post) => post.send(order).is_err(),
                    None => true,
                };
                if !refused {
                    return None;
                }
                lost(share, "nobody asks the node")
            }
        };
        let event = PoolEvent::Node(news);
        Some(Event::Pool { pool, event })
    }

    /// Turn a thread's news into an event, unless it speaks for one that was closed.
    pub(crate) fn take(&mut self, news: NodeNews) -> Option<Event> {
        let node = self.nodes.get_mut(usize::from(news.pool.0))?;
        if node.generation != news.generation {
            return None;
        }
        if matches!(news.news, News::Failed(_)) {
            node.post = None;
        }
        Some(Event::Pool {
            pool: news.pool,
            event: PoolEvent::Node(news.news),
        })
    }
}

impl Node {
    fn open(&mut self, pool: PoolIndex, access: Access, inbox: &Inbox) -> std::io::Result<()> {
        self.close();
        let (post, orders, ear) = bell::post(ORDERS)?;
        let (generation, inbox) = (self.generation, inbox.clone());
        let tell = move |news| {
            let news = NodeNews {
                pool,
                generation,
                news,
            };
            inbox.send(Message::Node(news)).is_ok()
        };
        thread::Builder::new()
            .name(format!("node-{pool}"))
            .stack_size(STACK)
            .spawn(move || Asker::new(access, orders, ear, tell).run())?;
        self.post = Some(post);
        Ok(())
    }

    /// The thread ends as soon as it looks up; nothing that it says is heard any more.
    fn close(&mut self) {
        self.generation += 1;
        self.post = None;
    }
}

fn lost(share: ShareId, why: &str) -> News {
    News::Answer {
        share,
        answer: Answer::Lost(why.to_owned()),
    }
}
