//! The document and its routes.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    hooks::use_location,
    path,
};

use wasm_bindgen::JsCast;

use crate::{
    pages::{
        entrance::{CheckRoute, ManageRoute, RoomPage},
        join::JoinPage,
        landing::LandingPage,
        not_found::NotFoundPage,
    },
    text::{self, Language},
};

/// The element that the skip link leads to: each page's own content.
pub const CONTENT_ID: &str = "content";

/// The whole document around [`App`], for the server. `head` is what the build put into the head:
/// links to styles and scripts, and the mark after which the pages' titles go.
pub fn shell(head: String) -> impl IntoView {
    let language = Language::current();
    view! {
        <!DOCTYPE html>
        <html lang=language.tag()>
            <head inner_html=head></head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Everything inside `<body>`, the same on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title text=text::PRODUCT.get()/>
        <a class="skip-link" href=format!("#{CONTENT_ID}") rel="external">
            {text::SKIP_TO_CONTENT}
        </a>
        <Router>
            <FocusHeading/>
            <FlatRoutes fallback=NotFoundPage>
                <Route path=path!("/") view=LandingPage/>
                <Route path=path!("/check") view=CheckRoute/>
                <Route path=path!("/join") view=JoinPage/>
                <Route path=path!("/manage") view=ManageRoute/>
                <Route path=path!("/room/:room") view=RoomPage/>
            </FlatRoutes>
        </Router>
    }
}

/// Moves the focus to the new page's heading after a change of route, as a page load would.
#[component]
fn FocusHeading() -> impl IntoView {
    let path = use_location().pathname;
    Effect::new(move |former: Option<String>| {
        let path = path.get();
        if former.is_some_and(|former| former != path) {
            request_animation_frame(focus_heading);
        }
        path
    });
}

/// Puts the focus on the page's heading, from where a screen reader reads on.
pub fn focus_heading() {
    if let Some(heading) = document().query_selector("h1").ok().flatten() {
        // An attribute that cannot be set leaves the focus where it was.
        drop(heading.set_attribute("tabindex", "-1"));
        focus(heading);
    }
}

/// Puts the focus on an element; one that cannot have it leaves it where it was.
pub fn focus(element: web_sys::Element) {
    if let Ok(element) = element.dyn_into::<web_sys::HtmlElement>() {
        drop(element.focus());
    }
}
