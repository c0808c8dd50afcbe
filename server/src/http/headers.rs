//! The security headers of every response.

use axum::{
    extract::Request,
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    response::Response,
};

use crate::random;

/// Headers that are the same for every response.
const FIXED: [(HeaderName, &str); 5] = [
    (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Devices for this page alone, everything a meeting has no use for for nobody.
const PERMISSIONS_POLICY: &str = "camera=(self), microphone=(self), display-capture=(self), \
    fullscreen=(self), autoplay=(self), speaker-selection=(self), screen-wake-lock=(self), \
    clipboard-write=(self), picture-in-picture=(self), geolocation=(), payment=(), usb=(), \
    serial=(), hid=(), midi=()";

/// Adds the headers to a response. A page comes with the policy that names its own nonce; nothing
/// inline runs in any other answer.
pub async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert_with(|| content_security_policy(&random::token_id()));
    // Whoever has something to keep says so; the rest is of this moment and of this caller.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The policy of a page whose scripts carry `nonce`.
///
/// Nothing from elsewhere, nothing inline without the nonce, no `eval` but WebAssembly's own.
///
/// `connect-src 'self'` covers the WebSocket too: a source of the same host matches with `ws` in
/// place of `http` (CSP Level 3 section 6.7.2.8, "scheme-part matches").
pub(super) fn content_security_policy(nonce: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; \
         style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; font-src 'self'; \
         connect-src 'self'; media-src 'self' blob: mediastream:; worker-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    HeaderValue::try_from(policy).expect("a nonce in hexadecimal or base64 can stand in a header")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inline_and_no_eval_is_allowed() {
        let policy = content_security_policy("abc");
        let policy = policy.to_str().unwrap();
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval' 'nonce-abc';"), "{policy}");
        assert!(!policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"));
        assert!(!policy.contains('*') && !policy.contains("http"));
    }
}
