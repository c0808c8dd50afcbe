use hyper::{Method, StatusCode};
use open_stream::rooms::RoomSettings;
use rtc::{
    rtp,
    rtp_transceiver::{
        RTCRtpTransceiverDirection, RTCRtpTransceiverInit, rtp_sender::RtpCodecKind,
    },
};
use shared::{
    ids::{ParticipantId, RoomId},
    signaling::Role,
};

use crate::{
    client::Server,
    native::{NativePeer, vp8},
    publishing::Studio,
    requests::{Answer, Ask},
};

const ADA: &[u8] = b"a frame of Ada";
const BOB: &[u8] = b"a frame of Bob";

/// Someone who watches by WHEP, with one m-line of each kind.
struct Viewer {
    peer: NativePeer,
    created: Answer,
    token: String,
}

impl Viewer {
    async fn start(server: &Server, room: &RoomId, path: &str) -> Self {
        let (mut peer, offer) = offer().await;
        let token = server.token(room, Role::Guest);
        let created = Ask::post(path, offer).token(&token).send(server).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
        peer.accept(created.body.clone()).await;
        peer.connected().await;
        Self { peer, created, token }
    }

    /// The video packets up to the first with this frame.
    async fn until(&mut self, frame: &[u8]) -> Vec<rtp::Packet> {
        let mut packets: Vec<rtp::Packet> = Vec::new();
        while packets.last().is_none_or(|last| last.payload != vp8(true, frame)) {
            packets.extend(self.peer.receive(RtpCodecKind::Video, 1).await);
        }
        packets
    }
}

async fn offer() -> (NativePeer, String) {
    let mut peer = NativePeer::new().await;
    for kind in [RtpCodecKind::Audio, RtpCodecKind::Video] {
        let init = RTCRtpTransceiverInit {
            direction: RTCRtpTransceiverDirection::Recvonly,
            streams: Vec::new(),
            send_encodings: Vec::new(),
        };
        peer.connection.add_transceiver_from_kind(kind, Some(init)).await.unwrap();
    }
    let offer = peer.offer().await;
    (peer, offer)
}

fn participant(server: &Server, room: &RoomId, name: &str) -> ParticipantId {
    let participants = server.running.app.rooms.participants(room).unwrap();
    participants.into_iter().find(|one| one.display_name == name).unwrap().id
}

fn viewers(server: &Server, room: &RoomId) -> usize {
    server.running.app.rooms.summary(room).unwrap().viewer_count
}

#[tokio::test]
async fn when_one_goes_the_next_takes_the_picture_and_the_stream_goes_on() {
    let server = Server::start().await;
    let room = server.create_room();
    let ada = Studio::start(&server, &room, "Ada").await;
    let bob = Studio::start(&server, &room, "Bob").await;
    let (resource, token) = (ada.resource().to_owned(), ada.token.clone());
    let sending = [ada.keep_sending(ADA), bob.keep_sending(BOB)];
    let mut viewer = Viewer::start(&server, &room, &format!("/whep/{room}")).await;
    let participants = server.running.app.rooms.participants(&room).unwrap();
    assert_eq!((participants.len(), viewers(&server, &room)), (2, 1));

    // Ada came first, so she is who is seen; when she goes it is Bob.
    let mut packets = viewer.until(ADA).await;
    assert_eq!(packets[0].payload, vp8(true, ADA));
    Ask::new(Method::DELETE, resource).token(&token).send(&server).await;
    packets.extend(viewer.until(BOB).await);
    packets.extend(viewer.peer.receive(RtpCodecKind::Video, 5).await);
    assert!(packets.iter().all(|packet| packet.header.ssrc == packets[0].header.ssrc));
    for pair in packets.windows(2) {
        let (one, other) = (&pair[0].header, &pair[1].header);
        assert_eq!(other.sequence_number, one.sequence_number.wrapping_add(1));
        let step = other.timestamp.wrapping_sub(one.timestamp);
        assert!((1..900_000).contains(&step), "time moves on: {step}");
    }
    let sound = viewer.peer.receive(RtpCodecKind::Audio, 200).await;
    assert_eq!(sound.last().unwrap().payload, BOB);

    let resource = viewer.created.header("location");
    let ended = Ask::new(Method::DELETE, resource).token(&viewer.token).send(&server).await;
    assert_eq!((ended.status, viewers(&server, &room)), (StatusCode::OK, 0));
    let again = Ask::new(Method::DELETE, resource).token(&viewer.token).send(&server).await;
    again.assert_problem(404, "not_found");
    viewer.peer.close().await;
    sending.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn one_participant_can_be_watched_alone() {
    let server = Server::start().await;
    let room = server.create_room();
    let ada = Studio::start(&server, &room, "Ada").await;
    let bob = Studio::start(&server, &room, "Bob").await;
    let sending = [ada.keep_sending(ADA), bob.keep_sending(BOB)];
    let path = format!("/whep/{room}/{}", participant(&server, &room, "Bob"));
    let mut viewer = Viewer::start(&server, &room, &path).await;
    for packet in viewer.peer.receive(RtpCodecKind::Video, 10).await {
        assert_eq!(packet.payload, vp8(true, BOB));
    }
    for packet in viewer.peer.receive(RtpCodecKind::Audio, 10).await {
        assert_eq!(packet.payload, BOB);
    }
    assert!(viewer.created.header("location").starts_with(&format!("/whep/{room}/sessions/")));
    viewer.peer.close().await;
    sending.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn who_comes_first_waits_for_somebody_to_watch() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut viewer = Viewer::start(&server, &room, &format!("/whep/{room}")).await;
    let sending = Studio::start(&server, &room, "Ada").await.keep_sending(ADA);
    assert_eq!(viewer.until(ADA).await[0].payload, vp8(true, ADA));
    viewer.peer.close().await;
    sending.abort();
}

#[tokio::test]
async fn who_may_not_watch_is_told_why() {
    let server = Server::start_with(|config| {
        config.bounds.rooms = RoomSettings { max_viewers: 1, ..RoomSettings::default() };
    })
    .await;
    let room = server.create_room();
    let (peer, offer) = offer().await;
    let path = format!("/whep/{room}");
    Ask::post(&path, &offer).send(&server).await.assert_problem(401, "invite_required");
    let token = server.token(&room, Role::Guest);
    let post = |path: &str, sdp: &str| Ask::post(path, sdp).token(&token);
    let sending = offer.replace("a=recvonly", "a=sendonly");
    post(&path, &sending).send(&server).await.assert_problem(422, "offer_unsupported");
    post(&path, "v=0\r\n").send(&server).await.assert_problem(422, "offer_unsupported");
    let nobody = format!("{path}/{}", ParticipantId::from_random([7; 16]));
    post(&nobody, &offer).send(&server).await.assert_problem(404, "not_found");
    let nobody = format!("{path}/nobody");
    post(&nobody, &offer).send(&server).await.assert_problem(404, "not_found");
    assert_eq!(post(&path, &offer).send(&server).await.status, StatusCode::CREATED);
    post(&path, &offer).send(&server).await.assert_problem(503, "room_full");
    let app = &server.running.app;
    assert_eq!((app.sessions.len(), app.rooms.transport_count()), (1, 1));
    peer.close().await;
}
