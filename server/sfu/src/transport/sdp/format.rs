//! Which `a=rtpmap` and `a=fmtp` stand for a codec this server forwards.

use super::{offer::OfferedCodec, parse::Media};
use crate::codec::Codec;

/// The `a=rtpmap` of redundant Opus (RFC 2198 section 5), whose clock and channels are Opus's.
pub(super) const RED_MAP: &str = "red/48000/2";

/// What a receiver of a codec may send back about it (RFC 4585 4.2, RFC 5104 7.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Feedback {
    pub(super) transport_cc: bool,
    pub(super) nack: bool,
    pub(super) nack_pli: bool,
    pub(super) ccm_fir: bool,
}

impl Feedback {
    /// What our offers have for a codec. Audio has no NACK: a lost packet of it is concealed by
    /// in-band FEC before a retransmission could arrive.
    pub(super) const fn ours(codec: Codec) -> Self {
        let video = codec.is_video();
        Self { transport_cc: true, nack: video, nack_pli: video, ccm_fir: video }
    }

    /// What both we and the offer have for `payload_type`.
    fn offered(media: &Media<'_>, payload_type: u8, codec: Codec) -> Self {
        let offers = |feedback| {
            media.attributes.of_format("rtcp-fb", payload_type).any(|value| value == feedback)
        };
        let ours = Self::ours(codec);
        Self {
            transport_cc: ours.transport_cc && offers("transport-cc"),
            nack: ours.nack && offers("nack"),
            nack_pli: ours.nack_pli && offers("nack pli"),
            ccm_fir: ours.ccm_fir && offers("ccm fir"),
        }
    }

    /// The values of the `a=rtcp-fb` lines.
    pub(super) fn values(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.transport_cc, "transport-cc"),
            (self.ccm_fir, "ccm fir"),
            (self.nack, "nack"),
            (self.nack_pli, "nack pli"),
        ];
        all.into_iter().filter_map(|(has, value)| has.then_some(value))
    }
}

/// The codecs of an m-line that this server forwards, in the offer's order.
pub(super) fn codecs(media: &Media<'_>) -> Vec<OfferedCodec> {
    let payload_types = media.formats.iter().filter_map(|format| format.parse().ok());
    payload_types.filter_map(|payload_type| codec(media, payload_type)).collect()
}

fn codec(media: &Media<'_>, payload_type: u8) -> Option<OfferedCodec> {
    let codec = codec_of_map(media.attributes.of_format("rtpmap", payload_type).next()?)?;
    if codec.is_video() != (media.kind == "video") || payload_type > 127 {
        return None;
    }
    let fmtp = media.attributes.of_format("fmtp", payload_type).next();
    let accepted = is_accepted(codec, fmtp.unwrap_or_default());
    accepted.then(|| OfferedCodec {
        payload_type,
        codec,
        rtx_payload_type: rtx_of(media, payload_type).filter(|_| codec.is_video()),
        red_payload_type: red_of(media, payload_type).filter(|_| codec == Codec::Opus),
        fmtp: fmtp.map(str::to_owned),
        feedback: Feedback::offered(media, payload_type, codec),
    })
}

/// Reads `encoding/clock[/channels]` (RFC 8866 6.6); names compare without regard to case.
pub(super) fn codec_of_map(value: &str) -> Option<Codec> {
    let mut fields = value.split('/');
    let name = fields.next()?;
    let clock_rate: u32 = fields.next()?.parse().ok()?;
    Codec::ALL.into_iter().find(|codec| {
        codec.encoding_name().eq_ignore_ascii_case(name) && codec.clock_rate() == clock_rate
    })
}

/// The payload type whose `a=fmtp` says `apt=` our payload type (RFC 4588 8.1).
fn rtx_of(media: &Media<'_>, payload_type: u8) -> Option<u8> {
    let candidates = media.formats.iter().filter_map(|format| format.parse::<u8>().ok());
    candidates.filter(|candidate| *candidate <= 127).find(|candidate| {
        let map = media.attributes.of_format("rtpmap", *candidate).next();
        let fmtp = media.attributes.of_format("fmtp", *candidate).next();
        map.is_some_and(|map| map.eq_ignore_ascii_case("rtx/90000"))
            && fmtp
                .and_then(|fmtp| parameter(fmtp, "apt"))
                .is_some_and(|apt| apt.parse() == Ok(payload_type))
    })
}

/// The payload type of redundancy whose `a=fmtp` lists nothing but our payload type (RFC 2198
/// section 5), for the newest frame and at least one that is repeated.
fn red_of(media: &Media<'_>, payload_type: u8) -> Option<u8> {
    let candidates = media.formats.iter().filter_map(|format| format.parse::<u8>().ok());
    candidates.filter(|candidate| *candidate <= 127).find(|candidate| {
        let map = media.attributes.of_format("rtpmap", *candidate).next();
        let fmtp = media.attributes.of_format("fmtp", *candidate).next().unwrap_or_default();
        map.is_some_and(|map| map.eq_ignore_ascii_case(RED_MAP))
            && fmtp.contains('/')
            && fmtp.split('/').all(|block| block.trim().parse() == Ok(payload_type))
    })
}

/// Whether this profile of the codec is one every browser decodes.
fn is_accepted(codec: Codec, fmtp: &str) -> bool {
    match codec {
        Codec::Opus | Codec::Vp8 => true,
        // RFC 9628 7.1: absent means profile 0.
        Codec::Vp9 => parameter(fmtp, "profile-id").is_none_or(|profile| profile == "0"),
        // AV1 RTP specification 7.2: absent means the main profile, 0.
        Codec::Av1 => parameter(fmtp, "profile").is_none_or(|profile| profile == "0"),
        Codec::H264 => parameter(fmtp, "packetization-mode") == Some("1") && is_baseline(fmtp),
    }
}

/// `profile_idc` of the baseline profile.
const BASELINE: u8 = 66;

fn is_baseline(fmtp: &str) -> bool {
    h264_profile(fmtp).is_some_and(|(profile, flags)| profile == BASELINE && flags & 0x0F == 0)
}

/// Whether an H.264 `a=fmtp` says constrained baseline, the profile all browsers share: baseline with
/// constraint set 1, whatever is said of sets 0 and 2 (RFC 6184 8.1, table 5).
pub(super) fn is_constrained_baseline(fmtp: &str) -> bool {
    is_baseline(fmtp) && h264_profile(fmtp).is_some_and(|(_, flags)| flags & 0x40 != 0)
}

/// `profile_idc` and `profile-iop` of `profile-level-id`, without the level.
fn h264_profile(fmtp: &str) -> Option<(u8, u8)> {
    let id = parameter(fmtp, "profile-level-id").filter(|id| id.len() == 6)?;
    let byte = |range| u8::from_str_radix(id.get(range)?, 16).ok();
    Some((byte(0..2)?, byte(2..4)?))
}

/// The value of `name=value` in a `;`-separated parameter list.
fn parameter<'a>(fmtp: &'a str, name: &str) -> Option<&'a str> {
    fmtp.split(';').find_map(|parameter| {
        let (key, value) = parameter.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The `a=fmtp` of a codec in our answers: what the client said, and of voices that they come with
/// in-band FEC, which conceals a lost packet, and without packets in silence (RFC 7587 section 6.1).
pub(super) fn answered_fmtp(codec: Codec, offered: Option<&str>) -> Option<String> {
    const WANTED: [&str; 2] = ["useinbandfec=1", "usedtx=1"];
    if codec != Codec::Opus {
        return offered.map(str::to_owned);
    }
    let name = |parameter: &str| parameter.split('=').next().map(str::to_ascii_lowercase);
    let is_ours = |parameter: &&str| WANTED.iter().any(|wanted| name(wanted) == name(parameter));
    let said = offered.unwrap_or_default().split(';').map(str::trim);
    let kept = said.filter(|parameter| !parameter.is_empty() && !is_ours(parameter));
    Some(kept.chain(WANTED).collect::<Vec<_>>().join(";"))
}

/// The `a=fmtp` of a codec in our offers.
pub(super) const fn our_fmtp(codec: Codec) -> Option<&'static str> {
    match codec {
        Codec::Opus => Some("minptime=10;useinbandfec=1;usedtx=1"),
        Codec::Vp8 => None,
        Codec::Vp9 => Some("profile-id=0"),
        Codec::H264 => {
            Some("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")
        }
        Codec::Av1 => Some("level-idx=5;profile=0;tier=0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_are_asked_for_with_in_band_fec_and_without_packets_in_silence() {
        let answered = |offered| answered_fmtp(Codec::Opus, offered).unwrap();
        let firefox = "maxplaybackrate=48000;stereo=1;useinbandfec=1";
        let expected = "maxplaybackrate=48000;stereo=1;useinbandfec=1;usedtx=1";
        assert_eq!(answered(Some(firefox)), expected);
        assert_eq!(answered(Some("UseDTX=0; useinbandfec=0; ")), "useinbandfec=1;usedtx=1");
        assert_eq!(answered(None), "useinbandfec=1;usedtx=1");
        assert_eq!(answered_fmtp(Codec::Vp9, Some("profile-id=0")).unwrap(), "profile-id=0");
        assert_eq!(answered_fmtp(Codec::Vp8, None), None);
    }
}
