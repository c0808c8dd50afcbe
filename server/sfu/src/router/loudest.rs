//! Whose voices are forwarded in a big room: the loudest of late, and no more than a few.
//!
//! All viewers of a room hear the same voices, so that a microphone nobody hears costs nothing but
//! its arrival. Who falls silent keeps its place until somebody else needs one; who begins to speak
//! gets one with the very packet that is loud, so that no word loses its beginning.

use std::time::{Duration, Instant};

use shared::ids::ProducerId;

use crate::{extension::Extension, rtp::RtpHeader};

use super::{
    Arena, ConsumerKey, IncomingRtp, ProducerKey, Router, RouterError, TransportKey,
    producer::Producer,
    speaker::{Loudness, Place, SpeakerDetector, Voice},
};

/// The most microphones that are forwarded at once, unless the room says otherwise. More than three
/// people who speak at the same time are not understood; five more are those who spoke just before,
/// laugh or agree. A room of 50 so costs each viewer at most 8 streams of 40 kbit/s and not 49.
pub const MAX_HEARD: usize = 8;

/// How long a voice may pause without losing its place to one that begins: longer than the pauses
/// within a sentence.
const HOLD: Duration = Duration::from_secs(1);

/// The most publishers whose last speech is remembered, the latest ones.
const MAX_REMEMBERED: usize = 32;

/// The voices of a room.
#[derive(Debug)]
pub(super) struct Voices {
    limit: usize,
    /// The measured voices that are forwarded, at most `limit`.
    heard: Vec<ProducerKey>,
    detector: SpeakerDetector,
    /// When publishers spoke last, the latest first.
    spoken: Vec<(TransportKey, Instant)>,
}

impl Voices {
    pub(super) const fn new() -> Self {
        Self {
            limit: MAX_HEARD,
            heard: Vec::new(),
            detector: SpeakerDetector::new(),
            spoken: Vec::new(),
        }
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.detector.due()
    }

    /// Takes a microphone's place back.
    pub(super) fn leave(&mut self, producer: ProducerKey) {
        self.heard.retain(|heard| *heard != producer);
    }

    /// Forgets a microphone that has ended.
    pub(super) fn forget(&mut self, producer: ProducerKey, publisher: TransportKey) {
        self.leave(producer);
        self.spoken.retain(|(transport, _)| *transport != publisher);
    }

    fn note_speech(&mut self, now: Instant, transport: TransportKey) {
        self.spoken.retain(|(publisher, _)| *publisher != transport);
        self.spoken.insert(0, (transport, now));
        self.spoken.truncate(MAX_REMEMBERED);
    }

    /// Who must make room for the voice of `producer`, which is loud: of those who pause the one who
    /// has paused longest, else the quietest if that is clearly less loud.
    fn victim(
        &self,
        now: Instant,
        voice: &Voice,
        producers: &Arena<Producer>,
    ) -> Option<ProducerKey> {
        let voice_of = |key: &ProducerKey| producers.get(key.0)?.voice.as_ref();
        let heard = || self.heard.iter().filter_map(|key| Some((*key, voice_of(key)?)));
        let pauses = |loud_at: Option<Instant>| loud_at.is_none_or(|at| now >= at + HOLD);
        heard()
            .filter(|(_, other)| pauses(other.loud_at()) || voice.is_clearly_louder_than(other))
            .min_by_key(|(_, other)| (!pauses(other.loud_at()), other.loud_at()))
            .map(|(key, _)| key)
    }
}

impl Router {
    /// Takes a source for a microphone: who speaks is found by it, and in a big room it is forwarded
    /// when it is among the loudest.
    ///
    /// # Errors
    /// When the producer is gone.
    pub fn listen_to(&mut self, producer: ProducerKey) -> Result<(), RouterError> {
        let found = self.producers.get_mut(producer.0).ok_or(RouterError::UnknownProducer)?;
        found.voice = Some(Voice::default());
        Ok(())
    }

    /// Forwards at most `limit` microphones at once instead of [`MAX_HEARD`].
    pub fn set_heard_limit(&mut self, limit: usize) {
        self.voices.limit = limit;
        while self.voices.heard.len() > limit {
            if let Some(key) = self.voices.heard.pop() {
                self.set_place(key, Place::Unheard);
            }
        }
    }

    /// Who speaks, the loudest first, when that has changed since the last call.
    pub fn poll_speakers(&mut self, now: Instant) -> Option<Vec<ProducerId>> {
        let keys = self.voices.detector.poll_report(now)?;
        let id = |key: &ProducerKey| Some(self.producers.get(key.0)?.options.id);
        Some(keys.iter().filter_map(id).collect())
    }

    /// When somebody last spoke on this publisher's transport; none when it is long ago.
    #[must_use]
    pub fn last_speech(&self, publisher: TransportKey) -> Option<Instant> {
        let mut spoken = self.voices.spoken.iter();
        spoken.find(|(transport, _)| *transport == publisher).map(|(_, at)| *at)
    }

    /// When the publisher of what a consumer receives last spoke; none when it is long ago.
    #[must_use]
    pub fn spoke(&self, consumer: ConsumerKey) -> Option<Instant> {
        let producer = self.consumers.get(consumer.0)?.options.producer;
        self.last_speech(self.producers.get(producer.0)?.options.transport)
    }

    /// Takes note of a microphone's packet before it is taken in, and gives or takes places.
    pub(super) fn hear(&mut self, now: Instant, incoming: &IncomingRtp<'_>) {
        let Some(producer) = self.producers.get_mut(incoming.producer.0) else { return };
        let Some(voice) = producer.voice.as_mut().filter(|_| !producer.paused) else { return };
        let id = incoming.ids.id_of(Extension::AudioLevel);
        let header = RtpHeader::parse(incoming.packet).ok();
        let level = header.zip(id).and_then(|(header, id)| header.extensions.get(id)?.first());
        let Some(level) = level else { return };
        let loudness = voice.note(now, *level);
        if loudness == Loudness::Loud {
            self.voices.detector.wake(now);
        }
        if voice.place != Place::Heard {
            self.find_place(now, incoming.producer, loudness);
        }
    }

    /// Takes a microphone's place back: it was muted.
    pub(super) fn mute_voice(&mut self, producer: ProducerKey) {
        self.voices.leave(producer);
        let found = self.producers.get_mut(producer.0);
        if let Some(voice) = found.and_then(|found| found.voice.as_mut()) {
            *voice = Voice::default();
        }
    }

    /// Looks at all voices.
    pub(super) fn poll_voices(&mut self, now: Instant) {
        let producers = self.producers.iter_mut();
        let voices =
            producers.filter_map(|(key, one)| Some((ProducerKey(key), one.voice.as_mut()?)));
        self.voices.detector.tick(now, voices);
        for key in self.voices.detector.speaking().to_vec() {
            if let Some(producer) = self.producers.get(key.0) {
                self.voices.note_speech(now, producer.options.transport);
            }
        }
    }

    fn find_place(&mut self, now: Instant, key: ProducerKey, loudness: Loudness) {
        if self.voices.heard.len() >= self.voices.limit {
            let producer = self.producers.get(key.0).filter(|_| loudness == Loudness::Loud);
            let voice = producer.and_then(|producer| producer.voice.as_ref());
            let victim = voice.and_then(|voice| self.voices.victim(now, voice, &self.producers));
            let Some(victim) = victim else { return self.set_place(key, Place::Unheard) };
            self.voices.leave(victim);
            self.set_place(victim, Place::Unheard);
        }
        self.voices.heard.push(key);
        self.set_place(key, Place::Heard);
    }

    /// Viewers' numbers and time go on without a gap where the voice was not forwarded.
    fn set_place(&mut self, key: ProducerKey, place: Place) {
        let Some(producer) = self.producers.get_mut(key.0) else { return };
        let Some(voice) = producer.voice.as_mut() else { return };
        let before = std::mem::replace(&mut voice.place, place);
        if place != Place::Unheard || before == Place::Unheard {
            return;
        }
        for key in &producer.consumers {
            if let Some(consumer) = self.consumers.get_mut(key.0) {
                consumer.interrupt();
            }
        }
        // Sent later, it would be the begin of a stretch that ends at once, with a gap of ours.
        self.drop_waiting(key);
    }
}
