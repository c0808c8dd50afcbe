//! What an invite says of itself, for people: the server alone decides what it is worth.

use serde::Deserialize;

/// When the time of an invite is over, in milliseconds since 1970; none if it does not say so.
pub(crate) fn end_of(token: &str) -> Option<u64> {
    /// The claim of RFC 7519, section 4.1.4, in seconds.
    #[derive(Deserialize)]
    struct Claims {
        exp: u64,
    }

    // The browser reads the older of the two alphabets of base64 (RFC 4648 sections 4 and 5).
    let claims = token.split('.').nth(1)?.replace('-', "+").replace('_', "/");
    let claims = web_sys::window()?.atob(&claims).ok()?;
    serde_json::from_str::<Claims>(&claims).ok()?.exp.checked_mul(1000)
}
