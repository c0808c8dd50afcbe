//! Redundant audio: who is sent the repeated frames, and who is not.

use super::*;

/// A packet's payload that repeats `before` (RFC 2198).
fn redundant(before: &[u8], now: &[u8]) -> Vec<u8> {
    let length = u8::try_from(before.len()).unwrap();
    [&[0x80 | 111, 0x0F, 0, length, 111], before, now].concat()
}

/// A voice with redundancy, and what one viewer was sent of its next packet.
struct Talk {
    room: Room,
    voice: ProducerKey,
    viewer: ConsumerKey,
    number: u16,
}

impl Talk {
    fn new() -> Self {
        let mut room = Room::new();
        let voice = room.producer(Codec::Opus);
        let viewer = room.consumer(voice, 2);
        Self { room, voice, viewer, number: 0 }
    }

    fn next(&mut self) -> (u8, Vec<u8>) {
        self.number += 1;
        let packet =
            packet(self.number, u32::from(self.number) * 960, &redundant(b"before", b"now"));
        self.room.ingest(self.voice, StreamRole::Redundant, &packet);
        let sent = self.room.sent().pop().unwrap();
        (sent.payload_type, sent.payload)
    }

    fn lose(&mut self, fraction_lost: u8) {
        let report = ReceptionReport { fraction_lost, last_report: 0, delay: 0 };
        self.room.router.handle_reception_report(self.room.now, self.viewer, report);
    }
}

#[test]
fn a_viewer_that_does_not_read_redundancy_is_sent_the_newest_frame() {
    let mut talk = Talk::new();
    talk.lose(100);
    assert_eq!(talk.next(), (111, b"now".to_vec()));
    let stats = talk.room.router.consumer_stats(talk.viewer).unwrap();
    assert_eq!((stats.packets, stats.octets), (1, 3));
}

#[test]
fn who_loses_packets_is_sent_the_frames_before_and_who_does_not_is_spared_them() {
    let mut talk = Talk::new();
    talk.room.router.accept_redundancy(talk.viewer, true);
    assert_eq!(talk.next(), (111, b"now".to_vec()));
    // One of 250, the packets between two reports of a voice.
    talk.lose(1);
    assert_eq!(talk.next(), (63, redundant(b"before", b"now")));
    talk.lose(20);
    assert_eq!(talk.next(), (63, redundant(b"before", b"now")));
    for _ in 0..20 {
        talk.lose(0);
    }
    assert_eq!(talk.next(), (111, b"now".to_vec()));
    // It changed twice, and no number was left out.
    assert_eq!(talk.room.router.consumer_stats(talk.viewer).unwrap().packets, 4);
}

#[test]
fn plain_and_redundant_packets_mix_in_one_stream() {
    let mut talk = Talk::new();
    let first = talk.next();
    talk.number += 1;
    talk.room.rtp(talk.voice, &packet(talk.number, 1920, b"plain"));
    let plain = talk.room.sent().pop().unwrap();
    assert_eq!((plain.payload_type, plain.payload), (111, b"plain".to_vec()));
    assert_eq!(talk.next(), first);
}

#[test]
fn redundancy_that_cannot_be_read_is_not_forwarded() {
    let mut room = Room::new();
    let voice = room.producer(Codec::Opus);
    room.consumer(voice, 2);
    for payload in [&[][..], &[0x80 | 111], &[0x80 | 111, 0, 3, 255, 111]] {
        let outcome = room.ingest(voice, StreamRole::Redundant, &packet(1, 0, payload));
        assert_eq!(outcome, Ingested::Malformed);
    }
    assert_eq!(room.sent(), []);
}
