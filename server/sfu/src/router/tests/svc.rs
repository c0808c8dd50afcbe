//! Scalable video: one stream of several spatial layers, of which each viewer is sent as many as it
//! can use, and all that these need.

mod camera;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use shared::media::{Layer, Viewing};

use super::*;
use camera::{Camera, Frame, Kind, SIZES};

/// What a viewer was sent, by the numbers it has.
#[derive(Default)]
struct Screen {
    packets: BTreeMap<u64, Sent>,
}

/// A frame that was sent whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    frame: Frame,
    timestamp: u32,
}

impl Screen {
    fn take(&mut self, sent: Vec<Sent>) {
        for packet in sent {
            let before = self.packets.insert(packet.index, packet);
            assert_eq!(before, None, "a number is used once");
        }
    }

    /// The frames in their order, once nothing more comes.
    fn frames(&self) -> Vec<Shown> {
        let ends = self.packets.values().filter(|sent| camera::ends_frame(&sent.payload));
        let shown =
            |sent: &Sent| Shown { frame: Frame::read(&sent.payload), timestamp: sent.timestamp };
        ends.map(shown).collect()
    }

    /// Fails where a decoder would stop, tear a picture, or wait for the rest of one.
    fn check(&self, camera: &Camera) {
        let mut decoded = BTreeSet::new();
        for Shown { frame, .. } in self.frames() {
            for needed in camera.references(frame) {
                assert!(decoded.contains(&needed), "{frame:?} needs {needed:?}");
            }
            decoded.insert(frame);
        }
        let packets: Vec<_> = self.packets.values().collect();
        for pair in packets.windows(2) {
            let is_last = pair[0].timestamp != pair[1].timestamp;
            assert_eq!(pair[0].marker, is_last, "{:?}", Frame::read(&pair[0].payload));
            let step = modular::distance32(pair[0].timestamp, pair[1].timestamp);
            assert!(step >= 0, "time does not run back");
        }
    }

    /// Fails where there is a hole in the numbers.
    fn check_numbers(&self) {
        for pair in self.packets.keys().collect::<Vec<_>>().windows(2) {
            assert_eq!(pair[0] + 1, *pair[1], "no hole of our making");
        }
    }
}

struct Stage {
    room: Room,
    camera: Camera,
    viewer: ConsumerKey,
    screen: Screen,
    key_frames: usize,
}

impl Stage {
    fn new(kind: Kind) -> Self {
        let mut room = Room::new();
        let producer = room.producer(kind.codec());
        let viewer = room.consumer(producer, 2);
        room.events();
        let camera = Camera::new(kind, producer);
        Self { room, camera, viewer, screen: Screen::default(), key_frames: 0 }
    }

    /// Lets so many pictures pass.
    fn pictures(&mut self, count: usize) {
        for _ in 0..count {
            self.room.run(40);
            let packets = self.camera.capture();
            self.deliver(&packets);
        }
    }

    fn deliver(&mut self, packets: &[Vec<u8>]) {
        for packet in packets {
            self.room.gather(self.camera.producer, StreamRole::Primary, packet);
        }
        self.room.forward();
        for event in self.room.events() {
            if matches!(event, RouterEvent::KeyFrame { .. }) {
                self.camera.wants_key_frame = true;
                self.key_frames += 1;
            }
        }
        self.screen.take(self.room.sent());
    }

    fn show(&mut self, width: u16, height: u16) {
        let viewing = Viewing { width, height, ..Viewing::default() };
        self.room.router.set_viewing(self.room.now, self.viewer, viewing).unwrap();
    }

    fn grant(&mut self, layer: Option<Layer>) {
        self.room.router.set_target(self.room.now, self.viewer, layer).unwrap();
    }

    /// The layers of the last so many pictures that were sent, as one.
    fn layers(&self, pictures: u32) -> Layer {
        let newest = self.camera.picture - pictures;
        let frames = self.screen.frames().into_iter().map(|shown| shown.frame);
        let last: Vec<_> = frames.filter(|frame| frame.picture > newest).collect();
        let spatial = last.iter().map(|frame| frame.spatial).max().unwrap();
        let temporal = last.iter().map(|frame| frame.temporal()).max().unwrap();
        Layer { spatial, temporal }
    }
}

const fn layer(spatial: u8, temporal: u8) -> Layer {
    Layer { spatial, temporal }
}

#[test]
fn the_first_picture_has_all_the_layers() {
    for kind in Kind::ALL {
        let mut stage = Stage::new(kind);
        stage.pictures(8);
        assert_eq!(stage.layers(8), layer(2, 2), "{kind:?}");
        assert_eq!(stage.screen.frames().len(), 24, "{kind:?}");
        stage.screen.check(&stage.camera);
        stage.screen.check_numbers();
    }
}

#[test]
fn a_smaller_tile_gets_fewer_layers_at_once_and_a_larger_one_more_at_a_key_picture() {
    for kind in Kind::ALL {
        let mut stage = Stage::new(kind);
        stage.pictures(10);
        let asked = stage.key_frames;
        for (size, expected) in [(SIZES[1], 1), (SIZES[0], 0)] {
            stage.show(size.0, size.1);
            stage.pictures(8);
            assert_eq!(stage.layers(8), layer(expected, 2), "{kind:?}");
        }
        assert_eq!(stage.key_frames, asked, "{kind:?}: nothing is needed for less");
        for (size, expected) in [(SIZES[1], 1), (SIZES[2], 2)] {
            stage.show(size.0, size.1);
            stage.pictures(20);
            assert_eq!(stage.layers(8), layer(expected, 2), "{kind:?}");
        }
        assert_eq!(stage.key_frames, asked + 2, "{kind:?}: one to go up, each time");
        stage.screen.check(&stage.camera);
        stage.screen.check_numbers();
    }
}

#[test]
fn frames_are_left_out_at_once_and_come_back_without_a_key_picture() {
    for kind in Kind::ALL {
        let mut stage = Stage::new(kind);
        stage.pictures(10);
        let asked = stage.key_frames;
        for spatial in [1, 0] {
            for temporal in [0, 1, 0, 2] {
                stage.grant(Some(layer(spatial, temporal)));
                stage.pictures(13);
                assert_eq!(stage.layers(8), layer(spatial, temporal), "{kind:?}");
            }
        }
        assert_eq!(stage.key_frames, asked, "{kind:?}");
        stage.screen.check(&stage.camera);
        stage.screen.check_numbers();
    }
}

#[test]
fn the_layers_of_one_stream_are_steps_for_the_allocator() {
    for kind in Kind::ALL {
        let mut stage = Stage::new(kind);
        stage.pictures(100);
        let steps = stage.room.router.steps(stage.room.now, stage.viewer);
        let layers: Vec<_> = steps.as_slice().iter().map(|(layer, _)| *layer).collect();
        let expected = [layer(0, 0), layer(0, 1), layer(0, 2), layer(1, 2), layer(2, 2)];
        assert_eq!(layers, expected, "{kind:?}");
        let rates: Vec<_> = steps.as_slice().iter().map(|(_, rate)| *rate).collect();
        assert!(rates.is_sorted(), "{rates:?}");
        let sizes = stage.camera.bytes_per_picture(25);
        let all = f64::from(rates[4]) / f64::from(sizes * 25 * 8);
        assert!((0.9..1.1).contains(&all), "{kind:?}: {rates:?} of {sizes} bytes a picture");
        stage.show(SIZES[0].0, SIZES[0].1);
        let steps = stage.room.router.steps(stage.room.now, stage.viewer);
        assert_eq!(steps.as_slice().len(), 3, "{kind:?}: more is not useful");
    }
}

#[test]
fn a_layer_that_the_publisher_stops_is_not_waited_for() {
    for kind in Kind::ALL {
        let mut stage = Stage::new(kind);
        stage.pictures(10);
        stage.camera.top = 1;
        stage.pictures(60);
        assert_eq!(stage.layers(8), layer(1, 2), "{kind:?}");
        let asked = stage.key_frames;
        stage.pictures(60);
        assert_eq!(stage.key_frames, asked, "{kind:?}: for what does not come nobody asks");
        stage.screen.check(&stage.camera);
        stage.camera.top = 2;
        stage.camera.wants_key_frame = true;
        stage.pictures(40);
        assert_eq!(stage.layers(8), layer(2, 2), "{kind:?}");
        stage.screen.check(&stage.camera);
        stage.screen.check_numbers();
    }
}

#[test]
fn the_viewer_is_told_which_of_the_layers_it_is_sent() {
    let told = |stage: &mut Stage| {
        let mut told = Vec::new();
        for _ in 0..20 {
            stage.room.run(40);
            let packets = stage.camera.capture();
            for packet in &packets {
                stage.room.gather(stage.camera.producer, StreamRole::Primary, packet);
            }
            stage.room.forward();
            told.extend(stage.room.events().into_iter().filter_map(|event| match event {
                RouterEvent::ConsumerLayer { layer, .. } => Some(layer),
                _ => None,
            }));
        }
        told
    };
    for kind in Kind::ALL {
        let mut stage = Stage::new(kind);
        assert_eq!(told(&mut stage), [], "{kind:?}: all goes without saying");
        stage.show(SIZES[0].0, SIZES[0].1);
        assert_eq!(told(&mut stage), [Some(layer(0, 2))], "{kind:?}");
    }
}

#[test]
fn what_is_sent_again_ends_its_picture_as_it_did() {
    for kind in Kind::ALL {
        let mut stage = Stage::new(kind);
        stage.pictures(10);
        stage.show(SIZES[1].0, SIZES[1].1);
        stage.pictures(10);
        let sent: Vec<_> = stage.screen.packets.values().cloned().collect();
        for one in sent.iter().rev().take(70) {
            stage.room.pass(1_000);
            stage.room.nack(stage.viewer, &[modular::low16(one.index)]);
            for again in stage.room.sent() {
                assert_eq!(
                    (again.timestamp, again.marker),
                    (one.timestamp, one.marker),
                    "{kind:?}"
                );
                assert_eq!(again.payload[2..], one.payload, "{kind:?}");
            }
        }
    }
}

#[test]
fn a_viewer_is_told_which_targets_it_is_sent_with_each_packet() {
    for kind in [Kind::Av1, Kind::Av1Key] {
        let mut stage = Stage::new(kind);
        stage.pictures(10);
        stage.show(SIZES[1].0, SIZES[1].1);
        stage.pictures(10);
        stage.grant(Some(layer(0, 1)));
        stage.pictures(10);
        // It names what it has; then somebody else has it again.
        let (mut reader, mut seen) = (av1::DependencyReader::default(), BTreeSet::new());
        for sent in stage.screen.packets.values() {
            let found = sent.extensions.iter().find(|(id, _)| *id == 12).unwrap();
            let read = reader.read(&found.1).unwrap();
            let frame = Frame::read(&sent.payload);
            assert_eq!((read.spatial, read.starts_frame), (frame.spatial, !ends(sent)));
            let targets = reader.structure().unwrap().targets();
            let active = |index: &usize| read.active_targets >> index & 1 == 1;
            let named = (0..targets.len()).filter(active).map(|index| &targets[index]);
            let best = named.map(|target| (target.spatial, target.temporal)).max().unwrap();
            assert!(frame.spatial <= best.0, "{frame:?} is of no target of {best:?}");
            seen.insert(best);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(0, 1), (1, 2), (2, 2)], "{kind:?}");
    }
}

fn ends(sent: &Sent) -> bool {
    camera::ends_frame(&sent.payload)
}

/// What may happen to a stream.
#[derive(Debug, Clone)]
enum Happening {
    Pictures(usize),
    Show(usize),
    Grant(Option<(u8, u8)>),
    Lose(usize),
    ComeBack,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (1..9_usize).prop_map(Happening::Pictures),
        (0..3_usize).prop_map(Happening::Show),
        proptest::option::of((0..3_u8, 0..3_u8)).prop_map(Happening::Grant),
        (0..20_usize).prop_map(Happening::Lose),
        Just(Happening::ComeBack),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_wanted_and_whatever_comes_late_all_that_is_sent_can_be_decoded(
        happenings in proptest::collection::vec(happening(), 1..40),
        kind in proptest::sample::select(Kind::ALL.to_vec()),
    ) {
        let mut stage = Stage::new(kind);
        let mut late: Vec<Vec<u8>> = Vec::new();
        stage.pictures(4);
        for happening in happenings {
            match happening {
                Happening::Pictures(count) => stage.pictures(count),
                Happening::Show(size) => stage.show(SIZES[size].0, SIZES[size].1),
                Happening::Grant(granted) => {
                    stage.grant(granted.map(|(spatial, temporal)| layer(spatial, temporal)));
                }
                // It comes late, but it comes: the next picture but one has begun by then.
                Happening::Lose(place) if late.is_empty() => {
                    let mut packets = stage.camera.capture();
                    if place < packets.len() {
                        late.push(packets.remove(place));
                    }
                    stage.room.run(40);
                    stage.deliver(&packets);
                    stage.pictures(2);
                    stage.deliver(&std::mem::take(&mut late));
                }
                Happening::Lose(_) | Happening::ComeBack => {
                    stage.grant(Some(layer(2, 2)));
                    stage.pictures(2);
                }
            }
        }
        stage.screen.check(&stage.camera);
    }
}
