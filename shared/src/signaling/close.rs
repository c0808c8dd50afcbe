//! Why a socket ends.

/// Why the server closed a socket: the codes of RFC 6455 section 7.4 and our own from 4400 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The client left.
    Normal = 1000,
    /// A message was not text.
    Unsupported = 1003,
    /// A message was not UTF-8.
    InvalidData = 1007,
    /// A message was over [`crate::limits::MAX_MESSAGE_BYTES`].
    TooLarge = 1009,
    /// The server restarts; reconnect.
    ServiceRestart = 1012,
    /// The token or the ticket does not let in.
    Unauthorized = 4401,
    /// Removed by the host.
    Kicked = 4403,
    /// No such room, or it ended.
    RoomNotFound = 4404,
    /// The host ended the meeting for everyone.
    MeetingEnded = 4405,
    /// The host does not let in who knocked.
    KnockRefused = 4406,
    /// No `join` in time, or silence.
    Timeout = 4408,
    /// Another socket took the participant over.
    Replaced = 4409,
    /// Every place is taken.
    RoomFull = 4410,
    /// The host locked the room.
    RoomLocked = 4423,
    /// Too many messages.
    Flood = 4429,
    /// The client does not read what it is sent.
    SlowReader = 4508,
}

impl CloseCode {
    /// Every code.
    pub const ALL: [Self; 16] = [
        Self::Normal,
        Self::Unsupported,
        Self::InvalidData,
        Self::TooLarge,
        Self::ServiceRestart,
        Self::Unauthorized,
        Self::Kicked,
        Self::RoomNotFound,
        Self::MeetingEnded,
        Self::KnockRefused,
        Self::Timeout,
        Self::Replaced,
        Self::RoomFull,
        Self::RoomLocked,
        Self::Flood,
        Self::SlowReader,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self as u16
    }

    /// The code of a number on the wire.
    #[must_use]
    pub fn from_u16(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_u16() == number)
    }

    /// Whether a client that was closed with this code may come back by itself.
    #[must_use]
    pub const fn allows_reconnect(self) -> bool {
        matches!(self, Self::ServiceRestart | Self::Timeout | Self::SlowReader | Self::Flood)
    }
}
