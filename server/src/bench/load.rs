//! The clients of a scenario, in a process of their own so that the server's CPU time is its own.
//!
//! | module | what it does |
//! |---|---|
//! | [`message`] | what the two processes say to each other over pipes |
//! | `leg` | one leg: connects, receives |
//! | `sender` | whose turn to send it is |
//! | `tally` | counts what arrives |

pub(super) mod leg;
pub(super) mod message;
pub(super) mod sender;
mod tally;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::SocketAddr,
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use self::{
    leg::{Leg, Outcome},
    message::{FromLoad, LoadReport, Plan, ToLoad, Tracks, write},
    sender::{CAMERA, Schedule, VOICE},
    tally::Tally,
};
use super::{
    BenchError,
    args::Profile,
    client::{ClientError, ClientIdentity, LightClient},
    cpu, kernel,
};

/// How long late packets are waited for.
const COOL_DOWN: Duration = Duration::from_millis(300);
/// How long the clients rest before they look at their sockets again; it is part of the latency.
const REST: Duration = Duration::from_micros(500);
/// How often the legs are asked what is due.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_millis(10);

/// Plays the clients of one scenario until its input ends.
///
/// # Errors
///
/// [`BenchError`] says what was in the way.
pub(super) fn run(core: usize, output: &mut impl Write) -> Result<(), BenchError> {
    cpu::pin(core)?;
    let (sender, messages) = channel();
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(message)) = message::read(&mut input) {
            if sender.send(message).is_err() {
                return;
            }
        }
    })?;
    let Ok(ToLoad::Setup { server, profile }) = messages.recv() else {
        return Err(BenchError::Load("it was not set up"));
    };
    let mut crowd = Crowd::new(server, profile)?;
    while let Some(message) = crowd.next_message(&messages, output)? {
        crowd.follow(message, output)?;
    }
    Ok(())
}

/// All clients, driven by one thread.
struct Crowd {
    server: SocketAddr,
    profile: Profile,
    identity: Arc<ClientIdentity>,
    legs: BTreeMap<u64, Leg>,
    kept_alive: Instant,
    tally: Tally,
}

impl Crowd {
    fn new(server: SocketAddr, profile: Profile) -> Result<Self, BenchError> {
        Ok(Self {
            server,
            profile,
            identity: Arc::new(ClientIdentity::generate().map_err(ClientError::from)?),
            legs: BTreeMap::new(),
            kept_alive: Instant::now(),
            tally: Tally::new(),
        })
    }

    /// Serves the legs until there is something to do; none when the scenario is over.
    fn next_message(
        &mut self,
        messages: &Receiver<ToLoad>,
        output: &mut impl Write,
    ) -> Result<Option<ToLoad>, BenchError> {
        loop {
            match messages.try_recv() {
                Ok(message) => return Ok(Some(message)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => self.serve(REST, output)?,
            }
        }
    }

    fn follow(&mut self, message: ToLoad, output: &mut impl Write) -> Result<(), BenchError> {
        match message {
            ToLoad::Setup { .. } => Err(BenchError::Load("it was set up twice")),
            ToLoad::Publish { leg, tracks } => self.publish(leg, tracks, output),
            ToLoad::Answer { leg, sdp } => self.begin(leg, &sdp, output),
            ToLoad::Receive { leg, sdp } => self.receive(leg, &sdp, output),
            ToLoad::Leave { leg } => {
                if let Some(leg) = self.legs.remove(&leg) {
                    leg.client.close();
                }
                Ok(())
            }
            ToLoad::Flow(plan) => {
                let report = self.flow(&plan, output)?;
                write(output, &FromLoad::Done(report))
            }
        }
    }

    fn publish(
        &mut self,
        leg: u64,
        tracks: Tracks,
        output: &mut impl Write,
    ) -> Result<(), BenchError> {
        let client = self.insert(leg, tracks)?;
        let offered = [tracks.camera.then_some(CAMERA), tracks.voice.then_some(VOICE)];
        let offered: Vec<_> = offered.into_iter().flatten().collect();
        let sdp = client.leg.offer(&offered);
        write(output, &FromLoad::Description { leg, sdp })
    }

    fn receive(
        &mut self,
        leg: u64,
        offer: &str,
        output: &mut impl Write,
    ) -> Result<(), BenchError> {
        let client = self.insert(leg, Tracks { camera: false, voice: false })?;
        let sdp = client.leg.answer(offer);
        write(output, &FromLoad::Description { leg, sdp })?;
        self.begin(leg, offer, output)
    }

    fn insert(&mut self, leg: u64, tracks: Tracks) -> Result<&mut LightClient, BenchError> {
        let client = LightClient::new(&self.identity, self.profile.into(), self.server)?;
        let entry = self.legs.entry(leg);
        Ok(&mut entry.insert_entry(Leg::new(client, tracks)?).into_mut().client)
    }

    /// Begins to connect.
    fn begin(&mut self, leg: u64, sdp: &str, output: &mut impl Write) -> Result<(), BenchError> {
        let Some(found) = self.legs.get_mut(&leg) else { return Ok(()) };
        found.client.leg.set_server(Instant::now(), sdp).map_err(ClientError::from)?;
        let outcome = found.follow_up();
        report(leg, outcome, output)
    }

    /// Rests for `rest`, takes what has arrived meanwhile, and keeps all legs alive.
    ///
    /// The sockets are looked at, not waited for: to wake a sleeper would be charged to the server.
    fn serve(&mut self, rest: Duration, output: &mut impl Write) -> Result<(), BenchError> {
        thread::sleep(rest);
        let ready = kernel::readable(self.legs.values().map(|leg| leg.client.socket()))?;
        for ((number, leg), _) in self.legs.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            report(*number, leg.receive(&mut self.tally), output)?;
        }
        let now = Instant::now();
        if now.saturating_duration_since(self.kept_alive) >= KEEP_ALIVE_INTERVAL {
            self.kept_alive = now;
            for (number, leg) in &mut self.legs {
                report(*number, leg.keep_alive(now), output)?;
            }
        }
        Ok(())
    }

    /// Sends at the planned pace while it receives; counts what belongs to the measured part.
    fn flow(&mut self, plan: &Plan, output: &mut impl Write) -> Result<LoadReport, BenchError> {
        let begin = Instant::now();
        let mut schedule = Schedule::new(&mut self.legs, plan, begin)?;
        self.send_until(begin + plan.warm_up, &mut schedule, plan, output)?;
        schedule.key_frames = false;
        let ports = self.ports();
        self.tally.reset();
        let (unread, cpu) = (kernel::dropped(&ports)?, cpu::thread_time());
        let measured = Instant::now();
        write(output, &FromLoad::Measuring)?;
        self.send_until(begin + plan.warm_up + plan.measured, &mut schedule, plan, output)?;
        let busy = cpu::thread_time().saturating_sub(cpu).as_secs_f64();
        self.tally.report.core = cpu::current_core();
        self.tally.report.core_percent = 100.0 * busy / measured.elapsed().as_secs_f64();
        let end = Instant::now() + COOL_DOWN;
        while Instant::now() < end {
            self.serve(REST, output)?;
        }
        self.tally.report.unread = kernel::dropped(&ports)?.saturating_sub(unread);
        Ok(self.tally.take())
    }

    fn send_until(
        &mut self,
        end: Instant,
        schedule: &mut Schedule,
        plan: &Plan,
        output: &mut impl Write,
    ) -> Result<(), BenchError> {
        loop {
            let now = Instant::now();
            let next = schedule.next().unwrap_or(end).min(end);
            if now >= end {
                return Ok(());
            }
            self.serve(next.saturating_duration_since(now).min(REST), output)?;
            schedule.send_due(Instant::now().min(end), plan, &mut self.legs, &mut self.tally)?;
        }
    }

    fn ports(&self) -> Vec<u16> {
        let addresses = self.legs.values().map(|leg| leg.client.socket().local_addr());
        let mut ports: Vec<u16> = addresses.flatten().map(|address| address.port()).collect();
        ports.sort_unstable();
        ports
    }
}

fn report(leg: u64, outcome: Option<Outcome>, output: &mut impl Write) -> Result<(), BenchError> {
    match outcome {
        None => Ok(()),
        Some(Outcome::Connected) => write(output, &FromLoad::Connected { leg }),
        Some(Outcome::Failed(reason)) => write(output, &FromLoad::Failed { leg, reason }),
    }
}
