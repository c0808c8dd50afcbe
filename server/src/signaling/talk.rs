//! What participants say to all without speaking.

use std::time::{Instant, SystemTime};

use shared::signaling::{ParticipantRef, RaiseHand, React, Reply, SendChat};

use super::session::{Answered, Place, Question, Refusal};
use crate::rooms::room::ChatText;

impl Place {
    /// Tells everyone what the participant writes.
    pub(super) fn send_chat(
        &self,
        question: Question,
        SendChat { text }: &SendChat,
    ) -> Result<Answered, Refusal> {
        let text = ChatText::parse(text)?;
        let (now, wall_clock) = (Instant::now(), SystemTime::now());
        self.room.lock().send_chat(&self.seat, text, now, wall_clock)?;
        Ok(question.answer(Reply::Done))
    }

    /// Raises the participant's hand, or lowers it.
    pub(super) fn raise_hand(
        &self,
        question: Question,
        RaiseHand { raised }: RaiseHand,
    ) -> Result<Answered, Refusal> {
        self.room.lock().raise_hand(&self.seat, raised, Instant::now())?;
        Ok(question.answer(Reply::Done))
    }

    /// Shows everyone a reaction.
    pub(super) fn react(
        &self,
        question: Question,
        React { reaction }: React,
    ) -> Result<Answered, Refusal> {
        self.room.lock().react(&self.seat, reaction, Instant::now())?;
        Ok(question.answer(Reply::Done))
    }

    /// Lowers another's hand.
    pub(super) fn lower_hand(
        &self,
        question: Question,
        ParticipantRef { participant_id }: &ParticipantRef,
    ) -> Result<Answered, Refusal> {
        self.room.lock().lower_hand(&self.seat, participant_id)?;
        Ok(question.answer(Reply::Done))
    }
}
