//! What is written and shown, for those who do not see it: the last of it, and not every one.

use leptos::prelude::*;

use crate::{
    meeting::view::MeetingView,
    session::Session,
    text::{chat as text, host},
};

/// A line that screen readers read out when it changes.
#[component]
pub(super) fn CompanyAnnouncer(session: Session) -> impl IntoView {
    let view = session.view();
    let heard = Memo::new(move |_| view.with(Heard::of));
    let (news, set_news) = signal(String::new());
    Effect::new(move |former: Option<Heard>| {
        let now = heard.get();
        if let Some(news) = former.and_then(|former| now.since(&former)) {
            set_news.update(|told| *told = anew(told, news));
        }
        now
    });
    view! {
        <p class="visually-hidden" role="status">
            {news}
        </p>
    }
}

/// What of a meeting is read out when it changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Heard {
    /// Messages of others that were not looked at, and the last of them.
    unread: usize,
    message: Option<Said>,
    hands: Vec<String>,
    /// The first reaction of those that are shown: in a burst, the others are not read out.
    reaction: Option<String>,
    /// Who knocks first, and how many do.
    knock: Option<(String, usize)>,
}

/// A message: two of the same words are two.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    id: u32,
    name: String,
    words: String,
}

/// What makes a line another one, and is neither seen nor read out.
const UNHEARD: char = '\u{a0}';

/// The words, such that they differ from those that were told before: a line that stays the same is
/// not read out again.
fn anew(told: &str, mut news: String) -> String {
    if told == news {
        news.push(UNHEARD);
    }
    news
}

impl Heard {
    fn of(view: &MeetingView) -> Self {
        let company = &view.company;
        let last = company.chat.lines.last().filter(|line| !line.is_mine);
        let up = view.tiles.iter().filter(|tile| tile.hand.is_some() && !tile.is_me());
        let first = company.reactions.first();
        let knock = company.knocks.first();
        Self {
            knock: knock.map(|knock| (knock.display_name.clone(), company.knocks.len())),
            unread: company.chat.unread,
            message: last.map(|line| Said {
                id: line.message.id,
                name: line.message.display_name.clone(),
                words: line.message.text.clone(),
            }),
            hands: up.map(|tile| tile.name.clone()).collect(),
            reaction: first.map(|shown| {
                text::REACTED.with(&[&shown.name, text::reaction(shown.reaction).get()])
            }),
        }
    }

    /// What is new since then, in a few words.
    fn since(&self, former: &Self) -> Option<String> {
        let mut news = Vec::new();
        if self.unread > former.unread + 1 {
            let count = (self.unread - former.unread).to_string();
            news.push(text::SAID_MANY.with(&[&count]));
        } else if self.message != former.message
            && let Some(Said { name, words, .. }) = &self.message
        {
            news.push(text::SAID.with(&[name, words]));
        }
        let raised = self.hands.iter().filter(|name| !former.hands.contains(name));
        news.extend(raised.map(|name| text::RAISED.with(&[name])));
        news.extend(self.reaction.clone().filter(|_| former.reaction.is_none()));
        let how_many = |knock: &Option<(String, usize)>| knock.as_ref().map_or(0, |it| it.1);
        if let Some((name, count)) = &self.knock
            && *count > how_many(&former.knock)
        {
            news.push(host::knocks(name, *count));
        }
        (!news.is_empty()).then(|| news.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(unread: usize, words: &str) -> Heard {
        let message = Said { id: 1, name: "Bob".to_owned(), words: words.to_owned() };
        Heard { unread, message: Some(message), ..Heard::default() }
    }

    #[test]
    fn the_same_words_said_again_are_read_out_again() {
        let first = said(0, "Yes");
        let mut second = first.clone();
        second.message.iter_mut().for_each(|message| message.id = 2);
        let news = second.since(&first).expect("it is another message");
        let again = anew("Bob: Yes", news);
        assert_ne!(again, "Bob: Yes", "the line changes");
        assert_eq!(again.trim_end(), "Bob: Yes");
        assert_eq!(anew(&again, "Bob: Yes".to_owned()), "Bob: Yes");
    }

    #[test]
    fn one_message_is_read_out_and_many_are_counted() {
        let nothing = Heard::default();
        assert_eq!(said(1, "Hi").since(&nothing).as_deref(), Some("Bob: Hi"));
        assert_eq!(said(0, "Hi").since(&nothing).as_deref(), Some("Bob: Hi"));
        assert_eq!(said(4, "x").since(&said(1, "Hi")).as_deref(), Some("3 new messages."));
        assert_eq!(said(0, "Hi").since(&said(3, "Hi")), None);
    }

    #[test]
    fn a_burst_of_reactions_is_read_out_once() {
        let reacting = |words: &str| Heard { reaction: Some(words.to_owned()), ..Heard::default() };
        let nothing = Heard::default();
        assert_eq!(reacting("Bob: Heart").since(&nothing).as_deref(), Some("Bob: Heart"));
        assert_eq!(reacting("Eve: Heart").since(&reacting("Bob: Heart")), None);
    }

    #[test]
    fn raised_hands_are_told_and_lowered_ones_are_not() {
        let up = Heard { hands: vec!["Bob".to_owned()], ..Heard::default() };
        assert_eq!(up.since(&Heard::default()).as_deref(), Some("Bob raised a hand."));
        assert_eq!(Heard::default().since(&up), None);
    }
}
