//! What a meeting wants done, and what it is told of it.

use std::time::Duration;

use shared::{
    ids::RoomId,
    media::{IceServer, SessionDescription, Source},
    signaling::{ClientMessage, Direction},
};

use super::{encoding::Content, intent::Return, notice::DeviceError};

/// A point in time: how long the page has existed.
pub type Instant = Duration;

/// Names one WebSocket, so that the last words of a former one are not taken for a newer one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketId(pub u32);

/// Names one peer connection of the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerId {
    /// What it is for.
    pub direction: Direction,
    /// Counts the peer connections of that direction.
    pub generation: u32,
}

/// Something for the browser to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask over HTTP whether the server is there; answer with `handle_probe`.
    ///
    /// Before a reconnect only: browsers delay new sockets to a server whose sockets failed, by up
    /// to a minute, but not its other requests.
    Probe(SocketId),
    /// Open a socket; report with `handle_socket`.
    OpenSocket(SocketId),
    /// Close the socket; nothing more is heard of it.
    CloseSocket(SocketId),
    /// Send on the open socket.
    Send(ClientMessage),
    /// Make a peer connection; report its state with `handle_peer`.
    OpenPeer {
        /// Which.
        peer: PeerId,
        /// STUN and TURN servers to use.
        ice_servers: Vec<IceServer>,
    },
    /// Close a peer connection.
    ClosePeer(PeerId),
    /// Look at what goes over a peer connection; answer with `handle_traffic`.
    Look(PeerId),
    /// Add an m-line for each of `sources` and offer; answer with [`PeerNews::Offered`].
    Offer {
        /// Which.
        peer: PeerId,
        /// What to add.
        sources: Vec<Source>,
        /// Bits per second to send of one video source at most.
        max_video_bitrate: u32,
        /// Whether to look for a new path.
        ice_restart: bool,
    },
    /// Send a video with what [`super::encoding::encodings`] says, from now on.
    Encode {
        /// Which.
        peer: PeerId,
        /// Which video.
        source: Source,
        /// Bits per second, at most.
        max_bitrate: u32,
        /// Its layers that somebody receives; none where nothing was said of that.
        wanted: Option<Vec<u8>>,
        /// What it shows; counts for a screen.
        content: Content,
    },
    /// Apply the server's answer; answer with [`PeerNews::Accepted`].
    Accept {
        /// Which.
        peer: PeerId,
        /// The answer.
        answer: SessionDescription,
    },
    /// Apply the server's offer and answer it; answer with [`PeerNews::Answered`].
    Answer {
        /// Which.
        peer: PeerId,
        /// The offer.
        offer: SessionDescription,
    },
    /// Open a device and let the send peer carry it; answer with `handle_device`. A screen may come
    /// with its sound, which is answered after it.
    OpenDevice(Source),
    /// Open the camera or the microphone that is wanted now in place of the one that is open, and
    /// let the send peer carry that; answer with `handle_device_changed`.
    ChangeDevice(Source),
    /// Close a device, whose light goes out; its m-line carries nothing.
    CloseDevice(Source),
    /// Let an open device give silence or darkness, or the real thing.
    EnableDevice {
        /// Which.
        source: Source,
        /// The real thing.
        on: bool,
    },
    /// Remember the ticket over a reload.
    SaveTicket {
        /// Of which room.
        room: RoomId,
        /// With whom it is for.
        kept: Return,
    },
    /// Remember the invite that lets in from now on, over a reload and after one has left.
    SaveToken {
        /// Of which room.
        room: RoomId,
        /// The invite.
        token: String,
    },
    /// Forget the ticket.
    ForgetTicket(RoomId),
}

/// What became of changing a device for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The other one is open.
    Done,
    /// The other one cannot be used; the former one goes on.
    Kept(DeviceError),
    /// The other one cannot be used, and the former one is gone.
    Gone(DeviceError),
}

/// What went over a peer connection so far, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// To the server, whether or not it arrived.
    pub sent: u64,
    /// From the server.
    pub received: u64,
}

/// News of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketNews {
    /// It is open.
    Opened,
    /// It is closed, or could not be opened, with the code of RFC 6455 section 7.4.
    Closed(u16),
}

/// News of a peer connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerNews {
    /// The offer was made.
    Offered {
        /// The offer.
        offer: SessionDescription,
        /// The `mid` of each source's m-line.
        mids: Vec<(Source, String)>,
    },
    /// The server's answer was applied.
    Accepted,
    /// The server's offer was applied and answered.
    Answered(SessionDescription),
    /// Media connects.
    Connected,
    /// Nothing is heard on the path any more; it may come back by itself.
    Interrupted,
    /// No path is left, or none was found.
    Lost,
    /// The peer connection, or a description, could not be made or applied.
    Failed,
}
