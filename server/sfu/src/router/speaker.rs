//! Who speaks, by the audio levels that microphones' packets carry (RFC 6464).
//!
//! [`Voice`] takes the level of each packet of one microphone; [`SpeakerDetector::tick`] looks at
//! all voices of a room ten times a second while somebody is to be heard, and keeps the list of
//! those who speak. Everything is integers: a level costs an addition and a comparison.

use std::time::{Duration, Instant};

use super::ProducerKey;

/// How often voices are looked at: five packets of 20 ms. Finer, and one late packet would be a
/// pause; coarser, and a speaker would be shown noticeably late.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// From this loudness on, in dB above the least, a packet may be speech: -55 dBov. Microphones of
/// headsets far from the mouth speak at about -45, rooms with their noise suppressed are below -65.
const LOUD: u8 = SILENCE - 55;

/// What speech is measured from, for comparing voices: -65 dBov.
const FLOOR: i32 = SILENCE as i32 - 65;

/// The level of digital silence, in -dBov (RFC 6464 section 3).
const SILENCE: u8 = 127;

/// Ticks of the last [`ONSET_WINDOW`] in which a voice must have been loud to be a speaker's: a cough
/// or a falling cup is over after three.
const ONSET_TICKS: u32 = 4;

/// The window for [`ONSET_TICKS`], in ticks: words have gaps.
const ONSET_WINDOW: u32 = 8;

/// Ticks without any loud one after which a speaker has stopped: the pause between two sentences is
/// shorter.
const RELEASE_TICKS: u32 = 15;

/// The share of a tick in the smoothed loudness is one in this many: a time constant of 0.6 s, about
/// three syllables.
const SMOOTHING: i32 = 6;

/// Steps of the smoothed loudness in a decibel.
const SCALE: i32 = 256;

/// How much louder than another a voice is *clearly*: twice the amplitude.
const MARGIN: i32 = 6 * SCALE;

/// Ticks in a row for which another speaker must be clearly louder than the first to take its place.
const TAKEOVER_TICKS: u32 = 4;

/// The least time between two reports: four a second are as many as a page can show.
const REPORT_INTERVAL: Duration = Duration::from_millis(250);

/// The most speakers in a report; when more speak at once, nobody is understood.
const MAX_REPORTED: usize = 8;

/// One microphone, as far as it is to be heard. A muted one begins anew.
#[derive(Debug, Default)]
pub(super) struct Voice {
    /// Whether it is forwarded; given by [`super::loudest`].
    pub(super) place: Place,
    /// Loudness of the packets since the last tick: 127 plus their level in dBov.
    sum: u32,
    count: u32,
    /// Smoothed loudness above [`FLOOR`], in 1/[`SCALE`] dB.
    score: i32,
    /// Whether it was loud in each of the last 32 ticks, the last one lowest.
    history: u32,
    /// When its last loud packet came.
    loud_at: Option<Instant>,
}

/// Whether a voice is forwarded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// It is, because it cannot be judged: no packet has had a level yet.
    #[default]
    Unmeasured,
    /// It is among the loudest of late.
    Heard,
    /// It is not.
    Unheard,
}

/// What a packet's level says at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loudness {
    /// It may be speech.
    Loud,
    /// It is a pause.
    Quiet,
}

impl Voice {
    /// Takes the data of a packet's audio level extension: a voice activity flag, which is not
    /// believed, and seven bits of level in -dBov.
    pub(super) fn note(&mut self, now: Instant, data: u8) -> Loudness {
        let loudness = SILENCE - (data & 0x7F);
        self.sum = self.sum.saturating_add(u32::from(loudness));
        self.count = self.count.saturating_add(1);
        if loudness < LOUD {
            return Loudness::Quiet;
        }
        self.loud_at = Some(now);
        Loudness::Loud
    }

    /// When it was loud last.
    pub(super) const fn loud_at(&self) -> Option<Instant> {
        self.loud_at
    }

    /// Whether it is clearly louder than `other`.
    pub(super) const fn is_clearly_louder_than(&self, other: &Self) -> bool {
        self.score > other.score.saturating_add(MARGIN)
    }

    /// Closes a tick. Packets that did not come are a pause: senders stop sending in silence.
    fn tick(&mut self) {
        let average = self.sum.checked_div(self.count).unwrap_or(0);
        let loudness = i32::try_from(average).unwrap_or(0);
        self.history = self.history << 1 | u32::from(average >= u32::from(LOUD));
        self.score += ((loudness - FLOOR).max(0) * SCALE - self.score) / SMOOTHING;
        (self.sum, self.count) = (0, 0);
    }

    const fn loud_ticks(&self, window: u32) -> u32 {
        (self.history & ((1 << window) - 1)).count_ones()
    }

    /// Whether it has become a speaker's.
    const fn has_begun(&self) -> bool {
        self.loud_ticks(ONSET_WINDOW) >= ONSET_TICKS
    }

    /// Whether a speaker's voice has fallen silent for good.
    const fn has_ended(&self) -> bool {
        self.loud_ticks(RELEASE_TICKS) == 0
    }
}

/// Keeps the list of a room's speakers.
///
/// [`SpeakerDetector::wake`] when a loud packet comes, [`SpeakerDetector::tick`] at
/// [`SpeakerDetector::due`], then [`SpeakerDetector::poll_report`].
#[derive(Debug, Default)]
pub(super) struct SpeakerDetector {
    /// The first is the dominant one, the others follow by loudness.
    speaking: Vec<ProducerKey>,
    /// Who is clearly louder than the first, and for how many ticks in a row.
    challenger: Option<(ProducerKey, u32)>,
    reported: Vec<ProducerKey>,
    reported_at: Option<Instant>,
    due: Option<Instant>,
}

impl SpeakerDetector {
    /// No speakers.
    pub(super) const fn new() -> Self {
        Self {
            speaking: Vec::new(),
            challenger: None,
            reported: Vec::new(),
            reported_at: None,
            due: None,
        }
    }

    /// Begins to look at the voices, if it does not already.
    pub(super) fn wake(&mut self, now: Instant) {
        self.due.get_or_insert(now + TICK);
    }

    /// When to call [`SpeakerDetector::tick`] next; none in silence.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Those who speak, the loudest first.
    pub(super) fn speaking(&self) -> &[ProducerKey] {
        &self.speaking
    }

    /// Looks at all voices of the room.
    pub(super) fn tick<'a>(
        &mut self,
        now: Instant,
        voices: impl Iterator<Item = (ProducerKey, &'a mut Voice)>,
    ) {
        let mut scores: Vec<(ProducerKey, i32)> = Vec::new();
        let mut is_quiet = true;
        for (key, voice) in voices {
            voice.tick();
            is_quiet &= voice.has_ended();
            let spoke = self.speaking.contains(&key);
            let speaks = if spoke { !voice.has_ended() } else { voice.has_begun() };
            if speaks {
                scores.push((key, voice.score));
            }
        }
        self.update(&mut scores);
        let is_settled = is_quiet && self.news() == self.reported;
        self.due = (!is_settled).then(|| now + TICK);
    }

    /// The list, when it has changed since it was last returned and that is not just now.
    pub(super) fn poll_report(&mut self, now: Instant) -> Option<&[ProducerKey]> {
        let early = self.reported_at.is_some_and(|at| now < at + REPORT_INTERVAL);
        if early || self.news() == self.reported {
            return None;
        }
        self.reported = self.news().to_vec();
        self.reported_at = Some(now);
        Some(&self.reported)
    }

    fn news(&self) -> &[ProducerKey] {
        self.speaking.get(..MAX_REPORTED).unwrap_or(&self.speaking)
    }

    /// Makes the list of those in `scores`. The order changes only with who is in it, or who is
    /// first, so that it does not flicker.
    fn update(&mut self, scores: &mut [(ProducerKey, i32)]) {
        let dominant = self.dominant(scores);
        let is_same = self.speaking.first().copied() == dominant
            && self.speaking.len() == scores.len()
            && scores.iter().all(|(key, _)| self.speaking.contains(key));
        if is_same {
            return;
        }
        scores.sort_by_key(|(key, score)| (Some(*key) != dominant, -score));
        self.speaking = scores.iter().map(|(key, _)| *key).collect();
    }

    /// Who is first now: who was, unless gone or challenged for long enough.
    fn dominant(&mut self, scores: &[(ProducerKey, i32)]) -> Option<ProducerKey> {
        let (loudest, highest) = scores.iter().copied().max_by_key(|(_, score)| *score)?;
        let first =
            self.speaking.first().and_then(|first| scores.iter().find(|one| one.0 == *first));
        let Some((first, score)) = first.copied() else {
            self.challenger = None;
            return Some(loudest);
        };
        if highest <= score.saturating_add(MARGIN) {
            self.challenger = None;
            return Some(first);
        }
        let before =
            self.challenger.filter(|(key, _)| *key == loudest).map_or(0, |(_, ticks)| ticks);
        if before + 1 < TAKEOVER_TICKS {
            self.challenger = Some((loudest, before + 1));
            return Some(first);
        }
        self.challenger = None;
        Some(loudest)
    }
}

#[cfg(test)]
mod tests;
