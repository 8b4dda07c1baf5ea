//! Access at work: the value that decides, the thread for what is slow, and what the shell lends.
//!
//! Requests look at the value for as long as a look takes. What hashes a password or writes a file
//! is a job for one thread of low priority, so that neither a flood of logins nor slow
//! flash holds up an answer or a share; and since one thread makes every change, none overtakes
//! another.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use axum::http::StatusCode;
use telemetry::{Code, Fault};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use units::{Duration, Instant};

use crate::access::rules::{Asker, Denied, Need, Standing, decide};
use crate::access::{Access, Change, Kept, NoMemory};
use crate::refusal::Refusal;

/// Jobs that wait. The network fills [`HASHES_MAX`] of them with passwords; what changes something
/// else has a login, and finds room.
const JOBS_MAX: usize = 16;
/// Passwords from the network in hand: one hashed, two waiting, which a slow processor has done
/// within three seconds.
const HASHES_MAX: usize = 3;

/// Fills with random numbers.
pub type Random = Box<dyn Fn(&mut [u8]) -> io::Result<()> + Send + Sync>;
/// Writes what is to outlive the process.
pub type Keep = Box<dyn Fn(&Kept) -> io::Result<()> + Send + Sync>;

/// What the shell lends: this crate draws no random number and touches no file.
pub struct Around {
    /// What this computer is called.
    pub host: Option<String>,
    /// Nobody can guess them.
    pub random: Random,
    /// Unix seconds, if the time is known.
    pub unix_s: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    /// Called on the slow thread, and may take its time.
    pub keep: Keep,
    /// Log a change. Must not wait.
    pub tell: Box<dyn Fn(&Change) + Send + Sync>,
    /// Called once on the slow thread: make it give way to the others.
    pub quiet: fn(),
}

/// Who may do what on this machine. Clones share it.
#[derive(Clone)]
pub struct Gate {
    core: Arc<Core>,
    jobs: SyncSender<Job>,
    hashes: Arc<Semaphore>,
}

type Job = Box<dyn FnOnce(&Core) + Send>;

/// What jobs work on.
pub(crate) struct Core {
    access: Mutex<Access>,
    around: Around,
    began: std::time::Instant,
}

/// Whether a change gives or takes: what takes holds even if it could not be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    Gives,
    Takes,
}

impl Gate {
    /// With what was kept: the default where nothing was, or why it cannot be read.
    pub fn open(found: Result<Kept, String>, around: Around) -> io::Result<Gate> {
        let core = Arc::new(Core {
            access: Mutex::new(Access::new(found, around.host.as_deref())),
            around,
            began: std::time::Instant::now(),
        });
        let (jobs, waiting) = sync_channel(JOBS_MAX);
        let for_jobs = Arc::clone(&core);
        thread::Builder::new()
            .name("access".into())
            .stack_size(256 * 1024)
            .spawn(move || work(&for_jobs, &waiting))?;
        Ok(Gate {
            core,
            jobs,
            hashes: Arc::new(Semaphore::new(HASHES_MAX)),
        })
    }

    /// Forget password, sessions, tokens and open status: somebody held the reset button. Waits
    /// for its turn, and not until it is done: the log says when it is.
    pub fn reset_by_button(&self) {
        let job: Job = Box::new(|core| {
            let _ = core.reset("reset button", "this machine");
        });
        // The thread ends with the last gate.
        let _ = self.jobs.send(job);
    }

    /// What is wrong with access itself, for the list of faults.
    pub fn fault(&self) -> Option<Fault> {
        let access = self.access();
        let why = access.broken()?;
        let code = Code::AccessFile;
        Some(Fault {
            code,
            place: "access".to_owned(),
            detail: format!("the file of access cannot be read: {why}"),
            action: "nothing is taken over the network".to_owned(),
            meaning: code.meaning(),
            remedy: code.remedy(),
        })
    }

    /// The names under which this machine answers beside its addresses.
    pub fn names(&self) -> Vec<String> {
        self.access().names()
    }

    /// What the machine is called: by its owner, else as the computer is; `None` where nobody named it.
    pub fn called(&self) -> Option<String> {
        self.access().called().map(str::to_owned)
    }

    /// Answer under this name, and with `.local` behind it, as well: the machine is announced so. It takes the
    /// place of the one before.
    pub fn answer_as(&self, announced: &str) {
        self.access().announced(announced);
    }

    /// The value, for a look. Never kept across a wait.
    pub(crate) fn access(&self) -> MutexGuard<'_, Access> {
        self.core.access()
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Whether this may be answered.
    pub(crate) fn allows(&self, asker: &Asker, need: Need) -> Result<(), Refusal> {
        let standing = self.access().standing();
        decide(asker, standing, need).map_err(|denied| self.core.refusal(denied))
    }

    /// Have the slow thread do this, and wait for what comes of it.
    pub(crate) async fn slowly<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Core) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (done, wait) = oneshot::channel();
        let job: Job = Box::new(move |core| {
            // Whoever asked may have gone.
            let _ = done.send(job(core));
        });
        self.jobs.try_send(job).map_err(|_| busy())?;
        wait.await.map_err(|_| busy())?
    }

    /// One of the few places for a password from the network.
    pub(crate) fn place_for_password(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.hashes.try_acquire().map_err(|_| busy())
    }
}

impl Core {
    pub(crate) fn access(&self) -> MutexGuard<'_, Access> {
        // Whoever panicked had called one method of it, each of which leaves it whole.
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why this is not answered.
    pub(crate) fn refusal(&self, denied: Denied) -> Refusal {
        let detail = match denied {
            Denied::Unclaimed => "nobody has set this machine's password".to_owned(),
            Denied::Login => "nobody is logged in here".to_owned(),
            Denied::Scope(scope) => format!("this needs the scope `{}`", scope.word()),
            Denied::Broken => {
                let access = self.access();
                let why = access.broken().unwrap_or_default();
                format!("the file of access cannot be read: {why}")
            }
        };
        Refusal::access(denied.code(), detail)
    }

    /// Whether there is a password to ask for.
    pub(crate) fn claimed(&self) -> Result<(), Refusal> {
        let standing = self.access().standing();
        match standing {
            Standing::Claimed { .. } => Ok(()),
            Standing::Unclaimed => Err(self.refusal(Denied::Unclaimed)),
            Standing::Broken => Err(self.refusal(Denied::Broken)),
        }
    }

    /// Whether there is none.
    pub(crate) fn unclaimed(&self) -> Result<(), Refusal> {
        let standing = self.access().standing();
        match standing {
            Standing::Unclaimed => Ok(()),
            Standing::Broken => Err(self.refusal(Denied::Broken)),
            Standing::Claimed { .. } => {
                let detail = "somebody has set this machine's password";
                Err(Refusal::access(Code::AccessClaimed, detail))
            }
        }
    }

    pub(crate) fn now(&self) -> Instant {
        let since = self.began.elapsed().as_nanos();
        Instant::from_nanos(u64::try_from(since).unwrap_or(u64::MAX))
    }

    pub(crate) fn unix_s(&self) -> Option<u64> {
        (self.around.unix_s)()
    }

    /// Random bytes.
    pub(crate) fn draw<const N: usize>(&self) -> Result<[u8; N], Refusal> {
        let mut bytes = [0; N];
        (self.around.random)(&mut bytes).map_err(|error| {
            let detail = format!("no random numbers: {error}");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, Code::ApiBusy, detail)
        })?;
        Ok(bytes)
    }

    /// Change what is kept: written first, then in force. On the slow thread only.
    pub(crate) fn change<T>(
        &self,
        sense: Sense,
        change: impl FnOnce(&mut Kept) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut next = self.access().kept().clone();
        let made = change(&mut next)?;
        let written = (self.around.keep)(&next);
        if written.is_ok() || sense == Sense::Takes {
            self.access().keep(next);
        }
        written.map_err(|error| {
            let detail = format!("the file of access cannot be written: {error}");
            Refusal::access(Code::AccessWrite, detail)
        })?;
        Ok(made)
    }

    /// A machine that nobody has claimed. What it is called stays.
    pub(crate) fn reset(&self, who: &str, from: &str) -> Result<(), Refusal> {
        let before = self.access().standing();
        let done = self.change(Sense::Takes, |kept| {
            let name = kept.name.take();
            *kept = Kept {
                name,
                ..Kept::default()
            };
            Ok(())
        });
        self.access().end_other_sessions(None);
        let before = match before {
            Standing::Unclaimed => "unclaimed",
            Standing::Claimed { .. } => "claimed",
            Standing::Broken => "unreadable",
        };
        self.tell(Change {
            serial: 0,
            at_s: self.unix_s(),
            code: Code::AccessReset,
            who: who.to_owned(),
            from: from.to_owned(),
            what: "access reset".to_owned(),
            before: Some(before.to_owned()),
            after: Some("unclaimed".to_owned()),
        });
        done
    }

    /// Tell that somebody changed something. Nothing of it is a secret.
    pub(crate) fn told(
        &self,
        asker: &Asker,
        what: &str,
        before: Option<String>,
        after: Option<String>,
    ) {
        let from = asker.address.map(|address| address.to_string());
        let from = from.unwrap_or_else(|| "this machine".to_owned());
        self.tell(Change {
            serial: 0,
            at_s: self.unix_s(),
            code: Code::AccessChange,
            who: asker.who.to_string(),
            from,
            what: what.to_owned(),
            before,
            after,
        });
    }

    fn tell(&self, change: Change) {
        let change = self.access().tell(change);
        (self.around.tell)(&change);
    }
}

fn work(core: &Core, jobs: &Receiver<Job>) {
    (core.around.quiet)();
    while let Ok(job) = jobs.recv() {
        job(core);
    }
}

fn busy() -> Refusal {
    let detail = "several logins or changes are being made";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Code::ApiBusy, detail)
        .retry_after(Duration::from_secs(2))
}

impl From<NoMemory> for Refusal {
    fn from(_: NoMemory) -> Self {
        let detail = "there is no memory to look at a password";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Code::ApiBusy, detail)
            .retry_after(Duration::from_secs(10))
    }
}
