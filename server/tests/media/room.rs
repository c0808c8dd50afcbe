//! The media workers of a test, and the commands that signaling would give them.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicU64, Ordering},
};

use open_stream::{
    bench::client::{ClientIdentity, LightClient, LocalTrack},
    media::{Media, MediaConfig, MediaError, MediaEvent, MediaStatistics},
};
use sfu::{
    command::{Command, CommandReply},
    transport::srtp::SrtpProfile,
};
use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::Source,
    signaling::Direction,
};
use std::sync::Arc;
use tokio::{sync::mpsc, time::timeout};

use crate::native::{NativePeer, PATIENCE};

/// Media workers on loopback.
pub(crate) struct Server {
    pub(crate) media: Media,
    pub(crate) events: mpsc::Receiver<MediaEvent>,
    identity: Arc<ClientIdentity>,
}

/// One room of a [`Server`].
#[derive(Debug, Clone)]
pub(crate) struct Room {
    media: Media,
    pub(crate) router: RouterId,
    identity: Arc<ClientIdentity>,
}

impl Server {
    pub(crate) fn start(workers: usize) -> Self {
        let public_ips = vec![IpAddr::V4(Ipv4Addr::LOCALHOST).into()];
        let media =
            Media::start(MediaConfig { port: 0, public_ips, workers, max_cameras: 49 }).unwrap();
        let events = media.events().unwrap();
        Self { media, events, identity: Arc::new(ClientIdentity::generate().unwrap()) }
    }

    pub(crate) async fn room(&self) -> Room {
        let router = RouterId(next_id());
        let room = Room { media: self.media.clone(), router, identity: Arc::clone(&self.identity) };
        room.command(Command::CreateRouter { router_id: router }).await;
        room
    }

    /// The next event, which must come.
    pub(crate) async fn event(&mut self) -> MediaEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event comes").unwrap()
    }

    /// One number of all workers together.
    pub(crate) async fn sum(&self, count: impl Fn(&MediaStatistics) -> u64) -> u64 {
        count(&self.media.statistics().await)
    }
}

impl Room {
    /// Does what must succeed.
    pub(crate) async fn command(&self, command: Command) -> CommandReply {
        self.try_command(command).await.unwrap()
    }

    pub(crate) async fn try_command(&self, command: Command) -> Result<CommandReply, MediaError> {
        self.media.command(self.router, command).await
    }

    pub(crate) async fn transport(&self, direction: Direction) -> TransportId {
        let transport_id = TransportId(next_id());
        let router_id = self.router;
        self.command(Command::CreateTransport { router_id, transport_id, direction }).await;
        transport_id
    }

    /// Our answer to a client's offer.
    pub(crate) async fn accept_offer(&self, transport_id: TransportId, sdp: String) -> String {
        description(self.command(Command::AcceptOffer { transport_id, sdp }).await)
    }

    pub(crate) async fn offer(&self, transport_id: TransportId) -> String {
        description(self.command(Command::CreateOffer { transport_id }).await)
    }

    pub(crate) async fn accept_answer(&self, transport_id: TransportId, sdp: String) {
        let reply = self.command(Command::AcceptAnswer { transport_id, sdp }).await;
        assert_eq!(reply, CommandReply::Answered { refused: Vec::new() });
    }

    pub(crate) async fn produce(
        &self,
        transport_id: TransportId,
        mid: &str,
        source: Source,
    ) -> ProducerId {
        let producer_id = ProducerId(next_id());
        let mid = mid.to_owned();
        let produce = Command::Produce { transport_id, producer_id, mid, source, paused: false };
        assert!(matches!(self.command(produce).await, CommandReply::Produced { .. }));
        producer_id
    }

    pub(crate) async fn consume(
        &self,
        transport_id: TransportId,
        producer_id: ProducerId,
    ) -> ConsumerId {
        let consumer_id = ConsumerId(next_id());
        let stream = "publisher".to_owned();
        let consume = Command::Consume { transport_id, consumer_id, producer_id, stream };
        assert!(matches!(self.command(consume).await, CommandReply::Consumed { .. }));
        consumer_id
    }

    /// Connects a peer that sends; returns its transport.
    pub(crate) async fn connect_sender(&self, peer: &mut NativePeer) -> TransportId {
        let transport = self.transport(Direction::Send).await;
        let answer = self.accept_offer(transport, peer.offer().await).await;
        peer.accept(answer).await;
        peer.connected().await;
        transport
    }

    /// Connects a peer that receives `producers`, and starts their flow.
    pub(crate) async fn connect_receiver(
        &self,
        peer: &mut NativePeer,
        producers: &[ProducerId],
    ) -> TransportId {
        let transport = self.transport(Direction::Recv).await;
        let mut consumers = Vec::new();
        for producer in producers {
            consumers.push(self.consume(transport, *producer).await);
        }
        let answer = peer.answer(self.offer(transport).await).await;
        self.accept_answer(transport, answer).await;
        peer.connected().await;
        for consumer_id in consumers {
            self.command(Command::ResumeConsumer { consumer_id }).await;
        }
        transport
    }

    /// A light client with tracks to send, told where to connect.
    pub(crate) async fn light_sender(
        &self,
        profile: SrtpProfile,
        tracks: &[LocalTrack],
    ) -> (LightClient, TransportId) {
        let server = self.media.candidates()[0];
        let mut client = LightClient::new(&self.identity, profile, server).unwrap();
        let transport = self.transport(Direction::Send).await;
        let answer = self.accept_offer(transport, client.leg.offer(tracks)).await;
        client.leg.set_server(std::time::Instant::now(), &answer).unwrap();
        (client, transport)
    }

    /// A light client that receives, told where to connect.
    pub(crate) async fn light_receiver(
        &self,
        profile: SrtpProfile,
        producers: &[ProducerId],
    ) -> (LightClient, TransportId, Vec<ConsumerId>) {
        let server = self.media.candidates()[0];
        let mut client = LightClient::new(&self.identity, profile, server).unwrap();
        let transport = self.transport(Direction::Recv).await;
        let mut consumers = Vec::new();
        for producer in producers {
            consumers.push(self.consume(transport, *producer).await);
        }
        let offer = self.offer(transport).await;
        client.leg.set_server(std::time::Instant::now(), &offer).unwrap();
        self.accept_answer(transport, client.leg.answer(&offer)).await;
        (client, transport, consumers)
    }
}

fn description(reply: CommandReply) -> String {
    match reply {
        CommandReply::Description(sdp) => sdp,
        other => panic!("not a description: {other:?}"),
    }
}

/// Ids are never used twice.
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
