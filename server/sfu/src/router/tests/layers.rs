//! Simulcast: which layer a viewer is sent, and that a decoder never notices a change.

use shared::media::{Layer, Viewing};

use super::*;

/// The sizes of the layers, the smallest first.
const SIZES: [(u16, u16); 3] = [(320, 180), (640, 360), (1280, 720)];

/// A camera of three layers in one time: 25 frames a second of three temporal layers (0 2 1 2), two
/// packets each.
struct Camera {
    producer: ProducerKey,
    frame: u32,
    layers: [Encoder; 3],
}

struct Encoder {
    sequence: u16,
    picture: u16,
    base_index: u8,
    wants_key_frame: bool,
    is_on: bool,
    /// Where its timeline begins.
    origin: u32,
}

const TEMPORAL: [u8; 4] = [0, 2, 1, 2];

impl Camera {
    fn new(room: &mut Room) -> Self {
        let encoder = |sequence, picture, base_index, origin| Encoder {
            sequence,
            picture,
            base_index,
            wants_key_frame: true,
            is_on: true,
            origin,
        };
        Self {
            producer: room.simulcast(Codec::Vp8, 3),
            frame: 0,
            layers: [
                encoder(65_500, 0x7FF0, 250, 0xFFFF_0000),
                encoder(7, 3, 9, 123_456),
                encoder(30_000, 0x3000, 100, 0x8000_0000),
            ],
        }
    }

    /// Sends the next frame of every layer, after 40 ms; answers requests for key frames.
    fn capture(&mut self, room: &mut Room) -> Vec<RouterEvent> {
        self.report_clocks(room);
        room.run(40);
        for index in 0..self.layers.len() {
            for packet in self.encode(index) {
                let layer = u8::try_from(index).unwrap();
                room.gather_layer(self.producer, (StreamRole::Primary, layer), &packet);
            }
        }
        self.frame += 1;
        room.forward();
        let events = room.events();
        for event in &events {
            if let RouterEvent::KeyFrame { layer, .. } = event {
                self.layers[usize::from(*layer)].wants_key_frame = true;
            }
        }
        events
    }

    fn report_clocks(&self, room: &mut Room) {
        for (encoder, layer) in self.layers.iter().zip(0..) {
            let since = self.frame * 3600;
            let clock = SenderClock {
                ntp: modular::ntp_duration(Duration::from_millis(u64::from(self.frame) * 40)),
                rtp_timestamp: encoder.origin.wrapping_add(since),
            };
            room.router.handle_sender_report(room.now, (self.producer, layer), clock);
        }
    }

    fn encode(&mut self, index: usize) -> Vec<Vec<u8>> {
        let encoder = &mut self.layers[index];
        if !encoder.is_on {
            return Vec::new();
        }
        let is_key = std::mem::take(&mut encoder.wants_key_frame);
        let place = self.frame as usize % TEMPORAL.len();
        let temporal = if is_key { 0 } else { TEMPORAL[place] };
        encoder.picture = (encoder.picture + 1) & 0x7FFF;
        if temporal == 0 {
            encoder.base_index = encoder.base_index.wrapping_add(1);
        }
        let timestamp = encoder.origin.wrapping_add(self.frame * 3600);
        let packets = [true, false].map(|first| {
            let [high, low] = (encoder.picture | 0x8000).to_be_bytes();
            let start = if first { 0x90 } else { 0x80 };
            // The first frame of a layer after one below it depends on the lowest alone.
            let sync = if place < 3 { 0x20 } else { 0 };
            let mut payload = vec![start, 0xE0, high, low, encoder.base_index];
            payload.push(temporal << 6 | sync);
            payload.push(u8::from(!is_key));
            payload.extend([0, 0, 0x9D, 0x01, 0x2A]);
            let (width, height) = SIZES[index];
            payload.extend(width.to_le_bytes());
            payload.extend(height.to_le_bytes());
            payload.resize(payload.len() + (20 << (2 * index)), u8::try_from(index).unwrap());
            let sequence = encoder.sequence;
            encoder.sequence = sequence.wrapping_add(1);
            packet_with(
                RtpFields { sequence, timestamp, marker: !first, ..fields() },
                &[],
                &payload,
            )
        });
        packets.to_vec()
    }
}

/// What a viewer decodes: fails where a real decoder would freeze or tear.
#[derive(Default)]
struct Decoder {
    last: Option<Seen>,
    frames: Vec<Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    index: u64,
    timestamp: u32,
    picture: u16,
    base_index: u8,
    temporal: u8,
    is_key: bool,
    /// The layer it was encoded as.
    layer: u8,
    starts: bool,
    marker: bool,
}

impl Decoder {
    fn take(&mut self, packets: Vec<Sent>) {
        for sent in packets {
            let descriptor = vp8::Vp8Descriptor::parse(&sent.payload).unwrap();
            let seen = Seen {
                index: sent.index,
                timestamp: sent.timestamp,
                picture: descriptor.picture_id.unwrap().number(),
                base_index: descriptor.base_layer_index.unwrap(),
                temporal: descriptor.temporal.unwrap().id,
                is_key: vp8::starts_key_frame(&sent.payload),
                layer: *sent.payload.last().unwrap(),
                starts: descriptor.partition_start,
                marker: sent.marker,
            };
            match self.last {
                Some(last) => Self::check(last, seen),
                None => assert!(seen.is_key, "a decoder starts with a key frame"),
            }
            self.last = Some(seen);
            if seen.starts {
                self.frames.push(seen);
            }
        }
    }

    fn check(last: Seen, seen: Seen) {
        assert_eq!(seen.index, last.index + 1, "no gap of ours: {last:?} {seen:?}");
        if !seen.starts {
            let frame = |one: Seen| (one.timestamp, one.picture, one.base_index, one.layer);
            assert_eq!(frame(seen), frame(last), "a frame is of one piece");
            return;
        }
        assert!(last.marker, "a frame is whole before the next: {last:?} {seen:?}");
        let step = modular::distance32(last.timestamp, seen.timestamp);
        assert!(step > 0, "time moves on: {last:?} {seen:?}");
        assert_eq!(seen.picture, (last.picture + 1) & 0x7FFF, "{last:?} {seen:?}");
        let base = last.base_index.wrapping_add(u8::from(seen.temporal == 0));
        assert_eq!(seen.base_index, base, "{last:?} {seen:?}");
        assert!(seen.layer == last.layer || seen.is_key, "a layer begins with a key frame");
    }

    fn layer(&self) -> u8 {
        self.frames.last().unwrap().layer
    }
}

struct Stage {
    room: Room,
    camera: Camera,
    viewer: ConsumerKey,
    decoder: Decoder,
    events: Vec<RouterEvent>,
}

impl Stage {
    fn new() -> Self {
        let mut room = Room::new();
        let camera = Camera::new(&mut room);
        let viewer = room.consumer(camera.producer, 2);
        room.events();
        let events = Vec::new();
        Self { room, camera, viewer, decoder: Decoder::default(), events }
    }

    fn frames(&mut self, count: usize) {
        for _ in 0..count {
            self.events.extend(self.camera.capture(&mut self.room));
            let sent = self.room.sent();
            self.decoder.take(sent);
        }
    }

    fn show(&mut self, width: u16, height: u16) {
        let viewing = Viewing { width, height, ..Viewing::default() };
        self.room.router.set_viewing(self.room.now, self.viewer, viewing).unwrap();
    }

    fn told_layers(&mut self) -> Vec<Option<Layer>> {
        let layers = self.events.iter().filter_map(|event| match event {
            RouterEvent::ConsumerLayer { layer, .. } => Some(*layer),
            _ => None,
        });
        layers.collect()
    }

    fn told_publisher(&mut self) -> Vec<u8> {
        let layers = self.events.iter().filter_map(|event| match event {
            RouterEvent::LayersWanted { layers, .. } => Some(*layers),
            _ => None,
        });
        layers.collect()
    }
}

#[test]
fn a_tile_that_changes_its_size_changes_the_layer_at_a_key_frame() {
    let mut stage = Stage::new();
    stage.frames(10);
    assert_eq!(stage.decoder.layer(), 2);
    for (size, layer) in [((200, 112), 0), ((600, 340), 1), ((1600, 900), 2), ((200, 112), 0)] {
        stage.show(size.0, size.1);
        let before = stage.decoder.frames.len();
        // One for the request, one for the key frame: the layer before goes on until then.
        stage.frames(20);
        assert_eq!(stage.decoder.layer(), layer, "{size:?}");
        // Of the instant at which it changes there may be two.
        let frames = stage.decoder.frames.len() - before;
        assert!((20..=21).contains(&frames), "no frame is missed: {frames}");
    }
    // The time between frames is what it was at the camera, over all changes: 40 ms, but for the
    // frame of the same instant, which comes just after.
    let timestamps: Vec<_> = stage.decoder.frames.iter().map(|frame| frame.timestamp).collect();
    for pair in timestamps.windows(2) {
        let step = pair[1].wrapping_sub(pair[0]);
        assert!(step == 1 || (3595..=3600).contains(&step), "{step}");
    }
    let first_to_last = timestamps[timestamps.len() - 1].wrapping_sub(timestamps[0]);
    let captured = (stage.camera.frame - 1) * 3600;
    assert!(captured - first_to_last <= 3600, "{first_to_last} of {captured}");
}

#[test]
fn nothing_is_sent_for_a_hidden_tile_and_the_publisher_may_rest() {
    let mut stage = Stage::new();
    stage.frames(10);
    stage.show(0, 0);
    stage.decoder.last = None;
    let before = stage.decoder.frames.len();
    stage.frames(100);
    assert_eq!(stage.decoder.frames.len(), before);
    assert_eq!(stage.told_layers().last(), Some(&None));
    assert_eq!(stage.told_publisher(), [0]);
    stage.show(1280, 720);
    stage.frames(15);
    assert_eq!(stage.decoder.layer(), 2);
    assert_eq!(stage.told_publisher().last(), Some(&0b100));
    assert_eq!(stage.told_layers().last(), Some(&Some(Layer { spatial: 2, temporal: 2 })));
}

#[test]
fn the_publisher_is_told_what_anybody_wants_up_at_once_and_down_after_a_while() {
    let mut stage = Stage::new();
    let other = stage.room.consumer(stage.camera.producer, 3);
    let viewing = Viewing { width: 100, height: 100, ..Viewing::default() };
    stage.room.router.set_viewing(stage.room.now, other, viewing).unwrap();
    stage.camera.capture(&mut stage.room);
    stage.room.sent();
    let told = |stage: &mut Stage, frames: usize| {
        let events: Vec<_> =
            (0..frames).flat_map(|_| stage.camera.capture(&mut stage.room)).collect();
        stage.room.sent();
        stage.events = events;
        stage.told_publisher()
    };
    assert_eq!(told(&mut stage, 80), [0b101]);
    stage.show(600, 300);
    assert_eq!(told(&mut stage, 30), [0b111], "at once, and the former not yet off");
    assert_eq!(told(&mut stage, 60), [0b011]);
    stage.room.router.remove_consumer(other).unwrap();
    assert_eq!(told(&mut stage, 90), [0b010]);
}

#[test]
fn a_layer_that_its_publisher_stops_is_replaced_and_comes_back() {
    let mut stage = Stage::new();
    stage.frames(10);
    stage.camera.layers[2].is_on = false;
    stage.frames(60);
    assert_eq!(stage.decoder.layer(), 1);
    stage.camera.layers[2].is_on = true;
    stage.camera.layers[2].wants_key_frame = true;
    stage.frames(2);
    assert_eq!(stage.decoder.layer(), 2, "at its first key frame");
}

#[test]
fn a_link_that_carries_less_gets_fewer_frames_then_smaller_ones_then_none() {
    let mut stage = Stage::new();
    stage.frames(20);
    let layer = |spatial, temporal| Layer { spatial, temporal };
    let steps = stage.room.router.steps(stage.room.now, stage.viewer);
    let layers: Vec<_> = steps.as_slice().iter().map(|(layer, _)| *layer).collect();
    let expected = [layer(0, 0), layer(0, 1), layer(0, 2), layer(1, 2), layer(2, 2)];
    assert_eq!(layers, expected, "a smaller picture rather than one that moves less");
    let set = |stage: &mut Stage, target| {
        stage.room.router.set_target(stage.room.now, stage.viewer, target).unwrap();
    };
    set(&mut stage, Some(layer(2, 0)));
    let before = stage.decoder.frames.len();
    stage.frames(40);
    assert_eq!(stage.decoder.frames.len() - before, 10, "one frame in four is of the lowest");
    set(&mut stage, Some(layer(2, 1)));
    let before = stage.decoder.frames.len();
    stage.frames(40);
    assert_eq!(stage.decoder.frames.len() - before, 20);
    set(&mut stage, Some(layer(0, 2)));
    stage.frames(10);
    assert_eq!(stage.decoder.layer(), 0);
    set(&mut stage, None);
    let before = stage.decoder.frames.len();
    stage.frames(20);
    assert_eq!(stage.decoder.frames.len(), before);
    assert_eq!(stage.told_layers().last(), Some(&None));
    set(&mut stage, Some(layer(1, 2)));
    stage.frames(20);
    assert_eq!(stage.decoder.layer(), 1);
}

#[test]
fn what_is_asked_for_again_is_what_was_sent_whatever_layer_it_was_of() {
    let mut stage = Stage::new();
    stage.camera.capture(&mut stage.room);
    let mut sent = stage.room.sent();
    stage.show(200, 112);
    for _ in 0..10 {
        stage.camera.capture(&mut stage.room);
    }
    sent.extend(stage.room.sent());
    assert!(sent.iter().any(|one| one.payload.ends_with(&[0])), "the layer has changed");
    assert!(sent.iter().any(|one| one.payload.ends_with(&[2])));
    for original in &sent {
        let number = modular::low16(original.index);
        stage.room.nack(stage.viewer, &[number]);
        let [resent] = &stage.room.sent()[..] else { panic!("{number} was not resent") };
        assert_eq!(resent.payload[..2], number.to_be_bytes());
        assert_eq!(resent.payload[2..], original.payload);
        assert_eq!(resent.timestamp, original.timestamp);
        stage.room.pass(1);
    }
}

#[test]
fn layers_nobody_watches_are_not_repaired_and_key_frames_are_asked_of_the_one_that_is() {
    let mut stage = Stage::new();
    stage.show(200, 112);
    stage.frames(10);
    stage.events.clear();
    // A hole in each layer.
    for encoder in &mut stage.camera.layers {
        encoder.sequence = encoder.sequence.wrapping_add(3);
    }
    stage.decoder.last = None;
    let mut nacked = Vec::new();
    for _ in 0..3 {
        for event in stage.camera.capture(&mut stage.room) {
            if let RouterEvent::Nack { layer, .. } = event {
                nacked.push(layer);
            }
        }
    }
    assert_eq!(nacked, [0]);
    stage.room.run(2000);
    stage.room.events();
    stage.room.router.handle_key_frame_request(stage.room.now, stage.viewer);
    let events = stage.room.events();
    assert!(
        matches!(events[..], [RouterEvent::KeyFrame { layer: 0, .. }]),
        "of the layer that is sent: {events:?}"
    );
}
