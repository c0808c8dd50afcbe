//! The server and the clients of a scenario, and how they are brought together.
//!
//! The server's media workers run in this process on one core, the clients in another process on
//! another core. Signaling is left out: the scenario itself carries descriptions to and fro.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sfu::{
    DEFAULT_MAX_CAMERAS, WorkerStatistics,
    command::{Command, CommandReply},
};
use shared::{
    ids::{ConsumerId, ProducerId, RouterId, TransportId},
    media::Source,
    signaling::Direction,
};

use super::{
    BenchError,
    args::Profile,
    cpu::{self, Cores, ProcessTime},
    kernel,
    load::message::{FromLoad, LoadReport, Plan, ToLoad, Tracks},
    process::{Answer, Awaited, Load},
};
use crate::media::{Media, MediaConfig, MediaStatistics, WorkerReport};

/// Server and clients; clones are the same ones.
#[derive(Clone)]
pub(super) struct Stage(Arc<Inner>);

struct Inner {
    media: Media,
    load: Load,
    next_id: AtomicU64,
}

/// A leg that sends.
pub(super) struct Publication {
    pub(super) leg: u64,
    pub(super) producers: Vec<ProducerId>,
    connected: Answer,
}

/// A leg that receives.
pub(super) struct Reception {
    pub(super) leg: u64,
    consumers: Vec<ConsumerId>,
    connected: Answer,
}

/// What happened in the measured part of a flow.
pub(super) struct Measured {
    /// Where the two ran.
    pub(super) cores: Cores,
    pub(super) load: LoadReport,
    pub(super) cpu: ProcessTime,
    pub(super) time: Duration,
    pub(super) datagrams: u64,
    pub(super) sends: u64,
    /// Datagrams that came to the server and that it was too slow to read.
    pub(super) unread: u64,
}

impl Stage {
    /// Starts both.
    pub(super) fn start(cores: Cores, profile: Profile) -> Result<Self, BenchError> {
        cpu::pin(cores.server)?;
        let public_ips = vec![IpAddr::V4(Ipv4Addr::LOCALHOST).into()];
        let media = Media::start(MediaConfig {
            port: 0,
            public_ips,
            workers: 1,
            max_cameras: DEFAULT_MAX_CAMERAS,
        })?;
        let server = media.candidates().first().copied();
        let server = server.ok_or(BenchError::Load("it has no server"))?;
        let load = Load::start(cores.load)?;
        load.tell(&ToLoad::Setup { server, profile })?;
        Ok(Self(Arc::new(Inner { media, load, next_id: AtomicU64::new(0) })))
    }

    /// Opens a room.
    pub(super) async fn open(&self, room: RouterId) -> Result<(), BenchError> {
        self.command(room, Command::CreateRouter { router_id: room }).await.map(drop)
    }

    /// Adds a leg that sends; it connects meanwhile.
    pub(super) async fn publish(
        &self,
        room: RouterId,
        tracks: Tracks,
        paused: bool,
    ) -> Result<Publication, BenchError> {
        let leg = self.new_id();
        let transport_id = TransportId(leg);
        let offer = self.0.load.expect(Awaited::Description(leg));
        self.0.load.tell(&ToLoad::Publish { leg, tracks })?;
        let direction = Direction::Send;
        let create = Command::CreateTransport { router_id: room, transport_id, direction };
        self.command(room, create).await?;
        let FromLoad::Description { sdp, .. } = offer.get().await? else {
            return Err(BenchError::Load("it made no offer"));
        };
        let sdp = self.description(room, Command::AcceptOffer { transport_id, sdp }).await?;
        let connected = self.0.load.expect(Awaited::Connected(leg));
        self.0.load.tell(&ToLoad::Answer { leg, sdp })?;
        let sources = [(tracks.camera, Source::Camera), (tracks.voice, Source::Microphone)];
        let mut producers = Vec::new();
        for (_, source) in sources.into_iter().filter(|(is_sent, _)| *is_sent) {
            let producer_id = ProducerId(self.new_id());
            let mid = producers.len().to_string();
            self.command(room, Command::Produce { transport_id, producer_id, mid, source, paused })
                .await?;
            producers.push(producer_id);
        }
        Ok(Publication { leg, producers, connected })
    }

    /// Adds a leg that receives what of `producers` is still there; it connects meanwhile.
    pub(super) async fn receive(
        &self,
        room: RouterId,
        producers: &[ProducerId],
    ) -> Result<Reception, BenchError> {
        let leg = self.new_id();
        let transport_id = TransportId(leg);
        let direction = Direction::Recv;
        let create = Command::CreateTransport { router_id: room, transport_id, direction };
        self.command(room, create).await?;
        let mut consumers = Vec::new();
        for producer_id in producers.iter().copied() {
            let consumer_id = ConsumerId(self.new_id());
            let stream = producer_id.0.to_string();
            let consume = Command::Consume { transport_id, consumer_id, producer_id, stream };
            if self.command(room, consume).await.is_ok() {
                consumers.push(consumer_id);
            }
        }
        let sdp = self.description(room, Command::CreateOffer { transport_id }).await?;
        let answer = self.0.load.expect(Awaited::Description(leg));
        let connected = self.0.load.expect(Awaited::Connected(leg));
        self.0.load.tell(&ToLoad::Receive { leg, sdp })?;
        let FromLoad::Description { sdp, .. } = answer.get().await? else {
            return Err(BenchError::Load("it made no answer"));
        };
        self.command(room, Command::AcceptAnswer { transport_id, sdp }).await?;
        Ok(Reception { leg, consumers, connected })
    }

    /// Waits until a leg that sends is connected; returns what it publishes.
    pub(super) async fn published(&self, leg: Publication) -> Result<Vec<ProducerId>, BenchError> {
        leg.connected.get().await?;
        Ok(leg.producers)
    }

    /// Waits until a leg that receives is connected, and starts its consumers.
    pub(super) async fn received(&self, room: RouterId, leg: Reception) -> Result<(), BenchError> {
        leg.connected.get().await?;
        for consumer_id in leg.consumers {
            // Its publisher may have left.
            let _ = self.command(room, Command::ResumeConsumer { consumer_id }).await;
        }
        Ok(())
    }

    /// Ends a leg.
    pub(super) async fn leave(&self, room: RouterId, leg: u64) -> Result<(), BenchError> {
        let close = Command::CloseTransport { transport_id: TransportId(leg) };
        self.command(room, close).await?;
        self.0.load.tell(&ToLoad::Leave { leg })
    }

    /// Lets media flow, and measures the server meanwhile.
    pub(super) async fn flow(&self, plan: Plan) -> Result<Measured, BenchError> {
        let (measuring, done) =
            (self.0.load.expect(Awaited::Measuring), self.0.load.expect(Awaited::Done));
        self.0.load.tell(&ToLoad::Flow(plan))?;
        measuring.get().await?;
        let ports = [self.0.media.port()];
        let (before, unread) = (self.0.media.statistics().await, kernel::dropped(&ports)?);
        let (cpu, begun) = (ProcessTime::now()?, Instant::now());
        tokio::time::sleep(plan.measured).await;
        let (cpu, time) = (ProcessTime::now()?.since(cpu), begun.elapsed());
        let FromLoad::Done(load) = done.get().await? else {
            return Err(BenchError::Load("the flow did not end"));
        };
        let after = self.0.media.statistics().await;
        let (before, after) = (sent(&before), sent(&after));
        Ok(Measured {
            cores: Cores { server: cpu::current_core(), load: load.core },
            load,
            cpu,
            time,
            datagrams: after.0.saturating_sub(before.0),
            sends: after.1.saturating_sub(before.1),
            unread: kernel::dropped(&ports)?.saturating_sub(unread),
        })
    }

    /// Transports, producers and consumers that the server still has.
    pub(super) async fn left_behind(&self) -> u64 {
        let of_worker = |worker: &WorkerReport| {
            let WorkerStatistics { transports, producers, consumers, .. } = worker.worker;
            transports + producers + consumers
        };
        self.0.media.statistics().await.workers.iter().map(of_worker).sum()
    }

    /// Ends the server.
    pub(super) async fn close(self) {
        self.0.media.close().await;
    }

    fn new_id(&self) -> u64 {
        self.0.next_id.fetch_add(1, Ordering::Relaxed)
    }

    async fn description(&self, room: RouterId, command: Command) -> Result<String, BenchError> {
        match self.command(room, command).await? {
            CommandReply::Description(sdp) => Ok(sdp),
            _ => Err(BenchError::Load("it was given no description")),
        }
    }

    async fn command(&self, room: RouterId, command: Command) -> Result<CommandReply, BenchError> {
        Ok(self.0.media.command(room, command).await?)
    }
}

/// Datagrams that were sent so far, and the system calls that did it.
fn sent(all: &MediaStatistics) -> (u64, u64) {
    let sockets = all.workers.iter().map(|worker| worker.socket);
    sockets.fold((0, 0), |sum, one| (sum.0 + one.datagrams_sent, sum.1 + one.sends))
}
