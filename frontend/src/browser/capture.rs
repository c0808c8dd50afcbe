//! Asking the browser for a camera, a microphone or a screen.

use js_sys::{Promise, Reflect};
use shared::media::Source;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ConstrainDomStringParameters, DisplayMediaStreamConstraints, DomException, MediaDevices,
    MediaStream, MediaStreamConstraints, MediaTrackConstraints, Window,
};

use super::{screen, storage};
use crate::meeting::{encoding::Content, gear::Kind, notice::DeviceError};

/// Width and height asked of a camera: the smallest that Chromium sends in three layers. The room's
/// bit rate (1 Mb/s unless it says otherwise) makes a sharp picture of this size, and a blurred one
/// of more.
const PICTURE: (f64, f64) = (960.0, 540.0);

/// Whether the devices that the person chose are asked for, or any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Chosen,
    Any,
}

/// The browser's devices; none where it hides them from the page.
pub(super) fn media_devices() -> Option<MediaDevices> {
    let window = web_sys::window().filter(Window::is_secure_context);
    // Browsers hide `mediaDevices` itself from insecure pages.
    window.and_then(|window| window.navigator().media_devices().ok())
}

/// Opens the devices that the person chose, in one question.
///
/// # Errors
/// Says why one of them cannot be used.
pub(super) async fn chosen_media(sources: &[Source]) -> Result<MediaStream, DeviceError> {
    request(sources, Which::Chosen).await
}

/// Opens the device that the person chose; if that is gone, the one that the browser takes by
/// itself.
///
/// # Errors
/// Says why the device cannot be used.
pub(super) async fn user_media(source: Source) -> Result<MediaStream, DeviceError> {
    match request(&[source], Which::Chosen).await {
        Err(DeviceError::None) if chosen(source).is_some() => request(&[source], Which::Any).await,
        outcome => outcome,
    }
}

/// Opens a screen that the browser lets the person choose, with its sound where there is one.
///
/// # Errors
/// Says why it cannot be shared.
pub(super) async fn display_media(content: Content) -> Result<MediaStream, DeviceError> {
    let devices = media_devices().ok_or(DeviceError::InsecureContext)?;
    let constraints = DisplayMediaStreamConstraints::new();
    constraints.set_video(&screen::constraints(content));
    constraints.set_audio(&JsValue::TRUE);
    opened(devices.get_display_media_with_constraints(&constraints)).await
}

/// Whether the browser lets one share a screen; those of phones do not.
#[must_use]
pub fn can_share_screen() -> bool {
    let share = media_devices()
        .and_then(|devices| Reflect::get(&devices, &JsValue::from_str("getDisplayMedia")).ok());
    share.is_some_and(|share| share.is_function())
}

async fn request(sources: &[Source], which: Which) -> Result<MediaStream, DeviceError> {
    let devices = media_devices().ok_or(DeviceError::InsecureContext)?;
    opened(devices.get_user_media_with_constraints(&constraints(sources, which))).await
}

async fn opened(request: Result<Promise, JsValue>) -> Result<MediaStream, DeviceError> {
    let stream = JsFuture::from(request.map_err(device_error)?).await.map_err(device_error)?;
    stream.dyn_into().map_err(device_error)
}

fn constraints(sources: &[Source], which: Which) -> MediaStreamConstraints {
    let constraints = MediaStreamConstraints::new();
    if sources.contains(&Source::Microphone) {
        // A bare value is a wish, not a condition.
        let sound = wish(Source::Microphone, which);
        sound.set_echo_cancellation_bool(true);
        sound.set_auto_gain_control_bool(true);
        sound.set_noise_suppression_bool(storage::suppresses_noise());
        constraints.set_audio(&sound);
    }
    if sources.contains(&Source::Camera) {
        let (width, height) = PICTURE;
        let picture = wish(Source::Camera, which);
        picture.set_width(&width.into());
        picture.set_height(&height.into());
        constraints.set_video(&picture);
    }
    constraints
}

/// What is asked of any device of a source: that it is the chosen one, if that is wanted.
fn wish(source: Source, which: Which) -> MediaTrackConstraints {
    let wish = MediaTrackConstraints::new();
    if let Some(id) = chosen(source).filter(|_| which == Which::Chosen) {
        let exactly = ConstrainDomStringParameters::new();
        exactly.set_exact_str(&id);
        wish.set_device_id(&exactly);
    }
    wish
}

fn chosen(source: Source) -> Option<String> {
    storage::chosen_device(Kind::of_source(source)?)
}

fn device_error(error: JsValue) -> DeviceError {
    let name = error.dyn_ref::<DomException>().map(DomException::name);
    DeviceError::from_exception_name(name.as_deref().unwrap_or_default())
}
