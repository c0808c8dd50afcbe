use std::time::Duration;

use shared::{
    error::ErrorCode,
    ids::KnockId,
    limits::MAX_KNOCKS,
    signaling::{
        Event, HostPresent, Join, Joined, Knock, KnockRef, Knocking, Reply, Request, Role,
        SetLobby, SetLocked, SetRole,
    },
};

use crate::{
    client::{Client, Server, guest, invited, returning},
    meeting::{Meeting, Person},
};

impl Client {
    /// Asks to come in, and has to wait.
    pub(crate) async fn knock(&mut self, join: Join) -> Knocking {
        match self.request(Request::Join(join)).await {
            Ok(Reply::Knocking(knocking)) => knocking,
            other => panic!("no need to wait: {other:?}"),
        }
    }

    /// Comes in, after having been admitted.
    async fn walk_in(&mut self) -> Result<Joined, ErrorCode> {
        let Event::Admitted(admitted) = self.event().await else { panic!("not admitted") };
        self.join(invited(admitted.token)).await
    }
}

const fn admit(knock_id: KnockId) -> Request {
    Request::Admit(KnockRef { knock_id })
}

const fn refuse(knock_id: KnockId) -> Request {
    Request::Refuse(KnockRef { knock_id })
}

async fn with_lobby() -> Meeting {
    with_lobby_on(Server::start().await).await
}

async fn with_lobby_on(server: Server) -> Meeting {
    let mut meeting = Meeting::start_on(server).await;
    meeting.host.done(Request::SetLobby(SetLobby { lobby: true })).await;
    meeting.catch_up().await;
    meeting
}

#[tokio::test]
async fn who_knocks_waits_until_a_host_admits() {
    let mut meeting = with_lobby().await;
    let mut carol = meeting.server.connect().await;
    let knocking = carol.knock(guest(&meeting.room)).await;
    assert!(knocking.host_present);
    let knock_id = knocking.knock_id;
    let knock = Knock { knock_id, display_name: "Bob".to_owned() };
    assert_eq!(meeting.host.told().await, Event::Knock(knock.clone()));
    assert_eq!(meeting.cohost.told().await, Event::Knock(knock.clone()));
    meeting.guest.untold().await;
    assert_eq!(carol.refused(Request::ListInvites).await, ErrorCode::NotJoined);
    assert!(carol.has_no_event().await, "nothing of the room is told outside");

    meeting.cohost.done(admit(knock_id)).await;
    let gone = Event::KnockGone(KnockRef { knock_id });
    assert_eq!(meeting.host.told().await, gone);
    assert_eq!(meeting.cohost.told().await, gone);
    let joined = carol.walk_in().await.unwrap();
    assert_eq!((joined.role, joined.participants.len()), (Role::Guest, 4));
    assert!(matches!(meeting.guest.told().await, Event::PeerJoined(_)));
    let again = meeting.host.client.refused(admit(knock_id)).await;
    assert_eq!(again, ErrorCode::KnockNotFound);
}

#[tokio::test]
async fn who_is_refused_is_sent_away() {
    let mut meeting = with_lobby().await;
    let mut carol = meeting.server.connect().await;
    let knock_id = carol.knock(guest(&meeting.room)).await.knock_id;
    meeting.host.done(refuse(knock_id)).await;
    assert_eq!(carol.close_code().await, 4406);
    let told = meeting.cohost.client.events().await;
    assert_eq!(told.last(), Some(&Event::KnockGone(KnockRef { knock_id })));
    meeting.other.untold().await;
}

#[tokio::test]
async fn an_admission_is_for_one_and_once() {
    let mut meeting = with_lobby().await;
    let mut carol = meeting.server.connect().await;
    let knock_id = carol.knock(guest(&meeting.room)).await.knock_id;
    meeting.host.done(admit(knock_id)).await;
    let Event::Admitted(admitted) = carol.event().await else { panic!("not admitted") };
    carol.join(invited(admitted.token.clone())).await.unwrap();
    let mut friend = meeting.server.connect().await;
    let refusal = friend.join(invited(admitted.token)).await.err();
    assert_eq!(refusal, Some(ErrorCode::InviteUsedUp));
    assert_eq!(friend.close_code().await, 4401);
    assert!(meeting.host.invites().await.iter().all(|invite| invite.max_uses.is_none()));
}

#[tokio::test]
async fn invites_and_tickets_walk_in() {
    let meeting = with_lobby().await;
    let token = meeting.server.token(&meeting.room, Role::Guest);
    Person::come(&meeting.server, invited(token)).await;
    let back = Person::come(&meeting.server, returning(&meeting.guest.joined)).await;
    assert!(back.joined.resumed);
}

#[tokio::test]
async fn who_waits_is_told_whether_anyone_could_let_them_in() {
    let mut meeting = with_lobby().await;
    meeting.host.done(Request::Leave).await;
    let mut carol = meeting.server.connect().await;
    assert!(carol.knock(guest(&meeting.room)).await.host_present, "the co-host is there");
    meeting.cohost.done(Request::Leave).await;
    let absent = Event::HostPresent(HostPresent { host_present: false });
    assert_eq!(carol.event().await, absent);
    let mut dave = meeting.server.connect().await;
    let knocking = dave.knock(guest(&meeting.room)).await;
    assert!(!knocking.host_present);

    let token = meeting.server.token(&meeting.room, Role::Host);
    let mut host = Person::come(&meeting.server, invited(token)).await;
    let waiting = host.joined.knocks.iter().map(|knock| knock.knock_id).collect::<Vec<_>>();
    assert_eq!(waiting.len(), 2);
    let present = Event::HostPresent(HostPresent { host_present: true });
    assert_eq!((carol.event().await, dave.event().await), (present.clone(), present));
    host.done(admit(knocking.knock_id)).await;
    dave.walk_in().await.unwrap();
}

#[tokio::test]
async fn nobody_else_is_told_who_waits() {
    let meeting = with_lobby().await;
    let mut carol = meeting.server.connect().await;
    let knock_id = carol.knock(guest(&meeting.room)).await.knock_id;
    let come = |role| {
        let token = meeting.server.token(&meeting.room, role);
        Person::come(&meeting.server, invited(token))
    };
    assert!(come(Role::Guest).await.joined.knocks.is_empty());
    assert_eq!(come(Role::CoHost).await.joined.knocks[0].knock_id, knock_id);
}

#[tokio::test]
async fn who_is_made_a_co_host_hears_who_waits() {
    let mut meeting = with_lobby().await;
    let mut carol = meeting.server.connect().await;
    let knock_id = carol.knock(guest(&meeting.room)).await.knock_id;
    let participant_id = meeting.guest.id().clone();
    meeting.host.done(Request::SetRole(SetRole { participant_id, role: Role::CoHost })).await;
    let told = meeting.guest.client.events().await;
    let [Event::RoleChanged(_), Event::Knock(knock)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(knock.knock_id, knock_id);
}

#[tokio::test]
async fn a_knock_ends_with_its_connection() {
    let mut meeting = with_lobby().await;
    let mut carol = meeting.server.connect().await;
    let knock_id = carol.knock(guest(&meeting.room)).await.knock_id;
    drop(carol);
    assert!(matches!(meeting.host.client.event().await, Event::Knock(_)));
    assert_eq!(meeting.host.client.event().await, Event::KnockGone(KnockRef { knock_id }));
    let refusal = meeting.host.client.refused(admit(knock_id)).await;
    assert_eq!(refusal, ErrorCode::KnockNotFound);
}

#[tokio::test]
async fn waiting_has_no_deadline_but_an_admission_has() {
    let server = Server::start_with(|config| {
        config.bounds.signaling.join_timeout = Duration::from_millis(200);
        config.bounds.signaling.heartbeat_interval = Duration::from_millis(50);
    });
    let mut meeting = with_lobby_on(server.await).await;
    let mut carol = meeting.server.connect().await;
    let knock_id = carol.knock(guest(&meeting.room)).await.knock_id;
    // Much longer than the time to join; her socket answers pings meanwhile.
    let silence = tokio::time::timeout(Duration::from_secs(1), carol.event()).await;
    assert!(silence.is_err(), "{silence:?}");
    meeting.host.done(admit(knock_id)).await;
    assert_eq!(carol.close_code().await, 4408, "she never came in");
}

#[tokio::test]
async fn a_second_knock_of_one_connection_takes_the_place_of_the_first() {
    let mut meeting = with_lobby().await;
    let mut carol = meeting.server.connect().await;
    let first = carol.knock(guest(&meeting.room)).await.knock_id;
    let second = carol.knock(guest(&meeting.room)).await.knock_id;
    let told = meeting.host.client.events().await;
    let [Event::Knock(_), Event::KnockGone(gone), Event::Knock(knock)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((gone.knock_id, knock.knock_id), (first, second));
}

#[tokio::test]
async fn so_many_wait_and_no_more() {
    let meeting = with_lobby().await;
    let mut waiting = Vec::new();
    for _ in 0..MAX_KNOCKS {
        let mut client = meeting.server.connect().await;
        client.knock(guest(&meeting.room)).await;
        waiting.push(client);
    }
    let mut late = meeting.server.connect().await;
    assert_eq!(late.join(guest(&meeting.room)).await.err(), Some(ErrorCode::LobbyFull));
    drop(waiting.pop());
    // The place is free when the server has noticed.
    let room = meeting.server.running.app.rooms.find(&meeting.room).unwrap();
    while room.lock().knock_count() == MAX_KNOCKS {
        tokio::task::yield_now().await;
    }
    late.knock(guest(&meeting.room)).await;
}

#[tokio::test]
async fn one_address_knocks_so_often_and_no_more() {
    let meeting = with_lobby().await;
    let mut carol = meeting.server.connect().await;
    for _ in 0..60 {
        carol.knock(guest(&meeting.room)).await;
    }
    assert_eq!(carol.join(guest(&meeting.room)).await.err(), Some(ErrorCode::TooMany));
}

#[tokio::test]
async fn nobody_knocks_at_a_locked_room_but_who_waits_may_be_admitted() {
    let mut meeting = with_lobby().await;
    let mut carol = meeting.server.connect().await;
    let knock_id = carol.knock(guest(&meeting.room)).await.knock_id;
    meeting.host.done(Request::SetLocked(SetLocked { locked: true })).await;
    let mut dave = meeting.server.connect().await;
    assert_eq!(dave.join(guest(&meeting.room)).await.err(), Some(ErrorCode::RoomLocked));
    assert_eq!(dave.close_code().await, 4423);
    meeting.host.done(admit(knock_id)).await;
    carol.walk_in().await.unwrap();
}

#[tokio::test]
async fn a_lobby_survives_a_restart_and_can_be_closed() {
    let data = tempfile::tempdir().unwrap();
    let meeting = with_lobby_on(Server::start_in(data.path(), |_| {}).await).await;
    let Meeting { server, room, host, .. } = meeting;
    server.finish().await;
    let server = Server::start_in(data.path(), |_| {}).await;
    let mut carol = server.connect().await;
    assert!(!carol.knock(guest(&room)).await.host_present);
    let mut host = Person::come(&server, returning(&host.joined)).await;
    host.done(Request::SetLobby(SetLobby { lobby: false })).await;
    carol.join(guest(&room)).await.unwrap();
}

#[tokio::test]
async fn who_waits_is_let_in_when_nobody_has_to_wait_any_more() {
    let mut meeting = with_lobby().await;
    let (mut carol, mut dave) = (meeting.server.connect().await, meeting.server.connect().await);
    carol.knock(guest(&meeting.room)).await;
    dave.knock(guest(&meeting.room)).await;
    // A lock keeps them out as it does everyone; a host may still admit them.
    meeting.host.done(Request::SetLocked(SetLocked { locked: true })).await;
    meeting.host.done(Request::SetLobby(SetLobby { lobby: false })).await;
    assert!(carol.has_no_event().await);
    meeting.cohost.client.events().await;
    meeting.host.done(Request::SetLocked(SetLocked { locked: false })).await;
    for waiting in [&mut carol, &mut dave] {
        assert_eq!(waiting.walk_in().await.unwrap().role, Role::Guest);
    }
    let told = meeting.cohost.client.events().await;
    let gone = |event: &&Event| matches!(event, Event::KnockGone(_));
    assert_eq!(told.iter().filter(gone).count(), 2, "{told:?}");
}
