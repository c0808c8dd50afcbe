//! The form that makes an invite.

use leptos::{
    ev::SubmitEvent,
    html::{Input, Select},
    prelude::*,
};
use shared::{
    limits::MAX_NAME_CHARS,
    signaling::{CreateInvite, Right, Role},
};

use super::people::may;
use crate::{
    session::Session,
    text::{Text, host, invite as text},
};

const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;

/// The choice of how long an invite lets in, in seconds.
const TIMES: [(u32, Text); 4] = [
    (HOUR, text::ONE_HOUR),
    (DAY, text::ONE_DAY),
    (7 * DAY, text::ONE_WEEK),
    (30 * DAY, text::ONE_MONTH),
];

/// The choice of how many an invite lets in; none: any number.
const USES: [Option<u32>; 5] = [None, Some(1), Some(5), Some(10), Some(50)];

/// One of the choices.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    /// Its value in the form.
    value: String,
    words: String,
    /// Whether the form begins with it.
    is_first: bool,
}

impl Choice {
    const fn new(value: String, words: String, is_first: bool) -> Self {
        Self { value, words, is_first }
    }
}

/// The form. It stays as it is until it is taken away: what was refused need not be written again.
#[component]
pub(super) fn InviteForm(
    /// The meeting.
    session: Session,
    /// Whether the server is at it.
    busy: Memo<bool>,
) -> impl IntoView {
    let (label, role) = (NodeRef::<Input>::new(), NodeRef::<Select>::new());
    let (time, uses) = (NodeRef::<Select>::new(), NodeRef::<Select>::new());
    let make = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let number = |select| chosen(select).and_then(|value: String| value.parse().ok());
        let label = label.get_untracked().map(|label| label.value().trim().to_owned());
        session.create_invite(CreateInvite {
            role: role_of(chosen(role).as_deref()),
            expires_in_seconds: number(time),
            max_uses: number(uses),
            label: label.filter(|label| !label.is_empty()),
        });
    };
    view! {
        <form class="invite-form" on:submit=make>
            <div class="field">
                <label for="invite-label">{text::LABEL}</label>
                <input
                    node_ref=label
                    id="invite-label"
                    type="text"
                    autocomplete="off"
                    placeholder=text::LABEL_EXAMPLE
                    maxlength=MAX_NAME_CHARS
                />
            </div>
            <Field id="invite-role" label=text::ROLE select=role choices=roles(session)/>
            <Field id="invite-time" label=text::EXPIRES select=time choices=times()/>
            <Field id="invite-uses" label=text::USES select=uses choices=counts()/>
            // Not `disabled`, which would take the focus away from whoever has just pressed it.
            <button
                class="button button-primary"
                type="submit"
                aria-disabled=move || busy.get().to_string()
                aria-busy=move || busy.get().then_some("true")
            >
                {text::MAKE}
            </button>
        </form>
    }
}

/// A choice with its label.
#[component]
fn Field(
    id: &'static str,
    label: Text,
    select: NodeRef<Select>,
    choices: Signal<Vec<Choice>>,
) -> impl IntoView {
    let option = |Choice { value, words, is_first }| {
        view! {
            <option value=value selected=is_first>
                {words}
            </option>
        }
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select node_ref=select id=id>
                {move || choices.get().into_iter().map(option).collect_view()}
            </select>
        </div>
    }
}

const CO_HOST: &str = "cohost";

fn roles(session: Session) -> Signal<Vec<Choice>> {
    let may_invite_hosts = may(session, Right::InviteHosts);
    Signal::derive(move || {
        let guest = Choice::new("guest".to_owned(), text::GUEST.to_string(), true);
        let co_host = || Choice::new(CO_HOST.to_owned(), host::CO_HOST.to_string(), false);
        [guest].into_iter().chain(may_invite_hosts.get().then(co_host)).collect()
    })
}

fn times() -> Signal<Vec<Choice>> {
    let choice =
        |(time, words): (u32, Text)| Choice::new(time.to_string(), words.to_string(), time == DAY);
    Signal::stored(TIMES.map(choice).into())
}

fn counts() -> Signal<Vec<Choice>> {
    let choice = |uses: Option<u32>| {
        let value = uses.map(|uses| uses.to_string()).unwrap_or_default();
        Choice::new(value, text::uses(uses), uses.is_none())
    };
    Signal::stored(USES.map(choice).into())
}

fn role_of(value: Option<&str>) -> Role {
    if value == Some(CO_HOST) { Role::CoHost } else { Role::Guest }
}

fn chosen(select: NodeRef<Select>) -> Option<String> {
    Some(select.get_untracked()?.value())
}
