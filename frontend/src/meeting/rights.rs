//! What one may do to others, and what the server is asked for it. The server enforces the same
//! table; the page shows no more than it.

use shared::{
    ids::{KnockId, ParticipantId},
    signaling::{
        KnockRef, Mute, ParticipantRef, Remove, Request, Right, Role, SetLobby, SetLocked, SetRole,
    },
};

use super::{
    Meeting,
    effect::Instant,
    outbox::Purpose,
    view::{TileKey, TileView},
};

/// Something a host does to one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonAction {
    /// Mutes their microphone.
    Mute,
    /// Asks them to unmute.
    AskToUnmute,
    /// Turns their camera off.
    StopVideo,
    /// Ends their screen share.
    StopShare,
    /// Lowers their hand.
    LowerHand,
    /// Makes them a co-host.
    MakeCoHost,
    /// Makes a co-host a guest again.
    MakeGuest,
    /// Makes them the host in one's own place.
    HandOver,
    /// Removes them; they may come back.
    Remove,
    /// Removes them, and the invites they know with them.
    Block,
}

/// Something a host does to the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomAction {
    /// Mutes everyone but hosts and co-hosts.
    MuteAll,
    /// Lets nobody new in, or again.
    SetLocked(bool),
    /// Has bare ids knock, or not.
    SetLobby(bool),
    /// Ends the meeting for everyone.
    End,
    /// Lets in who knocked.
    Admit(KnockId),
    /// Sends away who knocked.
    Refuse(KnockId),
}

impl PersonAction {
    /// In the order in which they are shown.
    const ALL: [Self; 10] = [
        Self::LowerHand,
        Self::Mute,
        Self::AskToUnmute,
        Self::StopVideo,
        Self::StopShare,
        Self::MakeCoHost,
        Self::MakeGuest,
        Self::HandOver,
        Self::Remove,
        Self::Block,
    ];

    /// What someone of the role `me` may do to `person` now.
    pub fn on(me: Role, person: &TileView) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |action| {
            !person.is_me()
                && me.may(action.right())
                && me.reaches(person.role)
                && action.makes_sense(person)
        })
    }

    /// Whether it cannot be taken back, so that one is asked before.
    #[must_use]
    pub const fn is_grave(self) -> bool {
        matches!(self, Self::HandOver | Self::Remove | Self::Block)
    }

    const fn right(self) -> Right {
        match self {
            Self::Mute | Self::AskToUnmute => Right::Mute,
            Self::StopVideo | Self::StopShare => Right::StopVideo,
            Self::LowerHand => Right::LowerHands,
            Self::MakeCoHost | Self::MakeGuest | Self::HandOver => Right::SetRoles,
            Self::Remove | Self::Block => Right::Remove,
        }
    }

    fn makes_sense(self, person: &TileView) -> bool {
        match self {
            Self::Mute => person.has_audio,
            Self::AskToUnmute => !person.has_audio,
            Self::StopVideo => person.has_video,
            Self::StopShare => person.has_screen,
            Self::LowerHand => person.hand.is_some(),
            Self::MakeCoHost => person.role == Role::Guest,
            Self::MakeGuest => person.role == Role::CoHost,
            Self::HandOver => person.role != Role::Host,
            Self::Remove | Self::Block => true,
        }
    }

    fn request(self, participant_id: ParticipantId) -> Request {
        let set_role = |participant_id, role| Request::SetRole(SetRole { participant_id, role });
        match self {
            Self::Mute => Request::Mute(Mute { participant_id: Some(participant_id) }),
            Self::AskToUnmute => Request::AskToUnmute(ParticipantRef { participant_id }),
            Self::StopVideo => Request::StopVideo(ParticipantRef { participant_id }),
            Self::StopShare => Request::StopShare(ParticipantRef { participant_id }),
            Self::LowerHand => Request::LowerHand(ParticipantRef { participant_id }),
            Self::MakeCoHost => set_role(participant_id, Role::CoHost),
            Self::MakeGuest => set_role(participant_id, Role::Guest),
            Self::HandOver => set_role(participant_id, Role::Host),
            Self::Remove => Request::Remove(Remove { participant_id, block: false }),
            Self::Block => Request::Remove(Remove { participant_id, block: true }),
        }
    }
}

impl RoomAction {
    const fn request(self) -> Request {
        match self {
            Self::MuteAll => Request::Mute(Mute { participant_id: None }),
            Self::SetLocked(locked) => Request::SetLocked(SetLocked { locked }),
            Self::SetLobby(lobby) => Request::SetLobby(SetLobby { lobby }),
            Self::End => Request::EndMeeting,
            Self::Admit(knock_id) => Request::Admit(KnockRef { knock_id }),
            Self::Refuse(knock_id) => Request::Refuse(KnockRef { knock_id }),
        }
    }
}

/// What hosts do.
impl Meeting {
    /// Does something to one person.
    pub fn act_on_person(&mut self, now: Instant, person: &TileKey, action: PersonAction) {
        if let TileKey::Other(id) = person {
            self.ask(now, action.request(id.clone()), Purpose::Asked);
        }
    }

    /// Does something to the room.
    pub fn act_on_room(&mut self, now: Instant, action: RoomAction) {
        self.ask(now, action.request(), Purpose::Asked);
    }
}

#[cfg(test)]
mod tests {
    use shared::signaling::Presence;

    use super::*;

    fn person(role: Role) -> TileView {
        TileView {
            key: TileKey::Other(ParticipantId::from_random([1; 16])),
            name: "Bob".to_owned(),
            role,
            has_audio: true,
            has_video: false,
            has_screen: false,
            is_speaking: false,
            hindrance: None,
            presence: Presence::Connected,
            hand: None,
            reaction: None,
            quality: crate::meeting::quality::Level::Good,
        }
    }

    fn may(me: Role, person: &TileView) -> Vec<PersonAction> {
        PersonAction::on(me, person).collect()
    }

    #[test]
    fn guests_may_do_nothing_and_nobody_anything_to_themselves() {
        assert_eq!(may(Role::Guest, &person(Role::Guest)), []);
        let me = TileView { key: TileKey::Me, ..person(Role::Host) };
        assert_eq!(may(Role::Host, &me), []);
    }

    #[test]
    fn a_host_may_do_what_makes_sense() {
        use PersonAction as A;
        let bob = person(Role::Guest);
        let all = [A::Mute, A::MakeCoHost, A::HandOver, A::Remove, A::Block];
        assert_eq!(may(Role::Host, &bob), all);
        let busy = TileView { has_audio: false, has_screen: true, hand: Some(1), ..bob };
        let all = [
            A::LowerHand,
            A::AskToUnmute,
            A::StopShare,
            A::MakeCoHost,
            A::HandOver,
            A::Remove,
            A::Block,
        ];
        assert_eq!(may(Role::Host, &busy), all);
    }

    #[test]
    fn a_co_host_gives_no_roles_and_does_not_reach_the_host() {
        use PersonAction as A;
        assert_eq!(may(Role::CoHost, &person(Role::Guest)), [A::Mute, A::Remove, A::Block]);
        assert_eq!(may(Role::CoHost, &person(Role::Host)), []);
        let all = [A::Mute, A::MakeGuest, A::HandOver, A::Remove, A::Block];
        assert_eq!(may(Role::Host, &person(Role::CoHost)), all);
    }
}
