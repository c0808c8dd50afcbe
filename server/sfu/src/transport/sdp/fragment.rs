//! The part of a description that is about ICE alone, as HTTP sessions change it (RFC 8840
//! section 9, RFC 9725 section 4.3).

use super::{
    IceCredentials, LocalParameters, MAX_OFFERED_LINES, Mid, SdpError,
    offer::{ice_credentials, mid},
    parse::{Media, Session},
    write::Lines,
};

/// A client's fragment. Its candidates are not kept: we answer where we are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceFragment {
    /// The client's end of the ICE session it is about, if it says so.
    pub ice: Option<IceCredentials>,
    /// The m-line that stands for the transport, and its name.
    tagged: Option<(String, Mid)>,
}

/// What our end of an ICE session is: credentials and candidates.
pub(crate) fn ice_lines(local: &LocalParameters) -> String {
    let mut lines = Lines::default();
    lines.push(format_args!("a=ice-ufrag:{}", local.ice.ufrag));
    lines.push(format_args!("a=ice-pwd:{}", local.ice.pwd));
    lines.candidates(&local.candidates);
    lines.finish()
}

impl IceFragment {
    /// Reads `application/trickle-ice-sdpfrag`.
    ///
    /// # Errors
    /// When the text is none, or says nothing of ICE.
    pub fn parse(text: &str) -> Result<Self, SdpError> {
        let session = Session::parse(text, MAX_OFFERED_LINES)?;
        let levels =
            || session.media.iter().map(|media| &media.attributes).chain([&session.attributes]);
        let first = |name| levels().find_map(|attributes| attributes.first(name));
        let tagged = session.media.first().map(tagged).transpose()?.flatten();
        match (first("ice-ufrag"), first("ice-pwd")) {
            (Some(ufrag), Some(pwd)) => {
                Ok(Self { ice: Some(ice_credentials(ufrag, pwd)?), tagged })
            }
            (Some(_), None) => Err(SdpError::Missing("ice-pwd")),
            (None, Some(_)) => Err(SdpError::Missing("ice-ufrag")),
            (None, None) if first("candidate").or_else(|| first("end-of-candidates")).is_some() => {
                Ok(Self { ice: None, tagged })
            }
            (None, None) => Err(SdpError::Missing("candidate")),
        }
    }

    /// Our fragment in answer to this one, with the `lines` that say what our end is.
    #[must_use]
    pub fn answer(&self, lines: &str) -> String {
        let mut answer = Lines::default();
        answer.push("a=ice-lite");
        if let Some((line, mid)) = &self.tagged {
            answer.push(format_args!("m={line}"));
            answer.push(format_args!("a=mid:{mid}"));
        }
        answer.finish() + lines
    }
}

fn tagged(media: &Media<'_>) -> Result<Option<(String, Mid)>, SdpError> {
    let line = format!("{} 9 {} {}", media.kind, media.protocol, media.formats.join(" "));
    Ok(mid(media)?.map(|mid| (line, mid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 9725 figure 5, with another address.
    const TRICKLED: &str = "a=group:BUNDLE 0 1\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
        a=mid:0\r\n\
        a=ice-ufrag:EsAw\r\n\
        a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
        a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0\r\n\
        a=end-of-candidates\r\n";

    #[test]
    fn a_fragment_names_the_clients_end() {
        let ice = IceFragment::parse(TRICKLED).unwrap().ice.unwrap();
        assert_eq!((&*ice.ufrag, &*ice.pwd), ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1"));
    }

    #[test]
    fn our_fragment_is_about_the_clients_m_line() {
        let answer = IceFragment::parse(TRICKLED).unwrap().answer("a=ice-ufrag:ours\r\n");
        let expected =
            ["a=ice-lite", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=ice-ufrag:ours"];
        assert!(answer.lines().eq(expected), "{answer}");
    }

    #[test]
    fn candidates_alone_are_about_the_session_there_is() {
        let fragment = IceFragment::parse("a=mid:0\r\na=end-of-candidates\r\n");
        assert_eq!(fragment, Ok(IceFragment { ice: None, tagged: None }));
    }

    #[test]
    fn what_is_no_fragment_is_refused() {
        for (text, error) in [
            ("", SdpError::Missing("candidate")),
            ("a=mid:0\r\n", SdpError::Missing("candidate")),
            ("a=ice-ufrag:EsAw\r\n", SdpError::Missing("ice-pwd")),
            ("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n", SdpError::Missing("ice-ufrag")),
            ("a=ice-ufrag:EsAw\r\na=ice-pwd:short\r\n", SdpError::Invalid("ice-pwd")),
            ("{}", SdpError::Syntax(1)),
        ] {
            assert_eq!(IceFragment::parse(text), Err(error), "{text}");
        }
    }
}
