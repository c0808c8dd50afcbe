//! The bounds both ends know. Each has a test that fills it, on the side that enforces it.

/// Most bytes of one WebSocket message, and of a session description inside it.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Most bytes of a request body of the REST interface.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// Most characters (Unicode scalar values) of a name.
pub const MAX_NAME_CHARS: usize = 64;

/// Most participants of one room.
pub const MAX_PARTICIPANTS: usize = 50;

/// Most who watch one room by WHEP, without being participants.
pub const MAX_VIEWERS: usize = 500;

/// Most sources one participant publishes at once.
pub const MAX_PRODUCERS_PER_PARTICIPANT: usize = 8;

/// Most things one participant receives at once.
pub const MAX_CONSUMERS_PER_PARTICIPANT: usize = MAX_PARTICIPANTS * MAX_PRODUCERS_PER_PARTICIPANT;

/// Seconds a new socket has to send its `join`.
pub const JOIN_TIMEOUT_SECONDS: u32 = 5;

/// Seconds between the server's pings; a page that has heard nothing for
/// [`HEARTBEAT_TIMEOUT_SECONDS`] reconnects, and a server that has heard nothing closes.
pub const HEARTBEAT_INTERVAL_SECONDS: u32 = 2;

/// Seconds of silence after which either end takes the other for gone.
pub const HEARTBEAT_TIMEOUT_SECONDS: u32 = 8;

/// Seconds a participant whose socket fell silent keeps its place, and is shown as reconnecting.
pub const RECONNECT_GRACE_SECONDS: u32 = 30;

/// Seconds the place is kept when the other end closed the connection without saying goodbye: a
/// killed tab does that at once, a lost network does not.
pub const CLOSED_GRACE_SECONDS: u32 = 7;

/// Bits per second each participant may send of one video source, unless the room says otherwise.
pub const DEFAULT_VIDEO_BITRATE: u32 = 1_000_000;

/// Least bits per second that a host may limit a video source to: below it there is no picture.
pub const MIN_VIDEO_BITRATE: u32 = 50_000;

/// Most bits per second that a host may let a video source have.
pub const MAX_VIDEO_BITRATE: u32 = 50_000_000;

/// Most characters (Unicode scalar values) of a chat message.
pub const MAX_CHAT_CHARS: usize = 2000;

/// Most chat messages that one participant may write at once.
pub const CHAT_BURST: u32 = 5;

/// Seconds from one chat message of a participant to the next, in the long run.
pub const CHAT_INTERVAL_SECONDS: u32 = 1;

/// Most chat messages that a room keeps for those who come later; the oldest go.
pub const MAX_CHAT_MESSAGES: usize = 200;

/// Most bytes of text and names of the chat messages that a room keeps; the oldest go.
pub const MAX_CHAT_BYTES: usize = 64 * 1024;

/// Most who knock at one room and wait.
pub const MAX_KNOCKS: usize = 50;

/// Seconds that someone who was admitted has to come in.
pub const ADMISSION_SECONDS: u32 = 60;

/// Most invites of one room whose time has not passed.
pub const MAX_INVITES: usize = 100;

/// Most invites of those who were given a role in one room whose time has not passed, withdrawn ones
/// too. Past that a role lasts for as long as its ticket.
pub const MAX_ROLE_INVITES: usize = 200;

/// Least seconds that an invite lets in.
pub const MIN_INVITE_SECONDS: u32 = 60;

/// Most seconds that an invite lets in: 30 days.
pub const MAX_INVITE_SECONDS: u32 = 30 * 24 * 60 * 60;

/// Most uses that an invite may be made for.
pub const MAX_INVITE_USES: u32 = 10_000;

/// Seconds that the server listens for one who tries whether media would come through.
pub const CHECK_SECONDS: u32 = 15;
