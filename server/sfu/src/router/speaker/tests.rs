use crate::{
    codec::Codec,
    router::{ProducerOptions, Router, TransportKey},
    testing::epoch,
};
use shared::ids::{ProducerId, RouterId};

use super::*;

/// Levels of packets, in -dBov.
const NORMAL: u8 = 30;
const SHOUT: u8 = 10;
const BREATH: u8 = 75;

/// A round of people with a microphone each.
struct Round {
    now: Instant,
    voices: Vec<(ProducerKey, Voice)>,
    detector: SpeakerDetector,
    /// What was reported, by the places of the speakers in the round.
    reports: Vec<Vec<usize>>,
}

impl Round {
    fn of(people: usize) -> Self {
        let mut router = Router::new(RouterId(1));
        let options = ProducerOptions {
            id: ProducerId(1),
            transport: TransportKey(1),
            codec: Codec::Opus,
            layers: 1,
        };
        let key = || (router.add_producer(options).unwrap(), Voice::default());
        Self {
            now: epoch(),
            voices: std::iter::repeat_with(key).take(people).collect(),
            detector: SpeakerDetector::new(),
            reports: Vec::new(),
        }
    }

    /// Everyone sends a packet of the level named for them every 20 ms, those without one nothing.
    fn pass(&mut self, millis: u64, levels: &[Option<u8>]) {
        for _ in 0..millis / 20 {
            for ((_, voice), level) in self.voices.iter_mut().zip(levels) {
                if level.is_some_and(|level| voice.note(self.now, level) == Loudness::Loud) {
                    self.detector.wake(self.now);
                }
            }
            self.now += Duration::from_millis(20);
            if self.detector.due().is_some_and(|due| due <= self.now) {
                let voices = self.voices.iter_mut().map(|(key, voice)| (*key, voice));
                self.detector.tick(self.now, voices);
                if let Some(report) = self.detector.poll_report(self.now) {
                    let place = |key: &ProducerKey| self.voices.iter().position(|v| v.0 == *key);
                    self.reports.push(report.iter().filter_map(place).collect());
                }
            }
        }
    }

    fn latest(&self) -> Vec<usize> {
        self.reports.last().cloned().unwrap_or_default()
    }
}

#[test]
fn who_speaks_is_known_within_half_a_second_and_forgotten_after_two_seconds_of_silence() {
    let mut round = Round::of(2);
    round.pass(5000, &[Some(BREATH), Some(127)]);
    assert_eq!((round.reports.len(), round.detector.due()), (0, None));
    round.pass(500, &[Some(NORMAL), Some(127)]);
    assert_eq!(round.latest(), [0]);
    round.pass(1300, &[Some(BREATH), Some(127)]);
    assert_eq!(round.latest(), [0], "between two sentences");
    round.pass(700, &[Some(BREATH), Some(127)]);
    assert_eq!(round.reports, [vec![0], vec![]]);
    round.pass(200, &[Some(BREATH), Some(127)]);
    assert_eq!(round.detector.due(), None, "in silence nothing has to be looked at");
}

#[test]
fn a_cough_neither_makes_a_speaker_nor_replaces_one() {
    let mut round = Round::of(2);
    for _ in 0..5 {
        round.pass(2000, &[Some(NORMAL), Some(BREATH)]);
        round.pass(260, &[Some(NORMAL), Some(SHOUT)]);
    }
    assert_eq!(round.reports, [vec![0]]);
}

#[test]
fn a_speaker_is_replaced_by_one_who_is_clearly_louder_for_long_enough() {
    let mut round = Round::of(2);
    round.pass(2000, &[Some(40), Some(BREATH)]);
    round.pass(3000, &[Some(40), Some(36)]);
    assert_eq!(round.latest(), [0, 1], "not clearly louder");
    round.pass(200, &[Some(40), Some(SHOUT)]);
    assert_eq!(round.latest(), [0, 1], "not for long");
    round.pass(1000, &[Some(40), Some(SHOUT)]);
    assert_eq!(round.latest(), [1, 0]);
}

#[test]
fn a_conversation_switches_within_a_second_of_each_turn() {
    let mut round = Round::of(2);
    round.pass(3000, &[Some(NORMAL), None]);
    round.pass(1000, &[None, Some(NORMAL)]);
    assert_eq!(round.latest()[0], 1);
    round.pass(3000, &[None, Some(NORMAL)]);
    assert_eq!(round.latest(), [1]);
    round.pass(1000, &[Some(NORMAL), None]);
    assert_eq!(round.latest()[0], 0);
}

#[test]
fn several_speakers_are_ordered_by_loudness_and_reported_at_most_four_times_a_second() {
    let mut round = Round::of(12);
    let levels: Vec<_> = (0..12).map(|n| Some(50 - n)).collect();
    round.pass(3000, &levels);
    assert_eq!(round.latest(), [11, 10, 9, 8, 7, 6, 5, 4]);
    let before = round.reports.len();
    for n in 0..100 {
        let mut levels = vec![None; 12];
        levels[n * 7 % 12] = Some(SHOUT);
        round.pass(200, &levels);
    }
    assert!(round.reports.len() - before <= 20 * 4);
}

#[test]
fn words_with_gaps_are_one_speech() {
    let mut round = Round::of(1);
    for _ in 0..10 {
        round.pass(400, &[Some(NORMAL)]);
        round.pass(300, &[Some(BREATH)]);
    }
    assert_eq!(round.reports, [vec![0]]);
}
