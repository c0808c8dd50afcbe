//! Where the caller is, and where the caller thinks we are: read from headers that lie.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, header::HOST, request::Parts, uri::Authority},
};
use shared::{error::ErrorCode, ids::RoomId};

use super::errors::ApiError;
use crate::{
    AppState,
    config::{BaseUrl, HttpConfig, Origin, is_plain},
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where the server is, as the caller sees it: the start of the links they are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicBase(pub BaseUrl);

impl PublicBase {
    /// The link that lets guests in. The token is in the fragment, which browsers do not send:
    /// neither our log nor another site's sees it.
    #[must_use]
    pub fn invite_link(&self, room: &RoomId, token: &str) -> String {
        format!("{}/join?room={room}#token={token}", self.0)
    }

    /// The base of a request: `PUBLIC_URL`, else what the caller asked for.
    ///
    /// # Errors
    ///
    /// There is no `PUBLIC_URL`, and the request has no `Host` that could stand in a link.
    pub fn of(config: &HttpConfig, headers: &HeaderMap, peer: IpAddr) -> Result<Self, BadHost> {
        match &config.public_url.0 {
            Some(url) => Ok(Self(url.clone())),
            None => asked_origin(config, headers, peer).map(|origin| Self(origin.into())),
        }
    }
}

/// The `Host` header is missing, or not a plain host and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Host header is not a host name")]
pub struct BadHost;

impl From<BadHost> for ApiError {
    fn from(_: BadHost) -> Self {
        Self::with_detail(ErrorCode::BadRequest, "The Host header is not a host name.")
    }
}

impl FromRequestParts<AppState> for PublicBase {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        Ok(Self::of(&app.config.http, &parts.headers, peer(parts))?)
    }
}

/// The origin the caller's page has if it came from here: what `Origin` must be equal to.
///
/// # Errors
///
/// The request has no `Host` of use.
pub fn asked_origin(
    config: &HttpConfig,
    headers: &HeaderMap,
    peer: IpAddr,
) -> Result<Origin, BadHost> {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(BadHost) };
    let host = Authority::try_from(host.as_bytes()).ok().filter(is_plain).ok_or(BadHost)?;
    let scheme = if is_trusted(config, peer) && last(headers, &X_FORWARDED_PROTO) == Some("https") {
        "https"
    } else {
        "http"
    };
    Ok(Origin::new(scheme, &host))
}

/// The address of whoever sent a request: the connection's, or what a trusted proxy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Reads `X-Forwarded-For` from its end: each address was written by the one after it, and is
    /// believed as long as that one is a trusted proxy.
    #[must_use]
    pub fn of(config: &HttpConfig, headers: &HeaderMap, peer: IpAddr) -> Self {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let hops = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.rsplit(','));
        for hop in hops {
            if !is_trusted(config, client) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
        }
        Self(client)
    }
}

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(&app.config.http, &parts.headers, peer(parts)))
    }
}

/// The other end of the connection. A request that came over none, as in a test of the router,
/// counts as one from nowhere.
fn peer(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
}

fn is_trusted(config: &HttpConfig, address: IpAddr) -> bool {
    config.trusted_proxies.contains(&address.to_canonical())
}

/// The last of a header's values: the one the nearest proxy wrote.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const PROXY: &str = "10.0.0.1";

    fn behind_a_proxy() -> HttpConfig {
        let mut config = Config::with_defaults().http;
        config.trusted_proxies = PROXY.parse().unwrap();
        config
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn base(lines: &[(&'static str, &'static str)], peer: &str) -> Result<String, BadHost> {
        PublicBase::of(&behind_a_proxy(), &headers(lines), address(peer))
            .map(|base| base.0.to_string())
    }

    fn client(forwarded: &[&'static str], peer: &str) -> IpAddr {
        let lines: Vec<_> = forwarded.iter().map(|value| ("x-forwarded-for", *value)).collect();
        ClientAddress::of(&behind_a_proxy(), &headers(&lines), address(peer)).0
    }

    #[test]
    fn a_link_starts_with_what_the_caller_asked_for() {
        for (host, expected) in [
            ("localhost:3000", "http://localhost:3000"),
            ("Meet.Example.org", "http://meet.example.org"),
            ("meet.example.org:80", "http://meet.example.org"),
            ("192.0.2.7:3000", "http://192.0.2.7:3000"),
            ("[2001:db8::1]:3000", "http://[2001:db8::1]:3000"),
        ] {
            assert_eq!(base(&[("host", host)], "192.0.2.1").as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_host_that_is_none_is_in_no_link() {
        for host in [
            "",
            "user@evil.example",
            "evil.example/path",
            "evil.example#",
            "evil.example?x",
            "a b",
            "<script>",
            "[::1",
            "[not an address]",
            "host:",
            "host:0x50",
            "host:99999",
            "%65vil",
        ] {
            assert_eq!(base(&[("host", host)], "192.0.2.1"), Err(BadHost), "{host}");
        }
        assert_eq!(base(&[], "192.0.2.1"), Err(BadHost));
        let two = [("host", "a.example"), ("host", "b.example")];
        assert_eq!(base(&two, "192.0.2.1"), Err(BadHost));
    }

    #[test]
    fn only_a_trusted_proxy_says_that_the_page_is_secure() {
        let lines = [("host", "meet.example.org"), ("x-forwarded-proto", "https")];
        assert_eq!(base(&lines, PROXY).as_deref(), Ok("https://meet.example.org"));
        assert_eq!(base(&lines, "::ffff:10.0.0.1").as_deref(), Ok("https://meet.example.org"));
        assert_eq!(base(&lines, "192.0.2.1").as_deref(), Ok("http://meet.example.org"));
    }

    #[test]
    fn public_url_wins() {
        let mut config = behind_a_proxy();
        config.public_url = "https://meet.example.org/open/".parse().unwrap();
        let base = PublicBase::of(&config, &headers(&[]), address("192.0.2.1")).unwrap();
        let room = RoomId::from_random([0; 16]);
        assert_eq!(
            base.invite_link(&room, "abc"),
            format!("https://meet.example.org/open/join?room={room}#token=abc")
        );
    }

    #[test]
    fn a_stranger_cannot_say_to_be_someone_else() {
        assert_eq!(client(&["198.51.100.9"], "192.0.2.1"), address("192.0.2.1"));
        assert_eq!(client(&[], "::ffff:192.0.2.1"), address("192.0.2.1"));
    }

    #[test]
    fn a_trusted_proxy_says_whom_it_speaks_for() {
        assert_eq!(client(&["192.0.2.1"], PROXY), address("192.0.2.1"));
        assert_eq!(client(&["198.51.100.9, 192.0.2.1"], PROXY), address("192.0.2.1"));
        assert_eq!(client(&["198.51.100.9", "192.0.2.1"], PROXY), address("192.0.2.1"));
        assert_eq!(client(&["192.0.2.1, 10.0.0.1"], PROXY), address("192.0.2.1"));
        assert_eq!(client(&["192.0.2.1, nonsense"], PROXY), address(PROXY));
        assert_eq!(client(&[], PROXY), address(PROXY));
    }
}
