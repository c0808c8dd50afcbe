//! One `RTCPeerConnection`: made for sending or for receiving, driven by offers and answers.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Map, Reflect};
use shared::media::{
    DescriptionKind, IceServer, MediaKind, RtpCapabilities, SessionDescription, Source,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Event, MediaStreamTrack, RtcBundlePolicy, RtcConfiguration, RtcIceServer, RtcOfferOptions,
    RtcPeerConnection, RtcPeerConnectionState, RtcPriorityType, RtcRtpCapabilities,
    RtcRtpCodecCapability, RtcRtpEncodingParameters, RtcRtpParameters, RtcRtpReceiver,
    RtcRtpSender, RtcRtpTransceiver, RtcRtpTransceiverDirection, RtcRtpTransceiverInit, RtcSdpType,
    RtcSessionDescription, RtcSessionDescriptionInit,
};

use super::{
    devices::LocalMedia,
    reading::{number, text},
    stats,
};
use crate::meeting::{
    effect::{PeerId, PeerNews, Traffic},
    encoding::{Content, Encoding, encodings, layer_count},
    quality::sample::Report,
};

/// Something the browser would not do with a peer connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PeerRefused;

impl From<JsValue> for PeerRefused {
    fn from(_: JsValue) -> Self {
        Self
    }
}

/// A peer connection, open until [`Self::close`]: what it is still asked to do holds it, and a
/// closed connection never finishes that.
#[derive(Debug)]
pub(crate) struct Peer {
    id: PeerId,
    connection: RtcPeerConnection,
    /// The m-lines on which one sends.
    sending: RefCell<Vec<(Source, RtcRtpTransceiver)>>,
    /// How videos are to be sent that are not sent so yet.
    quality: RefCell<Vec<(Source, Quality)>>,
    is_encoding: Cell<bool>,
    _on_state: Closure<dyn FnMut(Event)>,
}

/// How a video is to be sent.
#[derive(Debug)]
pub(crate) struct Quality {
    pub(crate) max_bitrate: u32,
    pub(crate) wanted: Option<Vec<u8>>,
    pub(crate) content: Content,
}

impl Peer {
    /// Makes a peer connection that tells when media connects or fails to.
    ///
    /// # Errors
    /// The browser does not have peer connections, or not of this configuration.
    pub(crate) fn new(
        id: PeerId,
        ice_servers: &[IceServer],
        tell: impl Fn(PeerNews) + 'static,
    ) -> Result<Self, PeerRefused> {
        let connection = RtcPeerConnection::new_with_configuration(&configuration(ice_servers))?;
        let on_state = {
            let connection = connection.clone();
            Closure::new(move |_: Event| match connection.connection_state() {
                RtcPeerConnectionState::Connected => tell(PeerNews::Connected),
                RtcPeerConnectionState::Disconnected => tell(PeerNews::Interrupted),
                RtcPeerConnectionState::Failed => tell(PeerNews::Lost),
                _ => {}
            })
        };
        connection.set_onconnectionstatechange(Some(on_state.as_ref().unchecked_ref()));
        Ok(Self {
            id,
            connection,
            sending: RefCell::default(),
            quality: RefCell::default(),
            is_encoding: Cell::new(false),
            _on_state: on_state,
        })
    }

    /// Which one it is.
    pub(crate) const fn id(&self) -> PeerId {
        self.id
    }

    /// Adds an m-line for each source, carrying its device where that is open.
    pub(crate) async fn add_lines(
        &self,
        media: &LocalMedia,
        sources: &[Source],
        max_video_bitrate: u32,
    ) {
        for source in sources {
            let line = self.add_line(*source, media.track(*source), max_video_bitrate);
            let sender = line.sender();
            self.sending.borrow_mut().push((*source, line));
            if *source == Source::Screen {
                let parameters = sender.get_parameters();
                prefer(&parameters, Content::Text);
                // A browser that refuses does as it likes, and shares the screen all the same.
                drop(JsFuture::from(sender.set_parameters_with_parameters(&parameters)).await);
            }
        }
    }

    /// Offers, over a new path if `ice_restart`; tells the m-lines of `sources`.
    ///
    /// # Errors
    /// The browser made no offer of it.
    pub(crate) async fn offer(
        &self,
        sources: &[Source],
        ice_restart: bool,
    ) -> Result<PeerNews, PeerRefused> {
        let options = RtcOfferOptions::new();
        options.set_ice_restart(ice_restart);
        let offer = self.connection.create_offer_with_rtc_offer_options(&options);
        let offer = JsFuture::from(offer).await?;
        self.set_local(offer.unchecked_into()).await?;
        let mids = self.mids(sources).ok_or(PeerRefused)?;
        let offer = self.local_description(DescriptionKind::Offer)?;
        Ok(PeerNews::Offered { offer, mids })
    }

    /// Applies the server's answer.
    ///
    /// # Errors
    /// The browser cannot use it.
    pub(crate) async fn accept(
        &self,
        answer: &SessionDescription,
    ) -> Result<PeerNews, PeerRefused> {
        self.set_remote(answer).await?;
        Ok(PeerNews::Accepted)
    }

    /// Applies the server's offer and answers it.
    ///
    /// # Errors
    /// The browser cannot use it.
    pub(crate) async fn answer(&self, offer: &SessionDescription) -> Result<PeerNews, PeerRefused> {
        self.set_remote(offer).await?;
        let answer = JsFuture::from(self.connection.create_answer()).await?;
        self.set_local(answer.unchecked_into()).await?;
        Ok(PeerNews::Answered(self.local_description(DescriptionKind::Answer)?))
    }

    /// Lets the m-line of a source carry this track, or nothing; one that has no m-line waits for
    /// its offer.
    pub(crate) async fn carry(&self, source: Source, track: Option<MediaStreamTrack>) {
        let line = self.line(source);
        if let Some(line) = line {
            // A sender that is being closed takes no track, and needs none.
            drop(JsFuture::from(line.sender().replace_track(track.as_ref())).await);
        }
    }

    /// Has a video sent in another quality, the newest one where several are asked for at once.
    pub(crate) async fn encode(&self, source: Source, quality: Quality) {
        self.quality.borrow_mut().push((source, quality));
        // A sender takes its parameters one set after the other.
        if self.is_encoding.replace(true) {
            return;
        }
        while let Some((source, quality)) = self.next_quality() {
            if let Some(line) = self.line(source) {
                set_encodings(&line.sender(), source, &quality).await;
            }
        }
        self.is_encoding.set(false);
    }

    fn next_quality(&self) -> Option<(Source, Quality)> {
        let mut waiting = self.quality.borrow_mut();
        let newest = waiting.pop()?;
        waiting.retain(|(source, _)| *source != newest.0);
        Some(newest)
    }

    /// What has gone over all its paths so far.
    ///
    /// # Errors
    /// The browser counts nothing.
    pub(crate) async fn traffic(&self) -> Result<Traffic, PeerRefused> {
        // A report is no map, but has the one method of a map that is called.
        let report: Map = JsFuture::from(self.connection.get_stats()).await?.unchecked_into();
        let mut traffic = Traffic::default();
        report.for_each(&mut |entry, _| {
            if text(&entry, "type") == "candidate-pair" {
                traffic.sent += bytes(&entry, "bytesSent");
                traffic.received += bytes(&entry, "bytesReceived");
            }
        });
        Ok(traffic)
    }

    /// The track that arrives on an m-line.
    ///
    /// Looked up rather than taken from `track` events: an m-line that the server uses again for
    /// another producer has no new event.
    pub(crate) fn arriving(&self, mid: &str) -> Option<MediaStreamTrack> {
        let lines = self.connection.get_transceivers();
        let mut lines = lines.iter().map(JsCast::unchecked_into::<RtcRtpTransceiver>);
        let line = lines.find(|line| line.mid().as_deref() == Some(mid))?;
        Some(line.receiver().track())
    }

    /// What was sent and received so far.
    pub(crate) async fn report(&self) -> Option<Report> {
        stats::report(&self.connection).await
    }

    /// The m-line of each source that is sent.
    pub(crate) fn sent(&self) -> Vec<(Source, String)> {
        let sending = self.sending.borrow();
        sending.iter().filter_map(|(source, line)| Some((*source, line.mid()?))).collect()
    }

    fn add_line(
        &self,
        source: Source,
        track: Option<MediaStreamTrack>,
        max_video_bitrate: u32,
    ) -> RtcRtpTransceiver {
        let init = RtcRtpTransceiverInit::new();
        init.set_direction(RtcRtpTransceiverDirection::Sendonly);
        if source.kind() == MediaKind::Video {
            let width = track.as_ref().and_then(|track| track.get_settings().get_width());
            let layers = encodings(layer_count(source, width), max_video_bitrate, None);
            let layers = layers.iter().map(|layer| send_encoding(source, layer));
            init.set_send_encodings(&layers.collect::<Array>());
        }
        let connection = &self.connection;
        match track {
            Some(track) => {
                connection.add_transceiver_with_media_stream_track_and_init(&track, &init)
            }
            None => connection.add_transceiver_with_str_and_init(kind_name(source.kind()), &init),
        }
    }

    fn line(&self, source: Source) -> Option<RtcRtpTransceiver> {
        let sending = self.sending.borrow();
        let found = sending.iter().find(|(of, _)| *of == source);
        found.map(|(_, line)| line.clone())
    }

    fn mids(&self, sources: &[Source]) -> Option<Vec<(Source, String)>> {
        sources.iter().map(|source| Some((*source, self.line(*source)?.mid()?))).collect()
    }

    async fn set_local(&self, description: RtcSessionDescriptionInit) -> Result<(), PeerRefused> {
        JsFuture::from(self.connection.set_local_description(&description)).await?;
        Ok(())
    }

    async fn set_remote(&self, description: &SessionDescription) -> Result<(), PeerRefused> {
        let init = RtcSessionDescriptionInit::new(match description.kind {
            DescriptionKind::Offer => RtcSdpType::Offer,
            DescriptionKind::Answer => RtcSdpType::Answer,
        });
        init.set_sdp(&description.sdp);
        JsFuture::from(self.connection.set_remote_description(&init)).await?;
        Ok(())
    }

    /// The description in force. It need not have candidates: the server learns them from the
    /// checks that reach it (ICE-lite, RFC 8445 section 2.5).
    fn local_description(&self, kind: DescriptionKind) -> Result<SessionDescription, PeerRefused> {
        let description: RtcSessionDescription =
            self.connection.local_description().ok_or(PeerRefused)?;
        Ok(SessionDescription { kind, sdp: description.sdp() })
    }
}

impl Peer {
    /// Closes the connection; nothing is heard after that.
    pub(crate) fn close(&self) {
        self.connection.set_onconnectionstatechange(None);
        self.connection.close();
    }
}

/// What the browser can receive.
pub(crate) fn capabilities() -> RtpCapabilities {
    let mut codecs: Vec<String> = ["audio", "video"]
        .into_iter()
        .filter_map(RtcRtpReceiver::get_capabilities)
        .flat_map(|capabilities: RtcRtpCapabilities| capabilities.get_codecs())
        .map(|codec| codec.unchecked_into::<RtcRtpCodecCapability>().get_mime_type())
        .collect();
    codecs.sort_unstable();
    codecs.dedup();
    RtpCapabilities { codecs }
}

fn send_encoding(source: Source, layer: &Encoding) -> RtcRtpEncodingParameters {
    let encoding = RtcRtpEncodingParameters::new();
    encoding.set_max_bitrate(layer.max_bitrate);
    encoding.set_active(layer.active);
    if let Some(rid) = layer.rid {
        encoding.set_rid(rid);
        encoding.set_scale_resolution_down_by(layer.scale_down_by);
    }
    if source == Source::Screen {
        // What is shown goes before who shows it.
        encoding.set_priority(RtcPriorityType::High);
        let key = JsValue::from_str("networkPriority");
        drop(Reflect::set(&encoding, &key, &JsValue::from_str("high")));
    }
    encoding
}

/// Has a browser that cannot keep up with a text leave out pictures rather than make them smaller:
/// letters that are scaled down cannot be read. Only parameters of the sender say so, none of the
/// transceiver that is made.
fn prefer(parameters: &RtcRtpParameters, content: Content) {
    let value = JsValue::from_str(content.preference());
    drop(Reflect::set(parameters, &JsValue::from_str("degradationPreference"), &value));
}

async fn set_encodings(sender: &RtcRtpSender, source: Source, quality: &Quality) {
    let parameters = sender.get_parameters();
    let Some(current) = parameters.get_encodings() else { return };
    let count = usize::try_from(current.length()).unwrap_or_default();
    let layers = encodings(count, quality.max_bitrate, quality.wanted.as_deref());
    for (encoding, layer) in current.iter().zip(&layers) {
        let encoding: RtcRtpEncodingParameters = encoding.unchecked_into();
        encoding.set_max_bitrate(layer.max_bitrate);
        encoding.set_active(layer.active);
        if source == Source::Screen {
            let most = JsValue::from_f64(quality.content.max_framerate().into());
            drop(Reflect::set(&encoding, &JsValue::from_str("maxFramerate"), &most));
        }
    }
    if source == Source::Screen {
        prefer(&parameters, quality.content);
    }
    // A sender that is being closed takes none, and needs none.
    drop(JsFuture::from(sender.set_parameters_with_parameters(&parameters)).await);
}

pub(super) fn configuration(ice_servers: &[IceServer]) -> RtcConfiguration {
    let configuration = RtcConfiguration::new();
    configuration.set_bundle_policy(RtcBundlePolicy::MaxBundle);
    configuration.set_ice_servers(&ice_servers.iter().map(ice_server).collect::<Array>());
    configuration
}

fn ice_server(server: &IceServer) -> RtcIceServer {
    let ice_server = RtcIceServer::new();
    let urls: Array = server.urls.iter().map(|url| JsValue::from_str(url)).collect();
    ice_server.set_urls(&urls);
    if let Some(username) = &server.username {
        ice_server.set_username(username);
    }
    if let Some(credential) = &server.credential {
        ice_server.set_credential(credential);
    }
    ice_server
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bytes are counted in whole numbers, which JavaScript has no other type for"
)]
fn bytes(entry: &JsValue, name: &str) -> u64 {
    number(entry, name) as u64
}

const fn kind_name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
    }
}
