//! How others come in: the meeting's link, and for hosts the invites they made.

use leptos::{html::Input, prelude::*, task::spawn_local};
use shared::signaling::Right;

use super::{Panel, invites::Invites, people::may};
use crate::{
    browser::sharing,
    components::icon::{Glyph, Icon},
    qr::QrCode,
    session::Session,
    text::{Text, invite as text, room},
};

/// Light modules around a QR code (ISO/IEC 18004, section 5.3.8).
const QUIET_ZONE: usize = 4;

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

/// How copying went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copying {
    NotYet,
    Copied,
    ByHand,
}

impl Copying {
    const fn text(self, label: Text) -> Text {
        match self {
            Self::NotYet => label,
            Self::Copied => room::COPIED,
            Self::ByHand => room::COPY_BY_HAND,
        }
    }
}

/// A button that copies a link, and says how that went.
#[component]
pub(super) fn CopyButton(
    link: String,
    class: &'static str,
    /// For those who do not see of what it is.
    #[prop(optional, into)]
    name: Option<String>,
    /// What is selected for copying by hand.
    #[prop(optional)]
    input: NodeRef<Input>,
) -> impl IntoView {
    let copying = RwSignal::new(Copying::NotYet);
    let copy = move |_| {
        if let Some(input) = input.get_untracked() {
            input.select();
        }
        let link = link.clone();
        spawn_local(async move {
            let how = if sharing::copy(&link).await { Copying::Copied } else { Copying::ByHand };
            // Whoever has closed the page meanwhile needs no answer.
            let _unheard = copying.try_set(how);
        });
    };
    let glyph = move || if copying.get() == Copying::Copied { Glyph::Check } else { Glyph::Copy };
    view! {
        <button class=class type="button" aria-label=name on:click=copy>
            <Icon of=Signal::derive(glyph)/>
            <span aria-live="polite">{move || copying.get().text(room::COPY).get()}</span>
        </button>
    }
}

#[component]
fn InviteLink(link: String) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let shared = link.clone();
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
                <CopyButton link=link.clone() class="button button-primary" input=input/>
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
            <Qr link=link/>
        </section>
    }
}

/// The link as a QR code, for those in the same room as this screen.
#[component]
fn Qr(link: String) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let drawing = move || {
        let code = is_open.get().then(|| QrCode::new(&link)).flatten()?;
        let side = code.size() + 2 * QUIET_ZONE;
        Some(view! {
            <svg
                class="qr"
                role="img"
                aria-label=text::QR
                viewBox=format!("-{QUIET_ZONE} -{QUIET_ZONE} {side} {side}")
                shape-rendering="crispEdges"
            >
                <path d=code.path()></path>
            </svg>
        })
    };
    view! {
        <button
            class="link-button"
            type="button"
            aria-expanded=move || if is_open.get() { "true" } else { "false" }
            on:click=move |_| is_open.update(|open| *open = !*open)
        >
            {text::SHOW_QR}
        </button>
        {drawing}
    }
}
