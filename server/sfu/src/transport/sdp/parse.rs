//! Splits a description into its lines, within bounds, without copying.

use super::{MAX_SDP_BYTES, SdpError};

/// Most formats of one m-line: every payload type there is in the two dynamic ranges.
const MAX_FORMATS: usize = 96;

/// Most attributes of one m-line; Chromium's video has about 130.
const MAX_ATTRIBUTES: usize = 512;

/// A description, split.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub(super) attributes: Attributes<'a>,
    pub(super) media: Vec<Media<'a>>,
}

/// One `m=` line (RFC 8866 5.14) and what belongs to it.
#[derive(Debug)]
pub(super) struct Media<'a> {
    pub(super) kind: &'a str,
    pub(super) port: u16,
    pub(super) protocol: &'a str,
    pub(super) formats: Vec<&'a str>,
    pub(super) attributes: Attributes<'a>,
}

/// The `a=` lines of a session or an m-line, in their order.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Session<'a> {
    /// Splits `text`, which may have at most `max_lines` m-lines.
    pub(super) fn parse(text: &'a str, max_lines: usize) -> Result<Self, SdpError> {
        if text.len() > MAX_SDP_BYTES {
            return Err(SdpError::TooLong);
        }
        let mut session = Self { attributes: Attributes::default(), media: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            session.push(line, index.saturating_add(1), max_lines)?;
        }
        Ok(session)
    }

    fn push(&mut self, line: &'a str, number: usize, max_lines: usize) -> Result<(), SdpError> {
        if line.is_empty() {
            return Ok(());
        }
        let (kind, value) = line.split_once('=').ok_or(SdpError::Syntax(number))?;
        let kind_is_a_letter = matches!(kind.as_bytes(), [byte] if byte.is_ascii_lowercase());
        if !kind_is_a_letter || value.chars().any(char::is_control) {
            return Err(SdpError::Syntax(number));
        }
        match kind {
            "m" if self.media.len() >= max_lines => Err(SdpError::TooMany("m-lines")),
            "m" => {
                let media = Media::parse(value).ok_or(SdpError::Syntax(number))?;
                self.media.push(media);
                Ok(())
            }
            "a" => {
                let media = self.media.last_mut();
                media.map_or(&mut self.attributes, |media| &mut media.attributes).push(value)
            }
            _ => Ok(()),
        }
    }
}

impl<'a> Media<'a> {
    fn parse(value: &'a str) -> Option<Self> {
        let mut fields = value.split_ascii_whitespace();
        let kind = fields.next()?;
        // `port/count` exists in the grammar and never in WebRTC.
        let port = fields.next()?.parse().ok()?;
        let protocol = fields.next()?;
        let formats: Vec<_> = fields.collect();
        let bounded = formats.len() <= MAX_FORMATS;
        bounded.then(|| Self { kind, port, protocol, formats, attributes: Attributes::default() })
    }
}

impl<'a> Attributes<'a> {
    fn push(&mut self, value: &'a str) -> Result<(), SdpError> {
        if self.0.len() >= MAX_ATTRIBUTES {
            return Err(SdpError::TooMany("attributes"));
        }
        self.0.push(value.split_once(':').unwrap_or((value, "")));
        Ok(())
    }

    /// The values of every `a=name:value`, in their order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| *key == name).map(|(_, value)| *value)
    }

    /// The value of the first `a=name:value`.
    pub(super) fn first(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Whether there is an `a=name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The values of every `a=name:<payload type> value` of one payload type.
    pub(super) fn of_format(&self, name: &str, payload_type: u8) -> impl Iterator<Item = &'a str> {
        self.all(name).filter_map(move |value| {
            let (format, rest) = value.split_once(' ')?;
            (format == "*" || format.parse() == Ok(payload_type)).then_some(rest.trim())
        })
    }
}
