//! One's own camera and microphone.

use std::{cell::RefCell, rc::Rc};

use js_sys::Array;
use shared::media::Source;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomException, MediaStream, MediaStreamConstraints, MediaStreamTrack, Window};

use crate::meeting::notice::DeviceError;

/// The tracks a person sends: a camera, a microphone, both or neither.
///
/// A shared handle: clones open and close the same devices. Call [`Self::open_both`] once from the
/// page before the meeting, show [`Self::preview`], hand a clone to `Session::start`, which owns
/// the devices from then on; or call [`Self::close_all`] when the person turns away.
#[derive(Debug, Clone, Default)]
pub struct LocalMedia {
    tracks: Rc<RefCell<Tracks>>,
}

#[derive(Debug, Default)]
struct Tracks {
    microphone: Option<MediaStreamTrack>,
    camera: Option<MediaStreamTrack>,
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
        let track = self.slot(source, Option::take);
        if let Some(track) = track {
            track.stop();
        }
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
        self.slot(source, |slot| slot.clone())
    }

    fn keep(&self, stream: &MediaStream) {
        for track in stream.get_tracks().iter().filter_map(|track| track.dyn_into().ok()) {
            let track: MediaStreamTrack = track;
            let source = if track.kind() == "audio" { Source::Microphone } else { Source::Camera };
            if let Some(former) = self.slot(source, |slot| slot.replace(track)) {
                former.stop();
            }
        }
    }

    fn slot<T>(
        &self,
        source: Source,
        use_slot: impl FnOnce(&mut Option<MediaStreamTrack>) -> T,
    ) -> T {
        let mut tracks = self.tracks.borrow_mut();
        match source {
            Source::Microphone | Source::ScreenAudio => use_slot(&mut tracks.microphone),
            Source::Camera | Source::Screen => use_slot(&mut tracks.camera),
        }
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
    constraints.set_audio(&sources.contains(&Source::Microphone).into());
    constraints.set_video(&sources.contains(&Source::Camera).into());
    constraints
}

fn device_error(error: JsValue) -> DeviceError {
    let name = error.dyn_ref::<DomException>().map(DomException::name);
    DeviceError::from_exception_name(name.as_deref().unwrap_or_default())
}
