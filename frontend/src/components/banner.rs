//! What a meeting tells the person without leaving it.

use leptos::prelude::*;

use crate::{
    components::{
        focus::{CONTENT, keep_focus},
        icon::{Glyph, Icon},
        settings::SettingsOpen,
    },
    meeting::notice::{Notice, NoticeAction},
    session::Session,
    text::notice as text,
};

/// The session's notice, with its button.
#[component]
pub fn Banner(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let view = session.view();
    let notice = Memo::new(move |_| view.with(|view| view.notice));
    let hold = keep_focus(move || notice.track(), |_| &[CONTENT]);
    view! {
        <div class="banner" aria-live="polite" on:focusin=hold>
            {move || notice.get().map(|notice| view! { <NoticeLine session=session notice=notice/> })}
        </div>
    }
}

#[component]
fn NoticeLine(session: Session, notice: Notice) -> impl IntoView {
    let action = notice.action();
    let press = move |_| match action {
        NoticeAction::AllowSound => session.allow_sound(),
        NoticeAction::Retry => session.retry(),
        NoticeAction::CameraOff => session.set_camera(false),
        NoticeAction::ReceiveLess => session.receive_less(true),
        NoticeAction::ReceiveAll => session.receive_less(false),
        NoticeAction::Dismiss => session.dismiss(),
        NoticeAction::UseDevice(_) => {
            session.use_newcomer();
            session.dismiss();
        }
        NoticeAction::Unmute => session.set_microphone(true),
        NoticeAction::OpenSettings => {
            session.dismiss();
            use_context::<SettingsOpen>().iter().for_each(SettingsOpen::open);
        }
    };
    view! {
        <p class="notice" data-notice=notice.code()>
            <Icon of=Glyph::Warning/>
            <span>{text::notice(notice)}</span>
            <button class="button button-small" type="button" on:click=press>
                {text::action(action)}
            </button>
        </p>
    }
}
