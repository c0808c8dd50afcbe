use shared::{
    error::ErrorCode,
    ids::TransportId,
    media::{MediaKind, MimeType, Source},
    signaling::{
        AskedToUnmute, Event, Join, Joined, Mute, MutedBy, OwnProducer, ParticipantRef, PeerLeft,
        Producer, ProducerRef, Remove, Request, RevokeInvite, Role, RoomChanged, SetLocked,
        SetRole, StoppedBy,
    },
};

use crate::{
    client::{Client, Server, guest, invited, returning},
    media::Publisher,
    meeting::{Meeting, Person},
};

/// The guest of a meeting, who publishes.
struct Stage {
    meeting: Meeting,
    speaker: Publisher,
    named: ParticipantRef,
    joined: Joined,
}

impl Stage {
    async fn start(sources: (Source, Source)) -> Self {
        let mut meeting = Meeting::start().await;
        let token = meeting.server.token(&meeting.room, Role::Guest);
        let Person { client, joined } = Person::come(&meeting.server, invited(token)).await;
        let mut speaker = Publisher::start_with(client, sources).await;
        meeting.catch_up().await;
        speaker.client.events().await;
        let named = ParticipantRef { participant_id: joined.participant_id.clone() };
        Self { meeting, speaker, named, joined }
    }
}

const VOICE: (Source, Source) = (Source::Microphone, Source::Camera);
const SHARE: (Source, Source) = (Source::ScreenAudio, Source::Screen);

fn lock(locked: bool) -> Request {
    Request::SetLocked(SetLocked { locked })
}

fn remove(person: &Person, block: bool) -> Request {
    Request::Remove(Remove { participant_id: person.id().clone(), block })
}

fn make(person: &Person, role: Role) -> Request {
    Request::SetRole(SetRole { participant_id: person.id().clone(), role })
}

async fn kicked(client: &mut Client) {
    assert_eq!(client.close_code().await, 4403);
}

#[tokio::test]
async fn who_is_muted_is_told_and_may_unmute() {
    let mut stage = Stage::start(VOICE).await;
    let producer_id = stage.speaker.microphone;
    let mute = Mute { participant_id: Some(stage.named.participant_id.clone()) };
    stage.meeting.cohost.done(Request::Mute(mute.clone())).await;
    let paused = Event::ProducerPaused(ProducerRef { producer_id });
    stage.meeting.all_told(&paused).await;
    let by = stage.meeting.cohost.id().clone();
    let muted = Event::MutedBy(MutedBy { by, source: Source::Microphone, producer_id });
    assert_eq!(stage.speaker.client.events().await, [muted]);

    stage.meeting.host.done(Request::Mute(mute)).await;
    assert_eq!(stage.speaker.client.events().await, [], "muted already");
    stage.speaker.client.done(Request::ResumeProducer(ProducerRef { producer_id })).await;
    stage.meeting.all_told(&Event::ProducerResumed(ProducerRef { producer_id })).await;
}

#[tokio::test]
async fn everyone_is_muted_but_those_who_lead() {
    let mut stage = Stage::start(VOICE).await;
    let token = stage.meeting.server.token(&stage.meeting.room, Role::CoHost);
    let leads = Person::come(&stage.meeting.server, invited(token)).await;
    let mut leads = Publisher::start(leads.client).await;
    stage.meeting.catch_up().await;
    leads.client.events().await;
    stage.meeting.host.done(Request::Mute(Mute::default())).await;
    let producer_id = stage.speaker.microphone;
    stage.meeting.all_told(&Event::ProducerPaused(ProducerRef { producer_id })).await;
    let told = leads.client.events().await;
    assert!(told.iter().all(|event| !matches!(event, Event::MutedBy(_))), "{told:?}");
    let late = Person::come(&stage.meeting.server, guest(&stage.meeting.room)).await.joined;
    let producers = late.participants.iter().flat_map(|participant| &participant.producers);
    let live: Vec<_> = producers.filter(|one| !one.paused).map(|one| one.producer_id).collect();
    assert_eq!(live, [stage.speaker.camera, leads.microphone, leads.camera]);
}

#[tokio::test]
async fn a_camera_is_turned_off_and_may_be_turned_on_again() {
    let mut stage = Stage::start(VOICE).await;
    let producer_id = stage.speaker.camera;
    stage.meeting.host.done(Request::StopVideo(stage.named.clone())).await;
    stage.meeting.all_told(&Event::ProducerPaused(ProducerRef { producer_id })).await;
    let by = stage.meeting.host.id().clone();
    let off = Event::MutedBy(MutedBy { by, source: Source::Camera, producer_id });
    assert_eq!(stage.speaker.client.events().await, [off]);
    stage.speaker.client.done(Request::ResumeProducer(ProducerRef { producer_id })).await;
}

#[tokio::test]
async fn a_share_is_ended_with_its_sound() {
    let mut stage = Stage::start(SHARE).await;
    let (sound, screen) = (stage.speaker.microphone, stage.speaker.camera);
    stage.meeting.cohost.done(Request::StopShare(stage.named.clone())).await;
    let closed = |producer_id| Event::ProducerClosed(ProducerRef { producer_id });
    assert_eq!(stage.meeting.other.client.events().await, [closed(screen), closed(sound)]);
    let by = stage.meeting.cohost.id().clone();
    let stopped =
        |source, producer_id| Event::StoppedBy(StoppedBy { by: by.clone(), source, producer_id });
    let told = stage.speaker.client.events().await;
    assert_eq!(told, [stopped(Source::Screen, screen), stopped(Source::ScreenAudio, sound)]);
    let resume = Request::ResumeProducer(ProducerRef { producer_id: screen });
    assert_eq!(stage.speaker.client.refused(resume).await, ErrorCode::ProducerNotFound);
    stage.meeting.cohost.done(Request::StopShare(stage.named)).await;
    stage.meeting.other.untold().await;
}

/// The guest of a stage comes back, with or without the media.
async fn come_back(stage: &Stage, joined: &Joined, transports: Vec<TransportId>) -> Joined {
    let mut again = stage.meeting.server.connect().await;
    let back = again.join(Join { transports, ..returning(joined) }).await.unwrap();
    assert!(back.resumed);
    back
}

#[tokio::test]
async fn who_was_away_learns_on_their_return_what_hosts_did_to_them() {
    for sources in [VOICE, SHARE] {
        let mut stage = Stage::start(sources).await;
        // Away as the page may be: the server does not know yet that nobody hears it.
        let joined = stage.joined.clone();
        let Publisher { transport, microphone, camera, .. } = stage.speaker;
        let mute = Mute { participant_id: Some(stage.named.participant_id.clone()) };
        stage.meeting.host.done(Request::Mute(mute)).await;
        stage.meeting.host.done(Request::StopShare(stage.named.clone())).await;
        let of = |producer_id, source: Source, paused| {
            let mime_type = match source.kind() {
                MediaKind::Audio => MimeType::Opus,
                MediaKind::Video => MimeType::Vp8,
            };
            let producer = Producer { producer_id, source, mime_type, paused };
            OwnProducer { producer, paused_by_host: paused }
        };
        let expected = match sources {
            VOICE => {
                vec![of(microphone, Source::Microphone, true), of(camera, Source::Camera, false)]
            }
            _ => Vec::new(),
        };
        let back = come_back(&stage, &joined, vec![transport]).await;
        assert_eq!((back.transports, back.producers), (vec![transport], expected.clone()));
        // Also when the media is made anew: it is said as it was.
        let back = come_back(&stage, &back_ticket(&joined, back.resume_ticket), Vec::new()).await;
        assert_eq!((back.transports, back.producers), (Vec::new(), expected));
    }
}

fn back_ticket(joined: &Joined, resume_ticket: String) -> Joined {
    Joined { resume_ticket, ..joined.clone() }
}

#[tokio::test]
async fn only_who_is_asked_to_unmute_hears_it() {
    let mut meeting = Meeting::start().await;
    let participant_id = meeting.guest.id().clone();
    meeting.host.done(Request::AskToUnmute(ParticipantRef { participant_id })).await;
    let by = meeting.host.id().clone();
    assert_eq!(meeting.guest.told().await, Event::AskedToUnmute(AskedToUnmute { by }));
    meeting.other.untold().await;
}

#[tokio::test]
async fn into_a_locked_room_nobody_new_comes() {
    let mut meeting = Meeting::start().await;
    meeting.cohost.done(lock(true)).await;
    meeting.all_told(&Event::RoomChanged(RoomChanged { locked: true, lobby: false })).await;
    let server = &meeting.server;
    for join in [guest(&meeting.room), invited(server.token(&meeting.room, Role::Guest))] {
        let mut late = server.connect().await;
        assert_eq!(late.join(join).await.err(), Some(ErrorCode::RoomLocked));
        assert_eq!(late.close_code().await, 4423);
    }
    meeting.other.untold().await;
    let host = invited(server.token(&meeting.room, Role::Host));
    assert!(Person::come(server, host).await.joined.room.locked);
    let back = Person::come(server, returning(&meeting.guest.joined)).await;
    assert!(back.joined.resumed, "who was inside comes back");
    meeting.host.done(lock(false)).await;
    Person::come(&meeting.server, guest(&meeting.room)).await;
}

#[tokio::test]
async fn a_lock_survives_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let mut meeting = Meeting::start_on(Server::start_in(data.path(), |_| {}).await).await;
    meeting.host.done(lock(true)).await;
    let Meeting { server, room, guest: inside, .. } = meeting;
    server.finish().await;
    let server = Server::start_in(data.path(), |_| {}).await;
    assert_eq!(server.connect().await.join(guest(&room)).await.err(), Some(ErrorCode::RoomLocked));
    Person::come(&server, returning(&inside.joined)).await;
}

#[tokio::test]
async fn who_is_removed_is_gone_and_does_not_come_back_as_who_they_were() {
    let mut meeting = Meeting::start().await;
    meeting.cohost.done(remove(&meeting.guest, false)).await;
    kicked(&mut meeting.guest.client).await;
    let participant_id = meeting.guest.id().clone();
    assert_eq!(meeting.other.told().await, Event::PeerLeft(PeerLeft { participant_id }));
    let mut back = meeting.server.connect().await;
    let refusal = back.join(returning(&meeting.guest.joined)).await.err();
    assert_eq!(refusal, Some(ErrorCode::Kicked));
    kicked(&mut back).await;
    meeting.other.untold().await;
}

#[tokio::test]
async fn a_removal_survives_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let mut meeting = Meeting::start_on(Server::start_in(data.path(), |_| {}).await).await;
    meeting.host.done(remove(&meeting.guest, false)).await;
    let Meeting { server, guest, .. } = meeting;
    server.finish().await;
    let server = Server::start_in(data.path(), |_| {}).await;
    let mut back = server.connect().await;
    assert_eq!(back.join(returning(&guest.joined)).await.err(), Some(ErrorCode::Kicked));
}

#[tokio::test]
async fn who_is_blocked_knows_no_link_that_lets_in() {
    let mut meeting = Meeting::start().await;
    let own = meeting.host.link(Role::Guest).await;
    let mut carol = Person::come(&meeting.server, invited(own.clone())).await;
    let shown = token_of(carol.joined.room.invite_link.as_deref().unwrap()).to_owned();
    meeting.catch_up().await;
    meeting.host.done(remove(&carol, true)).await;
    kicked(&mut carol.client).await;
    for token in [own, shown.clone()] {
        let mut back = meeting.server.connect().await;
        let refusal = back.join(invited(token)).await.err();
        assert_eq!(refusal, Some(ErrorCode::InviteRevoked));
        assert_eq!(back.close_code().await, 4401);
    }
    // Nor does the room's id, in a room that let in whoever knew it.
    let mut back = meeting.server.connect().await;
    back.knock(guest(&meeting.room)).await;
    // The others have a new one to share, and are still in.
    let told = meeting.other.client.events().await;
    let [Event::PeerLeft(_), Event::RoomChanged(rules), Event::InviteLinkChanged(changed)] =
        &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(*rules, RoomChanged { locked: false, lobby: true });
    let link = changed.invite_link.as_deref().unwrap();
    let start = format!("http://{}/join?room=", meeting.server.running.http_address);
    assert!(link.starts_with(&start), "{link}");
    assert_ne!(token_of(link), shown);
    Person::come(&meeting.server, invited(token_of(link).to_owned())).await;
}

#[tokio::test]
async fn a_co_host_is_made_and_unmade_and_stays_what_they_are() {
    let mut meeting = Meeting::start().await;
    meeting.host.done(make(&meeting.guest, Role::CoHost)).await;
    let Event::RoleChanged(own) = meeting.guest.told().await else { panic!("not roleChanged") };
    let Event::RoleChanged(seen) = meeting.other.told().await else { panic!("not roleChanged") };
    assert_eq!((&seen.participant_id, seen.role), (meeting.guest.id(), Role::CoHost));
    assert_eq!(seen.resume_ticket, None, "it is for the one concerned");
    let new_ticket = own.resume_ticket.unwrap();
    meeting.guest.done(lock(true)).await;

    // By the new ticket and by the old one.
    let mut by_new = meeting.guest.joined.clone();
    by_new.resume_ticket = new_ticket;
    for joined in [&by_new, &meeting.guest.joined] {
        let back = Person::come(&meeting.server, returning(joined)).await;
        assert_eq!(back.joined.role, Role::CoHost);
        meeting.guest.client = back.client;
    }
    meeting.host.done(make(&meeting.guest, Role::Guest)).await;
    assert_eq!(meeting.guest.client.refused(lock(false)).await, ErrorCode::Forbidden);
    let back = Person::come(&meeting.server, returning(&by_new)).await;
    assert_eq!(back.joined.role, Role::Guest, "the ticket says co-host, the host said no");
}

impl Person {
    /// The invite of the role that one was given last.
    async fn given(&mut self) -> String {
        let events = self.client.events().await;
        let given = events.into_iter().rev().find_map(|event| match event {
            Event::RoleChanged(changed) => changed.invite,
            _ => None,
        });
        given.expect("an invite")
    }
}

/// What somebody is who comes anew by a token; whether they may is the server's to say.
async fn come_by(meeting: &Meeting, token: &str) -> Result<Role, ErrorCode> {
    let mut client = meeting.server.connect().await;
    client.join(invited(token.to_owned())).await.map(|joined| joined.role)
}

#[tokio::test]
async fn who_was_given_a_role_may_leave_and_come_again_with_it_until_it_is_taken() {
    let mut meeting = Meeting::start().await;
    meeting.host.done(make(&meeting.guest, Role::CoHost)).await;
    let token = meeting.guest.given().await;
    meeting.guest.done(Request::Leave).await;
    assert_eq!(come_by(&meeting, &token).await, Ok(Role::CoHost));
    let mut again = Person::come(&meeting.server, invited(token.clone())).await;

    // It is listed by the name of whom it is for, and taken with the role.
    let listed = meeting.host.invites().await;
    let of_role = listed.iter().find(|invite| invite.label.as_deref() == Some("Bob")).unwrap();
    assert_eq!((of_role.role, of_role.uses), (Role::CoHost, 2));
    meeting.host.done(make(&again, Role::Guest)).await;
    assert_eq!(come_by(&meeting, &token).await, Err(ErrorCode::InviteRevoked));
    let guests = again.given().await;
    assert_eq!(come_by(&meeting, &guests).await, Ok(Role::Guest));
}

#[tokio::test]
async fn the_invite_of_a_role_goes_with_whoever_is_removed_and_can_be_withdrawn() {
    let mut meeting = Meeting::start().await;
    meeting.host.done(make(&meeting.guest, Role::CoHost)).await;
    meeting.host.done(make(&meeting.other, Role::CoHost)).await;
    let (removed, kept) = (meeting.guest.given().await, meeting.other.given().await);
    meeting.host.done(remove(&meeting.guest, false)).await;
    assert_eq!(come_by(&meeting, &removed).await, Err(ErrorCode::InviteRevoked));
    assert_eq!(come_by(&meeting, &kept).await, Ok(Role::CoHost));
    let listed = meeting.host.invites().await;
    let live = listed.into_iter().find(|one| one.role == Role::CoHost && !one.revoked).unwrap();
    let revoke = RevokeInvite { invite_id: live.invite_id, end_sessions: false };
    meeting.host.done(Request::RevokeInvite(revoke)).await;
    assert_eq!(come_by(&meeting, &kept).await, Err(ErrorCode::InviteRevoked));
}

#[tokio::test]
async fn a_room_is_handed_over() {
    let data = tempfile::tempdir().unwrap();
    let mut meeting = Meeting::start_on(Server::start_in(data.path(), |_| {}).await).await;
    meeting.host.done(make(&meeting.guest, Role::Host)).await;
    let told = meeting.other.client.events().await;
    let roles: Vec<_> = told
        .iter()
        .map(|event| match event {
            Event::RoleChanged(changed) => (&changed.participant_id, changed.role),
            other => panic!("not roleChanged: {other:?}"),
        })
        .collect();
    let expected = [(meeting.guest.id(), Role::Host), (meeting.host.id(), Role::CoHost)];
    assert_eq!(roles, expected);
    let refusal = meeting.host.client.refused(Request::EndMeeting).await;
    assert_eq!(refusal, ErrorCode::Forbidden);
    meeting.guest.done(make(&meeting.other, Role::CoHost)).await;

    // And it stays so over a restart, whatever the old tickets say.
    let Meeting { server, host, guest, other, .. } = meeting;
    server.finish().await;
    let server = Server::start_in(data.path(), |_| {}).await;
    for (person, role) in [(guest, Role::Host), (host, Role::CoHost), (other, Role::CoHost)] {
        let back = Person::come(&server, returning(&person.joined)).await;
        assert_eq!(back.joined.role, role);
    }
}

#[tokio::test]
async fn a_meeting_ends_for_everyone() {
    let mut meeting = Meeting::start().await;
    meeting.host.done(Request::EndMeeting).await;
    for person in meeting.everyone() {
        assert_eq!(person.client.close_code().await, 4405);
    }
    let Meeting { server, room, guest: inside, .. } = meeting;
    for join in [guest(&room), returning(&inside.joined), invited(server.token(&room, Role::Host))]
    {
        let mut late = server.connect().await;
        assert_eq!(late.join(join).await.err(), Some(ErrorCode::RoomNotFound));
    }
    let app = server.running.app.clone();
    assert!(app.rooms.is_empty());
    assert_eq!((app.rooms.router_count(), app.rooms.transport_count()), (0, 0));
}

#[tokio::test]
async fn an_ended_meeting_stays_ended_over_a_restart_and_sends_away_who_waits() {
    let data = tempfile::tempdir().unwrap();
    let mut meeting = Meeting::start_on(Server::start_in(data.path(), |_| {}).await).await;
    let lobby = shared::signaling::SetLobby { lobby: true };
    meeting.host.done(Request::SetLobby(lobby)).await;
    let mut carol = meeting.server.connect().await;
    carol.knock(guest(&meeting.room)).await;
    meeting.host.done(Request::EndMeeting).await;
    assert_eq!(carol.close_code().await, 4405);
    meeting.server.finish().await;
    let server = Server::start_in(data.path(), |_| {}).await;
    assert!(server.running.app.rooms.is_empty());
}

/// The token of an invite link.
pub(crate) fn token_of(link: &str) -> &str {
    link.split_once("#token=").expect(link).1
}
