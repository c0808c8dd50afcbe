//! One's own devices before the meeting, and what is the same of them before it and in it.

use leptos::{prelude::*, task::spawn_local};
use send_wrapper::SendWrapper;
use shared::media::Source;
use web_sys::MediaStream;

use crate::{
    browser::{
        devices::LocalMedia,
        echo::{Echo, EchoState},
        gear::{self, GearWatch},
        storage,
    },
    meeting::{
        effect::Change,
        gear::{Gear, Kind},
        notice::DeviceError,
    },
    session::Session,
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
    /// What is wrong with it.
    #[must_use]
    pub const fn problem(self) -> Option<DeviceError> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Waiting | Self::Off | Self::Opening | Self::On => None,
        }
    }
}

/// With what one goes into the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// With the devices that are open.
    AsShown,
    /// Without a picture.
    WithoutCamera,
    /// With no device at all.
    ListenOnly,
}

/// Camera and microphone as the components see them: open them in the browser only. A handle:
/// copies are the same devices, which close with the owner they were made in.
#[derive(Debug, Clone, Copy)]
pub struct Devices {
    // None on the server, and once the devices have been handed over.
    media: StoredValue<Option<SendWrapper<LocalMedia>>>,
    watch: StoredValue<Option<SendWrapper<GearWatch>>>,
    microphone: RwSignal<DeviceStatus>,
    camera: RwSignal<DeviceStatus>,
    gear: RwSignal<Gear>,
    level: RwSignal<u8>,
}

impl Devices {
    /// Has no device open.
    #[must_use]
    pub fn new() -> Self {
        let devices = Self {
            media: StoredValue::new(None),
            watch: StoredValue::new(None),
            microphone: RwSignal::new(DeviceStatus::Waiting),
            camera: RwSignal::new(DeviceStatus::Waiting),
            gear: RwSignal::default(),
            level: RwSignal::new(0),
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
        let media = self.media.get_value().map_or_else(|| self.begin(), SendWrapper::take);
        self.microphone.set(DeviceStatus::Opening);
        self.camera.set(DeviceStatus::Opening);
        spawn_local(async move {
            let problems = media.open_both().await;
            for source in [Source::Microphone, Source::Camera] {
                let problem = problems.iter().find(|(failed, _)| *failed == source);
                self.take(source, &media, problem.map_or(Ok(()), |(_, error)| Err(*error)));
            }
        });
    }

    /// Turns a device off when it is on, and else tries to open it.
    pub fn toggle(self, source: Source) {
        let Some(media) = self.media.get_value() else { return };
        match self.status(source).get_untracked() {
            DeviceStatus::Waiting | DeviceStatus::Opening => {}
            DeviceStatus::On => self.close(source, &media),
            DeviceStatus::Off | DeviceStatus::Failed(_) => self.open(source, media.take()),
        }
    }

    /// Uses another device, now and from now on.
    pub fn choose(self, kind: Kind, id: &str) {
        storage::save_chosen_device(kind, id);
        if let (Some(source), Some(media)) = (kind.source(), self.media.get_value()) {
            match self.status(source).get_untracked() {
                DeviceStatus::On => self.change(source, media.take()),
                DeviceStatus::Failed(_) => self.open(source, media.take()),
                DeviceStatus::Waiting | DeviceStatus::Off | DeviceStatus::Opening => {}
            }
        }
        self.list();
    }

    /// What a device does.
    #[must_use]
    pub const fn status(self, source: Source) -> RwSignal<DeviceStatus> {
        match source {
            Source::Microphone | Source::ScreenAudio => self.microphone,
            Source::Camera | Source::Screen => self.camera,
        }
    }

    /// Whether the browser is being asked for a device.
    #[must_use]
    pub fn are_opening(self) -> bool {
        [self.microphone, self.camera].iter().any(|status| status.get() == DeviceStatus::Opening)
    }

    /// The picture of the camera, when it is open.
    #[must_use]
    pub fn picture(self) -> Option<MediaStream> {
        self.media.get_value()?.preview()
    }

    /// How far the meter of the microphone goes.
    #[must_use]
    pub fn level(self) -> ReadSignal<u8> {
        self.level.read_only()
    }

    /// Gives the devices away, for good. What the browser is still being asked for is closed when
    /// it comes.
    #[must_use]
    pub fn hand_over(self, way: Way) -> LocalMedia {
        let Some(media) = self.release() else { return LocalMedia::new() };
        match way {
            Way::AsShown => {}
            Way::WithoutCamera => media.close(Source::Camera),
            Way::ListenOnly => {
                media.close_all();
                return LocalMedia::new();
            }
        }
        media
    }

    /// From now on the page sees which devices there are, and hears the microphone.
    fn begin(self) -> LocalMedia {
        let media = LocalMedia::new();
        media.on_heard(move |level| {
            let meter = level.meter();
            self.level.try_maybe_update(|shown| (std::mem::replace(shown, meter) != meter, ()));
        });
        media.on_lost(move |source| {
            if let Some(media) = self.media.try_get_value().flatten() {
                self.change(source, media.take());
            }
        });
        self.watch.set_value(Some(SendWrapper::new(GearWatch::new(move || self.list()))));
        self.media.set_value(Some(SendWrapper::new(media.clone())));
        media
    }

    fn open(self, source: Source, media: LocalMedia) {
        let status = self.status(source);
        status.set(DeviceStatus::Opening);
        spawn_local(async move {
            let opened = media.open(source).await;
            self.take(source, &media, opened);
        });
    }

    /// The browser gave what it was asked for, or refused it.
    fn take(self, source: Source, media: &LocalMedia, opened: Result<(), DeviceError>) {
        if self.are_here() {
            let status = opened.map_or_else(DeviceStatus::Failed, |()| DeviceStatus::On);
            self.status(source).set(status);
            self.list();
        } else {
            media.close(source);
        }
    }

    /// Opens the device that is chosen now in place of the one that is open, or was.
    fn change(self, source: Source, media: LocalMedia) {
        let status = self.status(source);
        spawn_local(async move {
            let change = media.change(source).await;
            if !self.are_here() {
                return;
            }
            match (change, status.get_untracked()) {
                (Change::Done | Change::Kept(_), DeviceStatus::On) => status.set(DeviceStatus::On),
                (Change::Gone(error), DeviceStatus::On) => {
                    media.close(source);
                    status.set(DeviceStatus::Failed(error));
                }
                // It was turned off meanwhile.
                _ => media.close(source),
            }
            self.list();
        });
    }

    fn close(self, source: Source, media: &LocalMedia) {
        media.close(source);
        self.status(source).set(DeviceStatus::Off);
        if source == Source::Microphone {
            self.level.set(0);
        }
    }

    /// Shows which devices there are.
    fn list(self) {
        spawn_local(async move {
            if let Some(media) = self.media.try_get_value().flatten() {
                drop(self.gear.try_set(gear::list(&media).await));
            }
        });
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

/// The devices of the person, wherever they are.
#[derive(Debug, Clone, Copy)]
pub enum Rig {
    /// Before the meeting.
    Before(Devices),
    /// In the meeting.
    During(Session),
}

impl Rig {
    /// The devices of the machine, as they are plugged in and out.
    #[must_use]
    pub fn gear(self) -> ReadSignal<Gear> {
        match self {
            Self::Before(devices) => devices.gear.read_only(),
            Self::During(session) => session.gear(),
        }
    }

    /// Uses another device, now and from now on.
    pub fn choose(self, kind: Kind, id: &str) {
        match self {
            Self::Before(devices) => devices.choose(kind, id),
            Self::During(session) => session.choose_device(kind, id),
        }
    }

    /// Records the microphone for a moment and plays it back; none when it cannot, which is
    /// reported too.
    pub fn echo(self, report: impl Fn(EchoState) + Clone + 'static) -> Option<Echo> {
        match self {
            Self::Before(devices) => devices.media.get_value()?.echo(report),
            Self::During(session) => session.echo(report),
        }
    }
}
