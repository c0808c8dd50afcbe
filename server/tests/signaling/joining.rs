use std::time::{Duration, SystemTime};

use open_stream::rooms::Admission;
use shared::{
    error::ErrorCode,
    ids::RoomId,
    signaling::{Event, Presence, Request, Role},
};

use crate::client::{Server, guest, invited};

#[tokio::test]
async fn a_guest_finds_who_is_there_and_they_are_told() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut alice = server.connect().await;
    let host = alice.join(invited(server.token(&room, Role::Host))).await.unwrap();
    assert_eq!((host.role, host.participants.len(), host.resumed), (Role::Host, 0, false));
    assert_eq!(host.room.host_name, "Alice");

    let (_bob, joined) = server.join(&room).await;
    assert_eq!(joined.role, Role::Guest);
    let [found] = &joined.participants[..] else { panic!("one other: {joined:?}") };
    assert_eq!((&found.id, found.presence), (&host.participant_id, Presence::Connected));

    let Event::PeerJoined(told) = alice.event().await else { panic!("not peerJoined") };
    assert_eq!((told.id, &*told.display_name), (joined.participant_id, "Bob"));
}

#[tokio::test]
async fn the_invite_link_of_the_snapshot_lets_guests_in() {
    let server = Server::start().await;
    let room = server.create_room_with(Admission::InviteOnly);
    let mut alice = server.connect().await;
    let joined = alice.join(invited(server.token(&room, Role::Host))).await.unwrap();
    let link = joined.room.invite_link.unwrap();
    let start = format!("http://{}/join?room={room}#token=", server.running.http_address);
    let token = link.strip_prefix(&start).expect(&link);
    let mut bob = server.connect().await;
    let joined = bob.join(invited(token.to_owned())).await.unwrap();
    assert_eq!(joined.role, Role::Guest);
}

#[tokio::test]
async fn what_happens_in_one_room_is_not_told_in_another() {
    let server = Server::start().await;
    let (mut here, _) = server.join(&server.create_room()).await;
    let (mut there, joined) = server.join(&server.create_room()).await;
    assert!(joined.participants.is_empty());
    there.done(Request::Leave).await;
    assert!(here.has_no_event().await);
}

#[tokio::test]
async fn a_token_that_does_not_let_in_ends_the_connection() {
    let server = Server::start().await;
    let (room, other) = (server.create_room(), server.create_room());
    let yesterday = SystemTime::now() - Duration::from_hours(25);
    let expired = server.running.app.invites.issue(&room, Role::Guest, yesterday);
    let (_inside, joined) = server.join(&room).await;
    let unsigned = "eyJhbGciOiJub25lIn0.eyJyb2xlIjoiaG9zdCJ9.".to_owned();
    let mut wrong_room = invited(server.token(&other, Role::Guest));
    wrong_room.room_id = Some(room);
    for (join, code) in [
        (invited(unsigned), ErrorCode::InviteInvalid),
        (invited(joined.resume_ticket), ErrorCode::InviteInvalid),
        (wrong_room, ErrorCode::InviteInvalid),
        (invited(expired), ErrorCode::InviteExpired),
    ] {
        let mut client = server.connect().await;
        assert_eq!(client.join(join).await.err(), Some(code));
        assert_eq!(client.close_code().await, 4401, "{code}");
    }
}

#[tokio::test]
async fn an_invite_is_no_ticket() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut join = guest(&room);
    join.resume_ticket = Some(server.token(&room, Role::Host));
    let mut client = server.connect().await;
    assert_eq!(client.join(join).await.err(), Some(ErrorCode::TicketInvalid));
    assert_eq!(client.close_code().await, 4401);
}

#[tokio::test]
async fn a_room_by_invite_only_needs_an_invite() {
    let server = Server::start().await;
    let room = server.create_room_with(Admission::InviteOnly);
    let mut client = server.connect().await;
    assert_eq!(client.join(guest(&room)).await.err(), Some(ErrorCode::InviteRequired));
    assert_eq!(client.close_code().await, 4401);
}

#[tokio::test]
async fn a_room_that_is_not_there_cannot_be_joined() {
    let server = Server::start().await;
    let nowhere = RoomId::from_random([1; 16]);
    let mut client = server.connect().await;
    assert_eq!(client.join(guest(&nowhere)).await.err(), Some(ErrorCode::RoomNotFound));
    assert_eq!(client.close_code().await, 4404);
}

#[tokio::test]
async fn a_client_of_another_version_is_sent_to_reload() {
    let server = Server::start().await;
    let mut join = guest(&server.create_room());
    join.protocol_version += 1;
    let mut client = server.connect().await;
    assert_eq!(client.join(join).await.err(), Some(ErrorCode::ClientOld));
    assert_eq!(client.close_code().await, 4401);
}

#[tokio::test]
async fn a_name_can_be_corrected() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut client = server.connect().await;
    for name in [String::new(), "  ".to_owned(), "a\nb".to_owned(), "ñ".repeat(65)] {
        let mut join = guest(&room);
        join.display_name = name;
        assert_eq!(client.join(join).await.err(), Some(ErrorCode::NameInvalid));
    }
    let mut join = guest(&room);
    join.display_name = "ñ".repeat(64);
    client.join(join).await.unwrap();
}

#[tokio::test]
async fn joining_comes_first_and_once() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut client = server.connect().await;
    assert_eq!(client.refused(Request::Leave).await, ErrorCode::NotJoined);
    client.done(Request::Ping).await;
    client.join(guest(&room)).await.unwrap();
    assert_eq!(client.join(guest(&room)).await.err(), Some(ErrorCode::AlreadyJoined));
}

#[tokio::test]
async fn a_full_room_is_full() {
    let server = Server::start_with(|config| config.bounds.rooms.max_participants = 2).await;
    let room = server.create_room();
    let _inside = (server.join(&room).await, server.join(&room).await);
    let mut third = server.connect().await;
    assert_eq!(third.join(guest(&room)).await.err(), Some(ErrorCode::RoomFull));
    assert_eq!(third.close_code().await, 4410);
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let server = Server::start_with(|config| {
        config.http.allowed_origins = "https://partner.example".parse().unwrap();
    })
    .await;
    let own = format!("http://{}", server.running.http_address);
    assert_eq!(server.connect_from(&own).await, 101);
    assert_eq!(server.connect_from("https://partner.example").await, 101);
    assert_eq!(server.connect_from("https://evil.example").await, 403);
    assert_eq!(server.connect_from("null").await, 403);
}
