//! Trials of a connection: what the browser can and may do, and whether media reaches the server.

use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use shared::media::IceServer;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    RtcIceTransportPolicy, RtcPeerConnection, RtcPeerConnectionState, RtcRtpTransceiverDirection,
    RtcRtpTransceiverInit, RtcSdpType, RtcSessionDescriptionInit,
};

use super::{
    capture::media_devices,
    peer::{PeerRefused, capabilities, configuration},
    socket::{Heard, Socket},
};
use crate::{
    api::{self, ApiError},
    check::State,
    meeting::effect::SocketNews,
    text::{Text, check as text, notice},
};

/// How long anything may take: what connects does so within two seconds.
const PATIENCE_MS: i32 = 8_000;

/// A way to the server's media port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Directly.
    Udp,
    /// Where UDP is blocked.
    Tcp,
    /// By a TURN server.
    Relay,
}

/// What came of a trial, and the TURN servers there are.
pub type Tried = (State, Option<Text>, Vec<IceServer>);

/// Tries whether ICE and DTLS come through by `way`.
pub async fn try_way(way: Way, ice_servers: &[IceServer]) -> Tried {
    let configuration = configuration(ice_servers);
    if way == Way::Relay {
        configuration.set_ice_transport_policy(RtcIceTransportPolicy::Relay);
    }
    let Ok(connection) = RtcPeerConnection::new_with_configuration(&configuration) else {
        return (State::Skipped, None, Vec::new());
    };
    let tried = connect(&connection, way).await;
    connection.close();
    match tried {
        Ok(servers) => (State::Works, None, servers),
        Err(Failure::Blocked(servers)) => (State::Fails, None, servers),
        Err(Failure::Refused) => (State::Skipped, Some(text::REFUSED), Vec::new()),
    }
}

/// Why a trial did not connect.
enum Failure {
    /// Nothing came through.
    Blocked(Vec<IceServer>),
    /// It was not made.
    Refused,
}

impl From<PeerRefused> for Failure {
    fn from(_: PeerRefused) -> Self {
        Self::Refused
    }
}

impl From<JsValue> for Failure {
    fn from(_: JsValue) -> Self {
        Self::Refused
    }
}

impl From<ApiError> for Failure {
    fn from(_: ApiError) -> Self {
        Self::Refused
    }
}

async fn connect(connection: &RtcPeerConnection, way: Way) -> Result<Vec<IceServer>, Failure> {
    let init = RtcRtpTransceiverInit::new();
    init.set_direction(RtcRtpTransceiverDirection::Sendonly);
    drop(connection.add_transceiver_with_str_and_init("audio", &init));
    let offer = JsFuture::from(connection.create_offer()).await?;
    let offer: RtcSessionDescriptionInit = offer.unchecked_into();
    JsFuture::from(connection.set_local_description(&offer)).await?;
    let offer = connection.local_description().map(|it| it.sdp()).ok_or(Failure::Refused)?;
    let answer = api::check(offer).await?;
    let description = RtcSessionDescriptionInit::new(RtcSdpType::Answer);
    description.set_sdp(&only(&answer.answer, way));
    let waiting = Waiting::new();
    let on_state = {
        let (observed, done) = (connection.clone(), waiting.done.clone());
        Closure::<dyn FnMut()>::new(move || match observed.connection_state() {
            RtcPeerConnectionState::Connected => finish(&done, true),
            RtcPeerConnectionState::Failed => finish(&done, false),
            _ => {}
        })
    };
    connection.set_onconnectionstatechange(Some(on_state.as_ref().unchecked_ref()));
    JsFuture::from(connection.set_remote_description(&description)).await?;
    let is_connected = waiting.outcome().await;
    connection.set_onconnectionstatechange(None);
    if is_connected { Ok(answer.ice_servers) } else { Err(Failure::Blocked(answer.ice_servers)) }
}

/// The answer with the candidates of one way only.
fn only(answer: &str, way: Way) -> String {
    let protocol = if way == Way::Tcp { " tcp " } else { " udp " };
    let is_kept = |line: &&str| !line.starts_with("a=candidate:") || line.contains(protocol);
    answer.split_inclusive('\n').filter(is_kept).collect()
}

/// Whether a WebSocket opens.
pub async fn try_socket() -> State {
    let waiting = Waiting::new();
    let done = Rc::new(waiting.done.clone());
    let socket = Socket::open(move |heard| match heard {
        Heard::News(news) => finish(&done, news == SocketNews::Opened),
        Heard::Message(_) => {}
    });
    let is_open = socket.is_ok() && waiting.outcome().await;
    if is_open { State::Works } else { State::Fails }
}

/// Whether the browser has calls, and the codecs that everyone has.
#[must_use]
pub fn browser() -> (State, Option<Text>) {
    let has_calls = web_sys::window().is_some_and(|window| {
        Reflect::has(&window, &JsValue::from_str("RTCPeerConnection")).unwrap_or_default()
    });
    if !has_calls {
        return (State::Fails, Some(text::NO_CALLS));
    }
    let codecs = capabilities();
    if codecs.supports("video/VP8") && codecs.supports("audio/opus") {
        (State::Works, None)
    } else {
        (State::Fails, Some(text::NO_CODECS))
    }
}

/// Whether the page may have the camera and the microphone, without asking for them.
pub async fn devices() -> (State, Option<Text>) {
    if media_devices().is_none() {
        return (State::Fails, Some(notice::INSECURE));
    }
    let states = [permission("camera").await, permission("microphone").await];
    let is = |state: &str| states.iter().any(|it| it.as_deref() == Some(state));
    if is("denied") {
        (State::Fails, Some(text::DEVICES_DENIED))
    } else if is("prompt") || states.contains(&None) {
        (State::Skipped, Some(text::DEVICES_ASK))
    } else {
        (State::Works, None)
    }
}

/// What the browser says of a permission (W3C Permissions); not every browser knows every name.
async fn permission(name: &str) -> Option<String> {
    let permissions = web_sys::window()?.navigator().permissions().ok()?;
    let descriptor = Object::new();
    let (key, name) = (JsValue::from_str("name"), JsValue::from_str(name));
    Reflect::set(&descriptor, &key, &name).ok()?;
    let status = JsFuture::from(permissions.query(&descriptor).ok()?).await.ok()?;
    Reflect::get(&status, &JsValue::from_str("state")).ok()?.as_string()
}

/// Something that comes soon, or does not.
struct Waiting {
    promise: Promise,
    done: Function,
}

impl Waiting {
    fn new() -> Self {
        let mut done = None;
        let promise = Promise::new(&mut |resolve, _| done = Some(resolve));
        let done = done.expect("a promise asks at once how it is done");
        if let Some(window) = web_sys::window() {
            // Called without an argument, it is done without success.
            drop(window.set_timeout_with_callback_and_timeout_and_arguments_0(&done, PATIENCE_MS));
        }
        Self { promise, done }
    }

    async fn outcome(self) -> bool {
        JsFuture::from(self.promise).await.is_ok_and(|outcome| outcome.is_truthy())
    }
}

fn finish(done: &Function, success: bool) {
    // Only the first call counts.
    drop(done.call1(&JsValue::NULL, &JsValue::from_bool(success)));
}
