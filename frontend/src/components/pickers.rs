//! The choice of camera, microphone and speaker, and a test of the microphone.

use leptos::{ev::Targeted, prelude::*};
use send_wrapper::SendWrapper;
use web_sys::{Event, HtmlSelectElement};

use crate::{
    browser::echo::{Echo, EchoState},
    components::devices::Rig,
    meeting::{
        gear::{Device, Kind},
        own_voice::METER_STEPS,
    },
    text::devices as text,
};

/// How loud the microphone is.
#[component]
pub fn Meter(
    /// In steps, up to [`METER_STEPS`].
    level: ReadSignal<u8>,
) -> impl IntoView {
    view! {
        <meter
            class="meter"
            min="0"
            max=METER_STEPS.to_string()
            aria-label=text::METER
            prop:value=move || f64::from(level.get())
        ></meter>
    }
}

/// One choice for each kind of device. Speakers are there where the browser can choose among them.
#[component]
pub fn Pickers(
    /// The devices.
    rig: Rig,
    /// What stands below the microphone, besides its test.
    #[prop(optional, into)]
    below_microphone: ViewFn,
) -> impl IntoView {
    let has_speakers = Memo::new(move |_| rig.gear().read().of(Kind::Speaker).next().is_some());
    view! {
        <div class="pickers" role="group" aria-label=text::PICKERS>
            <Picker rig=rig kind=Kind::Camera/>
            <div class="picker-group">
                <Picker rig=rig kind=Kind::Microphone/>
                {below_microphone.run()}
                <EchoTest rig=rig/>
            </div>
            <Show when=move || has_speakers.get()>
                <Picker rig=rig kind=Kind::Speaker/>
            </Show>
        </div>
    }
}

#[component]
fn Picker(rig: Rig, kind: Kind) -> impl IntoView {
    let id = format!("pick-{}", kind.as_str());
    let gear = rig.gear();
    let none = Memo::new(move |_| gear.read().of(kind).next().is_none());
    let choose = move |event: Targeted<Event, HtmlSelectElement>| {
        rig.choose(kind, &event.target().value());
    };
    let options = move || {
        let gear = gear.read();
        let used = gear.in_use(kind).map(|device| device.id.clone());
        let option = |(device, number): (&Device, usize)| {
            let is_used = used.as_ref() == Some(&device.id);
            view! {
                <option value=device.id.clone() prop:selected=is_used>
                    {name_of(device, number)}
                </option>
            }
        };
        gear.of(kind).zip(1..).map(option).collect_view()
    };
    view! {
        <div class="field picker">
            <label for=id.clone()>{text::kind(kind)}</label>
            <select id=id disabled=move || none.get() on:change:target=choose>
                <Show when=move || none.get()>
                    <option>{text::SYSTEM_CHOICE}</option>
                </Show>
                {options}
            </select>
        </div>
    }
}

/// The maker's name of a device, or its number where the browser does not say.
fn name_of(device: &Device, number: usize) -> String {
    if device.label.is_empty() {
        format!("{} {number}", text::kind(device.kind))
    } else {
        device.label.clone()
    }
}

/// Records the microphone for a moment and plays it back.
#[component]
fn EchoTest(rig: Rig) -> impl IntoView {
    let state = RwSignal::new(EchoState::Idle);
    // Dropped with the owner, which ends the test.
    let running: StoredValue<Option<SendWrapper<Echo>>> = StoredValue::new(None);
    let under_way = move || matches!(state.get(), EchoState::Recording(_) | EchoState::Playing);
    let start = move |_| {
        if under_way() {
            return;
        }
        let echo = rig.echo(move |now| {
            state.try_set(now);
        });
        running.set_value(echo.map(SendWrapper::new));
    };
    view! {
        <div class="echo-test">
            <button
                class="button button-small"
                type="button"
                aria-disabled=move || if under_way() { "true" } else { "false" }
                on:click=start
            >
                {text::TEST}
            </button>
            <p role="status">{move || text::echo(state.get())}</p>
        </div>
    }
}
