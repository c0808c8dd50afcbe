//! A guest's WebSocket: requests and what comes of them, and news.

use std::{collections::VecDeque, time::Duration};

use futures_util::{SinkExt, StreamExt};
use shared::{
    error::ErrorCode,
    signaling::{ClientMessage, CloseCode, Event, Reply, Request, ServerMessage, SignalingError},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message},
};

use super::link::InviteLink;
use crate::bench::client::{ClientError, LegError};

/// How long a request may take, and a server that says nothing is taken for one that is there: it
/// pings every two seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most news that wait while a request is answered. A guest loses nothing by the oldest of so many.
const MAX_NEWS: usize = 1024;

/// Why a guest is not in the meeting, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// There is no server, or it went away.
    #[error("the server cannot be reached: {0}")]
    Unreachable(#[source] Box<tungstenite::Error>),
    /// It says nothing.
    #[error("the server has not answered for {PATIENCE:?}")]
    Silent,
    /// It does not do what it was asked.
    #[error("{} ({})", .0.message, .0.code)]
    Refused(SignalingError),
    /// It closed the connection.
    #[error("the server ended the connection ({0})")]
    Closed(u16),
    /// It does not speak the protocol.
    #[error("the server did not say {0}")]
    Protocol(&'static str),
    /// Media does not connect, or does not flow any more.
    #[error(transparent)]
    Media(#[from] ClientError),
    /// The threads of the guests failed.
    #[error("guests cannot be played: {0}")]
    Play(String),
}

impl GuestError {
    /// Whether another guest would come in vain, for the meeting's own reasons: it is over, closed,
    /// full, or this invite lets nobody in any more.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Refused(error) => !matches!(
                error.code,
                ErrorCode::ServerBusy | ErrorCode::TooMany | ErrorCode::ServerShutdown
            ),
            Self::Closed(code) => {
                CloseCode::from_u16(*code).is_some_and(|code| !code.allows_reconnect())
            }
            Self::Unreachable(_) | Self::Silent | Self::Protocol(_) => false,
            Self::Media(_) | Self::Play(_) => false,
        }
    }
}

impl From<tungstenite::Error> for GuestError {
    fn from(error: tungstenite::Error) -> Self {
        Self::Unreachable(Box::new(error))
    }
}

impl From<LegError> for GuestError {
    fn from(error: LegError) -> Self {
        Self::Media(error.into())
    }
}

/// The connection. Read it all the time ([`Self::news`]), or it ends.
#[derive(Debug)]
pub(super) struct Line {
    socket: WebSocketStream<TcpStream>,
    last_id: u32,
    news: VecDeque<Event>,
}

impl Line {
    /// Connects.
    pub(super) async fn open(link: &InviteLink) -> Result<Self, GuestError> {
        let connect = async {
            let stream = TcpStream::connect(link.host_and_port()).await?;
            // Or a request waits for the acknowledgement of the pong before it.
            stream.set_nodelay(true)?;
            let address = format!("ws://{}{}", link.authority, link.path);
            let (socket, _) = client_async(address, stream).await?;
            Ok::<_, tungstenite::Error>(socket)
        };
        let socket = timeout(PATIENCE, connect).await.map_err(|_| GuestError::Silent)??;
        Ok(Self { socket, last_id: 0, news: VecDeque::new() })
    }

    /// Asks, and waits for the answer; news on the way are kept.
    pub(super) async fn ask(&mut self, request: Request) -> Result<Reply, GuestError> {
        self.last_id += 1;
        let expected = self.last_id;
        let text = serde_json::to_string(&ClientMessage { id: expected, request });
        let text = text.map_err(|_| GuestError::Protocol("what can be asked"))?;
        self.socket.send(Message::text(text)).await?;
        loop {
            match self.message().await? {
                ServerMessage::Reply { id, reply } if id == expected => return Ok(reply),
                ServerMessage::Error { id: Some(id), error } if id == expected => {
                    return Err(GuestError::Refused(error));
                }
                // To a request that nobody waits for any more.
                ServerMessage::Reply { .. } | ServerMessage::Error { .. } => {}
                ServerMessage::Event(event) => self.keep(event),
            }
        }
    }

    /// The next of the news; may be dropped and called again.
    pub(super) async fn news(&mut self) -> Result<Event, GuestError> {
        if let Some(event) = self.news.pop_front() {
            return Ok(event);
        }
        loop {
            if let ServerMessage::Event(event) = self.message().await? {
                return Ok(event);
            }
        }
    }

    fn keep(&mut self, event: Event) {
        if self.news.len() == MAX_NEWS {
            self.news.pop_front();
        }
        self.news.push_back(event);
    }

    async fn message(&mut self) -> Result<ServerMessage, GuestError> {
        loop {
            let frame = timeout(PATIENCE, self.socket.next()).await;
            let frame = frame.map_err(|_| GuestError::Silent)?;
            match frame.ok_or(tungstenite::Error::ConnectionClosed)?? {
                Message::Text(text) => {
                    // Events of later versions are to be ignored.
                    if let Ok(message) = serde_json::from_str(&text) {
                        return Ok(message);
                    }
                }
                Message::Close(frame) => {
                    let code = frame.map_or(CloseCode::Normal.as_u16(), |frame| frame.code.into());
                    return Err(GuestError::Closed(code));
                }
                _ => {}
            }
        }
    }
}
