//! How large an element is shown, and whether it can be seen at all.

use std::{cell::Cell, rc::Rc};

use js_sys::Array;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, ResizeObserver};

/// Watches one element for as long as this exists.
pub(crate) struct SizeWatch {
    resizes: Option<ResizeObserver>,
    sightings: Option<IntersectionObserver>,
    _on_resize: Closure<dyn FnMut()>,
    _on_sighting: Closure<dyn FnMut(Array)>,
}

/// What is watched, for both observers.
struct Watched<F> {
    element: Element,
    /// Not known before the first sighting.
    in_sight: Cell<Option<bool>>,
    told: Cell<Option<(u16, u16)>>,
    tell: F,
}

impl SizeWatch {
    /// Tells the width and height in device pixels whenever they change; zeros while the element
    /// is out of sight.
    pub(crate) fn new(element: &Element, tell: impl Fn((u16, u16)) + 'static) -> Self {
        let (in_sight, told) = (Cell::new(None), Cell::new(None));
        // Not `element.clone()`: that would be the browser's, which copies it.
        let watched = Rc::new(Watched { element: Clone::clone(element), in_sight, told, tell });
        let on_resize = Closure::<dyn FnMut()>::new({
            let watched = Rc::clone(&watched);
            move || watched.measure()
        });
        let on_sighting = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            // The last entry is the newest.
            let entry: IntersectionObserverEntry =
                entries.get(entries.length().saturating_sub(1)).unchecked_into();
            watched.in_sight.set(Some(entry.is_intersecting()));
            watched.measure();
        });
        // Every browser that has WebRTC has these observers.
        let resizes = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
        let sightings = IntersectionObserver::new(on_sighting.as_ref().unchecked_ref()).ok();
        resizes.iter().for_each(|observer| observer.observe(element));
        sightings.iter().for_each(|observer| observer.observe(element));
        Self { resizes, sightings, _on_resize: on_resize, _on_sighting: on_sighting }
    }
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        self.resizes.iter().for_each(ResizeObserver::disconnect);
        self.sightings.iter().for_each(IntersectionObserver::disconnect);
    }
}

impl<F: Fn((u16, u16))> Watched<F> {
    fn measure(&self) {
        let size = match self.in_sight.get() {
            None => return,
            Some(false) => (0, 0),
            Some(true) => {
                let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
                let pixels = |length: i32| to_pixels(f64::from(length) * ratio);
                (pixels(self.element.client_width()), pixels(self.element.client_height()))
            }
        };
        if self.told.replace(Some(size)) != Some(size) {
            (self.tell)(size);
        }
    }
}

/// Whole pixels; a screen has fewer than a `u16` holds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts of floating point numbers saturate"
)]
const fn to_pixels(length: f64) -> u16 {
    length as u16
}
