//! One's own camera and microphone before the meeting.

use leptos::{html::Video, prelude::*};
use shared::media::Source;

use crate::{
    browser::page::Engine,
    components::{
        devices::{DeviceStatus, Devices},
        icon::{Glyph, Icon},
        pickers::Meter,
        toggle::Toggle,
    },
    meeting::notice::DeviceError,
    text::{Text, devices as text, join, room},
};

/// The picture one is about to send, the two switches, and what is wrong with the devices.
#[component]
pub fn Preview(
    /// The devices to show and to switch.
    devices: Devices,
) -> impl IntoView {
    let video = NodeRef::<Video>::new();
    Effect::new(move |_| {
        let camera = devices.status(Source::Camera).get();
        let Some(video) = video.get() else { return };
        video.set_muted(true);
        let picture = devices.picture().filter(|_| camera == DeviceStatus::On);
        video.set_src_object(picture.as_ref());
    });
    let camera_on = move || devices.status(Source::Camera).get() == DeviceStatus::On;
    let microphone_on = move || devices.status(Source::Microphone).get() == DeviceStatus::On;
    view! {
        <div class="preview">
            <div class="preview-frame" data-video=move || if camera_on() { "on" } else { "off" }>
                <video
                    node_ref=video
                    autoplay=true
                    playsinline=true
                    aria-label=join::PREVIEW
                    hidden=move || !camera_on()
                ></video>
                <p class="preview-hint" hidden=camera_on>
                    {move || hint(devices.status(Source::Camera).get()).get()}
                </p>
                <div class="preview-controls">
                    <DeviceToggle devices=devices source=Source::Microphone/>
                    <DeviceToggle devices=devices source=Source::Camera/>
                </div>
                <div class="preview-level" hidden=move || !microphone_on()>
                    <Icon of=Glyph::Microphone/>
                    <Meter level=devices.level()/>
                </div>
            </div>
            <DeviceProblems devices=devices/>
        </div>
    }
}

/// What stands where the picture would be.
const fn hint(camera: DeviceStatus) -> Text {
    match camera {
        DeviceStatus::Waiting => join::PREVIEW_HERE,
        DeviceStatus::Opening => join::ASKING,
        DeviceStatus::Off | DeviceStatus::On | DeviceStatus::Failed(_) => join::CAMERA_OFF,
    }
}

#[component]
fn DeviceToggle(devices: Devices, source: Source) -> impl IntoView {
    let status = devices.status(source);
    let on = Signal::derive(move || status.get() == DeviceStatus::On);
    let (label, glyph): (_, fn(bool) -> Glyph) = match source {
        Source::Microphone | Source::ScreenAudio => (room::MICROPHONE, Glyph::microphone),
        Source::Camera | Source::Screen => (room::CAMERA, Glyph::camera),
    };
    view! {
        <Toggle
            label=label
            on=on
            busy=Signal::derive(move || {
                matches!(status.get(), DeviceStatus::Waiting | DeviceStatus::Opening)
            })
            glyph=glyph
            press=Callback::new(move |()| devices.toggle(source))
        />
    }
}

/// One sentence and one button for each thing that is wrong.
#[component]
fn DeviceProblems(devices: Devices) -> impl IntoView {
    let problems = Memo::new(move |_| {
        let [microphone, camera] =
            [Source::Microphone, Source::Camera].map(|source| devices.status(source).get());
        problems(microphone, camera)
    });
    let lines = move || {
        problems
            .get()
            .into_iter()
            .map(|(which, error)| {
                let retry = move |_| match which {
                    Which::Microphone => devices.toggle(Source::Microphone),
                    Which::Camera => devices.toggle(Source::Camera),
                    Which::Both => devices.open_both(),
                };
                view! {
                    <p class="notice" data-problem=error.to_string()>
                        <Icon of=Glyph::Warning/>
                        <span>
                            <strong>{which.label()}</strong>
                            ": "
                            {text::problem(error, Engine::current())}
                        </span>
                        <button class="button button-small" type="button" on:click=retry>
                            {join::RETRY}
                        </button>
                    </p>
                }
            })
            .collect_view()
    };
    view! {
        <div class="preview-problems" aria-live="polite">
            {lines}
        </div>
    }
}

/// What a problem concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Microphone,
    Camera,
    Both,
}

impl Which {
    const fn label(self) -> Text {
        match self {
            Self::Microphone => room::MICROPHONE,
            Self::Camera => room::CAMERA,
            Self::Both => join::BOTH_DEVICES,
        }
    }
}

/// What is wrong; the same thing wrong with both devices is said once.
fn problems(microphone: DeviceStatus, camera: DeviceStatus) -> Vec<(Which, DeviceError)> {
    match (microphone.problem(), camera.problem()) {
        (Some(one), Some(other)) if one == other => vec![(Which::Both, one)],
        (one, other) => {
            let one = one.map(|error| (Which::Microphone, error));
            let other = other.map(|error| (Which::Camera, error));
            one.into_iter().chain(other).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cause_is_said_once_and_two_causes_twice() {
        use DeviceStatus::{Failed, Off, On};
        let (none, denied) = (DeviceError::None, DeviceError::Denied);
        assert_eq!(problems(On, Off), []);
        assert_eq!(problems(Failed(none), On), [(Which::Microphone, none)]);
        assert_eq!(problems(Failed(denied), Failed(denied)), [(Which::Both, denied)]);
        assert_eq!(
            problems(Failed(denied), Failed(none)),
            [(Which::Microphone, denied), (Which::Camera, none)]
        );
    }
}
