//! One's own camera, microphone and screen.

use std::{cell::RefCell, fmt, rc::Rc};

use js_sys::Array;
use shared::media::Source;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Event, MediaStream, MediaStreamTrack, MediaStreamTrackState};

pub use super::capture::can_share_screen;
use super::{
    capture::{chosen_media, display_media, user_media},
    ear::Ear,
    echo::{Echo, EchoState},
    screen,
};
use crate::meeting::{effect::Change, encoding::Content, notice::DeviceError, own_voice::Level};

/// The tracks a person sends: a camera, a microphone, a screen and its sound, or none of them.
///
/// A shared handle: clones open and close the same devices. Call [`Self::open_both`] once from the
/// page before the meeting, show [`Self::preview`], hand a clone to `Session::start`, which owns
/// the devices from then on; or call [`Self::close_all`] when the person turns away.
#[derive(Debug, Clone, Default)]
pub struct LocalMedia {
    tracks: Rc<RefCell<Tracks>>,
}

#[derive(Default)]
struct Tracks {
    microphone: Option<Held>,
    camera: Option<Held>,
    screen: Option<Held>,
    screen_audio: Option<Held>,
    /// What the screen shows, or the next one.
    content: Content,
    /// Is told when a device is gone by itself.
    lost: Option<Rc<dyn Fn(Source)>>,
    /// Is told how loud the microphone is.
    heard: Option<Rc<dyn Fn(Level)>>,
}

/// An open device. Dropping it closes it, unless it was released.
struct Held {
    track: MediaStreamTrack,
    is_released: bool,
    /// At a microphone, where the browser lets the page listen.
    _ear: Option<Ear>,
    _on_ended: Closure<dyn FnMut(Event)>,
}

impl fmt::Debug for Tracks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracks")
            .field("microphone", &self.microphone.is_some())
            .field("camera", &self.camera.is_some())
            .field("screen", &self.screen.is_some())
            .finish_non_exhaustive()
    }
}

impl LocalMedia {
    /// Has no device open.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens camera and microphone in one question to the person; when that fails, each by
    /// itself. Returns what could not be opened, and why.
    pub async fn open_both(&self) -> Vec<(Source, DeviceError)> {
        if let Ok(stream) = chosen_media(&DEVICES).await {
            self.keep(&stream, DEVICES);
            return Vec::new();
        }
        let mut problems = Vec::new();
        for source in DEVICES {
            if let Err(error) = self.open(source).await {
                problems.push((source, error));
            }
        }
        problems
    }

    /// Opens the camera, the microphone, or a screen that the browser lets the person choose,
    /// perhaps with its sound; does nothing when it is open.
    ///
    /// # Errors
    /// Says why the device cannot be used.
    pub async fn open(&self, source: Source) -> Result<(), DeviceError> {
        if self.is_open(source) {
            return Ok(());
        }
        match source {
            Source::Microphone | Source::Camera => {
                self.keep(&user_media(source).await?, DEVICES);
            }
            Source::Screen | Source::ScreenAudio => {
                let content = self.tracks.borrow().content;
                let stream = display_media(content).await?;
                self.keep(&stream, [Source::ScreenAudio, Source::Screen]);
                self.set_screen_content(content);
            }
        }
        Ok(())
    }

    /// Has the screen, and later ones, captured as is best for what it shows.
    pub(crate) fn set_screen_content(&self, content: Content) {
        self.tracks.borrow_mut().content = content;
        self.track(Source::Screen).iter().for_each(|track| screen::suit(track, content));
    }

    /// Opens the device that the person has chosen by now in place of the one that is open; a
    /// muted one stays muted.
    pub(crate) async fn change(&self, source: Source) -> Change {
        let mut stream = user_media(source).await;
        if stream == Err(DeviceError::Busy)
            && let Some(former) = self.track(source)
        {
            // Some machines, phones above all, have one device open at a time.
            former.stop();
            stream = user_media(source).await;
        }
        match stream {
            Ok(stream) => {
                self.keep(&stream, DEVICES);
                Change::Done
            }
            Err(error) if self.is_alive(source) => Change::Kept(error),
            Err(error) => Change::Gone(error),
        }
    }

    /// Closes the device, whose light goes out.
    pub fn close(&self, source: Source) {
        drop(self.slot(source, Option::take));
    }

    /// Closes everything.
    pub fn close_all(&self) {
        SOURCES.into_iter().for_each(|it| self.close(it));
    }

    /// Gives the open tracks away, for [`Self::holding`] in another module: pairs of a source's
    /// name and its track. Nothing is open here any more.
    #[must_use]
    pub(crate) fn release(&self) -> Array {
        let released = Array::new();
        for source in SOURCES {
            if let Some(held) = self.slot(source, Option::take) {
                let name = JsValue::from_str(&json_name(source));
                released.push(&Array::of2(&name, &held.release()));
            }
        }
        released
    }

    /// Holds the tracks that [`Self::release`] gave away.
    pub(crate) fn holding(released: &Array) -> Self {
        let media = Self::new();
        for pair in released.iter().filter_map(|pair| pair.dyn_into::<Array>().ok()) {
            let name = pair.get(0).as_string().unwrap_or_default();
            let source = SOURCES.into_iter().find(|source| json_name(*source) == name);
            if let (Some(source), Ok(track)) = (source, pair.get(1).dyn_into()) {
                let held = media.hold(source, track);
                drop(media.slot(source, |slot| slot.replace(held)));
            }
        }
        media
    }

    /// Whether the device is open.
    #[must_use]
    pub fn is_open(&self, source: Source) -> bool {
        self.track(source).is_some()
    }

    /// The picture of one's own camera for a `<video>` element, when the camera is open.
    #[must_use]
    pub fn preview(&self) -> Option<MediaStream> {
        let camera = self.track(Source::Camera)?;
        MediaStream::new_with_tracks(&Array::of1(&camera)).ok()
    }

    /// The open track of a source.
    pub(crate) fn track(&self, source: Source) -> Option<MediaStreamTrack> {
        // Not `track.clone()`: that is the browser's, which makes a second track.
        self.slot(source, |slot| slot.as_ref().map(|held| Clone::clone(&held.track)))
    }

    /// Lets an open device give the real thing, or silence and darkness.
    pub(crate) fn enable(&self, source: Source, on: bool) {
        if let Some(track) = self.track(source) {
            track.set_enabled(on);
        }
    }

    /// The browser's id of the device that is open.
    pub(crate) fn id(&self, source: Source) -> Option<String> {
        self.track(source)?.get_settings().get_device_id()
    }

    /// Calls `heard` several times a second with how loud the microphone is, muted or not.
    pub(crate) fn on_heard(&self, heard: impl Fn(Level) + 'static) {
        self.tracks.borrow_mut().heard = Some(Rc::new(heard));
    }

    /// Records the microphone for a moment, muted or not, and plays it back; none when it cannot,
    /// which is reported too.
    pub fn echo(&self, report: impl Fn(EchoState) + Clone + 'static) -> Option<Echo> {
        let Some(microphone) = self.track(Source::Microphone) else {
            report(EchoState::NoMicrophone);
            return None;
        };
        let echo = Echo::new(&microphone, report.clone()).ok();
        if echo.is_none() {
            report(EchoState::Failed);
        }
        echo
    }

    /// Calls `lost` when a device is unplugged, or taken away by the browser; it stays open here.
    pub(crate) fn on_lost(&self, lost: impl Fn(Source) + 'static) {
        self.tracks.borrow_mut().lost = Some(Rc::new(lost));
    }

    /// Keeps the tracks of a stream, which are of these sources.
    fn keep(&self, stream: &MediaStream, [sound, picture]: [Source; 2]) {
        for track in stream.get_tracks().iter().filter_map(|track| track.dyn_into().ok()) {
            let track: MediaStreamTrack = track;
            let source = if track.kind() == "audio" { sound } else { picture };
            if let Some(former) = self.track(source) {
                track.set_enabled(former.enabled());
            }
            let held = self.hold(source, track);
            drop(self.slot(source, |slot| slot.replace(held)));
        }
    }

    fn hold(&self, source: Source, track: MediaStreamTrack) -> Held {
        let tracks = Rc::downgrade(&self.tracks);
        let on_ended = Closure::new(move |_: Event| {
            let lost = tracks.upgrade().and_then(|tracks| tracks.borrow().lost.clone());
            if let Some(lost) = lost {
                lost(source);
            }
        });
        track.set_onended(Some(on_ended.as_ref().unchecked_ref()));
        let ear = (source == Source::Microphone).then(|| self.listen(&track));
        Held { track, is_released: false, _ear: ear.flatten(), _on_ended: on_ended }
    }

    fn listen(&self, microphone: &MediaStreamTrack) -> Option<Ear> {
        let tracks = Rc::downgrade(&self.tracks);
        let report = move |level| {
            let heard = tracks.upgrade().and_then(|tracks| tracks.borrow().heard.clone());
            if let Some(heard) = heard {
                heard(level);
            }
        };
        // A browser that does not let the page listen still lets the others.
        Ear::new(microphone, report).ok()
    }

    fn is_alive(&self, source: Source) -> bool {
        let track = self.track(source);
        track.is_some_and(|track| track.ready_state() == MediaStreamTrackState::Live)
    }

    fn slot<T>(&self, source: Source, use_slot: impl FnOnce(&mut Option<Held>) -> T) -> T {
        let mut tracks = self.tracks.borrow_mut();
        match source {
            Source::Microphone => use_slot(&mut tracks.microphone),
            Source::Camera => use_slot(&mut tracks.camera),
            Source::Screen => use_slot(&mut tracks.screen),
            Source::ScreenAudio => use_slot(&mut tracks.screen_audio),
        }
    }
}

impl Held {
    /// Lets go of the track, which goes on.
    fn release(mut self) -> MediaStreamTrack {
        self.is_released = true;
        Clone::clone(&self.track)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.track.set_onended(None);
        if !self.is_released {
            self.track.stop();
        }
    }
}

/// The devices that a person may have open from the start: sound, and picture.
const DEVICES: [Source; 2] = [Source::Microphone, Source::Camera];

/// Everything that can be open.
const SOURCES: [Source; 4] =
    [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio];

/// A source's name on the wire.
fn json_name(source: Source) -> String {
    serde_json::to_string(&source).unwrap_or_default()
}
