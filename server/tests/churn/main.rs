//! Who leaves, leaves nothing behind: not in memory, not in descriptors, not in tasks, not in the
//! media workers.
//!
//! A binary with one test, because what is measured is the whole process.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail as tests do")]

mod holdings;
#[path = "../media/participant.rs"]
mod participant;
#[path = "../signaling/client.rs"]
#[expect(dead_code, reason = "the tests of signaling use the rest")]
mod signaling;

use std::{sync::Arc, time::Instant};

use open_stream::bench::client::{ClientIdentity, LightClient, LocalTrack};
use sfu::{codec::Codec, transport::srtp::SrtpProfile};
use shared::{
    ids::{ProducerId, RoomId, TransportId},
    media::Source,
    signaling::{Direction, Event, Request},
};

use crate::{
    holdings::{Holdings, resident_bytes},
    participant::Participant,
    signaling::{Client, PATIENCE, Server, guest},
};

const AUDIO: LocalTrack = LocalTrack { codec: Codec::Opus, ssrc: 1 };
const VIDEO: LocalTrack = LocalTrack { codec: Codec::Vp8, ssrc: 2 };
/// Joins before the first measurement: pools and tables have grown to their size then.
const WARM_UP: usize = 100;
/// Joins that are measured.
const JOINS: usize = 1000;
/// What the resident set may grow by over all joins: 512 bytes a join is the allocators' noise.
const GROWTH_MAX: u64 = 512 * JOINS as u64;

/// How someone leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// By saying so on the WebSocket; the media transports are just dropped.
    BySignaling,
    /// By a goodbye on each media transport first.
    ByGoodbye,
}

/// A server with someone in a room who stays.
struct House {
    server: Server,
    room: RoomId,
    identity: Arc<ClientIdentity>,
    resident: Client,
    leg: LightClient,
    voice: ProducerId,
}

impl House {
    async fn open() -> Self {
        let server =
            Server::start_with(|config| config.media.workers = 2.try_into().unwrap()).await;
        let room = server.create_room();
        let identity = Arc::new(ClientIdentity::generate().unwrap());
        let (mut resident, _) = server.join(&room).await;
        let (leg, sends) = send(&server, &identity, &mut resident, &[AUDIO]).await;
        let voice = resident.produce(sends, "0", Source::Microphone).await;
        Self { server, room, identity, resident, leg, voice }
    }

    /// Someone comes in with microphone and camera, receives the resident, and leaves.
    async fn visit(&mut self, leaving: Leaving) {
        let mut visitor = self.server.connect().await;
        visitor.join(guest(&self.room)).await.unwrap();
        let (sender, sends) =
            send(&self.server, &self.identity, &mut visitor, &[AUDIO, VIDEO]).await;
        visitor.produce(sends, "0", Source::Microphone).await;
        visitor.produce(sends, "1", Source::Camera).await;
        let receiver = receive(&self.server, &self.identity, &mut visitor, self.voice).await;
        if leaving == Leaving::ByGoodbye {
            for leg in [sender, receiver] {
                leg.close();
                let event = visitor.event().await;
                assert!(matches!(event, Event::TransportFailed(_)), "{event:?}");
            }
        }
        visitor.done(Request::Leave).await;
        assert_eq!(visitor.close_code().await, 1000);
        self.hear_of_visit().await;
    }

    /// The resident reads what it is told until the visitor has left, and lives on.
    async fn hear_of_visit(&mut self) {
        while !matches!(self.resident.event().await, Event::PeerLeft(_)) {}
        self.leg.keep_alive().unwrap();
    }
}

fn light_client(server: &Server, identity: &Arc<ClientIdentity>) -> LightClient {
    let address = server.running.media_addresses[0];
    LightClient::new(identity, SrtpProfile::AeadAes128Gcm, address).unwrap()
}

/// Connects a send transport.
async fn send(
    server: &Server,
    identity: &Arc<ClientIdentity>,
    client: &mut Client,
    tracks: &[LocalTrack],
) -> (LightClient, TransportId) {
    let mut light = light_client(server, identity);
    let transport = client.create_transport(Direction::Send).await;
    let answer = client.offer(transport, light.leg.offer(tracks)).await;
    light.leg.set_server(Instant::now(), &answer).unwrap();
    tokio::task::block_in_place(|| light.connect(PATIENCE)).unwrap();
    (light, transport)
}

/// Connects a receive transport, and has a producer flow over it.
async fn receive(
    server: &Server,
    identity: &Arc<ClientIdentity>,
    client: &mut Client,
    producer: ProducerId,
) -> LightClient {
    let mut light = light_client(server, identity);
    let transport = client.create_transport(Direction::Recv).await;
    let (offer, consumers) = client.consume_all(transport, &[producer]).await;
    light.leg.set_server(Instant::now(), &offer).unwrap();
    client.answer(transport, light.leg.answer(&offer)).await;
    tokio::task::block_in_place(|| light.connect(PATIENCE)).unwrap();
    client.resume_all(consumers).await;
    light
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_participants_come_and_go_without_a_trace() {
    let mut house = House::open().await;
    let media = house.server.running.app.media.clone();
    let before = Holdings::of(&media).await;
    let mut resident_before = 0;
    for visit in 0..WARM_UP + JOINS {
        if visit == WARM_UP {
            resident_before = resident_bytes();
        }
        let leaving = if visit % 2 == 0 { Leaving::BySignaling } else { Leaving::ByGoodbye };
        house.visit(leaving).await;
    }
    let growth = resident_bytes().saturating_sub(resident_before);
    assert_eq!(Holdings::settled(&media, &before).await, before);
    assert!(growth <= GROWTH_MAX, "the resident set grew by {growth} bytes");
}
