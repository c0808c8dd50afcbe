use proptest::prelude::*;

use super::*;

#[test]
fn the_shortest_descriptor_is_one_byte() {
    let descriptor = Vp9Descriptor::parse(&[0x0C, 0x82]).unwrap();
    assert!(descriptor.starts_frame && descriptor.ends_frame && !descriptor.predicted);
    assert_eq!((descriptor.layer, descriptor.picture_id, descriptor.len), (None, None, 1));
}

#[test]
fn non_flexible_mode_counts_pictures_of_the_lowest_temporal_layer() {
    // I, P, L, B; 15-bit picture id 0x1234; TID 2, U, SID 1, D; TL0PICIDX 9.
    let descriptor = Vp9Descriptor::parse(&[0xE8, 0x92, 0x34, 0x53, 9, 0xFF]).unwrap();
    assert_eq!(descriptor.picture_id, Some(PictureId::Long(0x1234)));
    let layer = Vp9Layer { temporal: 2, spatial: 1, switch_up: true, depends_on_lower: true };
    assert_eq!(descriptor.layer, Some(layer));
    assert_eq!(descriptor.base_layer_index, Some(9));
    assert!(descriptor.predicted && descriptor.starts_frame && !descriptor.ends_frame);
    assert_eq!(descriptor.len, 5);
    assert!(!descriptor.starts_key_frame());
}

#[test]
fn flexible_mode_names_up_to_three_references() {
    // I, P, L, F, E, Z; 7-bit picture id 5; TID 1, SID 0; P_DIFFs 1, 2, 127.
    let payload = [0xF5, 0x05, 0x20, 0x03, 0x05, 0xFE, 0xAA];
    let descriptor = Vp9Descriptor::parse(&payload).unwrap();
    assert_eq!(descriptor.picture_id, Some(PictureId::Short(5)));
    assert_eq!(descriptor.base_layer_index, None);
    assert_eq!(descriptor.references.as_slice(), [1, 2, 127]);
    assert!(descriptor.is_no_reference && descriptor.ends_frame);
    assert_eq!(descriptor.len, 6);
    assert_eq!(Vp9Descriptor::parse(&[0xF5, 5, 0x20, 3, 5, 7, 9, 0xAA]), None, "a fourth one");
}

#[test]
fn a_structure_tells_the_layers_and_their_sizes() {
    // L, F, B, V; layer 0; N_S 2, Y, G; three sizes; N_G 2: one reference, two references.
    let mut payload = vec![0x3A, 0x00, 0x58];
    for size in [320u16, 180, 640, 360, 1280, 720] {
        payload.extend(size.to_be_bytes());
    }
    payload.extend([2, 0x04, 1, 0x38, 1, 2, 0xAB]);
    let descriptor = Vp9Descriptor::parse(&payload).unwrap();
    let structure = descriptor.structure.unwrap();
    assert_eq!(structure.spatial_layers(), 3);
    let widths: Vec<_> = structure.resolutions().iter().map(|one| one.width).collect();
    assert_eq!(widths, [320, 640, 1280]);
    assert_eq!(structure.resolutions()[2].height, 720);
    assert_eq!(descriptor.len, payload.len() - 1);
    assert!(descriptor.starts_key_frame());
}

#[test]
fn a_structure_may_leave_the_sizes_out() {
    let descriptor = Vp9Descriptor::parse(&[0x0A, 0xE0, 0xAB]).unwrap();
    let structure = descriptor.structure.unwrap();
    assert_eq!((structure.spatial_layers(), structure.resolutions().len()), (8, 0));
    assert_eq!(descriptor.len, 2);
}

#[test]
fn a_descriptor_that_is_cut_off_is_none() {
    let mut payload = vec![0xFA, 0x92, 0x34, 0x00, 0x02, 0x38];
    for size in [320u16, 180, 640, 360] {
        payload.extend(size.to_be_bytes());
    }
    payload.extend([1, 0x08, 1, 2]);
    assert!(Vp9Descriptor::parse(&payload).is_some());
    for len in 0..payload.len() {
        assert_eq!(Vp9Descriptor::parse(&payload[..len]), None, "{len}");
    }
}

#[test]
fn only_the_start_of_an_unpredicted_frame_in_the_lowest_layer_starts_a_key_frame() {
    assert!(starts_key_frame(&[0x08]));
    assert!(starts_key_frame(&[0xA8, 0x92, 0x34, 0x00, 0]));
    assert!(starts_key_frame(&[0xA8, 0x12, 0xC0, 0]), "any temporal layer");
    assert!(!starts_key_frame(&[0xA8, 0x12, 0x02, 0]), "spatial layer 1");
    assert!(!starts_key_frame(&[0x48]), "predicted");
    assert!(!starts_key_frame(&[0x00]), "not the beginning");
    assert!(!starts_key_frame(&[0xA8, 0x92, 0x34, 0x00]), "cut off");
}

/// What Chromium sends of VP9 in L3T3: the first packet of a key picture, of its second layer, and of
/// the last layer of the picture after it.
#[test]
fn what_a_browser_sends_is_read() {
    let read = |payload: &[u8]| Vp9Descriptor::parse(payload).unwrap();
    let key = read(&[0xBE, 0xA4, 0x81, 0x10, 0x30, 0, 0xF0, 0, 0x87, 1, 0xE0, 1, 0x0E, 0x83]);
    let layer = key.layer.unwrap();
    assert_eq!((layer.spatial, layer.temporal, layer.switch_up), (0, 0, true));
    assert!(key.starts_key_frame() && key.ends_frame);
    let sizes = key.structure.unwrap();
    assert_eq!(sizes.resolutions()[1], Resolution { width: 480, height: 270 });
    let second = read(&[0xBC, 0xA4, 0x81, 0x13, 0x83]);
    assert!(second.layer.unwrap().depends_on_lower && !second.predicted);
    assert!(!second.starts_key_frame());
    let last = read(&[0xFD, 0xA4, 0x82, 0x55, 0x02, 0x83]);
    assert_eq!(last.layer.map(|it| (it.spatial, it.temporal)), Some((2, 2)));
    assert_eq!(last.references.as_slice(), [1]);
}

proptest! {
    #[test]
    fn no_payload_makes_the_parser_panic(
        payload in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        if let Some(descriptor) = Vp9Descriptor::parse(&payload) {
            prop_assert!((1..=payload.len()).contains(&descriptor.len));
            prop_assert!(descriptor.references.as_slice().len() <= MAX_REFERENCES);
            if let Some(structure) = descriptor.structure {
                prop_assert!(structure.resolutions().len() <= structure.spatial_layers());
            }
        }
    }
}
