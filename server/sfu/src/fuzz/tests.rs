//! Runs the targets over the committed corpus, and over made-up input.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::*;

/// Runs `target` over every file in its corpus.
fn replay(target: fn(&[u8]), name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut replayed = 0;
    for entry in fs::read_dir(folder).expect("the corpus is in the checkout") {
        let path = entry.expect("the entry can be read").path();
        target(&fs::read(path).expect("the file can be read"));
        replayed += 1;
    }
    assert!(replayed > 0, "{name} has a corpus");
}

#[test]
fn the_corpus_of_the_front_door_is_survived() {
    replay(front_door, "front_door");
}

#[test]
fn the_corpus_of_media_is_survived() {
    replay(media, "media");
}

#[test]
fn the_corpus_of_descriptions_is_survived() {
    replay(descriptions, "descriptions");
}

#[test]
fn what_the_media_target_publishes_is_forwarded() {
    let opus = [1, 0x10, 0, 4, b'o', b'p', b'u', b's'];
    let redundant = [1, 0x12, 0, 6, 0x80 | 111, 0, 0, 0, 111, b'r'];
    let key_frame = [13, 0x14, 0, 0, 12, 0x10, 0, 0, 0, 0x9D, 0x01, 0x2A, 64, 0, 64, 0, 0];
    let upper_layer = [13, 0x14, 0, 2, 12, 0x10, 0, 0, 0, 0x9D, 0x01, 0x2A, 64, 0, 64, 0, 0];
    let input = [&opus[..], &redundant, &opus, &key_frame, &upper_layer].concat();
    let counted = media::play(&input);
    assert_eq!((counted.rtp_received, counted.rtp_unclaimed), (5, 0));
    assert!(counted.rtp_sent >= 4, "{counted:?}");
}

#[test]
fn recorded_descriptions_are_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/transport/sdp/fixtures");
    for entry in fs::read_dir(folder).expect("the fixtures are in the checkout") {
        let text = fs::read(entry.expect("the entry can be read").path()).expect("readable");
        for choice in [0, 2] {
            descriptions(&[&[choice], &text[..]].concat());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn made_up_input_is_survived(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        front_door(&data);
        media(&data);
        descriptions(&data);
    }
}
