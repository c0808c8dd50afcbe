//! The m-lines of a client that made the offer (WHEP): fixed, and filled with one consumer after
//! the other on the same streams.

use shared::{ids::ConsumerId, media::MediaKind};

use super::{MAX_STREAMS, ReceiveLeg, Stream, Track, dialect::Dialect};
use crate::{
    codec::Codec,
    router::{Continuation, TransportKey},
    transport::sdp::{
        LocalParameters, RemoteOffer, SdpError, SendParameters, SendStream, ViewerAnswer,
    },
};

/// One m-line.
pub(super) struct OfferedLine {
    parameters: SendParameters,
    stream: SendStream,
    /// Where the stream stands, once it was used.
    continuation: Option<Continuation>,
}

/// An m-line that was given to a consumer.
pub(crate) struct Filled {
    pub(crate) ssrc: u32,
    pub(crate) rtx_ssrc: Option<u32>,
    /// What the consumer goes on from.
    pub(crate) continuation: Option<Continuation>,
}

/// Why an m-line cannot be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FillError {
    /// There is none of this name, or it is taken.
    UnknownMid,
    /// The client has no decoder.
    NoCodec,
}

impl ReceiveLeg {
    /// Whether the client made the offer.
    pub(crate) const fn is_answering(&self) -> bool {
        !self.offered.is_empty()
    }

    /// Whether the client may still make the offer.
    pub(crate) const fn is_unused(&self) -> bool {
        self.offered.is_empty() && self.streams.is_empty()
    }

    /// Answers the one offer of the client.
    ///
    /// # Errors
    ///
    /// When nothing in it can be sent, or as [`ViewerAnswer::new`].
    pub(crate) fn answer(
        &mut self,
        offer: &RemoteOffer,
        local: &LocalParameters,
    ) -> Result<String, SdpError> {
        let answer = ViewerAnswer::new(offer)?;
        self.mix_extensions(offer.media.iter().any(|media| media.mixed_extensions));
        let lines = answer.lines();
        if lines.is_empty() {
            return Err(SdpError::Missing("m-line to send on"));
        }
        // The first sound and the first picture are one person's, if they can be; and so on.
        let (mut audio, mut video) = (0..MAX_STREAMS, 0..MAX_STREAMS);
        for parameters in lines {
            let of_kind = if parameters.kind == MediaKind::Audio { &mut audio } else { &mut video };
            let number = of_kind.next().unwrap_or_default();
            let line = self.offered_line(parameters, format!("view-{number}"));
            self.offered.push(line);
        }
        let streams: Vec<_> = self.offered.iter().map(|line| line.stream.clone()).collect();
        Ok(answer.write(local, &streams))
    }

    /// Gives an m-line its streams. There are far fewer than [`MAX_STREAMS`].
    fn offered_line(&mut self, parameters: SendParameters, name: String) -> OfferedLine {
        let dialect = Box::new(Dialect::of(&parameters));
        let is_voice = parameters.kind == MediaKind::Audio;
        let mut add = || {
            let ssrc = self.ssrc_of(self.streams.len());
            let dialect = Some(dialect.clone());
            self.streams.push(Stream { consumer: None, is_voice, sealing: None, dialect });
            ssrc
        };
        let ssrc = add();
        let rtx_ssrc = parameters.has_rtx().then(add);
        let stream = SendStream { ssrc, rtx_ssrc, name };
        OfferedLine { parameters, stream, continuation: None }
    }

    /// The consumer that has an m-line now.
    pub(crate) fn consumer_on(&self, mid: &str) -> Option<ConsumerId> {
        let track = self.tracks.iter().find(|track| track.mid.as_str() == mid);
        track.map(|track| track.consumer)
    }

    /// Checks that an m-line can carry a codec.
    ///
    /// # Errors
    ///
    /// It cannot, or there is no such m-line of the client's.
    pub(crate) fn accepts(&self, mid: &str, codec: Codec) -> Result<(), FillError> {
        let line = self.offered.iter().find(|line| line.parameters.mid.as_str() == mid);
        let codecs = &line.ok_or(FillError::UnknownMid)?.parameters.codecs;
        let is_known = codecs.iter().any(|agreed| agreed.codec == codec);
        is_known.then_some(()).ok_or(FillError::NoCodec)
    }

    /// Gives a free m-line to a consumer of a producer of `publisher`.
    ///
    /// # Errors
    ///
    /// There is no such m-line of the client's, it is taken, or it cannot carry `codec`.
    pub(crate) fn fill(
        &mut self,
        mid: &str,
        consumer: ConsumerId,
        (codec, publisher): (Codec, TransportKey),
    ) -> Result<Filled, FillError> {
        let is_taken = self.consumer_on(mid).is_some();
        let line = self.offered.iter().find(|line| line.parameters.mid.as_str() == mid);
        let line = line.filter(|_| !is_taken).ok_or(FillError::UnknownMid)?;
        let codecs = &line.parameters.codecs;
        let agreed = codecs.iter().find(|agreed| agreed.codec == codec);
        let agreed = agreed.ok_or(FillError::NoCodec)?;
        let SendStream { ssrc, rtx_ssrc, name } = line.stream.clone();
        let rtx_ssrc = rtx_ssrc.filter(|_| agreed.rtx_payload_type.is_some());
        let mid = line.parameters.mid;
        let continuation = line.continuation;
        for ssrc in [Some(ssrc), rtx_ssrc].into_iter().flatten() {
            if let Some(stream) = self.streams.get_mut(super::stream_number(ssrc)) {
                stream.consumer = Some(consumer);
            }
        }
        let publisher = Some(publisher);
        self.tracks.push(Track { consumer, mid, ssrc, rtx_ssrc, cname: name, publisher });
        Ok(Filled { ssrc, rtx_ssrc, continuation })
    }

    /// Notes where the streams of a consumer stand that ends, for the next on its m-line.
    pub(crate) fn keep(&mut self, consumer: ConsumerId, now: Continuation) {
        let track = self.tracks.iter().find(|track| track.consumer == consumer);
        let Some(mid) = track.map(|track| track.mid) else { return };
        if let Some(line) = self.offered.iter_mut().find(|line| line.parameters.mid == mid) {
            line.continuation = Some(now.after(line.continuation));
        }
    }
}
