use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use open_stream::rooms::Admission;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use shared::{
    ids::{ProducerId, RoomId},
    media::{DescriptionKind, SessionDescription, Source},
    signaling::{
        ConnectTransport, ConsumerRef, Direction, Event, Join, Mute, ParticipantRef, ProducerRef,
        Reply, Request, Role,
    },
};

use crate::{
    client::{Client, PATIENCE, Server, guest},
    native::{NativePeer, NativeTrack, vp8},
    requests::{Answer, Ask},
};

/// What is sent, on top of its head.
const FRAME: &[u8] = b"a frame of a studio";

/// Someone who publishes by WHIP.
pub(crate) struct Studio {
    pub(crate) peer: NativePeer,
    pub(crate) camera: NativeTrack,
    pub(crate) microphone: NativeTrack,
    pub(crate) created: Answer,
    pub(crate) token: String,
}

impl Studio {
    pub(crate) async fn start(server: &Server, room: &RoomId, name: &str) -> Self {
        let mut peer = NativePeer::new().await;
        let microphone = peer.add_track(RtpCodecKind::Audio, 0x1111).await;
        let camera = peer.add_track(RtpCodecKind::Video, 0x2222).await;
        let token = server.token(room, Role::Guest);
        let offer = peer.offer().await;
        let path = format!("/whip/{room}?name={name}");
        let created = Ask::post(path, offer).token(&token).send(server).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
        peer.accept(created.body.clone()).await;
        Self { peer, camera, microphone, created, token }
    }

    pub(crate) fn resource(&self) -> &str {
        self.created.header("location")
    }

    /// Sends a frame of each, again and again.
    pub(crate) fn keep_sending(mut self, frame: &'static [u8]) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            loop {
                ticks.tick().await;
                self.microphone.send(Bytes::from_static(frame), true).await;
                self.camera.send(vp8(true, frame), true).await;
            }
        })
    }
}

/// A participant who receives everything that is published, as the page does.
pub(crate) async fn watch(client: &mut Client, producers: &[ProducerId]) -> NativePeer {
    let mut peer = NativePeer::new().await;
    let transport_id = client.create_transport(Direction::Recv).await;
    let mut consumers = Vec::new();
    for producer_id in producers.iter().copied() {
        match client.request(Request::Consume(ProducerRef { producer_id })).await.unwrap() {
            Reply::Consume(consumed) => consumers.push(consumed.consumer_id),
            other => panic!("not the reply to consume: {other:?}"),
        }
    }
    let ask = ConnectTransport { transport_id, description: None, ice_restart: false };
    let offer = match client.request(Request::ConnectTransport(ask)).await.unwrap() {
        Reply::ConnectTransport(connected) => connected.description.unwrap().sdp,
        other => panic!("not the reply to connectTransport: {other:?}"),
    };
    let sdp = peer.answer(offer).await;
    let description = Some(SessionDescription { kind: DescriptionKind::Answer, sdp });
    let answer = ConnectTransport { transport_id, description, ice_restart: false };
    client.request(Request::ConnectTransport(answer)).await.unwrap();
    for consumer_id in consumers {
        client.done(Request::ResumeConsumer(ConsumerRef { consumer_id })).await;
    }
    peer
}

/// The next event that is of interest here.
pub(crate) async fn next(client: &mut Client) -> Event {
    loop {
        match client.event().await {
            Event::LayersWanted(_) | Event::ConsumerLayer(_) | Event::ActiveSpeakers(_) => {}
            event => return event,
        }
    }
}

#[tokio::test]
async fn who_publishes_by_one_request_is_a_participant_like_any_other() {
    let server = Server::start().await;
    let room = server.create_room_with(Admission::InviteOnly);
    let token = server.token(&room, Role::Guest);
    let mut bob = server.connect().await;
    bob.join(Join { token: Some(token), ..guest(&room) }).await.unwrap();

    let studio = Studio::start(&server, &room, "The%20studio").await;
    let Event::PeerJoined(joined) = next(&mut bob).await else { panic!("not peerJoined") };
    assert_eq!(joined.display_name, "The studio");
    let mut producers = Vec::new();
    for source in [Source::Microphone, Source::Camera] {
        let Event::NewProducer(told) = next(&mut bob).await else { panic!("not newProducer") };
        assert_eq!((told.participant_id, told.producer.source), (joined.id.clone(), source));
        producers.push(told.producer.producer_id);
    }
    assert_eq!(studio.created.header("content-type"), "application/sdp");
    assert_eq!(studio.created.header("accept-patch"), "application/trickle-ice-sdpfrag");
    assert_eq!(studio.created.header("etag"), "\"ice-1\"");
    assert!(studio.created.header("access-control-expose-headers").contains("Location"));

    let mut browser = watch(&mut bob, &producers).await;
    let (resource, token) = (studio.resource().to_owned(), studio.token.clone());
    let sending = studio.keep_sending(FRAME);
    for packet in browser.receive(RtpCodecKind::Video, 5).await {
        assert_eq!(packet.payload, vp8(true, FRAME));
    }
    for packet in browser.receive(RtpCodecKind::Audio, 5).await {
        assert_eq!(packet.payload, FRAME);
    }

    let ended = Ask::new(Method::DELETE, &resource).token(&token).send(&server).await;
    assert_eq!(ended.status, StatusCode::OK);
    for producer_id in producers {
        assert_eq!(next(&mut bob).await, Event::ProducerClosed(ProducerRef { producer_id }));
    }
    let Event::PeerLeft(left) = next(&mut bob).await else { panic!("not peerLeft") };
    assert_eq!(left.participant_id, joined.id);
    let again = Ask::new(Method::DELETE, &resource).token(&token).send(&server).await;
    again.assert_problem(404, "not_found");
    assert!(server.running.app.sessions.is_empty());
    sending.abort();
    browser.close().await;
}

#[tokio::test]
async fn who_never_connects_is_gone_after_the_deadline() {
    let server = Server::start().await;
    let room = server.create_room();
    let (mut bob, _) = server.join(&room).await;
    let mut peer = NativePeer::new().await;
    peer.add_track(RtpCodecKind::Video, 0x2222).await;
    let token = server.token(&room, Role::Guest);
    let offer = peer.offer().await;
    let created = Ask::post(format!("/whip/{room}"), offer).token(&token).send(&server).await;
    assert_eq!(created.status, StatusCode::CREATED);
    // The answer is never given to the peer, so that it does not connect.
    assert!(
        matches!(next(&mut bob).await, Event::PeerJoined(joined) if joined.display_name == "WHIP")
    );
    assert!(matches!(next(&mut bob).await, Event::NewProducer(_)));
    let gone = async {
        assert!(matches!(next(&mut bob).await, Event::ProducerClosed(_)));
        assert!(matches!(next(&mut bob).await, Event::PeerLeft(_)));
    };
    tokio::time::timeout(sfu::JOIN_DEADLINE + PATIENCE, keep_alive(gone)).await.unwrap();
    assert!(server.running.app.sessions.is_empty());
    peer.close().await;
}

/// Boxed: the machinery of a client's events is large.
async fn keep_alive(work: impl Future<Output = ()>) {
    Box::pin(work).await;
}

#[tokio::test]
async fn candidates_are_taken_and_ice_is_restarted() {
    let server = Server::start().await;
    let room = server.create_room();
    let studio = Studio::start(&server, &room, "Studio").await;
    let (resource, token) = (studio.resource().to_owned(), studio.token.clone());
    let patch = |fragment: &str| Ask::patch(resource.clone(), fragment).token(&token);
    let trickled = "a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n";

    let taken = patch(trickled).header("if-match", "\"ice-1\"").send(&server).await;
    assert_eq!((taken.status, &*taken.body), (StatusCode::NO_CONTENT, ""));
    assert!(!taken.headers.contains_key("etag"));
    patch(trickled).send(&server).await.assert_problem(428, "precondition_required");
    let stale = patch(trickled).header("if-match", "\"ice-0\"").send(&server).await;
    stale.assert_problem(412, "precondition_failed");
    let broken = patch("a=ice-ufrag:abcd\r\n").header("if-match", "*").send(&server).await;
    broken.assert_problem(400, "sdp_invalid");
    let other = Ask::patch(resource.clone(), trickled).header("if-match", "*");
    other.send(&server).await.assert_problem(401, "invite_required");
    let stranger = server.token(&room, Role::Guest);
    let other = Ask::patch(resource.clone(), trickled).header("if-match", "*").token(&stranger);
    other.send(&server).await.assert_problem(403, "forbidden");
    let restarted = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcdef\r\n\
                     a=ice-pwd:0123456789abcdefghijklmn\r\n";
    let answer = patch(restarted).header("if-match", "*").send(&server).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"ice-2\""));
    assert_eq!(answer.header("content-type"), "application/trickle-ice-sdpfrag");
    let ufrag = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("a=ice-ufrag:"));
        line.unwrap_or_else(|| panic!("no fragment in {text}")).to_owned()
    };
    assert_ne!(ufrag(&answer.body), ufrag(&studio.created.body));
    assert!(answer.body.starts_with("a=ice-lite\r\nm=audio 9 ") && answer.body.contains("a=mid:0"));
    assert!(answer.body.contains("a=candidate:"), "{}", answer.body);
    let stale = patch(trickled).header("if-match", "\"ice-1\"").send(&server).await;
    stale.assert_problem(412, "precondition_failed");
    let taken = patch(trickled).header("if-match", "\"ice-2\"").send(&server).await;
    assert_eq!(taken.status, StatusCode::NO_CONTENT);
    let typed = Ask::new(Method::PATCH, resource.clone()).header("content-type", "application/sdp");
    let typed = typed.token(&token).header("if-match", "*").body(trickled).send(&server).await;
    typed.assert_problem(415, "unsupported_media_type");
    studio.peer.close().await;
}

#[tokio::test]
async fn a_host_who_mutes_who_cannot_unmute_may_undo_it() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut host = server.connect().await;
    let invite = Some(server.token(&room, Role::Host));
    host.join(Join { token: invite, ..guest(&room) }).await.unwrap();
    let _studio = Studio::start(&server, &room, "Studio").await;
    let Event::PeerJoined(joined) = next(&mut host).await else { panic!("not peerJoined") };
    let participant_id = joined.id;
    let (mut microphone, mut camera) = (None, None);
    while microphone.is_none() || camera.is_none() {
        let Event::NewProducer(new) = next(&mut host).await else { panic!("not newProducer") };
        let place =
            if new.producer.source == Source::Microphone { &mut microphone } else { &mut camera };
        *place = Some(ProducerRef { producer_id: new.producer.producer_id });
    }
    let (microphone, camera) = (microphone.unwrap(), camera.unwrap());

    // Not with all others: nobody there could unmute.
    host.done(Request::Mute(Mute::default())).await;
    let told = host.events().await;
    assert!(!told.iter().any(|event| matches!(event, Event::ProducerPaused(_))), "{told:?}");
    let named = ParticipantRef { participant_id: participant_id.clone() };
    host.done(Request::Mute(Mute { participant_id: Some(participant_id) })).await;
    assert_eq!(next(&mut host).await, Event::ProducerPaused(microphone), "by name alone");
    host.done(Request::StopVideo(named.clone())).await;
    assert_eq!(next(&mut host).await, Event::ProducerPaused(camera));
    host.done(Request::AskToUnmute(named)).await;
    assert_eq!(next(&mut host).await, Event::ProducerResumed(microphone));
    assert_eq!(next(&mut host).await, Event::ProducerResumed(camera));
}
