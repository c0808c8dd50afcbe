//! The page itself: its clock, chance, and the events of its window.

use std::time::Duration;

use js_sys::Promise;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::Event;

/// How long the page has existed; it never goes back.
pub(crate) fn now() -> Duration {
    let performance = web_sys::window().and_then(|window| window.performance());
    let milliseconds = performance.map_or(0.0, |performance| performance.now());
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default()
}

/// Whether nothing of the page can be seen: another tab is in front, or the window is minimised.
pub(crate) fn is_hidden() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.hidden())
}

/// Loads another page of ours.
pub(crate) fn go_to(path: &str) {
    if let Some(window) = web_sys::window() {
        // Paths of our own are addresses that every browser takes.
        drop(window.location().assign(path));
    }
}

/// The same, so that the way back does not lead here.
pub(crate) fn go_to_instead(path: &str) {
    if let Some(window) = web_sys::window() {
        drop(window.location().replace(path));
    }
}

/// Which browser this is, in its own words.
pub(crate) fn user_agent() -> String {
    let navigator = web_sys::window().map(|window| window.navigator());
    navigator.and_then(|navigator| navigator.user_agent().ok()).unwrap_or_default()
}

/// Which of the great browsers this is, as far as it says: each keeps its permissions elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, Chrome, Edge and most others.
    Chromium,
    /// Firefox.
    Firefox,
    /// Safari, and every browser of an iPhone.
    Safari,
}

impl Engine {
    /// The one that a `User-Agent` names.
    #[must_use]
    pub fn of_user_agent(name: &str) -> Self {
        if name.contains("Firefox/") {
            Self::Firefox
        } else if name.contains("Safari/") && !name.contains("Chrome/") {
            Self::Safari
        } else {
            Self::Chromium
        }
    }

    /// This one.
    #[must_use]
    pub fn current() -> Self {
        Self::of_user_agent(&user_agent())
    }
}

/// A number that another page hardly has.
pub(crate) fn seed() -> u64 {
    js_sys::Math::random().to_bits()
}

/// Lets a promise go whose failure changes nothing; browsers would complain of one that nobody
/// hears of.
pub(crate) fn ignore(promise: Promise) {
    spawn_local(async move { drop(JsFuture::from(promise).await) });
}

/// Calls something whenever the window has an event, for as long as this exists.
#[derive(Debug)]
pub(crate) struct WindowListener {
    event: &'static str,
    listener: Closure<dyn FnMut(Event)>,
}

impl WindowListener {
    /// Listens; without a window there is nothing to hear.
    pub(crate) fn new(event: &'static str, mut call: impl FnMut() + 'static) -> Self {
        let listener = Closure::new(move |_: Event| call());
        let function = listener.as_ref().unchecked_ref();
        if let Some(window) = web_sys::window() {
            // Windows take every listener; the result is there for other targets.
            drop(window.add_event_listener_with_callback(event, function));
        }
        Self { event, listener }
    }
}

impl Drop for WindowListener {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            let function = self.listener.as_ref().unchecked_ref();
            // A listener that is not there need not be removed.
            drop(window.remove_event_listener_with_callback(self.event, function));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_by_what_they_call_themselves() {
        for (name, engine) in [
            ("Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/140.0", Engine::Firefox),
            ("Mozilla/5.0 AppleWebKit/537.36 Chrome/140.0 Safari/537.36", Engine::Chromium),
            ("Mozilla/5.0 AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", Engine::Safari),
        ] {
            assert_eq!(Engine::of_user_agent(name), engine);
        }
    }
}
