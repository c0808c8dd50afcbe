//! One leg of a client, and what it sends.

use std::time::{Duration, Instant};

use socket2::SockRef;

use super::{
    message::{Stream, Tracks},
    sender::{CAMERA, VOICE, prepare_track},
};
use crate::bench::{
    BenchError,
    client::{ClientError, Incoming, LightClient, SendTrack},
};

/// How long a leg may take to connect.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// Asked of the kernel for each leg, so that a burst of many publishers finds room.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;
/// More than any datagram has.
const DATAGRAM_BYTES: usize = 2048;
/// Datagrams that are taken from one leg before the next one's turn.
const DATAGRAMS_PER_TURN: usize = 64;

/// What becomes of the packets of media that a leg receives.
pub(in crate::bench) trait Audience {
    /// Counts a packet; returns whether it shall be opened.
    fn count(&mut self) -> bool;
    /// Looks at a packet that was opened.
    fn check(&mut self, packet: &[u8]);
}

/// A leg of a client.
pub(in crate::bench) struct Leg {
    pub(in crate::bench) client: LightClient,
    /// What it offered to send.
    tracks: Tracks,
    camera: Option<SendTrack>,
    voice: Option<SendTrack>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting { deadline: Instant },
    Connected,
    Failed,
}

/// What became of a leg's attempt to connect.
pub(in crate::bench) enum Outcome {
    Connected,
    Failed(String),
}

impl Leg {
    pub(in crate::bench) fn new(client: LightClient, tracks: Tracks) -> Result<Self, BenchError> {
        client.socket().set_nonblocking(true)?;
        // A smaller buffer may do; what it drops is counted.
        let _ = SockRef::from(client.socket()).set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
        let deadline = Instant::now() + CONNECT_PATIENCE;
        let phase = Phase::Connecting { deadline };
        Ok(Self { client, tracks, camera: None, voice: None, phase })
    }

    /// Makes a track ready to be sent; `false` if this leg has none of its kind.
    pub(in crate::bench) fn prepare(
        &mut self,
        is_camera: bool,
        stream: &Stream,
    ) -> Result<bool, BenchError> {
        let (offered, track, local) = if is_camera {
            (self.tracks.camera, &mut self.camera, CAMERA)
        } else {
            (self.tracks.voice, &mut self.voice, VOICE)
        };
        if offered {
            prepare_track(&mut self.client, track, local, stream)?;
        }
        Ok(offered)
    }

    pub(in crate::bench) fn track(
        &mut self,
        is_camera: bool,
    ) -> Option<(&mut LightClient, &mut SendTrack)> {
        let track = if is_camera { &mut self.camera } else { &mut self.voice };
        Some((&mut self.client, track.as_mut()?))
    }

    /// Takes what has arrived; returns whether that concluded its attempt to connect.
    pub(in crate::bench) fn receive(&mut self, audience: &mut impl Audience) -> Option<Outcome> {
        let mut buffer = [0; DATAGRAM_BYTES];
        for _ in 0..DATAGRAMS_PER_TURN {
            let Ok(length) = self.client.socket().recv(&mut buffer) else { break };
            let datagram = buffer.get_mut(..length).unwrap_or_default();
            let is_rtp = matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind));
            if is_rtp && !audience.count() {
                continue;
            }
            let taken = self.client.leg.handle_datagram(Instant::now(), datagram);
            match taken {
                Ok(Incoming::Rtp(packet)) => audience.check(packet),
                Ok(_) => {}
                Err(error) => return self.fail(&error.into()),
            }
        }
        self.follow_up()
    }

    /// Does what is due.
    pub(in crate::bench) fn keep_alive(&mut self, now: Instant) -> Option<Outcome> {
        if matches!(self.phase, Phase::Connecting { deadline } if now >= deadline) {
            return self.fail(&ClientError::Deadline(CONNECT_PATIENCE));
        }
        if self.client.leg.poll_timeout().is_some_and(|due| due <= now)
            && let Err(error) = self.client.keep_alive()
        {
            return self.fail(&error);
        }
        None
    }

    /// Sends what the leg has to say.
    pub(in crate::bench) fn follow_up(&mut self) -> Option<Outcome> {
        if let Err(error) = self.client.flush() {
            return self.fail(&error);
        }
        if matches!(self.phase, Phase::Connecting { .. }) && self.client.leg.is_connected() {
            self.phase = Phase::Connected;
            return Some(Outcome::Connected);
        }
        None
    }

    /// A leg that was connected ends quietly: the flow's figures show what it lacks.
    fn fail(&mut self, error: &ClientError) -> Option<Outcome> {
        let was_connecting = matches!(self.phase, Phase::Connecting { .. });
        self.phase = Phase::Failed;
        was_connecting.then(|| Outcome::Failed(error.to_string()))
    }
}
