//! The space bar, while it is held for talking.

use std::cell::Cell;

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event, KeyboardEvent, Window};

use super::storage;

const SPACE: &str = " ";

/// Where a space is typed or chooses something.
const TAKES_SPACE: &str = "input, textarea, select, summary, [contenteditable], dialog";

/// Where a space presses something, if the keyboard brought the person there: whoever clicked on a
/// button with the mouse does not mean it any more.
const PRESSED_BY_SPACE: &str = "button, a";

const KEY_DOWN: &str = "keydown";
const KEY_UP: &str = "keyup";
const POINTER_DOWN: &str = "pointerdown";

/// Tells when the space bar is held and let go, for as long as this exists. Whatever takes the
/// keyboard away from the page lets go too.
#[derive(Debug)]
pub(crate) struct HeldSpace {
    listener: Closure<dyn FnMut(Event)>,
}

const EVENTS: [&str; 5] = [KEY_DOWN, KEY_UP, POINTER_DOWN, "blur", "visibilitychange"];

/// What is known of the person's hands.
#[derive(Debug, Default)]
struct Hands {
    holds: Cell<bool>,
    /// Whether the focus is where a pointer put it, and no key.
    points: Cell<bool>,
}

impl HeldSpace {
    /// Listens to the window; `hold` says whether it had a use for being held.
    pub(crate) fn new(hold: impl Fn(bool) -> bool + 'static) -> Self {
        let hands = Hands::default();
        let listener = Closure::new(move |event: Event| {
            let key = event.dyn_ref::<KeyboardEvent>();
            match event.type_().as_str() {
                POINTER_DOWN => hands.points.set(true),
                KEY_DOWN => hands.press(&event, key, &hold),
                KEY_UP if key.is_some_and(|key| key.key() != SPACE) => {}
                _ if hands.holds.replace(false) => {
                    // The button that has the focus is not pressed by this key.
                    event.prevent_default();
                    hold(false);
                }
                _ => {}
            }
        });
        each_event(&listener, |window, event, function| {
            // Windows take every listener; the result is there for other targets.
            drop(window.add_event_listener_with_callback_and_bool(event, function, true));
        });
        Self { listener }
    }
}

impl Drop for HeldSpace {
    fn drop(&mut self) {
        each_event(&self.listener, |window, event, function| {
            // A listener that is not there need not be removed.
            drop(window.remove_event_listener_with_callback_and_bool(event, function, true));
        });
    }
}

fn each_event(
    listener: &Closure<dyn FnMut(Event)>,
    call: impl Fn(&Window, &str, &js_sys::Function),
) {
    if let Some(window) = web_sys::window() {
        for event in EVENTS {
            call(&window, event, listener.as_ref().unchecked_ref());
        }
    }
}

impl Hands {
    fn press(&self, event: &Event, key: Option<&KeyboardEvent>, hold: &impl Fn(bool) -> bool) {
        let Some(key) = key.filter(|key| key.key() == SPACE) else {
            return self.points.set(false);
        };
        if self.holds.get() {
            // The keyboard repeats it, which would scroll the page or press the button.
            return event.prevent_default();
        }
        let is_plain = !(key.repeat() || key.ctrl_key() || key.alt_key() || key.meta_key());
        // Whoever turned the keys off does not want this one either.
        let is_wanted = is_plain && !self.is_taken(event) && !storage::shortcuts_off();
        if is_wanted && hold(true) {
            self.holds.set(true);
            event.prevent_default();
        }
    }

    /// Whether the element that has the focus has a use for the key.
    fn is_taken(&self, event: &Event) -> bool {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let is_in = |selector| {
            let found = target.as_ref().map(|target| target.closest(selector));
            matches!(found, Some(Ok(Some(_))))
        };
        is_in(TAKES_SPACE) || (!self.points.get() && is_in(PRESSED_BY_SPACE))
    }
}
