//! What hosts do to what others send.

use sfu::command::Command;
use shared::{
    error::ErrorCode,
    ids::{ParticipantId, ProducerId},
    media::Source,
    signaling::{AskedToUnmute, Event, Mute, MutedBy, ProducerRef, Right, Role, StoppedBy},
};

use super::{Actor, Room, Seat};
use crate::rooms::{MediaCommand, member::Member};

impl Room {
    /// Mutes one microphone, or those of all guests who can unmute themselves; whoever is concerned is
    /// told. Returns the producers, which the worker has to treat as [`Self::is_paused`] says.
    ///
    /// # Errors
    ///
    /// The seat has no right to, or the other is not here.
    pub fn mute(&mut self, seat: &Seat, mute: &Mute) -> Result<Vec<ProducerId>, ErrorCode> {
        if let Some(target) = &mute.participant_id {
            let index = self.reach(seat, Right::Mute, target)?;
            return Ok(self.pause_source(seat, index, Source::Microphone).into_iter().collect());
        }
        self.check_right(Actor::Seat(seat), Right::Mute)?;
        let is_guest = |member: &Member| {
            // Whoever came over HTTP cannot be told, and would be silent for good.
            member.role == Role::Guest && member.session().is_none()
        };
        let guests = self.members.iter().enumerate().filter(|(_, member)| is_guest(member));
        let guests: Vec<usize> = guests.map(|(index, _)| index).collect();
        let muted = guests.into_iter();
        Ok(muted.filter_map(|index| self.pause_source(seat, index, Source::Microphone)).collect())
    }

    /// Turns a camera off. Returns what [`Self::mute`] does.
    ///
    /// # Errors
    ///
    /// The seat has no right to, or the other is not here.
    pub fn stop_video(
        &mut self,
        seat: &Seat,
        target: &ParticipantId,
    ) -> Result<Option<ProducerId>, ErrorCode> {
        let index = self.reach(seat, Right::StopVideo, target)?;
        Ok(self.pause_source(seat, index, Source::Camera))
    }

    /// Asks somebody to unmute. Whoever came over HTTP cannot be asked and was muted by a host, so
    /// what they send is resumed; returns it, as [`Self::mute`] does.
    ///
    /// # Errors
    ///
    /// The seat has no right to, or the other is not here.
    pub fn ask_to_unmute(
        &mut self,
        seat: &Seat,
        target: &ParticipantId,
    ) -> Result<Vec<ProducerId>, ErrorCode> {
        let index = self.reach(seat, Right::Mute, target)?;
        let Some(member) = self.members.get(index) else { return Ok(Vec::new()) };
        if member.session().is_some() {
            return Ok(self.resume_all(index));
        }
        let by = seat.participant_id.clone();
        member.tell_event(Event::AskedToUnmute(AskedToUnmute { by }));
        Ok(Vec::new())
    }

    /// Ends somebody's screen share and its sound; everyone is told. Returns what the worker has
    /// to close.
    ///
    /// # Errors
    ///
    /// The seat has no right to, or the other is not here.
    pub fn stop_share(
        &mut self,
        seat: &Seat,
        target: &ParticipantId,
    ) -> Result<Vec<MediaCommand>, ErrorCode> {
        let index = self.reach(seat, Right::StopVideo, target)?;
        let shared = [Source::Screen, Source::ScreenAudio];
        let stopped = shared.into_iter().filter_map(|source| self.stop_source(seat, index, source));
        let stopped: Vec<ProducerId> = stopped.collect();
        self.forget_producers(target, &stopped);
        let Some(router_id) = self.router_id() else { return Ok(Vec::new()) };
        let close = |producer_id| Command::CloseProducer { producer_id };
        Ok(stopped
            .into_iter()
            .map(|producer_id| MediaCommand { router_id, command: close(producer_id) })
            .collect())
    }

    /// Whether a producer shall not be forwarded now; none when it has ended.
    #[must_use]
    pub fn is_paused(&self, id: ProducerId) -> Option<bool> {
        let mut members = self.members.iter();
        let published = members.find_map(|member| member.media.producers.get(&id))?;
        Some(published.paused)
    }

    /// Pauses what a participant sends of a source, unless it is paused already.
    fn pause_source(&mut self, seat: &Seat, index: usize, source: Source) -> Option<ProducerId> {
        let member = self.members.get_mut(index)?;
        let mut producers = member.media.producers.iter_mut();
        let (id, published) = producers.find(|(_, one)| one.source == source && !one.paused)?;
        (published.paused, published.by_host) = (true, true);
        let (producer_id, by) = (*id, seat.participant_id.clone());
        member.tell_event(Event::MutedBy(MutedBy { by, source, producer_id }));
        let owner = member.id.clone();
        self.tell_others(&owner, &Event::ProducerPaused(ProducerRef { producer_id }));
        Some(producer_id)
    }

    /// Resumes everything of a participant that is paused.
    fn resume_all(&mut self, index: usize) -> Vec<ProducerId> {
        let Some(member) = self.members.get_mut(index) else { return Vec::new() };
        let producers = member.media.producers.iter_mut();
        let paused = producers.filter(|(_, published)| published.paused);
        let resumed: Vec<ProducerId> = paused
            .map(|(producer_id, published)| {
                (published.paused, published.by_host) = (false, false);
                *producer_id
            })
            .collect();
        let owner = member.id.clone();
        for producer_id in &resumed {
            let producer = ProducerRef { producer_id: *producer_id };
            self.tell_others(&owner, &Event::ProducerResumed(producer));
        }
        resumed
    }

    /// Takes out what a participant sends of a source.
    fn stop_source(&mut self, seat: &Seat, index: usize, source: Source) -> Option<ProducerId> {
        let member = self.members.get_mut(index)?;
        let mut producers = member.media.producers.iter();
        let producer_id = *producers.find(|(_, published)| published.source == source)?.0;
        member.media.producers.remove(&producer_id);
        let by = seat.participant_id.clone();
        member.tell_event(Event::StoppedBy(StoppedBy { by, source, producer_id }));
        Some(producer_id)
    }
}
