//! What people write.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    html::{Ol, Textarea},
    prelude::*,
};
use shared::error::ErrorCode;

use super::{Panel, Tab};
use crate::{
    browser::clock,
    components::{
        focus::keep_focus,
        icon::{Glyph, Icon},
        rich_text::RichText,
        rows::Rows,
    },
    meeting::chat::{ChatLine, Draft, Pending},
    session::Session,
    text::{Text, chat as text, error},
};

/// How near to its end a list counts as read to the end, in CSS pixels.
const NEAR_END: i32 = 48;

/// The tab.
#[component]
pub(super) fn ChatTab(session: Session, panel: Panel) -> impl IntoView {
    let is_shown = Memo::new(move |_| panel.shows(Tab::Chat));
    Effect::new(move |_| session.set_reading_chat(is_shown.get()));
    view! {
        <Messages session=session is_shown=is_shown/>
        <Composer session=session/>
    }
}

/// The list. It stays where one reads, and follows what is new while one is at its end.
#[component]
fn Messages(session: Session, is_shown: Memo<bool>) -> impl IntoView {
    let view = session.view();
    let lines = Memo::new(move |_| view.with(|view| view.company.chat.lines.clone()));
    let pending = Memo::new(move |_| view.with(|view| view.company.chat.pending.clone()));
    let list = NodeRef::<Ol>::new();
    let scroll = Scroll::new(list);
    Effect::new(move |former: Option<usize>| {
        let count = lines.with(|lines| lines.len()) + pending.with(Vec::len);
        let is_mine = pending.with(|pending| !pending.is_empty());
        if !is_shown.get() || is_mine {
            scroll.to_end();
        } else {
            scroll.follow(former.is_some_and(|former| former < count));
        }
        count
    });
    let is_empty = move || lines.with(|lines| lines.is_empty()) && pending.with(Vec::is_empty);
    let hold = keep_focus(move || pending.track(), |_| &["#chat-draft"]);
    view! {
        <p class="chat-empty" hidden=move || !is_empty()>
            {text::EMPTY}
        </p>
        <ol
            node_ref=list
            class="chat-lines"
            aria-label=text::MESSAGES
            tabindex="0"
            hidden=is_empty
            on:scroll=move |_| scroll.look()
            on:focusin=hold
        >
            <Rows
                each=move || lines.get().to_vec()
                key=|line| (line.message.id, line.message.sent_at, line.starts_group)
                let:line
            >
                <Line line=line/>
            </Rows>
            <Rows
                each=move || pending.get()
                key=|pending| (pending.key, pending.failed)
                let:pending
            >
                <PendingLine session=session pending=pending/>
            </Rows>
        </ol>
        <button
            class="button button-small chat-to-end"
            type="button"
            hidden=move || !scroll.has_news.get()
            on:click=move |_| scroll.to_end()
        >
            {text::TO_END}
            <Icon of=Glyph::Down/>
        </button>
    }
}

/// Where in the list one reads. A handle: copies are the same.
#[derive(Clone, Copy)]
struct Scroll {
    list: NodeRef<Ol>,
    at_end: RwSignal<bool>,
    /// Whether there is something below that was not there before.
    has_news: RwSignal<bool>,
    former_top: StoredValue<i32>,
}

impl Scroll {
    fn new(list: NodeRef<Ol>) -> Self {
        let (at_end, has_news) = (RwSignal::new(true), RwSignal::new(false));
        Self { list, at_end, has_news, former_top: StoredValue::new(0) }
    }

    fn to_end(self) {
        self.has_news.set(false);
        self.at_end.set(true);
        request_animation_frame(move || {
            if let Some(list) = self.list.get_untracked() {
                list.set_scroll_top(list.scroll_height());
            }
        });
    }

    /// Stays at the end, or says that there are news.
    fn follow(self, is_more: bool) {
        if self.at_end.get_untracked() {
            self.to_end();
        } else if is_more {
            self.has_news.set(true);
        }
    }

    /// Notes where one has scrolled to.
    fn look(self) {
        let Some(list) = self.list.get_untracked() else { return };
        let top = list.scroll_top();
        if list.scroll_height() - list.client_height() - top < NEAR_END {
            self.at_end.set(true);
            self.has_news.set(false);
        } else if top < self.former_top.get_value() {
            // Only who scrolls up turns away from the end; that lines were added below does not.
            self.at_end.set(false);
        }
        self.former_top.set_value(top);
    }
}

#[component]
fn Line(line: ChatLine) -> impl IntoView {
    let ChatLine { message, is_mine, starts_group } = line;
    let name = if is_mine { text::ME.get().to_owned() } else { message.display_name };
    let time = clock::time_of_day(message.sent_at);
    view! {
        <li
            class="chat-line"
            data-mine=is_mine.then_some("true")
            data-starts=starts_group.then_some("true")
        >
            <p class=if starts_group { "chat-author" } else { "visually-hidden" }>
                <strong dir="auto">{name}</strong> " " <span class="chat-time">{time}</span>
            </p>
            <p class="chat-text" dir="auto">
                <RichText text=message.text/>
            </p>
        </li>
    }
}

/// A message of one's own that has not arrived.
#[component]
fn PendingLine(session: Session, pending: Pending) -> impl IntoView {
    let Pending { key, text: written, failed, .. } = pending;
    let state = failed.map_or(text::SENDING, refusal);
    let buttons = failed.map(|_| {
        view! {
            <button class="link-button" type="button" on:click=move |_| session.resend_chat(key)>
                {text::SEND_AGAIN}
            </button>
            <button class="link-button" type="button" on:click=move |_| session.discard_chat(key)>
                {text::DISCARD}
            </button>
        }
    });
    view! {
        <li class="chat-line chat-pending" data-mine="true" data-failed=failed.map(ErrorCode::as_str)>
            <p class="chat-text" dir="auto">
                {written}
            </p>
            <p class="chat-state" role=failed.map(|_| "alert")>
                {state} " " {buttons}
            </p>
        </li>
    }
}

const fn refusal(code: ErrorCode) -> Text {
    match code {
        ErrorCode::TooMany => text::TOO_FAST,
        ErrorCode::ChatInvalid => error::of(ErrorCode::ChatInvalid),
        _ => text::NOT_SENT,
    }
}

/// Where one writes: Enter sends, Shift and Enter begins a line.
#[component]
fn Composer(session: Session) -> impl IntoView {
    let input = NodeRef::<Textarea>::new();
    let draft = RwSignal::new(Draft::Blank);
    let is_full = RwSignal::new(false);
    let send = move || {
        let Some(input) = input.get_untracked() else { return };
        if draft.get_untracked() != Draft::Ready {
            return;
        }
        let is_taken = session.send_chat(&input.value());
        is_full.set(!is_taken);
        if is_taken {
            input.set_value("");
            draft.set(Draft::Blank);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let problem = move || match draft.get() {
        Draft::TooLong(by) => Some(text::TOO_LONG.with(&[&by.to_string()])),
        Draft::Ready if is_full.get() => Some(text::TOO_MANY.to_string()),
        Draft::Blank | Draft::Ready => None,
    };
    view! {
        <form class="composer" on:submit=on_submit>
            <label class="visually-hidden" for="chat-draft">
                {text::WRITE}
            </label>
            <textarea
                node_ref=input
                id="chat-draft"
                rows="1"
                dir="auto"
                placeholder=text::WRITE
                aria-describedby="chat-problem"
                aria-invalid=move || matches!(draft.get(), Draft::TooLong(_)).then_some("true")
                on:input=move |event| draft.set(Draft::of(&event_target_value(&event)))
                on:keydown=on_key
            ></textarea>
            <button
                class="icon-button composer-send"
                type="submit"
                title=text::SEND
                aria-label=text::SEND
                disabled=move || draft.get() != Draft::Ready
            >
                <Icon of=Glyph::Send/>
            </button>
            <p id="chat-problem" class="composer-problem" aria-live="polite">
                {problem}
            </p>
        </form>
    }
}
