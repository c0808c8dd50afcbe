//! Looks into the ClientHello before `rtc_dtls` does: for our cookie and for `use_srtp`.

use super::{
    COOKIE_BYTES,
    record::{Content, Fragment, Message, Record, fragments},
};
use crate::transport::srtp::SrtpProfile;

const CLIENT_HELLO: u8 = 1;
/// Browsers' hellos with a post-quantum key share have about 1.4 KB.
const MAX_HELLO: usize = 4096;
/// Version and random (RFC 5246 §7.4.1.2).
const FIXED_PART: usize = 34;
/// RFC 5764 §9.
const USE_SRTP: u16 = 14;
/// The hello that answers a HelloVerifyRequest is the client's second message (RFC 6347 §4.2.2).
const SECOND_MESSAGE: u16 = 1;

/// A whole ClientHello that carries our cookie.
#[derive(Debug)]
pub(super) struct ClientHello {
    body: Vec<u8>,
    without_cookie: Vec<u8>,
    cookie: [u8; COOKIE_BYTES],
    srtp_profile: Option<SrtpProfile>,
}

impl ClientHello {
    /// Reads a hello; `None` when it is broken or carries another cookie.
    fn parse(body: &[u8], cookie: &[u8; COOKIE_BYTES]) -> Option<Self> {
        let mut rest = Reader(body);
        rest.take(FIXED_PART)?;
        rest.vector8()?;
        let before_cookie = body.get(..body.len().checked_sub(rest.0.len())?)?;
        if rest.vector8()? != cookie {
            return None;
        }
        let without_cookie = [before_cookie, &[0], rest.0].concat();
        rest.vector16()?;
        rest.vector8()?;
        let srtp_profile = choose_profile(use_srtp(rest.vector16()?)?);
        Some(Self { body: body.to_vec(), without_cookie, cookie: *cookie, srtp_profile })
    }

    /// The message as it came.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The hello this client must have sent first: the same without a cookie (RFC 6347 §4.2.1).
    pub(super) fn without_cookie(&self) -> &[u8] {
        &self.without_cookie
    }

    /// Our cookie, which it carries.
    pub(super) fn cookie(&self) -> [u8; COOKIE_BYTES] {
        self.cookie
    }

    /// The best profile that both sides have.
    pub(super) fn srtp_profile(&self) -> Option<SrtpProfile> {
        self.srtp_profile
    }
}

/// What a record did for the hello.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Nothing to see here.
    Dropped,
    /// A part of a hello; more must come.
    Incomplete,
    /// A hello without our cookie: ask for it.
    WithoutCookie,
    /// A whole hello from somebody who received our cookie.
    Complete(ClientHello),
}

/// Puts the fragments of a hello together. Hellos without our cookie leave no trace in it.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    second: Message,
}

impl Assembly {
    /// Takes the fragments of one record.
    pub(super) fn take(&mut self, record: &Record<'_>, cookie: &[u8; COOKIE_BYTES]) -> Outcome {
        if record.content != Content::Handshake || record.epoch != 0 {
            return Outcome::Dropped;
        }
        let mut outcome = Outcome::Dropped;
        for fragment in fragments(record.payload) {
            outcome = self.take_fragment(&fragment, cookie);
            if let Outcome::Complete(_) = outcome {
                break;
            }
        }
        outcome
    }

    fn take_fragment(&mut self, fragment: &Fragment<'_>, cookie: &[u8; COOKIE_BYTES]) -> Outcome {
        let is_hello = fragment.kind == CLIENT_HELLO && fragment.length <= MAX_HELLO;
        if !is_hello || fragment.message_sequence > SECOND_MESSAGE {
            return Outcome::Dropped;
        }
        // The first fragment reaches beyond the cookie in every client we know of; one that does
        // not is answered when the client sends it larger, which RFC 6347 §4.2.1 allows.
        let is_first = fragment.offset == 0;
        if is_first && cookie_of(fragment.body) != Some(cookie) {
            return if cookie_of(fragment.body).is_some() {
                Outcome::WithoutCookie
            } else {
                Outcome::Dropped
            };
        }
        if fragment.message_sequence != SECOND_MESSAGE {
            return Outcome::Dropped;
        }
        // Only who knows the cookie may replace what is there; anybody may begin.
        let fits = self.second.length() == fragment.length;
        if !fits && (is_first || self.second.length() == 0) {
            self.second = Message::of_length(fragment.length);
        }
        self.second.add(fragment);
        let Some(body) = self.second.complete() else {
            return Outcome::Incomplete;
        };
        let hello = ClientHello::parse(body, cookie);
        self.second = Message::default();
        hello.map_or(Outcome::Dropped, Outcome::Complete)
    }
}

/// The cookie of a hello, which may be cut behind it.
fn cookie_of(body: &[u8]) -> Option<&[u8]> {
    let mut rest = Reader(body);
    rest.take(FIXED_PART)?;
    rest.vector8()?;
    rest.vector8()
}

/// The profiles that the `use_srtp` extension offers, none without it (RFC 5764 §4.1.1).
fn use_srtp(extensions: &[u8]) -> Option<&[u8]> {
    let mut rest = Reader(extensions);
    let mut profiles: &[u8] = &[];
    while !rest.0.is_empty() {
        let kind = rest.u16()?;
        let mut value = Reader(rest.vector16()?);
        if kind == USE_SRTP {
            profiles = value.vector16()?;
        }
    }
    Some(profiles)
}

fn choose_profile(offered: &[u8]) -> Option<SrtpProfile> {
    let is_offered = |profile: &SrtpProfile| {
        offered.as_chunks::<2>().0.iter().any(|code| profile.code_point().to_be_bytes() == *code)
    };
    SrtpProfile::PREFERENCE.into_iter().find(is_offered)
}

/// Reads TLS vectors from the front of a slice (RFC 5246 §4.3).
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(*self.take(1)?.first()?);
        self.take(length)
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?);
        self.take(length)
    }
}
