//! One published source: takes its packets in, once for all consumers.

use std::time::{Duration, Instant};

use shared::ids::ProducerId;

use crate::{
    codec::Codec,
    extension::{Extension, ExtensionIds},
    rtp::{RtpPacket, unwrap_rtx},
};

use super::{
    ConsumerKey,
    arrivals::Arrival,
    egress::{CanonicalPacket, Content, Descriptor, TransportKey},
    frame::FrameInfo,
    layer::{Announcement, LayerStream, MAX_LAYERS, MAX_TEMPORAL_LAYERS, Reading},
    layering::WantedLayers,
    police::{Policer, Verdict},
    red::newest_frame,
    sequence::Position,
    spatial::Liveness,
    speaker::{Place, Voice},
};

/// The longest decrypted packet that is taken, in bytes: what an Ethernet frame can carry.
pub const MAX_PACKET_LEN: usize = 1500;

/// When a packet is asked for again: a long round trip within a continent. The answer to the first
/// request may also wait behind the publisher's own video in its pacer.
pub(super) const NACK_RETRY: Duration = Duration::from_millis(100);

/// What a producer is made of.
#[derive(Debug, Clone, Copy)]
pub struct ProducerOptions {
    /// Its name on the wire.
    pub id: ProducerId,
    /// The transport it comes in by.
    pub transport: TransportKey,
    /// What its payloads are.
    pub codec: Codec,
    /// How many streams of it there are, 1 to [`super::MAX_LAYERS`]: more than one is simulcast, the
    /// smallest first.
    pub layers: u8,
}

/// Which of a publisher's streams a packet came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamRole {
    /// The media itself.
    Primary,
    /// The media itself, each packet with the frames before it (RFC 2198).
    Redundant,
    /// Retransmissions: the payload starts with the number of the packet it repeats (RFC 4588).
    Rtx,
}

/// One decrypted packet of a publisher.
#[derive(Debug, Clone, Copy)]
pub struct IncomingRtp<'a> {
    /// The source its SSRC belongs to.
    pub producer: super::ProducerKey,
    /// What its SSRC is for.
    pub role: StreamRole,
    /// Which of the source's streams it is of, the smallest is 0.
    pub layer: u8,
    /// The packet, decrypted.
    pub packet: &'a [u8],
    /// What the publisher's header extension ids mean.
    pub ids: &'a ExtensionIds,
}

/// What became of a publisher's packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// It went to every consumer that is ready for it.
    Forwarded,
    /// The same packet was there before; browsers probe for bandwidth so.
    Duplicate,
    /// Its number is far from the others'.
    OutOfRange,
    /// It is a retransmission of nothing: padding that probes for bandwidth.
    Probe,
    /// The producer is paused.
    Paused,
    /// It is a microphone's that is not among the loudest.
    Unheard,
    /// The publisher sends more of it than it may.
    Excess,
    /// It is not RTP, or too long.
    Malformed,
    /// The router has no such producer.
    UnknownProducer,
}

/// A publisher's wall clock and media clock at one instant, from its sender report (RFC 3550
/// section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderClock {
    /// Wall clock: seconds and fraction, 32 bits each.
    pub ntp: u64,
    /// Media clock of the stream.
    pub rtp_timestamp: u32,
}

/// What a producer has counted since it was added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProducerStats {
    /// Packets taken in, each once.
    pub packets: u64,
    /// Their payload bytes.
    pub octets: u64,
    /// Packets that were there before.
    pub duplicates: u64,
    /// Packets not taken in for another reason than being a duplicate or withheld.
    pub dropped: u64,
    /// Packets that came while the producer was paused, or not among the loudest.
    pub withheld: u64,
    /// Packets beyond the bit rate that its publisher may send.
    pub excess: u64,
    /// Packets asked for again, counted each time.
    pub nacked: u64,
    /// Requests for a key frame.
    pub key_frame_requests: u64,
}

/// One published source and what its consumers share of it.
#[derive(Debug)]
pub(super) struct Producer {
    pub(super) options: ProducerOptions,
    pub(super) paused: bool,
    /// What is heard of it, if it is a microphone.
    pub(super) voice: Option<Voice>,
    /// Its streams, the smallest first; one without simulcast.
    pub(super) layers: Vec<LayerStream>,
    /// In the order they were added.
    pub(super) consumers: Vec<ConsumerKey>,
    /// Taken in and not forwarded yet, in the order of arrival.
    pub(super) pending: Vec<Received>,
    /// Which of its streams its publisher was told are wanted.
    pub(super) wanted: WantedLayers,
    /// What its publisher was told is lost on the way to its listeners, in 1/256.
    pub(super) listener_loss: u8,
    pub(super) stats: ProducerStats,
    /// What its publisher may send of it; none is no limit.
    pub(super) policer: Option<Policer>,
}

/// A packet that was taken in and waits in the cache to be forwarded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    /// Which of the source's streams it is of.
    pub(super) layer: u8,
    /// Its extended sequence number.
    pub(super) sequence: u64,
    pub(super) timestamp: u32,
    pub(super) frame: FrameInfo,
    /// Whether a consumer may start at it.
    pub(super) entry_point: bool,
    /// Whether the stream begins anew at it, with unrelated numbers and timestamps.
    pub(super) restart: bool,
    /// Whether the stream was switched off before it.
    pub(super) liveness: Liveness,
    /// Whether it says which layers there are.
    pub(super) announcement: Announcement,
}

impl Received {
    /// Where it is among the packets of its source.
    pub(super) const fn position(&self) -> Position {
        Position {
            layer: self.layer,
            sequence: self.sequence,
            timestamp: self.timestamp,
            frame: self.frame,
        }
    }
}

impl Producer {
    pub(super) fn new(options: ProducerOptions) -> Self {
        let count = usize::from(options.layers).clamp(1, MAX_LAYERS);
        let layers = std::iter::repeat_with(|| LayerStream::new(options.codec));
        Self {
            options,
            paused: false,
            voice: None,
            layers: layers.take(count).collect(),
            consumers: Vec::new(),
            pending: Vec::new(),
            wanted: WantedLayers::default(),
            listener_loss: 0,
            stats: ProducerStats::default(),
            policer: None,
        }
    }

    /// Takes a packet in: once, in canonical form. On `Err`, there is nothing to forward.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        incoming: &IncomingRtp<'_>,
    ) -> Result<Received, Ingested> {
        let received = self.try_receive(now, incoming);
        match received {
            Ok(_) => self.stats.packets += 1,
            Err(Ingested::Duplicate) => self.stats.duplicates += 1,
            Err(Ingested::Paused | Ingested::Unheard) => self.stats.withheld += 1,
            Err(Ingested::Excess) => self.stats.excess += 1,
            Err(_) => self.stats.dropped += 1,
        }
        received
    }

    /// When [`super::Router::handle_timeout`] has something to do for this producer.
    pub(super) fn due(&self) -> Option<Instant> {
        self.layers.iter().filter_map(LayerStream::due).min()
    }

    /// Notes whether its publisher sends more of a layer than it may; returns whether that is new.
    pub(super) fn notes_excess(&mut self, layer: u8, outcome: Ingested) -> bool {
        let is_excessive = match outcome {
            Ingested::Excess => true,
            Ingested::Forwarded => false,
            _ => return false,
        };
        let Some(stream) = self.layers.get_mut(usize::from(layer)) else { return false };
        is_excessive != std::mem::replace(&mut stream.is_excessive, is_excessive)
    }

    /// Whether its layers are streams of their own (RFC 8853).
    pub(super) const fn is_simulcast(&self) -> bool {
        self.layers.len() > 1
    }

    /// Bits per second of a layer with the temporal layers up to each, and with what it needs.
    pub(super) fn rates(&self, spatial: u8) -> [u32; MAX_TEMPORAL_LAYERS] {
        let (stream, spatial) = if self.is_simulcast() { (spatial, 0) } else { (0, spatial) };
        self.layers.get(usize::from(stream)).map(|one| one.rates(spatial)).unwrap_or_default()
    }

    /// Stops asking for anything.
    pub(super) fn forget_wishes(&mut self) {
        self.layers.iter_mut().for_each(LayerStream::forget_wishes);
    }

    /// A packet of one of its streams, if it is still kept.
    pub(super) fn packet(&self, layer: u8, sequence: u64) -> Option<CanonicalPacket<'_>> {
        self.layers.get(usize::from(layer))?.packet(sequence)
    }

    /// What redundant audio is marked with; it must be possible to take the newest frame out.
    fn redundancy(&self, role: StreamRole, payload: &[u8]) -> Result<Option<u8>, Ingested> {
        match role {
            StreamRole::Primary | StreamRole::Rtx => Ok(None),
            StreamRole::Redundant if newest_frame(payload).is_none() => Err(Ingested::Malformed),
            StreamRole::Redundant => Ok(self.options.codec.red_payload_type()),
        }
    }

    fn try_receive(
        &mut self,
        now: Instant,
        incoming: &IncomingRtp<'_>,
    ) -> Result<Received, Ingested> {
        if incoming.packet.len() > MAX_PACKET_LEN {
            return Err(Ingested::Malformed);
        }
        let packet = RtpPacket::parse(incoming.packet).map_err(|_| Ingested::Malformed)?;
        let (number, payload) = match incoming.role {
            StreamRole::Primary | StreamRole::Redundant => (packet.header.sequence, packet.payload),
            StreamRole::Rtx => unwrap_rtx(packet.payload).ok_or(Ingested::Probe)?,
        };
        let redundancy = self.redundancy(incoming.role, payload)?;
        let (codec, count) = (self.options.codec, self.layers.len());
        let stream = self.layers.get_mut(usize::from(incoming.layer)).ok_or(Ingested::Malformed)?;
        let arrival = stream.arrivals.accept(number, incoming.role != StreamRole::Rtx);
        let sequence = match arrival {
            Arrival::Newest { sequence, .. }
            | Arrival::Late { sequence }
            | Arrival::First { sequence }
            | Arrival::Restart { sequence } => sequence,
            Arrival::Duplicate => return Err(Ingested::Duplicate),
            Arrival::OutOfRange => return Err(Ingested::OutOfRange),
        };
        if matches!(arrival, Arrival::Restart { .. }) {
            stream.restart();
        }
        if self.paused {
            return Err(Ingested::Paused);
        }
        if self.voice.as_ref().is_some_and(|voice| voice.place == Place::Unheard) {
            return Err(Ingested::Unheard);
        }
        // Only what is new counts: browsers look for bandwidth with packets that were there before.
        let verdict = self.policer.as_mut().map(|policer| {
            let layer = (incoming.layer, count);
            policer.admit(now, incoming.packet.len(), layer, stream.is_excessive)
        });
        if verdict == Some(Verdict::TooMuch) {
            return Err(Ingested::Excess);
        }
        // Viewers of other codecs find what it says in the payload.
        let describes = Some(Extension::DependencyDescriptor).filter(|_| codec == Codec::Av1);
        let descriptor = describes.and_then(|extension| incoming.ids.id_of(extension));
        let descriptor = descriptor.and_then(|id| packet.header.extensions.get(id));
        let place = (sequence, payload, descriptor);
        let Reading { frame, announcement, targeted } = stream.read_frame(now, codec, place);
        let descriptor = match &targeted {
            Some(targeted) => Some(Descriptor::Targeted(targeted)),
            None => descriptor.map(Descriptor::Plain),
        };
        let content = Content { payload, redundancy, descriptor };
        stream
            .cache
            .store(now, sequence, content.max_len(), |buffer| {
                CanonicalPacket::write(buffer, &packet, &content, incoming.ids)
            })
            .ok_or(Ingested::Malformed)?;
        self.stats.octets += payload.len() as u64;
        let is_entry = stream.is_entry_point(codec, payload);
        let received = Received {
            layer: incoming.layer,
            sequence,
            timestamp: packet.header.timestamp,
            frame,
            entry_point: is_entry && stream.is_complete_after(sequence),
            restart: matches!(arrival, Arrival::Restart { .. }),
            liveness: stream.note_life(now, frame, incoming.packet.len()),
            announcement,
        };
        if codec.is_video() {
            stream.note_arrival(now, arrival, received.liveness);
        }
        Ok(received)
    }
}
