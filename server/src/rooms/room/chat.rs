//! What people write to each other. It lives in memory only, and no longer than somebody is there.

use std::{
    collections::VecDeque,
    time::{Instant, SystemTime},
};

use shared::{
    error::ErrorCode,
    limits::{MAX_CHAT_BYTES, MAX_CHAT_CHARS, MAX_CHAT_MESSAGES},
    signaling::{ChatMessage, Event},
};

use super::{Room, Seat};
use crate::pace::Verdict;

/// What somebody writes: of a length that may be, and with nothing in it that is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatText(String);

impl ChatText {
    /// Reads what somebody wrote. Control characters are left out, but for line feeds and tabs.
    ///
    /// # Errors
    ///
    /// Nothing is left of it, or it has more than [`MAX_CHAT_CHARS`] characters.
    pub fn parse(text: &str) -> Result<Self, ErrorCode> {
        let is_text = |char: &char| !char.is_control() || matches!(char, '\n' | '\t');
        let text: String = text.trim().chars().filter(is_text).collect();
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MAX_CHAT_CHARS {
            return Err(ErrorCode::ChatInvalid);
        }
        Ok(Self(text.to_owned()))
    }
}

/// The last of what was written.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// At most [`MAX_CHAT_MESSAGES`], of together [`MAX_CHAT_BYTES`].
    messages: VecDeque<ChatMessage>,
    bytes: usize,
    last_id: u32,
}

impl Chat {
    pub(super) const fn new() -> Self {
        Self { messages: VecDeque::new(), bytes: 0, last_id: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.bytes = 0;
    }

    const fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// Keeps a message; the oldest go when there are too many.
    fn keep(&mut self, message: ChatMessage) {
        self.bytes = self.bytes.saturating_add(size(&message));
        self.messages.push_back(message);
        while self.messages.len() > MAX_CHAT_MESSAGES || self.bytes > MAX_CHAT_BYTES {
            let Some(oldest) = self.messages.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(size(&oldest));
        }
    }
}

const fn size(message: &ChatMessage) -> usize {
    message.text.len() + message.display_name.len()
}

impl Room {
    /// What was written last, the oldest first.
    #[must_use]
    pub fn chat(&self) -> Vec<ChatMessage> {
        self.chat.messages.iter().cloned().collect()
    }

    /// Tells everyone what a participant writes, also the one who does.
    ///
    /// # Errors
    ///
    /// The seat was taken over, or writes too often.
    pub fn send_chat(
        &mut self,
        seat: &Seat,
        ChatText(text): ChatText,
        now: Instant,
        wall_clock: SystemTime,
    ) -> Result<(), ErrorCode> {
        let author = self.member_mut(seat)?;
        match author.paces.chat.spend(now, 1) {
            Verdict::Within => {}
            Verdict::Flood => return Err(ErrorCode::TooMany),
        }
        let (participant_id, display_name) = (author.id.clone(), author.display_name.clone());
        let since_1970 = wall_clock.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let sent_at = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
        let id = self.chat.next_id();
        let message = ChatMessage { id, participant_id, display_name, text, sent_at };
        self.chat.keep(message.clone());
        self.tell_all(&Event::ChatMessage(message));
        Ok(())
    }
}
