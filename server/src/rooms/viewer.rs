//! Someone who watches a room over HTTP (WHEP), and what their m-lines show.
//!
//! A viewer's m-lines are fixed by their offer, while people come and go. So what each shows is
//! desired anew whenever the room changes ([`assign`]), and reconciled by whoever has the viewer.

use std::sync::Arc;

use sfu::codec::Codec;
use shared::{
    ids::{ConsumerId, ParticipantId, ProducerId, TransportId},
    media::MediaKind,
    signaling::Role,
};
use tokio::sync::Notify;

use super::session::HttpSession;
use crate::invites::Invite;

/// One who watches. They are no participant: nobody sees them, and they take no place of one.
#[derive(Debug)]
pub struct Viewer {
    pub(super) session: HttpSession,
    /// The invite they came by.
    pub(super) invite_id: String,
    pub(super) role: Role,
    pub(super) transport_id: TransportId,
    pub(super) subject: Subject,
    pub(super) lines: Vec<ViewLine>,
    pub(super) wake: Arc<Notify>,
    /// The transport has ended; the viewer is forgotten at the next tick.
    pub(super) is_over: bool,
}

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Whoever is in the room: who speaks, or came first, on the first m-line.
    Everyone,
    /// One participant.
    Participant(ParticipantId),
}

/// One m-line of a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewLine {
    /// Its name.
    pub mid: String,
    /// What it can carry.
    pub kind: MediaKind,
    /// What the viewer decodes.
    pub codecs: Vec<Codec>,
    /// What is on it.
    pub shown: Option<Shown>,
}

/// What an m-line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// By which consumer.
    pub consumer_id: ConsumerId,
    /// Of which producer.
    pub producer_id: ProducerId,
}

/// Something that can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The producer.
    pub producer_id: ProducerId,
    /// What it is coded in.
    pub codec: Codec,
}

/// What has to be done for one m-line to show what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewChange {
    /// The m-line.
    pub mid: String,
    /// What it shall show, in place of what is on it.
    pub show: Option<ProducerId>,
    /// What is on it.
    pub now: Option<ConsumerId>,
}

impl Viewer {
    /// A viewer who is shown nothing yet.
    #[must_use]
    pub fn new(
        session: HttpSession,
        invite: Invite,
        transport_id: TransportId,
        (subject, lines): (Subject, Vec<ViewLine>),
    ) -> Self {
        let (invite_id, role) = (invite.id, invite.role);
        let wake = Arc::new(Notify::new());
        Self { session, invite_id, role, transport_id, subject, lines, wake, is_over: false }
    }

    /// Told whenever the room has changed, and when the viewer is gone.
    #[must_use]
    pub fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// What has to be done for the m-lines to show `candidates`, the best first.
    pub(super) fn changes(&self, candidates: &[Candidate]) -> Vec<ViewChange> {
        let mut changes = Vec::new();
        for kind in [MediaKind::Audio, MediaKind::Video] {
            let lines: Vec<_> = self.lines.iter().filter(|line| line.kind == kind).collect();
            for (line, show) in lines.iter().zip(assign(&lines, candidates)) {
                if show != line.shown.map(|shown| shown.producer_id) {
                    let now = line.shown.map(|shown| shown.consumer_id);
                    changes.push(ViewChange { mid: line.mid.clone(), show, now });
                }
            }
        }
        changes
    }
}

impl ViewLine {
    fn carries(&self, codec: Codec) -> bool {
        self.codecs.contains(&codec)
    }

    fn shows(&self, producer_id: ProducerId) -> bool {
        self.shown.is_some_and(|shown| shown.producer_id == producer_id)
    }
}

/// What each of the m-lines of one kind shall show of `candidates`, the best first: the first m-line
/// the best, and of the others as many as there are m-lines. Who is seen already stays where they
/// are.
fn assign(lines: &[&ViewLine], candidates: &[Candidate]) -> Vec<Option<ProducerId>> {
    let can_be_seen = |one: &&Candidate| lines.iter().any(|line| line.carries(one.codec));
    let mut left: Vec<Candidate> =
        candidates.iter().filter(can_be_seen).take(lines.len()).copied().collect();
    let mut shown = vec![None; lines.len()];
    let mut take = |wanted: &dyn Fn(&Candidate) -> bool| {
        let found = left.iter().position(wanted)?;
        Some(left.remove(found).producer_id)
    };
    let mut places = lines.iter().zip(&mut shown);
    if let Some((line, place)) = places.next() {
        *place = take(&|one| line.carries(one.codec));
    }
    for (line, place) in places {
        *place = take(&|one| line.shows(one.producer_id));
    }
    for (line, place) in lines.iter().zip(&mut shown).filter(|(_, place)| place.is_none()) {
        *place = take(&|one| line.carries(one.codec));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(shown: Option<u64>) -> ViewLine {
        ViewLine {
            mid: "0".to_owned(),
            kind: MediaKind::Video,
            codecs: vec![Codec::Vp8, Codec::H264],
            shown: shown
                .map(|id| Shown { consumer_id: ConsumerId(100 + id), producer_id: ProducerId(id) }),
        }
    }

    fn assigned<const N: usize>(lines: [Option<u64>; N], best_first: &[u64]) -> [Option<u64>; N] {
        let lines = lines.map(line);
        let candidates: Vec<_> = best_first
            .iter()
            .map(|id| Candidate { producer_id: ProducerId(*id), codec: Codec::Vp8 })
            .collect();
        let assigned = assign(&lines.each_ref(), &candidates);
        let ids: Vec<_> = assigned.into_iter().map(|shown| shown.map(|id| id.0)).collect();
        ids.try_into().unwrap()
    }

    #[test]
    fn the_first_m_line_shows_the_best() {
        assert_eq!(assigned([None], &[7, 8]), [Some(7)]);
        assert_eq!(assigned([Some(8)], &[7, 8]), [Some(7)]);
        assert_eq!(assigned([None, None, None], &[7, 8]), [Some(7), Some(8), None]);
        assert_eq!(assigned([Some(7)], &[]), [None]);
    }

    #[test]
    fn who_is_seen_stays_where_they_are() {
        assert_eq!(assigned([Some(1), Some(2), Some(3)], &[1, 3, 2]), [Some(1), Some(2), Some(3)]);
        assert_eq!(assigned([Some(1), Some(2), Some(3)], &[1, 4, 3]), [Some(1), Some(4), Some(3)]);
    }

    #[test]
    fn who_becomes_the_best_changes_places_with_the_first() {
        assert_eq!(assigned([Some(1), Some(2), Some(3)], &[3, 1, 2]), [Some(3), Some(2), Some(1)]);
    }

    #[test]
    fn what_the_viewer_cannot_decode_is_passed_over() {
        let lines = [line(None)];
        let candidates = [(1, Codec::Av1), (2, Codec::Opus), (3, Codec::H264)]
            .map(|(id, codec)| Candidate { producer_id: ProducerId(id), codec });
        assert_eq!(assign(&lines.each_ref(), &candidates), [Some(ProducerId(3))]);
    }
}
