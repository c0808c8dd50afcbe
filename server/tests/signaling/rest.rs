//! What hosts and the administrator do over HTTP, as those in the room see it.

use hyper::Method;
use open_stream::config::Config;
use serde_json::{Value, json};
use shared::{
    ids::RoomId,
    signaling::{Event, Request, RevokeInvite, Role, RoomChanged, SetLocked},
};

use crate::{
    client::{Server, guest, invited},
    hosting::token_of,
    meeting::{Meeting, Person},
    requests::{Answer, Ask},
};

const ADMIN_TOKEN: &str = "sixteen bytes at least";

/// What Chromium offers with a microphone (mid 0) and a camera (mid 1).
const OFFER: &str = include_str!("../../sfu/src/transport/sdp/fixtures/chromium-plain-offer.sdp");

fn with_admin(config: &mut Config) {
    config.storage.admin_token.0 = Some(ADMIN_TOKEN.parse().unwrap());
}

/// Asks with a token, and perhaps a body of JSON.
async fn ask(
    server: &Server,
    (method, path): (Method, &str),
    token: Option<&str>,
    body: &Value,
) -> Answer {
    let mut ask = Ask::new(method, path);
    if let Some(token) = token {
        ask = ask.token(token);
    }
    if !body.is_null() {
        ask = ask.header("content-type", "application/json").body(body.to_string());
    }
    ask.send(server).await
}

fn code(answer: &Answer) -> (u16, String) {
    let problem: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    (answer.status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
}

fn parsed(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect(&answer.body)
}

/// Every request that takes a right in a room, with a body that would do something.
fn requests(room: &RoomId, invite_id: &str) -> Vec<(Method, String, Value)> {
    let room = format!("/api/rooms/{room}");
    vec![
        (Method::PATCH, room.clone(), json!({ "locked": true, "lobby": true })),
        (Method::PATCH, room.clone(), json!({})),
        (Method::GET, format!("{room}/invites"), Value::Null),
        (Method::POST, format!("{room}/invites"), json!({ "role": "guest" })),
        (Method::DELETE, format!("{room}/invites/{invite_id}?endSessions=true"), Value::Null),
        (Method::DELETE, room, Value::Null),
    ]
}

#[tokio::test]
async fn only_who_hosts_the_room_does_anything_to_it() {
    let mut meeting = Meeting::start_on(Server::start_with(with_admin).await).await;
    let invite_id = meeting.host.invite(Role::Guest).await;
    let elsewhere = meeting.server.create_room();
    let guest_token = meeting.server.token(&meeting.room, Role::Guest);
    let stranger = meeting.server.token(&elsewhere, Role::Host);
    let revoked = meeting.host.invite_of(Role::Host).await;
    let revoke = RevokeInvite { invite_id: revoked.invite_id.clone(), end_sessions: false };
    meeting.host.done(Request::RevokeInvite(revoke)).await;
    let revoked = token_of(revoked.link.as_deref().unwrap()).to_owned();
    meeting.catch_up().await;
    let before = meeting.host.invites().await;
    for (method, path, body) in requests(&meeting.room, &invite_id) {
        for (token, expected) in [
            (None, (401, "invite_required")),
            (Some("nonsense"), (401, "invite_invalid")),
            (Some(&*guest_token), (403, "forbidden")),
            (Some(&*stranger), (403, "forbidden")),
            (Some(&*revoked), (401, "invite_revoked")),
        ] {
            let answer = ask(&meeting.server, (method.clone(), &path), token, &body).await;
            let found = code(&answer);
            assert_eq!((found.0, &*found.1), expected, "{method} {path}");
        }
        meeting.other.untold().await;
        meeting.host.untold().await;
    }
    assert_eq!(meeting.host.invites().await, before);
}

#[tokio::test]
async fn a_host_and_the_administrator_lock_and_end() {
    for token in [None, Some(ADMIN_TOKEN)] {
        let mut meeting = Meeting::start_on(Server::start_with(with_admin).await).await;
        let server = &meeting.server;
        let own = server.token(&meeting.room, Role::Host);
        let token = token.unwrap_or(&own);
        let room = format!("/api/rooms/{}", meeting.room);
        let locked = json!({ "locked": true });
        let answer = ask(server, (Method::PATCH, &room), Some(token), &locked).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(parsed(&answer)["locked"], true);
        let told = Event::RoomChanged(RoomChanged { locked: true, lobby: false });
        assert_eq!(meeting.guest.told().await, told);
        let answer = ask(server, (Method::DELETE, &room), Some(token), &Value::Null).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (204, ""));
        for person in [&mut meeting.host, &mut meeting.guest] {
            assert_eq!(person.client.close_code().await, 4405);
        }
        let answer = ask(server, (Method::GET, &room), None, &Value::Null).await;
        assert_eq!(code(&answer), (404, "room_not_found".to_owned()));
    }
}

#[tokio::test]
async fn a_co_host_locks_but_does_not_end() {
    let mut meeting = Meeting::start().await;
    let token = meeting.server.token(&meeting.room, Role::CoHost);
    let room = format!("/api/rooms/{}", meeting.room);
    let end = (Method::DELETE, &*room);
    let answer = ask(&meeting.server, end, Some(&token), &Value::Null).await;
    assert_eq!(code(&answer), (403, "forbidden".to_owned()));
    let hosts = (Method::POST, &*format!("{room}/invites"));
    let answer = ask(&meeting.server, hosts, Some(&token), &json!({ "role": "host" })).await;
    assert_eq!(code(&answer), (403, "forbidden".to_owned()));
    meeting.other.untold().await;
    let lobby = json!({ "lobby": true });
    let answer = ask(&meeting.server, (Method::PATCH, &room), Some(&token), &lobby).await;
    assert_eq!(parsed(&answer)["lobby"], true);
}

#[tokio::test]
async fn a_host_sees_the_own_room_and_the_administrator_every_room() {
    let mut meeting = Meeting::start_on(Server::start_with(with_admin).await).await;
    let quiet = meeting.server.create_room();
    meeting.host.done(Request::SetLocked(SetLocked { locked: true })).await;
    let list = |token: String| {
        let server = &meeting.server;
        async move { ask(server, (Method::GET, "/api/rooms"), Some(&token), &Value::Null).await }
    };
    let guest_token = meeting.server.token(&meeting.room, Role::Guest);
    assert_eq!(code(&list(guest_token).await), (403, "forbidden".to_owned()));
    let host_token = meeting.server.token(&meeting.room, Role::Host);
    let own = parsed(&list(host_token).await);
    let rooms = own["rooms"].as_array().unwrap();
    assert_eq!(rooms.len(), 1);
    let found = &rooms[0];
    assert_eq!(found["roomId"], meeting.room.as_str());
    assert_eq!((&found["locked"], &found["lobby"]), (&json!(true), &json!(false)));
    assert_eq!((&found["participantCount"], &found["knockCount"]), (&json!(4), &json!(0)));
    let expected = json!({
        "id": meeting.cohost.id(), "displayName": "Bob", "hasAudio": false, "hasVideo": false,
        "role": "cohost", "bytesIn": 0, "bytesOut": 0,
    });
    assert_eq!(found["participants"][1], expected);

    let all = parsed(&list(ADMIN_TOKEN.to_owned()).await);
    let ids: Vec<_> = all["rooms"].as_array().unwrap().iter().map(|one| &one["roomId"]).collect();
    assert_eq!(ids, [meeting.room.as_str(), quiet.as_str()]);
}

#[tokio::test]
async fn without_a_token_of_the_administrator_there_is_no_administrator() {
    let server = Server::start().await;
    for token in ["", ADMIN_TOKEN] {
        let answer = ask(&server, (Method::GET, "/api/rooms"), Some(token), &Value::Null).await;
        assert_eq!(answer.status, 401, "{token:?}");
    }
}

#[tokio::test]
async fn tokens_cannot_be_guessed_for_long() {
    let server = Server::start_with(|config| {
        with_admin(config);
        config.http.room_guess_limit = 3;
    })
    .await;
    let guess =
        |token: &'static str| ask(&server, (Method::GET, "/api/rooms"), Some(token), &Value::Null);
    for _ in 0..3 {
        assert_eq!(code(&guess("a guess of sixteen").await).0, 401);
    }
    assert_eq!(code(&guess(ADMIN_TOKEN).await), (429, "too_many".to_owned()));
}

#[tokio::test]
async fn invites_are_made_and_withdrawn_over_http() {
    let mut meeting = Meeting::start().await;
    let server = &meeting.server;
    let token = server.token(&meeting.room, Role::Host);
    let path = format!("/api/rooms/{}/invites", meeting.room);
    let create = json!({ "role": "guest", "expiresInSeconds": 60, "maxUses": 2, "label": "Press" });
    let made = ask(server, (Method::POST, &path), Some(&token), &create).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = parsed(&made);
    assert_eq!((&made["label"], &made["maxUses"]), (&json!("Press"), &json!(2)));
    let link = made["link"].as_str().unwrap();
    let mut carol = Person::come(server, invited(token_of(link).to_owned())).await;
    let listed = parsed(&ask(server, (Method::GET, &path), Some(&token), &Value::Null).await);
    let listed = listed["invites"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&listed["inviteId"], &listed["uses"]), (&made["inviteId"], &json!(1)));
    for body in [json!({ "role": "guest", "maxUses": 0 }), json!({ "role": "king" }), json!({})] {
        let answer = ask(server, (Method::POST, &path), Some(&token), &body).await;
        assert_eq!(code(&answer), (400, "bad_request".to_owned()), "{body}");
    }

    let one = format!("{path}/{}", made["inviteId"].as_str().unwrap());
    let delete = |path: String| {
        let token = &token;
        async move { ask(server, (Method::DELETE, &path), Some(token), &Value::Null).await }
    };
    assert_eq!(delete(format!("{one}?endSessions=true")).await.status, 204);
    assert_eq!(carol.client.close_code().await, 4403);
    assert!(meeting.guest.client.events().await.iter().any(|it| matches!(it, Event::PeerLeft(_))));
    let unknown = delete(format!("{path}/unknown")).await;
    assert_eq!(code(&unknown), (404, "invite_not_found".to_owned()));
}

#[tokio::test]
async fn whoever_comes_over_http_is_refused_and_ends_like_the_others() {
    let mut meeting = Meeting::start().await;
    let made = meeting.host.invite_of(Role::Guest).await;
    let token = token_of(made.link.as_deref().unwrap()).to_owned();
    let receiving = OFFER.replace("a=sendrecv", "a=recvonly").replace("a=sendonly", "a=recvonly");
    let room = meeting.room.clone();
    let post = |protocol, offer| Ask::post(format!("/{protocol}/{room}"), offer).token(&token);
    assert_eq!(post("whip", OFFER).send(&meeting.server).await.status, 201);
    assert_eq!(post("whep", &receiving).send(&meeting.server).await.status, 201);
    meeting.catch_up().await;
    let uses = meeting.host.invites().await.into_iter().map(|invite| invite.uses).max();
    assert_eq!(uses, Some(2));

    meeting.host.done(Request::SetLocked(SetLocked { locked: true })).await;
    for (protocol, offer) in [("whip", OFFER), ("whep", &*receiving)] {
        let answer = post(protocol, offer).send(&meeting.server).await;
        assert_eq!(code(&answer), (423, "room_locked".to_owned()), "{protocol}");
    }
    let revoke = RevokeInvite { invite_id: made.invite_id.clone(), end_sessions: true };
    meeting.host.done(Request::RevokeInvite(revoke)).await;
    for (protocol, offer) in [("whip", OFFER), ("whep", &*receiving)] {
        let answer = post(protocol, offer).send(&meeting.server).await;
        assert_eq!(code(&answer), (401, "invite_revoked".to_owned()), "{protocol}");
    }
    let told = meeting.other.client.events().await;
    assert!(matches!(told.last(), Some(Event::PeerLeft(_))), "{told:?}");
    let summary = meeting.server.running.app.rooms.summary(&meeting.room).unwrap();
    assert_eq!((summary.participant_count, summary.viewer_count), (4, 0));
    assert!(meeting.server.running.app.sessions.is_empty());
}

#[tokio::test]
async fn a_room_may_have_a_lobby_from_the_start() {
    let server = Server::start().await;
    let body = json!({ "hostName": "Ada", "lobby": true });
    let created = ask(&server, (Method::POST, "/api/rooms"), None, &body).await;
    let created = parsed(&created);
    let room: RoomId = created["roomId"].as_str().unwrap().parse().unwrap();
    let mut carol = server.connect().await;
    assert!(!carol.knock(guest(&room)).await.host_present);
    let token = created["hostToken"].as_str().unwrap().to_owned();
    let mut host = Person::come(&server, invited(token)).await;
    assert_eq!(host.joined.knocks.len(), 1);
    assert_eq!(host.joined.room.invite_link.as_deref(), created["inviteLink"].as_str());
    let roles: Vec<_> = host.invites().await.into_iter().map(|invite| invite.role).collect();
    assert_eq!(roles, [Role::Guest, Role::Host]);
}
