//! What the server says: replies, errors and events, each to whom it concerns.

use std::time::Duration;

use shared::{
    error::ErrorCode,
    signaling::{
        Direction, Event, MediaUnreachable, Reply, ServerMessage, TransportCreated, TransportFailed,
    },
};

use super::{Meeting, effect::Instant, leg::Leg, notice::Notice, outbox::Purpose};

/// How long after one's own picture was too large it goes on being so when it is again.
const EXCESS_LASTS: Duration = Duration::from_secs(15);

impl Meeting {
    /// Takes a message in. What nobody waits for any more is not heard.
    pub(super) fn take_in(&mut self, now: Instant, message: ServerMessage) {
        match message {
            ServerMessage::Reply { id, reply } => {
                if let Some(purpose) = self.outbox.answered(id) {
                    self.handle_reply(now, purpose, reply);
                }
            }
            ServerMessage::Error { id, error } => {
                if let Some(purpose) = id.and_then(|id| self.outbox.answered(id)) {
                    self.handle_error(now, purpose, error.code);
                }
            }
            ServerMessage::Event(event) => self.handle_event(now, event),
        }
    }

    fn handle_reply(&mut self, now: Instant, purpose: Purpose, reply: Reply) {
        let outbox = &mut self.outbox;
        match (purpose, reply) {
            (Purpose::Join, Reply::Join(joined)) => self.joined(now, *joined),
            (Purpose::Join, Reply::Knocking(knocking)) => self.knocking(now, knocking),
            (Purpose::CreateTransport(direction), Reply::CreateTransport(created)) => {
                self.transport_created(direction, created);
            }
            (Purpose::SendOffer, Reply::ConnectTransport(connected)) => {
                self.publishing.handle_answer(now, connected.description, outbox);
            }
            (Purpose::RecvOffer, Reply::ConnectTransport(connected)) => {
                self.receiving.handle_offer(now, connected.description, outbox);
            }
            (Purpose::RecvAnswer, Reply::ConnectTransport(connected)) => {
                self.receiving.handle_acknowledged(now, &connected, outbox);
                if !connected.refused_consumers.is_empty() {
                    self.tell(now, Notice::Server(ErrorCode::CodecMismatch));
                }
            }
            (Purpose::Produce(source), Reply::Produce(producer)) => {
                self.publishing.handle_produced(source, producer.producer_id);
            }
            (Purpose::Consume(_), Reply::Consume(consumed)) => {
                self.receiving.handle_consumed(consumed);
            }
            (Purpose::Chat(key), Reply::Done) => self.company.chat.settled(key),
            (Purpose::ListInvites, Reply::ListInvites(list)) => self.company.invites.listed(list),
            (Purpose::ChangeInvites, Reply::CreateInvite(invite)) => {
                self.company.invites.made(invite);
            }
            (Purpose::ChangeInvites, Reply::Done) => self.invite_revoked(now),
            (Purpose::ResumeConsumer(_), Reply::Done) => self.receiving.handle_resumed(),
            (Purpose::Mute(_), Reply::Done) => self.publishing.handle_muted(),
            (
                Purpose::Asked | Purpose::SetPreferredLayers | Purpose::Ping | Purpose::Leave,
                Reply::Done,
            ) => {}
            // The server answered something else: nothing on this socket can be relied on.
            _ => self.link.lose(now, outbox),
        }
    }

    fn handle_error(&mut self, now: Instant, purpose: Purpose, code: ErrorCode) {
        let outbox = &mut self.outbox;
        match purpose {
            Purpose::Join => return self.join_refused(now, code),
            Purpose::Ping | Purpose::Leave => return,
            _ if code == ErrorCode::NotJoined => return self.link.lose(now, outbox),
            Purpose::SetPreferredLayers => self.watching.handle_refusal(now),
            Purpose::Chat(key) => return self.company.chat.refused(key, code),
            Purpose::ChangeInvites => return self.company.invites.settled(Some(code)),
            Purpose::Asked => return self.tell(now, Notice::Server(code)),
            Purpose::ListInvites => return,
            Purpose::CreateTransport(Direction::Send)
            | Purpose::SendOffer
            | Purpose::Produce(_)
            | Purpose::Mute(_) => self.publishing.handle_error(now, purpose, code, outbox),
            Purpose::CreateTransport(Direction::Recv)
            | Purpose::RecvOffer
            | Purpose::RecvAnswer
            | Purpose::Consume(_)
            | Purpose::ResumeConsumer(_) => {
                self.receiving.handle_error(now, purpose, code, outbox);
            }
        }
        if matches!(code, ErrorCode::CodecMismatch | ErrorCode::ServerBusy) {
            self.tell(now, Notice::Server(code));
        }
    }

    fn handle_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::PeerJoined(participant) => self.peer_joined(participant),
            Event::PeerPresence(presence) => self.roster.set_presence(&presence),
            Event::PeerLeft(peer) => self.peer_left(now, &peer.participant_id),
            Event::NewProducer(new) => self.roster.published(new),
            Event::ProducerClosed(producer) => self.roster.closed(producer.producer_id),
            Event::ProducerPaused(producer) => self.roster.set_paused(producer.producer_id, true),
            Event::ProducerResumed(producer) => self.roster.set_paused(producer.producer_id, false),
            Event::TransportFailed(failed) => self.transport_failed(now, failed),
            Event::MaxBitrate(limit) => self.set_max_bitrate(limit.max_video_bitrate),
            Event::LimitExceeded(_) => self.limit_exceeded(now),
            Event::LayersWanted(wanted) => {
                self.publishing.handle_layers_wanted(wanted.producer_id, wanted.layers);
            }
            Event::ConsumerLayer(now) => self.watching.handle_layer(now.consumer_id, now.layer),
            Event::ActiveSpeakers(speakers) => self.roster.set_speakers(speakers.participant_ids),
            Event::ChatMessage(message) => self.said(message),
            Event::HandsRaised(hands) => self.company.hands.set_queue(hands.participant_ids),
            Event::Reaction(reacted) => self.company.hands.reacted(now, reacted),
            Event::RoomChanged(changed) => self.room_changed(changed),
            Event::InviteLinkChanged(changed) => self.invite_link_changed(changed),
            Event::MutedBy(muted) => self.muted_by(now, muted),
            Event::StoppedBy(stopped) => self.stopped_by(now, stopped),
            Event::AskedToUnmute(asked) => self.asked_to_unmute(now, asked),
            Event::RoleChanged(changed) => self.role_changed(now, changed),
            Event::Knock(knock) => self.company.lobby.knocked(knock),
            Event::KnockGone(knock) => self.company.lobby.gone(knock.knock_id),
            Event::Admitted(admitted) => self.admitted(now, admitted),
            Event::HostPresent(present) => self.host_present(present.host_present),
            Event::MediaUnreachable(unreachable) => self.media_unreachable(now, &unreachable),
            Event::ServerShutdown => self.tell(now, Notice::Server(ErrorCode::ServerShutdown)),
        }
    }

    fn media_unreachable(&mut self, now: Instant, MediaUnreachable { address }: &MediaUnreachable) {
        if let Ok(address) = address.parse() {
            self.unreachable = Some(address);
            self.tell(now, Notice::Unreachable(address));
        }
    }

    /// One's own picture takes more than it may. Once may be a scene that changed; what goes on is
    /// told.
    fn limit_exceeded(&mut self, now: Instant) {
        let before = self.exceeded_at.replace(now);
        if before.is_some_and(|before| now.saturating_sub(before) <= EXCESS_LASTS) {
            self.tell(now, Notice::PictureTooLarge);
        }
    }

    const fn set_max_bitrate(&mut self, max_video_bitrate: u32) {
        if let Some(place) = &mut self.place {
            place.max_video_bitrate = max_video_bitrate;
        }
    }

    fn transport_created(&mut self, direction: Direction, created: TransportCreated) {
        let ice_servers = self.place.as_ref().map_or(&[][..], |place| &place.ice_servers);
        let leg = match direction {
            Direction::Send => &mut self.publishing.leg,
            Direction::Recv => &mut self.receiving.leg,
        };
        leg.created(created.transport_id, ice_servers, &mut self.outbox);
    }

    fn transport_failed(&mut self, now: Instant, failed: TransportFailed) {
        let is_it =
            |leg: &Leg| leg.ends().is_some_and(|ends| ends.transport_id == failed.transport_id);
        if is_it(&self.publishing.leg) {
            self.publishing.fail(now, &mut self.outbox);
        }
        if is_it(&self.receiving.leg) {
            self.receiving.fail(now, &mut self.outbox);
        }
    }
}
