//! The others' sound: one hidden `<audio>` element for each track.
//!
//! Sound is kept apart from the pictures, because browsers let a muted `<video>` play at once but
//! may hold sound back until the person has clicked.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use js_sys::{Array, Promise};
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlAudioElement, MediaStream, MediaStreamTrack};

use super::{gear, storage};
use crate::meeting::{Sound, gear::Kind};

// What web-sys does not have.
#[wasm_bindgen]
extern "C" {
    /// An element that can be told where its sound comes out (W3C Audio Output Devices).
    type Player;

    #[wasm_bindgen(method, catch, js_name = setSinkId)]
    fn set_sink_id(this: &Player, id: &str) -> Result<Promise, JsValue>;
}

/// Lets an element's sound come out of the speaker that the person chose, or where the system wants
/// it if that speaker is gone or the browser leaves no choice.
pub(super) async fn choose_speaker(element: &HtmlAudioElement) {
    if !gear::can_choose_speaker() {
        return;
    }
    let player: &Player = element.unchecked_ref();
    let chosen = storage::chosen_device(Kind::Speaker).unwrap_or_default();
    for id in [chosen.as_str(), ""] {
        let chosen = player.set_sink_id(id).map(JsFuture::from);
        if let Ok(chosen) = chosen
            && chosen.await.is_ok()
        {
            return;
        }
    }
}

/// Plays tracks of sound.
pub(crate) struct Loudspeaker {
    /// By the id of the track.
    playing: RefCell<BTreeMap<String, HtmlAudioElement>>,
    report: Rc<dyn Fn(Sound)>,
}

impl Loudspeaker {
    /// Plays nothing yet; `report` is told whether the browser lets sound play.
    pub(crate) fn new(report: impl Fn(Sound) + 'static) -> Self {
        Self { playing: RefCell::default(), report: Rc::new(report) }
    }

    /// Plays exactly these tracks.
    pub(crate) fn play(&self, tracks: &[MediaStreamTrack]) {
        let mut playing = self.playing.borrow_mut();
        let mut former = std::mem::take(&mut *playing);
        for track in tracks {
            let id = track.id();
            let element = former.remove(&id).or_else(|| self.start(track));
            playing.extend(element.map(|element| (id, element)));
        }
        former.values().for_each(silence);
    }

    /// Lets all sound come out of the speaker that the person has chosen by now.
    pub(crate) fn change_speaker(&self) {
        for element in self.playing.borrow().values() {
            let element = element.clone();
            spawn_local(async move { choose_speaker(&element).await });
        }
    }

    /// Tries again to play what the browser held back.
    pub(crate) fn retry(&self) {
        for element in self.playing.borrow().values() {
            self.attempt(element);
        }
    }

    fn start(&self, track: &MediaStreamTrack) -> Option<HtmlAudioElement> {
        let element = HtmlAudioElement::new().ok()?;
        let stream = MediaStream::new_with_tracks(&Array::of1(track)).ok()?;
        element.set_src_object(Some(&stream));
        self.attempt(&element);
        Some(element)
    }

    fn attempt(&self, element: &HtmlAudioElement) {
        let (element, report) = (element.clone(), self.report.clone());
        spawn_local(async move {
            choose_speaker(&element).await;
            let Ok(playing) = element.play() else { return };
            match JsFuture::from(playing).await {
                Ok(_) => report(Sound::Allowed),
                // An element that was silenced meanwhile rejects too.
                Err(_) if element.src_object().is_some() => report(Sound::Blocked),
                Err(_) => {}
            }
        });
    }
}

impl Drop for Loudspeaker {
    fn drop(&mut self) {
        self.playing.get_mut().values().for_each(silence);
    }
}

fn silence(element: &HtmlAudioElement) {
    element.set_src_object(None);
}
