//! A server and its clients.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::{Duration, SystemTime},
};

use futures_util::{SinkExt, StreamExt};
use open_stream::{
    Running,
    config::{Config, Optional},
    rooms::Admission,
    shutdown::{Finish, Shutdown},
};
use shared::{
    error::ErrorCode,
    ids::RoomId,
    media::RtpCapabilities,
    signaling::{
        ClientMessage, CreateTransport, Direction, Event, Join, Joined, PROTOCOL_VERSION, Reply,
        Request, Role, ServerMessage, SignalingError,
    },
};
use tempfile::TempDir;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest, http::StatusCode},
};

/// What is not there after this long does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

const SECRET: &str = "a secret for tests, of more than 32 bytes";

/// A server of its own, with one media worker.
pub(crate) struct Server {
    pub(crate) running: Running,
    shutdown: Shutdown,
    _data: Option<TempDir>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Self::start_in(data.path(), adjust).await;
        Self { _data: Some(data), ..server }
    }

    /// Starts with the folder of an earlier server.
    pub(crate) async fn start_in(data_dir: &Path, adjust: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::with_defaults();
        config.http.host = Ipv4Addr::LOCALHOST.into();
        config.http.port = 0;
        config.media.public_ip = "127.0.0.1".parse().unwrap();
        config.media.media_port = 0;
        config.media.workers = std::num::NonZeroUsize::MIN;
        config.storage.data_dir = data_dir.to_owned();
        config.storage.jwt_secret = Optional(Some(SECRET.parse().unwrap()));
        adjust(&mut config);
        let shutdown = Shutdown::new();
        let running = open_stream::serve(config, shutdown.clone()).await.unwrap();
        Self { running, shutdown, _data: None }
    }

    /// Begins to stop.
    pub(crate) fn stop(&self) {
        self.shutdown.begin();
    }

    /// Stops, with everyone told.
    pub(crate) async fn finish(self) -> Finish {
        self.shutdown.begin();
        self.running.finish(PATIENCE).await
    }

    pub(crate) fn create_room(&self) -> RoomId {
        self.create_room_with(Admission::BareIdAllowed)
    }

    pub(crate) fn create_room_with(&self, admission: Admission) -> RoomId {
        let rooms = &self.running.app.rooms;
        rooms.create("Alice", admission, SystemTime::now()).unwrap().room_id
    }

    pub(crate) fn token(&self, room: &RoomId, role: Role) -> String {
        self.running.app.invites.issue(room, role, SystemTime::now())
    }

    fn address(&self) -> SocketAddr {
        self.running.http_address
    }

    pub(crate) async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address()).await.unwrap();
        Client::open(stream, self.address(), None).await.unwrap()
    }

    /// Connects with the smallest receive buffer there is.
    pub(crate) async fn connect_narrow(&self) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(1).unwrap();
        let stream = socket.connect(self.address()).await.unwrap();
        Client::open(stream, self.address(), None).await.unwrap()
    }

    /// The status of an attempt to connect from a page of `origin`.
    pub(crate) async fn connect_from(&self, origin: &str) -> StatusCode {
        let stream = TcpStream::connect(self.address()).await.unwrap();
        match Client::open(stream, self.address(), Some(origin)).await {
            Ok(_) => StatusCode::SWITCHING_PROTOCOLS,
            Err(tungstenite::Error::Http(response)) => response.status(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects and joins as a guest who knows the room's id.
    pub(crate) async fn join(&self, room: &RoomId) -> (Client, Joined) {
        let mut client = self.connect().await;
        let joined = client.join(guest(room)).await.unwrap();
        (client, joined)
    }
}

/// The join of a guest who knows the room's id.
pub(crate) fn guest(room: &RoomId) -> Join {
    Join {
        protocol_version: PROTOCOL_VERSION,
        room_id: Some(room.clone()),
        display_name: "Bob".to_owned(),
        rtp_capabilities: RtpCapabilities {
            codecs: vec!["audio/opus".to_owned(), "video/VP8".to_owned()],
        },
        ..Join::default()
    }
}

/// The join of someone with an invite.
pub(crate) fn invited(token: String) -> Join {
    Join {
        protocol_version: PROTOCOL_VERSION,
        token: Some(token),
        display_name: "Bob".to_owned(),
        ..Join::default()
    }
}

/// The join of someone who comes back.
pub(crate) fn returning(joined: &Joined) -> Join {
    Join {
        protocol_version: PROTOCOL_VERSION,
        resume_ticket: Some(joined.resume_ticket.clone()),
        ..Join::default()
    }
}

/// One connection of a client.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    last_id: u32,
    events: VecDeque<Event>,
}

impl Client {
    async fn open(
        stream: TcpStream,
        address: SocketAddr,
        origin: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        let mut request = format!("ws://{address}/ws").into_client_request()?;
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        // As browsers do; else a request waits for the acknowledgement of the pong before it.
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(request, stream).await?;
        Ok(Self { socket, last_id: 0, events: VecDeque::new() })
    }

    /// Asks, and waits for the answer; events on the way are kept.
    pub(crate) async fn request(&mut self, request: Request) -> Result<Reply, SignalingError> {
        self.last_id += 1;
        let expected = self.last_id;
        let message = ClientMessage { id: expected, request };
        self.send(Message::text(serde_json::to_string(&message).unwrap())).await;
        loop {
            match self.message().await {
                ServerMessage::Reply { id, reply } => {
                    assert_eq!(id, expected);
                    return Ok(reply);
                }
                ServerMessage::Error { id, error } => {
                    assert_eq!(id, Some(expected));
                    return Err(error);
                }
                ServerMessage::Event(event) => self.events.push_back(event),
            }
        }
    }

    /// Asks for what must be refused.
    pub(crate) async fn refused(&mut self, request: Request) -> ErrorCode {
        self.request(request).await.expect_err("a refusal").code
    }

    /// Asks for what has nothing to answer.
    pub(crate) async fn done(&mut self, request: Request) {
        assert_eq!(self.request(request).await, Ok(Reply::Done));
    }

    pub(crate) async fn join(&mut self, join: Join) -> Result<Joined, ErrorCode> {
        match self.request(Request::Join(join)).await {
            Ok(Reply::Join(joined)) => Ok(*joined),
            Ok(other) => panic!("not the reply to a join: {other:?}"),
            Err(error) => Err(error.code),
        }
    }

    pub(crate) async fn create_transport(
        &mut self,
        direction: Direction,
    ) -> shared::ids::TransportId {
        match self.request(Request::CreateTransport(CreateTransport { direction })).await {
            Ok(Reply::CreateTransport(created)) => created.transport_id,
            other => panic!("no transport: {other:?}"),
        }
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Event {
        if let Some(event) = self.events.pop_front() {
            return event;
        }
        match self.message().await {
            ServerMessage::Event(event) => event,
            other => panic!("not an event: {other:?}"),
        }
    }

    /// The events that have come until now.
    pub(crate) async fn events(&mut self) -> Vec<Event> {
        self.done(Request::Ping).await;
        self.events.drain(..).collect()
    }

    /// Whether no event has come until now.
    pub(crate) async fn has_no_event(&mut self) -> bool {
        self.done(Request::Ping).await;
        self.events.is_empty()
    }

    /// The next message, without keeping it.
    pub(crate) async fn message(&mut self) -> ServerMessage {
        loop {
            match self.frame().await.expect("a message, not the end") {
                Message::Text(text) => return serde_json::from_str(&text).expect(&text),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a message: {other:?}"),
            }
        }
    }

    /// The code the server closes with; what comes before is not looked at.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.frame().await.expect("a close frame") {
                return frame.expect("a close code").code.into();
            }
        }
    }

    pub(crate) async fn send(&mut self, message: Message) {
        timeout(PATIENCE, self.socket.send(message)).await.expect("a reader").unwrap();
    }

    /// Sends without being sure that it is taken, and tells whether it was.
    pub(crate) async fn try_send(&mut self, message: Message, patience: Duration) -> bool {
        matches!(timeout(patience, self.socket.send(message)).await, Ok(Ok(())))
    }

    async fn frame(&mut self) -> Option<Message> {
        let frame = timeout(PATIENCE, self.socket.next()).await.expect("an answer in time");
        frame.map(Result::unwrap)
    }
}
