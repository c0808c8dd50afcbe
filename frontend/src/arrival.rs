//! What the page before the meeting hands to the meeting: who comes, and with which devices open.
//!
//! Devices cannot travel in an address, and opening them anew would ask the person again.

use std::cell::RefCell;

use js_sys::{Array, Reflect};
use shared::ids::RoomId;
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    browser::{devices::LocalMedia, storage},
    meeting::intent::Return,
    session::JoinIntent,
};

/// Someone at the door of a room.
#[derive(Debug)]
pub struct Arrival {
    /// Where they want to go, and as whom.
    pub intent: JoinIntent,
    /// The devices they opened on the way.
    pub media: LocalMedia,
}

thread_local! {
    static ARRIVAL: RefCell<Option<Arrival>> = const { RefCell::new(None) };
}

/// Leaves `arrival` for the page of the meeting.
pub fn hand_over(arrival: Arrival) {
    if let Some(forgotten) = ARRIVAL.replace(Some(arrival)) {
        forgotten.media.close_all();
    }
}

/// The arrival at one room, until it is taken or given up; then the devices close.
#[derive(Debug)]
pub struct Waiting(RefCell<Option<Arrival>>);

impl Waiting {
    /// The arrival that was left for `room`, if any was.
    #[must_use]
    pub fn of(room: &RoomId) -> Self {
        let arrival = ARRIVAL.with_borrow_mut(|arrival| {
            arrival.take_if(|arrival| arrival.intent.room.as_ref() == Some(room))
        });
        Self(RefCell::new(arrival))
    }

    /// Takes it, once.
    #[must_use]
    pub fn take(&self) -> Option<Arrival> {
        self.0.take()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(arrival) = self.0.take() {
            arrival.media.close_all();
        }
    }
}

/// An arrival on its way from one module of WebAssembly to another, which share nothing but the
/// objects of the browser: an object of `intent`, as JSON, and `tracks`.
impl Arrival {
    /// Packs it up; its devices stay open.
    #[must_use]
    pub fn into_js(self) -> JsValue {
        let packed = js_sys::Object::new();
        let intent = serde_json::to_string(&self.intent).unwrap_or_default();
        let tracks: JsValue = self.media.release().into();
        for (key, value) in [(INTENT, intent.into()), (TRACKS, tracks)] {
            // A plain object takes every property.
            drop(Reflect::set(&packed, &key.into(), &value));
        }
        packed.into()
    }

    /// Unpacks it; none if this is no arrival.
    #[must_use]
    pub fn from_js(packed: &JsValue) -> Option<Self> {
        let intent = Reflect::get(packed, &INTENT.into()).ok()?.as_string()?;
        let tracks = Reflect::get(packed, &TRACKS.into()).ok()?.dyn_into::<Array>().ok()?;
        let intent = serde_json::from_str(&intent).ok()?;
        Some(Self { intent, media: LocalMedia::holding(&tracks) })
    }
}

const INTENT: &str = "intent";
const TRACKS: &str = "tracks";

/// As whom someone comes back who was in `room` when the page was reloaded.
#[must_use]
pub fn come_back(room: &RoomId) -> Option<JoinIntent> {
    let Return { display_name, token, .. } = storage::kept_return(room)?;
    Some(JoinIntent { room: Some(room.clone()), token, display_name })
}
