//! The page, rendered on the server: Leptos inside the document that Trunk built.
//!
//! Trunk's `index.html` knows the hashed names of scripts and styles, so its head becomes the head
//! of every page. The build leaves [`NONCE_PLACEHOLDER`] where each response puts its own nonce.

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, VARY},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use frontend::{
    app::{App, shell},
    text::Language,
};
use leptos::{
    nonce::use_nonce,
    prelude::{expect_context, provide_context},
};
use leptos_axum::{ResponseOptions, generate_route_list, render_app_to_stream};

use super::{assets, headers};
use crate::AppState;

/// What Trunk writes for a nonce: `nonce_placeholder` of `Trunk.toml`.
const NONCE_PLACEHOLDER: &str = "{{NONCE}}";

/// Every address that the page's router knows.
pub fn routes() -> Router<AppState> {
    generate_route_list(App).into_iter().fold(Router::new(), |router, page| {
        router.route(page.path(), get(async |request| render(StatusCode::OK, request).await))
    })
}

/// Answers whatever no route does: an asset, or else 404, as a page to those who read pages.
pub async fn asset_or_not_found(request: Request) -> Response {
    let reads_pages = request.method() == Method::GET && accepts_html(request.headers());
    let answer = assets::serve(request.method(), request.uri(), request.headers());
    if answer.status() == StatusCode::NOT_FOUND && reads_pages {
        return render(StatusCode::NOT_FOUND, request).await;
    }
    answer
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}

async fn render(status: StatusCode, request: Request) -> Response {
    let Some(index) = assets::index_html() else { return assets::not_built() };
    let Some(head) = head(&index).map(str::to_owned) else {
        tracing::error!("the built page has no <head>");
        return assets::not_built();
    };
    let language = language(request.headers());
    let document = move || {
        provide_context(language);
        let nonce = use_nonce().expect("leptos_axum provides a nonce to every response");
        let answer = expect_context::<ResponseOptions>();
        answer.insert_header(CONTENT_SECURITY_POLICY, headers::content_security_policy(&nonce));
        answer.insert_header(VARY, HeaderValue::from_static("accept-language"));
        shell(head.replace(NONCE_PLACEHOLDER, &nonce))
    };
    let page = render_app_to_stream(document)(request).await;
    (status, page).into_response()
}

/// The language that a reader likes best, of those the page speaks.
fn language(headers: &HeaderMap) -> Language {
    let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    header.map(Language::accepted).unwrap_or_default()
}

/// What stands between the head's tags.
fn head(index: &str) -> Option<&str> {
    let (_, rest) = index.split_once("<head>")?;
    Some(rest.split_once("</head>")?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_taken_from_between_its_tags() {
        assert_eq!(head("<html><head>\n<title>x</title></head><body>"), Some("\n<title>x</title>"));
        assert_eq!(head("<html><body>"), None);
    }

    #[test]
    fn pages_are_for_browsers_and_not_for_programs() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("application/json, text/html;q=0.5", true),
            ("*/*", false),
            ("application/json", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(accepts_html(&headers), expected, "{accept}");
        }
    }
}
