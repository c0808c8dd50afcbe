//! Strangers change nothing and get nothing: only STUN with the integrity of a live transport opens
//! an address.

use std::{
    io::ErrorKind,
    net::UdpSocket,
    time::{Duration, Instant},
};

use open_stream::bench::client::{LightClient, LocalTrack};
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use sfu::{codec::Codec, transport::srtp::SrtpProfile};

use crate::{
    native::{NativePeer, PATIENCE},
    room::Server,
};

const TRACK: LocalTrack = LocalTrack { codec: Codec::Opus, ssrc: 7 };
/// How long a join may take that is attacked, all injections included.
const ATTACKED_JOIN: Duration = Duration::from_secs(2);
/// DTLS record: type, version, epoch and sequence number (RFC 6347 section 4.1), length.
const RECORD_HEADER: usize = 13;
/// Handshake message: type, length, sequence, fragment offset and length (section 4.2.2).
const HANDSHAKE_HEADER: usize = 12;

/// A length as the wire has it.
fn length16(len: usize) -> [u8; 2] {
    u16::try_from(len).unwrap().to_be_bytes()
}

/// A plaintext handshake record with one whole message.
fn handshake_record(kind: u8, body: &[u8]) -> Vec<u8> {
    let message = HANDSHAKE_HEADER + body.len();
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0];
    record.extend(length16(message));
    record.push(kind);
    // Lengths of messages have 24 bits.
    record.push(0);
    record.extend(length16(body.len()));
    record.extend([0, 0, 0, 0, 0, 0]);
    record.extend(length16(body.len()));
    record.extend(body);
    assert_eq!(record.len(), RECORD_HEADER + message);
    record
}

/// A hello that any DTLS server would answer: 155 bytes, as the attack was first shown.
fn client_hello() -> Vec<u8> {
    const BYTES: usize = 155;
    let mut body = vec![0xfe, 0xfd];
    body.extend([0x5a; 32]);
    // No session, no cookie; ECDHE-ECDSA with AES-128-GCM; no compression.
    body.extend([0, 0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let mut extensions: Vec<u8> = Vec::new();
    // supported_groups x25519 and P-256, ec_point_formats, signature_algorithms ecdsa-p256.
    extensions.extend([0, 10, 0, 6, 0, 4, 0, 29, 0, 23]);
    extensions.extend([0, 11, 0, 2, 1, 0]);
    extensions.extend([0, 13, 0, 4, 0, 2, 4, 3]);
    // use_srtp with GCM and with SHA-1; extended_master_secret.
    extensions.extend([0, 14, 0, 7, 0, 4, 0, 7, 0, 1, 0]);
    extensions.extend([0, 23, 0, 0]);
    let padding = BYTES - RECORD_HEADER - HANDSHAKE_HEADER - body.len() - 2 - extensions.len() - 4;
    extensions.extend([0, 21]);
    extensions.extend(length16(padding));
    extensions.extend(std::iter::repeat_n(0, padding));
    body.extend(length16(extensions.len()));
    body.extend(extensions);
    let record = handshake_record(1, &body);
    assert_eq!(record.len(), BYTES);
    record
}

/// 48 bytes with a cookie nobody asked for.
fn hello_verify_request() -> Vec<u8> {
    let mut body = vec![0xfe, 0xff, 20];
    body.extend([0xc0; 20]);
    let record = handshake_record(3, &body);
    assert_eq!(record.len(), 48);
    record
}

/// A STUN binding request, with these attributes.
fn stun(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in attributes {
        body.extend(kind.to_be_bytes());
        body.extend(length16(value.len()));
        body.extend_from_slice(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut message = vec![0, 1];
    message.extend(length16(body.len()));
    message.extend([0x21, 0x12, 0xa4, 0x42]);
    message.extend([9; 12]);
    message.extend(body);
    message
}

fn stranger(server: &Server) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.media.candidates()[0]).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// Whatever arrived was sent before the server answered anything later.
fn assert_silence(stranger: &UdpSocket) {
    let mut buffer = [0; 2048];
    match stranger.recv(&mut buffer) {
        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        Ok(len) => panic!("a stranger got {len} bytes: {:02x?}", &buffer[..len]),
    }
}

/// The `ufrag` of the server in its description.
fn server_ufrag(sdp: &str) -> &str {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).expect("it has one")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_authenticate_gets_no_byte() {
    let server = Server::start(1);
    let room = server.room().await;
    let transport = room.transport(shared::signaling::Direction::Send).await;
    let (mut bystander, _) = room.light_sender(SrtpProfile::AeadAes128Gcm, &[TRACK]).await;
    let identity =
        std::sync::Arc::new(open_stream::bench::client::ClientIdentity::generate().unwrap());
    let address = server.media.candidates()[0];
    let known = LightClient::new(&identity, SrtpProfile::AeadAes128Gcm, address).unwrap();
    let answer = room.accept_offer(transport, known.leg.offer(&[TRACK])).await;
    let username = format!("{}:attacker", server_ufrag(&answer));

    let forged_integrity = stun(&[(0x0006, username.as_bytes()), (0x0008, &[7; 20])]);
    let strangers: Vec<Vec<u8>> = vec![
        stun(&[]),
        stun(&[(0x0006, username.as_bytes())]),
        forged_integrity.clone(),
        forged_integrity[..40].to_vec(),
        stun(&[(0x0006, b"nobody:attacker"), (0x0008, &[7; 20])]),
        client_hello(),
        hello_verify_request(),
        [&[0x80, 111, 0, 1][..], &[0; 60]].concat(),
        [&[0x80, 200, 0, 6][..], &[0; 40]].concat(),
        vec![0x40; 100],
        vec![0xff; 1400],
        vec![0],
    ];
    let before = refused(&server).await;
    let stranger = stranger(&server);
    for datagram in &strangers {
        stranger.send(datagram).unwrap();
    }
    // One worker takes datagrams in their order: once a later one is answered, all were taken.
    bystander.connect(PATIENCE).unwrap();
    assert_silence(&stranger);
    assert_eq!(refused(&server).await - before, strangers.len() as u64);
}

async fn refused(server: &Server) -> u64 {
    server
        .sum(|all| {
            let workers = all.workers.iter().map(|report| report.worker);
            workers.map(|worker| worker.datagrams_refused + worker.stun_refused).sum()
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_handshakes_at_any_moment_of_a_join_have_no_effect() {
    let server = Server::start(2);
    let room = server.room().await;
    let forged = [client_hello(), hello_verify_request()];
    let stranger = stranger(&server);
    for round in 0..40_usize {
        let (mut client, _) = room.light_sender(SrtpProfile::AeadAes128Gcm, &[TRACK]).await;
        let begun = Instant::now();
        let deadline = begun + ATTACKED_JOIN;
        let mut step = 0_usize;
        while !client.leg.is_connected() {
            // Before this step of the join: from elsewhere, and, as one who spoofs the client's
            // address could, from the client's own socket. One bit of the round for each.
            let datagram = &forged[(round + step) % forged.len()];
            stranger.send(datagram).unwrap();
            if round >> (step % 5) & 1 == 1 {
                client.socket().send(datagram).unwrap();
            }
            step += 1;
            client.receive(deadline, |_| {}).unwrap();
            assert!(Instant::now() < deadline, "round {round} is stuck after {step} steps");
        }
        client.close();
    }
    assert_silence(&stranger);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_like_client_joins_amid_forged_handshakes() {
    let server = Server::start(2);
    let room = server.room().await;
    let stranger = stranger(&server);
    let flood = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(1));
        loop {
            pace.tick().await;
            // A full send buffer of the attacker is the attacker's trouble.
            let _ = stranger.send(&client_hello());
            let _ = stranger.send(&hello_verify_request());
            assert_silence(&stranger);
        }
    });
    for ssrc in 1..=3 {
        let mut peer = NativePeer::new().await;
        peer.add_track(RtpCodecKind::Audio, ssrc).await;
        room.connect_sender(&mut peer).await;
        peer.close().await;
    }
    flood.abort();
    let ended = flood.await.unwrap_err();
    assert!(ended.is_cancelled(), "the stranger got an answer");
}
