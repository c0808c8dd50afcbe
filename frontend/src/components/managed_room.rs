//! One room on the manager's page.

use leptos::prelude::*;
use shared::rest::ParticipantDetails;

use crate::{
    browser::storage,
    components::{
        confirm::{Question, use_confirm},
        icon::{Glyph, Icon},
    },
    links,
    pages::manage::{Deed, Managed, Traffic},
    text::{host, join, manage, room},
};

/// Who is in a room, and what can be done to it.
#[component]
pub fn ManagedRoom(
    /// The room as it changes.
    managed: Memo<Managed>,
    /// Does something to it.
    act: Callback<(Managed, Deed)>,
) -> impl IntoView {
    let (heading, name) = managed.with_untracked(|managed| {
        let room = &managed.details.room;
        (format!("heading-{}", room.room_id), join::WHOSE.with(&[&room.host_name]))
    });
    let labelled_by = heading.clone();
    view! {
        <li class="card managed" aria-labelledby=labelled_by>
            <h2 id=heading>{name}</h2>
            <Facts managed=managed/>
            <ul class="managed-people">
                {move || managed.with(|managed| {
                    managed.details.participants.iter().map(person).collect_view()
                })}
            </ul>
            <Actions managed=managed act=act/>
        </li>
    }
}

#[component]
fn Facts(managed: Memo<Managed>) -> impl IntoView {
    let locked = Memo::new(move |_| managed.with(|managed| managed.details.room.locked));
    let waiting = Memo::new(move |_| managed.with(|managed| managed.details.knock_count));
    let count = Memo::new(move |_| managed.with(|managed| managed.details.participants.len()));
    let traffic = Memo::new(move |_| managed.with(|managed| managed.traffic));
    let rates = move || {
        traffic.get().map(|Traffic { received, sent }| {
            manage::TRAFFIC.with(&[&received.to_string(), &sent.to_string()])
        })
    };
    let since = managed.with_untracked(|managed| {
        manage::SINCE.with(&[&short_time(&managed.details.room.created_at)])
    });
    view! {
        <p class="managed-facts">
            <span>{move || join::inside(count.get())}</span>
            <span>{since}</span>
            <span>{rates}</span>
            <span class="mark" hidden=move || !locked.get()>
                {manage::LOCKED}
            </span>
            <span class="mark" hidden=move || waiting.get() == 0>
                {move || manage::WAITING.with(&[&waiting.get().to_string()])}
            </span>
        </p>
    }
}

#[component]
fn Actions(managed: Memo<Managed>, act: Callback<(Managed, Deed)>) -> impl IntoView {
    let locked = Memo::new(move |_| managed.with(|managed| managed.details.room.locked));
    let path = managed.with_untracked(|it| links::join_path(&it.details.room.room_id));
    let open = move |_| {
        managed.with_untracked(|managed| {
            if let Some(token) = managed.key.invite() {
                storage::save_token(&managed.details.room.room_id, token);
            }
        });
    };
    let ask = move |_| {
        use_confirm().ask(Question {
            heading: manage::CONFIRM.to_string(),
            means: host::END_MEANS,
            yes: manage::END,
            option: None,
            run: Callback::new(move |_| act.run((managed.get_untracked(), Deed::End))),
        });
    };
    let lock = move |_| {
        act.run((managed.get_untracked(), Deed::Lock(!locked.get_untracked())));
    };
    view! {
        <div class="managed-actions">
            <a class="button button-small" href=path on:click=open>
                {manage::OPEN}
            </a>
            <button class="button button-small" type="button" on:click=lock>
                {move || if locked.get() { manage::UNLOCK.get() } else { manage::LOCK.get() }}
            </button>
            <button class="button button-small button-danger" type="button" on:click=ask>
                {manage::END}
            </button>
        </div>
    }
}

fn person(details: &ParticipantDetails) -> impl IntoView + use<> {
    let it = &details.participant;
    let role = host::mark(details.role).map(|mark| view! { <span class="mark">{mark}</span> });
    view! {
        <li>
            <span class="managed-name">{it.display_name.clone()}</span>
            {role}
            <Icon of=Glyph::microphone(it.has_audio)/>
            <Icon of=Glyph::camera(it.has_video)/>
            <span class="visually-hidden">
                {if it.has_audio { room::UNMUTED } else { room::MUTED }} ", "
                {if it.has_video { room::CAMERA_ON } else { room::CAMERA_OFF }}
            </span>
        </li>
    }
}

/// Hours and minutes of an ISO 8601 time, UTC.
fn short_time(iso: &str) -> String {
    iso.get(11..16).map_or_else(|| iso.to_owned(), |time| format!("{time} UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_by_the_minute() {
        assert_eq!(short_time("2026-01-31T09:30:00.000Z"), "09:30 UTC");
        assert_eq!(short_time("soon"), "soon");
    }
}
