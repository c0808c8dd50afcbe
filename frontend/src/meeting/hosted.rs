//! What a host did to one, and what becomes of it here.

use std::time::Duration;

use shared::{
    ids::ParticipantId,
    media::Source,
    signaling::{
        AskedToUnmute, InviteLinkChanged, MutedBy, Participant, Right, Role, RoleChanged,
        RoomChanged, StoppedBy,
    },
};

use super::{
    Meeting,
    effect::{Effect, Instant},
    view::DeviceState,
};

/// How long something a host did is told.
const TELLING_TIME: Duration = Duration::from_secs(8);

/// How long a question of a host stands.
const ASKING_TIME: Duration = Duration::from_secs(30);

/// Something a host did to one, or asks of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosted {
    /// The microphone was muted by someone of this name, which is empty where it is not known.
    Muted(String),
    /// The camera was turned off by someone of this name.
    VideoStopped(String),
    /// The screen share was ended by someone of this name.
    ShareStopped(String),
    /// Someone of this name asks one to unmute.
    AskedToUnmute(String),
    /// One's role is another one now.
    Role(Role),
    /// The only host is gone for good.
    HostLeft,
}

impl Hosted {
    /// A host of this name paused a source.
    pub(super) fn muted(source: Source, name: String) -> Self {
        match source {
            Source::Camera => Self::VideoStopped(name),
            Source::Microphone | Source::Screen | Source::ScreenAudio => Self::Muted(name),
        }
    }

    /// A host of this name ended a source; its sound ends with a screen, and is not told.
    pub(super) fn stopped(source: Source, name: String) -> Option<Self> {
        (source == Source::Screen).then_some(Self::ShareStopped(name))
    }

    /// For programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Muted(_) => "muted_by",
            Self::VideoStopped(_) => "video_stopped_by",
            Self::ShareStopped(_) => "share_stopped_by",
            Self::AskedToUnmute(_) => "asked_to_unmute",
            Self::Role(_) => "role_changed",
            Self::HostLeft => "host_away",
        }
    }
}

/// The last thing that a host did to one, for as long as it is told.
#[derive(Debug, Default)]
pub(super) struct Telling(Option<(Hosted, Instant)>);

impl Telling {
    /// Tells something in place of what was told before.
    pub(super) fn tell(&mut self, now: Instant, hosted: Hosted) {
        let is_question = matches!(hosted, Hosted::AskedToUnmute(_));
        let until = now + if is_question { ASKING_TIME } else { TELLING_TIME };
        self.0 = Some((hosted, until));
    }

    /// What is told now; a question only until it is answered.
    pub(super) fn told(&self, microphone: DeviceState) -> Option<Hosted> {
        let hosted = self.0.as_ref().map(|(hosted, _)| hosted)?;
        let is_answered =
            matches!(hosted, Hosted::AskedToUnmute(_)) && microphone != DeviceState::Off;
        (!is_answered).then(|| hosted.clone())
    }

    /// A host is here, again.
    fn host_is_back(&mut self) {
        self.0.take_if(|(hosted, _)| *hosted == Hosted::HostLeft);
    }

    /// It was read.
    pub(super) fn dismiss(&mut self) {
        self.0 = None;
    }

    /// Takes away what was told long enough.
    pub(super) fn handle_wake(&mut self, now: Instant) {
        self.0.take_if(|(_, until)| *until <= now);
    }

    /// When [`Self::handle_wake`] has something to do.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.0.as_ref().map(|(_, until)| *until)
    }
}

/// What hosts do.
impl Meeting {
    /// Takes away what was told of hosts.
    pub fn dismiss_hosted(&mut self) {
        self.company.telling.dismiss();
    }

    pub(super) fn muted_by(&mut self, now: Instant, MutedBy { by, source, producer_id }: MutedBy) {
        self.publishing.paused_by_server(source, producer_id, &mut self.outbox);
        if source == Source::Microphone {
            // Who holds the key is not heard by it any more.
            self.holds_to_talk = false;
        }
        let hosted = Hosted::muted(source, self.roster.name(&by));
        self.company.telling.tell(now, hosted);
    }

    pub(super) fn stopped_by(&mut self, now: Instant, stopped: StoppedBy) {
        let StoppedBy { by, source, producer_id } = stopped;
        self.publishing.closed_by_server(source, producer_id, &mut self.outbox);
        if let Some(hosted) = Hosted::stopped(source, self.roster.name(&by)) {
            self.company.telling.tell(now, hosted);
        }
    }

    pub(super) fn asked_to_unmute(&mut self, now: Instant, AskedToUnmute { by }: AskedToUnmute) {
        let name = self.roster.name(&by);
        self.company.telling.tell(now, Hosted::AskedToUnmute(name));
    }

    /// Someone came in, or came back.
    pub(super) fn peer_joined(&mut self, participant: Participant) {
        if participant.role == Role::Host {
            self.company.telling.host_is_back();
        }
        if !self.is_me(&participant.id) {
            self.roster.joined(participant);
        }
    }

    /// Someone is gone for good. That the host is, the others are told.
    pub(super) fn peer_left(&mut self, now: Instant, id: &ParticipantId) {
        let had_host = self.roster.has_host();
        self.roster.left(id);
        let am_host = self.place.as_ref().is_some_and(|place| place.role == Role::Host);
        if had_host && !am_host && !self.roster.has_host() {
            self.company.telling.tell(now, Hosted::HostLeft);
        }
    }

    /// Someone may do more, or less. One's own new ticket is kept, so that a reload keeps the role, and
    /// so is the invite, so that one may leave and come back.
    pub(super) fn role_changed(&mut self, now: Instant, changed: RoleChanged) {
        let RoleChanged { participant_id, role, resume_ticket, invite } = changed;
        if !self.is_me(&participant_id) {
            return self.roster.set_role(&participant_id, role);
        }
        let Some(place) = &mut self.place else { return };
        place.role = role;
        let room = place.room.room_id.clone();
        if let Some(token) = invite {
            self.intent.token = Some(token.clone());
            self.outbox.effect(Effect::SaveToken { room: room.clone(), token });
        }
        if let Some(ticket) = resume_ticket {
            self.keep_ticket(room, ticket);
        }
        if !role.may(Right::KeepDoor) {
            self.company.lobby.forget_knocks();
        }
        if !role.may(Right::Invite) {
            self.company.invites.reset();
        }
        self.company.telling.tell(now, Hosted::Role(role));
    }

    pub(super) fn room_changed(&mut self, RoomChanged { locked, lobby }: RoomChanged) {
        if let Some(place) = &mut self.place {
            place.room.locked = locked;
            place.room.lobby = lobby;
        }
    }

    pub(super) fn invite_link_changed(&mut self, changed: InviteLinkChanged) {
        if let Some(place) = &mut self.place {
            place.room.invite_link = changed.invite_link;
        }
    }
}
