//! One's own camera and microphone.

use std::{cell::RefCell, fmt, rc::Rc};

use js_sys::Array;
use shared::media::Source;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, Event, MediaStream, MediaStreamConstraints, MediaStreamTrack,
    MediaTrackConstraints, Window,
};

use crate::meeting::notice::DeviceError;

/// Width and height asked of a camera. The room's bit rate (1 Mb/s unless it says otherwise) makes
/// a sharp picture of this size, and a blurred one of more.
const PICTURE: (f64, f64) = (640.0, 360.0);

/// The tracks a person sends: a camera, a microphone, both or neither.
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
    /// Is told when a device is gone by itself.
    lost: Option<Rc<dyn Fn(Source)>>,
}

/// An open device. Dropping it closes it.
struct Held {
    track: MediaStreamTrack,
    _on_ended: Closure<dyn FnMut(Event)>,
}

impl fmt::Debug for Tracks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracks")
            .field("microphone", &self.microphone.is_some())
            .field("camera", &self.camera.is_some())
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
        if let Ok(stream) = user_media(&[Source::Microphone, Source::Camera]).await {
            self.keep(&stream);
            return Vec::new();
        }
        let mut problems = Vec::new();
        for source in [Source::Microphone, Source::Camera] {
            if let Err(error) = self.open(source).await {
                problems.push((source, error));
            }
        }
        problems
    }

    /// Opens the camera or the microphone; does nothing when it is open.
    ///
    /// # Errors
    /// Says why the device cannot be used.
    pub async fn open(&self, source: Source) -> Result<(), DeviceError> {
        if self.track(source).is_none() {
            self.keep(&user_media(&[source]).await?);
        }
        Ok(())
    }

    /// Closes the device, whose light goes out.
    pub fn close(&self, source: Source) {
        drop(self.slot(source, Option::take));
    }

    /// Closes both devices.
    pub fn close_all(&self) {
        self.close(Source::Microphone);
        self.close(Source::Camera);
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

    fn keep(&self, stream: &MediaStream) {
        for track in stream.get_tracks().iter().filter_map(|track| track.dyn_into().ok()) {
            let (source, held) = self.hold(track);
            drop(self.slot(source, |slot| slot.replace(held)));
        }
    }

    fn hold(&self, track: MediaStreamTrack) -> (Source, Held) {
        let source = if track.kind() == "audio" { Source::Microphone } else { Source::Camera };
        let tracks = Rc::downgrade(&self.tracks);
        let on_ended = Closure::new(move |_: Event| {
            let lost = tracks.upgrade().and_then(|tracks| tracks.borrow().lost.clone());
            if let Some(lost) = lost {
                lost(source);
            }
        });
        track.set_onended(Some(on_ended.as_ref().unchecked_ref()));
        (source, Held { track, _on_ended: on_ended })
    }

    fn slot<T>(&self, source: Source, use_slot: impl FnOnce(&mut Option<Held>) -> T) -> T {
        let mut tracks = self.tracks.borrow_mut();
        match source {
            Source::Microphone | Source::ScreenAudio => use_slot(&mut tracks.microphone),
            Source::Camera | Source::Screen => use_slot(&mut tracks.camera),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.track.set_onended(None);
        self.track.stop();
    }
}

async fn user_media(sources: &[Source]) -> Result<MediaStream, DeviceError> {
    let window = web_sys::window().filter(Window::is_secure_context);
    // Browsers hide `mediaDevices` itself from insecure pages.
    let devices = window.and_then(|window| window.navigator().media_devices().ok());
    let devices = devices.ok_or(DeviceError::InsecureContext)?;
    let request = devices.get_user_media_with_constraints(&constraints(sources));
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
