//! Raised hands and reactions.

use std::time::Duration;

use shared::{
    ids::ParticipantId,
    limits::MAX_PARTICIPANTS,
    signaling::{RaiseHand, React, Reacted, Reaction, Request},
};

use super::{Meeting, effect::Instant, outbox::Purpose};

/// How long a reaction is shown.
const REACTION_TIME: Duration = Duration::from_secs(4);

/// Most reactions that are shown at once; the oldest go.
const MAX_REACTIONS: usize = 30;

/// The queue of raised hands, and the reactions of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Hands {
    queue: Vec<ParticipantId>,
    reactions: Vec<Shown>,
    last_number: u32,
}

/// A reaction while it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) number: u32,
    pub(super) who: ParticipantId,
    pub(super) reaction: Reaction,
    until: Instant,
}

/// A reaction that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionView {
    /// Tells it from every other.
    pub number: u32,
    /// Whose it is: shown as text, never as markup.
    pub name: String,
    /// Which.
    pub reaction: Reaction,
}

impl Hands {
    /// Whose hands are up now, who raised first at the front.
    pub(super) fn set_queue(&mut self, mut queue: Vec<ParticipantId>) {
        queue.truncate(MAX_PARTICIPANTS);
        self.queue = queue;
    }

    /// The place in the queue, counted from one.
    pub(super) fn place(&self, id: &ParticipantId) -> Option<usize> {
        self.queue.iter().position(|raised| raised == id).map(|index| index + 1)
    }

    /// Someone reacts.
    pub(super) fn reacted(&mut self, now: Instant, Reacted { participant_id, reaction }: Reacted) {
        self.last_number = self.last_number.wrapping_add(1);
        let (number, until) = (self.last_number, now + REACTION_TIME);
        self.reactions.push(Shown { number, who: participant_id, reaction, until });
        if self.reactions.len() > MAX_REACTIONS {
            self.reactions.remove(0);
        }
    }

    /// What is shown, the oldest first.
    pub(super) fn reactions(&self) -> &[Shown] {
        &self.reactions
    }

    /// The last reaction of someone, while it is shown.
    pub(super) fn reaction(&self, id: &ParticipantId) -> Option<Reaction> {
        self.reactions.iter().rev().find(|shown| shown.who == *id).map(|shown| shown.reaction)
    }

    /// Takes away what was shown long enough.
    pub(super) fn handle_wake(&mut self, now: Instant) {
        self.reactions.retain(|shown| shown.until > now);
    }

    /// When [`Self::handle_wake`] has something to do.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.reactions.first().map(|shown| shown.until)
    }
}

/// What people do with their hands.
impl Meeting {
    /// Raises one's hand, or lowers it.
    pub fn set_hand(&mut self, now: Instant, raised: bool) {
        self.ask(now, Request::RaiseHand(RaiseHand { raised }), Purpose::Asked);
    }

    /// Shows everyone a reaction.
    pub fn react(&mut self, now: Instant, reaction: Reaction) {
        self.ask(now, Request::React(React { reaction }), Purpose::Asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> ParticipantId {
        ParticipantId::from_random([number; 16])
    }

    fn reacted(number: u8, reaction: Reaction) -> Reacted {
        Reacted { participant_id: id(number), reaction }
    }

    #[test]
    fn hands_are_counted_in_the_order_they_were_raised() {
        let mut hands = Hands::default();
        hands.set_queue(vec![id(7), id(3)]);
        assert_eq!([hands.place(&id(7)), hands.place(&id(3))], [Some(1), Some(2)]);
        hands.set_queue(vec![id(3)]);
        assert_eq!([hands.place(&id(7)), hands.place(&id(3))], [None, Some(1)]);
    }

    #[test]
    fn a_reaction_is_shown_for_four_seconds_and_the_last_one_counts() {
        let mut hands = Hands::default();
        let second = Duration::from_secs(1);
        hands.reacted(second, reacted(1, Reaction::Clap));
        hands.reacted(second * 2, reacted(1, Reaction::Heart));
        assert_eq!(hands.reaction(&id(1)), Some(Reaction::Heart));
        assert_eq!(hands.wake_at(), Some(second * 5));
        hands.handle_wake(second * 5);
        assert_eq!(hands.reactions().len(), 1);
        hands.handle_wake(second * 6);
        assert_eq!((hands.reaction(&id(1)), hands.wake_at()), (None, None));
    }

    #[test]
    fn reactions_are_bounded() {
        let mut hands = Hands::default();
        for number in 0..100 {
            hands.reacted(Duration::ZERO, reacted(number, Reaction::Wow));
        }
        assert_eq!(hands.reactions().len(), MAX_REACTIONS);
        assert_eq!(hands.reactions().last().map(|shown| shown.number), Some(100));
    }
}
