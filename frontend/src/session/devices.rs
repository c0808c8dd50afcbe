//! The devices of the person during a meeting, for the components.

use leptos::prelude::*;

use super::Session;
use crate::{
    browser::echo::{Echo, EchoState},
    meeting::gear::{Gear, Kind},
};

impl Session {
    /// The devices of the machine, as they are plugged in and out.
    #[must_use]
    pub fn gear(&self) -> ReadSignal<Gear> {
        self.screens.gear.read_only()
    }

    /// How far the meter of the microphone goes, muted or not.
    #[must_use]
    pub fn level(&self) -> ReadSignal<u8> {
        self.screens.level.read_only()
    }

    /// Uses another device, now and from now on.
    pub fn choose_device(&self, kind: Kind, id: &str) {
        if let Some(driver) = self.driver.try_get_value() {
            driver.choose(kind, id);
        }
    }

    /// Uses what was plugged in last.
    pub fn use_newcomer(&self) {
        if let Some(driver) = self.driver.try_get_value() {
            driver.use_newcomers();
        }
    }

    /// Has noise taken out of the microphone, or not, now and from now on.
    pub fn suppress_noise(&self, suppress: bool) {
        if let Some(driver) = self.driver.try_get_value() {
            driver.suppress_noise(suppress);
        }
    }

    /// Records the microphone for a moment, muted or not, and plays it back; none when it cannot,
    /// which is reported too.
    pub fn echo(&self, report: impl Fn(EchoState) + Clone + 'static) -> Option<Echo> {
        self.driver.try_get_value()?.echo(report)
    }
}
