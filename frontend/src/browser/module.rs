//! The module of WebAssembly that shows meetings and what else only a browser can show, as the
//! module of the first pages sees it.
//!
//! It is fetched when somebody stands at the door of a room, so that the first pages need not wait
//! for code that only a meeting needs.

use shared::ids::RoomId;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::HtmlElement;

use crate::arrival::Arrival;

/// Where the build puts it.
const ADDRESS: &str = "/room.js";

#[wasm_bindgen(inline_js = "
export async function fetch_module(address) {
  const module = await import(address);
  await module.default();
  return module;
}
")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn fetch_module(address: &str) -> Result<JsValue, JsValue>;

    /// The module. It exports what `src/bin/room.rs` does.
    #[derive(Debug)]
    pub(crate) type Module;

    #[wasm_bindgen(method, js_name = enter)]
    fn enter_place(this: &Module, place: &HtmlElement, room: &str, arrival: &JsValue) -> Stay;

    #[wasm_bindgen(method, js_name = show)]
    fn show_named(this: &Module, place: &HtmlElement, page: &str) -> Stay;

    /// Something that is shown.
    #[derive(Debug)]
    pub(crate) type Stay;

    /// Takes it off the page; a meeting is left.
    #[wasm_bindgen(method, js_name = free)]
    pub(crate) fn end(this: &Stay);
}

/// A page of that module besides the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// The connection test.
    Check,
    /// The manager's page.
    Manage,
}

impl Page {
    /// The page of that name.
    #[cfg(feature = "csr")]
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Check, Self::Manage].into_iter().find(|page| page.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Manage => "manage",
        }
    }
}

/// The module could not be fetched.
#[derive(Debug)]
pub(crate) struct NotFetched;

impl Module {
    /// Fetches the module, once for the page.
    pub(crate) async fn fetch() -> Result<Self, NotFetched> {
        let module = fetch_module(ADDRESS).await.map_err(|_| NotFetched)?;
        Ok(wasm_bindgen::JsCast::unchecked_into(module))
    }

    /// Shows a page in `place`.
    pub(crate) fn show_page(&self, place: &HtmlElement, page: Page) -> Stay {
        self.show_named(place, page.name())
    }

    /// Shows the meeting in `place`, for whoever arrives or, if nobody does, comes back.
    pub(crate) fn enter(
        &self,
        place: &HtmlElement,
        room: &RoomId,
        arrival: Option<Arrival>,
    ) -> Stay {
        let arrival = arrival.map_or(JsValue::NULL, Arrival::into_js);
        self.enter_place(place, room.as_str(), &arrival)
    }
}

/// Fetches the module ahead, for somebody who is about to go in.
pub(crate) async fn prefetch() {
    // Whoever then goes in tries again, and is told.
    drop(Module::fetch().await);
}
