//! The invites that hosts made: the list, and the form that makes one.

use std::sync::Arc;

use leptos::prelude::*;
use shared::signaling::{Invite, RevokeInvite, Role};

use super::{Panel, Tab, code::LinkCode, focus_id, invite_form::InviteForm, invite_tab::CopyLink};
use crate::{
    browser::clock,
    components::{
        confirm::{Question, use_confirm},
        focus::keep_focus,
        icon::{Glyph, Icon},
    },
    passing::memo,
    session::Session,
    text::{error, invite as text},
};

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
    let busy = Memo::new(move |_| view.with(|view| view.company.invites.busy));
    let is_making = RwSignal::new(false);
    close_when_made(session, is_making);
    let hold = keep_focus(move || list.track(), |_| &["#new-invite"]);
    view! {
        <section class="invites" aria-labelledby="invites-heading">
            <header>
                <h2 id="invites-heading">{text::INVITES}</h2>
                <button
                    id="new-invite"
                    class="button button-small"
                    type="button"
                    aria-expanded=move || if is_making.get() { "true" } else { "false" }
                    on:click=move |_| is_making.update(|making| *making = !*making)
                >
                    <Icon of=Glyph::Plus/>
                    {text::NEW}
                </button>
            </header>
            {move || is_making.get().then(|| view! { <InviteForm session=session busy=busy/> })}
            <p class="invites-error" role="alert">
                {move || failed.get().map(|code| error::of(code).get())}
            </p>
            <ul on:focusin=hold>
                <For
                    each=move || list.get().to_vec()
                    key=|invite| invite.invite_id.clone()
                    let:invite
                >
                    <InviteLine session=session invite=invite list=list/>
                </For>
            </ul>
        </section>
    }
}

/// Closes the form once the invite is there, with the focus on what is wanted next: to copy it.
fn close_when_made(session: Session, is_making: RwSignal<bool>) {
    let view = session.view();
    let made = Memo::new(move |_| view.with(|view| view.company.invites.made.clone()));
    Effect::new(move |_| {
        if let Some(id) = made.get().filter(|_| is_making.get_untracked()) {
            is_making.set(false);
            request_animation_frame(move || focus_id(&copy_id(&id)));
        }
    });
}

/// The id of the button that copies an invite.
fn copy_id(invite_id: &str) -> String {
    format!("copy-{invite_id}")
}

#[component]
fn InviteLine(session: Session, invite: Invite, list: Memo<Arc<Vec<Invite>>>) -> impl IntoView {
    let name = name(&invite);
    let id = invite.invite_id.clone();
    let now = memo(move |_| {
        let is_it = |now: &&Invite| now.invite_id == invite.invite_id;
        list.with(|list| list.iter().find(is_it).unwrap_or(&invite).clone())
    });
    let facts = move || now.with(facts);
    // One that is used up is listed, and has no link any more.
    let link = memo(move |_| now.with(|invite| invite.link.clone()));
    let (copy_id, copy_name) = (copy_id(&id), text::COPY.with(&[&name]));
    let copy = move || {
        let (id, name) = (copy_id.clone(), copy_name.clone());
        link.get().map(|link| view! { <CopyLink link=link id=id name=name/> })
    };
    let code_name = name.clone();
    let code = move || {
        let name = code_name.clone();
        link.get().map(|link| view! { <LinkCode link=link name=name/> })
    };
    let label = text::REVOKE_WHICH.with(&[&name]);
    let heading = text::REVOKE_ASK.with(&[&name]);
    let ask = move |_| revoke(session, id.clone(), heading.clone());
    view! {
        <li class="invite-line">
            <p class="invite-name" dir="auto">
                {name}
            </p>
            <p class="soft">{facts}</p>
            <div class="invite-actions">
                {copy}
                <button class="button button-small" type="button" aria-label=label on:click=ask>
                    {text::REVOKE}
                </button>
            </div>
            {code}
        </li>
    }
}

/// Withdraws an invite, after a question.
fn revoke(session: Session, invite_id: String, heading: String) {
    use_confirm().ask(Question {
        heading,
        means: text::REVOKE_MEANS,
        yes: text::REVOKE,
        option: Some(text::END_SESSIONS),
        run: Callback::new(move |end_sessions| {
            session.revoke_invite(RevokeInvite { invite_id: invite_id.clone(), end_sessions });
        }),
    });
}

/// What an invite is good for, and how often it was used.
fn facts(invite: &Invite) -> String {
    let left = text::left(invite.expires_at.saturating_sub(clock::unix_milliseconds()));
    let used = text::used(invite.uses, invite.max_uses);
    [text::role(invite.role).to_string(), used, left].join(" · ")
}

fn name(invite: &Invite) -> String {
    let unnamed = match (invite.is_room_link, invite.role) {
        (true, Role::Host) => text::HOST_LINK,
        (true, Role::CoHost | Role::Guest) => text::ROOM_LINK,
        (false, _) => text::UNNAMED,
    };
    invite.label.clone().unwrap_or_else(|| unnamed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rooms_own_links_are_named_by_whom_they_let_in_as() {
        let link = |role, label: Option<&str>| Invite {
            invite_id: "id".to_owned(),
            role,
            label: label.map(str::to_owned),
            link: None,
            created_at: 0,
            expires_at: 0,
            uses: 0,
            max_uses: None,
            revoked: false,
            is_room_link: true,
        };
        assert_eq!(name(&link(Role::Guest, None)), "The meeting’s link");
        // Whoever was made the host is shown it, too, and did not come by it.
        assert_eq!(name(&link(Role::Host, None)), "The host’s link");
        assert_eq!(name(&link(Role::Guest, Some("Customers"))), "Customers");
    }
}
