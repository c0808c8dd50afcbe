//! Values of settings, each read once into a type that cannot be wrong.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU16,
    ops::Deref,
    str::FromStr,
    time::Duration,
};

use axum::http::{Uri, uri::Authority};

/// A value that may be left out, or given as nothing at all (`NAME=`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Optional<T>(pub Option<T>);

impl<T: FromStr> FromStr for Optional<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text.is_empty() { Ok(Self(None)) } else { text.parse().map(Some).map(Self) }
    }
}

/// Values separated by commas; spaces around them and empty places are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// Why a text is not the value of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(&'static str);

/// An address that others can send to: `203.0.113.7`, `2001:db8::7`, or with the port that a NAT or
/// a load balancer has there for the media port, `203.0.113.7:41000` or `[2001:db8::7]:41000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicIp {
    /// The address.
    pub ip: IpAddr,
    /// The port outside, when it is not the media port itself.
    pub port: Option<NonZeroU16>,
}

impl PublicIp {
    /// Where others send what is meant for `media_port`.
    #[must_use]
    pub fn socket_address(self, media_port: u16) -> SocketAddr {
        SocketAddr::new(self.ip, self.port.map_or(media_port, NonZeroU16::get))
    }
}

impl From<IpAddr> for PublicIp {
    fn from(ip: IpAddr) -> Self {
        Self { ip, port: None }
    }
}

impl FromStr for PublicIp {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        const NOT_AN_ADDRESS: InvalidValue = InvalidValue("not an IP address");
        const NOT_A_PORT: InvalidValue = InvalidValue("port 0 cannot be sent to");
        let public = match text.parse::<SocketAddr>() {
            Ok(address) => Self {
                ip: address.ip(),
                port: Some(NonZeroU16::new(address.port()).ok_or(NOT_A_PORT)?),
            },
            Err(_) => text.parse::<IpAddr>().map_err(|_| NOT_AN_ADDRESS)?.into(),
        };
        if public.ip.is_unspecified()
            || public.ip.is_multicast()
            || public.ip == IpAddr::V4(Ipv4Addr::BROADCAST)
        {
            return Err(InvalidValue("not an address of one machine"));
        }
        Ok(public)
    }
}

/// Scheme, host and port of a page (RFC 6454), as browsers write it in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin of `authority`, such as `localhost:3000`, under `scheme`.
    #[must_use]
    pub fn new(scheme: &str, authority: &Authority) -> Self {
        let default_port = if scheme == "https" { 443 } else { 80 };
        let host = authority.host().to_ascii_lowercase();
        match authority.port_u16().filter(|port| *port != default_port) {
            Some(port) => Self(format!("{scheme}://{host}:{port}")),
            None => Self(format!("{scheme}://{host}")),
        }
    }

    /// The origin as text, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let url: BaseUrl = text.parse()?;
        if url.path.is_empty() {
            Ok(url.origin)
        } else {
            Err(InvalidValue("not an origin such as https://meet.example.org"))
        }
    }
}

/// Where the server is, seen from outside: an origin and perhaps a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    origin: Origin,
    path: String,
}

impl BaseUrl {
    /// The scheme, host and port.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl From<Origin> for BaseUrl {
    fn from(origin: Origin) -> Self {
        Self { origin, path: String::new() }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        const NOT_A_URL: InvalidValue = InvalidValue("not a URL such as https://meet.example.org");
        let uri: Uri = text.parse().map_err(|_| NOT_A_URL)?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"));
        let authority = uri.authority().filter(|authority| is_plain(authority));
        match (scheme, authority, uri.query()) {
            (Some(scheme), Some(authority), None) => Ok(Self {
                origin: Origin::new(scheme, authority),
                path: uri.path().trim_end_matches('/').to_owned(),
            }),
            _ => Err(NOT_A_URL),
        }
    }
}

/// The URL of a TURN server (RFC 7065).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnUrl(String);

/// The URL of a STUN server (RFC 7064).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StunUrl(String);

impl fmt::Display for TurnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for StunUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TurnUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        const NOT_A_URL: InvalidValue =
            InvalidValue("not a URL such as turn:turn.example.org:3478");
        let (server, transport) = text.split_once("?transport=").unwrap_or((text, "udp"));
        let is_url = is_server(server, ["turn", "turns"]) && matches!(transport, "udp" | "tcp");
        if is_url { Ok(Self(text.to_owned())) } else { Err(NOT_A_URL) }
    }
}

impl FromStr for StunUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        const NOT_A_URL: InvalidValue =
            InvalidValue("not a URL such as stun:stun.example.org:3478");
        if is_server(text, ["stun", "stuns"]) { Ok(Self(text.to_owned())) } else { Err(NOT_A_URL) }
    }
}

/// Whether a text is one of these schemes and a host, perhaps with a port.
fn is_server(text: &str, schemes: [&str; 2]) -> bool {
    let Some((scheme, host)) = text.split_once(':') else { return false };
    let authority: Option<Authority> = host.parse().ok();
    schemes.contains(&scheme) && authority.is_some_and(|authority| is_plain(&authority))
}

/// Longest host name (RFC 1035 section 2.3.4) with a port.
const MAX_AUTHORITY_BYTES: usize = 253 + ":65535".len();

/// Whether an authority is a host and perhaps a port, of characters that mean the same in a link
/// and in a header: no user, nothing to be escaped.
pub(crate) fn is_plain(authority: &Authority) -> bool {
    let host = authority.host();
    let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match name {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        }
    };
    let is_whole = match authority.port() {
        Some(port) => authority.as_str() == format!("{host}:{port}"),
        None => authority.as_str() == host,
    };
    is_host && is_whole && authority.as_str().len() <= MAX_AUTHORITY_BYTES
}

/// A time span in words, such as `24h`, `90 min` or `1day 12h`.
pub(super) fn lifetime(text: &str) -> Result<Duration, String> {
    /// Longer would not fit into every calculation with dates, and means "for ever" anyway.
    const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);
    let span = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if span < Duration::from_secs(1) || span > LONGEST {
        return Err("not between a second and a hundred years".to_owned());
    }
    Ok(span)
}
