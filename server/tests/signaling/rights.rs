use shared::{
    error::ErrorCode,
    ids::{KnockId, ParticipantId},
    media::Source,
    signaling::{
        CreateInvite, Event, KnockRef, Mute, ParticipantRef, ProducerRef, Remove, Request,
        RevokeInvite, Right, Role, SetLobby, SetLocked, SetMaxBitrate, SetRole,
    },
};

use crate::{
    client::{Client, Server, guest, invited},
    media::Publisher,
    meeting::{Meeting, Person},
};

/// What requests are about: somebody who publishes, somebody who knocks, an invite.
struct Subjects {
    target: ParticipantId,
    knock_id: KnockId,
    invite_id: String,
    host_invite_id: String,
}

/// Everything that takes a right, but for what a role is asked to do with hosts.
fn requests(subjects: &Subjects) -> Vec<(Right, Request)> {
    let target = || ParticipantRef { participant_id: subjects.target.clone() };
    let participant_id = || subjects.target.clone();
    let knock = KnockRef { knock_id: subjects.knock_id };
    let create =
        |role| CreateInvite { role, expires_in_seconds: None, max_uses: None, label: None };
    let revoke = |invite_id: &str| {
        Request::RevokeInvite(RevokeInvite { invite_id: invite_id.to_owned(), end_sessions: true })
    };
    let limit = SetMaxBitrate { participant_id: None, max_video_bitrate: 500_000 };
    let mute = |participant_id| Request::Mute(Mute { participant_id });
    let set_role = |role| Request::SetRole(SetRole { participant_id: participant_id(), role });
    let remove = |block| Request::Remove(Remove { participant_id: participant_id(), block });
    vec![
        (Right::LimitVideo, Request::SetMaxBitrate(limit)),
        (Right::LowerHands, Request::LowerHand(target())),
        (Right::Lock, Request::SetLocked(SetLocked { locked: true })),
        (Right::KeepDoor, Request::SetLobby(SetLobby { lobby: false })),
        (Right::KeepDoor, Request::Admit(knock)),
        (Right::KeepDoor, Request::Refuse(knock)),
        (Right::Mute, mute(Some(participant_id()))),
        (Right::Mute, mute(None)),
        (Right::Mute, Request::AskToUnmute(target())),
        (Right::StopVideo, Request::StopVideo(target())),
        (Right::StopVideo, Request::StopShare(target())),
        (Right::Remove, remove(false)),
        (Right::Remove, remove(true)),
        (Right::Invite, Request::ListInvites),
        (Right::Invite, Request::CreateInvite(create(Role::Guest))),
        (Right::Invite, revoke(&subjects.invite_id)),
        (Right::InviteHosts, Request::CreateInvite(create(Role::CoHost))),
        (Right::InviteHosts, Request::CreateInvite(create(Role::Host))),
        (Right::InviteHosts, revoke(&subjects.host_invite_id)),
        (Right::SetRoles, set_role(Role::CoHost)),
        (Right::SetRoles, set_role(Role::Guest)),
        (Right::SetRoles, set_role(Role::Host)),
        (Right::EndMeeting, Request::EndMeeting),
    ]
}

/// A meeting in which every request would do something.
struct Scene {
    meeting: Meeting,
    target: Publisher,
    knocking: Client,
    subjects: Subjects,
}

impl Scene {
    async fn start() -> Self {
        let mut meeting = Meeting::start().await;
        let Person { client, joined } = Person::come(
            &meeting.server,
            invited(meeting.server.token(&meeting.room, Role::Guest)),
        )
        .await;
        let mut target = Publisher::start(client).await;
        target.client.done(Request::RaiseHand(shared::signaling::RaiseHand { raised: true })).await;
        let invite_id = meeting.host.invite(Role::Guest).await;
        let host_invite_id = meeting.host.invite(Role::Host).await;
        meeting.host.done(Request::SetLobby(SetLobby { lobby: true })).await;
        let mut knocking = meeting.server.connect().await;
        let knock_id = knocking.knock(guest(&meeting.room)).await.knock_id;
        meeting.catch_up().await;
        target.client.events().await;
        let target_id = joined.participant_id;
        let subjects = Subjects { target: target_id, knock_id, invite_id, host_invite_id };
        Self { meeting, target, knocking, subjects }
    }

    /// Holds all sockets to having been told nothing.
    async fn nothing_happened(&mut self, request: &Request) {
        let Meeting { host, cohost, other, .. } = &mut self.meeting;
        for client in [
            &mut host.client,
            &mut cohost.client,
            &mut other.client,
            &mut self.target.client,
            &mut self.knocking,
        ] {
            let events = client.events().await;
            assert!(events.is_empty(), "{request:?} had {events:?} told");
        }
    }
}

#[tokio::test]
async fn every_right_has_a_request() {
    let scene = Scene::start().await;
    let requests = requests(&scene.subjects);
    for right in Right::ALL {
        assert!(requests.iter().any(|(needed, _)| *needed == right), "{right:?}");
    }
}

#[tokio::test]
async fn a_guest_may_do_none_of_it_and_nothing_happens() {
    let mut scene = Scene::start().await;
    let before = scene.meeting.host.invites().await;
    for (_, request) in requests(&scene.subjects) {
        let refusal = scene.meeting.guest.client.refused(request.clone()).await;
        assert_eq!(refusal, ErrorCode::Forbidden, "{request:?}");
        scene.nothing_happened(&request).await;
    }
    assert_eq!(scene.meeting.host.invites().await, before);
    let late = invited(scene.meeting.server.token(&scene.meeting.room, Role::Guest));
    let late = Person::come(&scene.meeting.server, late).await.joined;
    assert_eq!((late.room.locked, late.room.lobby), (false, true));
    assert_eq!(late.raised_hands, [scene.subjects.target.clone()]);
    assert_eq!(late.max_video_bitrate, 1_000_000);
    let target = late.participants.iter().find(|one| one.id == scene.subjects.target).unwrap();
    assert_eq!(target.role, Role::Guest);
    let live = target.producers.iter().map(|producer| (producer.source, producer.paused));
    assert!(live.eq([(Source::Microphone, false), (Source::Camera, false)]));
}

#[tokio::test]
async fn a_co_host_may_do_all_but_what_takes_the_host() {
    for index in 0.. {
        let mut scene = Scene::start().await;
        let Some((right, request)) = requests(&scene.subjects).into_iter().nth(index) else {
            break;
        };
        let answer = scene.meeting.cohost.client.request(request.clone()).await;
        if Role::CoHost.may(right) {
            assert!(answer.is_ok(), "{request:?}: {answer:?}");
        } else {
            let code = answer.expect_err("a refusal").code;
            assert_eq!(code, ErrorCode::Forbidden, "{request:?}");
            scene.nothing_happened(&request).await;
        }
    }
}

#[tokio::test]
async fn a_host_may_do_all() {
    for index in 0.. {
        let mut scene = Scene::start().await;
        let Some((_, request)) = requests(&scene.subjects).into_iter().nth(index) else { break };
        let answer = scene.meeting.host.client.request(request.clone()).await;
        assert!(answer.is_ok(), "{request:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_co_host_does_nothing_to_the_host() {
    let mut meeting = Meeting::start().await;
    let host = meeting.host.id().clone();
    let named = ParticipantRef { participant_id: host.clone() };
    for request in [
        Request::Mute(Mute { participant_id: Some(host.clone()) }),
        Request::AskToUnmute(named.clone()),
        Request::StopVideo(named.clone()),
        Request::StopShare(named),
        Request::Remove(Remove { participant_id: host, block: true }),
    ] {
        let refusal = meeting.cohost.client.refused(request.clone()).await;
        assert_eq!(refusal, ErrorCode::Forbidden, "{request:?}");
        meeting.host.untold().await;
    }
}

#[tokio::test]
async fn who_is_named_must_be_here_and_another() {
    let mut meeting = Meeting::start().await;
    let nobody = ParticipantId::from_random([1; 16]);
    let own = meeting.host.id().clone();
    let remove = |participant_id| Request::Remove(Remove { participant_id, block: false });
    let make = |participant_id| Request::SetRole(SetRole { participant_id, role: Role::CoHost });
    let ask = Request::AskToUnmute(ParticipantRef { participant_id: nobody.clone() });
    let host = &mut meeting.host.client;
    for request in [remove(nobody.clone()), make(nobody), ask] {
        assert_eq!(host.refused(request).await, ErrorCode::ParticipantNotFound);
    }
    for request in [remove(own.clone()), make(own)] {
        assert_eq!(host.refused(request).await, ErrorCode::BadRequest);
    }
    meeting.other.untold().await;
}

#[tokio::test]
async fn nobody_touches_what_is_of_another_room() {
    let server = Server::start().await;
    let mut here = Meeting::start_on(server).await;
    let elsewhere = here.server.create_room();
    let token = here.server.token(&elsewhere, Role::Host);
    let mut stranger = Person::come(&here.server, invited(token)).await;
    let participant_id = here.guest.id().clone();
    let remove = Request::Remove(Remove { participant_id, block: true });
    let refusal = stranger.client.refused(remove).await;
    assert_eq!(refusal, ErrorCode::ParticipantNotFound);
    let invite_id = here.host.invite(Role::Guest).await;
    let revoke = Request::RevokeInvite(RevokeInvite { invite_id, end_sessions: true });
    assert_eq!(stranger.client.refused(revoke).await, ErrorCode::InviteNotFound);
    here.guest.untold().await;
}

#[tokio::test]
async fn a_mute_by_a_guest_leaves_the_producer_to_its_owner() {
    let mut scene = Scene::start().await;
    let mute = Mute { participant_id: Some(scene.subjects.target.clone()) };
    let refusal = scene.meeting.guest.client.refused(Request::Mute(mute)).await;
    assert_eq!(refusal, ErrorCode::Forbidden);
    let producer_id = scene.target.microphone;
    scene.target.client.done(Request::PauseProducer(ProducerRef { producer_id })).await;
    let told = scene.meeting.other.told().await;
    assert_eq!(told, Event::ProducerPaused(ProducerRef { producer_id }));
}
