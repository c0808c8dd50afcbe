//! The pace at which the clients send.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    io::ErrorKind,
    time::{Duration, Instant},
};

use sfu::codec::Codec;

use super::{
    leg::Leg,
    message::{Plan, Stream},
    tally::{FILL, Tally},
};
use crate::bench::{
    BenchError,
    client::{ClientError, LocalTrack, MAX_PAYLOAD, SendTrack, write_vp8},
};

/// What a client's camera is.
pub(in crate::bench) const CAMERA: LocalTrack = LocalTrack { codec: Codec::Vp8, ssrc: 0x0bad_cafe };
/// What its microphone is.
pub(in crate::bench) const VOICE: LocalTrack = LocalTrack { codec: Codec::Opus, ssrc: 0x0bad_f00d };
/// Sent later than this after its time, a packet makes the measurement doubtful.
const LATE: Duration = Duration::from_millis(5);

/// When whose turn it is.
pub(super) struct Schedule {
    turns: BinaryHeap<Reverse<Turn>>,
    payload: [u8; MAX_PAYLOAD],
    /// Whoever comes in during the warm-up has a picture to begin with.
    pub(super) key_frames: bool,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    at: Instant,
    leg: u64,
    is_camera: bool,
}

impl Schedule {
    /// Spreads the tracks of all legs that send over the time between two packets.
    pub(super) fn new(
        legs: &mut BTreeMap<u64, Leg>,
        plan: &Plan,
        begin: Instant,
    ) -> Result<Self, BenchError> {
        let mut turns = BinaryHeap::new();
        for (stream, is_camera) in [(plan.camera, true), (plan.voice, false)] {
            let Some(stream) = stream else { continue };
            let mut senders = Vec::with_capacity(legs.len());
            for (leg, client) in legs.iter_mut() {
                if client.prepare(is_camera, &stream)? {
                    senders.push(*leg);
                }
            }
            let count = u32::try_from(senders.len()).unwrap_or(u32::MAX).max(1);
            for (place, leg) in (0u32..).zip(senders) {
                let at = begin + interval(&stream) * place / count;
                turns.push(Reverse(Turn { at, leg, is_camera }));
            }
        }
        Ok(Self { turns, payload: [FILL; MAX_PAYLOAD], key_frames: true })
    }

    /// When the next packet is to be sent.
    pub(super) fn next(&self) -> Option<Instant> {
        self.turns.peek().map(|Reverse(turn)| turn.at)
    }

    /// Sends what is due.
    pub(super) fn send_due(
        &mut self,
        now: Instant,
        plan: &Plan,
        legs: &mut BTreeMap<u64, Leg>,
        tally: &mut Tally,
    ) -> Result<(), BenchError> {
        while let Some(Reverse(turn)) = self.turns.peek().filter(|Reverse(turn)| turn.at <= now) {
            let (at, leg, is_camera) = (turn.at, turn.leg, turn.is_camera);
            self.turns.pop();
            let stream = if is_camera { plan.camera } else { plan.voice };
            let (Some(stream), Some(client)) = (stream, legs.get_mut(&leg)) else { continue };
            if now.saturating_duration_since(at) > LATE {
                tally.report.late += u64::from(stream.burst);
            }
            self.send_burst(client, is_camera, &stream, tally)?;
            self.turns.push(Reverse(Turn { at: at + interval(&stream), leg, is_camera }));
        }
        Ok(())
    }

    fn send_burst(
        &mut self,
        client: &mut Leg,
        is_camera: bool,
        stream: &Stream,
        tally: &mut Tally,
    ) -> Result<(), BenchError> {
        let Some((client, track)) = client.track(is_camera) else { return Ok(()) };
        for _ in 0..stream.burst {
            let len = usize::from(stream.bytes).min(MAX_PAYLOAD);
            let payload = self.payload.get_mut(..len).unwrap_or_default();
            if is_camera {
                write_vp8(payload, self.key_frames);
            }
            tally.stamp(payload);
            match track.send(client, payload) {
                Ok(()) => tally.report.sent += 1,
                Err(ClientError::Socket(error)) if error.kind() == ErrorKind::WouldBlock => {
                    tally.report.late += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn interval(stream: &Stream) -> Duration {
    Duration::from_secs(1) * u32::from(stream.burst) / stream.rate.max(1)
}

/// Begins a track, or sets its pace anew.
pub(super) fn prepare_track(
    client: &mut crate::bench::client::LightClient,
    track: &mut Option<SendTrack>,
    local: LocalTrack,
    stream: &Stream,
) -> Result<(), ClientError> {
    let ticks = local.codec.clock_rate() / stream.rate.max(1);
    match track {
        Some(track) => track.set_pace(ticks),
        None => *track = Some(SendTrack::new(client, local, ticks)?),
    }
    Ok(())
}
