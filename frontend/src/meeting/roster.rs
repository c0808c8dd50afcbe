//! Who else is in the room, and what they publish.

use shared::{
    ids::{ParticipantId, ProducerId},
    limits::{MAX_CONSUMERS_PER_PARTICIPANT, MAX_PARTICIPANTS, MAX_PRODUCERS_PER_PARTICIPANT},
    media::{MediaKind, Source},
    signaling::{NewProducer, Participant, PeerPresence, Producer},
};

use super::view::{TileKey, TileView};

/// The others, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Roster {
    others: Vec<Participant>,
}

impl Roster {
    /// Takes over a snapshot.
    pub(super) fn replace(&mut self, mut others: Vec<Participant>) {
        others.truncate(MAX_PARTICIPANTS);
        self.others = others;
    }

    /// Someone came in, or came back with new media state.
    pub(super) fn joined(&mut self, participant: Participant) {
        if let Some(known) = self.find(&participant.id) {
            *known = participant;
        } else if self.others.len() < MAX_PARTICIPANTS {
            // A room is never larger than that.
            self.others.push(participant);
        }
    }

    /// Someone's connection was lost, or found again.
    pub(super) fn set_presence(&mut self, news: &PeerPresence) {
        if let Some(participant) = self.find(&news.participant_id) {
            participant.presence = news.presence;
        }
    }

    /// Someone is gone for good.
    pub(super) fn left(&mut self, id: &ParticipantId) {
        self.others.retain(|participant| participant.id != *id);
    }

    /// Someone publishes something new.
    pub(super) fn published(&mut self, NewProducer { participant_id, producer }: NewProducer) {
        let Some(participant) = self.find(&participant_id) else { return };
        participant.producers.retain(|known| known.producer_id != producer.producer_id);
        if participant.producers.len() < MAX_PRODUCERS_PER_PARTICIPANT {
            participant.producers.push(producer);
        }
    }

    /// A producer ended.
    pub(super) fn closed(&mut self, producer_id: ProducerId) {
        for participant in &mut self.others {
            participant.producers.retain(|producer| producer.producer_id != producer_id);
        }
    }

    /// A producer was muted, or is live again.
    pub(super) fn set_paused(&mut self, producer_id: ProducerId, paused: bool) {
        let mut producers = self.others.iter_mut().flat_map(|other| &mut other.producers);
        if let Some(producer) = producers.find(|producer| producer.producer_id == producer_id) {
            producer.paused = paused;
        }
    }

    /// Everything the others publish.
    pub(super) fn producers(&self) -> impl Iterator<Item = (&ParticipantId, &Producer)> {
        self.others
            .iter()
            .flat_map(|other| other.producers.iter().map(move |producer| (&other.id, producer)))
            .take(MAX_CONSUMERS_PER_PARTICIPANT)
    }

    /// The others' tiles.
    pub(super) fn tiles(&self) -> impl Iterator<Item = TileView> {
        self.others.iter().map(|other| TileView {
            key: TileKey::Other(other.id.clone()),
            name: other.display_name.clone(),
            role: other.role,
            has_audio: sends(other, |source| source == Source::Microphone),
            has_video: sends(other, |source| source.kind() == MediaKind::Video),
            presence: other.presence,
        })
    }

    fn find(&mut self, id: &ParticipantId) -> Option<&mut Participant> {
        self.others.iter_mut().find(|participant| participant.id == *id)
    }
}

/// Whether a participant sends something of the kind, unmuted.
fn sends(participant: &Participant, is_it: impl Fn(Source) -> bool) -> bool {
    participant.producers.iter().any(|producer| is_it(producer.source) && !producer.paused)
}
