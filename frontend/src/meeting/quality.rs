//! How good the connection is, from what the browser counts: whose fault it is when it is not, and
//! what to ask less of meanwhile.
//!
//! | module | what it holds |
//! |---|---|
//! | [`sample`] | what the browser counted, and what became of it within two seconds |
//! | `judge` | from samples to a fault |
//! | `strain` | when something has been bad, or good again, for long enough |
//! | [`export`] | everything of it as JSON |

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use shared::{
    media::{MediaKind, Source},
    signaling::Direction,
};

use self::{
    judge::{judge, levels},
    sample::{Counted, Limit, PathReport, Report, Sample},
    strain::Strain,
};
use super::{
    Meeting,
    effect::Instant,
    notice::{Notice, Relief},
    view::{DeviceState, TileKey},
};

pub mod export;
mod judge;
pub mod sample;
mod strain;
#[cfg(test)]
mod tests;

/// Samples that are kept of a stream: a minute of them.
pub const KEPT: usize = 30;

/// How long the link, or the computer, has to be in trouble before less is asked of it.
const NET_ONSET: Duration = Duration::from_secs(8);
const CPU_ONSET: Duration = Duration::from_secs(10);

/// Bits per second of one video while the uplink is weak: the smallest layer alone.
const WEAK_UPLINK_BITRATE: u32 = 140_000;

/// The same while the computer is busy: no largest layer.
const WEAK_CPU_BITRATE: u32 = 390_000;

/// The largest layer of the others' videos while the downlink is weak, or the computer busy.
const WEAK_LAYER: u8 = 1;

/// How good something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Nothing to say.
    #[default]
    Good,
    /// It can be noticed.
    Weak,
    /// It hinders.
    Poor,
}

/// What is at fault, with the number that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// One's own uplink loses so many packets per mille.
    UplinkLoss(u16),
    /// It lets no more through than so many bits per second.
    UplinkNarrow(u32),
    /// An answer takes so many milliseconds.
    Slow(u16),
    /// One's own downlink loses so many packets per mille.
    DownlinkLoss(u16),
    /// So many pictures do not fit through it.
    DownlinkNarrow(usize),
    /// One's own computer does not keep up.
    Cpu,
    /// What comes from somebody has lost so many packets per mille where the others' has not.
    TheirLoss(TileKey, u16),
    /// What comes from the only one who sends has lost so many; who lost them cannot be known.
    SomeLoss(TileKey, u16),
}

/// Which stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamKey {
    /// Whether one sends or receives it.
    pub direction: Direction,
    /// Whose it is.
    pub tile: TileKey,
    /// What it shows or says.
    pub source: Source,
}

/// What is known of the connection.
#[derive(Debug, Default)]
pub(super) struct Quality {
    streams: BTreeMap<StreamKey, Stream>,
    /// Of sending and of receiving.
    paths: [Option<PathReport>; 2],
    /// The worst first.
    faults: Vec<(Level, Fault)>,
    levels: BTreeMap<TileKey, Level>,
    uplink: Strain,
    downlink: Strain,
    cpu: Strain,
    /// Whether the person wants the largest picture only.
    pub(super) is_thrifty: bool,
}

#[derive(Debug)]
struct Stream {
    last: Counted,
    at: Instant,
    samples: VecDeque<Sample>,
}

/// Everything that can be told of the connection, for those who look into it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspection {
    /// The worst of what is at fault.
    pub fault: Option<Fault>,
    /// Every stream, with its samples of the last minute, the newest last.
    pub streams: Vec<(StreamKey, Vec<Sample>)>,
    /// The path to the server, of sending and of receiving.
    pub paths: [Option<PathReport>; 2],
}

impl Quality {
    /// Takes in what one peer connection counted, `lines` being all its streams by m-line.
    fn take(
        &mut self,
        now: Instant,
        direction: Direction,
        lines: Vec<(StreamKey, String)>,
        report: Report,
    ) {
        self.streams
            .retain(|key, _| key.direction != direction || lines.iter().any(|(it, _)| it == key));
        for (key, mid) in lines {
            let Some(counted) = report.streams.iter().find(|counted| counted.mid == mid) else {
                continue;
            };
            match self.streams.get_mut(&key) {
                Some(stream) => stream.take(now, counted),
                None => {
                    let (last, samples) = (counted.clone(), VecDeque::new());
                    self.streams.insert(key, Stream { last, at: now, samples });
                }
            }
        }
        self.paths[usize::from(direction == Direction::Recv)] = report.path;
    }

    /// Decides what is at fault, `held_back` pictures not fitting through the downlink.
    fn judge(&mut self, now: Instant, held_back: usize) {
        self.faults = judge(&self.streams, &self.paths, held_back);
        self.levels = levels(&self.faults);
        let is = |wanted: fn(&Fault) -> bool| {
            let mut poor = self.faults.iter().filter(|(level, _)| *level == Level::Poor);
            poor.any(|(_, fault)| wanted(fault))
        };
        let is_sending_video = self.streams.iter().any(|(key, stream)| {
            key.direction == Direction::Send
                && key.source.kind() == MediaKind::Video
                && stream.samples.back().is_some_and(|sample| sample.bitrate > 0)
        });
        let uplink = is(|it| matches!(it, Fault::UplinkLoss(_) | Fault::UplinkNarrow(_)));
        let downlink = is(|it| matches!(it, Fault::DownlinkLoss(_) | Fault::DownlinkNarrow(_)));
        let cpu = self.faults.iter().any(|(_, fault)| *fault == Fault::Cpu);
        self.uplink.take(now, uplink && is_sending_video, NET_ONSET);
        self.downlink.take(now, downlink, NET_ONSET);
        self.cpu.take(now, cpu, CPU_ONSET);
    }

    /// How good the connection of a tile is.
    pub(super) fn level(&self, tile: &TileKey) -> Level {
        self.levels.get(tile).copied().unwrap_or_default()
    }

    /// Bits per second to send of one video, where `allowed` are.
    pub(super) fn bitrate(&self, allowed: u32) -> u32 {
        let allowed = if self.uplink.is_on() { allowed.min(WEAK_UPLINK_BITRATE) } else { allowed };
        if self.cpu.is_on() { allowed.min(WEAK_CPU_BITRATE) } else { allowed }
    }

    /// The largest layer of the others' videos to ask for.
    pub(super) fn max_layer(&self) -> Option<u8> {
        (self.downlink.is_on() || self.cpu.is_on()).then_some(WEAK_LAYER)
    }

    /// What is in trouble for so long that less is asked of it: uplink, downlink, computer.
    pub(super) fn strains(&self) -> [bool; 3] {
        [self.uplink.is_on(), self.downlink.is_on(), self.cpu.is_on()]
    }
}

impl Stream {
    fn take(&mut self, now: Instant, counted: &Counted) {
        let elapsed = now.saturating_sub(self.at);
        if elapsed < Duration::from_millis(500) {
            return;
        }
        if self.samples.len() >= KEPT {
            self.samples.pop_front();
        }
        self.samples.push_back(counted.since(&self.last, elapsed));
        (self.last, self.at) = (counted.clone(), now);
    }

    fn recent(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter().rev().take(judge::WINDOW)
    }

    fn is_limited_by_cpu(&self) -> bool {
        self.samples.back().is_some_and(|sample| sample.limit == Limit::Cpu)
    }
}

impl Meeting {
    /// A peer connection counted this; `sent` are one's own streams on it by m-line.
    pub fn handle_report(
        &mut self,
        now: Instant,
        direction: Direction,
        sent: Vec<(Source, String)>,
        report: Report,
    ) {
        if self.over.is_some() {
            return;
        }
        let lines = match direction {
            Direction::Send => {
                let key = |source| StreamKey { direction, tile: TileKey::Me, source };
                sent.into_iter().map(|(source, mid)| (key(source), mid)).collect()
            }
            Direction::Recv => {
                let key = |tile, source| StreamKey { direction, tile, source };
                self.received().map(|it| (key(it.tile, it.source), it.mid)).collect()
            }
        };
        self.quality.take(now, direction, lines, report);
        let held_back = self.held_back();
        self.quality.judge(now, held_back);
        self.reconcile(now);
    }

    /// Receives the largest of the others' pictures only, or all again.
    pub fn set_thrifty(&mut self, now: Instant, thrifty: bool) {
        self.quality.is_thrifty = thrifty;
        self.reconcile(now);
    }

    /// Everything that can be told of the connection now.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        let streams = self.quality.streams.iter();
        Inspection {
            fault: self.quality.faults.first().map(|(_, fault)| fault.clone()),
            streams: streams
                .map(|(key, stream)| (key.clone(), stream.samples.iter().copied().collect()))
                .collect(),
            paths: self.quality.paths.clone(),
        }
    }

    /// The same as JSON; `client` says which browser this is.
    #[must_use]
    pub fn diagnostics(&self, client: &str) -> String {
        let participant = self.place.as_ref().map(|place| place.participant_id.to_string());
        self.inspect().to_json(client, participant.as_deref())
    }

    /// What has been in trouble for a while, and what helps.
    pub(super) fn trouble(&self) -> Option<Notice> {
        let [uplink, downlink, cpu] = self.quality.strains();
        let is_seen = self.publishing.state(Source::Camera) == DeviceState::On;
        let sees_more = !self.quality.is_thrifty && self.roster.videos().nth(1).is_some();
        let notice = match () {
            () if uplink && is_seen => Notice::NetWeak(Relief::CameraOff),
            () if downlink && sees_more => Notice::NetWeak(Relief::ReceiveLess),
            () if cpu && sees_more => Notice::CpuWeak(Relief::ReceiveLess),
            () if cpu && is_seen => Notice::CpuWeak(Relief::CameraOff),
            () if self.quality.is_thrifty => Notice::Thrifty,
            () => return None,
        };
        Some(notice)
    }

    /// How many of the others' pictures do not fit through the downlink.
    fn held_back(&self) -> usize {
        let videos = self.roster.videos();
        let consumers = videos.filter_map(|(_, it)| self.receiving.consumer(it.producer_id));
        consumers.filter(|consumer_id| self.watching.is_missing(*consumer_id)).count()
    }
}
