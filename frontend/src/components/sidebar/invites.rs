//! The invites that hosts made: the list, and the form that makes one.

use leptos::{
    ev::SubmitEvent,
    html::{Input, Select},
    prelude::*,
};
use shared::{
    limits::MAX_NAME_CHARS,
    signaling::{CreateInvite, Invite, RevokeInvite, Right, Role},
};

use super::{Panel, Tab, invite_tab::CopyButton, people::may};
use crate::{
    browser::clock,
    components::{
        confirm::{Question, use_confirm},
        icon::{Glyph, Icon},
    },
    session::Session,
    text::{Text, error, host, invite as text},
};

const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;

/// The choice of how long an invite lets in, in seconds; the second is what the form begins with.
const TIMES: [(u32, Text); 4] = [
    (HOUR, text::ONE_HOUR),
    (DAY, text::ONE_DAY),
    (7 * DAY, text::ONE_WEEK),
    (30 * DAY, text::ONE_MONTH),
];

/// The choice of how many an invite lets in; none: any number.
const USES: [Option<u32>; 5] = [None, Some(1), Some(5), Some(10), Some(50)];

/// The invites, asked for anew whenever they are looked at or someone came.
#[component]
pub(super) fn Invites(session: Session, panel: Panel) -> impl IntoView {
    let view = session.view();
    let people = Memo::new(move |_| view.with(|view| view.tiles.len()));
    Effect::new(move |_| {
        // Read and not only tracked: a memo that nobody reads never learns of changes.
        let someone_is_there = people.get() > 0;
        if someone_is_there && panel.shows(Tab::Invite) {
            session.list_invites();
        }
    });
    let list = Memo::new(move |_| view.with(|view| view.company.invites.list.clone()));
    let failed = Memo::new(move |_| view.with(|view| view.company.invites.failed));
    let is_making = RwSignal::new(false);
    view! {
        <section class="invites" aria-labelledby="invites-heading">
            <header>
                <h2 id="invites-heading">{text::INVITES}</h2>
                <button
                    class="button button-small"
                    type="button"
                    aria-expanded=move || if is_making.get() { "true" } else { "false" }
                    on:click=move |_| is_making.update(|making| *making = !*making)
                >
                    <Icon of=Glyph::Plus/>
                    {text::NEW}
                </button>
            </header>
            {move || is_making.get().then(|| view! { <InviteForm session=session open=is_making/> })}
            <p class="invites-error" role="alert">
                {move || failed.get().map(|code| error::of(code).get())}
            </p>
            <ul>
                <For
                    each=move || list.get().to_vec()
                    key=|invite| (invite.invite_id.clone(), invite.uses)
                    let:invite
                >
                    <InviteLine session=session invite=invite/>
                </For>
            </ul>
        </section>
    }
}

#[component]
fn InviteLine(session: Session, invite: Invite) -> impl IntoView {
    let name = name(&invite);
    let left = text::left(invite.expires_at.saturating_sub(clock::unix_milliseconds()));
    let facts =
        [text::role(invite.role).to_string(), text::used(invite.uses, invite.max_uses), left];
    let id = invite.invite_id;
    let asked = name.clone();
    let revoke = move |_| {
        let invite_id = id.clone();
        use_confirm().ask(Question {
            heading: text::REVOKE_ASK.with(&[&asked]),
            means: text::REVOKE_MEANS,
            yes: text::REVOKE,
            option: Some(text::END_SESSIONS),
            run: Callback::new(move |end_sessions| {
                session.revoke_invite(RevokeInvite { invite_id: invite_id.clone(), end_sessions });
            }),
        });
    };
    view! {
        <li class="invite-line">
            <p class="invite-name" dir="auto">
                {name.clone()}
            </p>
            <p class="soft">{facts.join(" · ")}</p>
            <div class="invite-actions">
                {invite
                    .link
                    .map(|link| {
                        view! {
                            <CopyButton
                                link=link
                                class="button button-small"
                                name=text::COPY.with(&[&name])
                            />
                        }
                    })}
                <button
                    class="button button-small"
                    type="button"
                    aria-label=text::REVOKE_WHICH.with(&[&name])
                    on:click=revoke
                >
                    {text::REVOKE}
                </button>
            </div>
        </li>
    }
}

fn name(invite: &Invite) -> String {
    let unnamed = match (invite.is_room_link, invite.role) {
        (true, Role::Host) => text::HOST_LINK,
        (true, Role::CoHost | Role::Guest) => text::ROOM_LINK,
        (false, _) => text::UNNAMED,
    };
    invite.label.clone().unwrap_or_else(|| unnamed.to_string())
}

/// Makes an invite.
#[component]
fn InviteForm(session: Session, open: RwSignal<bool>) -> impl IntoView {
    let (label, role) = (NodeRef::<Input>::new(), NodeRef::<Select>::new());
    let (time, uses) = (NodeRef::<Select>::new(), NodeRef::<Select>::new());
    let may_invite_hosts = may(session, Right::InviteHosts);
    let make = move |event: SubmitEvent| {
        event.prevent_default();
        let role = match chosen(role).as_deref() {
            Some("cohost") => Role::CoHost,
            _ => Role::Guest,
        };
        let number = |select| chosen(select).and_then(|value: String| value.parse().ok());
        let label = label.get_untracked().map(|label| label.value().trim().to_owned());
        session.create_invite(CreateInvite {
            role,
            expires_in_seconds: number(time),
            max_uses: number(uses),
            label: label.filter(|label| !label.is_empty()),
        });
        open.set(false);
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
            <div class="field">
                <label for="invite-role">{text::ROLE}</label>
                <select node_ref=role id="invite-role">
                    <option value="guest">{text::GUEST}</option>
                    {move || {
                        may_invite_hosts
                            .get()
                            .then(|| view! { <option value="cohost">{host::CO_HOST}</option> })
                    }}
                </select>
            </div>
            <div class="field">
                <label for="invite-time">{text::EXPIRES}</label>
                <select node_ref=time id="invite-time">
                    {TIMES
                        .map(|(seconds, label)| {
                            view! {
                                <option value=seconds.to_string() selected=seconds == DAY>
                                    {label}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </div>
            <div class="field">
                <label for="invite-uses">{text::USES}</label>
                <select node_ref=uses id="invite-uses">
                    {USES
                        .map(|uses| {
                            let value = uses.map(|uses| uses.to_string()).unwrap_or_default();
                            view! { <option value=value>{uses_text(uses)}</option> }
                        })
                        .collect_view()}
                </select>
            </div>
            <button class="button button-primary" type="submit">
                {text::MAKE}
            </button>
        </form>
    }
}

fn chosen(select: NodeRef<Select>) -> Option<String> {
    Some(select.get_untracked()?.value())
}

fn uses_text(uses: Option<u32>) -> String {
    match uses {
        None => text::ANY_NUMBER.to_string(),
        Some(1) => text::ONE_PERSON.to_string(),
        Some(uses) => text::MANY_PEOPLE.with(&[&uses.to_string()]),
    }
}
