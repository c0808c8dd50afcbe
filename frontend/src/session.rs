//! A running meeting for the components: signals to read, commands to call.
//!
//! ```text
//! let session = Session::start(intent, media);   // in a component, in the browser
//! session.view().get().tiles                     // who is there
//! session.attach(&tile.key, &video_element);     // in an Effect, once the element exists
//! session.set_camera(false); session.leave();
//! ```

use std::{fmt, rc::Rc};

use leptos::prelude::*;
use send_wrapper::SendWrapper;
use shared::media::Source;
use web_sys::{Element, HtmlVideoElement, MediaStream};

use self::{
    driver::{Driver, Screens},
    pictures::{Pictures, picture_of},
};
pub use crate::meeting::JoinIntent;
use crate::{
    browser::{devices::LocalMedia, page, visibility::SizeWatch},
    meeting::{
        Meeting,
        effect::Instant,
        encoding::Content,
        quality::Inspection,
        view::{MeetingView, TileKey},
    },
    passing::effect,
};

mod company;
mod devices;
mod driver;
mod pictures;

/// A running meeting. A handle: copies are the same meeting.
///
/// Start it in the browser only, inside a reactive owner (a component); it ends with the owner or
/// by [`Self::leave`]. Sound needs nothing from the components: the session plays it.
#[derive(Clone, Copy)]
pub struct Session {
    driver: StoredValue<Rc<Driver>, LocalStorage>,
    screens: Screens,
}

impl Session {
    /// Joins and stays joined, publishing what `media` has open and receiving everyone else.
    /// Sources that `media` has not open start as off; they can be turned on later.
    #[must_use]
    pub fn start(intent: JoinIntent, media: LocalMedia) -> Self {
        let screens = Screens {
            view: RwSignal::default(),
            pictures: RwSignal::new_local(Pictures::default()),
            gear: RwSignal::default(),
            level: RwSignal::new(0),
        };
        let driver = StoredValue::new_local(Driver::start(intent, media, screens));
        let session = Self { driver, screens };
        on_cleanup(move || session.leave());
        session
    }

    /// What is to be shown; changes only when something visible does.
    #[must_use]
    pub fn view(&self) -> ReadSignal<MeetingView> {
        self.screens.view.read_only()
    }

    /// The picture of a tile, when there is one; a tile without `has_video` shows none.
    #[must_use]
    pub fn picture(&self, tile: &TileKey) -> Signal<Option<MediaStream>, LocalStorage> {
        let (pictures, tile) = (self.screens.pictures, tile.clone());
        Signal::derive_local(move || pictures.with(|pictures| picture_of(pictures, &tile)))
    }

    /// Shows a tile's picture in `element`, now and whenever it changes, until the reactive owner
    /// (the calling effect or component) is cleaned up. The element is muted: sound is played
    /// elsewhere, so that no browser refuses the picture.
    pub fn attach(&self, tile: &TileKey, element: &HtmlVideoElement) {
        let (picture, element) = (self.picture(tile), element.clone());
        element.set_muted(true);
        element.set_autoplay(true);
        effect(move || {
            let picture = picture.get();
            // Setting the same picture again would make it blink.
            if element.src_object() != picture {
                element.set_src_object(picture.as_ref());
            }
        });
    }

    /// Receives a tile's picture as large as `element` is shown, until the reactive owner is
    /// cleaned up.
    pub fn watch_size(&self, tile: &TileKey, element: &Element) {
        let (session, key) = (*self, tile.clone());
        let watch = SendWrapper::new(SizeWatch::new(element, move |size| {
            session.tell(|meeting, now| meeting.handle_size(now, key.clone(), Some(size)));
        }));
        let (session, key) = (*self, tile.clone());
        on_cleanup(move || {
            drop(watch);
            session.tell(|meeting, now| meeting.handle_size(now, key, None));
        });
    }

    /// Unmutes or mutes the microphone, opening it when it never was.
    pub fn set_microphone(&self, on: bool) {
        self.tell(|meeting, now| meeting.set_live(now, Source::Microphone, on));
    }

    /// Turns the camera on or off; off, its light goes out.
    pub fn set_camera(&self, on: bool) {
        self.tell(|meeting, now| meeting.set_live(now, Source::Camera, on));
    }

    /// Shares the screen that the browser lets the person choose, or stops; to be called from a
    /// click.
    pub fn set_screen(&self, on: bool) {
        self.tell(|meeting, now| meeting.set_live(now, Source::Screen, on));
    }

    /// Has the screen that is shared sent as is best for what it shows.
    pub fn set_screen_content(&self, content: Content) {
        self.tell(|meeting, now| meeting.set_screen_content(now, content));
    }

    /// Receives the picture of this tile even while the page is hidden: it floats above other
    /// windows.
    pub fn float(&self, tile: Option<TileKey>) {
        self.tell(|meeting, now| meeting.handle_floating(now, tile));
    }

    /// Has these tiles, and no others, go before others where bandwidth is short.
    pub fn pin(&self, tiles: Vec<TileKey>) {
        self.tell(|meeting, now| meeting.handle_pins(now, tiles));
    }

    /// Leaves for good, and closes the devices.
    pub fn leave(&self) {
        self.tell(Meeting::leave);
    }

    /// Plays the sound that the browser held back; to be called from a click.
    pub fn allow_sound(&self) {
        if let Some(driver) = self.driver.try_get_value() {
            driver.retry_sound();
        }
    }

    /// Tries at once what is waiting: the reconnect, or the media connection.
    pub fn retry(&self) {
        self.tell(Meeting::retry);
    }

    /// Takes the notice away.
    pub fn dismiss(&self) {
        self.tell(|meeting, _| meeting.dismiss());
    }

    /// Receives the largest of the others' pictures only, or all again.
    pub fn receive_less(&self, less: bool) {
        self.tell(|meeting, now| meeting.set_thrifty(now, less));
    }

    /// Everything that can be told of the connection now; it changes every two seconds.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        let driver = self.driver.try_get_value();
        driver.map(|driver| driver.ask(Meeting::inspect)).unwrap_or_default()
    }

    /// The same as JSON.
    #[must_use]
    pub fn diagnostics(&self) -> String {
        let driver = self.driver.try_get_value();
        let client = page::user_agent();
        driver.map(|driver| driver.ask(|meeting| meeting.diagnostics(&client))).unwrap_or_default()
    }

    /// A session whose owner is gone has ended, and is told nothing.
    fn tell(&self, what: impl FnOnce(&mut Meeting, Instant)) {
        if let Some(driver) = self.driver.try_get_value() {
            driver.tell(what);
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
