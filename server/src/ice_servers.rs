//! The STUN and TURN servers that clients are told, with credentials made for each of them.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rtc_crypto::{HmacAlgorithm, RTCCryptoProvider as _, providers::AwsLcRsProvider};
use shared::media::IceServer;

use crate::config::{IceConfig, Secret};

/// Bytes of an HMAC-SHA1 (RFC 2104).
const MAC_BYTES: usize = 20;

/// How long the credentials count of who only tries whether the relay is reached: anyone may.
const CHECK_LIFETIME: Duration = Duration::from_mins(1);

static CRYPTOGRAPHY: AwsLcRsProvider = AwsLcRsProvider::new();

/// The servers of the settings; [`IceServers::for_client`] makes what one client gets.
#[derive(Debug, Clone, Default)]
pub struct IceServers {
    stun_urls: Vec<String>,
    turn: Option<Turn>,
}

/// A TURN server that shares a secret with us.
#[derive(Debug, Clone)]
struct Turn {
    urls: Vec<String>,
    secret: Secret,
    lifetime: Duration,
}

impl IceServers {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// Says in one line which setting is missing.
    pub fn new(config: &IceConfig) -> Result<Self, &'static str> {
        let stun_urls = config.stun_urls.iter().map(ToString::to_string).collect();
        let urls: Vec<String> = config.turn_urls.iter().map(ToString::to_string).collect();
        let turn = match (urls.is_empty(), &config.turn_secret.0) {
            (true, None) => None,
            (false, Some(secret)) => {
                Some(Turn { urls, secret: secret.clone(), lifetime: config.turn_ttl })
            }
            (false, None) => {
                return Err("TURN_URLS needs TURN_SECRET, the static-auth-secret of that server");
            }
            (true, Some(_)) => return Err("TURN_SECRET needs TURN_URLS, the server it is of"),
        };
        Ok(Self { stun_urls, turn })
    }

    /// What a client is told at `now`; `name` says to the TURN server whose the relay is.
    #[must_use]
    pub fn for_client(&self, name: &str, now: SystemTime) -> Vec<IceServer> {
        self.made(name, now, Duration::MAX)
    }

    /// What someone is told at `now` who tries whether these servers are reached: a relay that ends
    /// soon.
    #[must_use]
    pub fn for_check(&self, now: SystemTime) -> Vec<IceServer> {
        self.made("check", now, CHECK_LIFETIME)
    }

    fn made(&self, name: &str, now: SystemTime, at_most: Duration) -> Vec<IceServer> {
        let stun = (!self.stun_urls.is_empty()).then(|| IceServer {
            urls: self.stun_urls.clone(),
            username: None,
            credential: None,
        });
        let turn = self.turn.as_ref();
        let turn = turn.and_then(|turn| turn.server(name, now, turn.lifetime.min(at_most)));
        stun.into_iter().chain(turn).collect()
    }
}

impl Turn {
    /// Time-limited credentials (draft-uberti-behave-turn-rest-00 section 2.2): the user is the time
    /// until which they count, in seconds since 1970, and a name; the password its HMAC-SHA1.
    fn server(&self, name: &str, now: SystemTime, lifetime: Duration) -> Option<IceServer> {
        let until = now.checked_add(lifetime)?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let username = format!("{}:{name}", until.as_secs());
        let mut mac = [0; MAC_BYTES];
        let made = CRYPTOGRAPHY
            .crypto()
            .new_hmac(HmacAlgorithm::Sha1, self.secret.as_bytes())
            .and_then(|mut hmac| hmac.sign(&[username.as_bytes()], &mut mac));
        if let Err(error) = made {
            tracing::error!(%error, "no credentials for the TURN server could be made");
            return None;
        }
        let credential = Some(STANDARD.encode(mac));
        Some(IceServer { urls: self.urls.clone(), username: Some(username), credential })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn config(stun: &str, turn: &str, secret: &str) -> IceConfig {
        IceConfig {
            stun_urls: stun.parse().unwrap(),
            turn_urls: turn.parse().unwrap(),
            turn_secret: secret.parse().unwrap(),
            ..Config::with_defaults().ice
        }
    }

    #[test]
    fn a_client_gets_credentials_of_its_own_that_end() {
        let turn = "turn:turn.example:3478?transport=udp, turns:turn.example:5349";
        let servers = IceServers::new(&config("stun:stun.example:3478", turn, "north")).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
        let told = servers.for_client("participant-1", now);
        assert_eq!(told[0].urls, ["stun:stun.example:3478"]);
        assert_eq!((&told[0].username, &told[0].credential), (&None, &None));
        assert_eq!(
            told[1].urls,
            ["turn:turn.example:3478?transport=udp", "turns:turn.example:5349"]
        );
        assert_eq!(told[1].username.as_deref(), Some("1600086400:participant-1"));
        // printf %s 1600086400:participant-1 | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(told[1].credential.as_deref(), Some("S4t2qFqR9/kCo0huQOoICFAG8fQ="));
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn who_only_tries_gets_a_relay_that_ends_soon() {
        let servers = IceServers::new(&config("", "turn:turn.example", "north")).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
        let told = servers.for_check(now);
        assert_eq!(told[0].username.as_deref(), Some("1600000060:check"));
    }

    #[test]
    fn without_settings_clients_are_told_none() {
        let servers = IceServers::new(&config("", "", "")).unwrap();
        assert_eq!(servers.for_client("participant-1", SystemTime::UNIX_EPOCH), []);
    }

    #[test]
    fn half_a_turn_server_is_refused_with_the_name_of_the_other_half() {
        let error = IceServers::new(&config("", "turn:turn.example", "")).unwrap_err();
        assert!(error.contains("TURN_SECRET"));
        assert!(IceServers::new(&config("", "", "north")).unwrap_err().contains("TURN_URLS"));
    }

    #[test]
    fn the_secret_is_in_no_debug_output() {
        let servers = IceServers::new(&config("", "turn:turn.example", "north")).unwrap();
        assert!(!format!("{servers:?}").contains("north"));
    }
}
