use shared::{
    error::ErrorCode,
    ids::{ProducerId, TransportId},
    media::{DescriptionKind, MediaKind, SessionDescription, Source},
    signaling::{
        ConnectTransport, Consumed, ConsumerRef, Direction, Event, Join, Produce, ProducerRef,
        Reply, Request, TransportConnected,
    },
};

use crate::client::{Client, Server, guest, returning};

/// What Chromium offers with a microphone (mid 0) and a camera (mid 1).
const OFFER: &str = include_str!("../../sfu/src/transport/sdp/fixtures/chromium-plain-offer.sdp");

/// What Chromium answers to one video m-line (mid 0) that it has no codec for.
const REFUSAL: &str =
    include_str!("../../sfu/src/transport/sdp/fixtures/chromium-refused-answer.sdp");

/// Someone who publishes a microphone and a camera.
pub(crate) struct Publisher {
    pub(crate) client: Client,
    pub(crate) transport: TransportId,
    pub(crate) microphone: ProducerId,
    pub(crate) camera: ProducerId,
}

impl Publisher {
    pub(crate) async fn start(client: Client) -> Self {
        Self::start_with(client, (Source::Microphone, Source::Camera)).await
    }

    /// Publishes something else from them.
    pub(crate) async fn start_with(mut client: Client, (sound, picture): (Source, Source)) -> Self {
        let transport = client.create_transport(Direction::Send).await;
        let connected = describe(&mut client, transport, DescriptionKind::Offer, OFFER).await;
        let answer = connected.unwrap().description.unwrap();
        assert_eq!(answer.kind, DescriptionKind::Answer);
        let microphone = produce(&mut client, transport, "0", sound).await.unwrap();
        let camera = produce(&mut client, transport, "1", picture).await.unwrap();
        Self { client, transport, microphone, camera }
    }
}

async fn describe(
    client: &mut Client,
    transport_id: TransportId,
    kind: DescriptionKind,
    sdp: &str,
) -> Result<TransportConnected, ErrorCode> {
    let description = Some(SessionDescription { kind, sdp: sdp.to_owned() });
    connect(client, ConnectTransport { transport_id, description, ice_restart: false }).await
}

async fn server_offer(client: &mut Client, transport_id: TransportId) -> String {
    let request = ConnectTransport { transport_id, description: None, ice_restart: false };
    let offer = connect(client, request).await.unwrap().description.unwrap();
    assert_eq!(offer.kind, DescriptionKind::Offer);
    offer.sdp
}

async fn connect(
    client: &mut Client,
    request: ConnectTransport,
) -> Result<TransportConnected, ErrorCode> {
    match client.request(Request::ConnectTransport(request)).await {
        Ok(Reply::ConnectTransport(connected)) => Ok(connected),
        Ok(other) => panic!("not the reply to connectTransport: {other:?}"),
        Err(error) => Err(error.code),
    }
}

async fn produce(
    client: &mut Client,
    transport_id: TransportId,
    mid: &str,
    source: Source,
) -> Result<ProducerId, ErrorCode> {
    let request = Produce { transport_id, mid: mid.to_owned(), source, paused: false };
    match client.request(Request::Produce(request)).await {
        Ok(Reply::Produce(ProducerRef { producer_id })) => Ok(producer_id),
        Ok(other) => panic!("not the reply to produce: {other:?}"),
        Err(error) => Err(error.code),
    }
}

pub(crate) async fn consume(
    client: &mut Client,
    producer_id: ProducerId,
) -> Result<Consumed, ErrorCode> {
    match client.request(Request::Consume(ProducerRef { producer_id })).await {
        Ok(Reply::Consume(consumed)) => Ok(consumed),
        Ok(other) => panic!("not the reply to consume: {other:?}"),
        Err(error) => Err(error.code),
    }
}

/// The answer of a client that takes everything.
fn answer_to(offer: &str) -> String {
    const OURS_ALONE: [&str; 5] = ["a=ssrc", "a=msid:", "a=candidate", "a=ice-lite", "a=end-of"];
    let lines = offer.lines().filter(|line| !OURS_ALONE.iter().any(|own| line.starts_with(own)));
    let turned = lines.map(|line| match line {
        "a=setup:actpass" => "a=setup:active",
        "a=sendonly" => "a=recvonly",
        other => other,
    });
    turned.flat_map(|line| [line, "\r\n"]).collect()
}

#[tokio::test]
async fn media_outlives_the_connection_of_whoever_comes_back_with_it() {
    let server = Server::start().await;
    let room = server.create_room();
    let (mut bob, _) = server.join(&room).await;
    let (alice, before) = server.join(&room).await;
    let alice = Publisher::start(alice).await;
    for _ in 0..3 {
        bob.event().await;
    }
    let mut again = server.connect().await;
    let transports = vec![alice.transport, TransportId(4_711)];
    let after = again.join(Join { transports, ..returning(&before) }).await.unwrap();
    assert_eq!(after.transports, [alice.transport]);
    let Event::PeerJoined(told) = bob.event().await else { panic!("not peerJoined") };
    let producers: Vec<ProducerId> = told.producers.iter().map(|it| it.producer_id).collect();
    assert_eq!(producers, [alice.microphone, alice.camera]);
    again.done(Request::PauseProducer(ProducerRef { producer_id: alice.camera })).await;
    assert!(matches!(bob.event().await, Event::ProducerPaused(_)));
    describe(&mut again, alice.transport, DescriptionKind::Offer, OFFER).await.unwrap();
}

#[tokio::test]
async fn what_one_publishes_another_receives() {
    let server = Server::start().await;
    let room = server.create_room();
    let (bob, _) = server.join(&room).await;
    let (alice, _) = server.join(&room).await;
    let mut bob = bob;
    assert!(matches!(bob.event().await, Event::PeerJoined(_)));
    let alice = Publisher::start(alice).await;
    for source in [Source::Microphone, Source::Camera] {
        let Event::NewProducer(told) = bob.event().await else { panic!("not newProducer") };
        assert_eq!((told.producer.source, told.producer.paused), (source, false));
    }

    let transport = bob.create_transport(Direction::Recv).await;
    let sound = consume(&mut bob, alice.microphone).await.unwrap();
    let picture = consume(&mut bob, alice.camera).await.unwrap();
    assert_eq!((sound.kind, picture.kind), (MediaKind::Audio, MediaKind::Video));
    let offer = server_offer(&mut bob, transport).await;
    for mid in [&sound.mid, &picture.mid] {
        assert!(offer.contains(&format!("a=mid:{mid}\r\n")), "{mid} in {offer}");
    }
    let answer = answer_to(&offer);
    let connected = describe(&mut bob, transport, DescriptionKind::Answer, &answer).await;
    assert_eq!(connected, Ok(TransportConnected::default()));
    let named = ConsumerRef { consumer_id: picture.consumer_id };
    bob.done(Request::ResumeConsumer(named)).await;
    bob.done(Request::PauseConsumer(named)).await;
    bob.done(Request::CloseConsumer(named)).await;
    assert_eq!(bob.refused(Request::CloseConsumer(named)).await, ErrorCode::ConsumerNotFound);
}

#[tokio::test]
async fn a_late_comer_finds_what_is_published() {
    let server = Server::start().await;
    let room = server.create_room();
    let (alice, _) = server.join(&room).await;
    let mut alice = Publisher::start(alice).await;
    alice.client.done(Request::PauseProducer(ProducerRef { producer_id: alice.camera })).await;
    let (_bob, joined) = server.join(&room).await;
    let found: Vec<_> = joined.participants[0]
        .producers
        .iter()
        .map(|producer| (producer.producer_id, producer.source, producer.paused))
        .collect();
    assert_eq!(
        found,
        [(alice.microphone, Source::Microphone, false), (alice.camera, Source::Camera, true)]
    );
}

#[tokio::test]
async fn muting_is_told_and_shown() {
    let server = Server::start().await;
    let room = server.create_room();
    let (alice, _) = server.join(&room).await;
    let mut alice = Publisher::start(alice).await;
    let (mut bob, _) = server.join(&room).await;
    let microphone = ProducerRef { producer_id: alice.microphone };
    let flags = || {
        let alice = server.running.app.rooms.participants(&room).unwrap().swap_remove(0);
        (alice.has_audio, alice.has_video)
    };
    assert_eq!(flags(), (true, true));
    alice.client.done(Request::PauseProducer(microphone)).await;
    assert_eq!(bob.event().await, Event::ProducerPaused(microphone));
    assert_eq!(flags(), (false, true));
    alice.client.done(Request::ResumeProducer(microphone)).await;
    assert_eq!(bob.event().await, Event::ProducerResumed(microphone));
    assert_eq!(flags(), (true, true));
    alice.client.done(Request::CloseProducer(microphone)).await;
    assert_eq!(bob.event().await, Event::ProducerClosed(microphone));
    assert_eq!(flags(), (false, true));
}

#[tokio::test]
async fn whoever_goes_takes_their_streams_along() {
    let server = Server::start().await;
    let room = server.create_room();
    let (mut bob, _) = server.join(&room).await;
    let (alice, _) = server.join(&room).await;
    let mut alice = Publisher::start(alice).await;
    alice.client.done(Request::Leave).await;
    let mut last = Vec::new();
    loop {
        match bob.event().await {
            Event::ProducerClosed(closed) => last.push(closed.producer_id),
            Event::PeerLeft(_) => break,
            _ => {}
        }
    }
    assert_eq!(last, [alice.microphone, alice.camera]);
}

#[tokio::test]
async fn a_format_that_one_cannot_decode_is_named() {
    let server = Server::start().await;
    let room = server.create_room();
    let (alice, _) = server.join(&room).await;
    let alice = Publisher::start(alice).await;
    let mut deaf = server.connect().await;
    let mut join = guest(&room);
    join.rtp_capabilities.codecs = vec!["audio/opus".to_owned()];
    deaf.join(join).await.unwrap();
    deaf.create_transport(Direction::Recv).await;
    assert_eq!(consume(&mut deaf, alice.camera).await, Err(ErrorCode::CodecMismatch));
    assert!(consume(&mut deaf, alice.microphone).await.is_ok());
}

#[tokio::test]
async fn a_format_that_the_answer_refuses_is_named() {
    let server = Server::start().await;
    let room = server.create_room();
    let (alice, _) = server.join(&room).await;
    let alice = Publisher::start(alice).await;
    let (mut bob, _) = server.join(&room).await;
    let transport = bob.create_transport(Direction::Recv).await;
    let picture = consume(&mut bob, alice.camera).await.unwrap();
    server_offer(&mut bob, transport).await;
    let connected = describe(&mut bob, transport, DescriptionKind::Answer, REFUSAL).await.unwrap();
    assert_eq!(connected.refused_consumers, [picture.consumer_id]);
    let named = ConsumerRef { consumer_id: picture.consumer_id };
    assert_eq!(bob.refused(Request::ResumeConsumer(named)).await, ErrorCode::ConsumerNotFound);
}

#[tokio::test]
async fn what_others_own_cannot_be_touched() {
    let server = Server::start().await;
    let room = server.create_room();
    let (alice, _) = server.join(&room).await;
    let mut alice = Publisher::start(alice).await;
    let (mut bob, _) = server.join(&room).await;
    let (mut stranger, _) = server.join(&server.create_room()).await;
    bob.create_transport(Direction::Recv).await;
    let consumer_id = consume(&mut bob, alice.camera).await.unwrap().consumer_id;
    stranger.create_transport(Direction::Recv).await;

    let theirs = ProducerRef { producer_id: alice.camera };
    for request in [
        Request::PauseProducer(theirs),
        Request::ResumeProducer(theirs),
        Request::CloseProducer(theirs),
    ] {
        assert_eq!(bob.refused(request).await, ErrorCode::ProducerNotFound);
    }
    let offered = describe(&mut bob, alice.transport, DescriptionKind::Offer, OFFER).await;
    assert_eq!(offered, Err(ErrorCode::TransportNotFound));
    let produced = produce(&mut bob, alice.transport, "0", Source::Screen).await;
    assert_eq!(produced, Err(ErrorCode::TransportNotFound));
    let named = ConsumerRef { consumer_id };
    let touched = alice.client.refused(Request::ResumeConsumer(named)).await;
    assert_eq!(touched, ErrorCode::ConsumerNotFound);
    let spied = consume(&mut stranger, alice.camera).await;
    assert_eq!(spied, Err(ErrorCode::ProducerNotFound), "another room's");
}

#[tokio::test]
async fn a_new_transport_takes_the_place_of_the_old() {
    let server = Server::start().await;
    let room = server.create_room();
    let (alice, _) = server.join(&room).await;
    let mut alice = Publisher::start(alice).await;
    let (mut bob, _) = server.join(&room).await;
    let again = produce(&mut alice.client, alice.transport, "1", Source::Camera).await;
    assert_eq!(again, Err(ErrorCode::ProducerExists));
    alice.client.create_transport(Direction::Send).await;
    for producer_id in [alice.microphone, alice.camera] {
        assert_eq!(bob.event().await, Event::ProducerClosed(ProducerRef { producer_id }));
    }
    let old = describe(&mut alice.client, alice.transport, DescriptionKind::Offer, OFFER).await;
    assert_eq!(old, Err(ErrorCode::TransportNotFound));
}

#[tokio::test]
async fn a_description_that_cannot_be_used_is_refused() {
    let server = Server::start().await;
    let (mut client, _) = server.join(&server.create_room()).await;
    let send = client.create_transport(Direction::Send).await;
    let recv = client.create_transport(Direction::Recv).await;
    for (transport, kind, sdp, code) in [
        (send, DescriptionKind::Offer, "nonsense", ErrorCode::SdpInvalid),
        (send, DescriptionKind::Answer, OFFER, ErrorCode::BadRequest),
        (recv, DescriptionKind::Offer, OFFER, ErrorCode::BadRequest),
        (recv, DescriptionKind::Answer, REFUSAL, ErrorCode::SdpInvalid),
    ] {
        assert_eq!(describe(&mut client, transport, kind, sdp).await, Err(code));
    }
    let nothing = ConnectTransport { transport_id: send, description: None, ice_restart: false };
    assert_eq!(connect(&mut client, nothing).await, Err(ErrorCode::BadRequest));
    let early = produce(&mut client, send, "0", Source::Camera).await;
    assert!(early.is_err(), "nothing was negotiated");
    let backwards = produce(&mut client, recv, "0", Source::Camera).await;
    assert_eq!(backwards, Err(ErrorCode::TransportState));
}

#[tokio::test]
async fn ten_offers_in_ten_seconds_are_enough() {
    let server = Server::start().await;
    let (mut client, _) = server.join(&server.create_room()).await;
    let transport = client.create_transport(Direction::Send).await;
    for _ in 0..10 {
        describe(&mut client, transport, DescriptionKind::Offer, OFFER).await.unwrap();
    }
    let eleventh = describe(&mut client, transport, DescriptionKind::Offer, OFFER).await;
    assert_eq!(eleventh, Err(ErrorCode::TooMany));
}
