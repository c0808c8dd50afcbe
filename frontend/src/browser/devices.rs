//! One's own camera, microphone and screen.

use std::{cell::RefCell, fmt, rc::Rc};

use js_sys::{Array, Promise, Reflect};
use shared::media::Source;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DisplayMediaStreamConstraints, DomException, Event, MediaDevices, MediaStream,
    MediaStreamConstraints, MediaStreamTrack, MediaTrackConstraints, Window,
};

use super::screen;
use crate::meeting::{encoding::Content, notice::DeviceError};

/// Width and height asked of a camera: the smallest that Chromium sends in three layers. The room's
/// bit rate (1 Mb/s unless it says otherwise) makes a sharp picture of this size, and a blurred one
/// of more.
const PICTURE: (f64, f64) = (960.0, 540.0);

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
}

/// An open device. Dropping it closes it, unless it was released.
struct Held {
    track: MediaStreamTrack,
    is_released: bool,
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
        if let Ok(stream) = user_media(&DEVICES).await {
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
                self.keep(&user_media(&[source]).await?, DEVICES);
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

    /// Calls `lost` when a device is unplugged, or taken away by the browser; it stays open here.
    pub(crate) fn on_lost(&self, lost: impl Fn(Source) + 'static) {
        self.tracks.borrow_mut().lost = Some(Rc::new(lost));
    }

    /// Keeps the tracks of a stream, which are of these sources.
    fn keep(&self, stream: &MediaStream, [sound, picture]: [Source; 2]) {
        for track in stream.get_tracks().iter().filter_map(|track| track.dyn_into().ok()) {
            let track: MediaStreamTrack = track;
            let source = if track.kind() == "audio" { sound } else { picture };
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
        Held { track, is_released: false, _on_ended: on_ended }
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

/// Whether the browser lets one share a screen; those of phones do not.
#[must_use]
pub fn can_share_screen() -> bool {
    let share = media_devices()
        .and_then(|devices| Reflect::get(&devices, &JsValue::from_str("getDisplayMedia")).ok());
    share.is_some_and(|share| share.is_function())
}

pub(super) fn media_devices() -> Option<MediaDevices> {
    let window = web_sys::window().filter(Window::is_secure_context);
    // Browsers hide `mediaDevices` itself from insecure pages.
    window.and_then(|window| window.navigator().media_devices().ok())
}

async fn user_media(sources: &[Source]) -> Result<MediaStream, DeviceError> {
    let devices = media_devices().ok_or(DeviceError::InsecureContext)?;
    opened(devices.get_user_media_with_constraints(&constraints(sources))).await
}

async fn display_media(content: Content) -> Result<MediaStream, DeviceError> {
    let devices = media_devices().ok_or(DeviceError::InsecureContext)?;
    let constraints = DisplayMediaStreamConstraints::new();
    constraints.set_video(&screen::constraints(content));
    constraints.set_audio(&JsValue::TRUE);
    opened(devices.get_display_media_with_constraints(&constraints)).await
}

async fn opened(request: Result<Promise, JsValue>) -> Result<MediaStream, DeviceError> {
    let stream = JsFuture::from(request.map_err(device_error)?).await.map_err(device_error)?;
    stream.dyn_into().map_err(device_error)
}

fn constraints(sources: &[Source]) -> MediaStreamConstraints {
    let constraints = MediaStreamConstraints::new();
    if sources.contains(&Source::Microphone) {
        constraints.set_audio(&JsValue::TRUE);
    }
    if sources.contains(&Source::Camera) {
        let (width, height) = PICTURE;
        let picture = MediaTrackConstraints::new();
        // A bare number is a wish, not a condition.
        picture.set_width(&width.into());
        picture.set_height(&height.into());
        constraints.set_video(&picture);
    }
    constraints
}

fn device_error(error: JsValue) -> DeviceError {
    let name = error.dyn_ref::<DomException>().map(DomException::name);
    DeviceError::from_exception_name(name.as_deref().unwrap_or_default())
}
