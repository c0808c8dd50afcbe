//! The company one is in: what people write and show each other, and what hosts do.

use shared::{
    ids::ParticipantId,
    media::Source,
    signaling::{Joined, Knock, Request},
};

use super::{
    Meeting,
    chat::{Chat, ChatView},
    effect::Instant,
    hands::{Hands, ReactionView},
    hosted::{Hosted, Telling},
    invites::{Invites, InvitesView},
    lobby::Lobby,
    outbox::Purpose,
    view::{TileKey, TileView},
};

/// Everything of a meeting that is neither media nor the connection.
#[derive(Debug, Default)]
pub(super) struct Company {
    pub(super) chat: Chat,
    pub(super) hands: Hands,
    pub(super) lobby: Lobby,
    pub(super) invites: Invites,
    pub(super) telling: Telling,
}

/// What of it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompanyView {
    /// The chat.
    pub chat: ChatView,
    /// The reactions of the last seconds, the oldest first.
    pub reactions: Vec<ReactionView>,
    /// Who waits to be let in, for those who may.
    pub knocks: Vec<Knock>,
    /// The room's invites, for those who may see them.
    pub invites: InvitesView,
    /// What a host did to one, or asks of one.
    pub hosted: Option<Hosted>,
}

impl Company {
    /// Does what is due.
    pub(super) fn handle_wake(&mut self, now: Instant) {
        self.hands.handle_wake(now);
        self.telling.handle_wake(now);
    }

    /// When [`Self::handle_wake`] has something to do.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        [self.hands.wake_at(), self.telling.wake_at()].into_iter().flatten().min()
    }
}

impl Meeting {
    /// Asks the server for something that waits for no connection: whether it was sent.
    pub(super) fn ask(&mut self, now: Instant, request: Request, purpose: Purpose) -> bool {
        let is_joined = self.over.is_none() && self.link.is_joined();
        if is_joined {
            self.outbox.request(now, request, purpose);
        }
        is_joined
    }

    /// Takes over what a snapshot says of the company.
    pub(super) fn meet(&mut self, joined: &mut Joined) {
        let company = &mut self.company;
        company.hands.set_queue(std::mem::take(&mut joined.raised_hands));
        company.lobby.replace(std::mem::take(&mut joined.knocks));
        company.invites.reset();
        let written = std::mem::take(&mut joined.chat);
        company.chat.replace(written, &joined.participant_id);
    }

    /// What is shown, with what it adds to `tiles`.
    pub(super) fn company_view(&self, tiles: &mut [TileView]) -> CompanyView {
        let Company { chat, hands, lobby, invites, telling } = &self.company;
        let me = self.place.as_ref().map(|place| &place.participant_id);
        for tile in &mut *tiles {
            let id = match &tile.key {
                TileKey::Me => me,
                TileKey::Other(id) | TileKey::Screen(id) => Some(id),
            };
            tile.hand = id.and_then(|id| hands.place(id));
            tile.reaction = id.and_then(|id| hands.reaction(id));
        }
        let name = |id: &ParticipantId| match tiles.iter().find(|tile| is_of(tile, id, me)) {
            Some(tile) => tile.name.clone(),
            None => String::new(),
        };
        let reactions = hands.reactions().iter().map(|shown| ReactionView {
            number: shown.number,
            name: name(&shown.who),
            reaction: shown.reaction,
        });
        CompanyView {
            chat: chat.view(),
            reactions: reactions.collect(),
            knocks: lobby.knocks().to_vec(),
            invites: invites.view(),
            hosted: telling.told(self.publishing.state(Source::Microphone)),
        }
    }
}

fn is_of(tile: &TileView, id: &ParticipantId, me: Option<&ParticipantId>) -> bool {
    match &tile.key {
        TileKey::Me => me == Some(id),
        TileKey::Other(other) => other == id,
        TileKey::Screen(_) => false,
    }
}
