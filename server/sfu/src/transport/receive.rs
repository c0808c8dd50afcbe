//! A client's receive leg: the m-lines of its consumers, the streams sealed for them, and what its
//! downlink carries.

mod dialect;
mod offered;

use std::time::Instant;

use shared::ids::ConsumerId;

pub(crate) use self::offered::FillError;
use self::{dialect::Dialect, offered::OfferedLine};
use super::{
    sdp::{Mid, SdpError, SendSlots, SendTrack},
    srtp::{MAX_OUTBOUND_STREAMS, MAX_RTP_OVERHEAD, OutboundStream, SrtpError, SrtpOutbound},
};
use crate::{
    bandwidth::{
        downlink::Downlink,
        pacer::{Held, Pacing},
    },
    codec::Codec,
    router::{OutgoingRtp, TransportKey},
    rtp::narrow_extensions,
};

/// Streams of one leg over its life; an SSRC is never used twice under one set of keys.
const MAX_STREAMS: u32 = 1 << STREAM_BITS;
/// Low bits of an SSRC that number the streams of the leg.
const STREAM_BITS: u32 = 14;

/// The sending side of one client's receive transport.
///
/// [`ReceiveLeg::add`] gives a consumer its m-line and SSRCs. The low bits of an SSRC number it
/// within the leg, so that sealing a packet finds its stream without a search.
///
/// Of a client that made the offer ([`ReceiveLeg::answer`]) the m-lines and their streams are fixed,
/// and [`ReceiveLeg::fill`] gives them to one consumer after the other.
pub(crate) struct ReceiveLeg {
    pub(crate) slots: SendSlots,
    /// The m-lines of a client that made the offer; then there are no slots.
    offered: Vec<OfferedLine>,
    ssrc_base: u32,
    streams: Vec<Stream>,
    tracks: Vec<Track>,
    /// Whether the client takes header extensions of both forms in one stream.
    mixed_extensions: bool,
    /// Made when the first packet is sealed: those who receive nothing need none.
    downlink: Option<Box<Downlink>>,
}

/// Whose stream it is, and the state of its sealing.
struct Stream {
    consumer: Option<ConsumerId>,
    /// Whether it is sound, which never waits.
    is_voice: bool,
    /// Made when the first packet is sealed: the keys come after the consumer.
    sealing: Option<Box<OutboundStream>>,
    /// The client's numbers, where it made the offer.
    dialect: Option<Box<Dialect>>,
}

/// A consumer on its m-line.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) consumer: ConsumerId,
    pub(crate) mid: Mid,
    pub(crate) ssrc: u32,
    pub(crate) rtx_ssrc: Option<u32>,
    /// Names the publisher's clock (CNAME, RFC 3550 section 6.5.1).
    cname: String,
    /// Whose clock it is, where the name stands for one publisher after the other.
    publisher: Option<TransportKey>,
}

impl ReceiveLeg {
    /// `entropy` chooses the SSRCs of the leg.
    pub(crate) fn new(entropy: u32) -> Self {
        Self {
            slots: SendSlots::default(),
            offered: Vec::new(),
            // Never 0, which libwebrtc takes for "none", nor a small number, which it uses itself.
            ssrc_base: (entropy | 1 << 31) & !(MAX_STREAMS - 1),
            streams: Vec::new(),
            tracks: Vec::new(),
            mixed_extensions: false,
            downlink: None,
        }
    }

    /// Gives a consumer an m-line and SSRCs: `stream` and `track` are the names of its `msid`.
    ///
    /// # Errors
    ///
    /// When the leg has had [`MAX_STREAMS`] streams, or as [`SendSlots::add`].
    pub(crate) fn add(
        &mut self,
        consumer: ConsumerId,
        codec: Codec,
        stream: String,
        track: String,
    ) -> Result<Track, SdpError> {
        let wanted = if codec.rtx_payload_type().is_some() { 2 } else { 1 };
        if self.streams.len().saturating_add(wanted) > MAX_STREAMS as usize {
            return Err(SdpError::TooMany("streams"));
        }
        let ssrc = self.ssrc_of(self.streams.len());
        let rtx_ssrc = (wanted > 1).then(|| self.ssrc_of(self.streams.len().saturating_add(1)));
        let cname = stream.clone();
        let send = SendTrack { codec, stream, track, ssrc, rtx_ssrc, cname: cname.clone() };
        let mid = self.slots.add(send)?;
        let is_voice = !codec.is_video();
        let fresh = || Stream { consumer: Some(consumer), is_voice, sealing: None, dialect: None };
        self.streams.extend(std::iter::repeat_with(fresh).take(wanted));
        let track = Track { consumer, mid, ssrc, rtx_ssrc, cname, publisher: None };
        self.tracks.push(track.clone());
        Ok(track)
    }

    /// Takes the client's word on whether it takes header extensions of both forms in one stream.
    pub(crate) const fn mix_extensions(&mut self, mixed: bool) {
        self.mixed_extensions = mixed;
    }

    /// Takes a consumer off its m-line.
    pub(crate) fn remove(&mut self, consumer: ConsumerId) {
        for track in self.tracks.iter().filter(|track| track.consumer == consumer) {
            self.slots.remove(track.mid);
            for ssrc in [Some(track.ssrc), track.rtx_ssrc].into_iter().flatten() {
                if let Some(stream) = self.streams.get_mut(stream_number(ssrc)) {
                    stream.release();
                }
            }
        }
        self.tracks.retain(|track| track.consumer != consumer);
    }

    /// The consumers of this leg.
    pub(crate) fn consumers(&self) -> impl Iterator<Item = ConsumerId> {
        self.tracks.iter().map(|track| track.consumer)
    }

    /// The consumer whose media, not its retransmissions, has this SSRC.
    pub(crate) fn consumer_of(&self, ssrc: u32) -> Option<ConsumerId> {
        self.track_of(ssrc).map(|track| track.consumer)
    }

    /// The name of the clock of the stream with this SSRC. None where the name stands for another
    /// publisher's: two people's clocks must not make one's lips wait for the other's voice.
    pub(crate) fn cname_of(&self, ssrc: u32) -> Option<&str> {
        let track = self.track_of(ssrc)?;
        let mut of_name = self.tracks.iter().filter(|other| other.cname == track.cname);
        let is_own = of_name.next().is_some_and(|first| first.publisher == track.publisher);
        is_own.then_some(track.cname.as_str())
    }

    /// Whose reports are what is said of the leg as a whole.
    pub(crate) const fn reporter(&self) -> u32 {
        self.ssrc_base
    }

    fn track_of(&self, ssrc: u32) -> Option<&Track> {
        self.tracks.iter().find(|track| track.ssrc == ssrc)
    }

    /// Writes `packet` into `buffer`, with the next transport-wide sequence number, and seals it.
    ///
    /// # Errors
    ///
    /// When the SSRC is none of this leg's live ones, or as [`SrtpOutbound::seal_rtp`].
    pub(crate) fn seal(
        &mut self,
        now: Instant,
        srtp: &mut SrtpOutbound,
        packet: &OutgoingRtp<'_>,
        buffer: &mut [u8],
    ) -> Result<usize, SrtpError> {
        let write = |buffer: &mut [u8], number| packet.write_into(buffer, Some(number));
        self.seal_written(now, (srtp, packet.ssrc, packet.header_len), buffer, write)
    }

    /// Writes a packet that was held, as [`ReceiveLeg::seal`].
    ///
    /// # Errors
    ///
    /// As [`ReceiveLeg::seal`].
    pub(crate) fn seal_held(
        &mut self,
        now: Instant,
        srtp: &mut SrtpOutbound,
        held: &Held,
        buffer: &mut [u8],
    ) -> Result<usize, SrtpError> {
        let write = |buffer: &mut [u8], number| held.write_into(buffer, number);
        self.seal_written(now, (srtp, held.ssrc, held.header_len), buffer, write)
    }

    fn seal_written(
        &mut self,
        now: Instant,
        (srtp, ssrc, header_len): (&mut SrtpOutbound, u32, usize),
        buffer: &mut [u8],
        write: impl FnOnce(&mut [u8], u16) -> usize,
    ) -> Result<usize, SrtpError> {
        let stream = self
            .streams
            .get_mut(stream_number(ssrc))
            .filter(|stream| stream.consumer.is_some())
            .ok_or(SrtpError::WrongSsrc)?;
        let sealing = match &mut stream.sealing {
            Some(sealing) => sealing,
            None => stream.sealing.insert(Box::new(srtp.stream(ssrc)?)),
        };
        let downlink = self.downlink.get_or_insert_with(|| Box::new(Downlink::new(now)));
        let length = write(buffer, downlink.next_number());
        if length == 0 {
            return Err(SrtpError::BufferTooSmall);
        }
        if !self.mixed_extensions {
            narrow_extensions(buffer, header_len);
        }
        if let Some(dialect) = &stream.dialect {
            dialect.translate(buffer, header_len);
        }
        let sealed = srtp.seal_rtp(sealing, buffer, length, header_len)?;
        downlink.record_sent(now, sealed, stream.is_voice);
        Ok(sealed)
    }

    /// Says whether `packet` may leave, and keeps it if it has to wait.
    pub(crate) fn pace(&mut self, now: Instant, packet: &OutgoingRtp<'_>) -> Pacing {
        let Some(downlink) = self.downlink.as_mut().filter(|_| !packet.is_padding()) else {
            return Pacing::Send;
        };
        let is_voice = self.streams.get(stream_number(packet.ssrc)).is_some_and(|one| one.is_voice);
        let pacing = downlink.admit(now, sealed_room(packet), is_voice);
        if pacing == Pacing::Hold {
            downlink.hold(|held| held.keep(packet));
        }
        pacing
    }

    /// The client's link, once something was sent over it.
    pub(crate) fn downlink(&mut self) -> Option<&mut Downlink> {
        self.downlink.as_deref_mut()
    }

    /// What the link carries, in bits per second.
    pub(crate) fn estimate(&self) -> Option<u64> {
        self.downlink.as_ref()?.estimate()
    }

    /// When something of the link is due.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.downlink.as_ref()?.poll_timeout()
    }

    /// The consumers that have a stream for retransmissions, which can carry padding.
    pub(crate) fn padding_carrier(&self, number: usize) -> Option<ConsumerId> {
        let mut carriers = self.tracks.iter().filter(|track| track.rtx_ssrc.is_some());
        carriers.nth(number).map(|track| track.consumer)
    }

    fn ssrc_of(&self, stream: usize) -> u32 {
        let number = u32::try_from(stream).expect("streams are bounded by MAX_STREAMS");
        self.ssrc_base | number
    }
}

impl Stream {
    /// Takes the stream from its consumer. That of an m-line of the client's goes on, and must never
    /// seal a number twice.
    fn release(&mut self) {
        self.consumer = None;
        if self.dialect.is_none() {
            self.sealing = None;
        }
    }
}

/// Bytes to reserve for a sealed `packet`.
pub(crate) fn sealed_room(packet: &OutgoingRtp<'_>) -> usize {
    packet.encoded_len().saturating_add(MAX_RTP_OVERHEAD)
}

/// An SSRC's number within its leg.
fn stream_number(ssrc: u32) -> usize {
    (ssrc & (MAX_STREAMS - 1)) as usize
}

const _: () = assert!(MAX_STREAMS as usize <= MAX_OUTBOUND_STREAMS);
