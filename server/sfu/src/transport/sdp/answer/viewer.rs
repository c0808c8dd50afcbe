//! Answers the offer of a client that receives only (WHEP): its m-lines are fixed, and what is sent
//! on them comes and goes without it being asked again.

use super::{
    Agreement, Decision, Direction, LocalParameters, Mid, NegotiatedCodec, OfferedExtension,
    OfferedKind, OfferedMedia, RemoteOffer, SdpError, agree, common_extensions, write_accepted,
    write_rejected,
};
use crate::{
    extension::{Extension, ExtensionIds},
    transport::sdp::write::Lines,
};
use shared::media::MediaKind;

/// The header extensions a viewer is sent; see `egress` of the router.
const AUDIO_EXTENSIONS: [Extension; 2] = [Extension::AudioLevel, Extension::TransportCc];
const VIDEO_EXTENSIONS: [Extension; 4] = [
    Extension::TransportCc,
    Extension::VideoOrientation,
    Extension::PlayoutDelay,
    Extension::DependencyDescriptor,
];

/// An answer in the making: [`ViewerAnswer::lines`] says what can be sent, [`ViewerAnswer::write`]
/// takes the streams it is sent on.
#[derive(Debug)]
pub struct ViewerAnswer<'a> {
    offer: &'a RemoteOffer,
    /// `Receive` is, here, what the client receives.
    decisions: Vec<Decision<'a>>,
}

/// What one m-line of a viewer can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendParameters {
    /// The m-line.
    pub mid: Mid,
    /// Sound or picture.
    pub kind: MediaKind,
    /// What the client decodes of what we forward, with its payload types; never empty.
    pub codecs: Vec<NegotiatedCodec>,
    /// The client's header extension ids.
    pub extensions: ExtensionIds,
}

/// The stream of one m-line, for as long as the session lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendStream {
    /// SSRC of the media.
    pub ssrc: u32,
    /// SSRC of the retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// Stream id of `a=msid` and CNAME: m-lines that share it play in step.
    pub name: String,
}

impl SendParameters {
    /// Whether any codec has retransmissions.
    #[must_use]
    pub fn has_rtx(&self) -> bool {
        self.codecs.iter().any(|codec| codec.rtx_payload_type.is_some())
    }
}

impl<'a> ViewerAnswer<'a> {
    /// Looks at every m-line of `offer`.
    ///
    /// # Errors
    /// When one header extension id stands for two things.
    pub fn new(offer: &'a RemoteOffer) -> Result<Self, SdpError> {
        let decisions: Vec<_> = offer.media.iter().map(decide).collect();
        common_extensions(&decisions)?;
        Ok(Self { offer, decisions })
    }

    /// What can be sent, in the order of the m-lines.
    #[must_use]
    pub fn lines(&self) -> Vec<SendParameters> {
        self.sent().map(Agreement::send_parameters).collect()
    }

    /// Writes the answer; `streams` are of [`ViewerAnswer::lines`], one for each.
    #[must_use]
    pub fn write(&self, local: &LocalParameters, streams: &[SendStream]) -> String {
        let bundled = || self.decisions.iter().filter_map(Decision::agreement).map(|a| a.mid);
        let mut lines = Lines::session(local, 1, bundled());
        let tagged = bundled().next();
        let mut streams = streams.iter();
        for (media, decision) in self.offer.media.iter().zip(&self.decisions) {
            match decision {
                Decision::Receive(agreement) => {
                    write_accepted(&mut lines, media, agreement, (local, "sendonly"));
                    if let Some(stream) = streams.next() {
                        write_stream(&mut lines, agreement.mid, stream);
                    }
                }
                Decision::Idle(agreement) => {
                    write_accepted(&mut lines, media, agreement, (local, "inactive"));
                }
                Decision::Reject(_) | Decision::Stopped => write_rejected(&mut lines, media),
            }
            if decision.agreement().is_some_and(|agreement| tagged == Some(agreement.mid)) {
                lines.candidates(&local.candidates);
            }
        }
        lines.finish()
    }

    fn sent(&self) -> impl Iterator<Item = &Agreement<'a>> {
        self.decisions.iter().filter_map(|decision| match decision {
            Decision::Receive(agreement) => Some(agreement),
            Decision::Idle(_) | Decision::Reject(_) | Decision::Stopped => None,
        })
    }
}

impl Agreement<'_> {
    fn send_parameters(&self) -> SendParameters {
        SendParameters {
            mid: self.mid,
            kind: self.kind,
            codecs: self.negotiated(),
            extensions: self.extension_ids(),
        }
    }
}

fn decide(media: &OfferedMedia) -> Decision<'_> {
    match agree(media, received_extensions(media)) {
        Ok(agreement) => match media.direction {
            Direction::SendRecv | Direction::RecvOnly => Decision::Receive(agreement),
            Direction::SendOnly | Direction::Inactive => Decision::Idle(agreement),
        },
        Err(decision) => decision,
    }
}

/// The extensions the client receives and we send.
fn received_extensions(media: &OfferedMedia) -> Vec<OfferedExtension> {
    let sent: &[Extension] =
        if media.kind == OfferedKind::Video { &VIDEO_EXTENSIONS } else { &AUDIO_EXTENSIONS };
    let offered = media.extensions.iter().copied();
    let received = offered
        .filter(|offered| matches!(offered.direction, Direction::SendRecv | Direction::RecvOnly));
    received.filter(|offered| sent.contains(&offered.extension)).collect()
}

/// Chromium shows no picture when the RTX SSRC is announced before the primary one.
fn write_stream(lines: &mut Lines, mid: Mid, stream: &SendStream) {
    let SendStream { ssrc, rtx_ssrc, name } = stream;
    lines.push(format_args!("a=msid:{name} {mid}"));
    if let Some(rtx) = rtx_ssrc {
        lines.push(format_args!("a=ssrc-group:FID {ssrc} {rtx}"));
    }
    for ssrc in [Some(*ssrc), *rtx_ssrc].into_iter().flatten() {
        lines.push(format_args!("a=ssrc:{ssrc} cname:{name}"));
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::sdp::tests::{CHROMIUM_PLAIN, FIREFOX_PLAIN, local, section};

    use super::*;

    /// A browser's offer as it would be if it only wanted to watch.
    fn watching(offer: &str) -> RemoteOffer {
        let offer = offer.replace("a=sendrecv", "a=recvonly").replace("a=sendonly", "a=recvonly");
        RemoteOffer::parse(&offer).unwrap()
    }

    fn streams(lines: &[SendParameters]) -> Vec<SendStream> {
        let stream = |(line, ssrc): (&SendParameters, u32)| SendStream {
            ssrc,
            rtx_ssrc: line.has_rtx().then_some(ssrc + 100),
            name: "view".to_owned(),
        };
        lines.iter().zip(1..).map(stream).collect()
    }

    #[test]
    fn a_viewer_is_sent_what_it_decodes_under_its_own_numbers() {
        for (text, vp8) in [(CHROMIUM_PLAIN, 96), (FIREFOX_PLAIN, 120)] {
            let offer = watching(text);
            let answer = ViewerAnswer::new(&offer).unwrap();
            let lines = answer.lines();
            let kinds: Vec<_> = lines.iter().map(|line| (line.kind, line.has_rtx())).collect();
            assert_eq!(kinds, [(MediaKind::Audio, false), (MediaKind::Video, true)]);
            assert_eq!(lines[1].codecs[0].payload_type, vp8);
            let offered = &offer.media[1].extensions;
            let twcc = offered.iter().find(|one| one.extension == Extension::TransportCc).unwrap();
            assert_eq!(lines[1].extensions.id_of(Extension::TransportCc), Some(twcc.id));
            assert_eq!(lines[1].extensions.id_of(Extension::Mid), None, "SSRCs are announced");

            let sdp = answer.write(&local(), &streams(&lines));
            let video = section(&sdp, 1);
            assert!(video.contains(&"a=sendonly") && video.contains(&"a=setup:passive"));
            assert!(video.contains(&"a=ssrc-group:FID 2 102"), "{sdp}");
            let at = |line| video.iter().position(|one| *one == line).unwrap();
            assert!(at("a=ssrc:2 cname:view") < at("a=ssrc:102 cname:view"));
            assert!(section(&sdp, 0).contains(&"a=ssrc:1 cname:view"));
        }
    }

    #[test]
    fn what_the_client_only_sends_is_not_sent_to_it() {
        let offer = RemoteOffer::parse(&CHROMIUM_PLAIN.replace("a=sendrecv", "a=sendonly"));
        let offer = offer.unwrap();
        let answer = ViewerAnswer::new(&offer).unwrap();
        assert!(answer.lines().is_empty());
        let sdp = answer.write(&local(), &[]);
        assert!(section(&sdp, 0).contains(&"a=inactive") && !sdp.contains("a=ssrc:"), "{sdp}");
    }
}
