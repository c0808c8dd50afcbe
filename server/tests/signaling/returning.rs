use std::time::Duration;

use open_stream::shutdown::Finish;
use shared::signaling::{Event, Presence, Request};

use crate::client::{Server, guest, returning};

#[tokio::test]
async fn a_lost_connection_is_told_at_once_and_comes_back_as_the_same() {
    let server = Server::start().await;
    let room = server.create_room();
    let (mut alice, _) = server.join(&room).await;
    let (bob, before) = server.join(&room).await;
    assert!(matches!(alice.event().await, Event::PeerJoined(_)));
    drop(bob);
    let Event::PeerPresence(told) = alice.event().await else { panic!("not peerPresence") };
    assert_eq!(
        (told.participant_id, told.presence),
        (before.participant_id.clone(), Presence::Reconnecting)
    );

    let mut bob = server.connect().await;
    let after = bob.join(returning(&before)).await.unwrap();
    assert!(after.resumed);
    assert_eq!((&after.participant_id, after.role), (&before.participant_id, before.role));
    let Event::PeerJoined(told) = alice.event().await else { panic!("not peerJoined") };
    assert_eq!((told.id, told.presence), (before.participant_id, Presence::Connected));
    assert_eq!(told.display_name, "Bob", "the name is the ticket's");
}

#[tokio::test]
async fn whoever_comes_back_too_late_is_the_same_in_a_new_place() {
    let server = Server::start_with(|config| {
        config.bounds.rooms.closed_grace = Duration::from_millis(1);
    })
    .await;
    let room = server.create_room();
    let (mut alice, _) = server.join(&room).await;
    let (bob, before) = server.join(&room).await;
    drop(bob);
    assert!(matches!(alice.event().await, Event::PeerJoined(_)));
    assert!(matches!(alice.event().await, Event::PeerPresence(_)));
    assert!(matches!(alice.event().await, Event::PeerLeft(_)));
    let after = server.connect().await.join(returning(&before)).await.unwrap();
    assert!(!after.resumed);
    assert_eq!(after.participant_id, before.participant_id);
}

#[tokio::test]
async fn whoever_leaves_is_gone_at_once() {
    let server = Server::start().await;
    let room = server.create_room();
    let (mut alice, _) = server.join(&room).await;
    let (mut bob, joined) = server.join(&room).await;
    bob.done(Request::Leave).await;
    assert_eq!(bob.close_code().await, 1000);
    assert!(matches!(alice.event().await, Event::PeerJoined(_)));
    let Event::PeerLeft(told) = alice.event().await else { panic!("not peerLeft") };
    assert_eq!(told.participant_id, joined.participant_id);
}

#[tokio::test]
async fn the_newer_connection_of_a_participant_wins() {
    let server = Server::start().await;
    let room = server.create_room();
    let (mut old, before) = server.join(&room).await;
    let mut new = server.connect().await;
    let after = new.join(returning(&before)).await.unwrap();
    assert!(after.resumed);
    assert_eq!(after.participant_id, before.participant_id);
    assert_eq!(old.close_code().await, 4409);
    let participants = server.running.app.rooms.participants(&room).unwrap();
    assert_eq!(participants.len(), 1);
    new.done(Request::Ping).await;
}

#[tokio::test]
async fn a_meeting_survives_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_in(data.path(), |_| {}).await;
    let room = server.create_room();
    let (mut alice, before) = server.join(&room).await;
    server.stop();
    assert_eq!(alice.event().await, Event::ServerShutdown);
    assert_eq!(alice.close_code().await, 1012);
    assert_eq!(server.finish().await, Finish::Complete);

    let server = Server::start_in(data.path(), |_| {}).await;
    let after = server.connect().await.join(returning(&before)).await.unwrap();
    assert!(!after.resumed);
    assert_eq!(after.participant_id, before.participant_id);
    assert_eq!(after.room.room_id, room);
}

#[tokio::test]
async fn silence_counts_as_gone() {
    let server = Server::start_with(|config| {
        config.bounds.signaling.heartbeat_interval = Duration::from_millis(100);
        config.bounds.signaling.heartbeat_timeout = Duration::from_secs(1);
    })
    .await;
    let room = server.create_room();
    let (mut watching, _) = server.join(&room).await;
    // Not reading is not answering pings.
    let (mut silent, joined) = server.join(&room).await;
    assert!(matches!(watching.event().await, Event::PeerJoined(_)));
    let Event::PeerPresence(told) = watching.event().await else { panic!("not peerPresence") };
    assert_eq!(told.participant_id, joined.participant_id);
    assert_eq!(silent.close_code().await, 4408);
}

#[tokio::test]
async fn a_hundred_visits_leave_nothing_behind() {
    let server = Server::start().await;
    let room = server.create_room();
    for visit in 0..100_u32 {
        let (mut client, _) = server.join(&room).await;
        client.create_transport(shared::signaling::Direction::Send).await;
        client.create_transport(shared::signaling::Direction::Recv).await;
        client.done(Request::Leave).await;
        assert_eq!(client.close_code().await, 1000, "visit {visit}");
    }
    let app = server.running.app.clone();
    assert_eq!(app.rooms.transport_count(), 0);
    assert_eq!(app.rooms.participants(&room), Some(Vec::new()));
    assert_eq!(server.finish().await, Finish::Complete);
    assert_eq!(app.signaling.connections(), 0);
}

#[tokio::test]
async fn nobody_comes_in_while_the_server_stops() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut client = server.connect().await;
    server.stop();
    client.send(tokio_tungstenite::tungstenite::Message::text(join_text(&room))).await;
    assert_eq!(client.close_code().await, 1012);
    assert_eq!(server.running.app.rooms.participants(&room), Some(Vec::new()));
}

fn join_text(room: &shared::ids::RoomId) -> String {
    let request = Request::Join(guest(room));
    serde_json::to_string(&shared::signaling::ClientMessage { id: 1, request }).unwrap()
}
