//! RTP packets as views of bytes: read without allocation, written into a buffer (RFC 3550).
//!
//! | type | what it is for |
//! |---|---|
//! | [`RtpHeader`] | the header of a packet, readable before decryption |
//! | [`RtpPacket`] | header and payload of a decrypted packet, padding stripped |
//! | [`Extensions`] | the header extension block, both forms of RFC 8285 |
//! | [`RtpWriter`] | builds a packet with header extensions of one form |

/// Length of the part of the header that every packet has, in bytes (RFC 3550 section 5.1).
pub const FIXED_HEADER_LEN: usize = 12;

/// The longest element of a one-byte header extension, in bytes (RFC 8285 section 4.2).
pub const MAX_ONE_BYTE_EXTENSION_LEN: usize = 16;

/// The longest element of a two-byte header extension, in bytes (RFC 8285 section 4.3).
pub const MAX_TWO_BYTE_EXTENSION_LEN: usize = 255;

/// The profile of a block of one-byte header extensions (RFC 8285 section 4.2).
const ONE_BYTE_PROFILE: u16 = 0xBEDE;

/// The profile of a block of two-byte header extensions, without its four "appbits" (RFC 8285 section 4.3).
const TWO_BYTE_PROFILE: u16 = 0x1000;

/// The header bits of version 2 (RFC 3550 section 5.1).
const VERSION_2: u8 = 2 << 6;

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// The packet ends before its header does.
    #[error("the packet is shorter than its header")]
    Truncated,
    /// The version is not 2.
    #[error("the packet is not RTP version 2")]
    Version,
    /// The padding count is zero, or longer than what follows the header.
    #[error("the padding is longer than the payload")]
    Padding,
}

/// The header of a packet. SRTP leaves it in clear, so it can be read before decryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader<'a> {
    /// The last packet of a frame, or the first after silence.
    pub marker: bool,
    /// What the payload is, as negotiated; 7 bits.
    pub payload_type: u8,
    /// Counts packets, modulo 2^16.
    pub sequence: u16,
    /// Sampling instant in units of the codec's clock, modulo 2^32.
    pub timestamp: u32,
    /// The stream the packet belongs to.
    pub ssrc: u32,
    /// Whether padding follows the payload.
    pub padded: bool,
    /// The header extensions.
    pub extensions: Extensions<'a>,
    /// Length of the whole header, in bytes: fixed part, contributing sources, extensions.
    pub len: usize,
}

impl<'a> RtpHeader<'a> {
    /// Reads the header at the start of `packet`.
    ///
    /// # Errors
    /// When the packet is not RTP version 2 or ends inside its header.
    pub fn parse(packet: &'a [u8]) -> Result<Self, RtpError> {
        let (fixed, rest) =
            packet.split_first_chunk::<FIXED_HEADER_LEN>().ok_or(RtpError::Truncated)?;
        let [flags, kind, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *fixed;
        if flags & 0xC0 != VERSION_2 {
            return Err(RtpError::Version);
        }
        let sources_len = usize::from(flags & 0x0F) * 4;
        let rest = rest.get(sources_len..).ok_or(RtpError::Truncated)?;
        let (extensions, block_len) = if flags & 0x10 == 0 {
            (Extensions::default(), 0)
        } else {
            Extensions::parse(rest).ok_or(RtpError::Truncated)?
        };
        Ok(Self {
            marker: kind & 0x80 != 0,
            payload_type: kind & 0x7F,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            padded: flags & 0x20 != 0,
            extensions,
            len: FIXED_HEADER_LEN + sources_len + block_len,
        })
    }
}

/// A decrypted packet: its header, and its payload without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// The header.
    pub header: RtpHeader<'a>,
    /// What the codec made; empty in a packet that is only padding.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Reads a decrypted packet.
    ///
    /// # Errors
    /// When the header is malformed, or the padding does not fit what follows it.
    pub fn parse(packet: &'a [u8]) -> Result<Self, RtpError> {
        let header = RtpHeader::parse(packet)?;
        let body = packet.get(header.len..).ok_or(RtpError::Truncated)?;
        let payload = if header.padded { strip_padding(body)? } else { body };
        Ok(Self { header, payload })
    }
}

/// The last byte counts the padding, itself included (RFC 3550 section 5.1).
fn strip_padding(body: &[u8]) -> Result<&[u8], RtpError> {
    let padding = body.last().copied().filter(|count| *count > 0).ok_or(RtpError::Padding)?;
    let payload_len = body.len().checked_sub(usize::from(padding)).ok_or(RtpError::Padding)?;
    body.get(..payload_len).ok_or(RtpError::Padding)
}

/// Splits a retransmission's payload into the number of the packet it repeats and that packet's
/// payload (RFC 4588 section 4). `None` when there is no room for the number, as in padding sent to
/// probe for bandwidth.
#[must_use]
pub fn unwrap_rtx(payload: &[u8]) -> Option<(u16, &[u8])> {
    let (number, original) = payload.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*number), original))
}

/// The header extension block of a packet: an iterator over `(id, data)`.
///
/// A block of an unknown profile reads as empty; a malformed element ends the block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extensions<'a> {
    form: ExtensionForm,
    rest: &'a [u8],
}

/// How the elements of a block of header extensions are written (RFC 8285 section 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExtensionForm {
    /// Id and length in one byte: 1 to 16 bytes of data each.
    #[default]
    OneByte,
    /// Each in a byte of its own: up to 255 bytes of data. Whoever has not said that they take
    /// both forms in one stream must not be sent them.
    TwoByte,
}

impl ExtensionForm {
    /// Length of an element's head, in bytes.
    #[must_use]
    pub const fn head_len(self) -> usize {
        match self {
            Self::OneByte => 1,
            Self::TwoByte => 2,
        }
    }

    const fn profile(self) -> u16 {
        match self {
            Self::OneByte => ONE_BYTE_PROFILE,
            Self::TwoByte => TWO_BYTE_PROFILE,
        }
    }
}

impl<'a> Extensions<'a> {
    /// The data of the first element with `id`, if there is one.
    #[must_use]
    pub fn get(mut self, id: u8) -> Option<&'a [u8]> {
        self.find(|(found, _)| *found == id).map(|(_, data)| data)
    }

    /// Reads the block at the start of `bytes`; also returns its length with its own header.
    fn parse(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let ([p0, p1, w0, w1], rest) = bytes.split_first_chunk::<4>()?;
        let len = usize::from(u16::from_be_bytes([*w0, *w1])) * 4;
        let block = rest.get(..len)?;
        let extensions = match u16::from_be_bytes([*p0, *p1]) {
            ONE_BYTE_PROFILE => Self { form: ExtensionForm::OneByte, rest: block },
            profile if profile & 0xFFF0 == TWO_BYTE_PROFILE => {
                Self { form: ExtensionForm::TwoByte, rest: block }
            }
            _ => Self::default(),
        };
        Some((extensions, 4 + len))
    }

    /// The id and the length of the element whose head starts with `first`, and what follows.
    fn element(&self, first: u8, rest: &'a [u8]) -> Option<(u8, usize, &'a [u8])> {
        match self.form {
            // Id 15 ends the block (RFC 8285 section 4.2).
            ExtensionForm::OneByte if first >> 4 == 15 => None,
            ExtensionForm::OneByte => Some((first >> 4, usize::from(first & 0x0F) + 1, rest)),
            ExtensionForm::TwoByte => {
                let (len, rest) = rest.split_first()?;
                Some((first, usize::from(*len), rest))
            }
        }
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            // A zero byte is padding between elements in both forms.
            if *first == 0 {
                continue;
            }
            let element = self
                .element(*first, rest)
                .and_then(|(id, len, rest)| Some((id, rest.split_at_checked(len)?)));
            let Some((id, (data, rest))) = element else {
                self.rest = &[];
                return None;
            };
            self.rest = rest;
            // A one-byte element with id 0 and a length is padding too.
            if id != 0 {
                return Some((id, data));
            }
        }
    }
}

/// The fields of a packet's fixed header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RtpFields {
    /// See [`RtpHeader::marker`].
    pub marker: bool,
    /// See [`RtpHeader::payload_type`].
    pub payload_type: u8,
    /// See [`RtpHeader::sequence`].
    pub sequence: u16,
    /// See [`RtpHeader::timestamp`].
    pub timestamp: u32,
    /// See [`RtpHeader::ssrc`].
    pub ssrc: u32,
}

impl RtpFields {
    /// The fixed header, without padding, extensions or contributing sources.
    #[must_use]
    pub fn to_bytes(self) -> [u8; FIXED_HEADER_LEN] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = self.ssrc.to_be_bytes();
        let kind = u8::from(self.marker) << 7 | self.payload_type & 0x7F;
        [VERSION_2, kind, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3]
    }
}

/// Builds one packet in a buffer: [`RtpWriter::new`], any number of [`RtpWriter::extension`], then
/// [`RtpWriter::finish`] with the payload.
#[derive(Debug)]
pub struct RtpWriter<'a> {
    buffer: &'a mut [u8],
    len: usize,
    form: ExtensionForm,
}

impl<'a> RtpWriter<'a> {
    /// Where the first extension element starts: after the fixed header and the block's own.
    pub const FIRST_ELEMENT: usize = FIXED_HEADER_LEN + 4;

    /// Starts a packet with one-byte header extensions; `None` when `buffer` cannot hold the fixed
    /// header.
    #[must_use]
    pub fn new(buffer: &'a mut [u8], fields: RtpFields) -> Option<Self> {
        Self::with_form(buffer, fields, ExtensionForm::OneByte)
    }

    /// Starts a packet with header extensions of a form.
    #[must_use]
    pub fn with_form(buffer: &'a mut [u8], fields: RtpFields, form: ExtensionForm) -> Option<Self> {
        *buffer.first_chunk_mut::<FIXED_HEADER_LEN>()? = fields.to_bytes();
        Some(Self { buffer, len: FIXED_HEADER_LEN, form })
    }

    /// Appends a header extension: `id` 1 to 14, `data` 1 to 16 bytes, or up to 255 in the two-byte
    /// form. `None`, with nothing written, when it is out of these bounds or does not fit the
    /// buffer.
    pub fn extension(&mut self, id: u8, data: &[u8]) -> Option<()> {
        if !(1..=14).contains(&id) {
            return None;
        }
        let start = self.len.max(Self::FIRST_ELEMENT);
        let (body, end) = (start + self.form.head_len(), start + self.form.head_len() + data.len());
        match self.form {
            ExtensionForm::OneByte => {
                let code = u8::try_from(data.len().checked_sub(1)?).ok();
                let code = code.filter(|code| *code < 16)?;
                self.buffer.get_mut(start..end)?.first_mut().map(|head| *head = id << 4 | code)?;
            }
            ExtensionForm::TwoByte => {
                let head = [id, u8::try_from(data.len()).ok()?];
                *self.buffer.get_mut(start..end)?.first_chunk_mut()? = head;
            }
        }
        self.buffer.get_mut(body..end)?.copy_from_slice(data);
        self.len = end;
        Some(())
    }

    /// Closes the extension block and appends `payload`; returns the lengths of the header and of
    /// the whole packet. `None` when it does not fit the buffer.
    #[must_use]
    pub fn finish(mut self, payload: &[u8]) -> Option<(usize, usize)> {
        self.close_extensions()?;
        let end = self.len + payload.len();
        self.buffer.get_mut(self.len..end)?.copy_from_slice(payload);
        Some((self.len, end))
    }

    /// Pads the block to whole words and writes its header, if it has any element.
    fn close_extensions(&mut self) -> Option<()> {
        if self.len == FIXED_HEADER_LEN {
            return Some(());
        }
        let end = self.len.next_multiple_of(4);
        self.buffer.get_mut(self.len..end)?.fill(0);
        self.len = end;
        let words = u16::try_from((end - Self::FIRST_ELEMENT) / 4).ok()?;
        let [p0, p1] = self.form.profile().to_be_bytes();
        let [w0, w1] = words.to_be_bytes();
        self.buffer
            .get_mut(FIXED_HEADER_LEN..Self::FIRST_ELEMENT)?
            .copy_from_slice(&[p0, p1, w0, w1]);
        *self.buffer.first_mut()? |= 0x10;
        Some(())
    }
}

/// The form of the extension block of a packet without contributing sources, as ours are.
#[must_use]
pub fn extension_form(packet: &[u8]) -> Option<ExtensionForm> {
    let head = packet.first_chunk::<{ RtpWriter::FIRST_ELEMENT }>()?;
    let [flags, .., p0, p1, _, _] = *head;
    match u16::from_be_bytes([p0, p1]) {
        _ if flags & 0x1F != 0x10 => None,
        ONE_BYTE_PROFILE => Some(ExtensionForm::OneByte),
        TWO_BYTE_PROFILE => Some(ExtensionForm::TwoByte),
        _ => None,
    }
}

/// Turns the two-byte extensions of a packet of ours into one-byte ones, each at its place: what is
/// too long for that becomes padding. `header_len` is as [`RtpHeader::len`].
pub fn narrow_extensions(packet: &mut [u8], header_len: usize) {
    if extension_form(packet) != Some(ExtensionForm::TwoByte) {
        return;
    }
    let Some(header) = packet.get_mut(FIXED_HEADER_LEN..header_len) else { return };
    let Some((head, mut rest)) = header.split_first_chunk_mut::<4>() else { return };
    let [p0, p1] = ONE_BYTE_PROFILE.to_be_bytes();
    let [_, _, words @ ..] = *head;
    *head = [p0, p1, words[0], words[1]];
    while let [id, len, ..] = *rest {
        let end = if id == 0 { 1 } else { 2 + usize::from(len) };
        let Some((element, behind)) = rest.split_at_mut_checked(end) else { return };
        match element {
            [pad, head, data @ ..]
                if (1..=MAX_ONE_BYTE_EXTENSION_LEN).contains(&data.len()) && id < 15 =>
            {
                (*pad, *head) = (0, id << 4 | (len - 1));
            }
            element => element.fill(0),
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests;
