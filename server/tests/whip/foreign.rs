//! aiortc, a WebRTC stack that none of us wrote, publishes and watches: real encoders and decoders,
//! its own payload types and header extension ids. `make integration` installs it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use shared::{
    ids::RoomId,
    signaling::{Event, Role},
};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    client::Server,
    publishing::{next, watch},
};

/// Where `make integration` says that Python has aiortc.
const PYTHON: &str = "AIORTC_PYTHON";

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whip/foreign.py");

/// Python starts, encodes and decodes in the middle of everything else that is tested.
const PATIENCE: Duration = Duration::from_secs(60);

/// One aiortc.
struct Foreigner {
    process: Child,
    lines: mpsc::Receiver<String>,
}

impl Foreigner {
    async fn start(server: &Server, room: &RoomId, role: &[&str]) -> Self {
        let python = std::env::var(PYTHON).unwrap_or_else(|_| panic!("{PYTHON} is not set"));
        let [verb, path, options @ ..] = role else { panic!("a verb and a path") };
        let url = format!("http://{}/{path}", server.running.http_address);
        let mut command = Command::new(python);
        command.arg(SCRIPT).args([verb, &*url, &*server.token(room, Role::Guest)]).args(options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (said, lines) = mpsc::channel(64);
        std::thread::spawn(move || {
            let mut lines = output.lines().map_while(Result::ok);
            lines.all(|line| said.blocking_send(line).is_ok())
        });
        let mut foreigner = Self { process, lines };
        foreigner.says("connected").await;
        foreigner
    }

    /// Waits until it says something.
    async fn says(&mut self, what: &str) {
        loop {
            let line = timeout(PATIENCE, self.lines.recv()).await;
            let line = line.unwrap_or_else(|_| panic!("it does not say {what:?}"));
            if line.unwrap_or_else(|| panic!("it ended without saying {what:?}")) == what {
                return;
            }
        }
    }

    /// Has it go.
    async fn leave(mut self) {
        drop(self.process.stdin.take());
        self.says("gone").await;
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Foreigner {
    /// Leaves no process behind when a test fails; one that has gone is gone.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
#[ignore = "needs aiortc, which `make integration` installs"]
async fn a_foreign_publisher_is_seen_in_the_room_and_by_foreign_viewers() {
    // The machine's own addresses: aiortc has no candidate on loopback.
    let server = Server::start_with(|config| config.media.public_ip = "".parse().unwrap()).await;
    let room = server.create_room();
    let (mut bob, _) = server.join(&room).await;
    let (whip, whep) = (format!("whip/{room}?name=Studio"), format!("whep/{room}"));
    let red = Foreigner::start(&server, &room, &["publish", &whip, "red", "VP8"]).await;
    let Event::PeerJoined(joined) = next(&mut bob).await else { panic!("not peerJoined") };
    assert_eq!(joined.display_name, "Studio");
    let mut producers = Vec::new();
    while producers.len() < 2 {
        if let Event::NewProducer(told) = next(&mut bob).await {
            producers.push(told.producer.producer_id);
        }
    }
    let mut browser = watch(&mut bob, &producers).await;
    browser.receive(RtpCodecKind::Video, 10).await;
    browser.receive(RtpCodecKind::Audio, 10).await;

    let mut viewer = Foreigner::start(&server, &room, &["watch", &whep]).await;
    viewer.says("video red").await;
    // The next one encodes as OBS does; the decoder of the one m-line has to follow.
    let blue = Foreigner::start(&server, &room, &["publish", &whip, "blue", "H264"]).await;
    red.leave().await;
    viewer.says("video blue").await;
    blue.leave().await;
    viewer.leave().await;
    assert!(server.running.app.sessions.is_empty());
    browser.close().await;
}

#[tokio::test]
#[ignore = "needs aiortc, which `make integration` installs"]
async fn a_foreign_viewer_hears_and_sees_one_participant() {
    let server = Server::start_with(|config| config.media.public_ip = "".parse().unwrap()).await;
    let room = server.create_room();
    let whip = format!("whip/{room}");
    let green = Foreigner::start(&server, &room, &["publish", &whip, "green", "VP8"]).await;
    let participants = server.running.app.rooms.participants(&room).unwrap();
    let path = format!("whep/{room}/{}", participants[0].id);
    let mut viewer = Foreigner::start(&server, &room, &["watch", &path]).await;
    viewer.says("audio").await;
    viewer.leave().await;
    let mut viewer = Foreigner::start(&server, &room, &["watch", &path]).await;
    viewer.says("video green").await;
    viewer.leave().await;
    green.leave().await;
}
