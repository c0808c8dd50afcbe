//! Those who watch a room without being in it.

use std::{sync::Arc, time::Instant};

use sfu::command::Command;
use shared::{
    error::ErrorCode,
    ids::{ConsumerId, ProducerId},
    media::Source,
};
use tokio::sync::Notify;

use super::{Life, Room};
use crate::rooms::{
    MediaCommand,
    member::Member,
    viewer::{Candidate, Shown, Subject, ViewChange, Viewer},
};

/// What is shown of those in a room, the best first: what is meant to be looked at, then people;
/// of the sound what people say before what their screens play.
const ORDER: [Source; 4] =
    [Source::Screen, Source::Camera, Source::Microphone, Source::ScreenAudio];

impl Room {
    /// Lets somebody watch, who must have found the router opened. Returns what wakes them.
    ///
    /// # Errors
    ///
    /// The room has ended or is locked, their invite counts no more, as many watch as may, or the
    /// participant they want is not there.
    pub fn add_viewer(&mut self, viewer: Viewer) -> Result<Arc<Notify>, ErrorCode> {
        if self.has_ended() {
            return Err(ErrorCode::RoomNotFound);
        }
        self.check_invite(Some(&viewer.invite_id), viewer.role)?;
        if let Subject::Participant(id) = &viewer.subject
            && self.members.iter().all(|member| member.id != *id)
        {
            return Err(ErrorCode::NotFound);
        }
        if self.viewers.len() >= self.settings.max_viewers {
            return Err(ErrorCode::RoomFull);
        }
        self.count_use(Some(&viewer.invite_id));
        self.life = Life::Occupied;
        let wake = viewer.wake();
        self.viewers.push(viewer);
        Ok(wake)
    }

    /// What has to be done for a viewer to see what they should; `None` when they are gone.
    #[must_use]
    pub fn view_changes(&self, session_id: &str) -> Option<Vec<ViewChange>> {
        let viewer = self.viewer(session_id)?;
        Some(viewer.changes(&self.candidates(&viewer.subject)))
    }

    /// Notes what an m-line of a viewer shows now. A producer that is gone meanwhile has taken its
    /// consumer with it.
    pub fn note_shown(
        &mut self,
        session_id: &str,
        mid: &str,
        shown: Option<(ConsumerId, ProducerId)>,
    ) {
        let exists =
            |id: ProducerId| self.members.iter().any(|m| m.media.producers.contains_key(&id));
        let shown = shown.filter(|(_, producer_id)| exists(*producer_id));
        let shown = shown.map(|(consumer_id, producer_id)| Shown { consumer_id, producer_id });
        let mut viewers = self.viewers.iter_mut();
        let viewer = viewers.find(|viewer| viewer.session.id() == session_id);
        let lines = viewer.into_iter().flat_map(|viewer| &mut viewer.lines);
        for line in lines.filter(|line| line.mid == mid) {
            line.shown = shown;
        }
    }

    /// Wakes all who watch, for something has changed.
    pub(super) fn wake_viewers(&self) {
        self.viewers.iter().for_each(|viewer| viewer.wake.notify_one());
    }

    /// Takes the end of producers, whose consumers ended with them.
    pub(super) fn hide(&mut self, producers: &[ProducerId]) {
        let lines = self.viewers.iter_mut().flat_map(|viewer| &mut viewer.lines);
        for line in lines {
            line.shown = line.shown.filter(|shown| !producers.contains(&shown.producer_id));
        }
    }

    /// The viewer of a session.
    pub(super) fn viewer(&self, session_id: &str) -> Option<&Viewer> {
        self.viewers.iter().find(|viewer| !viewer.is_over && viewer.session.id() == session_id)
    }

    /// Forgets viewers whose transports have ended.
    pub(super) fn forget_lost_viewers(&mut self, now: Instant) -> Vec<MediaCommand> {
        if self.viewers.iter().all(|viewer| !viewer.is_over) {
            return Vec::new();
        }
        self.viewers.retain(|viewer| !viewer.is_over);
        self.rest_if_deserted(now)
    }

    /// Ends a viewer's session.
    pub(super) fn remove_viewer(&mut self, session_id: &str, now: Instant) -> Vec<MediaCommand> {
        let is_of = |viewer: &Viewer| !viewer.is_over && viewer.session.id() == session_id;
        let Some(index) = self.viewers.iter().position(is_of) else { return Vec::new() };
        let viewer = self.viewers.remove(index);
        viewer.wake.notify_one();
        let command = Command::CloseTransport { transport_id: viewer.transport_id };
        let close = self.router_id().map(|router_id| MediaCommand { router_id, command });
        close.into_iter().chain(self.rest_if_deserted(now)).collect()
    }

    /// Ends the sessions of some viewers.
    pub(super) fn end_viewers(
        &mut self,
        is_meant: impl Fn(&Viewer) -> bool,
        now: Instant,
    ) -> Vec<MediaCommand> {
        let meant = self.viewers.iter().filter(|viewer| !viewer.is_over && is_meant(viewer));
        let ids: Vec<String> = meant.map(|viewer| viewer.session.id().to_owned()).collect();
        ids.iter().flat_map(|id| self.remove_viewer(id, now)).collect()
    }

    /// What can be watched, the best first.
    fn candidates(&self, subject: &Subject) -> Vec<Candidate> {
        let is_watched = |member: &&Member| match subject {
            Subject::Everyone => true,
            Subject::Participant(id) => member.id == *id,
        };
        let mut members: Vec<_> = self.members.iter().filter(is_watched).collect();
        // Stable: among those who have not spoken, who came first.
        members.sort_by_key(|member| {
            let place = self.heard.iter().position(|speaker| *speaker == member.id);
            place.unwrap_or(usize::MAX)
        });
        let of_source = |source: Source| {
            members.iter().flat_map(move |member| {
                let live = member.media.producers.iter();
                live.filter(move |(_, published)| published.source == source && !published.paused)
            })
        };
        let ordered = ORDER.into_iter().flat_map(of_source);
        let candidate =
            |(producer_id, published): (&ProducerId, &crate::rooms::member::Published)| Candidate {
                producer_id: *producer_id,
                codec: published.codec,
            };
        ordered.map(candidate).collect()
    }
}
