//! The way out. Whoever may end the meeting is asked which of the two they mean.

use leptos::prelude::*;
use shared::signaling::Right;

use crate::{
    components::{
        confirm::{Question, use_confirm},
        icon::{Glyph, Icon},
        popover::Popover,
    },
    meeting::rights::RoomAction,
    session::Session,
    text::{host, room},
};

/// The id of the choice.
const LEAVE_ID: &str = "leave-menu";

/// Style of the button.
const CLASS: &str = "button button-danger leave";

/// Leaves; with others there, a host may end the meeting for them too.
#[component]
pub fn Leave(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let view = session.view();
    let has_choice = Memo::new(move |_| {
        view.with(|view| {
            view.tiles.len() > 1 && view.role.is_some_and(|role| role.may(Right::EndMeeting))
        })
    });
    move || {
        if has_choice.get() {
            view! { <Choice session=session/> }.into_any()
        } else {
            view! {
                <button class=CLASS type="button" title=room::LEAVE on:click=move |_| session.leave()>
                    <Icon of=Glyph::Leave/>
                    <span>{room::LEAVE}</span>
                </button>
            }
            .into_any()
        }
    }
}

#[component]
fn Choice(session: Session) -> impl IntoView {
    let end = move |_| {
        use_confirm().ask(Question {
            heading: host::END_ASK.to_string(),
            means: host::END_MEANS,
            yes: host::END_FOR_ALL,
            option: None,
            run: Callback::new(move |_| session.act_on_room(RoomAction::End)),
        });
    };
    view! {
        <Popover
            id=LEAVE_ID
            class=CLASS
            label=Signal::derive(|| room::LEAVE.to_string())
            glyph=Glyph::Leave
            words=room::LEAVE
            box_class="choices"
        >
            <button class="menu-item" type="button" on:click=move |_| session.leave()>
                {host::LEAVE_ALONE}
            </button>
            <button
                class="menu-item menu-item-danger"
                type="button"
                popovertarget=LEAVE_ID
                popovertargetaction="hide"
                on:click=end
            >
                {host::END_FOR_ALL}
            </button>
        </Popover>
    }
}
