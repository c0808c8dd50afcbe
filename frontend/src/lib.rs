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
//! | [`passing`] | what comes and goes while the signals it reads stay |
//! | [`links`] | room ids and invite links, as people paste them |
//! | [`meeting`] | a meeting as a state machine, without a browser |
//! | [`browser`] | cameras, sockets, peer connections |
//! | [`session`] | a running meeting for the components |
//!
//! Built three times: with the feature `ssr` into the server, with `hydrate` into the module of
//! WebAssembly that takes the page over (`bin/page.rs`), with `csr` into the module that shows a
//! meeting and other pages that take a script (`bin/room.rs`).
#![allow(
    unreachable_pub,
    reason = "`#[component]` writes items that the lint takes for its user's"
)]
// A view's type nests as deeply as its elements do.
#![recursion_limit = "256"]

#[cfg(feature = "csr")]
use leptos::prelude::*;

pub mod api;
pub mod app;
pub mod arrival;
pub mod browser;
pub mod check;
pub mod components;
pub mod links;
pub mod meeting;
pub mod pages;
pub mod passing;
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

/// Something that is shown in a place of the page; dropping it takes it off, and leaves the meeting.
#[cfg(feature = "csr")]
pub struct Shown {
    _mounted: Box<dyn std::any::Any>,
}

#[cfg(feature = "csr")]
impl Shown {
    /// Shows the meeting in `room` inside of `place`, for the packed `arrival` or whoever comes
    /// back; none if there can be no such room.
    #[must_use]
    pub fn enter(
        place: web_sys::HtmlElement,
        room: &str,
        arrival: &wasm_bindgen::JsValue,
    ) -> Option<Self> {
        let room: shared::ids::RoomId = room.parse().ok()?;
        let arrival = arrival::Arrival::from_js(arrival);
        Some(Self::mount(place, move || {
            view! { <pages::room::MeetingPage room=room arrival=arrival/> }
        }))
    }

    /// Shows a page by its name inside of `place`; none if there is no such page.
    #[must_use]
    pub fn page(place: web_sys::HtmlElement, name: &str) -> Option<Self> {
        use browser::module::Page;

        Some(match Page::named(name)? {
            Page::Check => Self::mount(place, || view! { <pages::check::CheckPage/> }),
            Page::Manage => Self::mount(place, || view! { <pages::manage::ManagePage/> }),
        })
    }

    fn mount<V: IntoView + 'static>(
        place: web_sys::HtmlElement,
        view: impl FnOnce() -> V + 'static,
    ) -> Self {
        let mounted = mount_to(place, move || {
            leptos_meta::provide_meta_context();
            view()
        });
        Self { _mounted: Box::new(mounted) }
    }
}

#[cfg(feature = "csr")]
impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}
