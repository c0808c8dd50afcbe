//! The media of all guests: their legs, carried by one thread.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use sfu::{rtp::RtpPacket, transport::srtp::SrtpProfile};
use tokio::sync::oneshot;

use super::{
    line::GuestError,
    performance::{Clips, Part, Performance},
};
use crate::bench::{
    BenchError,
    client::{ClientError, ClientIdentity, ClientLeg, LightClient},
    kernel,
    load::{
        leg::{Audience, Leg, Outcome},
        message::Tracks,
    },
};

/// How long the thread rests before it looks at the sockets again: what came meanwhile is taken at
/// once, and twelve thousand packets a second cost no wakeup each.
const REST: Duration = Duration::from_millis(4);
/// Of the packets that are received, one in so many is opened and looked at.
const SAMPLE: u64 = 16;
/// What every server and every browser knows.
const PROFILES: [SrtpProfile; 2] = [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1];

/// The legs; clones are the same ones. They end with the last clone.
#[derive(Clone)]
pub(super) struct Floor(Arc<Shared>);

struct Shared {
    identity: Arc<ClientIdentity>,
    places: Mutex<Places>,
}

struct Places {
    begun: Instant,
    clips: Arc<Clips>,
    last_id: u64,
    seats: BTreeMap<u64, Seat>,
    tally: Tally,
}

struct Seat {
    leg: Leg,
    connecting: Option<oneshot::Sender<Result<(), String>>>,
    /// What it will send, and does, once it is connected.
    part: Option<Part>,
    performance: Option<Performance>,
}

/// Packets of media.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) received: u64,
    /// Of those, opened.
    pub(super) opened: u64,
    /// Of those, what nobody can play.
    pub(super) broken: u64,
}

/// One leg: a guest's way to send, or to receive. It ends when this is dropped.
pub(super) struct Place {
    floor: Floor,
    id: u64,
    connected: Option<oneshot::Receiver<Result<(), String>>>,
}

impl Floor {
    /// Starts the thread.
    pub(super) fn open() -> Result<Self, BenchError> {
        let identity = Arc::new(ClientIdentity::generate().map_err(ClientError::from)?);
        let places = Mutex::new(Places {
            begun: Instant::now(),
            clips: Clips::load(),
            last_id: 0,
            seats: BTreeMap::new(),
            tally: Tally::default(),
        });
        let shared = Arc::new(Shared { identity, places });
        let weak = Arc::downgrade(&shared);
        thread::Builder::new().name("guests".to_owned()).spawn(move || carry(&weak))?;
        Ok(Self(shared))
    }

    /// A leg that is nowhere yet.
    pub(super) fn leg(&self) -> Result<ClientLeg, GuestError> {
        Ok(ClientLeg::with_profiles(&self.0.identity, PROFILES.to_vec())?)
    }

    /// Has a leg connect to its server; with a part it sends then, else it receives.
    pub(super) fn seat(
        &self,
        leg: ClientLeg,
        server: SocketAddr,
        part: Option<Part>,
    ) -> Result<Place, GuestError> {
        let tracks = Tracks { camera: part.is_some(), voice: part.is_some() };
        let client = LightClient::of(leg, server)?;
        let leg = Leg::new(client, tracks).map_err(|error| GuestError::Play(error.to_string()))?;
        let (connecting, connected) = oneshot::channel();
        let mut places = self.places();
        places.last_id += 1;
        let id = places.last_id;
        let connecting = Some(connecting);
        places.seats.insert(id, Seat { leg, connecting, part, performance: None });
        Ok(Place { floor: self.clone(), id, connected: Some(connected) })
    }

    /// What has flowed so far.
    pub(super) fn tally(&self) -> Tally {
        self.places().tally
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        lock(&self.0.places)
    }
}

impl Place {
    /// Waits until media can flow.
    pub(super) async fn connected(&mut self) -> Result<(), GuestError> {
        let Some(connected) = self.connected.take() else { return Ok(()) };
        let connected = connected.await.map_err(|_| GuestError::Play("they ended".to_owned()))?;
        connected.map_err(GuestError::Play)
    }

    /// The answer to another offer of the same transport.
    pub(super) fn answer(&self, offer: &str) -> Option<String> {
        Some(self.floor.places().seats.get(&self.id)?.leg.client.leg.answer(offer))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let seat = self.floor.places().seats.remove(&self.id);
        if let Some(seat) = seat {
            seat.leg.client.close();
        }
    }
}

/// Carries media until nobody is interested any more.
fn carry(shared: &Weak<Shared>) {
    while let Some(shared) = shared.upgrade() {
        let failed = lock(&shared.places).serve(Instant::now());
        drop(shared);
        if failed.is_err() {
            // Poll has nothing to say about our own sockets but that memory is short.
            thread::sleep(Duration::from_secs(1));
        }
        thread::sleep(REST);
    }
}

impl Places {
    fn serve(&mut self, now: Instant) -> Result<(), BenchError> {
        let ready = kernel::readable(self.seats.values().map(|seat| seat.leg.client.socket()))?;
        for (seat, ready) in self.seats.values_mut().zip(ready) {
            if ready {
                let outcome = seat.leg.receive(&mut self.tally);
                seat.conclude(outcome);
            }
            let outcome = seat.leg.keep_alive(now).or_else(|| seat.leg.follow_up());
            seat.conclude(outcome);
            if let Some(part) = seat.part.filter(|_| seat.leg.client.leg.is_connected()) {
                self.tally.sent += seat.perform(now, part, &self.clips, self.begun);
            }
        }
        Ok(())
    }
}

impl Seat {
    fn conclude(&mut self, outcome: Option<Outcome>) {
        let result = match outcome {
            None => return,
            Some(Outcome::Connected) => Ok(()),
            Some(Outcome::Failed(reason)) => Err(reason),
        };
        if let Some(connecting) = self.connecting.take() {
            // Who left meanwhile does not need to know.
            let _ = connecting.send(result);
        }
    }

    /// Sends what is due. A leg that cannot send falls silent; the server ends it then, and says so.
    fn perform(&mut self, now: Instant, part: Part, clips: &Arc<Clips>, begun: Instant) -> u64 {
        if self.performance.is_none() {
            self.performance = Performance::begin(part, clips, &mut self.leg, begun).ok();
        }
        let Some(performance) = &mut self.performance else { return 0 };
        performance.go_on(now, &mut self.leg).unwrap_or_default()
    }
}

impl Audience for Tally {
    fn count(&mut self) -> bool {
        self.received += 1;
        self.received.is_multiple_of(SAMPLE)
    }

    fn check(&mut self, packet: &[u8]) {
        self.opened += 1;
        self.broken += u64::from(RtpPacket::parse(packet).is_err());
    }
}

/// Locks what is consistent after every statement.
fn lock(places: &Mutex<Places>) -> MutexGuard<'_, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}
