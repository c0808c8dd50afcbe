//! Chat, raised hands, reactions: what people say without speaking.

use serde::{Deserialize, Serialize};

use crate::ids::ParticipantId;

/// Data of `sendChat`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendChat {
    /// Plain text: 1 to [`crate::limits::MAX_CHAT_CHARS`] characters once trimmed.
    pub text: String,
}

/// Data of `chatMessage`, and one message of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    /// Its number in the room, counted up: the order, and what tells it from every other.
    pub id: u32,
    /// Who wrote it; they may have left.
    pub participant_id: ParticipantId,
    /// The name they had: show it as text, never as markup.
    pub display_name: String,
    /// What they wrote: show it as text, never as markup. It may have several lines.
    pub text: String,
    /// When the server took it: milliseconds since 1970, UTC.
    pub sent_at: u64,
}

/// Data of `raiseHand`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaiseHand {
    /// Up, or down again.
    pub raised: bool,
}

/// Data of `handsRaised`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandsRaised {
    /// All whose hands are up, who raised first at the front.
    pub participant_ids: Vec<ParticipantId>,
}

/// Data of `react`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct React {
    /// Which.
    pub reaction: Reaction,
}

/// Data of `reaction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reacted {
    /// Who.
    pub participant_id: ParticipantId,
    /// Which.
    pub reaction: Reaction,
}

/// A reaction that is shown for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reaction {
    /// Agreed.
    ThumbsUp,
    /// Not agreed.
    ThumbsDown,
    /// Applause.
    Clap,
    /// Loved.
    Heart,
    /// Funny.
    Laugh,
    /// Surprising.
    Wow,
    /// Worth celebrating.
    Party,
    /// Worth thinking about.
    Think,
}

impl Reaction {
    /// Every reaction.
    pub const ALL: [Self; 8] = [
        Self::ThumbsUp,
        Self::ThumbsDown,
        Self::Clap,
        Self::Heart,
        Self::Laugh,
        Self::Wow,
        Self::Party,
        Self::Think,
    ];

    /// The character that shows it.
    #[must_use]
    pub const fn emoji(self) -> &'static str {
        match self {
            Self::ThumbsUp => "\u{1F44D}",
            Self::ThumbsDown => "\u{1F44E}",
            Self::Clap => "\u{1F44F}",
            Self::Heart => "\u{2764}\u{FE0F}",
            Self::Laugh => "\u{1F602}",
            Self::Wow => "\u{1F62E}",
            Self::Party => "\u{1F389}",
            Self::Think => "\u{1F914}",
        }
    }
}
