//! What of a meeting can be seen: plain data, made anew whenever it changes.

use shared::{
    ids::ParticipantId,
    media::MimeType,
    signaling::{Presence, Reaction, Role, RoomInfo},
};

use super::{
    company::CompanyView,
    encoding::Content,
    notice::{EndReason, Notice},
    quality::Level,
};

/// Everything the page of a meeting shows, except the pictures themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MeetingView {
    /// Where the meeting stands.
    pub phase: Phase,
    /// The invite that was shown and refused, once it is over for that: none if what was refused was
    /// a ticket, or an admission from the lobby.
    pub refused_invite: Option<String>,
    /// The room, once the person is in it.
    pub room: Option<RoomInfo>,
    /// What the person may do, once they are in the room.
    pub role: Option<Role>,
    /// The person's own microphone.
    pub microphone: DeviceState,
    /// Whether the microphone is on only while a key is held.
    pub holds_to_talk: bool,
    /// The person's own camera.
    pub camera: DeviceState,
    /// The person's own screen.
    pub screen: DeviceState,
    /// What the person's own screen is sent best for.
    pub screen_content: Content,
    /// The screens that others share.
    pub screens: Vec<ScreenView>,
    /// The people: oneself first, then the others in order of arrival.
    pub tiles: Vec<TileView>,
    /// What to tell the person now.
    pub notice: Option<Notice>,
    /// What people write and show each other, and what hosts do.
    pub company: CompanyView,
}

/// Where a meeting stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Not in yet.
    #[default]
    Connecting,
    /// Knocked, and waits until a host admits.
    Waiting {
        /// Whether anyone who may admit is there.
        host_present: bool,
    },
    /// In.
    InMeeting,
    /// Was in, lost the connection, and is coming back: the room is shown as it was.
    Reconnecting {
        /// The try, counted from one.
        attempt: u32,
    },
    /// Over; nothing happens any more.
    Ended(EndReason),
}

/// What a device of one's own does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceState {
    /// Muted, or the camera is dark.
    #[default]
    Off,
    /// Being opened.
    Opening,
    /// Sending.
    On,
}

/// Which tile: stable over reconnects, so that a keyed list keeps its elements.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKey {
    /// Oneself.
    Me,
    /// Someone else.
    Other(ParticipantId),
    /// The screen of someone else.
    Screen(ParticipantId),
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileView {
    /// Which tile.
    pub key: TileKey,
    /// The name they gave: shown as text, never as markup.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they can be heard: they send a microphone that is not muted.
    pub has_audio: bool,
    /// Whether they can be seen: they send a camera that is on.
    pub has_video: bool,
    /// Whether they share their screen.
    pub has_screen: bool,
    /// Whether they speak.
    pub is_speaking: bool,
    /// Why their camera, which is on, cannot be seen, if it cannot.
    pub hindrance: Option<Hindrance>,
    /// Whether their connection is up, or they are expected back.
    pub presence: Presence,
    /// Their place among the raised hands, counted from one, while theirs is up.
    pub hand: Option<usize>,
    /// The reaction they show.
    pub reaction: Option<Reaction>,
    /// How good their connection is, as far as it is known to be theirs.
    pub quality: Level,
}

/// One screen that somebody else shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenView {
    /// Which tile.
    pub key: TileKey,
    /// Whose it is: shown as text, never as markup.
    pub name: String,
    /// Why it cannot be seen, if it cannot.
    pub hindrance: Option<Hindrance>,
}

/// Why a picture that is sent cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hindrance {
    /// The path is too narrow for it.
    HeldBack,
    /// The browser has no decoder for what it is coded in.
    NoCodec(MimeType),
}

impl TileView {
    /// Whether this is the person at this page.
    #[must_use]
    pub fn is_me(&self) -> bool {
        self.key == TileKey::Me
    }
}
