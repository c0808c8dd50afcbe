//! `/`: start a meeting, or join one.

use leptos::{ev::SubmitEvent, html::Input, prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::error::ErrorCode;

use crate::{
    api::{self, ApiError},
    browser::storage,
    components::{
        field::{NameField, read_name},
        icon::{Glyph, Icon},
        join_box::JoinBox,
        recent::RecentRooms,
        shell::{ErrorNote, Shell, use_hydrated},
    },
    links,
    text::{Text, check, error, landing},
};

/// The first page.
#[component]
pub fn LandingPage() -> impl IntoView {
    view! {
        <Title text=landing::TITLE.get()/>
        <Shell>
            <div class="landing">
                <div class="landing-lead">
                    <h1>{landing::HEADING}</h1>
                    <p>{landing::LEAD}</p>
                    <p class="landing-check">
                        <a href=links::CHECK_PATH>{check::HEADING}</a>
                    </p>
                </div>
                <div class="landing-forms card">
                    <section aria-labelledby="start-heading">
                        <h2 id="start-heading">{landing::START_HEADING}</h2>
                        <StartForm/>
                    </section>
                    <section aria-labelledby="join-heading">
                        <h2 id="join-heading">{landing::JOIN_HEADING}</h2>
                        <JoinBox/>
                    </section>
                    <RecentRooms/>
                </div>
                <Needs/>
            </div>
        </Shell>
    }
}

/// Asks the host's name and opens a room.
#[component]
fn StartForm() -> impl IntoView {
    let hydrated = use_hydrated();
    let input = NodeRef::<Input>::new();
    let (busy, set_busy) = signal(false);
    let (error, set_error) = signal(None::<Text>);
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(name) = read_name(input) else {
            set_error.set(Some(error::of(ErrorCode::NameInvalid)));
            return;
        };
        let navigate = navigate.clone();
        set_busy.set(true);
        set_error.set(None);
        spawn_local(async move {
            match start_meeting(name).await {
                Ok(path) => navigate(&path, NavigateOptions::default()),
                Err(refusal) => set_error.set(Some(refusal.text())),
            }
            set_busy.set(false);
        });
    };
    view! {
        // Opening a room takes a script: until there is one, the button waits.
        <form class="start-form" on:submit=submit>
            <NameField input=input error_id="start-error"/>
            <button
                class="button button-primary"
                type="submit"
                disabled=move || !hydrated.get() || busy.get()
            >
                {move || if busy.get() { landing::STARTING.get() } else { landing::START.get() }}
                <Icon of=Glyph::Arrow/>
            </button>
            <ErrorNote id="start-error" text=error/>
        </form>
    }
}

/// Opens a room, and returns where its host goes next. The host's token stays out of the address,
/// which people copy and send around.
async fn start_meeting(name: String) -> Result<String, ApiError> {
    let created = api::create_room(name).await?;
    storage::save_token(&created.room_id, &created.host_token);
    Ok(links::join_path(&created.room_id))
}

#[component]
fn Needs() -> impl IntoView {
    view! {
        <section class="landing-needs" aria-labelledby="needs-heading">
            <h2 id="needs-heading">{landing::NEEDS_HEADING}</h2>
            <dl>
                {landing::NEEDS
                    .map(|(what, why)| {
                        view! {
                            <div>
                                <dt>{what}</dt>
                                <dd>{why}</dd>
                            </div>
                        }
                    })
                    .to_vec()}
            </dl>
        </section>
    }
}
