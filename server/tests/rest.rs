//! The REST interface over a real listener: the shapes of its JSON, its errors, its bounds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helper fails its test; Clippy knows that of test functions only"
)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, SystemTime},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    header::{HeaderMap, HeaderName},
};
use hyper_util::rt::TokioIo;
use open_stream::{
    Running,
    config::{Config, Optional},
    invites::Invites,
    shutdown::{Finish, Shutdown},
};
use serde_json::{Value, json};
use shared::{
    ids::{ParticipantId, RoomId},
    limits::{MAX_BODY_BYTES, MAX_NAME_CHARS},
    signaling::Role,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SECRET: &str = "a secret for tests, of more than 32 bytes";
const PATIENCE: Duration = Duration::from_secs(5);

struct Server {
    running: Running,
    shutdown: Shutdown,
    _data: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Server {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::with_defaults();
        config.http.host = Ipv4Addr::LOCALHOST.into();
        config.http.port = 0;
        config.media.public_ip = "127.0.0.1".parse().unwrap();
        config.media.media_port = 0;
        config.media.workers = std::num::NonZeroUsize::MIN;
        config.storage.data_dir = data.path().to_owned();
        config.storage.jwt_secret = Optional(Some(SECRET.parse().unwrap()));
        adjust(&mut config);
        let shutdown = Shutdown::new();
        let running = open_stream::serve(config, shutdown.clone()).await.unwrap();
        Self { running, shutdown, _data: data }
    }

    fn address(&self) -> SocketAddr {
        self.running.http_address
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let stream = TcpStream::connect(self.address()).await.unwrap();
        let io = TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        Answer { status: head.status, headers: head.headers, body }
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        let host = self.address().to_string();
        Request::builder().method(method).uri(path).header("host", host)
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Full::default()).unwrap()).await
    }

    async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        let request = self.request(Method::GET, path).header(name, value);
        self.send(request.body(Full::default()).unwrap()).await
    }

    async fn post(&self, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", content_type);
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }

    async fn create_room(&self, body: &Value) -> Answer {
        self.post("/api/rooms", "application/json", body.to_string()).await
    }

    async fn participants(&self, room: &str, token: &str) -> Answer {
        let path = format!("/api/rooms/{room}/participants");
        self.get_with(&path, "authorization", &format!("Bearer {token}")).await
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_else(|| panic!("no {field}")).to_owned()
    }

    fn header(&self, name: impl Into<String>) -> String {
        let name = HeaderName::try_from(name.into()).unwrap();
        self.headers.get(&name).map_or("", |value| value.to_str().unwrap()).to_owned()
    }

    #[track_caller]
    fn assert_problem(&self, status: u16, code: &str, title: &str) {
        let mut problem = self.json();
        problem.as_object_mut().unwrap().remove("detail");
        let expected =
            json!({ "type": "about:blank", "title": title, "status": status, "code": code });
        assert_eq!(problem, expected);
        assert_eq!(self.status, status);
        assert_eq!(self.header("content-type"), "application/problem+json");
    }
}

fn invites() -> Invites {
    Invites::new(SECRET.as_bytes())
}

fn unknown_room() -> RoomId {
    RoomId::from_random([7; 16])
}

#[tokio::test]
async fn creating_a_room_answers_with_the_invite_link_for_guests_and_a_token_for_the_host() {
    let server = Server::start().await;
    let answer = server.create_room(&json!({ "hostName": " Zoë " })).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let (room, token) = (answer.text("roomId"), answer.text("hostToken"));
    let link = answer.text("inviteLink");
    let expected = json!({
        "roomId": room, "inviteLink": link, "hostName": "Zoë", "hostToken": token,
    });
    assert_eq!(answer.json(), expected);
    let base = format!("http://{}/join?room={room}#token=", server.address());
    let guest_token = link.strip_prefix(&base).unwrap_or_else(|| panic!("{link}"));
    let now = SystemTime::now();
    let guest = invites().verify(guest_token, now).unwrap();
    let host = invites().verify(&token, now).unwrap();
    assert_eq!((guest.room.as_str(), guest.role), (room.as_str(), Role::Guest));
    assert_eq!((host.room.as_str(), host.role), (room.as_str(), Role::Host));
}

#[tokio::test]
async fn a_room_has_the_bit_rate_that_was_asked_for_or_the_servers() {
    let server = Server::start_with(|config| config.media.max_video_bitrate = 800_000).await;
    for (body, expected) in [
        (json!({ "hostName": "Ada", "maxVideoBitrate": 300_000 }), 300_000),
        (json!({ "hostName": "Ada" }), 800_000),
    ] {
        let room: RoomId = server.create_room(&body).await.text("roomId").parse().unwrap();
        let room = server.running.app.rooms.find(&room).unwrap();
        let newcomer = ParticipantId::from_random([1; 16]);
        assert_eq!(room.lock().max_video_bitrate(&newcomer), expected);
    }
}

#[tokio::test]
async fn a_room_says_who_opened_it_when_and_how_many_are_in_it() {
    let server = Server::start().await;
    let before = SystemTime::now() - Duration::from_millis(1);
    let room = server.create_room(&json!({ "hostName": "Ada" })).await.text("roomId");
    let answer = server.get(&format!("/api/rooms/{room}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let created_at = answer.text("createdAt");
    let expected = json!({
        "roomId": room, "hostName": "Ada", "participantCount": 0, "viewerCount": 0,
        "createdAt": created_at, "locked": false, "lobby": false,
    });
    assert_eq!(answer.json(), expected);
    let created_at = humantime::parse_rfc3339(&created_at).unwrap();
    assert!((before..=SystemTime::now()).contains(&created_at), "{created_at:?}");
}

#[tokio::test]
async fn participants_are_for_those_who_may_join() {
    let server = Server::start().await;
    let created = server.create_room(&json!({ "hostName": "Ada" })).await;
    let room = created.text("roomId");
    for token in [
        created.text("hostToken"),
        invites().issue(&room.parse().unwrap(), Role::Guest, SystemTime::now()),
    ] {
        let answer = server.participants(&room, &token).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json(), json!({ "participants": [] }));
    }
}

#[tokio::test]
async fn participants_are_not_for_strangers() {
    let server = Server::start().await;
    let room = server.create_room(&json!({ "hostName": "Ada" })).await.text("roomId");
    let path = format!("/api/rooms/{room}/participants");

    let none = server.get(&path).await;
    let title = "This meeting needs an invite link; ask the host for it.";
    none.assert_problem(401, "invite_required", title);
    assert_eq!(none.header("www-authenticate"), "Bearer");

    let invalid = "This invite link is not valid; ask for it again.";
    let basic = server.get_with(&path, "authorization", "Basic YTpi").await;
    basic.assert_problem(401, "invite_invalid", invalid);
    server.participants(&room, "nonsense").await.assert_problem(401, "invite_invalid", invalid);

    let long_ago = SystemTime::now() - Duration::from_hours(25);
    let expired = invites().issue(&room.parse().unwrap(), Role::Guest, long_ago);
    let title = "This invite link has expired; ask for a new one.";
    server.participants(&room, &expired).await.assert_problem(401, "invite_expired", title);

    let other = invites().issue(&unknown_room(), Role::Host, SystemTime::now());
    let title = "You may not do this here.";
    server.participants(&room, &other).await.assert_problem(403, "forbidden", title);

    let title = "No meeting here; it may have ended.";
    let ended = server.participants(unknown_room().as_str(), &other).await;
    ended.assert_problem(404, "room_not_found", title);
}

#[tokio::test]
async fn a_room_that_is_not_there_is_a_problem() {
    let server = Server::start().await;
    for room in [unknown_room().as_str(), "room-1702156800000", "%00", "room-%F0%9F"] {
        let answer = server.get(&format!("/api/rooms/{room}")).await;
        answer.assert_problem(404, "room_not_found", "No meeting here; it may have ended.");
    }
}

#[tokio::test]
async fn a_bad_request_says_what_is_wrong_with_it() {
    let server = Server::start().await;
    let understood = "The request could not be understood.";
    for body in ["{", "", "{\"hostName\":", "\u{1f980}", "{}", "[]", "{\"hostName\":1}", "null"] {
        let answer = server.post("/api/rooms", "application/json", body).await;
        answer.assert_problem(400, "bad_request", understood);
    }
    let title = "Give a name of 1 to 64 characters.";
    for name in ["", "  ", "a\u{0}b", "a\nb", &"ñ".repeat(MAX_NAME_CHARS + 1)] {
        let answer = server.create_room(&json!({ "hostName": name })).await;
        answer.assert_problem(400, "name_invalid", title);
    }
    for bitrate in [json!(49_999), json!(50_000_001), json!("fast"), json!(-1)] {
        let body = json!({ "hostName": "Ada", "maxVideoBitrate": bitrate });
        server.create_room(&body).await.assert_problem(400, "bad_request", understood);
    }
    let form = server.post("/api/rooms", "application/x-www-form-urlencoded", "hostName=Ada").await;
    let title = "This address takes another content type.";
    form.assert_problem(415, "unsupported_media_type", title);
    let title = "There is nothing at this address.";
    for path in ["/api", "/api/", "/api/nothing", "/api/rooms/a/b/c"] {
        server.get(path).await.assert_problem(404, "not_found", title);
    }
    let request = server.request(Method::PUT, "/api/rooms").body(Full::default()).unwrap();
    let answer = server.send(request).await;
    answer.assert_problem(405, "method_not_allowed", "This address does not do that.");
    assert_eq!(answer.header("allow"), "POST,GET,HEAD");
}

#[tokio::test]
async fn a_body_has_at_most_64_kib() {
    let server = Server::start().await;
    let mut body = json!({ "hostName": "Ada" }).to_string();
    body.push_str(&" ".repeat(MAX_BODY_BYTES - body.len()));
    let full = server.post("/api/rooms", "application/json", body.clone()).await;
    assert_eq!(full.status, StatusCode::CREATED);
    body.push(' ');
    let over = server.post("/api/rooms", "application/json", body).await;
    over.assert_problem(413, "body_too_large", "The request is too large.");
}

#[tokio::test]
async fn a_head_has_at_most_16_kib() {
    let server = Server::start().await;
    let fits = server.get_with("/health/live", "x-padding", &"x".repeat(15 * 1024)).await;
    assert_eq!(fits.status, StatusCode::OK);
    let over = server.get_with("/health/live", "x-padding", &"x".repeat(17 * 1024)).await;
    assert_eq!(over.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn one_address_creates_ten_rooms_a_minute() {
    let server = Server::start().await;
    for _ in 0..10 {
        let answer = server.create_room(&json!({ "hostName": "Ada" })).await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
    let answer = server.create_room(&json!({ "hostName": "Ada" })).await;
    answer.assert_problem(429, "too_many", "Too many requests; wait a moment.");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait} s");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_is_counted_on_its_own() {
    let server = Server::start_with(|config| {
        config.http.trusted_proxies = "127.0.0.1".parse().unwrap();
        config.http.room_creation_limit = 1;
    })
    .await;
    let create = async |client: &str| {
        let request = server
            .request(Method::POST, "/api/rooms")
            .header("content-type", "application/json")
            .header("x-forwarded-for", client)
            .header("x-forwarded-proto", "https")
            .body(Full::from("{\"hostName\":\"Ada\"}"));
        server.send(request.unwrap()).await
    };
    let first = create("192.0.2.1").await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert!(first.text("inviteLink").starts_with("https://127.0.0.1"), "{:?}", first.json());
    assert_eq!(create("192.0.2.1").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(create("192.0.2.2").await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn guessing_rooms_is_stopped_after_thirty_misses() {
    let server = Server::start().await;
    let room = server.create_room(&json!({ "hostName": "Ada" })).await.text("roomId");
    let path = format!("/api/rooms/{room}");
    for _ in 0..40 {
        assert_eq!(server.get(&path).await.status, StatusCode::OK, "hits are free");
    }
    for _ in 0..30 {
        let miss = server.get(&format!("/api/rooms/{}", unknown_room())).await;
        assert_eq!(miss.status, StatusCode::NOT_FOUND);
    }
    let answer = server.get(&path).await;
    answer.assert_problem(429, "too_many", "Too many requests; wait a moment.");
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn a_forged_host_is_in_no_link() {
    let server = Server::start().await;
    for host in ["evil.example/path", "user@evil.example", ""] {
        let request = Request::post("/api/rooms")
            .header("host", host)
            .header("content-type", "application/json")
            .body(Full::from("{\"hostName\":\"Ada\"}"));
        let answer = server.send(request.unwrap()).await;
        answer.assert_problem(400, "bad_request", "The request could not be understood.");
    }
}

#[tokio::test]
async fn public_url_is_the_start_of_links() {
    let server = Server::start_with(|config| {
        config.http.public_url = "https://meet.example.org".parse().unwrap();
    })
    .await;
    let link = server.create_room(&json!({ "hostName": "Ada" })).await.text("inviteLink");
    assert!(link.starts_with("https://meet.example.org/join?room=room-"), "{link}");
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let server = Server::start().await;
    for path in ["/health/live", "/api/nothing", "/nothing.js", "/", "/ws"] {
        let answer = server.get(path).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "'wasm-unsafe-eval'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{path}");
        let permissions = answer.header("permissions-policy");
        for device in ["camera=(self)", "microphone=(self)", "display-capture=(self)"] {
            assert!(permissions.contains(device), "{path}: {permissions}");
        }
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
    }
}

#[tokio::test]
async fn a_healthy_server_says_so() {
    let server = Server::start().await;
    for (path, status) in [("/health/live", "live"), ("/health/ready", "ready")] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json(), json!({ "status": status }));
    }
}

#[tokio::test]
async fn a_stopping_server_is_not_ready_and_finishes_what_it_has_begun() {
    let server = Server::start().await;
    let body = "{\"hostName\":\"Ada\"}";
    let head = format!(
        "POST /api/rooms HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        server.address(),
        body.len(),
    );
    let mut begun = TcpStream::connect(server.address()).await.unwrap();
    begun.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body: it is in the middle of this request now.
    let mut go_on = [0; 25];
    begun.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    server.shutdown.begin();
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json(), json!({ "status": "stopping" }));
    assert_eq!(server.get("/health/live").await.status, StatusCode::OK);

    begun.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");

    let address = server.address();
    assert_eq!(server.running.finish(PATIENCE).await, Finish::Complete);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn rooms_survive_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let keep = |config: &mut Config| config.storage.data_dir = data.path().to_owned();
    let first = Server::start_with(keep).await;
    let room = first.create_room(&json!({ "hostName": "Ada" })).await.text("roomId");
    first.shutdown.begin();
    first.running.finish(PATIENCE).await;
    let second = Server::start_with(keep).await;
    assert_eq!(second.get(&format!("/api/rooms/{room}")).await.text("hostName"), "Ada");
}
