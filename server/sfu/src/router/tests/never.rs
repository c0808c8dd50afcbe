//! What never happens, whatever a publisher sends and viewers do.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// One step of a random meeting.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The publisher's next packet arrives; `true` for the start of a key frame.
    Arrive(bool),
    /// The publisher's next packet is lost, and may come as a retransmission later.
    Lose,
    /// The oldest lost packet comes as a retransmission.
    Recover,
    /// The publisher's next packet is held back, overtaken by those that follow.
    Hold(bool),
    /// The oldest held packet arrives.
    Release,
    /// A packet that has arrived arrives again.
    Repeat,
    PauseConsumer,
    ResumeConsumer,
    PauseProducer,
    ResumeProducer,
    /// The viewer asks for a number, counted back from its newest.
    Nack(u16),
    /// The publisher starts anew with other numbers and timestamps.
    Restart(u16, u32),
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => any::<bool>().prop_map(Step::Arrive),
        3 => Just(Step::Lose),
        3 => Just(Step::Recover),
        3 => any::<bool>().prop_map(Step::Hold),
        4 => Just(Step::Release),
        2 => Just(Step::Repeat),
        1 => Just(Step::PauseConsumer),
        2 => Just(Step::ResumeConsumer),
        1 => Just(Step::PauseProducer),
        2 => Just(Step::ResumeProducer),
        2 => (0u16..20).prop_map(Step::Nack),
        1 => (any::<u16>(), any::<u32>()).prop_map(|(number, time)| Step::Restart(number, time)),
        3 => (1u16..2000).prop_map(Step::Wait),
    ]
}

/// A publisher whose every payload says which packet it is.
struct Source {
    sequence: u16,
    timestamp: u32,
    serial: u32,
    held: VecDeque<Vec<u8>>,
    lost: VecDeque<(u16, u32, Vec<u8>)>,
    last: Option<Vec<u8>>,
}

impl Source {
    /// The next packet: number, timestamp, payload.
    fn next(&mut self, key_frame: bool) -> (u16, u32, Vec<u8>) {
        let next = (self.sequence, self.timestamp, vp8(key_frame, &self.serial.to_be_bytes()));
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(10);
        self.serial += 1;
        next
    }

    fn pass(&mut self, millis: u16) {
        self.timestamp = self.timestamp.wrapping_add(u32::from(millis) * 90);
    }
}

/// The number a payload says its packet has, over all restarts.
fn serial(payload: &[u8]) -> u32 {
    u32::from_be_bytes(payload[2..6].try_into().unwrap())
}

struct Meeting {
    room: Room,
    producer: ProducerKey,
    viewer: ConsumerKey,
    source: Source,
    /// The number of the packet that was taken in last.
    taken: u16,
    /// The serials of the packets that were taken in.
    arrived: BTreeSet<u32>,
    /// Those of them that came after the break before them, if there was one.
    owed: BTreeSet<u32>,
    /// The serials before which a hole may be closed: pauses and restarts were there.
    breaks: BTreeSet<u32>,
}

impl Meeting {
    fn new(sequence: u16, timestamp: u32) -> Self {
        let mut room = Room::new();
        let producer = room.producer(Codec::Vp8);
        let viewer = room.consumer(producer, 2);
        let stranger = room.producer(Codec::Vp8);
        room.consumer(stranger, 3);
        let (held, lost) = (VecDeque::new(), VecDeque::new());
        let source = Source { sequence, timestamp, serial: 0, held, lost, last: None };
        Self {
            room,
            producer,
            viewer,
            source,
            taken: sequence,
            arrived: BTreeSet::new(),
            owed: BTreeSet::new(),
            breaks: BTreeSet::new(),
        }
    }

    fn arrive(&mut self, bytes: Vec<u8>) {
        let outcome = self.room.rtp(self.producer, &bytes);
        self.note(outcome, serial(&bytes[12..]));
        if matches!(outcome, Ingested::Forwarded | Ingested::Paused) {
            self.taken = u16::from_be_bytes([bytes[2], bytes[3]]);
        }
        self.source.last = Some(bytes);
    }

    fn note(&mut self, outcome: Ingested, serial: u32) {
        if matches!(outcome, Ingested::Forwarded | Ingested::Paused) {
            self.arrived.insert(serial);
            if self.breaks.last().is_none_or(|last| serial >= *last) {
                self.owed.insert(serial);
            }
        }
    }

    fn note_break(&mut self) {
        self.breaks.insert(self.arrived.last().map_or(0, |last| last + 1));
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Arrive(key_frame) => {
                let (number, timestamp, payload) = self.source.next(key_frame);
                self.arrive(packet(number, timestamp, &payload));
            }
            Step::Lose => {
                let lost = self.source.next(false);
                self.source.lost.push_back(lost);
            }
            Step::Recover => {
                if let Some((number, timestamp, payload)) = self.source.lost.pop_front() {
                    let bytes = rtx_packet(number, timestamp, &payload);
                    let outcome = self.room.ingest(self.producer, StreamRole::Rtx, &bytes);
                    self.note(outcome, serial(&payload));
                }
            }
            Step::Hold(key_frame) => {
                let (number, timestamp, payload) = self.source.next(key_frame);
                self.source.held.push_back(packet(number, timestamp, &payload));
            }
            Step::Release => {
                if let Some(bytes) = self.source.held.pop_front() {
                    self.arrive(bytes);
                }
            }
            Step::Repeat => {
                if let Some(bytes) = self.source.last.clone() {
                    self.room.rtp(self.producer, &bytes);
                }
            }
            Step::Nack(back) => self.nack(back),
            Step::Wait(millis) => {
                self.source.pass(millis);
                self.room.run(u64::from(millis));
            }
            Step::PauseConsumer | Step::ResumeConsumer => self.consumer_step(step),
            Step::PauseProducer | Step::ResumeProducer => self.producer_step(step),
            Step::Restart(number, timestamp) => self.restart(number, timestamp),
        }
    }

    fn consumer_step(&mut self, step: Step) {
        self.note_break();
        let Room { router, now, .. } = &mut self.room;
        match step {
            Step::PauseConsumer => router.pause_consumer(self.viewer).unwrap(),
            _ => router.resume_consumer(*now, self.viewer).unwrap(),
        }
    }

    fn producer_step(&mut self, step: Step) {
        self.note_break();
        let Room { router, now, .. } = &mut self.room;
        match step {
            Step::PauseProducer => router.pause_producer(self.producer).unwrap(),
            _ => router.resume_producer(*now, self.producer).unwrap(),
        }
    }

    /// Nothing from before a restart is on its way any more, and its numbers are not by chance
    /// those that would have followed.
    fn restart(&mut self, number: u16, timestamp: u32) {
        self.source.held.clear();
        self.source.lost.clear();
        let near = modular::distance16(self.taken, number).unsigned_abs() < 4000;
        if !near {
            self.note_break();
            (self.source.sequence, self.source.timestamp) = (number, timestamp);
        }
    }

    fn nack(&mut self, back: u16) {
        let newest = self.room.egress.packets.iter().rev().find(|sent| sent.ssrc == 200);
        if let Some(index) = newest.map(|sent| sent.index) {
            self.room.nack(self.viewer, &[modular::low16(index).wrapping_sub(back)]);
        }
    }
}

/// Checks everything one viewer of `meeting` was sent.
fn check(meeting: &Meeting) -> Result<(), TestCaseError> {
    let sent = &meeting.room.egress.packets;
    prop_assert!(sent.iter().all(|sent| sent.transport == TransportKey(2)), "to a stranger");
    let mut used = BTreeSet::new();
    for sent in sent {
        prop_assert!(used.insert((sent.ssrc, sent.index)), "reused {} {}", sent.ssrc, sent.index);
    }
    let media: BTreeMap<u64, &Sent> =
        sent.iter().filter(|sent| sent.ssrc == 200).map(|sent| (sent.index, sent)).collect();
    let serials: BTreeSet<u32> = media.values().map(|sent| serial(&sent.payload)).collect();
    prop_assert_eq!(serials.len(), media.len(), "a packet was sent under two numbers");
    for (before, after) in media.values().zip(media.values().skip(1)) {
        check_neighbours(meeting, before, after)?;
    }
    for resent in sent.iter().filter(|sent| sent.ssrc == 201) {
        let (original, payload) = crate::rtp::unwrap_rtx(&resent.payload).unwrap();
        // The packet may have come too late to be sent as media in the first place.
        let media = media.values().find(|sent| modular::low16(sent.index) == original);
        if let Some(media) = media {
            prop_assert_eq!(&media.payload[..], payload);
            prop_assert_eq!(media.timestamp, resent.timestamp);
        }
    }
    Ok(())
}

fn check_neighbours(meeting: &Meeting, before: &Sent, after: &Sent) -> Result<(), TestCaseError> {
    let (first, second) = (serial(&before.payload), serial(&after.payload));
    prop_assert!(first < second, "packet {first} was put after {second}");
    let forward = modular::distance32(before.timestamp, after.timestamp);
    prop_assert!(forward > 0, "time went from {} to {}", before.timestamp, after.timestamp);
    let hole = after.index - before.index - 1;
    let upstream = u64::from(second - first - 1);
    if meeting.breaks.range(first + 1..=second).next().is_none() {
        prop_assert_eq!(hole, upstream, "between {} and {}", first, second);
        let withheld = meeting.owed.range(first + 1..second).next();
        prop_assert_eq!(withheld, None, "arrived, but was not sent");
    } else {
        prop_assert!(hole <= upstream, "a hole of {hole} where {upstream} were missing");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_viewer_never_sees_a_number_twice_a_gap_of_ours_or_time_running_backwards(
        sequence in any::<u16>(),
        timestamp in any::<u32>(),
        steps in proptest::collection::vec(step(), 1..300),
    ) {
        let mut meeting = Meeting::new(sequence, timestamp);
        for step in steps {
            meeting.take(step);
        }
        check(&meeting)?;
    }

    #[test]
    fn no_packet_makes_the_router_panic(
        packets in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 1..40),
    ) {
        let mut room = Room::new();
        for codec in Codec::ALL {
            let producer = room.producer(codec);
            room.consumer(producer, 2);
            for (retransmission, bytes) in &packets {
                let role = if *retransmission { StreamRole::Rtx } else { StreamRole::Primary };
                let mut bytes = bytes.clone();
                if let Some(first) = bytes.first_mut() {
                    *first = *first & 0x3F | 0x80;
                }
                room.ingest(producer, role, &bytes);
                room.run(7);
            }
        }
    }
}
