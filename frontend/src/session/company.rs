//! What people write and show each other, and what hosts do.

use shared::signaling::{CreateInvite, Reaction, RevokeInvite};

use super::Session;
use crate::meeting::{
    Meeting,
    rights::{PersonAction, RoomAction},
    view::TileKey,
};

impl Session {
    /// Writes to everyone; false when the draft has to be kept: it is blank, too long, or too much
    /// is on its way.
    #[must_use]
    pub fn send_chat(&self, text: &str) -> bool {
        let mut is_taken = false;
        self.tell(|meeting, now| is_taken = meeting.send_chat(now, text));
        is_taken
    }

    /// Sends a message again that the server refused.
    pub fn resend_chat(&self, key: u32) {
        self.tell(|meeting, now| meeting.resend_chat(now, key));
    }

    /// Gives up a message that the server refused.
    pub fn discard_chat(&self, key: u32) {
        self.tell(|meeting, _| meeting.discard_chat(key));
    }

    /// Says whether the chat is looked at.
    pub fn set_reading_chat(&self, reading: bool) {
        self.tell(|meeting, _| meeting.set_reading_chat(reading));
    }

    /// Raises one's hand, or lowers it.
    pub fn set_hand(&self, raised: bool) {
        self.tell(|meeting, now| meeting.set_hand(now, raised));
    }

    /// Shows everyone a reaction.
    pub fn react(&self, reaction: Reaction) {
        self.tell(|meeting, now| meeting.react(now, reaction));
    }

    /// Does something to one person.
    pub fn act_on_person(&self, person: &TileKey, action: PersonAction) {
        self.tell(|meeting, now| meeting.act_on_person(now, person, action));
    }

    /// Does something to the room.
    pub fn act_on_room(&self, action: RoomAction) {
        self.tell(|meeting, now| meeting.act_on_room(now, action));
    }

    /// Takes away what was told of hosts.
    pub fn dismiss_hosted(&self) {
        self.tell(|meeting, _| meeting.dismiss_hosted());
    }

    /// Asks anew which invites there are.
    pub fn list_invites(&self) {
        self.tell(Meeting::list_invites);
    }

    /// Makes an invite.
    pub fn create_invite(&self, invite: CreateInvite) {
        self.tell(|meeting, now| meeting.create_invite(now, invite));
    }

    /// Withdraws an invite.
    pub fn revoke_invite(&self, revoke: RevokeInvite) {
        self.tell(|meeting, now| meeting.revoke_invite(now, revoke));
    }
}
