//! Fake browsers: real protocols, made-up media that says where it comes from.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use sfu::{
    client::{Incoming, LocalTrack, OfferedTrack},
    codec::Codec,
    extension::{Extension, ExtensionIds},
    router::red::newest_frame,
    rtp::{RtpFields, RtpPacket, RtpWriter, unwrap_rtx},
    transport::rtcp::{self, RtcpMessage, ntp::NtpTime, twcc::TwccRecorder, write},
};

use crate::{leg::Leg, oracle::Stamp};

/// Packets a publisher keeps for retransmission.
const KEPT: usize = 512;

/// A publisher's track.
pub(crate) struct Camera {
    pub(crate) track: LocalTrack,
    pub(crate) stamp: Stamp,
    frame_interval: Duration,
    packets_per_frame: usize,
    next_frame: Instant,
    sequence: u16,
    rtx_sequence: u16,
    timestamp: u32,
    wants_key_frame: bool,
    pub(crate) key_frames: u64,
    pub(crate) frames: u64,
    /// Timestamp and payload by sequence number.
    kept: BTreeMap<u16, (u32, Vec<u8>)>,
    next_report: Instant,
    pub(crate) packets: u32,
    /// Whether audio repeats the frame before (RFC 2198).
    pub(crate) redundant: bool,
    /// How loud audio is, in -dBov, if its packets say so.
    pub(crate) level: Option<u8>,
    /// Bytes of each packet beside its stamp, if they are not the usual ones.
    pub(crate) filling: Option<u32>,
    /// Whether the server wants it: what nobody watches is not sent.
    pub(crate) is_wanted: bool,
}

impl Camera {
    /// Video of 25 frames a second, three packets each; or audio of 50 packets a second.
    pub(crate) fn new(now: Instant, codec: Codec, ssrc: u32, stamp: Stamp) -> Self {
        Self {
            track: LocalTrack { codec, ssrc },
            stamp,
            frame_interval: Duration::from_millis(if codec.is_video() { 40 } else { 20 }),
            packets_per_frame: if codec.is_video() { 3 } else { 1 },
            next_frame: now,
            // Wraps within the first second.
            sequence: u16::MAX - 20,
            rtx_sequence: 1,
            timestamp: u32::MAX - 9_000,
            wants_key_frame: true,
            key_frames: 0,
            frames: 0,
            kept: BTreeMap::new(),
            next_report: now,
            packets: 0,
            redundant: false,
            level: None,
            filling: None,
            is_wanted: true,
        }
    }

    fn capture(&mut self, leg: &mut Leg, out: &mut Vec<Vec<u8>>, twcc: &mut u16) {
        let ticks = self.track.codec.clock_rate() / 1000 * self.frame_interval.as_millis() as u32;
        self.next_frame += self.frame_interval;
        self.frames += 1;
        if !self.is_wanted {
            self.timestamp = self.timestamp.wrapping_add(ticks);
            return;
        }
        let is_key = std::mem::take(&mut self.wants_key_frame);
        self.key_frames += u64::from(is_key);
        for part in 0..self.packets_per_frame {
            let place = (self.frames, part as u8);
            let payload = self.stamp.payload(self.track.codec, place, is_key, self.filling);
            let fields = RtpFields {
                marker: part + 1 == self.packets_per_frame,
                payload_type: self.payload_type(),
                sequence: self.sequence,
                timestamp: self.timestamp,
                ssrc: self.track.ssrc,
            };
            let before = self.kept.get(&self.sequence.wrapping_sub(1));
            let before = before.map(|(_, payload)| payload.as_slice()).unwrap_or_default();
            let sent = if self.redundant { red(before, &payload) } else { payload.clone() };
            let packet = rtp(fields, (*twcc, self.level), &sent);
            *twcc = twcc.wrapping_add(1);
            self.kept.insert(self.sequence, (self.timestamp, payload));
            if self.kept.len() > KEPT {
                self.kept.remove(&self.sequence.wrapping_sub(KEPT as u16));
            }
            self.sequence = self.sequence.wrapping_add(1);
            self.packets += 1;
            seal(leg, packet, out);
        }
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }

    fn payload_type(&self) -> u8 {
        let codec = self.track.codec;
        codec.red_payload_type().filter(|_| self.redundant).unwrap_or_else(|| codec.payload_type())
    }

    fn resend(&mut self, number: u16, leg: &mut Leg, out: &mut Vec<Vec<u8>>, twcc: &mut u16) {
        let (Some((timestamp, payload)), Some(ssrc), Some(payload_type)) =
            (self.kept.get(&number), self.track.rtx_ssrc(), self.track.codec.rtx_payload_type())
        else {
            return;
        };
        let fields = RtpFields {
            marker: false,
            payload_type,
            sequence: self.rtx_sequence,
            timestamp: *timestamp,
            ssrc,
        };
        let mut repeated = number.to_be_bytes().to_vec();
        repeated.extend_from_slice(payload);
        let packet = rtp(fields, (*twcc, None), &repeated);
        *twcc = twcc.wrapping_add(1);
        self.rtx_sequence = self.rtx_sequence.wrapping_add(1);
        seal(leg, packet, out);
    }
}

/// A publisher's leg.
pub(crate) struct Publisher {
    pub(crate) leg: Leg,
    pub(crate) cameras: Vec<Camera>,
    pub(crate) feedbacks: u64,
    pub(crate) nacked: u64,
    started: Instant,
    twcc: u16,
}

impl Publisher {
    pub(crate) fn new(now: Instant, leg: Leg, cameras: Vec<Camera>) -> Self {
        Self { leg, cameras, feedbacks: 0, nacked: 0, started: now, twcc: 0 }
    }

    /// Gives every track new SSRCs, and numbers `step` after those they would have had; returns
    /// the offer that says so.
    pub(crate) fn renew_ssrcs(&mut self, step: i16) -> String {
        for camera in &mut self.cameras {
            camera.track.ssrc += 5_000;
            camera.sequence = camera.sequence.wrapping_add_signed(step);
            camera.rtx_sequence = 1;
            camera.timestamp = camera.timestamp.wrapping_add(1_234_567_890);
            camera.kept.clear();
        }
        let tracks: Vec<_> = self.cameras.iter().map(|camera| camera.track).collect();
        self.leg.offer(&tracks)
    }

    /// Sends those layers of the source with this stamp, and no others.
    pub(crate) fn send_layers(&mut self, stamp: Stamp, layers: &[u8]) {
        let layered = self.cameras.iter_mut().filter(|camera| camera.stamp == stamp);
        for (camera, index) in layered.zip(0..) {
            let is_wanted = layers.contains(&index);
            // A layer begins again with a key frame.
            camera.wants_key_frame |= is_wanted && !camera.is_wanted;
            camera.is_wanted = is_wanted;
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let frames = self.cameras.iter().map(|camera| camera.next_frame);
        let frames = frames.filter(|_| self.leg.is_connected());
        frames.chain(self.leg.poll_timeout()).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        self.leg.handle_timeout(now);
        if self.leg.is_connected() {
            for camera in &mut self.cameras {
                if camera.next_frame + camera.frame_interval < now {
                    camera.next_frame = now;
                }
                while camera.next_frame <= now {
                    camera.capture(&mut self.leg, &mut out, &mut self.twcc);
                }
                if camera.next_report <= now {
                    camera.next_report = now + Duration::from_secs(1);
                    // One wall clock for all tracks: the time since the leg was made.
                    let since = now.duration_since(self.started);
                    let ntp = NtpTime(
                        (since.as_secs() << 32)
                            | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000),
                    );
                    let mut packet = Vec::new();
                    let report = write::SenderReport {
                        ssrc: camera.track.ssrc,
                        ntp,
                        rtp_timestamp: camera.timestamp,
                        packet_count: camera.packets,
                        octet_count: 0,
                    };
                    write::sender_report(&mut packet, &report, "publisher");
                    self.leg.seal_rtcp(&mut packet);
                    out.push(packet);
                }
            }
        }
        self.drain(out)
    }

    pub(crate) fn handle_datagram(&mut self, now: Instant, mut bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let mut wanted = Vec::new();
        if let Incoming::Rtcp(packet) = self.leg.handle_datagram(now, &mut bytes) {
            for message in rtcp::parse(packet).map(Result::unwrap) {
                match message {
                    RtcpMessage::Pli { media_ssrc } => {
                        for camera in &mut self.cameras {
                            camera.wants_key_frame |= camera.track.ssrc == media_ssrc;
                        }
                    }
                    RtcpMessage::Nack { media_ssrc, lost, .. } => {
                        wanted.extend(lost.map(|number| (media_ssrc, number)));
                    }
                    RtcpMessage::TransportFeedback(_) => self.feedbacks += 1,
                    _ => {}
                }
            }
        }
        let mut out = Vec::new();
        self.nacked += wanted.len() as u64;
        for (ssrc, number) in wanted {
            for camera in self.cameras.iter_mut().filter(|camera| camera.track.ssrc == ssrc) {
                camera.resend(number, &mut self.leg, &mut out, &mut self.twcc);
            }
        }
        self.drain(out)
    }

    fn drain(&mut self, mut out: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        out.extend(std::iter::from_fn(|| self.leg.poll_transmit()));
        out
    }
}

/// A viewer's leg.
pub(crate) struct Viewer {
    pub(crate) leg: Leg,
    pub(crate) tracks: BTreeMap<u32, Track>,
    /// Whether lost packets are asked for again.
    pub(crate) asks_again: bool,
    /// What feedback about the way here is made of.
    recorder: TwccRecorder,
    /// Its header extension ids.
    pub(crate) ids: ExtensionIds,
    /// Packets that were nothing but padding.
    pub(crate) padding: u64,
    /// Packets that repeated the frame before.
    pub(crate) redundant: u64,
    /// Measures the way there and back, if anything does.
    probe: Option<Probe>,
    /// The way there and back, as far as it was measured; what browsers assume before that.
    pub(crate) round_trip: Duration,
}

/// What browsers that do not measure take the way there and back for.
const ASSUMED_ROUND_TRIP: Duration = Duration::from_millis(100);

/// Asks for an echo of the time once a second (RFC 3611 4.4 and 4.5).
struct Probe {
    started: Instant,
    next: Instant,
}

impl Probe {
    fn request(&mut self, now: Instant) -> Option<Vec<u8>> {
        if now < self.next {
            return None;
        }
        self.next += Duration::from_secs(1);
        let head = [0x80, 207, 0, 4, 0, 0, 0, 1, 4, 0, 0, 2, 0, 0];
        Some(head.into_iter().chain(self.clock(now).to_be_bytes()).chain([0, 0]).collect())
    }

    /// The round trip that an echo proves, if `packet` is one.
    fn measured(&self, now: Instant, packet: &[u8]) -> Option<Duration> {
        let [_, 207, 0, 5, _, _, _, _, 5, 0, 0, 3, 0, 0, 0, 1, a, b, c, d, 0, 0, 0, 0] = packet
        else {
            return None;
        };
        let ticks = self.clock(now).wrapping_sub(u32::from_be_bytes([*a, *b, *c, *d]));
        Some(Duration::from_secs(ticks.into()) / 65_536)
    }

    /// In 1/65536 s; never 0, which would be "never".
    fn clock(&self, now: Instant) -> u32 {
        1 + ((now - self.started).as_micros() * 65_536 / 1_000_000) as u32
    }
}

/// What a viewer has of one track.
#[derive(Default)]
pub(crate) struct Track {
    pub(crate) rtx_ssrc: Option<u32>,
    /// What came, in the order it came.
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) seen: BTreeSet<u16>,
    highest: Option<u16>,
    /// What to ask for again, and when first.
    missing: BTreeMap<u16, (Instant, u8)>,
    pub(crate) retransmissions: u64,
    pub(crate) reports: Vec<(Instant, NtpTime, u32)>,
}

/// One packet that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) payload_type: u8,
    pub(crate) payload: Vec<u8>,
    pub(crate) resent: bool,
}

impl Viewer {
    pub(crate) fn new(leg: Leg) -> Self {
        Self {
            leg,
            tracks: BTreeMap::new(),
            asks_again: true,
            recorder: TwccRecorder::default(),
            ids: ExtensionIds::ours(),
            padding: 0,
            redundant: 0,
            probe: None,
            round_trip: ASSUMED_ROUND_TRIP,
        }
    }

    /// Measures the way there and back from now on, once a second.
    pub(crate) const fn measure_round_trips(&mut self, now: Instant) {
        self.probe = Some(Probe { started: now, next: now });
    }

    pub(crate) fn offered(&mut self, tracks: Vec<OfferedTrack>) {
        for track in tracks {
            self.tracks.entry(track.ssrc).or_default().rtx_ssrc = track.rtx_ssrc;
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let asks = self.tracks.values().flat_map(|track| track.missing.values()).map(|(at, _)| *at);
        let measures_at = self.probe.as_ref().map(|probe| probe.next);
        let others = [self.leg.poll_timeout(), self.recorder.poll_timeout(), measures_at];
        asks.chain(others.into_iter().flatten()).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Vec<Vec<u8>> {
        self.leg.handle_timeout(now);
        let mut out = Vec::new();
        for (ssrc, track) in &mut self.tracks {
            let mut wanted = Vec::new();
            for (number, (at, tries)) in &mut track.missing {
                if *at <= now {
                    wanted.push(*number);
                    *at = now + self.round_trip;
                    *tries += 1;
                }
            }
            track.missing.retain(|_, (_, tries)| *tries < 10);
            if !wanted.is_empty() && self.leg.is_connected() {
                let mut packet = Vec::new();
                write::nack(&mut packet, 1, *ssrc, &wanted);
                self.leg.seal_rtcp(&mut packet);
                out.push(packet);
            }
        }
        let request = self.probe.as_mut().and_then(|probe| probe.request(now));
        if let Some(mut packet) = request.filter(|_| self.leg.is_connected()) {
            self.leg.seal_rtcp(&mut packet);
            out.push(packet);
        }
        let mut packet = Vec::new();
        while self.recorder.poll_feedback(now, 1, 1, &mut packet) {
            self.leg.seal_rtcp(&mut packet);
            out.push(std::mem::take(&mut packet));
        }
        out.extend(std::iter::from_fn(|| self.leg.poll_transmit()));
        out
    }

    pub(crate) fn handle_datagram(&mut self, now: Instant, mut bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let asks_again = self.asks_again;
        match self.leg.handle_datagram(now, &mut bytes) {
            Incoming::Rtp(packet) => {
                let mut packet = RtpPacket::parse(packet).unwrap();
                if Codec::Opus.red_payload_type() == Some(packet.header.payload_type) {
                    self.redundant += 1;
                    packet.payload = &packet.payload[newest_frame(packet.payload).unwrap()..];
                }
                let ssrc = packet.header.ssrc;
                let twcc = self.ids.id_of(Extension::TransportCc).unwrap();
                let number = packet.header.extensions.get(twcc);
                let number = number.expect("every packet has a transport-wide sequence number");
                self.recorder.record(now, u16::from_be_bytes(number.try_into().unwrap()));
                if let Some(track) = self.tracks.get_mut(&ssrc) {
                    track.take(now, packet.header.sequence, &packet, asks_again);
                } else if let Some(track) =
                    self.tracks.values_mut().find(|track| track.rtx_ssrc == Some(ssrc))
                {
                    match unwrap_rtx(packet.payload) {
                        Some(resent) => track.take_resent(now, &packet, resent),
                        None => self.padding += 1,
                    }
                } else {
                    panic!("a packet of SSRC {ssrc} that was never offered");
                }
            }
            Incoming::Rtcp(packet) => {
                let measured = self.probe.as_ref().and_then(|it| it.measured(now, packet));
                self.round_trip = measured.unwrap_or(self.round_trip);
                for message in rtcp::parse(packet).map(Result::unwrap) {
                    if let RtcpMessage::SenderReport { ssrc, ntp, rtp_timestamp, .. } = message {
                        let track =
                            self.tracks.get_mut(&ssrc).expect("a report of an offered track");
                        track.reports.push((now, ntp, rtp_timestamp));
                    }
                }
            }
            Incoming::Connected | Incoming::Nothing => {}
        }
        std::iter::from_fn(|| self.leg.poll_transmit()).collect()
    }
}

impl Track {
    fn take(&mut self, now: Instant, sequence: u16, packet: &RtpPacket<'_>, asks_again: bool) {
        let highest = *self.highest.get_or_insert(sequence);
        let ahead = sequence.wrapping_sub(highest);
        if ahead < 0x8000 {
            if asks_again && self.rtx_ssrc.is_some() {
                for step in 1..ahead {
                    let number = highest.wrapping_add(step);
                    self.missing.insert(number, (now + Duration::from_millis(20), 0));
                }
            }
            self.highest = Some(sequence);
        }
        self.missing.remove(&sequence);
        self.seen.insert(sequence);
        self.arrivals.push(Arrival {
            at: now,
            sequence,
            timestamp: packet.header.timestamp,
            payload_type: packet.header.payload_type,
            payload: packet.payload.to_vec(),
            resent: false,
        });
    }

    fn take_resent(
        &mut self,
        now: Instant,
        packet: &RtpPacket<'_>,
        (sequence, payload): (u16, &[u8]),
    ) {
        self.retransmissions += 1;
        self.missing.remove(&sequence);
        if self.seen.insert(sequence) {
            self.arrivals.push(Arrival {
                at: now,
                sequence,
                timestamp: packet.header.timestamp,
                payload_type: packet.header.payload_type,
                payload: payload.to_vec(),
                resent: true,
            });
        }
    }
}

/// Audio that repeats the frame before (RFC 2198).
fn red(before: &[u8], now: &[u8]) -> Vec<u8> {
    [&[0x80 | 111, 0x0F, 0, before.len() as u8, 111], before, now].concat()
}

fn rtp(fields: RtpFields, (twcc, level): (u16, Option<u8>), payload: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; 1500];
    let mut writer = RtpWriter::new(&mut buffer, fields).unwrap();
    writer.extension(Extension::TransportCc.id(), &twcc.to_be_bytes()).unwrap();
    if let Some(level) = level {
        writer.extension(Extension::AudioLevel.id(), &[level]).unwrap();
    }
    let (_, length) = writer.finish(payload).unwrap();
    buffer.truncate(length);
    buffer
}

fn seal(leg: &mut Leg, mut packet: Vec<u8>, out: &mut Vec<Vec<u8>>) {
    leg.seal_rtp(&mut packet).unwrap();
    out.push(packet);
}
