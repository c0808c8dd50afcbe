//! Raised hands and reactions.

use std::time::Instant;

use shared::{
    error::ErrorCode,
    ids::ParticipantId,
    signaling::{Event, HandsRaised, Reacted, Reaction, Right},
};

use super::{Room, Seat};
use crate::{pace::Verdict, rooms::member::Member};

impl Room {
    /// Whose hands are up, who raised first at the front.
    #[must_use]
    pub fn raised_hands(&self) -> &[ParticipantId] {
        &self.hands
    }

    /// Raises a participant's hand, at the end of the queue, or lowers it.
    ///
    /// # Errors
    ///
    /// The seat was taken over, or does this too often.
    pub fn raise_hand(&mut self, seat: &Seat, raised: bool, now: Instant) -> Result<(), ErrorCode> {
        self.member_mut(seat)?.gesture(now)?;
        let id = &seat.participant_id;
        if !raised {
            self.put_hand_down(id);
        } else if !self.hands.contains(id) {
            self.hands.push(id.clone());
            self.tell_hands();
        }
        Ok(())
    }

    /// Lowers another's hand, for a host.
    ///
    /// # Errors
    ///
    /// The seat has no right to, or the other is not here.
    pub fn lower_hand(&mut self, seat: &Seat, target: &ParticipantId) -> Result<(), ErrorCode> {
        // Whoever leads the talk may call on anybody, whatever their role.
        self.check_right(super::Actor::Seat(seat), Right::LowerHands)?;
        if self.members.iter().all(|member| member.id != *target) {
            return Err(ErrorCode::ParticipantNotFound);
        }
        self.put_hand_down(target);
        Ok(())
    }

    /// Shows everyone a participant's reaction.
    ///
    /// # Errors
    ///
    /// The seat was taken over, or does this too often.
    pub fn react(
        &mut self,
        seat: &Seat,
        reaction: Reaction,
        now: Instant,
    ) -> Result<(), ErrorCode> {
        self.member_mut(seat)?.gesture(now)?;
        let participant_id = seat.participant_id.clone();
        self.tell_all(&Event::Reaction(Reacted { participant_id, reaction }));
        Ok(())
    }

    /// Takes a hand out of the queue, if it is in there, and tells everyone.
    pub(super) fn put_hand_down(&mut self, id: &ParticipantId) {
        let before = self.hands.len();
        self.hands.retain(|raised| raised != id);
        if self.hands.len() < before {
            self.tell_hands();
        }
    }

    fn tell_hands(&self) {
        let participant_ids = self.hands.clone();
        self.tell_all(&Event::HandsRaised(HandsRaised { participant_ids }));
    }
}

impl Member {
    fn gesture(&mut self, now: Instant) -> Result<(), ErrorCode> {
        match self.paces.gestures.spend(now, 1) {
            Verdict::Within => Ok(()),
            Verdict::Flood => Err(ErrorCode::TooMany),
        }
    }
}
