//! What one guest sends: a head that moves, and a voice when it is their turn.

use std::{
    io::ErrorKind,
    sync::Arc,
    time::{Duration, Instant},
};

use super::clip::Clip;
use crate::bench::{
    BenchError,
    client::{ClientError, MAX_PAYLOAD},
    load::{leg::Leg, message::Stream},
};

/// Pictures in a second.
const PICTURES: u32 = 12;
/// Pictures of one pose, so that a head turns about twice a second.
const POSE: usize = 6;
/// Packets of a voice in a second.
const PACKETS: u32 = 50;
/// Of a silent microphone, one packet in so many is sent, as browsers do (discontinuous
/// transmission, RFC 7587 section 3.1.3).
const SILENT: usize = 20;
/// A turn to speak, in packets.
const TURN: usize = 4 * PACKETS as usize;
/// How loud a voice is, in -dBov.
const LOUD: u8 = 30;
/// How loud silence is (RFC 6464 section 3).
const MUTE: u8 = 127;
/// Opus for 20 ms of silence.
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
/// The payload descriptor of a packet that begins a frame and ends it, too (RFC 7741 section 4.2).
const WHOLE_FRAME: u8 = 0x10;
/// Who is so late skips what is due: a computer that slept does not send it all at once.
const LATE: Duration = Duration::from_secs(1);

/// Where a guest stands among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// From 0.
    pub(super) number: usize,
    /// How many there are.
    pub(super) of: usize,
}

impl Part {
    /// Whether it is this guest's turn to speak, by the packets since the beginning: everyone's turn
    /// comes once a round.
    const fn speaks(self, packet: usize) -> bool {
        (packet / TURN) % self.of == self.number
    }
}

/// The recordings, shared by all.
#[derive(Debug)]
pub(super) struct Clips {
    pictures: Clip,
    voice: Clip,
}

impl Clips {
    pub(super) fn load() -> Arc<Self> {
        Arc::new(Self { pictures: Clip::pictures(), voice: Clip::voice() })
    }
}

/// One guest's sending. Ask it all the time ([`Self::go_on`]).
#[derive(Debug)]
pub(super) struct Performance {
    part: Part,
    clips: Arc<Clips>,
    picture: Beat,
    packet: Beat,
    payload: [u8; MAX_PAYLOAD],
}

/// Something that is due again and again.
#[derive(Debug)]
struct Beat {
    at: Instant,
    interval: Duration,
    /// How many have been.
    count: usize,
}

impl Performance {
    /// Begins, on a leg that is connected; `begun` is when the first of all guests did.
    pub(super) fn begin(
        part: Part,
        clips: &Arc<Clips>,
        leg: &mut Leg,
        begun: Instant,
    ) -> Result<Self, BenchError> {
        for (is_camera, rate) in [(true, PICTURES), (false, PACKETS)] {
            leg.prepare(is_camera, &Stream { rate, burst: 1, bytes: 0 })?;
        }
        // Guests are spread over the time between two pictures, so that they do not send as one.
        let number = u32::try_from(part.number).unwrap_or_default();
        let of = u32::try_from(part.of).unwrap_or(u32::MAX).max(1);
        let beat = |rate: u32| {
            let interval = Duration::from_secs(1) / rate;
            Beat::after(begun + interval * number / of, interval)
        };
        let (picture, packet) = (beat(PICTURES), beat(PACKETS));
        Ok(Self { part, clips: Arc::clone(clips), picture, packet, payload: [0; MAX_PAYLOAD] })
    }

    /// Sends what is due; returns how many packets that were.
    pub(super) fn go_on(&mut self, now: Instant, leg: &mut Leg) -> Result<u64, ClientError> {
        let mut sent = 0;
        while let Some(number) = self.picture.next(now) {
            sent += self.show(number, leg)?;
        }
        while let Some(number) = self.packet.next(now) {
            sent += self.speak(number, leg)?;
        }
        Ok(sent)
    }

    fn show(&mut self, number: usize, leg: &mut Leg) -> Result<u64, ClientError> {
        let pose = (number / POSE) % Clip::POSES;
        let frame =
            self.clips.pictures.frame(self.part.number % Clip::COLOURS * Clip::POSES + pose);
        let Some((client, track)) = leg.track(true) else { return Ok(0) };
        self.payload[0] = WHOLE_FRAME;
        let payload = self.payload.get_mut(..=frame.len()).unwrap_or_default();
        if let Some((_, body)) = payload.split_first_mut() {
            body.copy_from_slice(frame);
        }
        sent(track.send(client, payload))
    }

    fn speak(&self, number: usize, leg: &mut Leg) -> Result<u64, ClientError> {
        let Some((client, track)) = leg.track(false) else { return Ok(0) };
        if self.part.speaks(number) {
            track.set_level(LOUD);
            sent(track.send(client, self.clips.voice.frame(number)))
        } else if number.is_multiple_of(SILENT) {
            track.set_level(MUTE);
            sent(track.send(client, &SILENCE))
        } else {
            track.pause();
            Ok(0)
        }
    }
}

/// What the kernel had no room for, or nobody listens to, is lost, as on any network.
fn sent(result: Result<(), ClientError>) -> Result<u64, ClientError> {
    match result {
        Ok(()) => Ok(1),
        Err(ClientError::Socket(error))
            if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused) =>
        {
            Ok(0)
        }
        Err(error) => Err(error),
    }
}

impl Beat {
    /// Goes on from now as if it had begun at `begun`.
    fn after(begun: Instant, interval: Duration) -> Self {
        let mut beat = Self { at: begun, interval, count: 0 };
        beat.skip(Instant::now());
        beat
    }

    /// The number of the one that is due, and turns to the one after it.
    fn next(&mut self, now: Instant) -> Option<usize> {
        let late = now.checked_duration_since(self.at)?;
        if late > LATE {
            self.skip(now);
            return None;
        }
        let number = self.count;
        self.count += 1;
        self.at += self.interval;
        Some(number)
    }

    fn skip(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.at).as_nanos();
        let missed = late.div_ceil(self.interval.as_nanos());
        self.count += usize::try_from(missed).unwrap_or_default();
        self.at += self.interval * u32::try_from(missed).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_guest_speaks_at_a_time_and_everyone_in_a_round() {
        let parts: Vec<_> = (0..3).map(|number| Part { number, of: 3 }).collect();
        let who = |packet| parts.iter().position(|part| part.speaks(packet)).unwrap();
        assert_eq!([0, TURN - 1, TURN, 2 * TURN, 3 * TURN].map(who), [0, 0, 1, 2, 0]);
        assert_eq!(parts.iter().filter(|part| part.speaks(5 * TURN)).count(), 1);
    }

    #[test]
    fn a_beat_keeps_its_time_and_makes_up_for_a_little() {
        let (begun, interval) = (Instant::now(), Duration::from_millis(20));
        let mut beat = Beat { at: begun, interval, count: 0 };
        assert_eq!(beat.next(begun), Some(0));
        assert_eq!(beat.next(begun + interval / 2), None);
        let later = begun + 3 * interval;
        assert_eq!([0; 4].map(|_| beat.next(later)), [Some(1), Some(2), Some(3), None]);
    }

    #[test]
    fn a_beat_that_was_held_up_for_long_goes_on_without_what_it_missed() {
        let (begun, interval) = (Instant::now(), Duration::from_millis(20));
        let mut beat = Beat { at: begun, interval, count: 0 };
        let later = begun + 500 * interval;
        assert_eq!(beat.next(later), None);
        assert_eq!(beat.next(later), Some(500));
    }
}
