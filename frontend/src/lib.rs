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
//! | [`links`] | room ids and invite links, as people paste them |
//! | [`meeting`] | a meeting as a state machine, without a browser |
//! | [`browser`] | cameras, sockets, peer connections |
//! | [`session`] | a running meeting for the components |
//!
//! Built twice: with the feature `ssr` into the server, with `hydrate` into WebAssembly.
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
pub mod components;
pub mod links;
pub mod meeting;
pub mod pages;
pub mod session;
pub mod text;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    leptos::mount::hydrate_body(app::App);
}
