//! `stannary top`: the machine on a full screen, live, over any terminal.
//!
//! One thread asks the daemon, so that a slow answer keeps no key waiting; this one draws. A daemon
//! that goes away is waited for and said so: it may be starting anew.

mod chart;
mod history;
mod line;
mod page;
mod terminal;

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::chart::Marks;
use self::history::History;
use self::line::Line;
use self::page::{Screen, Seen};
use self::terminal::{Key, Size, Terminal};
use super::client::{AskError, Daemon};
use super::table::{Colour, Tone};
use super::text::plain;

/// A daemon makes four snapshots a second; a person reads one.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
const STATUS: &str = "/api/v1/status";
const KEYS: &str = "q quit · ←→ screens · ↑↓ scroll · p pause/resume · l locate";

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// Somebody has seen enough.
    Quit,
    /// The daemon did not answer any more when somebody had.
    DaemonGone,
    /// By this signal.
    Signal(i32),
}

/// Both ends are a terminal that can move its cursor.
pub(super) fn has_screen() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !dumb
}

/// Until somebody quits. A daemon that does not answer at first is an error.
pub(super) fn run(daemon: &Daemon, ascii: bool) -> Result<Ended, AskError> {
    let first = daemon.get(STATUS)?;
    let mut view = View::new(first, marks(ascii));
    let screen = |error| AskError::Terminal(error);
    let tty = io::stdout().as_fd().try_clone_to_owned().map_err(screen)?;
    let mut terminal = Terminal::take(tty).map_err(screen)?;
    let wanted = Arc::new(Wanted::default());
    let (orders, news) = ask_on_thread(daemon, &wanted, terminal.waker().map_err(screen)?);
    let ended = show(&mut terminal, &mut view, &wanted, &orders, &news);
    drop(terminal);
    match ended {
        Ok(ended) => Ok(ended),
        // Whoever hung up took the terminal along.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Ended::Quit),
        Err(error) => Err(AskError::Terminal(error)),
    }
}

fn marks(ascii: bool) -> Marks {
    let bare = std::env::var("TERM").is_ok_and(|term| term == "linux" || term.starts_with("vt"));
    if ascii || bare {
        Marks::Ascii
    } else {
        Marks::Braille
    }
}

fn show(
    terminal: &mut Terminal,
    view: &mut View,
    wanted: &Wanted,
    orders: &Sender<Value>,
    news: &Receiver<News>,
) -> io::Result<Ended> {
    let colour = Colour::for_stdout();
    loop {
        let size = terminal.size();
        let lines = view.lines(size);
        let lines = lines.iter().map(|line| line.render(size.columns, colour));
        terminal.draw(lines.collect())?;
        for key in terminal.wait(PERIOD)? {
            match view.typed(key, size) {
                Wish::Nothing => {}
                Wish::Quit => return Ok(view.ended()),
                Wish::Suspend => terminal.suspend()?,
                Wish::Order(order) => {
                    let _ = orders.send(order);
                }
            }
        }
        if let Some(signal) = terminal.signal()? {
            return Ok(Ended::Signal(signal));
        }
        wanted
            .chips
            .store(view.screen == Screen::Chips, Ordering::Relaxed);
        wanted
            .log
            .store(view.screen == Screen::Log, Ordering::Relaxed);
        news.try_iter().for_each(|news| view.take(news));
    }
}

/// What is looked at, and so asked for.
#[derive(Default)]
struct Wanted {
    chips: AtomicBool,
    log: AtomicBool,
}

/// What the daemon said.
enum News {
    Past(Value),
    Status(Value),
    Log(Value),
    /// An order was taken, or why not.
    Taken(Result<Value, String>),
    /// It does not answer, or not with this.
    Nothing(String),
}

fn ask_on_thread(
    daemon: &Daemon,
    wanted: &Arc<Wanted>,
    waker: UnixStream,
) -> (Sender<Value>, Receiver<News>) {
    let (orders, to_give) = channel();
    let (tell, news) = channel();
    let (daemon, wanted) = (daemon.clone(), Arc::clone(wanted));
    thread::spawn(move || {
        // What kept no past says so with an error, and the chart begins now.
        if let Ok(past) = daemon.get(history::PATH) {
            let _ = tell.send(News::Past(past));
        }
        loop {
            for said in ask(&daemon, &wanted) {
                if tell.send(said).is_err() {
                    return;
                }
            }
            terminal::wake(&waker);
            match to_give.recv_timeout(PERIOD) {
                Ok(order) => {
                    let taken = super::orders::give(&daemon, &order);
                    let _ = tell.send(News::Taken(taken.map_err(|error| error.to_string())));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    });
    (orders, news)
}

fn ask(daemon: &Daemon, wanted: &Wanted) -> Vec<News> {
    let path = match wanted.chips.load(Ordering::Relaxed) {
        true => "/api/v1/status?chips=1",
        false => STATUS,
    };
    let failed = |error: AskError| News::Nothing(error.to_string());
    let mut news = vec![daemon.get(path).map_or_else(failed, News::Status)];
    if wanted.log.load(Ordering::Relaxed) {
        news.push(daemon.get("/api/v1/log").map_or_else(failed, News::Log));
    }
    news
}

/// What a key asks for beyond the view.
#[derive(PartialEq, Debug)]
enum Wish {
    Nothing,
    Quit,
    Suspend,
    Order(Value),
}

/// What is shown.
struct View {
    status: Value,
    log: Value,
    history: History,
    marks: Marks,
    screen: Screen,
    /// Lines of the screen that are above it.
    scrolled: usize,
    /// An order that waits for a yes.
    asked: Option<(String, Value)>,
    /// Said at the bottom until a key is typed.
    said: Option<String>,
    /// Since when, and why, the daemon does not answer.
    gone: Option<(Instant, String)>,
}

impl View {
    fn new(status: Value, marks: Marks) -> View {
        View {
            status,
            log: Value::Null,
            history: History::default(),
            marks,
            screen: Screen::Overview,
            scrolled: 0,
            asked: None,
            said: None,
            gone: None,
        }
    }

    fn ended(&self) -> Ended {
        match self.gone {
            None => Ended::Quit,
            Some(_) => Ended::DaemonGone,
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Past(past) => self.history.began_with(&past),
            News::Status(status) => {
                self.history.saw(&status);
                self.status = status;
                self.gone = None;
            }
            News::Log(log) => self.log = log,
            News::Taken(Ok(order)) => {
                let what = order["command"].as_str().map(plain).unwrap_or_default();
                self.said = Some(format!("{what}: taken"));
            }
            News::Taken(Err(why)) => self.said = Some(plain(&why.replace('\n', "; "))),
            News::Nothing(why) => {
                let since = self
                    .gone
                    .take()
                    .map_or_else(Instant::now, |(since, _)| since);
                let why = why.lines().next().unwrap_or_default();
                self.gone = Some((since, plain(why)));
            }
        }
    }

    fn typed(&mut self, key: Key, size: Size) -> Wish {
        self.said = None;
        if let Some((_, order)) = self.asked.take() {
            return match key {
                Key::Char('y' | 'Y') => Wish::Order(order),
                Key::Interrupt => Wish::Quit,
                _ => Wish::Nothing,
            };
        }
        let page = size.rows.saturating_sub(4).max(1);
        match key {
            Key::Char('q' | 'Q') | Key::Interrupt => return Wish::Quit,
            Key::Suspend => return Wish::Suspend,
            Key::Right => self.turn_to(self.screen.beside(1)),
            Key::Left => self.turn_to(self.screen.beside(Screen::ALL.len() - 1)),
            Key::Char(digit @ '1'..='4') => {
                self.turn_to(Screen::ALL[usize::from(digit as u8 - b'1')]);
            }
            Key::Up | Key::Char('k') => self.scrolled = self.scrolled.saturating_sub(1),
            Key::Down | Key::Char('j') => self.scrolled += 1,
            Key::PageUp => self.scrolled = self.scrolled.saturating_sub(page),
            Key::PageDown | Key::Char(' ') => self.scrolled += page,
            Key::Char('p') => self.asked = Some(self.pause_or_resume()),
            Key::Char('l') => {
                let on = self.status["locating"].as_bool() != Some(true);
                return Wish::Order(json!({ "command": "locate", "on": on }));
            }
            Key::Char(_) | Key::Escape => {}
        }
        Wish::Nothing
    }

    fn turn_to(&mut self, screen: Screen) {
        self.screen = screen;
        self.scrolled = 0;
    }

    /// The opposite of what the machine is meant to do.
    fn pause_or_resume(&self) -> (String, Value) {
        let (words, command) = match self.status["state"].as_str() {
            Some("paused") => ("hash again?", "resume"),
            Some("sleeping") => ("switch the supply on and hash again?", "wake"),
            _ => ("stop hashing?", "pause"),
        };
        (words.to_owned(), json!({ "command": command }))
    }

    /// The whole screen.
    fn lines(&mut self, size: Size) -> Vec<Line> {
        let mut lines = page::head(&self.status, self.screen, size.columns);
        lines.truncate(size.rows.saturating_sub(2).max(1));
        let room = size.rows.saturating_sub(lines.len() + 1);
        let seen = Seen {
            status: &self.status,
            log: &self.log,
            history: &self.history,
            marks: self.marks,
        };
        let body = page::body(&seen, self.screen, size.columns);
        self.scrolled = self.scrolled.min(body.len().saturating_sub(room));
        let below = body.len().saturating_sub(self.scrolled + room);
        lines.extend(body.into_iter().skip(self.scrolled).take(room));
        lines.resize(size.rows.saturating_sub(1), Line::default());
        lines.push(self.foot(below, size.columns));
        lines
    }

    fn foot(&self, below: usize, columns: usize) -> Line {
        if let Some((question, _)) = &self.asked {
            return Line::of(&format!("{question} y: yes, any other key: no"), Tone::Warn);
        }
        if let Some(said) = &self.said {
            return Line::of(said, Tone::Warn);
        }
        if let Some((since, why)) = &self.gone {
            let seconds = since.elapsed().as_secs();
            return Line::of(&format!("no answer for {seconds} s: {why}"), Tone::Bad);
        }
        let foot = Line::of(KEYS, Tone::Head);
        match below {
            0 => foot,
            below => foot.and_right(&format!("{below} more ↓"), Tone::Plain, columns),
        }
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
