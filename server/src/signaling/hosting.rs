//! What hosts and co-hosts do. Whether they may is for the room to say.

use std::time::{Instant, SystemTime};

use shared::{
    error::ErrorCode,
    rest::UpdateRoomRequest,
    signaling::{
        KnockRef, Mute, ParticipantRef, Remove, Reply, Right, Role, SetLobby, SetLocked, SetRole,
    },
};

use super::session::{Answered, Place, Question, Refusal};
use crate::{
    App,
    rooms::{
        MediaCommand, SharedRoom,
        room::{Actor, LinkState, Room},
    },
};

impl Place {
    /// Lets nobody new in, or again.
    pub(super) fn set_locked(
        &self,
        question: Question,
        SetLocked { locked }: SetLocked,
    ) -> Result<Answered, Refusal> {
        self.change_rules(question, UpdateRoomRequest { locked: Some(locked), lobby: None })
    }

    /// Says whether bare ids knock.
    pub(super) fn set_lobby(
        &self,
        question: Question,
        SetLobby { lobby }: SetLobby,
    ) -> Result<Answered, Refusal> {
        self.change_rules(question, UpdateRoomRequest { locked: None, lobby: Some(lobby) })
    }

    fn change_rules(
        &self,
        question: Question,
        change: UpdateRoomRequest,
    ) -> Result<Answered, Refusal> {
        let token = |grant| self.app.invites.token(grant);
        let now = SystemTime::now();
        self.change(question, |room| room.change_rules(self.actor(), change, now, token))
    }

    /// Gives somebody a role.
    pub(super) fn set_role(&self, question: Question, set: &SetRole) -> Result<Answered, Refusal> {
        let now = SystemTime::now();
        let invites = &self.app.invites;
        let answered =
            self.change(question, |room| room.set_role(&self.seat, set, now, invites))?;
        let (who, role) = (&set.participant_id, set.role);
        tracing::info!(participant_id = %who, ?role, "[ROOM] {who} has another role");
        Ok(answered)
    }

    /// Lets somebody in who knocked.
    pub(super) fn admit(
        &self,
        question: Question,
        KnockRef { knock_id }: KnockRef,
    ) -> Result<Answered, Refusal> {
        let token = |grant| self.app.invites.token(grant);
        let now = SystemTime::now();
        let answered =
            self.change(question, |room| room.admit(&self.seat, knock_id, now, token))?;
        tracing::info!(%knock_id, "[ROOM] {knock_id} admitted");
        Ok(answered)
    }

    /// Sends somebody away who knocked.
    pub(super) fn refuse(
        &self,
        question: Question,
        KnockRef { knock_id }: KnockRef,
    ) -> Result<Answered, Refusal> {
        let answered = self.change(question, |room| room.refuse(&self.seat, knock_id))?;
        tracing::info!(%knock_id, "[ROOM] {knock_id} refused");
        Ok(answered)
    }

    /// Asks somebody to unmute, or has them heard again who cannot be asked.
    pub(super) async fn ask_to_unmute(
        &self,
        question: Question,
        ParticipantRef { participant_id }: &ParticipantRef,
    ) -> Result<Answered, Refusal> {
        let resumed = self.room.lock().ask_to_unmute(&self.seat, participant_id)?;
        self.settle_all(resumed).await?;
        Ok(question.answer(Reply::Done))
    }

    /// Mutes microphones; done when the worker forwards them no more.
    pub(super) async fn mute(&self, question: Question, mute: &Mute) -> Result<Answered, Refusal> {
        let muted = self.room.lock().mute(&self.seat, mute)?;
        for producer_id in &muted {
            tracing::info!(%producer_id, "[PRODUCE] {producer_id} muted by a host");
        }
        self.settle_all(muted).await?;
        Ok(question.answer(Reply::Done))
    }

    /// Turns a camera off; done when the worker forwards it no more.
    pub(super) async fn stop_video(
        &self,
        question: Question,
        ParticipantRef { participant_id }: &ParticipantRef,
    ) -> Result<Answered, Refusal> {
        let stopped = self.room.lock().stop_video(&self.seat, participant_id)?;
        if let Some(producer_id) = stopped {
            tracing::info!(%producer_id, "[PRODUCE] {producer_id} turned off by a host");
            self.settle(producer_id).await?;
        }
        Ok(question.answer(Reply::Done))
    }

    /// Ends a screen share.
    pub(super) async fn stop_share(
        &self,
        question: Question,
        ParticipantRef { participant_id }: &ParticipantRef,
    ) -> Result<Answered, Refusal> {
        let ended = self.room.lock().stop_share(&self.seat, participant_id)?;
        self.app.carry_out(ended).await;
        Ok(question.answer(Reply::Done))
    }

    /// Removes somebody.
    pub(super) async fn remove(
        &self,
        question: Question,
        remove: &Remove,
    ) -> Result<Answered, Refusal> {
        let ended = {
            let mut room = self.room.lock();
            let now = (Instant::now(), SystemTime::now());
            let (link, ended) = room.expel_for(&self.seat, remove, now)?;
            self.app.renew_link(&mut room, link, now.1);
            self.app.rooms.keep(&mut room);
            ended
        };
        let who = &remove.participant_id;
        tracing::info!(participant_id = %who, block = remove.block, "[ROOM] {who} was removed");
        self.app.carry_out(ended).await;
        Ok(question.answer(Reply::Done))
    }

    /// Ends the meeting for everyone.
    pub(super) async fn end_meeting(&self, question: Question) -> Result<Answered, Refusal> {
        let (answered, ended) = {
            let mut room = self.room.lock();
            room.check_right(self.actor(), Right::EndMeeting)?;
            // Before the end, after which nothing more is sent.
            let answered = question.answer(Reply::Done);
            (answered, room.end(self.actor(), Instant::now())?)
        };
        self.app.forget_ended(&self.room, ended).await;
        Ok(answered)
    }

    pub(super) const fn actor(&self) -> Actor<'_> {
        Actor::Seat(&self.seat)
    }

    /// Changes the room, keeps what has to outlast it, and answers.
    fn change(
        &self,
        question: Question,
        change: impl FnOnce(&mut Room) -> Result<(), ErrorCode>,
    ) -> Result<Answered, Refusal> {
        let mut room = self.room.lock();
        change(&mut room)?;
        self.app.rooms.keep(&mut room);
        Ok(question.answer(Reply::Done))
    }
}

impl App {
    /// Makes a new link that lets guests in, where the old one does no more, and tells everyone.
    pub(crate) fn renew_link(&self, room: &mut Room, link: LinkState, now: SystemTime) {
        if link == LinkState::Stale {
            let link = room.room_link(Role::Guest, self.invites.lifetime(), now);
            let token = link.map(|link| self.invites.token(link.grant));
            room.tell_link(token.as_deref(), None);
        }
    }

    /// Makes another link that lets guests in when half the time of the one that everyone is shown
    /// is over, and tells them: a page may be open for longer than a link lets in.
    pub(super) fn keep_links_fresh(&self, now: SystemTime) {
        for room in self.rooms.all() {
            let mut room = room.lock();
            if !room.shows_link() {
                continue;
            }
            let link = room.room_link(Role::Guest, self.invites.lifetime(), now);
            if let Some(link) = link.filter(|link| link.is_new) {
                let token = self.invites.token(link.grant);
                room.tell_link(Some(&token), None);
                self.rooms.keep(&mut room);
            }
        }
    }

    /// Takes it that a room was ended.
    pub(crate) async fn forget_ended(&self, room: &SharedRoom, ended: Vec<MediaCommand>) {
        let room_id = room.lock().id().clone();
        self.rooms.remove(&room_id);
        tracing::info!(%room_id, "[ROOM] {room_id} ended by a host");
        self.carry_out(ended).await;
    }
}
