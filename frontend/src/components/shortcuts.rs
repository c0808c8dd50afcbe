//! What keys do in a meeting: a table to which components add theirs, and the sheet that shows it.
//!
//! ```text
//! bind("M", text::TOGGLE_MICROPHONE, Callback::new(move |()| …));   // in a component of the room
//! describe(" ", text::HOLD_TO_TALK);                                // for keys heard elsewhere
//! ```
//!
//! Single keys count where nobody types, and can be turned off (WCAG 2.2, 2.1.4).

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::{
    browser::storage,
    components::sheet::Sheet,
    text::{Text, stage as text},
};

/// The table of a meeting.
#[derive(Debug, Clone, Copy)]
struct Shortcuts {
    bound: RwSignal<Vec<Shortcut>>,
    /// Whether keys do anything.
    on: RwSignal<bool>,
}

/// What one key does.
#[derive(Debug, Clone, Copy)]
struct Shortcut {
    /// As the browser names it (`KeyboardEvent.key`), letters in upper case.
    key: &'static str,
    label: Text,
    run: Option<Callback<()>>,
    /// Whether the key does anything now; the browser has it otherwise.
    when: Signal<bool>,
}

/// Makes the table, for everything inside the caller, and listens.
pub fn provide_shortcuts() {
    let shortcuts =
        Shortcuts { bound: RwSignal::default(), on: RwSignal::new(!storage::shortcuts_off()) };
    provide_context(shortcuts);
    let listening = window_event_listener(ev::keydown, move |event| {
        let is_meant =
            !event.repeat() && !event.default_prevented() && !is_for_something_else(&event);
        if !is_meant || !shortcuts.on.get_untracked() {
            return;
        }
        let key = event.key();
        let run = shortcuts.bound.with_untracked(|bound| {
            let found = bound.iter().find(|it| it.key.eq_ignore_ascii_case(&key));
            found.filter(|it| it.when.get_untracked()).and_then(|it| it.run)
        });
        if let Some(run) = run {
            event.prevent_default();
            run.run(());
        }
    });
    on_cleanup(move || listening.remove());
}

/// Has a key do something for as long as the calling component lives, and lists it on the sheet.
pub fn bind(key: &'static str, label: Text, run: Callback<()>) {
    bind_while(Signal::stored(true), key, label, run);
}

/// The same, as long as `when` says so: for keys that scroll a list where they do nothing else.
pub fn bind_while(when: Signal<bool>, key: &'static str, label: Text, run: Callback<()>) {
    add(Shortcut { key, label, run: Some(run), when });
}

/// Lists a key on the sheet that is heard elsewhere.
pub fn describe(key: &'static str, label: Text) {
    add(Shortcut { key, label, run: None, when: Signal::stored(true) });
}

fn add(shortcut: Shortcut) {
    let Some(Shortcuts { bound, .. }) = use_context() else { return };
    bound.update(|bound| bound.push(shortcut));
    on_cleanup(move || {
        // The table may be gone before those who are in it.
        let _gone = bound.try_update(|bound| bound.retain(|known| known.key != shortcut.key));
    });
}

/// Keys that scroll the list that has the focus.
const SCROLLING: [&str; 2] = ["PageUp", "PageDown"];

/// Whether a key is typed into something, scrolls a list, belongs to a dialog, or comes with another
/// one.
fn is_for_something_else(event: &ev::KeyboardEvent) -> bool {
    if event.ctrl_key() || event.alt_key() || event.meta_key() {
        return true;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| {
        let is_editable =
            target.dyn_ref::<HtmlElement>().is_some_and(HtmlElement::is_content_editable);
        let is_in = |selectors| {
            target.closest(selectors).is_ok_and(|found: Option<Element>| found.is_some())
        };
        let scrolls = SCROLLING.contains(&&*event.key()) && is_in(".sidebar, [popover]");
        is_editable || scrolls || is_in("input, textarea, select, dialog")
    })
}

/// The sheet. It opens when `open` becomes true, and by `?`.
#[component]
pub fn ShortcutSheet(
    /// Whether it is shown.
    open: RwSignal<bool>,
) -> impl IntoView {
    bind("?", text::SHOW_SHORTCUTS, Callback::new(move |()| open.set(true)));
    view! {
        <Sheet id="shortcuts-heading" heading=text::SHORTCUTS open=open>
            <Table/>
        </Sheet>
    }
}

#[component]
fn Table() -> impl IntoView {
    use_context().map(|Shortcuts { bound, on }| {
        let turn = move |event| {
            let checked = event_target_checked(&event);
            on.set(checked);
            storage::save_shortcuts_off(!checked);
        };
        view! {
            <ul class="shortcuts">
                <For each=move || in_order(bound.get()) key=|it| it.key let:shortcut>
                    <li>
                        <span>{shortcut.label}</span>
                        <kbd>{key_name(shortcut.key)}</kbd>
                    </li>
                </For>
            </ul>
            <label class="check">
                <input type="checkbox" prop:checked=on on:change=turn/>
                {text::SHORTCUTS_ON}
            </label>
        }
    })
}

/// Keys in the order of the sheet; others come after them as they were bound.
const ORDER: [&str; 11] = ["M", " ", "V", "S", "H", "C", "P", "G", "F", "PageUp", "PageDown"];

fn in_order(mut shortcuts: Vec<Shortcut>) -> Vec<Shortcut> {
    shortcuts.sort_by_key(|it| ORDER.iter().position(|key| *key == it.key).unwrap_or(ORDER.len()));
    shortcuts
}

/// How a key is written on the sheet.
fn key_name(key: &'static str) -> &'static str {
    match key {
        "PageUp" => text::PAGE_UP.get(),
        "PageDown" => text::PAGE_DOWN.get(),
        " " => text::SPACE.get(),
        key => key,
    }
}
