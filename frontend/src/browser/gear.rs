//! Which devices the machine has, and when one is plugged in or out.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, HtmlAudioElement, MediaDeviceInfo, MediaDeviceKind, MediaDevices};

use super::{capture::media_devices, devices::LocalMedia, storage};
use crate::meeting::gear::{Device, Gear, Kind};

/// Every device that the browser shows the page. In use are those that are open, and of a kind of
/// which none is open, the one the person chose.
pub async fn list(media: &LocalMedia) -> Gear {
    let promise = media_devices().and_then(|devices| devices.enumerate_devices().ok());
    let listed = match promise {
        Some(promise) => JsFuture::from(promise).await.ok(),
        None => None,
    };
    let listed: Array = listed.map(JsCast::unchecked_into).unwrap_or_default();
    let devices = listed.iter().filter_map(|device| device_of(&device.unchecked_into()));
    // A browser that cannot choose among speakers has none to offer.
    let can_choose = can_choose_speaker();
    let devices = devices.filter(|device| device.kind != Kind::Speaker || can_choose);
    let open = |kind: Kind| kind.source().and_then(|source| media.id(source));
    Gear::new(devices, Kind::ALL.map(|kind| open(kind).or_else(|| storage::chosen_device(kind))))
}

/// Whether the browser lets the page choose where its sound comes out.
#[must_use]
pub fn can_choose_speaker() -> bool {
    HtmlAudioElement::new().is_ok_and(|element| {
        let set = Reflect::get(&element, &JsValue::from_str("setSinkId"));
        set.is_ok_and(|set| set.is_function())
    })
}

fn device_of(info: &MediaDeviceInfo) -> Option<Device> {
    let kind = match info.kind() {
        MediaDeviceKind::Videoinput => Kind::Camera,
        MediaDeviceKind::Audioinput => Kind::Microphone,
        MediaDeviceKind::Audiooutput => Kind::Speaker,
        _ => return None,
    };
    Some(Device { kind, id: info.device_id(), label: info.label() })
}

/// Calls something whenever a device is plugged in or out, for as long as this exists.
#[derive(Debug)]
pub struct GearWatch {
    devices: Option<MediaDevices>,
    listener: Closure<dyn FnMut(Event)>,
}

const CHANGED: &str = "devicechange";

impl GearWatch {
    /// Watches; where the page sees no devices there is nothing to watch.
    pub fn new(mut call: impl FnMut() + 'static) -> Self {
        let listener = Closure::new(move |_: Event| call());
        let function = listener.as_ref().unchecked_ref();
        let devices = media_devices();
        if let Some(devices) = &devices {
            // Every target takes every listener.
            drop(devices.add_event_listener_with_callback(CHANGED, function));
        }
        Self { devices, listener }
    }
}

impl Drop for GearWatch {
    fn drop(&mut self) {
        if let Some(devices) = &self.devices {
            let function = self.listener.as_ref().unchecked_ref();
            // A listener that is not there need not be removed.
            drop(devices.remove_event_listener_with_callback(CHANGED, function));
        }
    }
}
