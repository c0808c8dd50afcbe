//! Simulcast of H.264: a viewer changes from layer to layer at key frames, with their parameters.

use proptest::prelude::*;
use shared::media::Viewing;

use super::*;

const SPS: u8 = 0x67;
const PPS: u8 = 0x68;
const IDR: u8 = 0x65;
const SLICE: u8 = 0x41;
const STAP_A: u8 = 0x78;
const FU_A: u8 = 0x7C;

/// How an encoder cuts its key frames into packets.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// Parameters in one packet, the picture in fragments: libwebrtc.
    Fragments,
    /// Each unit in a packet of its own, the picture in two slices: packetization mode 0.
    Slices,
    /// All in one packet.
    Aggregate,
}

const CUTS: [Cut; 3] = [Cut::Fragments, Cut::Slices, Cut::Aggregate];

impl Cut {
    /// The payloads of a frame. Each unit tells its layer in its last byte.
    fn frame(self, is_key: bool, layer: u8) -> Vec<Vec<u8>> {
        let first = |unit: u8| vec![unit, 0x88, layer];
        let later = |unit: u8| vec![unit, 0x42, layer];
        if !is_key {
            return vec![first(SLICE), later(SLICE)];
        }
        let aggregate = |units: &[Vec<u8>]| {
            let unit = |unit: &Vec<u8>| [&[0, unit.len().try_into().unwrap()], &unit[..]].concat();
            [vec![STAP_A], units.iter().flat_map(unit).collect()].concat()
        };
        let parameters = [vec![SPS, 0x42, layer], vec![PPS, 0xCE, layer]];
        let start = vec![FU_A, 0x80 | IDR & 0x1F, 0x88, layer];
        let end = vec![FU_A, 0x40 | IDR & 0x1F, 0x42, layer];
        match self {
            Self::Fragments => vec![aggregate(&parameters), start, end],
            Self::Slices => [&parameters[..], &[first(IDR), later(IDR)]].concat(),
            Self::Aggregate => vec![aggregate(&[&parameters[..], &[first(IDR)]].concat())],
        }
    }
}

/// What a unit is, and of which layer, of every unit that starts in a payload.
fn units(payload: &[u8]) -> Vec<(u8, u8)> {
    let layer = *payload.last().unwrap();
    match payload[0] {
        STAP_A => {
            let (mut found, mut rest) = (Vec::new(), &payload[1..]);
            while let [_, len, body @ ..] = rest {
                let (unit, next) = body.split_at(usize::from(*len));
                found.push((unit[0], *unit.last().unwrap()));
                rest = next;
            }
            found
        }
        FU_A if payload[1] & 0x80 != 0 => vec![(0x60 | payload[1] & 0x1F, layer)],
        FU_A => Vec::new(),
        unit => vec![(unit, layer)],
    }
}

/// Decodes what a viewer is sent; fails where a picture would be torn.
#[derive(Default)]
struct Decoder {
    parameters: Option<u8>,
    picture: Option<u8>,
    last: Option<Sent>,
    layers: Vec<u8>,
}

impl Decoder {
    fn take(&mut self, sent: Sent) {
        if let Some(last) = &self.last {
            assert_eq!(sent.index, last.index + 1, "no hole of our making");
            let step = modular::distance32(last.timestamp, sent.timestamp);
            assert!(step >= 0, "time does not run back");
            assert_eq!(step > 0, last.marker, "a picture is whole before the next");
        }
        for (unit, layer) in units(&sent.payload) {
            match unit {
                SPS => self.parameters = Some(layer),
                IDR => {
                    assert_eq!(self.parameters, Some(layer), "parameters are the picture's own");
                    self.picture = Some(layer);
                }
                SLICE => assert_eq!(self.picture, Some(layer), "a layer begins with a key frame"),
                _ => {}
            }
        }
        if sent.marker {
            self.layers.push(*sent.payload.last().unwrap());
        }
        self.last = Some(sent);
    }
}

struct Stage {
    room: Room,
    cut: Cut,
    producer: ProducerKey,
    viewer: ConsumerKey,
    sequences: [u16; 3],
    wanted: [bool; 3],
    frame: u32,
    decoder: Decoder,
}

impl Stage {
    fn new(cut: Cut) -> Self {
        let mut room = Room::new();
        let producer = room.simulcast(Codec::H264, 3);
        let viewer = room.consumer(producer, 2);
        let (sequences, wanted) = ([65_530, 7, 30_000], [true; 3]);
        let decoder = Decoder::default();
        Self { room, cut, producer, viewer, sequences, wanted, frame: 0, decoder }
    }

    /// Sends the next frame of each layer; before packet `at` of it, the viewer shows `width`.
    fn frame(&mut self, change: Option<(usize, u16)>) {
        self.room.run(40);
        self.frame += 1;
        let mut place = 0;
        for layer in 0..3_u8 {
            let index = usize::from(layer);
            let payloads = self.cut.frame(std::mem::take(&mut self.wanted[index]), layer);
            for (part, payload) in payloads.iter().enumerate() {
                if let Some((_, width)) = change.filter(|(at, _)| *at == place) {
                    self.show(width);
                }
                place += 1;
                let sequence = self.sequences[index];
                self.sequences[index] = sequence.wrapping_add(1);
                let timestamp = self.frame * 3600;
                let marker = part + 1 == payloads.len();
                let fields = RtpFields { sequence, timestamp, marker, ..fields() };
                let packet = packet_with(fields, &[], payload);
                self.room.gather_layer(self.producer, (StreamRole::Primary, layer), &packet);
                self.room.forward();
            }
        }
        for event in self.room.events() {
            if let RouterEvent::KeyFrame { layer, .. } = event {
                self.wanted[usize::from(layer)] = true;
            }
        }
        for sent in self.room.sent() {
            self.decoder.take(sent);
        }
    }

    fn show(&mut self, width: u16) {
        let viewing = Viewing { width, height: width / 16 * 9, ..Viewing::default() };
        self.room.router.set_viewing(self.room.now, self.viewer, viewing).unwrap();
    }
}

#[test]
fn a_viewer_changes_at_a_key_frame_however_it_is_cut() {
    for cut in CUTS {
        let mut stage = Stage::new(cut);
        for (width, layer) in [(1280, 2), (200, 0), (600, 1), (1280, 2), (200, 0)] {
            stage.show(width);
            (0..20).for_each(|_| stage.frame(None));
            assert_eq!(stage.decoder.layers.last(), Some(&layer), "{cut:?}");
        }
        let shown = stage.decoder.layers.len();
        assert!((100..=104).contains(&shown), "{cut:?}: {shown} of 100 pictures");
    }
}

#[test]
fn a_stream_without_parameters_begins_with_the_picture() {
    let mut room = Room::new();
    let producer = room.producer(Codec::H264);
    room.consumer(producer, 2);
    room.rtp(producer, &packet(1, 0, &[IDR, 0x42, 0]));
    assert_eq!(room.sent().len(), 0, "not with a later slice");
    room.rtp(producer, &packet(2, 3600, &[IDR, 0x88, 0]));
    assert_eq!(room.sent().len(), 1);
}

proptest! {
    #[test]
    fn whenever_a_tile_changes_no_picture_is_torn(
        changes in proptest::collection::vec(
            (1..5_u32, 0..12_usize, proptest::sample::select(vec![200_u16, 600, 1280])),
            1..20,
        ),
        cut in proptest::sample::select(CUTS.to_vec()),
    ) {
        let mut stage = Stage::new(cut);
        for (frames, at, width) in changes {
            stage.frame(Some((at, width)));
            (1..frames).for_each(|_| stage.frame(None));
        }
    }
}
