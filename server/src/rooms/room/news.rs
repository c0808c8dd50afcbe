//! What the media workers report of streams, to be told to whom it concerns.

use std::{collections::VecDeque, net::SocketAddr};

use shared::{
    ids::{ConsumerId, ParticipantId, ProducerId},
    media::Layer,
    signaling::{
        ActiveSpeakers, ConsumerLayer, Event, LayersWanted, LimitExceeded, MediaUnreachable, Role,
        ServerMessage,
    },
};

use super::{Room, Seat};
use crate::rooms::{member::Member, outbox::written};

/// Most reports that are kept of producers that the room does not know yet.
const MAX_EARLY: usize = 16;

/// The last reports of producers whose making the room was not told of yet: the worker's report
/// and its reply take different ways. Over [`MAX_EARLY`] the oldest go; a publisher that was not
/// told what is wanted sends everything, which is only dearer.
#[derive(Debug)]
pub(super) struct EarlyNews(VecDeque<(ProducerId, Vec<u8>)>);

impl EarlyNews {
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    fn keep(&mut self, producer_id: ProducerId, layers: Vec<u8>) {
        self.0.retain(|(known, _)| *known != producer_id);
        if self.0.len() >= MAX_EARLY {
            self.0.pop_front();
        }
        self.0.push_back((producer_id, layers));
    }

    fn take(&mut self, producer_id: ProducerId) -> Option<Vec<u8>> {
        let index = self.0.iter().position(|(known, _)| *known == producer_id)?;
        self.0.remove(index).map(|(_, layers)| layers)
    }
}

impl Room {
    /// Takes the report which layers of a video somebody receives.
    pub fn handle_layers_wanted(&mut self, producer_id: ProducerId, layers: Vec<u8>) {
        let publishes = |member: &&mut Member| member.media.producers.contains_key(&producer_id);
        match self.members.iter_mut().find(publishes) {
            Some(publisher) => {
                publisher.tell_of_wanted(producer_id, layers.clone());
                publisher.media.wanted.insert(producer_id, layers);
            }
            None => self.early.keep(producer_id, layers),
        }
    }

    /// Tells what was reported of a producer before the room knew it.
    pub fn tell_early_news(&mut self, producer_id: ProducerId) {
        if let Some(layers) = self.early.take(producer_id) {
            self.handle_layers_wanted(producer_id, layers);
        }
    }

    /// Takes the report that more is sent of a video than may be: its publisher is told.
    pub fn handle_limit_exceeded(&self, producer_id: ProducerId) {
        let publishes = |member: &&Member| member.media.producers.contains_key(&producer_id);
        if let Some(publisher) = self.members.iter().find(publishes) {
            let max_video_bitrate = self.max_video_bitrate(&publisher.id);
            let exceeded = LimitExceeded { producer_id, max_video_bitrate };
            publisher.tell_event(Event::LimitExceeded(exceeded));
        }
    }

    /// Takes the report what is forwarded to a consumer.
    pub fn handle_consumer_layer(&self, consumer_id: ConsumerId, layer: Option<Layer>) {
        let receives = |member: &&Member| member.media.consumers.contains_key(&consumer_id);
        if let Some(receiver) = self.members.iter().find(receives) {
            receiver.tell_event(Event::ConsumerLayer(ConsumerLayer { consumer_id, layer }));
        }
    }

    /// Takes the report which producers speak, the loudest first.
    pub fn handle_active_speakers(&mut self, producers: &[ProducerId]) {
        let mut participant_ids: Vec<ParticipantId> = Vec::new();
        for producer_id in producers {
            let mut members = self.members.iter();
            let speaker = members.find(|m| m.media.producers.contains_key(producer_id));
            if let Some(speaker) = speaker.filter(|m| !participant_ids.contains(&m.id)) {
                participant_ids.push(speaker.id.clone());
            }
        }
        let is_here = |id: &ParticipantId| self.members.iter().any(|member| member.id == *id);
        self.heard.retain(|id| is_here(id) && !participant_ids.contains(id));
        self.heard.splice(..0, participant_ids.iter().cloned());
        self.wake_viewers();
        let speakers = ActiveSpeakers { participant_ids };
        let text = written(&ServerMessage::Event(Event::ActiveSpeakers(speakers.clone())));
        self.members.iter().for_each(|member| member.tell(&text));
        self.speakers = speakers;
    }

    /// Tells whoever came in, and has the snapshot, what else there is to know: who speaks, and
    /// what is wanted of the videos that go on.
    pub fn tell_standing(&self, seat: &Seat) {
        let Ok(member) = self.member(seat) else { return };
        if !self.speakers.participant_ids.is_empty() {
            member.tell_event(Event::ActiveSpeakers(self.speakers.clone()));
        }
        for (producer_id, layers) in &member.media.wanted {
            member.tell_of_wanted(*producer_id, layers.clone());
        }
    }
}

impl Room {
    /// Tells those who run the meeting that nobody's media reaches us.
    pub fn tell_unreachable(&self, address: SocketAddr) {
        let text = written(&ServerMessage::Event(Event::MediaUnreachable(MediaUnreachable {
            address: address.to_string(),
        })));
        let hosts = self.members.iter().filter(|member| member.role != Role::Guest);
        hosts.for_each(|member| member.tell(&text));
    }
}

impl Member {
    fn tell_of_wanted(&self, producer_id: ProducerId, layers: Vec<u8>) {
        self.tell_event(Event::LayersWanted(LayersWanted { producer_id, layers }));
    }

    pub(super) fn tell_event(&self, event: Event) {
        self.tell(&written(&ServerMessage::Event(event)));
    }
}
