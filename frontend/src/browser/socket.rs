//! One WebSocket to the server the page came from, and the probe that precedes a reconnect.

use gloo::net::http::Request;
use shared::signaling::{ClientMessage, ServerMessage};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CloseEvent, Event, MessageEvent, RequestCache, WebSocket};

use crate::meeting::effect::SocketNews;

/// Where the server answers while it lives.
const PROBE_PATH: &str = "/health/live";

/// The signaling endpoint; browsers resolve it against the page's own origin.
const SOCKET_PATH: &str = "/ws";

/// The close code of a connection that never opened (RFC 6455 section 7.4.1).
const ABNORMAL: u16 = 1006;

/// What a socket tells.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It opened or closed.
    News(SocketNews),
    /// The server said something.
    Message(Box<ServerMessage>),
}

/// Whether the server answers a request.
pub(crate) async fn probe() -> bool {
    let request = Request::get(PROBE_PATH).cache(RequestCache::NoStore);
    request.send().await.is_ok_and(|response| response.ok())
}

/// An open WebSocket, or one that opens. Dropping it closes it; nothing is heard after that.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: WebSocket,
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket.
    ///
    /// # Errors
    /// The news that it is closed, when the browser does not even try.
    pub(crate) fn open(hear: impl Fn(Heard) + Clone + 'static) -> Result<Self, SocketNews> {
        let refused = |_| SocketNews::Closed(ABNORMAL);
        let socket = WebSocket::new(&address().unwrap_or_default()).map_err(refused)?;
        let on_open = {
            let hear = hear.clone();
            Closure::new(move |_: Event| hear(Heard::News(SocketNews::Opened)))
        };
        let on_message = {
            let hear = hear.clone();
            Closure::new(move |event: MessageEvent| {
                if let Some(message) = parse(&event) {
                    hear(Heard::Message(Box::new(message)));
                }
            })
        };
        let on_close = Closure::new(move |event: CloseEvent| {
            hear(Heard::News(SocketNews::Closed(event.code())));
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close })
    }

    /// Sends a message; one that cannot be sent is lost, and its missing reply will tell.
    pub(crate) fn send(&self, message: &ClientMessage) {
        let text = serde_json::to_string(message).expect("a message of the protocol is JSON");
        drop(self.socket.send_with_str(&text));
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing a closed socket does nothing.
        drop(self.socket.close());
    }
}

/// What a frame says; nothing, when it is not of this version of the protocol.
fn parse(event: &MessageEvent) -> Option<ServerMessage> {
    serde_json::from_str(&event.data().as_string()?).ok()
}

/// `ws:` or `wss:`, as the page came. Older browsers do not take `http:` here.
fn address() -> Option<String> {
    let location = web_sys::window()?.location();
    let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
    Some(format!("{scheme}://{}{SOCKET_PATH}", location.host().ok()?))
}
