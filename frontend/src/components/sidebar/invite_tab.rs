//! How others come in: the meeting's link, and for hosts the invites they made.

use leptos::{html::Input, prelude::*, task::spawn_local};
use shared::signaling::Right;

use super::{Panel, code::LinkCode, invites::Invites, people::may};
use crate::{
    browser::sharing,
    components::{
        copy::{CopyButton, CopyWords},
        icon::{Glyph, Icon},
    },
    session::Session,
    text::{invite as text, room},
};

/// The tab.
#[component]
pub(super) fn InviteTab(session: Session, panel: Panel) -> impl IntoView {
    let view = session.view();
    let link = Memo::new(move |_| {
        view.with(|view| view.room.as_ref().and_then(|room| room.invite_link.clone()))
    });
    let may_invite = may(session, Right::Invite);
    view! {
        <div class="panel-scroll">
            {move || match link.get() {
                Some(link) => view! { <InviteLink link=link/> }.into_any(),
                None => view! { <p class="no-link">{text::NO_LINK}</p> }.into_any(),
            }}
            {move || may_invite.get().then(|| view! { <Invites session=session panel=panel/> })}
        </div>
    }
}

/// What the button says that copies a link.
const WORDS: CopyWords =
    CopyWords { copy: room::COPY, copied: room::COPIED, by_hand: room::COPY_BY_HAND };

/// A small button that copies a link.
#[component]
pub(super) fn CopyLink(link: String, id: String, name: String) -> impl IntoView {
    let text = Callback::new(move |()| link.clone());
    view! { <CopyButton text=text words=WORDS class="button button-small" id=id name=name/> }
}

#[component]
fn InviteLink(link: String) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let (shared, copied) = (link.clone(), link.clone());
    let copied = Callback::new(move |()| copied.clone());
    let share = move |_| {
        let link = shared.clone();
        spawn_local(async move { sharing::share(&link).await });
    };
    view! {
        <section class="invite">
            <h2>
                <label for="invite-link">{room::INVITE}</label>
            </h2>
            <p class="soft">{text::LINK_MEANS}</p>
            <input
                node_ref=input
                id="invite-link"
                class="invite-link"
                type="text"
                readonly=true
                value=link.clone()
                on:focus=move |_| {
                    if let Some(input) = input.get_untracked() {
                        input.select();
                    }
                }
            />
            <div class="invite-actions">
                <CopyButton text=copied words=WORDS class="button button-primary" input=input/>
                {sharing::can_share()
                    .then(|| {
                        view! {
                            <button class="button" type="button" on:click=share>
                                <Icon of=Glyph::Send/>
                                {text::SHARE}
                            </button>
                        }
                    })}
            </div>
            <LinkCode link=link/>
        </section>
    }
}
