//! The built page: what Trunk leaves in `dist/`, inside the program.
//!
//! A release holds the files in itself, a debug build reads them from the folder. Beside a file
//! there may be `<file>.br` and `<file>.gz`, made once by the build.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{
            ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, VARY,
        },
    },
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use crate::random;

#[derive(RustEmbed)]
#[folder = "../dist"]
struct Dist;

/// The page as Trunk wrote it: what the server renders goes into it. It is no asset of its own.
const INDEX: &str = "index.html";

/// A name that holds a hash of its content never means anything else: kept for a year.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Any other name: kept, but asked for again each time.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// Trunk's `index.html`; none when the page has not been built.
#[must_use]
pub fn index_html() -> Option<Cow<'static, str>> {
    match Dist::get(INDEX)?.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// What to answer instead of a page while there is none.
#[must_use]
pub fn not_built() -> Response {
    let text = "The page has not been built: run `make build`.\n";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// Answers with an asset, or 404.
#[must_use]
pub fn serve(method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    answer(method, uri.path(), headers, stored)
}

/// A file of the page, or the compressed form of one.
#[derive(Debug, Clone)]
struct Asset {
    bytes: Cow<'static, [u8]>,
    hash: [u8; 32],
}

fn stored(path: &str) -> Option<Asset> {
    let file = Dist::get(path)?;
    Some(Asset { hash: file.metadata.sha256_hash(), bytes: file.data })
}

fn answer(
    method: &Method,
    path: &str,
    request: &HeaderMap,
    stored: impl Fn(&str) -> Option<Asset>,
) -> Response {
    let Some(path) = asset_path(path) else { return not_found() };
    let mut forms = Encoding::accepted(request).into_iter();
    let form = forms
        .find_map(|encoding| Some((stored(&format!("{path}{}", encoding.suffix()))?, encoding)));
    let Some((asset, encoding)) = form else { return not_found() };
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    respond(path, asset, encoding, request)
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response()
}

/// The file a URL path names. Assets have plain names, so nothing is decoded; the page itself, and
/// what starts with a dot, is not for the outside.
fn asset_path(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    let is_plain = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    (is_plain && path != INDEX && !path.starts_with("index.html.")).then_some(path)
}

fn respond(path: &str, asset: Asset, encoding: Encoding, request: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", random::hex(&asset.hash));
    let fixed = [
        (ETAG, HeaderValue::try_from(&etag).expect("hexadecimal can stand in a header")),
        (CACHE_CONTROL, if has_hash(path) { FOR_EVER } else { REVALIDATE }),
        (VARY, HeaderValue::from_name(ACCEPT_ENCODING)),
    ];
    if matches_etag(request, &etag) {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    let body = match asset.bytes {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let content_type = [(CONTENT_TYPE, HeaderValue::from_static(content_type(path)))];
    (fixed, content_type, encoding.header(), body).into_response()
}

/// Whether the caller has this very content (RFC 9110 section 13.1.2, weak comparison).
fn matches_etag(request: &HeaderMap, etag: &str) -> bool {
    let lists = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = lists.flat_map(|list| list.split(',')).map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

/// Whether a name holds a hash as Trunk writes it: `name-0123456789abcdef.css`, and for
/// WebAssembly `name-0123456789abcdef_bg.wasm`; snippets have theirs in the folder's name.
fn has_hash(path: &str) -> bool {
    /// Digits of Trunk's hash, of which leading zeros are missing.
    const DIGITS: std::ops::RangeInclusive<usize> = 12..=16;
    path.split(['/', '.', '-', '_'])
        .any(|part| DIGITS.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// How a stored file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// What the caller can read, the smallest first (RFC 9110 section 12.5.3). The plain file is
    /// always last: better an answer than none.
    fn accepted(request: &HeaderMap) -> Vec<Self> {
        let lists = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let listed: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
        let accepts = |name| listed.iter().any(|item| is_accepted(item, name));
        [Self::Brotli, Self::Gzip, Self::Identity]
            .into_iter()
            .filter(|encoding| encoding.token().is_none_or(accepts))
            .collect()
    }

    /// The name of the coding; the plain file has none.
    const fn token(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    fn header(self) -> HeaderMap {
        let token = self.token().map(HeaderValue::from_static);
        token.map(|token| -> (HeaderName, _) { (CONTENT_ENCODING, token) }).into_iter().collect()
    }
}

/// Whether one item of `Accept-Encoding` names `coding` and does not forbid it with `q=0`.
fn is_accepted(item: &str, coding: &str) -> bool {
    let (name, weight) = item.split_once(';').unwrap_or((item, ""));
    let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
    name.trim().eq_ignore_ascii_case(coding) && weight.is_ok_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(header: &'static str) -> Vec<Encoding> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(header));
        Encoding::accepted(&headers)
    }

    /// A page of one script in three forms, and a picture in one.
    fn page(path: &str) -> Option<Asset> {
        let bytes: &[u8] = match path {
            "app-0123456789abcdef.js" => b"plain",
            "app-0123456789abcdef.js.br" => b"brotli",
            "app-0123456789abcdef.js.gz" => b"gzip",
            "icon.svg" => b"<svg/>",
            _ => return None,
        };
        Some(Asset { bytes: bytes.into(), hash: [u8::try_from(bytes.len()).unwrap(); 32] })
    }

    fn get(path: &str, headers: &[(HeaderName, &'static str)]) -> Response {
        let headers = headers.iter().cloned();
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        answer(&Method::GET, path, &headers.collect(), page)
    }

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_script_comes_in_the_form_the_caller_reads() {
        for (accepted, coding, expected) in [
            ("gzip, br", Some("br"), "brotli"),
            ("gzip", Some("gzip"), "gzip"),
            ("", None, "plain"),
        ] {
            let response = get("/app-0123456789abcdef.js", &[(ACCEPT_ENCODING, accepted)]);
            let headers = response.headers();
            assert_eq!(
                headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes),
                coding.map(str::as_bytes)
            );
            assert_eq!(headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
            assert_eq!(headers[VARY], "accept-encoding");
            assert_eq!(headers[CACHE_CONTROL], FOR_EVER);
            assert_eq!(body(response).await, expected);
        }
    }

    #[tokio::test]
    async fn a_name_without_a_hash_is_asked_for_again_each_time() {
        let first = get("/icon.svg", &[(ACCEPT_ENCODING, "br")]);
        assert_eq!(first.headers()[CACHE_CONTROL], REVALIDATE);
        assert!(first.headers().get(CONTENT_ENCODING).is_none(), "there is only the plain form");
        let etag = "\"0606060606060606060606060606060606060606060606060606060606060606\"";
        assert_eq!(first.headers()[ETAG], etag);
        let second = get("/icon.svg", &[(IF_NONE_MATCH, etag)]);
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(body(second).await, "");
    }

    #[test]
    fn an_asset_can_only_be_read() {
        let post = answer(&Method::POST, "/icon.svg", &HeaderMap::new(), page);
        assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(post.headers()[ALLOW], "GET, HEAD");
        assert_eq!(get("/other.svg", &[]).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_smallest_form_the_caller_reads_comes_first() {
        use Encoding::{Brotli, Gzip, Identity};

        assert_eq!(accepted("gzip, deflate, br, zstd"), [Brotli, Gzip, Identity]);
        assert_eq!(accepted("GZIP;q=0.5"), [Gzip, Identity]);
        assert_eq!(accepted("br;q=0, gzip;q=0.0"), [Identity]);
        assert_eq!(accepted("br;q=nonsense"), [Identity]);
        assert_eq!(Encoding::accepted(&HeaderMap::new()), [Identity]);
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for path in [
            "frontend-4f0e1b2c3d4a5b6c.js",
            "frontend-4f0e1b2c3d4a5b6c_bg.wasm",
            "style-0f1e2d3c4b5a697.css",
            "snippets/frontend-4f0e1b2c3d4a5b6c/inline0.js",
        ] {
            assert!(has_hash(path), "{path}");
        }
        for path in ["icon.svg", "frontend.js", "deadbeef.css", "manifest.webmanifest"] {
            assert!(!has_hash(path), "{path}");
        }
    }

    #[test]
    fn no_path_leaves_the_folder_or_shows_the_template() {
        for path in ["/", "/index.html", "/index.html.br", "/../Cargo.toml", "/a//b", "/.built"] {
            assert_eq!(asset_path(path), None, "{path}");
        }
        assert_eq!(asset_path("/a/b.js"), Some("a/b.js"));
    }

    #[test]
    fn the_same_content_is_not_sent_again() {
        for (known, expected) in
            [("\"abc\"", true), ("W/\"abc\"", true), ("\"x\", \"abc\"", true), ("\"x\"", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(known));
            assert_eq!(matches_etag(&headers, "\"abc\""), expected, "{known}");
        }
    }
}
