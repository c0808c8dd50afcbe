//! Guests for a meeting that goes on: they come in by its invite link, show heads that move, speak in
//! turn, receive everything, and go again.
//!
//! | module | what it is |
//! |---|---|
//! | [`link`] | where the meeting is |
//! | [`line`] | a guest's WebSocket |
//! | `guest` | one guest |
//! | `floor` | the media of all of them, on a thread of its own |
//! | `performance`, `clip` | what a guest sends, and what it is cut from |

mod clip;
mod floor;
mod guest;
pub mod line;
pub mod link;
mod performance;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use self::{floor::Floor, guest::Guest, line::GuestError, link::InviteLink, performance::Part};
use super::{BenchError, args::GuestsArgs, meeting, progress::Progress, report::Latency};

/// Between two guests who come at the beginning.
const ARRIVAL_INTERVAL: Duration = Duration::from_millis(100);
/// Before somebody else comes in the place of one who did not get in, or was lost.
const REPLACEMENT_INTERVAL: Duration = Duration::from_secs(2);
/// Most joins whose time is kept.
const MAX_TIMES: usize = 1 << 20;

/// What was seen.
#[derive(Debug, Clone, Serialize)]
pub struct GuestsReport {
    /// How many came in.
    pub joined: u64,
    /// Of those, who left of their own accord.
    pub left: u64,
    /// Who did not get in, or was lost.
    pub failed: u64,
    /// Why the last of those.
    pub failure: Option<String>,
    /// From the first word to the server until everything flowed, in microseconds.
    pub join_us: Latency,
    /// Packets of media that were sent, all together.
    pub sent: u64,
    /// Packets that were received, all together.
    pub received: u64,
    /// Of those, opened.
    pub opened: u64,
    /// Of those, what nobody can play.
    pub broken: u64,
}

/// Fills a meeting until the time is over or someone interrupts it.
///
/// # Errors
///
/// [`BenchError::Guest`] when nobody got in.
pub(super) fn measure(args: &GuestsArgs) -> Result<GuestsReport, BenchError> {
    let time = Duration::from_secs(args.seconds.into());
    meeting::run(async {
        let _progress = Progress::start(&format!("{} guests", args.count), time);
        let floor = Floor::open()?;
        let (stop, stopped) = watch::channel(false);
        let party = Party {
            link: Arc::new(args.link.clone()),
            floor: floor.clone(),
            stay: args.stay.map(|seconds| Duration::from_secs(seconds.into())),
            stopped,
            last_name: Arc::default(),
            book: Arc::default(),
        };
        let book = Arc::clone(&party.book);
        let mut chairs = party.begin(usize::from(args.count));
        tokio::select! {
            () = finished(&mut chairs) => {}
            ended = timeout(time, interrupted()) => ended.unwrap_or(Ok(()))?,
        }
        stop.send_replace(true);
        finished(&mut chairs).await;
        let mut book = lock(&book);
        book.report(&floor)
    })
}

/// What all guests share.
#[derive(Clone)]
struct Party {
    link: Arc<InviteLink>,
    floor: Floor,
    /// How long everyone stays; none: to the end.
    stay: Option<Duration>,
    stopped: watch::Receiver<bool>,
    last_name: Arc<AtomicU32>,
    book: Arc<Mutex<Book>>,
}

/// What is written down.
#[derive(Default)]
struct Book {
    left: u64,
    failed: u64,
    failure: Option<GuestError>,
    joined: u64,
    times_us: Vec<u64>,
}

impl Party {
    /// Lets guests come, as many as there are chairs.
    fn begin(&self, chairs: usize) -> JoinSet<()> {
        let mut taken = JoinSet::new();
        for number in 0..chairs {
            let (party, part) = (self.clone(), Part { number, of: chairs });
            taken.spawn(async move { party.keep_taken(part).await });
        }
        taken
    }

    /// Has one guest after the other sit on a chair, until everyone shall go or nobody can come.
    async fn keep_taken(self, part: Part) {
        let share = |whole: Duration| {
            let (number, of) = (part.number + 1, part.of.max(1));
            whole * u32::try_from(number).unwrap_or(1) / u32::try_from(of).unwrap_or(1)
        };
        let arrivals = ARRIVAL_INTERVAL * u32::try_from(part.of).unwrap_or_default();
        self.pause(share(arrivals)).await;
        // Who comes first leaves first, or all would go at the same time ever after.
        let mut stay = self.stay.map(share);
        while !*self.stopped.borrow() {
            let visit = self.visit(part, stay).await;
            stay = self.stay;
            let Err(error) = visit else { continue };
            let is_final = error.is_final();
            lock(&self.book).fail(error);
            if is_final {
                return;
            }
            self.pause(REPLACEMENT_INTERVAL).await;
        }
    }

    /// Lets someone come, stay and leave.
    async fn visit(&self, part: Part, stay: Option<Duration>) -> Result<(), GuestError> {
        let number = self.last_name.fetch_add(1, Ordering::Relaxed) + 1;
        let (name, begun) = (format!("Guest {number}"), Instant::now());
        let entering = Guest::enter(&self.link, &name, &self.floor, part);
        let mut guest = tokio::select! {
            guest = entering => guest?,
            () = self.end() => return Ok(()),
        };
        lock(&self.book).join(begun.elapsed());
        tokio::select! {
            lost = guest.attend(&self.floor) => lost?,
            () = self.pause(stay.unwrap_or(Duration::MAX)) => {}
        }
        guest.leave().await;
        lock(&self.book).left += 1;
        Ok(())
    }

    /// Waits, but not longer than everyone may stay.
    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = sleep(time) => {}
            () = self.end() => {}
        }
    }

    async fn end(&self) {
        // Whoever could say so is gone: that is an end, too.
        let _ = self.stopped.clone().wait_for(|stopped| *stopped).await;
    }
}

impl Book {
    fn join(&mut self, time: Duration) {
        self.joined += 1;
        if self.times_us.len() < MAX_TIMES {
            self.times_us.push(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        }
    }

    fn fail(&mut self, error: GuestError) {
        self.failed += 1;
        self.failure = Some(error);
    }

    fn report(&mut self, floor: &Floor) -> Result<GuestsReport, BenchError> {
        let failure = self.failure.take();
        let failure = match failure {
            Some(error) if self.joined == 0 => return Err(error.into()),
            failure => failure.map(|error| error.to_string()),
        };
        self.times_us.sort_unstable();
        let tally = floor.tally();
        Ok(GuestsReport {
            joined: self.joined,
            left: self.left,
            failed: self.failed,
            failure,
            join_us: Latency::of(&self.times_us),
            sent: tally.sent,
            received: tally.received,
            opened: tally.opened,
            broken: tally.broken,
        })
    }
}

/// Waits until all chairs are empty for good.
async fn finished(chairs: &mut JoinSet<()>) {
    while chairs.join_next().await.is_some() {}
}

/// Waits for Ctrl-C, or for a service manager.
async fn interrupted() -> Result<(), BenchError> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Locks what is consistent after every statement.
fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Display for GuestsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { median, p99, max, .. } = self.join_us;
        writeln!(f, "guests")?;
        let (joined, left) = (self.joined, self.left);
        writeln!(f, "  joined, left, failed       {joined:>9} / {left} / {}", self.failed)?;
        if let Some(failure) = &self.failure {
            writeln!(f, "  the last of those          {failure}")?;
        }
        let (median, p99, max) = (median / 1000, p99 / 1000, max / 1000);
        writeln!(f, "  a join median/p99/max      {median:>9} / {p99} / {max} ms")?;
        writeln!(f, "  packets sent, received     {:>9} / {}", self.sent, self.received)?;
        writeln!(f, "  opened, broken             {:>9} / {}", self.opened, self.broken)
    }
}
