//! Whether media would come through can be tried without a room, within bounds, and leaves nothing.

use std::time::{Duration, Instant};

use open_stream::config::Config;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use serde_json::{Value, json};
use shared::limits::MAX_BODY_BYTES;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    native::{NativePeer, PATIENCE},
    signaling::Server,
};

/// Posts a body; returns the status and what came back.
async fn post(server: &Server, body: &str) -> (u16, Value) {
    let address = server.running.http_address;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/check HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
}

async fn try_out(server: &Server, offer: &str) -> (u16, Value) {
    post(server, &json!({ "offer": offer }).to_string()).await
}

async fn offering() -> (NativePeer, String) {
    let mut peer = NativePeer::new().await;
    peer.add_track(RtpCodecKind::Audio, 1).await;
    let offer = peer.offer().await;
    (peer, offer)
}

/// Routers, transports and entries of the demultiplexer.
async fn held(server: &Server) -> [u64; 3] {
    let report = server.running.app.media.statistics().await;
    let worker = &report.workers[0].worker;
    [worker.routers, worker.transports, worker.demux_entries]
}

async fn expect_nothing_held(server: &Server) {
    let deadline = Instant::now() + PATIENCE;
    while held(server).await != [0; 3] || !server.running.app.checks.is_empty() {
        assert!(Instant::now() < deadline, "{:?} are left", held(server).await);
        tokio::task::yield_now().await;
    }
}

fn lasting(lifetime: Duration) -> impl FnOnce(&mut Config) {
    move |config| config.bounds.checks.lifetime = lifetime
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ice_and_dtls_connect_and_the_trial_ends_by_itself() {
    let server = Server::start_with(lasting(Duration::from_secs(2))).await;
    let (mut peer, offer) = offering().await;
    let (status, body) = try_out(&server, &offer).await;
    assert_eq!((status, &body["iceServers"]), (200, &json!([])));
    let answer = body["answer"].as_str().unwrap();
    for way in [" udp ", " tcp "] {
        let leads = |line: &str| line.starts_with("a=candidate:") && line.contains(way);
        assert!(answer.lines().any(leads), "the answer leads here by{way}");
    }
    peer.accept(answer.to_owned()).await;
    peer.connected().await;
    assert_eq!(server.running.app.checks.len(), 1);
    // Nobody says goodbye: time ends it.
    expect_nothing_held(&server).await;
    peer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_only_so_many_trials_at_once() {
    let server = Server::start_with(|config| {
        config.bounds.checks.max_checks = 2;
        config.bounds.checks.lifetime = Duration::from_secs(2);
    })
    .await;
    let (peer, offer) = offering().await;
    assert_eq!(try_out(&server, &offer).await.0, 200);
    assert_eq!(try_out(&server, &offer).await.0, 200);
    let (status, body) = try_out(&server, &offer).await;
    assert_eq!((status, &body["code"]), (503, &json!("server_busy")));
    expect_nothing_held(&server).await;
    assert_eq!(try_out(&server, &offer).await.0, 200, "there is room again");
    peer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_may_not_try_for_ever() {
    let server = Server::start_with(|config| config.http.check_limit = 3).await;
    let (peer, offer) = offering().await;
    for _ in 0..3 {
        assert_eq!(try_out(&server, &offer).await.0, 200);
    }
    let (status, body) = try_out(&server, &offer).await;
    assert_eq!((status, &body["code"]), (429, &json!("too_many")));
    peer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_offer_is_refused_and_holds_nothing() {
    let server = Server::start().await;
    for (offer, code) in [("", "sdp_invalid"), ("v=0\r\nm=audio", "sdp_invalid")] {
        let (status, body) = try_out(&server, offer).await;
        assert_eq!((status, &body["code"]), (400, &json!(code)), "{offer:?}");
    }
    assert_eq!(post(&server, "{}").await.1["code"], "bad_request");
    let huge = "x".repeat(MAX_BODY_BYTES + 1);
    assert_eq!(try_out(&server, &huge).await.1["code"], "body_too_large");
    expect_nothing_held(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_does_not_wait_for_trials() {
    let server = Server::start().await;
    let (peer, offer) = offering().await;
    assert_eq!(try_out(&server, &offer).await.0, 200);
    assert_eq!(server.finish().await, open_stream::shutdown::Finish::Complete);
    peer.close().await;
}
