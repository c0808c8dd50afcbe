//! The driver's devices: opened, changed, closed; which there are; what the microphone gives.

use std::rc::Weak;

use leptos::{prelude::*, task::spawn_local};
use shared::media::Source;

use super::{Driver, Newcomers, hearing};
use crate::{
    browser::{
        echo::{Echo, EchoState},
        gear::{self, GearWatch},
        hold::HeldSpace,
        page, storage,
    },
    meeting::{
        gear::{Gear, Kind},
        notice::DeviceError,
        own_voice::Level,
    },
};

/// Which newcomer is named, where several came at once: a headset is a microphone first.
const NAMED_FIRST: [Kind; 3] = [Kind::Microphone, Kind::Camera, Kind::Speaker];

/// What the page is told of its devices, for as long as this exists.
pub(super) struct Watching {
    _gear: GearWatch,
    _space: HeldSpace,
}

impl Watching {
    pub(super) fn new(this: &Weak<Driver>) -> Self {
        let change = hearing(this, |driver, ()| driver.list_gear(true));
        let holder = this.clone();
        let hold = move |holds| holder.upgrade().is_some_and(|driver| driver.hold_to_talk(holds));
        Self { _gear: GearWatch::new(move || change(())), _space: HeldSpace::new(hold) }
    }
}

impl Driver {
    /// Listens to the devices that are open from the start.
    pub(super) fn watch_devices(&self) {
        self.media.on_lost(hearing(&self.this, |driver, source| {
            driver.tell(|meeting, now| meeting.handle_device_lost(now, source));
        }));
        self.media.on_heard(hearing(&self.this, Self::hear_own_voice));
        self.list_gear(false);
    }

    pub(super) fn open_device(&self, source: Source) {
        let (this, media) = (self.this.clone(), self.media.clone());
        spawn_local(async move {
            let opened = media.open(source).await;
            let Some(driver) = this.upgrade() else { return media.close_all() };
            driver.take_device(source, opened);
            if source == Source::Screen && media.is_open(Source::ScreenAudio) {
                driver.take_device(Source::ScreenAudio, Ok(()));
            }
        });
    }

    pub(super) fn change_device(&self, source: Source) {
        let (this, media) = (self.this.clone(), self.media.clone());
        spawn_local(async move {
            let change = media.change(source).await;
            let Some(driver) = this.upgrade() else { return media.close_all() };
            driver.tell(|meeting, now| meeting.handle_device_changed(now, source, change));
            driver.carry(source);
            driver.list_gear(false);
        });
    }

    pub(super) fn close_device(&self, source: Source) {
        self.media.close(source);
        self.carry(source);
    }

    /// Uses another device, now and from now on.
    pub(in crate::session) fn choose(&self, kind: Kind, id: &str) {
        storage::save_chosen_device(kind, id);
        match kind.source() {
            Some(source) => self.tell(|meeting, now| meeting.change_device(now, source)),
            None => self.loudspeaker.change_speaker(),
        }
        self.list_gear(false);
    }

    /// Uses what was plugged in last.
    pub(in crate::session) fn use_newcomers(&self) {
        for (kind, id) in self.newcomers.take() {
            self.choose(kind, &id);
        }
    }

    /// Has noise taken out of the microphone, or not, now and from now on.
    pub(in crate::session) fn suppress_noise(&self, suppress: bool) {
        storage::save_suppresses_noise(suppress);
        self.tell(|meeting, now| meeting.change_device(now, Source::Microphone));
    }

    /// Records the microphone for a moment and plays it back.
    pub(in crate::session) fn echo(
        &self,
        report: impl Fn(EchoState) + Clone + 'static,
    ) -> Option<Echo> {
        self.media.echo(report)
    }

    fn take_device(&self, source: Source, opened: Result<(), DeviceError>) {
        self.tell(|meeting, now| meeting.handle_device(now, source, opened));
        self.carry(source);
        self.list_gear(false);
    }

    /// Lets the send peer carry what the device gives now.
    fn carry(&self, source: Source) {
        let sending = self.parts.borrow().sending.clone();
        let track = self.media.track(source);
        if let Some(peer) = sending {
            spawn_local(async move { peer.carry(source, track).await });
        }
    }

    /// Shows which devices there are; if `compare`, says what came and went since the last time.
    fn list_gear(&self, compare: bool) {
        let list = hearing(&self.this, move |driver, gear| driver.show_gear(gear, compare));
        let media = self.media.clone();
        spawn_local(async move { list(gear::list(&media).await) });
    }

    fn show_gear(&self, gear: Gear, compare: bool) {
        let Some(former) = self.screens.gear.try_get_untracked().filter(|former| *former != gear)
        else {
            return;
        };
        if compare {
            self.compare(&former, &gear);
        }
        drop(self.screens.gear.try_set(gear));
    }

    fn compare(&self, former: &Gear, gear: &Gear) {
        if gear.has_lost(former, Kind::Speaker) {
            self.loudspeaker.change_speaker();
            self.tell(|meeting, now| meeting.handle_speaker_lost(now));
        }
        let came = NAMED_FIRST
            .into_iter()
            .filter_map(|kind| gear.newcomer(former, kind).map(|device| (kind, device.id.clone())));
        let came: Newcomers = came.collect();
        if let Some((kind, _)) = came.first() {
            self.tell(|meeting, now| meeting.handle_device_found(now, *kind));
            self.newcomers.replace(came);
        }
    }

    fn hear_own_voice(&self, level: Level) {
        let meter = level.meter();
        let shown = self.screens.level;
        shown.try_maybe_update(|shown| (std::mem::replace(shown, meter) != meter, ()));
        let live = self.meeting.borrow().is_heard();
        let hint = self.voice.borrow_mut().handle_level(page::now(), level, live);
        if let Some(hint) = hint {
            self.tell(|meeting, now| meeting.handle_hint(now, hint));
        }
    }

    /// Says whether a muted microphone can be heard now because the space bar is held.
    fn hold_to_talk(&self, holds: bool) -> bool {
        self.tell(|meeting, now| meeting.hold_to_talk(now, holds));
        self.meeting.borrow().holds_to_talk()
    }
}
