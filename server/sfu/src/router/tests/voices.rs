//! Who is heard in a big room, and who is said to speak.

use super::*;

/// Levels in -dBov.
const SPEECH: u8 = 30;
const SILENT: u8 = 127;

/// A room with `limit` places for voices, and microphones that each have a listener of their own.
struct Choir {
    room: Room,
    microphones: Vec<ProducerKey>,
    number: u16,
}

impl Choir {
    fn new(limit: usize, people: u32) -> Self {
        let mut room = Room::new();
        room.router.set_heard_limit(limit);
        let microphone = |n| {
            let key = room.producer(Codec::Opus);
            room.router.listen_to(key).unwrap();
            room.consumer(key, 10 + n);
            key
        };
        let microphones = (0..people).map(microphone).collect();
        Self { room, microphones, number: 0 }
    }

    /// Everyone sends a packet of the level named for them, and 20 ms pass; returns who was heard.
    fn frame(&mut self, levels: &[Option<u8>]) -> Vec<u32> {
        self.number = self.number.wrapping_add(1);
        let fields = RtpFields {
            sequence: self.number,
            timestamp: u32::from(self.number) * 960,
            ..fields()
        };
        for (microphone, level) in self.microphones.clone().into_iter().zip(levels) {
            let extensions: &[(Extension, &[u8])] = match level {
                Some(level) => &[(Extension::AudioLevel, &[*level])],
                None => &[],
            };
            self.room.rtp(microphone, &packet_with(fields, extensions, b"opus"));
        }
        self.room.run(20);
        let sent = self.room.egress.packets.iter().rev();
        let sent = sent.take_while(|packet| packet.timestamp == fields.timestamp);
        let mut heard: Vec<u32> = sent.map(|packet| packet.transport.0 - 10).collect();
        heard.reverse();
        heard
    }

    fn frames(&mut self, count: usize, levels: &[Option<u8>]) -> Vec<u32> {
        (0..count).map(|_| self.frame(levels)).last().unwrap_or_default()
    }

    fn indices(&self, person: u32) -> Vec<u64> {
        let packets = self.room.egress.packets.iter();
        let packets = packets.filter(|packet| packet.transport.0 == 10 + person);
        packets.map(|packet| packet.index).collect()
    }
}

#[test]
fn as_long_as_there_are_places_everyone_is_heard() {
    let mut choir = Choir::new(3, 3);
    assert_eq!(choir.frames(100, &[Some(SILENT); 3]), [0, 1, 2]);
    assert_eq!(choir.frames(100, &[Some(SPEECH), Some(SILENT), Some(SPEECH)]), [0, 1, 2]);
}

#[test]
fn who_begins_to_speak_is_heard_from_the_first_loud_packet_on() {
    let mut choir = Choir::new(2, 4);
    assert_eq!(choir.frames(10, &[Some(SILENT); 4]), [0, 1]);
    let mut levels = [Some(SPEECH), Some(SILENT), Some(SILENT), Some(SILENT)];
    choir.frames(10, &levels);
    levels[3] = Some(SPEECH);
    assert_eq!(choir.frame(&levels), [0, 1, 3], "the silent one had sent its packet before");
    assert_eq!(choir.frame(&levels), [0, 3], "and makes room");
    levels[0] = Some(SILENT);
    choir.frames(60, &levels);
    levels[2] = Some(SPEECH);
    assert_eq!(choir.frames(2, &levels), [2, 3], "and then who has paused for longest");
}

#[test]
fn while_all_speak_only_who_is_clearly_louder_replaces_one() {
    let mut choir = Choir::new(2, 3);
    let mut levels = [Some(SPEECH), Some(40), Some(SILENT)];
    choir.frames(50, &levels);
    levels[2] = Some(SPEECH);
    assert_eq!(choir.frame(&levels), [0, 1], "at first");
    assert_eq!(choir.frames(100, &levels), [0, 2]);
    levels[1] = Some(SPEECH);
    assert_eq!(choir.frames(500, &levels), [0, 2], "nobody is clearly louder: nobody moves");
}

#[test]
fn a_voice_that_was_not_forwarded_goes_on_without_a_gap_in_numbers_or_time() {
    let mut choir = Choir::new(1, 2);
    choir.frames(10, &[Some(SPEECH), Some(SILENT)]);
    for turn in 0..20 {
        let (first, second) = if turn % 2 == 0 { (SILENT, SPEECH) } else { (SPEECH, SILENT) };
        choir.frames(90, &[Some(first), Some(second)]);
    }
    for person in 0..2 {
        let indices = choir.indices(person);
        assert!(indices.len() > 500, "{}", indices.len());
        assert!(indices.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }
    let sent = choir.room.sent();
    let of_second: Vec<_> = sent.iter().filter(|packet| packet.transport.0 == 11).collect();
    let steps = of_second.windows(2).map(|pair| pair[1].timestamp - pair[0].timestamp);
    assert!(steps.clone().all(|step| step >= 960), "time goes on as it passed");
    assert!(steps.max() > Some(40_000));
}

#[test]
fn a_microphone_without_levels_cannot_be_judged_and_is_always_forwarded() {
    let mut choir = Choir::new(1, 3);
    assert_eq!(choir.frames(50, &[Some(SPEECH), None, Some(SILENT)]), [0, 1]);
    assert_eq!(choir.frames(50, &[Some(SPEECH), Some(SILENT), None]), [0], "now it is known");
}

#[test]
fn a_muted_microphone_gives_its_place_up_and_gets_a_free_one_when_it_is_back() {
    let mut choir = Choir::new(1, 2);
    assert_eq!(choir.frames(10, &[Some(SILENT); 2]), [0]);
    let first = choir.microphones[0];
    choir.room.router.pause_producer(first).unwrap();
    assert_eq!(choir.frames(10, &[Some(SILENT); 2]), [1]);
    choir.room.router.resume_producer(choir.room.now, first).unwrap();
    assert_eq!(choir.frames(10, &[Some(SILENT); 2]), [1]);
    assert_eq!(choir.frames(100, &[Some(SPEECH), Some(SILENT)]), [0]);
    choir.room.router.remove_producer(first);
    choir.microphones.remove(0);
    assert_eq!(choir.frames(1, &[Some(SILENT)]), [1]);
}

#[test]
fn fewer_places_are_given_at_once() {
    let mut choir = Choir::new(3, 3);
    choir.frames(10, &[Some(SPEECH); 3]);
    choir.room.router.set_heard_limit(1);
    assert_eq!(choir.frames(10, &[Some(SPEECH); 3]).len(), 1);
}

#[test]
fn the_speakers_of_a_room_are_reported_and_remembered_by_their_publisher() {
    let mut choir = Choir::new(8, 2);
    let [first, second] =
        [0, 1].map(|n| choir.room.router.producer_id(choir.microphones[n]).unwrap());
    assert_eq!(choir.room.router.last_speech(PUBLISHER), None);
    choir.frames(100, &[Some(SILENT), Some(SPEECH)]);
    assert_eq!(choir.room.router.poll_speakers(choir.room.now), Some(vec![second]));
    let now = choir.room.now;
    let spoke = choir.room.router.last_speech(PUBLISHER).unwrap();
    assert!(now - spoke < Duration::from_millis(200));
    choir.frames(100, &[Some(SPEECH), None]);
    assert_eq!(choir.room.router.poll_speakers(choir.room.now), Some(vec![first]));
    // Muting is silence.
    choir.room.router.pause_producer(choir.microphones[0]).unwrap();
    choir.room.run(400);
    assert_eq!(choir.room.router.poll_speakers(choir.room.now), Some(vec![]));
    assert_eq!(choir.room.router.poll_speakers(choir.room.now), None);
}
