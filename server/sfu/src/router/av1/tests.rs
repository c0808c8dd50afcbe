use proptest::prelude::*;

use super::*;

/// Writes bit fields as the specification lists them.
#[derive(Default, Clone)]
struct BitWriter(Vec<bool>);

impl BitWriter {
    fn f(mut self, count: u32, value: u32) -> Self {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    fn all(self, count: u32, values: &[u32]) -> Self {
        values.iter().fold(self, |bits, value| bits.f(count, *value))
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| (0..).zip(bits).map(|(n, bit)| u8::from(*bit) << (7 - n)).sum();
        self.0.chunks(8).map(byte).collect()
    }
}

const NOT: u32 = 0;
const DISCARDABLE: u32 = 1;
const SWITCH: u32 = 2;
const REQUIRED: u32 = 3;

/// The mandatory fields of the first and only packet of a frame.
fn mandatory(template: u32, frame_number: u32) -> BitWriter {
    BitWriter::default().f(2, 0b11).f(6, template).f(16, frame_number)
}

/// One spatial and two temporal layers: a key frame, a frame of the base, one of the enhancement.
fn two_temporal_layers(offset: u32) -> BitWriter {
    mandatory(offset, 7)
        .f(5, 0b10000)
        .f(6, offset)
        .f(5, 1)
        .all(2, &[0, 1, 3])
        .all(2, &[SWITCH, SWITCH])
        .all(2, &[SWITCH, SWITCH])
        .all(2, &[NOT, DISCARDABLE])
        // The references of the three templates: none, two frames back, one frame back.
        .f(1, 0)
        .f(1, 1)
        .f(4, 1)
        .f(1, 0)
        .f(1, 1)
        .f(4, 0)
        .f(1, 0)
        // ns(3) = 1: one chain, which protects both targets.
        .f(2, 0b10)
        .all(4, &[0, 2, 1])
        .f(1, 1)
        .all(16, &[1279, 719])
}

/// Two spatial layers without chains and sizes: a picture of each, of a key frame or not.
fn two_spatial_layers() -> BitWriter {
    mandatory(0, 0)
        .f(5, 0b10000)
        .f(6, 0)
        .f(5, 1)
        .all(2, &[0, 2, 0, 3])
        .all(2, &[SWITCH, SWITCH, REQUIRED, REQUIRED, NOT, SWITCH, NOT, REQUIRED])
        .all(1, &[0, 0, 0, 0])
        .f(1, 0)
        .f(1, 0)
}

#[test]
fn the_aggregation_header_is_read() {
    let header = AggregationHeader::parse(&[0b1110_1000, 1]).unwrap();
    assert!(header.continues && header.continued && header.new_sequence);
    assert_eq!(header.elements, Some(2));
    assert_eq!(AggregationHeader::parse(&[0]).unwrap().elements, None);
    assert_eq!(AggregationHeader::parse(&[]), None);
    assert!(starts_key_frame(&[0x18]));
    assert!(!starts_key_frame(&[0x98]), "continues an OBU");
    assert!(!starts_key_frame(&[0x10]), "of a sequence that began before");
}

#[test]
fn a_structure_is_kept_for_the_packets_after_it() {
    let mut reader = DependencyReader::default();
    assert_eq!(reader.read(&mandatory(5, 6).bytes()), None, "no structure yet");
    let first = reader.read(&two_temporal_layers(5).bytes()).unwrap();
    assert!(first.has_structure && first.starts_frame && first.ends_frame);
    assert_eq!((first.frame_number, first.spatial, first.temporal), (7, 0, 0));
    assert_eq!(first.active_targets, 0b11);
    let structure = reader.structure().unwrap();
    let target = |temporal| DecodeTarget { spatial: 0, temporal, chain: Some(0) };
    assert_eq!(structure.targets(), [target(0), target(1)]);
    assert_eq!(structure.resolutions(), [Resolution { width: 1280, height: 720 }]);

    let enhancement = reader.read(&mandatory(7, 8).bytes()).unwrap();
    assert_eq!((enhancement.temporal, enhancement.has_structure), (1, false));
    assert_eq!(enhancement.indication(0), Indication::NotPresent);
    assert_eq!(enhancement.indication(1), Indication::Discardable);
    assert_eq!(enhancement.chain_distance(0), Some(1));
    let base = reader.read(&mandatory(6, 9).bytes()).unwrap();
    assert_eq!((base.indication(0), base.chain_distance(0)), (Indication::Switch, Some(2)));
    assert_eq!(reader.read(&mandatory(8, 10).bytes()), None, "a template that is not there");
    assert_eq!(reader.read(&mandatory(4, 10).bytes()), None, "nor this one");
}

#[test]
fn template_ids_wrap_around() {
    let mut reader = DependencyReader::default();
    reader.read(&two_temporal_layers(62).bytes()).unwrap();
    assert_eq!(reader.read(&mandatory(0, 8).bytes()).unwrap().temporal, 1);
    assert_eq!(reader.read(&mandatory(1, 8).bytes()), None);
}

#[test]
fn targets_have_the_layers_of_what_is_present_in_them() {
    let mut reader = DependencyReader::default();
    let first = reader.read(&two_spatial_layers().bytes()).unwrap();
    assert_eq!(first.indication(1), Indication::Switch);
    assert_eq!(first.chain_distance(0), None);
    let structure = reader.structure().unwrap();
    let target = |spatial| DecodeTarget { spatial, temporal: 0, chain: None };
    assert_eq!(structure.targets(), [target(0), target(1)]);
    assert_eq!((structure.spatial_layers(), structure.resolutions().len()), (2, 0));
    assert_eq!(structure.target_for(3, 3, 0b11), Some(1));
    assert_eq!(structure.target_for(3, 3, 0b01), Some(0), "the upper one is not active");
    assert_eq!(structure.target_for(0, 0, 0b11), Some(0));
    assert_eq!(structure.target_for(0, 0, 0b10), None);
    let upper = reader.read(&mandatory(3, 1).bytes()).unwrap();
    assert_eq!((upper.spatial, upper.indication(0)), (1, Indication::NotPresent));
}

#[test]
fn a_frame_may_differ_from_its_template() {
    let mut reader = DependencyReader::default();
    reader.read(&two_temporal_layers(0).bytes()).unwrap();
    let custom = mandatory(1, 9)
        .f(5, 0b01111)
        .f(2, 0b01)
        .all(2, &[REQUIRED, DISCARDABLE])
        // References of 4, 8 and 12 bits.
        .f(2, 1)
        .f(4, 15)
        .f(2, 2)
        .f(8, 200)
        .f(2, 3)
        .f(12, 4000)
        .f(2, 0)
        .f(8, 250);
    let frame = reader.read(&custom.bytes()).unwrap();
    assert_eq!(frame.active_targets, 0b01);
    assert_eq!(frame.indication(0), Indication::Required);
    assert_eq!(frame.indication(1), Indication::Discardable);
    assert_eq!(frame.chain_distance(0), Some(250));
    let next = reader.read(&mandatory(1, 10).bytes()).unwrap();
    assert_eq!(next.active_targets, 0b01, "as long as nothing else is said");
}

#[test]
fn a_malformed_descriptor_leaves_what_was_known() {
    let mut reader = DependencyReader::default();
    reader.read(&two_temporal_layers(0).bytes()).unwrap();
    let before = reader.structure().cloned();
    let other = two_spatial_layers().bytes();
    for len in 4..other.len() - 1 {
        assert_eq!(reader.read(&other[..len]), None, "{len}");
    }
    assert_eq!(reader.structure().cloned(), before);
    assert_eq!(reader.read(&[0xC0, 0]), None);
}

#[test]
fn structures_have_bounds() {
    let head = || mandatory(0, 0).f(5, 0b10000).f(6, 0).f(5, 0);
    let rest = |bits: BitWriter| bits.all(8, &[0; 60]).bytes();
    let mut reader = DependencyReader::default();
    let most = head().all(2, &[0; 63]).f(2, 3);
    assert!(reader.read(&rest(most)).is_some());
    let too_many = head().all(2, &[0; 64]).f(2, 3);
    assert_eq!(reader.read(&rest(too_many)), None);
    let too_high = head().all(2, &[2; 4]).f(2, 3);
    assert_eq!(reader.read(&rest(too_high)), None, "a fifth spatial layer");
    let too_often = head().all(2, &[1; 8]).f(2, 3);
    assert_eq!(reader.read(&rest(too_often)), None, "a ninth temporal layer");
}

#[test]
fn all_targets_and_chains_there_can_be_are_kept_apart() {
    let chains: Vec<u32> = (0..32).map(|chain| chain % 16).collect();
    let bits = mandatory(0, 0)
        .f(5, 0b10000)
        .f(6, 0)
        .f(5, 31)
        .f(2, 3)
        .all(2, &[REQUIRED; 32])
        .f(1, 0)
        // ns(33) = 32, and every target is protected by chain 31 of 32.
        .f(6, 63)
        .all(5, &[31; 32])
        .all(4, &chains)
        .f(1, 0);
    let mut reader = DependencyReader::default();
    let frame = reader.read(&bits.bytes()).unwrap();
    assert_eq!(frame.active_targets, u32::MAX);
    assert_eq!(frame.indication(31), Indication::Required);
    assert_eq!(frame.indication(32), Indication::NotPresent);
    assert_eq!((frame.chain_distance(31), frame.chain_distance(32)), (Some(15), None));
    assert_eq!(reader.structure().unwrap().targets()[31].chain, Some(31));
}

#[test]
fn non_symmetric_numbers_are_as_short_as_they_can_be() {
    // The specification's code for n = 5: 0, 1 and 2 in two bits, 3 and 4 in three.
    for (value, count, code) in [(0, 2, 0b00), (1, 2, 0b01), (2, 2, 0b10), (3, 3, 0b110), (4, 3, 7)]
    {
        let bytes = BitWriter::default().f(count, code).bytes();
        assert_eq!(BitReader::new(&bytes).non_symmetric(5), Some(value));
    }
    assert_eq!(BitReader::new(&[]).non_symmetric(1), Some(0));
}

/// What Chromium sends of AV1 in L3T3: the first packet of the first picture, whose bit rate allows
/// two of the three spatial layers; the second; and the first that has them all.
const CHROMIUM_KEY: &str = "c10001c0081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a800060000\
        40001d954926e082b04a0941b820ac1282503157f974000ca864330e222222eca8655304224230ec\
        a8775300ef008601df010d03bf021b1f80";
const CHROMIUM_SMALLER: &str = "c60002";
const CHROMIUM_ALL: &str = "c000095ffd70201c1c";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn what_a_browser_sends_is_read() {
    let mut reader = DependencyReader::default();
    let key = reader.read(&hex(CHROMIUM_KEY)).unwrap();
    assert_eq!((key.spatial, key.temporal, key.frame_number), (0, 0, 1));
    assert_eq!(key.active_targets, 0b11_1111, "those of two spatial layers");
    let structure = reader.structure().unwrap().clone();
    let layers: Vec<_> = structure.targets().iter().map(|it| (it.spatial, it.temporal)).collect();
    let expected: Vec<_> = (0..3).flat_map(|s| (0..3).map(move |t| (s, t))).collect();
    assert_eq!(layers, expected);
    let widths: Vec<_> = structure.resolutions().iter().map(|size| size.width).collect();
    assert_eq!(widths, [240, 480, 960]);
    assert!((0..9).all(|target| key.indication(target) == Indication::Switch));
    let upper = reader.read(&hex(CHROMIUM_SMALLER)).unwrap();
    assert_eq!((upper.spatial, upper.indication(0)), (1, Indication::NotPresent));
    let all = reader.read(&hex(CHROMIUM_ALL)).unwrap();
    assert_eq!((all.spatial, all.temporal, all.active_targets), (0, 0, 0x1FF));
    let indications = [0, 3, 6].map(|target| all.indication(target));
    assert_eq!(indications, [Indication::Switch, Indication::Required, Indication::Required]);
}

#[test]
fn a_descriptor_that_names_its_targets_says_the_same_beside() {
    let (mut reader, mut viewer) = (DependencyReader::default(), DependencyReader::default());
    for text in [CHROMIUM_KEY, CHROMIUM_SMALLER, CHROMIUM_ALL] {
        let data = hex(text);
        let read = reader.read(&data).unwrap();
        let named = reader.name_targets(&data, read.active_targets).unwrap();
        let again = viewer.read(named.as_slice()).unwrap();
        assert_eq!(again, read, "{text}");
        assert_eq!(viewer.structure(), reader.structure());
        assert!(named.as_slice().len() <= data.len() + 2);
        // Targets 0 and 1 are the smallest layer's with one and two temporal layers.
        let mut fewer = named.as_slice().to_vec();
        named.field.keep(0b11, &mut fewer);
        let fewer = viewer.read(&fewer).unwrap();
        assert_eq!(fewer, FrameDependencies { active_targets: 0b11, ..read });
        viewer.read(named.as_slice()).unwrap();
    }
    assert_eq!(reader.structure().unwrap().targets_up_to(0, 1), 0b11);
    assert_eq!(reader.structure().unwrap().targets_up_to(1, 255), 0b11_1111);
    let mut one = DependencyReader::default();
    let only = mandatory(0, 0).f(5, 0b10000).f(6, 0).f(5, 0).f(2, 3).f(2, SWITCH).f(8, 0).bytes();
    let read = one.read(&only).unwrap();
    assert!(one.name_targets(&only, read.active_targets).is_none(), "the only one");
}

proptest! {
    #[test]
    fn no_descriptors_make_the_reader_panic(
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..8),
        structure in any::<bool>(),
    ) {
        let mut reader = DependencyReader::default();
        if structure {
            reader.read(&two_temporal_layers(3).bytes());
        }
        for packet in packets {
            if let Some(frame) = reader.read(&packet) {
                if let Some(named) = reader.name_targets(&packet, frame.active_targets) {
                    prop_assert_eq!(reader.read_overtaken(named.as_slice()), Some(frame));
                }
                let structure = reader.structure().expect("a frame needs one");
                prop_assert!(usize::from(frame.spatial) < structure.spatial_layers());
                prop_assert!(structure.targets().len() <= MAX_TARGETS);
                prop_assert_eq!(frame.active_targets & !structure.all_targets(), 0);
            }
        }
    }

    #[test]
    fn no_structure_makes_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..250)) {
        let mut packet = vec![0xC0, 0, 0, 0x80];
        packet.extend(body);
        DependencyReader::default().read(&packet);
    }
}
