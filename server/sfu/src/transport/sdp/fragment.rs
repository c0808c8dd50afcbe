//! The part of a description that is about ICE alone, as HTTP sessions change it (RFC 8840
//! section 9, RFC 9725 section 4.3).

use super::{IceCredentials, MAX_OFFERED_LINES, SdpError, offer::ice_credentials, parse::Session};

/// A client's fragment. Its candidates are not kept: we answer where we are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceFragment {
    /// The client's end of the ICE session it is about, if it says so.
    pub ice: Option<IceCredentials>,
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
        match (first("ice-ufrag"), first("ice-pwd")) {
            (Some(ufrag), Some(pwd)) => Ok(Self { ice: Some(ice_credentials(ufrag, pwd)?) }),
            (Some(_), None) => Err(SdpError::Missing("ice-pwd")),
            (None, Some(_)) => Err(SdpError::Missing("ice-ufrag")),
            (None, None) if first("candidate").or_else(|| first("end-of-candidates")).is_some() => {
                Ok(Self { ice: None })
            }
            (None, None) => Err(SdpError::Missing("candidate")),
        }
    }
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
    fn candidates_alone_are_about_the_session_there_is() {
        let fragment = IceFragment::parse("a=mid:0\r\na=end-of-candidates\r\n");
        assert_eq!(fragment, Ok(IceFragment { ice: None }));
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
