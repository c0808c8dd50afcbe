use std::time::{Duration, SystemTime};

use hyper::{Method, StatusCode};
use open_stream::rooms::RoomSettings;
use shared::{
    ids::RoomId,
    limits::MAX_BODY_BYTES,
    signaling::{Direction, Role},
};

use crate::{
    client::Server,
    requests::{Ask, SDP},
};

/// What Chromium offers with a microphone (mid 0) and a camera (mid 1).
const OFFER: &str = include_str!("../../sfu/src/transport/sdp/fixtures/chromium-plain-offer.sdp");

fn whip(room: &RoomId) -> String {
    format!("/whip/{room}")
}

#[tokio::test]
async fn only_an_invite_of_the_room_lets_in() {
    let server = Server::start().await;
    let (room, other) = (server.create_room(), server.create_room());
    let post = || Ask::post(whip(&room), OFFER);
    post().send(&server).await.assert_problem(401, "invite_required");
    post().token("nonsense").send(&server).await.assert_problem(401, "invite_invalid");
    let basic = post().header("authorization", "Basic abc").send(&server).await;
    basic.assert_problem(401, "invite_invalid");
    assert_eq!(basic.header("www-authenticate"), "Bearer");
    let invites = &server.running.app.invites;
    let days_ago = SystemTime::now() - Duration::from_hours(48);
    let expired = invites.issue(&room, Role::Guest, days_ago);
    post().token(&expired).send(&server).await.assert_problem(401, "invite_expired");
    let wrong = server.token(&other, Role::Guest);
    post().token(&wrong).send(&server).await.assert_problem(403, "forbidden");
    let nowhere = RoomId::from_random([9; 16]);
    let ended = server.token(&nowhere, Role::Guest);
    let gone = Ask::post(whip(&nowhere), OFFER).token(&ended).send(&server).await;
    gone.assert_problem(404, "room_not_found");
    let invalid = Ask::post("/whip/no-room", OFFER).token(&ended).send(&server).await;
    invalid.assert_problem(403, "forbidden");
    assert!(server.running.app.sessions.is_empty());
}

#[tokio::test]
async fn only_a_description_of_what_can_be_published_is_taken() {
    let server = Server::start().await;
    let room = server.create_room();
    let (mut bob, _) = server.join(&room).await;
    let token = server.token(&room, Role::Guest);
    let post = |sdp: &str| Ask::post(whip(&room), sdp).token(&token);
    post("nonsense").send(&server).await.assert_problem(400, "sdp_invalid");
    post("v=0\r\n").send(&server).await.assert_problem(422, "offer_unsupported");
    let watching = OFFER.replace("a=sendrecv", "a=recvonly").replace("a=sendonly", "a=recvonly");
    post(&watching).send(&server).await.assert_problem(422, "offer_unsupported");
    post(&"a".repeat(MAX_BODY_BYTES + 1)).send(&server).await.assert_problem(413, "body_too_large");
    let json = Ask::new(Method::POST, whip(&room)).header("content-type", "application/json");
    let json = json.token(&token).body(OFFER).send(&server).await;
    json.assert_problem(415, "unsupported_media_type");
    let name = "x".repeat(65);
    let named = Ask::post(format!("{}?name={name}", whip(&room)), OFFER).token(&token);
    named.send(&server).await.assert_problem(400, "name_invalid");
    assert!(bob.has_no_event().await, "nobody was there for a moment");
    let app = &server.running.app;
    assert_eq!((app.sessions.len(), app.rooms.transport_count()), (0, 0));
    // A transport can still be made: the refusals left nothing behind.
    bob.create_transport(Direction::Send).await;
}

#[tokio::test]
async fn places_are_bounded_in_the_room_and_on_the_server() {
    let server = Server::start_with(|config| {
        config.bounds.rooms = RoomSettings { max_participants: 1, ..RoomSettings::default() };
        config.bounds.sessions.max_sessions = 2;
    })
    .await;
    let rooms = [server.create_room(), server.create_room(), server.create_room()];
    let start = async |room: &RoomId| {
        let token = server.token(room, Role::Guest);
        Ask::post(whip(room), OFFER).token(&token).send(&server).await
    };
    assert_eq!(start(&rooms[0]).await.status, StatusCode::CREATED);
    start(&rooms[0]).await.assert_problem(503, "room_full");
    assert_eq!(start(&rooms[1]).await.status, StatusCode::CREATED);
    start(&rooms[2]).await.assert_problem(503, "server_busy");
    assert_eq!(server.running.app.sessions.len(), 2);
}

#[tokio::test]
async fn one_address_asks_so_often_and_no_more() {
    let server = Server::start_with(|config| config.http.session_limit = 2).await;
    let room = server.create_room();
    for _ in 0..2 {
        let ask = Ask::post(whip(&room), OFFER).send(&server).await;
        ask.assert_problem(401, "invite_required");
    }
    let limited = Ask::post(whip(&room), OFFER).send(&server).await;
    limited.assert_problem(429, "too_many");
    assert_eq!(limited.header("retry-after"), "30");
}

#[tokio::test]
async fn pages_of_any_origin_may_ask() {
    let server = Server::start().await;
    let room = server.create_room();
    let endpoint = Ask::new(Method::OPTIONS, whip(&room)).header("origin", "https://a.example");
    let endpoint = endpoint.send(&server).await;
    assert_eq!((endpoint.status, endpoint.header("accept-post")), (StatusCode::OK, SDP));
    let resource = format!("{}/sessions/abc", whip(&room));
    let session = Ask::new(Method::OPTIONS, &resource).send(&server).await;
    assert_eq!(session.status, StatusCode::OK);
    assert_eq!(session.header("accept-patch"), "application/trickle-ice-sdpfrag");
    for answer in [endpoint, session] {
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.header("access-control-allow-methods").contains("PATCH"));
        assert!(answer.header("access-control-allow-headers").contains("Authorization"));
        assert!(answer.header("access-control-expose-headers").contains("ETag"));
    }
    for path in [whip(&room), resource.clone()] {
        let nothing = Ask::new(Method::GET, &path).send(&server).await;
        assert_eq!((nothing.status, &*nothing.body), (StatusCode::NO_CONTENT, ""));
    }
    let put = Ask::new(Method::PUT, whip(&room)).send(&server).await;
    put.assert_problem(405, "method_not_allowed");
    let token = server.token(&room, Role::Guest);
    let unknown = Ask::new(Method::DELETE, &resource).token(&token).send(&server).await;
    unknown.assert_problem(404, "not_found");
}
