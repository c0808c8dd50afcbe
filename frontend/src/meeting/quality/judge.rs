//! From samples to what is at fault.
//!
//! What is lost on the way from somebody else to here may be lost before the server or after it. The
//! server gives everything its own numbers and leaves the holes in: what all others' streams lose is
//! lost on one's own downlink, what a single one loses besides on its sender's way.

use std::collections::BTreeMap;

use shared::{media::MediaKind, signaling::Direction};

use super::{
    Fault, Level, Stream, StreamKey,
    sample::{PathReport, per_mille},
};
use crate::meeting::view::TileKey;

/// Samples that count: six seconds.
pub(super) const WINDOW: usize = 3;

/// Fewer packets than this say nothing about loss.
const TELLING_PACKETS: u32 = 40;

/// From where on something is weak, and poor. Opus and retransmissions hide less loss than that.
const LOSS: [u16; 2] = [30, 80];
const ROUND_TRIP: [u16; 2] = [400, 1000];

/// Bits per second: a voice and a small picture, and hardly a voice.
const NARROW: [u32; 2] = [200_000, 100_000];

/// Packets, and how many of these were lost.
#[derive(Debug, Default, Clone, Copy)]
struct Loss {
    packets: u32,
    lost: u32,
}

/// Everything that is at fault, the worst first.
pub(super) fn judge(
    streams: &BTreeMap<StreamKey, Stream>,
    paths: &[Option<PathReport>; 2],
    held_back: usize,
) -> Vec<(Level, Fault)> {
    let of = |direction| streams.iter().filter(move |(key, _)| key.direction == direction);
    let mut up = Loss::default();
    of(Direction::Send).for_each(|(_, stream)| up.add(stream));
    let uplink_loss = up.share().unwrap_or_default();
    let is_uplink_lossy = above(uplink_loss, LOSS) != Level::Good;
    let mut faults = vec![(above(uplink_loss, LOSS), Fault::UplinkLoss(uplink_loss))];

    let has_video = of(Direction::Send).any(|(key, _)| key.source.kind() == MediaKind::Video);
    let outgoing = paths[0].as_ref().map_or(0, |path| path.outgoing);
    if has_video && outgoing > 0 {
        faults.push((below(outgoing, NARROW), Fault::UplinkNarrow(outgoing)));
    }
    if held_back > 0 {
        faults.push((Level::Poor, Fault::DownlinkNarrow(held_back)));
    }
    if streams.values().any(Stream::is_limited_by_cpu) {
        faults.push((Level::Weak, Fault::Cpu));
    }
    let mut down: BTreeMap<TileKey, Loss> = BTreeMap::new();
    for (key, stream) in of(Direction::Recv) {
        down.entry(person(&key.tile)).or_default().add(stream);
    }
    let down = down.into_iter().filter_map(|(tile, loss)| Some((tile, loss.share()?))).collect();
    faults.extend(downlink(down, is_uplink_lossy || held_back > 0));
    let round_trip = paths.iter().flatten().map(|path| path.round_trip).max().unwrap_or_default();
    faults.push((above(round_trip, ROUND_TRIP), Fault::Slow(round_trip)));
    faults.retain(|(level, _)| *level != Level::Good);
    faults.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    faults
}

/// How good the connection of each tile is of which something is known.
pub(super) fn levels(faults: &[(Level, Fault)]) -> BTreeMap<TileKey, Level> {
    let mut levels = BTreeMap::new();
    for (level, fault) in faults {
        let tile = match fault {
            Fault::TheirLoss(tile, _) | Fault::SomeLoss(tile, _) => tile.clone(),
            Fault::UplinkLoss(_)
            | Fault::UplinkNarrow(_)
            | Fault::Slow(_)
            | Fault::DownlinkLoss(_)
            | Fault::DownlinkNarrow(_)
            | Fault::Cpu => TileKey::Me,
        };
        let known = levels.entry(tile).or_insert(*level);
        *known = (*level).max(*known);
    }
    levels
}

/// Whose the losses of what is received are; `is_mine` where one's own link is known to be weak.
fn downlink(losses: Vec<(TileKey, u16)>, is_mine: bool) -> Vec<(Level, Fault)> {
    let common = losses.iter().map(|(_, loss)| *loss).min().unwrap_or_default();
    let is_alone = losses.len() == 1;
    if is_alone && !is_mine {
        let some = |(tile, loss)| (above(loss, LOSS), Fault::SomeLoss(tile, loss));
        return losses.into_iter().map(some).collect();
    }
    let theirs = losses.into_iter().map(|(tile, loss)| {
        let loss = loss.saturating_sub(common);
        (above(loss, LOSS), Fault::TheirLoss(tile, loss))
    });
    theirs.chain([(above(common, LOSS), Fault::DownlinkLoss(common))]).collect()
}

/// The tile of whoever shows a screen.
fn person(tile: &TileKey) -> TileKey {
    match tile {
        TileKey::Screen(id) => TileKey::Other(id.clone()),
        TileKey::Me | TileKey::Other(_) => tile.clone(),
    }
}

fn above(value: u16, [weak, poor]: [u16; 2]) -> Level {
    match value {
        value if value >= poor => Level::Poor,
        value if value >= weak => Level::Weak,
        _ => Level::Good,
    }
}

fn below(value: u32, [weak, poor]: [u32; 2]) -> Level {
    match value {
        value if value < poor => Level::Poor,
        value if value < weak => Level::Weak,
        _ => Level::Good,
    }
}

impl Loss {
    fn add(&mut self, stream: &Stream) {
        for sample in stream.recent() {
            self.packets = self.packets.saturating_add(sample.packets);
            self.lost = self.lost.saturating_add(sample.lost);
        }
    }

    /// In per mille, where there were enough packets to tell.
    fn share(self) -> Option<u16> {
        (self.packets >= TELLING_PACKETS).then(|| per_mille(self.lost, self.packets))
    }
}
