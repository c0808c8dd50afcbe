//! Who else is in the room, and what they publish.

use shared::{
    ids::{ParticipantId, ProducerId},
    limits::{MAX_CONSUMERS_PER_PARTICIPANT, MAX_PARTICIPANTS, MAX_PRODUCERS_PER_PARTICIPANT},
    media::{MediaKind, Source},
    signaling::{NewProducer, Participant, PeerPresence, Producer, Role},
};

use super::{
    quality::Level,
    view::{Hindrance, ScreenView, TileKey, TileView},
};

/// The others, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Roster {
    others: Vec<Participant>,
    /// The loudest first.
    speakers: Vec<ParticipantId>,
}

impl Roster {
    /// Takes over a snapshot.
    pub(super) fn replace(&mut self, mut others: Vec<Participant>) {
        others.truncate(MAX_PARTICIPANTS);
        self.others = others;
        self.speakers.clear();
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

    /// Someone may do more, or less.
    pub(super) fn set_role(&mut self, id: &ParticipantId, role: Role) {
        if let Some(participant) = self.find(id) {
            participant.role = role;
        }
    }

    /// The name of someone else; empty when they are gone.
    pub(super) fn name(&self, id: &ParticipantId) -> String {
        let other = self.others.iter().find(|other| other.id == *id);
        other.map(|other| other.display_name.clone()).unwrap_or_default()
    }

    /// Whether a host is among them.
    pub(super) fn has_host(&self) -> bool {
        self.others.iter().any(|other| other.role == Role::Host)
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

    /// The others' pictures, with the tile that shows each.
    pub(super) fn videos(&self) -> impl Iterator<Item = (TileKey, &Producer)> {
        let videos = self.producers().filter(|(_, it)| it.source.kind() == MediaKind::Video);
        videos.map(|(id, producer)| (tile_of(id, producer.source), producer))
    }

    /// The others' tiles; `hindrance` says why a producer cannot be seen.
    pub(super) fn tiles(
        &self,
        hindrance: impl Fn(&Producer) -> Option<Hindrance>,
    ) -> impl Iterator<Item = TileView> {
        self.others.iter().map(move |other| {
            let camera = live(other, Source::Camera);
            TileView {
                key: TileKey::Other(other.id.clone()),
                name: other.display_name.clone(),
                role: other.role,
                has_audio: live(other, Source::Microphone).is_some(),
                has_video: camera.is_some(),
                has_screen: live(other, Source::Screen).is_some(),
                is_speaking: self.speakers.contains(&other.id),
                hindrance: camera.and_then(&hindrance),
                presence: other.presence,
                hand: None,
                reaction: None,
                quality: Level::Good,
            }
        })
    }

    /// The screens that others share.
    pub(super) fn screens(
        &self,
        hindrance: impl Fn(&Producer) -> Option<Hindrance>,
    ) -> impl Iterator<Item = ScreenView> {
        self.others.iter().filter_map(move |other| {
            let screen = live(other, Source::Screen)?;
            Some(ScreenView {
                key: TileKey::Screen(other.id.clone()),
                name: other.display_name.clone(),
                hindrance: hindrance(screen),
            })
        })
    }

    /// Who speaks now.
    pub(super) fn set_speakers(&mut self, mut speakers: Vec<ParticipantId>) {
        speakers.truncate(MAX_PARTICIPANTS);
        self.speakers = speakers;
    }

    /// Whether somebody, who may be oneself, speaks.
    pub(super) fn is_speaking(&self, id: &ParticipantId) -> bool {
        self.speakers.contains(id)
    }

    fn find(&mut self, id: &ParticipantId) -> Option<&mut Participant> {
        self.others.iter_mut().find(|participant| participant.id == *id)
    }
}

/// The tile that shows, or belongs to, a source of someone.
pub(super) fn tile_of(id: &ParticipantId, source: Source) -> TileKey {
    match source {
        Source::Screen | Source::ScreenAudio => TileKey::Screen(id.clone()),
        Source::Camera | Source::Microphone => TileKey::Other(id.clone()),
    }
}

/// What a participant sends of a source, unless it is muted.
fn live(participant: &Participant, source: Source) -> Option<&Producer> {
    participant.producers.iter().find(|producer| producer.source == source && !producer.paused)
}
