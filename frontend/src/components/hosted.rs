//! What a host did to one or asks of one, and who knocks: told over the stage.

use leptos::prelude::*;
use shared::signaling::Knock;
use web_sys::Element;

use crate::{
    components::{
        focus::{CONTENT, keep_focus},
        icon::{Glyph, Icon},
        sidebar::{AnswerKnock, Panel, Tab},
    },
    meeting::hosted::Hosted,
    session::Session,
    text::{host as text, notice},
};

/// What a host did to one, until it was read.
#[component]
pub fn HostedNotice(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let view = session.view();
    let hosted = Memo::new(move |_| view.with(|view| view.company.hosted.clone()));
    let hold = keep_focus(move || hosted.track(), |_| &[CONTENT]);
    view! {
        <div class="banner" aria-live="polite" on:focusin=hold>
            {move || hosted.get().map(|it| view! { <HostedLine session=session hosted=it/> })}
        </div>
    }
}

#[component]
fn HostedLine(session: Session, hosted: Hosted) -> impl IntoView {
    let is_question = matches!(hosted, Hosted::AskedToUnmute(_));
    let glyph = match hosted {
        Hosted::Muted(_) | Hosted::AskedToUnmute(_) => Glyph::MicrophoneOff,
        Hosted::VideoStopped(_) => Glyph::CameraOff,
        Hosted::ShareStopped(_) => Glyph::ShareOff,
        Hosted::Role(_) | Hosted::HostLeft => Glyph::People,
    };
    view! {
        <p class="notice notice-calm" data-notice=hosted.code()>
            <Icon of=glyph/>
            <span dir="auto">{text::hosted(&hosted)}</span>
            {is_question
                .then(|| {
                    view! {
                        <button
                            class="button button-small button-primary"
                            type="button"
                            on:click=move |_| session.set_microphone(true)
                        >
                            {text::UNMUTE}
                        </button>
                    }
                })}
            <button
                class="button button-small"
                type="button"
                on:click=move |_| session.dismiss_hosted()
            >
                {notice::DISMISS}
            </button>
        </p>
    }
}

/// Who knocks, for those who may open.
#[component]
pub fn Doorbell(
    /// The meeting.
    session: Session,
    /// Where all who wait are listed.
    panel: Panel,
) -> impl IntoView {
    let view = session.view();
    let knocks = Memo::new(move |_| {
        view.with(|view| {
            let knocks = &view.company.knocks;
            Some((knocks.first()?.clone(), knocks.len()))
        })
    });
    // Those who see the list need not be told of it.
    let told = move || knocks.get().filter(|_| !panel.shows(Tab::People));
    let hold = keep_focus(move || knocks.track(), after_knock);
    view! {
        <div class="banner" on:focusin=hold>
            {move || {
                told()
                    .map(|(first, count)| {
                        view! { <KnockLine session=session panel=panel first=first count=count/> }
                    })
            }}
        </div>
    }
}

/// What takes the focus when the line is another one: the same answer to another knock, or the way
/// to all of them, but never an answer that was not looked for.
fn after_knock(held: &Element) -> &'static [&'static str] {
    const SHOW: &str = "[data-notice='knock'] [data-answer='show']";
    const LIST: &str = "#toggle-people";
    match held.get_attribute("data-answer").as_deref() {
        Some("admit") => &["[data-notice='knock'] [data-answer='admit']", SHOW, LIST],
        Some("refuse") => &["[data-notice='knock'] [data-answer='refuse']", SHOW, LIST],
        _ => &[SHOW, LIST],
    }
}

#[component]
fn KnockLine(session: Session, panel: Panel, first: Knock, count: usize) -> impl IntoView {
    let words = text::knocks(&first.display_name, count);
    let answer = if count == 1 {
        view! { <AnswerKnock session=session knock=first/> }.into_any()
    } else {
        view! {
            <button
                class="button button-small button-primary"
                type="button"
                data-answer="show"
                on:click=move |_| panel.show(Tab::People)
            >
                {text::SHOW_KNOCKS}
            </button>
        }
        .into_any()
    };
    view! {
        <p class="notice notice-calm" data-notice="knock">
            <Icon of=Glyph::Door/>
            <span dir="auto">{words}</span>
            {answer}
        </p>
    }
}
