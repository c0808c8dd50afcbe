//! The chat: what was written, what of one's own is on its way, what has not been read.

use std::sync::Arc;

use shared::{
    error::ErrorCode,
    ids::ParticipantId,
    limits::MAX_CHAT_CHARS,
    signaling::{ChatMessage, Request, SendChat},
};

use super::{Meeting, backoff::Allowance, effect::Instant, outbox::Purpose};

/// Most messages that are kept: more than anyone scrolls through. The oldest go.
const MAX_LINES: usize = 500;

/// Most messages of one's own that wait for the server's answer; more are not taken.
const MAX_PENDING: usize = 20;

/// A pause after which a message of the same person shows their name again, in milliseconds.
const GROUP_PAUSE: u64 = 5 * 60 * 1000;

/// The chat as it is known here.
#[derive(Debug)]
pub(super) struct Chat {
    lines: Arc<Vec<ChatLine>>,
    pending: Vec<Pending>,
    last_key: u32,
    allowance: Allowance,
    unread: usize,
    reading: bool,
    /// Whether one has been in the room before: then what is new in a snapshot is unread.
    was_here: bool,
}

/// What of the chat is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChatView {
    /// What was written, the oldest first.
    pub lines: Arc<Vec<ChatLine>>,
    /// What one has written and the server has not confirmed, the oldest first.
    pub pending: Vec<Pending>,
    /// How many messages of others came while the chat was not looked at.
    pub unread: usize,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLine {
    /// What was written, by whom, when.
    pub message: ChatMessage,
    /// Whether one has written it oneself.
    pub is_mine: bool,
    /// Whether it begins what one person wrote in a row.
    pub starts_group: bool,
}

/// A message of one's own that has not arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Tells it from the others.
    pub key: u32,
    /// What was written.
    pub text: String,
    /// The server's answer, if it was no.
    pub failed: Option<ErrorCode>,
    /// Whether it is on its way; if not, it waits for a connection, or for others that went before.
    pub is_sent: bool,
}

/// How a draft stands to what the server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draft {
    /// There is nothing to send.
    Blank,
    /// It can be sent.
    Ready,
    /// It has so many characters too many.
    TooLong(usize),
}

impl Draft {
    /// Measures a draft.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text.trim().chars().count() {
            0 => Self::Blank,
            count => count
                .checked_sub(MAX_CHAT_CHARS + 1)
                .map_or(Self::Ready, |over| Self::TooLong(over + 1)),
        }
    }
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            lines: Arc::default(),
            pending: Vec::new(),
            last_key: 0,
            allowance: Allowance::of_chat(),
            unread: 0,
            reading: false,
            was_here: false,
        }
    }
}

impl Chat {
    /// Takes over a snapshot. Messages on their way when the connection was lost, which the snapshot
    /// does not have, are to be sent again.
    ///
    /// A server keeps less than a page does, so what is older than the snapshot stays.
    pub(super) fn replace(&mut self, snapshot: Vec<ChatMessage>, me: &ParticipantId) {
        let last_seen = self.lines.last().map(|line| line.message.sent_at);
        let is_news = |message: &ChatMessage| last_seen.is_none_or(|last| message.sent_at > last);
        self.pending.retain(|pending| {
            let arrived = |message: &ChatMessage| {
                is_news(message) && message.participant_id == *me && message.text == pending.text
            };
            pending.failed.is_some() || !snapshot.iter().any(arrived)
        });
        let news = snapshot.iter().filter(|message| is_news(message));
        if self.was_here && !self.reading {
            self.unread += news.filter(|message| message.participant_id != *me).count();
        }
        self.was_here = true;
        let oldest = snapshot.first().map_or(u64::MAX, |message| message.sent_at);
        let lines = Arc::make_mut(&mut self.lines);
        lines.retain(|line| line.message.sent_at < oldest);
        for message in snapshot {
            push(lines, message, me);
        }
        for pending in &mut self.pending {
            pending.is_sent = false;
        }
    }

    /// Takes the next message to be sent, with its key, when the server will take it.
    pub(super) fn poll_unsent(&mut self, now: Instant) -> Option<(u32, String)> {
        if now < self.allowance.next() {
            return None;
        }
        let pending = self.pending.iter_mut().find(|pending| pending.is_unsent())?;
        pending.is_sent = true;
        self.allowance.spend(now);
        Some((pending.key, pending.text.clone()))
    }

    /// When [`Self::poll_unsent`] has something.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.pending.iter().any(Pending::is_unsent).then(|| self.allowance.next())
    }

    /// Someone wrote, perhaps oneself.
    pub(super) fn said(&mut self, message: ChatMessage, me: &ParticipantId) {
        if !self.reading && message.participant_id != *me {
            self.unread += 1;
        }
        push(Arc::make_mut(&mut self.lines), message, me);
    }

    /// Whether the chat is looked at.
    pub(super) const fn set_reading(&mut self, reading: bool) {
        self.reading = reading;
        if reading {
            self.unread = 0;
        }
    }

    /// Takes a message of one's own, which is to be sent, and returns its key; none while too many
    /// wait.
    pub(super) fn write(&mut self, text: &str) -> Option<u32> {
        if self.pending.len() >= MAX_PENDING {
            return None;
        }
        self.last_key = self.last_key.wrapping_add(1);
        let (key, text) = (self.last_key, text.to_owned());
        let pending = Pending { key, text, failed: None, is_sent: false };
        self.pending.push(pending);
        Some(self.last_key)
    }

    /// Tries one again that the server refused.
    pub(super) fn write_again(&mut self, key: u32) {
        let refused = |pending: &&mut Pending| pending.key == key && pending.failed.is_some();
        if let Some(pending) = self.pending.iter_mut().find(refused) {
            (pending.failed, pending.is_sent) = (None, false);
        }
    }

    /// The server took it, or the person gave it up.
    pub(super) fn settled(&mut self, key: u32) {
        self.pending.retain(|pending| pending.key != key);
    }

    /// The server did not take it.
    pub(super) fn refused(&mut self, key: u32, code: ErrorCode) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.key == key) {
            pending.failed = Some(code);
        }
    }

    /// What is shown.
    pub(super) fn view(&self) -> ChatView {
        ChatView {
            lines: Arc::clone(&self.lines),
            pending: self.pending.clone(),
            unread: self.unread,
        }
    }
}

impl Pending {
    const fn is_unsent(&self) -> bool {
        !self.is_sent && self.failed.is_none()
    }
}

/// What people write.
impl Meeting {
    /// Writes to everyone. While the connection is lost the message waits, and so it does when many
    /// were written just before. Whether it was taken.
    pub fn send_chat(&mut self, now: Instant, text: &str) -> bool {
        let text = text.trim();
        if self.over.is_some() || Draft::of(text) != Draft::Ready {
            return false;
        }
        let is_taken = self.company.chat.write(text).is_some();
        self.send_written(now);
        is_taken
    }

    /// Sends what was written, as fast as the server takes it.
    pub(super) fn send_written(&mut self, now: Instant) {
        while self.link.is_joined()
            && let Some((key, text)) = self.company.chat.poll_unsent(now)
        {
            let send = Request::SendChat(SendChat { text });
            self.outbox.request(now, send, Purpose::Chat(key));
        }
    }

    /// Sends a message again that the server refused.
    pub fn resend_chat(&mut self, now: Instant, key: u32) {
        self.company.chat.write_again(key);
        self.send_written(now);
    }

    /// Gives up a message that the server refused.
    pub fn discard_chat(&mut self, key: u32) {
        self.company.chat.settled(key);
    }

    pub(super) fn said(&mut self, message: ChatMessage) {
        if let Some(place) = &self.place {
            self.company.chat.said(message, &place.participant_id);
        }
    }

    /// The chat is looked at, or no longer.
    pub const fn set_reading_chat(&mut self, reading: bool) {
        self.company.chat.set_reading(reading);
    }
}

fn push(lines: &mut Vec<ChatLine>, message: ChatMessage, me: &ParticipantId) {
    let starts_group = lines.last().is_none_or(|ChatLine { message: last, .. }| {
        last.participant_id != message.participant_id
            || last.display_name != message.display_name
            || message.sent_at.saturating_sub(last.sent_at) > GROUP_PAUSE
    });
    let is_mine = message.participant_id == *me;
    lines.push(ChatLine { message, is_mine, starts_group });
    if lines.len() > MAX_LINES {
        lines.remove(0);
        if let Some(first) = lines.first_mut() {
            first.starts_group = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> ParticipantId {
        ParticipantId::from_random([number; 16])
    }

    fn message(number: u32, who: u8, text: &str) -> ChatMessage {
        ChatMessage {
            id: number,
            participant_id: id(who),
            display_name: format!("Guest {who}"),
            text: text.to_owned(),
            sent_at: u64::from(number) * 1000,
        }
    }

    fn texts(chat: &Chat) -> Vec<&str> {
        chat.lines.iter().map(|line| line.message.text.as_str()).collect()
    }

    #[test]
    fn a_draft_is_measured_in_characters_without_its_edges() {
        assert_eq!(Draft::of(" \n\t "), Draft::Blank);
        assert_eq!(Draft::of(&format!(" {} ", "ä".repeat(MAX_CHAT_CHARS))), Draft::Ready);
        assert_eq!(Draft::of(&"ä".repeat(MAX_CHAT_CHARS + 3)), Draft::TooLong(3));
    }

    #[test]
    fn what_one_person_writes_in_a_row_is_a_group() {
        let mut chat = Chat::default();
        for (number, who) in [(1, 5), (2, 5), (3, 6), (4, 5), (900, 5)] {
            chat.said(message(number, who, "x"), &id(0));
        }
        let starts: Vec<_> = chat.lines.iter().map(|line| line.starts_group).collect();
        assert_eq!(starts, [true, false, true, true, true]);
    }

    #[test]
    fn what_others_write_is_unread_until_the_chat_is_looked_at() {
        let mut chat = Chat::default();
        chat.replace(vec![message(1, 5, "before one came")], &id(0));
        chat.said(message(2, 5, "news"), &id(0));
        chat.said(message(3, 0, "my own"), &id(0));
        assert_eq!(chat.view().unread, 1);
        chat.set_reading(true);
        assert_eq!(chat.view().unread, 0);
        chat.said(message(4, 5, "seen"), &id(0));
        assert_eq!(chat.view().unread, 0);
    }

    #[test]
    fn a_snapshot_adds_what_was_missed_and_keeps_what_is_older() {
        let mut chat = Chat::default();
        chat.replace(Vec::new(), &id(0));
        for number in 1..=3 {
            chat.said(message(number, 5, &number.to_string()), &id(0));
        }
        chat.set_reading(true);
        chat.set_reading(false);
        chat.replace(vec![message(3, 5, "3"), message(4, 5, "4"), message(5, 0, "5")], &id(0));
        assert_eq!(texts(&chat), ["1", "2", "3", "4", "5"]);
        assert_eq!(chat.view().unread, 1);
        // A server that lost everything does not take it from the page.
        chat.replace(Vec::new(), &id(0));
        assert_eq!(texts(&chat), ["1", "2", "3", "4", "5"]);
    }

    #[test]
    fn what_was_on_its_way_is_sent_again_unless_it_arrived() {
        let mut chat = Chat::default();
        chat.replace(Vec::new(), &id(0));
        let (arrived, lost) = (chat.write("one").unwrap(), chat.write("two").unwrap());
        let now = Instant::from_secs(10);
        let sent = [chat.poll_unsent(now), chat.poll_unsent(now), chat.poll_unsent(now)];
        let [one, two] = [(arrived, "one".to_owned()), (lost, "two".to_owned())];
        assert_eq!(sent, [Some(one), Some(two.clone()), None]);
        chat.replace(vec![message(1, 0, "one")], &id(0));
        assert_eq!((chat.poll_unsent(now), chat.poll_unsent(now)), (Some(two), None));
        assert_eq!(chat.view().pending.len(), 1);
    }

    #[test]
    fn a_refused_message_waits_to_be_tried_again_or_given_up() {
        let mut chat = Chat::default();
        let key = chat.write("fast").unwrap();
        let now = Instant::from_secs(10);
        assert!(chat.poll_unsent(now).is_some());
        chat.write_again(key);
        assert_eq!(chat.poll_unsent(now), None, "it is on its way");
        chat.refused(key, ErrorCode::TooMany);
        chat.replace(Vec::new(), &id(0));
        assert_eq!(chat.poll_unsent(now), None, "only if it is wished");
        assert_eq!(chat.view().pending[0].failed, Some(ErrorCode::TooMany));
        chat.write_again(key);
        assert_eq!(chat.poll_unsent(now), Some((key, "fast".to_owned())));
        chat.settled(key);
        assert!(chat.view().pending.is_empty());
    }

    #[test]
    fn the_chat_is_bounded() {
        let mut chat = Chat::default();
        for number in 0..600 {
            chat.said(message(number, 5, &number.to_string()), &id(0));
        }
        assert_eq!(chat.lines.len(), MAX_LINES);
        assert_eq!(chat.lines[0].message.text, "100");
        assert!(chat.lines[0].starts_group);
        while chat.write("x").is_some() {}
        assert_eq!(chat.pending.len(), MAX_PENDING);
    }
}
