//! Keeps the screen on during a meeting.

use leptos::{ev, prelude::*, task::spawn_local};

use crate::browser::display::Awake;

/// Keeps the screen from going dark for as long as the caller lives. Browsers take that back
/// whenever the page is hidden, so it is asked for again.
pub fn keep_awake() {
    let awake = StoredValue::new_local(None::<Awake>);
    let ask = move || {
        spawn_local(async move {
            let lock = Awake::ask().await;
            // A meeting that is over meanwhile drops it, which gives it back.
            let _over = awake.try_set_value(lock);
        });
    };
    ask();
    let seen = window_event_listener(ev::visibilitychange, move |_| {
        if !document().hidden() {
            ask();
        }
    });
    on_cleanup(move || seen.remove());
}
