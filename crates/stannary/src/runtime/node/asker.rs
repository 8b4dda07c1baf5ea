//! The thread of one node: asks for templates, and hands blocks in before all else.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use stratum::node::{Access, Answer, Chain, Given, News};
use units::ShareId;

use super::bell::Ear;
use super::http::{HttpError, Question};
use super::lost;
use super::pace::Pace;
use super::rpc::{Rpc, RpcError};

/// Templates whose transactions are kept.
const KEPT: usize = 2;
/// A node that cannot be told of a block is told again for so long: it is worth more than
/// anything else that could be done meanwhile.
const INSIST: Duration = Duration::from_secs(60);
/// Between two attempts.
const AGAIN: Duration = Duration::from_secs(1);
/// After an answer that was no news, the node is not asked to wait again before this: one that
/// answers at once would be asked without end.
const CALM: Duration = Duration::from_secs(1);
/// The node has this very block: an earlier attempt came through without our hearing of it.
const KNOWN: &str = "duplicate";

/// A block to hand in.
pub(super) struct BlockOrder {
    pub(super) template: u64,
    pub(super) share: ShareId,
    pub(super) header: [u8; 80],
    pub(super) coinbase: Vec<u8>,
}

/// What the thread is made of. `tell` says whether anybody still listens.
pub(super) struct Asker<T> {
    rpc: Rpc,
    orders: Receiver<BlockOrder>,
    ear: Ear,
    tell: T,
    chain: Option<Chain>,
    kept: VecDeque<Given>,
    next_id: u64,
    longpollid: Option<String>,
    /// A question that the node answers when there is news.
    watch: Option<Question>,
    /// When such a question may be put again.
    calm_until: Instant,
}

/// Why the thread ends.
enum End {
    /// The engine wants no more.
    Closed,
    /// The node is not to be used for now.
    Failed(RpcError),
}

type Step<T = ()> = Result<T, End>;

impl From<RpcError> for End {
    fn from(error: RpcError) -> End {
        match error {
            RpcError::Http(HttpError::Closed) => End::Closed,
            error => End::Failed(error),
        }
    }
}

impl<T: Fn(News) -> bool> Asker<T> {
    pub(super) fn new(access: Access, orders: Receiver<BlockOrder>, ear: Ear, tell: T) -> Self {
        Asker {
            rpc: Rpc::new(access),
            orders,
            ear,
            tell,
            chain: None,
            kept: VecDeque::new(),
            next_id: 1,
            longpollid: None,
            watch: None,
            calm_until: Instant::now(),
        }
    }

    /// Until it is closed, or until the node fails.
    pub(super) fn run(mut self) {
        if let Err(End::Failed(error)) = self.ask()
            && let Some(failure) = error.failure()
        {
            let _ = (self.tell)(News::Failed(failure));
        }
    }

    fn ask(&mut self) -> Step {
        let chain = self.rpc.chain(&self.ear)?.chain;
        self.chain = Chain::named(&chain);
        self.say(News::Up { chain })?;
        let mut pace = Pace::new(self.chain == Some(Chain::Regtest), Instant::now());
        loop {
            self.hand_in(&mut pace)?;
            if pace.due() <= Instant::now() {
                self.fetch(&mut pace)?;
                continue;
            }
            self.begin_watch()?;
            let until = match (&self.watch, &self.longpollid) {
                (None, Some(_)) => pace.due().min(self.calm_until),
                _ => pace.due(),
            };
            if self.sleep(until)? {
                self.hear(&mut pace)?;
            }
        }
    }

    /// Hand in every block that waits.
    fn hand_in(&mut self, pace: &mut Pace) -> Step {
        loop {
            self.ear.hush();
            let order = match self.orders.try_recv() {
                Ok(order) => order,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(End::Closed),
            };
            let mut given = self.kept.iter().rev();
            let Some(given) = given.find(|given| given.template.id == order.template) else {
                let news = lost(order.share, "the transactions of its template are gone");
                self.say(news)?;
                continue;
            };
            let hex = given.block_hex(&order.header, &order.coinbase);
            let answer = self.insist(&hex)?;
            if answer == Answer::Taken {
                // What is on its way was made before, for a height that is taken now.
                self.watch = None;
            }
            pace.judged(Instant::now());
            let share = order.share;
            self.say(News::Answer { share, answer })?;
        }
    }

    fn insist(&self, hex: &str) -> Step<Answer> {
        let end = Instant::now() + INSIST;
        loop {
            match self.rpc.submit(hex, &self.ear) {
                Ok(None) => return Ok(Answer::Taken),
                Ok(Some(word)) if word == KNOWN => return Ok(Answer::Taken),
                Ok(Some(word)) => return Ok(Answer::Refused(word)),
                Err(RpcError::Http(HttpError::Closed)) => return Err(End::Closed),
                Err(error) if error.passes() && Instant::now() < end => {
                    self.pause(AGAIN)?;
                }
                Err(RpcError::Node { code, message }) => {
                    return Ok(Answer::Refused(format!("{message} ({code})")));
                }
                Err(error) => return Ok(Answer::Lost(error.to_string())),
            }
        }
    }

    /// Fetch the template that is due.
    fn fetch(&mut self, pace: &mut Pace) -> Step {
        let question = self.rpc.ask_template(self.chain, None)?;
        let given = self.rpc.template(question, &self.ear)?;
        self.longpollid.clone_from(&given.longpollid);
        let long_poll = given.longpollid.is_some();
        match pace.fetched(Instant::now(), &given.template, long_poll) {
            true => self.keep(given),
            false => Ok(()),
        }
    }

    /// Take the news that the node has.
    fn hear(&mut self, pace: &mut Pace) -> Step {
        let Some(question) = self.watch.take() else {
            return Ok(());
        };
        let given = self.rpc.template(question, &self.ear)?;
        self.longpollid.clone_from(&given.longpollid);
        match pace.told(Instant::now(), &given.template) {
            true => self.keep(given),
            false => {
                self.calm_until = Instant::now() + CALM;
                Ok(())
            }
        }
    }

    fn keep(&mut self, mut given: Given) -> Step {
        given.template.id = self.next_id;
        self.next_id += 1;
        let template = Box::new(given.template.clone());
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(given);
        self.say(News::Template(template))
    }

    fn begin_watch(&mut self) -> Step {
        if self.watch.is_none()
            && self.calm_until <= Instant::now()
            && let Some(id) = self.longpollid.as_deref()
        {
            self.watch = Some(self.rpc.ask_template(self.chain, Some(id))?);
        }
        Ok(())
    }

    /// Until there is an order, or news (then true), or it is time.
    fn sleep(&self, until: Instant) -> Step<bool> {
        let limit = until.saturating_duration_since(Instant::now());
        let limit = Timespec::try_from(limit).ok();
        let ear = PollFd::from_borrowed_fd(self.ear.as_fd(), PollFlags::IN);
        // Without a question the ear stands twice: one call for both cases.
        let news = match &self.watch {
            Some(question) => PollFd::from_borrowed_fd(question.stream().as_fd(), PollFlags::IN),
            None => ear.clone(),
        };
        let mut fds = [ear, news];
        // A signal's end, or an error, is a look at everything.
        let _ = poll(&mut fds, limit.as_ref());
        if self.ear.is_deserted() {
            return Err(End::Closed);
        }
        Ok(self.watch.is_some() && !fds[1].revents().is_empty())
    }

    fn pause(&self, time: Duration) -> Step {
        let limit = Timespec::try_from(time).ok();
        let mut fds = [PollFd::from_borrowed_fd(
            self.ear.as_fd(),
            PollFlags::empty(),
        )];
        let _ = poll(&mut fds, limit.as_ref());
        match self.ear.is_deserted() {
            true => Err(End::Closed),
            false => Ok(()),
        }
    }

    fn say(&self, news: News) -> Step {
        match (self.tell)(news) {
            true => Ok(()),
            false => Err(End::Closed),
        }
    }
}
