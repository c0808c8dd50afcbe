//! The others' sound: one hidden `<audio>` element for each track.
//!
//! Sound is kept apart from the pictures, because browsers let a muted `<video>` play at once but
//! may hold sound back until the person has clicked.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use js_sys::Array;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlAudioElement, MediaStream, MediaStreamTrack};

use crate::meeting::Sound;

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
