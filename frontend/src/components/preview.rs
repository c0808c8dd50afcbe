//! One's own camera and microphone before the meeting.

use leptos::{html::Video, prelude::*, task::spawn_local};
use send_wrapper::SendWrapper;
use shared::media::Source;

use crate::{
    browser::devices::LocalMedia,
    components::{
        icon::{Glyph, Icon},
        toggle::Toggle,
    },
    meeting::notice::DeviceError,
    text::{Text, join, notice, room},
};

/// What a device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceStatus {
    /// Not asked for yet.
    Waiting,
    /// The person turned it off.
    Off,
    /// The browser is being asked.
    Opening,
    /// Seen or heard.
    On,
    /// Cannot be used.
    Failed(DeviceError),
}

impl DeviceStatus {
    const fn problem(self) -> Option<DeviceError> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Waiting | Self::Off | Self::Opening | Self::On => None,
        }
    }
}

/// Camera and microphone as the components see them: open them in the browser only. A handle:
/// copies are the same devices, which close with the owner they were made in.
#[derive(Debug, Clone, Copy)]
pub struct Devices {
    // None on the server, and once the devices have been handed over.
    media: StoredValue<Option<SendWrapper<LocalMedia>>>,
    microphone: RwSignal<DeviceStatus>,
    camera: RwSignal<DeviceStatus>,
}

impl Devices {
    /// Has no device open.
    #[must_use]
    pub fn new() -> Self {
        let devices = Self {
            media: StoredValue::new(None),
            microphone: RwSignal::new(DeviceStatus::Waiting),
            camera: RwSignal::new(DeviceStatus::Waiting),
        };
        on_cleanup(move || {
            if let Some(media) = devices.release() {
                media.close_all();
            }
        });
        devices
    }

    /// Asks for both devices at once.
    pub fn open_both(self) {
        let media = self.media.get_value().map(SendWrapper::take).unwrap_or_default();
        self.media.set_value(Some(SendWrapper::new(media.clone())));
        self.microphone.set(DeviceStatus::Opening);
        self.camera.set(DeviceStatus::Opening);
        spawn_local(async move {
            let problems = media.open_both().await;
            if !self.are_here() {
                return media.close_all();
            }
            for source in [Source::Microphone, Source::Camera] {
                let problem = problems.iter().find(|(failed, _)| *failed == source);
                self.status(source).set(
                    problem.map_or(DeviceStatus::On, |(_, error)| DeviceStatus::Failed(*error)),
                );
            }
        });
    }

    /// Turns a device off when it is on, and else tries to open it.
    pub fn toggle(self, source: Source) {
        let Some(media) = self.media.get_value() else { return };
        let status = self.status(source);
        match status.get_untracked() {
            DeviceStatus::Waiting | DeviceStatus::Opening => {}
            DeviceStatus::On => {
                media.close(source);
                status.set(DeviceStatus::Off);
            }
            DeviceStatus::Off | DeviceStatus::Failed(_) => self.open(source, media.take()),
        }
    }

    /// Gives the devices away, for good. What the browser is still being asked for stays behind,
    /// and is closed when it comes.
    #[must_use]
    pub fn hand_over(self) -> LocalMedia {
        let opening = [Source::Microphone, Source::Camera]
            .into_iter()
            .any(|source| self.status(source).get_untracked() == DeviceStatus::Opening);
        match self.release() {
            Some(media) if !opening => media,
            _ => LocalMedia::new(),
        }
    }

    fn open(self, source: Source, media: LocalMedia) {
        let status = self.status(source);
        status.set(DeviceStatus::Opening);
        spawn_local(async move {
            let opened = media.open(source).await;
            if self.are_here() {
                status.set(opened.map_or_else(DeviceStatus::Failed, |()| DeviceStatus::On));
            } else {
                media.close(source);
            }
        });
    }

    const fn status(self, source: Source) -> RwSignal<DeviceStatus> {
        match source {
            Source::Microphone | Source::ScreenAudio => self.microphone,
            Source::Camera | Source::Screen => self.camera,
        }
    }

    fn release(self) -> Option<LocalMedia> {
        let media = self.media.try_update_value(Option::take).flatten();
        media.map(SendWrapper::take)
    }

    /// Whether the page is still there and has not given the devices away meanwhile.
    fn are_here(self) -> bool {
        self.media.try_with_value(Option::is_some).unwrap_or(false)
    }
}

impl Default for Devices {
    fn default() -> Self {
        Self::new()
    }
}

/// The picture one is about to send, the two switches, and what is wrong with the devices.
#[component]
pub fn Preview(
    /// The devices to show and to switch.
    devices: Devices,
) -> impl IntoView {
    let video = NodeRef::<Video>::new();
    Effect::new(move |_| {
        let on = devices.camera.get() == DeviceStatus::On;
        let Some(video) = video.get() else { return };
        let media = devices.media.get_value().filter(|_| on);
        video.set_muted(true);
        video.set_src_object(media.and_then(|media| media.preview()).as_ref());
    });
    let camera_on = move || devices.camera.get() == DeviceStatus::On;
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
                    {move || hint(devices.camera.get()).get()}
                </p>
                <div class="preview-controls">
                    <DeviceToggle devices=devices source=Source::Microphone/>
                    <DeviceToggle devices=devices source=Source::Camera/>
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
    let problems = Memo::new(move |_| problems(devices.microphone.get(), devices.camera.get()));
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
                            {notice::device(error)}
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
