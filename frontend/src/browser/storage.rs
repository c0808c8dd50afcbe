//! What is remembered: the name and the devices for good, tokens and tickets for as long as the tab
//! lives.

use shared::{ids::RoomId, media::Source};
use web_sys::Storage;

use crate::meeting::{gear::Kind, intent::Return, layout::cast::ViewMode};

const NAME: &str = "open-stream.name";
const NOISE: &str = "open-stream.noise";
const VIEW: &str = "open-stream.view";
const SHORTCUTS_OFF: &str = "open-stream.shortcuts-off";
const ADMIN_TOKEN: &str = "open-stream.admin";

/// The name the person gave last time.
#[must_use]
pub fn display_name() -> Option<String> {
    read(local(), NAME)
}

/// Remembers the person's name.
pub fn save_display_name(name: &str) {
    write(local(), NAME, name);
}

/// How the person likes to see a meeting, if they said so.
#[must_use]
pub fn view() -> Option<ViewMode> {
    match read(local(), VIEW)?.as_str() {
        "grid" => Some(ViewMode::Grid),
        "speaker" => Some(ViewMode::Speaker),
        _ => None,
    }
}

/// Remembers how the person likes to see a meeting.
pub fn save_view(mode: ViewMode) {
    let stored = match mode {
        ViewMode::Grid => "grid",
        ViewMode::Speaker => "speaker",
    };
    write(local(), VIEW, stored);
}

/// Whether the person turned the keys off that do something in a meeting.
#[must_use]
pub fn shortcuts_off() -> bool {
    read(local(), SHORTCUTS_OFF).is_some_and(|stored| stored == "true")
}

/// Remembers whether keys do something in a meeting.
pub fn save_shortcuts_off(off: bool) {
    write(local(), SHORTCUTS_OFF, if off { "true" } else { "false" });
}

/// The id of the device of a kind that the person chose last.
#[must_use]
pub fn chosen_device(kind: Kind) -> Option<String> {
    read(local(), &chosen_key(kind))
}

/// Remembers the device of a kind that the person chose.
pub fn save_chosen_device(kind: Kind, id: &str) {
    write(local(), &chosen_key(kind), id);
}

/// Whether the browser is to take noise out of the microphone: it is, unless the person said no.
#[must_use]
pub fn suppresses_noise() -> bool {
    read(local(), NOISE).is_none_or(|stored| stored != "keep")
}

/// Remembers whether noise is to be taken out.
pub fn save_suppresses_noise(suppresses: bool) {
    write(local(), NOISE, if suppresses { "suppress" } else { "keep" });
}

/// The token that let the person into `room` from this tab: a host's, or an invite.
#[must_use]
pub fn token(room: &RoomId) -> Option<String> {
    read(session(), &token_key(room))
}

/// Remembers the token of `room`, so that it need not stay in the address.
pub fn save_token(room: &RoomId, token: &str) {
    write(session(), &token_key(room), token);
}

/// Forgets the token of `room`: it lets in nobody any more.
pub(crate) fn forget_token(room: &RoomId) {
    remove(session(), &token_key(room));
}

/// What was on in `room` when this tab last was there.
#[must_use]
pub fn devices(room: &RoomId) -> Vec<Source> {
    let stored = read(session(), &devices_key(room));
    stored.and_then(|stored| serde_json::from_str(&stored).ok()).unwrap_or_default()
}

/// Remembers what is on in `room`.
pub fn save_devices(room: &RoomId, on: &[Source]) {
    if let Ok(stored) = serde_json::to_string(on) {
        write(session(), &devices_key(room), &stored);
    }
}

/// What brings this tab back to `room` as the same participant.
pub(crate) fn kept_return(room: &RoomId) -> Option<Return> {
    serde_json::from_str(&read(session(), &ticket_key(room))?).ok()
}

/// Remembers what brings this tab back to `room`.
pub(crate) fn save_return(room: &RoomId, kept: &Return) {
    if let Ok(stored) = serde_json::to_string(kept) {
        write(session(), &ticket_key(room), &stored);
    }
}

/// Forgets what would bring this tab back to `room`: the person left it.
pub(crate) fn forget_return(room: &RoomId) {
    remove(session(), &ticket_key(room));
}

fn token_key(room: &RoomId) -> String {
    format!("open-stream.token.{room}")
}

/// The administrator’s token, until the tab is closed.
#[must_use]
pub fn admin_token() -> Option<String> {
    read(session(), ADMIN_TOKEN)
}

/// Remembers the administrator’s token.
pub fn save_admin_token(token: &str) {
    write(session(), ADMIN_TOKEN, token);
}

fn chosen_key(kind: Kind) -> String {
    format!("open-stream.{}", kind.as_str())
}

fn devices_key(room: &RoomId) -> String {
    format!("open-stream.devices.{room}")
}

fn ticket_key(room: &RoomId) -> String {
    format!("open-stream.ticket.{room}")
}

/// Storage is absent when the browser forbids it; the page then forgets, and works.
pub(super) fn local() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

fn session() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

pub(super) fn read(storage: Option<Storage>, key: &str) -> Option<String> {
    storage?.get_item(key).ok().flatten()
}

pub(super) fn write(storage: Option<Storage>, key: &str, value: &str) {
    if let Some(storage) = storage {
        // A full or forbidden storage loses comfort, not the meeting.
        drop(storage.set_item(key, value));
    }
}

fn remove(storage: Option<Storage>, key: &str) {
    if let Some(storage) = storage {
        // A storage that refuses has nothing to forget.
        drop(storage.remove_item(key));
    }
}
