//! RTP and RTCP under valid keys.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    ids::{ConsumerId, ProducerId},
    media::Viewing,
    signaling::PreferredLayers,
};

use super::{
    input::Input,
    stage::{RIDS, Stage, TRACKS},
};
use crate::{
    Command, WorkerStatistics,
    codec::Codec,
    demux::{DatagramKind, is_rtcp},
    extension::Extension,
    router::{av1::DependencyReader, vp8::Vp8Descriptor, vp9::Vp9Descriptor},
    rtp::{RtpFields, RtpHeader, RtpPacket, RtpWriter},
    transport::{
        rtcp,
        srtp::{
            MAX_RTCP_OVERHEAD, MAX_RTP_OVERHEAD, OutboundStream, SrtpInbound, SrtpKeys,
            SrtpOutbound, SrtpProfile,
        },
    },
};

/// Sends a worker, from clients whose keys it has agreed on, any media and any feedback.
///
/// # Panics
///
/// When what a viewer is sent cannot be opened or is no RTP or RTCP.
pub fn media(data: &[u8]) {
    play(data);
}

/// The same; returns what the worker has counted.
pub(super) fn play(data: &[u8]) -> WorkerStatistics {
    let mut input = Input::new(data);
    let mut show = Show::new();
    while let Some(choice) = input.next() {
        show.step(choice, &mut input);
        show.drain();
    }
    show.pass(Duration::from_secs(1));
    show.drain();
    show.stage.worker.statistics()
}

struct Show {
    stage: Stage,
    publisher: Keys,
    viewer: Keys,
    /// The next number and timestamp of each track.
    counters: [(u16, u32); TRACKS.len()],
    descriptors: DependencyReader,
}

/// One client's ends of the keys.
struct Keys {
    inbound: SrtpInbound,
    outbound: SrtpOutbound,
    streams: BTreeMap<u32, OutboundStream>,
}

impl Keys {
    fn seal_rtp(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut sealed = packet.to_vec();
        // What is no RTP goes out as it is, and fails where it arrives.
        let Ok(RtpHeader { len, ssrc, .. }) = RtpHeader::parse(packet) else { return sealed };
        let stream = match self.streams.entry(ssrc) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let Ok(stream) = self.outbound.stream(ssrc) else { return sealed };
                place.insert(stream)
            }
        };
        sealed.resize(packet.len() + MAX_RTP_OVERHEAD, 0);
        let length = self.outbound.seal_rtp(stream, &mut sealed, packet.len(), len);
        sealed.truncate(length.unwrap_or(packet.len()));
        sealed
    }

    fn seal_rtcp(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut sealed = packet.to_vec();
        sealed.resize(packet.len() + MAX_RTCP_OVERHEAD, 0);
        let length = self.outbound.seal_rtcp(&mut sealed, packet.len());
        sealed.truncate(length.unwrap_or(packet.len()));
        sealed
    }
}

impl Show {
    fn new() -> Self {
        let mut stage = Stage::new();
        let mut connect = |number: u8| {
            let profile = SrtpProfile::AeadAes128Gcm;
            let material = vec![number + 1; profile.keying_material_len()];
            let keys = SrtpKeys::from_exporter(profile, &material).expect("enough material");
            let now = stage.now;
            let end = stage.end(number);
            let (path, transport) = (end.path, end.transport);
            end.leg.handle_timeout(now).expect("a check can be sent");
            let check = end.leg.poll_transmit().expect("a check is due");
            stage.deliver(path, check);
            stage.worker.skip_handshake(now, transport, &keys);
            let (inbound, outbound) = keys.for_client().expect("these are keys");
            Keys { inbound, outbound, streams: BTreeMap::new() }
        };
        let (publisher, viewer) = (connect(0), connect(1));
        let counters = [(100, 1_000); TRACKS.len()];
        Self { stage, publisher, viewer, counters, descriptors: DependencyReader::default() }
    }

    fn step(&mut self, choice: u8, input: &mut Input<'_>) {
        match choice % 12 {
            0 => self.publish(input.chunk()),
            1..=5 => self.publish_on_a_track(choice, input),
            6 => {
                let report = self.publisher.seal_rtcp(input.chunk());
                self.stage.deliver(self.stage.publisher.path, report);
            }
            7 => self.feed_back(input.chunk()),
            8 => self.feed_back_on_a_track(input),
            9 => {
                let millis = u64::from(input.byte()) * 4;
                self.pass(Duration::from_millis(millis));
            }
            10 => self.command(input),
            _ => self.parse(input.chunk()),
        }
    }

    fn publish(&mut self, packet: &[u8]) {
        let sealed = self.publisher.seal_rtp(packet);
        self.stage.deliver(self.stage.publisher.path, sealed);
    }

    /// A packet that continues a track, more or less.
    fn publish_on_a_track(&mut self, choice: u8, input: &mut Input<'_>) {
        let place = usize::from(choice / 12) % TRACKS.len();
        let (Some(track), Some(counter)) = (TRACKS.get(place), self.counters.get_mut(place)) else {
            return;
        };
        let (flags, step) = (input.byte(), input.byte().cast_signed());
        // Only VP8 has layers; redundancy only audio.
        let layer = if track.codec == Codec::Vp8 { input.below(RIDS.len()) } else { 0 };
        let red = track.codec.red_payload_type().filter(|_| flags & 3 == 2);
        counter.0 = counter.0.wrapping_add_signed(i16::from(step)).wrapping_add(1);
        counter.1 = counter.1.wrapping_add(u32::from(flags >> 4) * 240);
        let is_rtx = flags & 3 == 3;
        let codec = track.codec;
        let rtx = codec.rtx_payload_type().filter(|_| is_rtx);
        let ssrc = track.ssrc + u32::try_from(layer).unwrap_or(0) * 10 + u32::from(is_rtx);
        let fields = RtpFields {
            marker: flags & 4 != 0,
            payload_type: rtx.or(red).unwrap_or_else(|| codec.payload_type()),
            sequence: counter.0,
            timestamp: counter.1,
            ssrc,
        };
        let mut buffer = [0; 2_000];
        let Some(mut writer) = RtpWriter::new(&mut buffer, fields) else { return };
        if let Some(rid) = RIDS.get(layer).filter(|_| layer > 0) {
            let named = if is_rtx { Extension::RepairedRid } else { Extension::Rid };
            let mid = place.to_string();
            for (extension, value) in [(Extension::Mid, mid.as_str()), (named, rid)] {
                writer.extension(extension.id(), value.as_bytes()).expect("there is room");
            }
        }
        if flags & 8 != 0 {
            for extension in Extension::ALL {
                let chosen = usize::from(input.byte() & 0x1F);
                let chunk: Vec<u8> = (0..chosen).map(|_| input.byte()).collect();
                // What does not fit is left out.
                let _left_out = writer.extension(extension.id(), &chunk);
            }
        }
        if let Some((_, length)) = writer.finish(input.chunk()) {
            let packet = buffer.get(..length).unwrap_or_default().to_vec();
            self.publish(&packet);
        }
    }

    fn feed_back(&mut self, packet: &[u8]) {
        let sealed = self.viewer.seal_rtcp(packet);
        self.stage.deliver(self.stage.viewer.path, sealed);
    }

    /// Feedback of any kind whose second word names a stream that the viewer has.
    fn feed_back_on_a_track(&mut self, input: &mut Input<'_>) {
        let track = self.stage.offered.get(input.below(TRACKS.len()));
        let ssrc = track.map_or(0, |track| track.ssrc);
        let (count, kind) = (input.byte() & 0x1F, 200 + input.byte() % 8);
        let body = input.chunk();
        let words = u16::try_from(2 + body.len() / 4).unwrap_or(0);
        let mut packet = vec![0x80 | count, kind];
        packet.extend(words.to_be_bytes());
        packet.extend([0, 0, 0, 1]);
        packet.extend(ssrc.to_be_bytes());
        packet.extend(body.get(..body.len() / 4 * 4).unwrap_or_default());
        self.feed_back(&packet);
    }

    fn command(&mut self, input: &mut Input<'_>) {
        let number = input.below(TRACKS.len()) as u64;
        let (producer_id, consumer_id) = (ProducerId(number), ConsumerId(number));
        let command = match input.byte() % 8 {
            6 => Command::SetMaxBitrate { producer_id, bitrate: u32::from(input.wide()) * 100 },
            7 => {
                let (width, height, pinned) = (input.wide(), input.wide(), input.byte() & 1 == 1);
                let viewing = Viewing { width, height, pinned, max_layer: None };
                let consumers = vec![PreferredLayers { consumer_id, viewing }];
                Command::SetPreferredLayers { consumers }
            }
            0 => Command::PauseProducer { producer_id },
            1 => Command::ResumeProducer { producer_id },
            2 => Command::PauseConsumer { consumer_id },
            3 => Command::ResumeConsumer { consumer_id },
            4 => Command::CloseConsumer { consumer_id },
            _ => Command::CloseProducer { producer_id },
        };
        // What is closed already cannot be commanded.
        let _gone = self.stage.worker.handle_command(self.stage.now, command);
    }

    /// What the parsers make of it by themselves.
    fn parse(&mut self, bytes: &[u8]) {
        if let Some(descriptor) = Vp8Descriptor::parse(bytes) {
            assert!(descriptor.len <= bytes.len());
        }
        if let Some(descriptor) = Vp9Descriptor::parse(bytes) {
            assert!(descriptor.len <= bytes.len());
        }
        if let Some(frame) = self.descriptors.read(bytes) {
            let structure = self.descriptors.structure().expect("a frame refers to one");
            assert!(usize::from(frame.spatial) < structure.spatial_layers());
            let target = structure.target_for(frame.spatial, frame.temporal, frame.active_targets);
            assert!(target.is_none_or(|target| usize::from(target) < structure.targets().len()));
        }
    }

    fn pass(&mut self, duration: Duration) {
        let Self { stage, publisher, viewer, .. } = self;
        stage.pass(duration, |stage| drain(stage, publisher, viewer));
    }

    fn drain(&mut self) {
        drain(&mut self.stage, &mut self.publisher, &mut self.viewer);
    }
}

/// Has both clients open everything that was sent to them.
fn drain(stage: &mut Stage, publisher: &mut Keys, viewer: &mut Keys) {
    let (of_publisher, of_viewer) = (stage.publisher.path, stage.viewer.path);
    stage.drain(|path, datagram| {
        assert!(path == of_publisher || path == of_viewer);
        let keys = if path == of_viewer { &mut *viewer } else { &mut *publisher };
        if DatagramKind::of(datagram) == DatagramKind::Media {
            open(keys, datagram.to_vec(), path == of_viewer);
        }
    });
}

fn open(keys: &mut Keys, mut datagram: Vec<u8>, is_viewer: bool) {
    if is_rtcp(&datagram) {
        let length = keys.inbound.open_rtcp(&mut datagram).expect("RTCP of ours opens");
        let packet = datagram.get(..length).unwrap_or_default();
        assert!(rtcp::parse(packet).all(|message| message.is_ok()));
        return;
    }
    assert!(is_viewer, "publishers are sent no media");
    let header = RtpHeader::parse(&datagram).expect("what we send is RTP");
    let (header_len, ssrc, sequence) = (header.len, header.ssrc, header.sequence);
    let opened = keys.inbound.open_rtp(&mut datagram, header_len, ssrc, sequence);
    let length = opened.expect("every packet of ours opens, once");
    RtpPacket::parse(datagram.get(..length).unwrap_or_default()).expect("what we send is RTP");
}
