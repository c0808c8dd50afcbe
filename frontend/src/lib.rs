//! The page: rendered on the server, then taken over by the same code in the browser.
//!
//! | module | what it holds |
//! |---|---|
//! | [`app`] | the document, the routes |
//! | [`pages`] | one component per route |
//! | [`components`] | what the pages are made of |
//! | [`text`] | every sentence the page shows |
//! | [`api`] | the server's REST interface |
//! | [`arrival`] | what the page before the meeting hands to the meeting |
//! | [`qr`] | QR codes of links |
//! | [`check`] | what a connection test found, and what it means |
//! | [`links`] | room ids and invite links, as people paste them |
//! | [`meeting`] | a meeting as a state machine, without a browser |
//! | [`browser`] | cameras, sockets, peer connections |
//! | [`session`] | a running meeting for the components |
//!
//! Built three times: with the feature `ssr` into the server, with `hydrate` into the module of
//! WebAssembly that takes the page over (`bin/page.rs`), with `csr` into the module that shows a
//! meeting (`bin/room.rs`), which is fetched at the door of a room.
#![allow(
    unreachable_pub,
    reason = "`#[component]` writes items that the lint takes for its user's"
)]
// A view's type nests as deeply as its elements do.
#![recursion_limit = "256"]

pub mod api;
pub mod app;
pub mod arrival;
pub mod browser;
pub mod check;
pub mod components;
pub mod links;
pub mod meeting;
pub mod pages;
pub mod qr;
pub mod session;
pub mod text;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
pub fn start() {
    report_panics();
    leptos::mount::hydrate_body(app::App);
}

/// Has panics written to the browser's console.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
}

/// A meeting that is shown; dropping it leaves the meeting and takes it off the page.
#[cfg(feature = "csr")]
pub struct MeetingOnPage {
    _mounted: Box<dyn std::any::Any>,
}

#[cfg(feature = "csr")]
impl MeetingOnPage {
    /// Shows the meeting in `room` inside of `place`, for the packed `arrival` or whoever comes
    /// back; none if there can be no such room.
    #[must_use]
    pub fn enter(
        place: web_sys::HtmlElement,
        room: &str,
        arrival: &wasm_bindgen::JsValue,
    ) -> Option<Self> {
        use leptos::{mount::mount_to, prelude::*};

        let room: shared::ids::RoomId = room.parse().ok()?;
        let arrival = arrival::Arrival::from_js(arrival);
        let mounted = mount_to(place, move || {
            view! { <pages::room::MeetingPage room=room arrival=arrival/> }
        });
        Some(Self { _mounted: Box::new(mounted) })
    }
}

#[cfg(feature = "csr")]
impl std::fmt::Debug for MeetingOnPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MeetingOnPage").finish_non_exhaustive()
    }
}
