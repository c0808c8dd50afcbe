//! What is said to be at fault, from what a browser would count.

use shared::{ids::ParticipantId, media::Source, signaling::Direction};

use super::{
    sample::{Counted, whole},
    *,
};

const BOB: u8 = 2;
const CAROL: u8 = 3;

fn other(number: u8) -> TileKey {
    TileKey::Other(ParticipantId::from_random([number; 16]))
}

/// Streams that lose a share of their packets, told every two seconds.
#[derive(Default)]
struct Link {
    quality: Quality,
    seconds: u32,
    counted: BTreeMap<StreamKey, Counted>,
    outgoing: u32,
    limit: Limit,
}

impl Link {
    /// Two seconds of 50 packets a second each; `lossy` streams lose so many per cent.
    fn pass(&mut self, lossy: &[(Direction, TileKey, u8)], held_back: usize) {
        self.seconds += 2;
        let now = Duration::from_secs(self.seconds.into());
        for direction in [Direction::Send, Direction::Recv] {
            let (mut lines, mut report) = (Vec::new(), Report::default());
            for (mid, (key, counted)) in self.counted.iter_mut().enumerate() {
                if key.direction != direction {
                    continue;
                }
                let percent = lossy
                    .iter()
                    .find(|(way, tile, _)| *way == direction && *tile == key.tile)
                    .map_or(0.0, |(_, _, percent)| f64::from(*percent));
                counted.mid = mid.to_string();
                counted.bytes += 50_000.0;
                counted.lost += percent;
                counted.packets += 100.0;
                if direction == Direction::Send {
                    counted.round_trip = 0.02;
                    counted.limit = self.limit;
                } else {
                    counted.packets -= percent;
                }
                lines.push((key.clone(), counted.mid.clone()));
                report.streams.push(counted.clone());
            }
            report.path = Some(PathReport { outgoing: self.outgoing, ..PathReport::default() });
            self.quality.take(now, direction, lines, report);
        }
        self.quality.judge(now, held_back);
    }

    fn with(people: &[u8]) -> Self {
        let mut link = Self { outgoing: 2_000_000, ..Self::default() };
        let mut add = |direction, tile, source| {
            link.counted.insert(StreamKey { direction, tile, source }, Counted::default());
        };
        add(Direction::Send, TileKey::Me, Source::Camera);
        for person in people {
            add(Direction::Recv, other(*person), Source::Camera);
            add(Direction::Recv, other(*person), Source::Microphone);
        }
        link.pass(&[], 0);
        link
    }

    fn fault(&self) -> Option<&Fault> {
        self.quality.faults.first().map(|(_, fault)| fault)
    }

    fn after(
        people: &[u8],
        lossy: &[(Direction, TileKey, u8)],
        held_back: usize,
        seconds: u32,
    ) -> Self {
        let mut link = Self::with(people);
        (0..seconds / 2).for_each(|_| link.pass(lossy, held_back));
        link
    }
}

#[test]
fn on_a_good_link_nothing_is_at_fault() {
    let link = Link::after(&[BOB], &[(Direction::Recv, other(BOB), 1)], 0, 60);
    assert_eq!(link.fault(), None);
    assert_eq!(link.quality.level(&TileKey::Me), Level::Good);
    assert_eq!(link.quality.bitrate(1_000_000), 1_000_000);
    assert_eq!(link.quality.max_layer(), None);
}

#[test]
fn what_one_sends_and_is_lost_is_ones_own_uplink() {
    let link = Link::after(&[BOB], &[(Direction::Send, TileKey::Me, 9)], 0, 6);
    assert_eq!(link.fault(), Some(&Fault::UplinkLoss(90)));
    assert_eq!(link.quality.level(&TileKey::Me), Level::Poor);
    assert_eq!(link.quality.level(&other(BOB)), Level::Good);
}

#[test]
fn what_all_lose_is_ones_own_downlink_and_what_one_loses_besides_is_theirs() {
    let lossy = [(Direction::Recv, other(BOB), 5), (Direction::Recv, other(CAROL), 15)];
    let link = Link::after(&[BOB, CAROL], &lossy, 0, 6);
    assert_eq!(link.fault(), Some(&Fault::TheirLoss(other(CAROL), 100)));
    assert_eq!(link.quality.level(&other(CAROL)), Level::Poor);
    assert_eq!(link.quality.level(&other(BOB)), Level::Good);
    assert_eq!(link.quality.level(&TileKey::Me), Level::Weak);
}

#[test]
fn whose_the_losses_of_the_only_other_are_is_not_known_unless_ones_own_link_is_weak() {
    let theirs = (Direction::Recv, other(BOB), 5);
    let link = Link::after(&[BOB], std::slice::from_ref(&theirs), 0, 6);
    assert_eq!(link.fault(), Some(&Fault::SomeLoss(other(BOB), 50)));
    let link = Link::after(&[BOB], &[theirs.clone(), (Direction::Send, TileKey::Me, 4)], 0, 6);
    assert_eq!(link.fault(), Some(&Fault::UplinkLoss(40)));
    assert_eq!(link.quality.level(&other(BOB)), Level::Good);
    let link = Link::after(&[BOB], &[theirs], 1, 6);
    assert_eq!(link.fault(), Some(&Fault::DownlinkNarrow(1)));
    assert_eq!(link.quality.level(&other(BOB)), Level::Good);
}

#[test]
fn a_weak_uplink_is_sent_less_after_eight_seconds_and_more_again_when_it_has_been_well() {
    let mut link = Link::with(&[BOB]);
    for _ in 0..4 {
        link.pass(&[(Direction::Send, TileKey::Me, 10)], 0);
    }
    assert_eq!(link.quality.strains(), [false; 3], "it may pass");
    link.pass(&[(Direction::Send, TileKey::Me, 10)], 0);
    assert_eq!(link.quality.strains(), [true, false, false]);
    assert_eq!(link.quality.bitrate(1_000_000), WEAK_UPLINK_BITRATE);
    (0..8).for_each(|_| link.pass(&[], 0));
    assert_eq!(link.quality.strains(), [true, false, false], "not well for long enough");
    (0..5).for_each(|_| link.pass(&[], 0));
    assert_eq!(link.quality.bitrate(1_000_000), 1_000_000);
}

#[test]
fn a_weak_downlink_and_a_busy_computer_ask_for_smaller_pictures() {
    let mut link = Link::after(&[BOB], &[], 2, 12);
    assert_eq!((link.quality.strains(), link.quality.max_layer()), ([false, true, false], Some(1)));
    link = Link { limit: Limit::Cpu, ..Link::with(&[BOB]) };
    (0..5).for_each(|_| link.pass(&[], 0));
    assert_eq!(link.quality.strains(), [false; 3], "it may pass");
    link.pass(&[], 0);
    assert_eq!(link.quality.strains(), [false, false, true]);
    assert_eq!(link.fault(), Some(&Fault::Cpu));
    assert_eq!(link.quality.bitrate(1_000_000), WEAK_CPU_BITRATE);
    assert_eq!(link.quality.max_layer(), Some(WEAK_LAYER));
}

#[test]
fn a_narrow_uplink_is_known_by_what_the_browser_dares_to_send() {
    let mut link = Link { outgoing: 80_000, ..Link::with(&[]) };
    link.pass(&[], 0);
    assert_eq!(link.fault(), Some(&Fault::UplinkNarrow(80_000)));
}

#[test]
fn a_sample_is_what_happened_since_the_one_before() {
    let former = Counted { bytes: 1000.0, packets: 10.0, frames: 5.0, ..Counted::default() };
    let now = Counted {
        bytes: 26_000.0,
        packets: 100.0,
        lost: 10.0,
        frames: 65.0,
        coding: 0.6,
        jitter: 0.0124,
        ..former.clone()
    };
    let sample = now.since(&former, Duration::from_secs(2));
    assert_eq!((sample.bitrate, sample.packets, sample.lost), (100_000, 100, 10));
    assert_eq!((sample.frames, sample.coding, sample.jitter), (30, 10, 12));
    // Counters of a connection that was made anew begin again.
    assert_eq!(former.since(&now, Duration::from_secs(2)).bitrate, 0);
    assert_eq!((whole(f64::NAN), whole(-1.0), whole(1e20)), (0, 0, u32::MAX));
}

#[test]
fn a_minute_is_kept_and_streams_that_ended_are_not() {
    let mut link = Link::after(&[BOB], &[], 0, 200);
    assert_eq!(link.quality.streams.values().next().unwrap().samples.len(), KEPT);
    link.counted.retain(|key, _| key.direction == Direction::Send);
    link.pass(&[], 0);
    assert_eq!(link.quality.streams.len(), 1);
}

#[test]
fn what_is_exported_is_json_with_ids_and_numbers() {
    let link = Link::after(&[BOB], &[(Direction::Send, TileKey::Me, 9)], 0, 6);
    let streams = link.quality.streams.iter();
    let inspection = Inspection {
        fault: link.fault().cloned(),
        streams: streams.map(|(key, it)| (key.clone(), it.samples.clone().into())).collect(),
        paths: link.quality.paths.clone(),
    };
    let json = inspection.to_json("A \"browser\"", None);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["client"], "A \"browser\"");
    assert_eq!(json["participant"], serde_json::Value::Null);
    assert_eq!(json["fault"], "UplinkLoss(90)");
    assert_eq!(json["streams"].as_array().unwrap().len(), 3);
    let columns = json["columns"].as_array().unwrap().len();
    assert_eq!(json["streams"][0]["samples"][0].as_array().unwrap().len(), columns);
    assert_eq!(json["paths"][0]["outgoingBitsPerSecond"], 2_000_000);
}
