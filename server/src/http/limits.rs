//! How often one address may do something: a token bucket per client, told the time.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Most clients one limiter remembers: 40 bytes each. A client that is forgotten starts anew, and
/// the one nearest to a whole bucket is forgotten first.
const MAX_CLIENTS: usize = 16_384;

const MINUTE: Duration = Duration::from_mins(1);

/// Lets each client do something so many times at once, and so many times a minute after that.
///
/// This is the generic cell rate algorithm (ITU-T I.371): of each client only the time is kept at
/// which its bucket is whole again.
#[derive(Debug)]
pub struct RateLimiter {
    rate: Option<Rate>,
    whole_at: Mutex<HashMap<Client, Instant>>,
}

/// Who is counted as one: an IPv4 address, or the /64 network that a household has of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Client(IpAddr);

#[derive(Debug, Clone, Copy)]
struct Rate {
    interval: Duration,
    burst: Duration,
}

/// The client has to wait so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// Until one more is allowed.
    pub wait: Duration,
}

impl RateLimiter {
    /// Allows `limit` a minute; 0 allows everything.
    #[must_use]
    pub fn per_minute(limit: u32) -> Self {
        let rate = NonZeroU32::new(limit)
            .map(|limit| Rate { interval: MINUTE / limit.get(), burst: MINUTE });
        Self { rate, whole_at: Mutex::default() }
    }

    /// Counts one.
    ///
    /// # Errors
    ///
    /// The client has used up what it may; this one is not counted.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), Limited> {
        let Some(rate) = self.rate else { return Ok(()) };
        let client = Client::from(address);
        let mut clients = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let whole_at = rate.next(clients.get(&client).copied(), now)?;
        if clients.len() >= MAX_CLIENTS && !clients.contains_key(&client) {
            make_room(&mut clients, now);
        }
        clients.insert(client, whole_at);
        Ok(())
    }

    /// Says whether [`Self::take`] would succeed, and counts nothing.
    ///
    /// # Errors
    ///
    /// The client has used up what it may.
    pub fn peek(&self, address: IpAddr, now: Instant) -> Result<(), Limited> {
        let Some(rate) = self.rate else { return Ok(()) };
        let clients = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        rate.next(clients.get(&Client::from(address)).copied(), now).map(drop)
    }
}

impl Rate {
    /// When the bucket is whole again, if one more is taken at `now`.
    fn next(self, whole_at: Option<Instant>, now: Instant) -> Result<Instant, Limited> {
        let next = whole_at.map_or(now, |whole_at| whole_at.max(now)) + self.interval;
        let fits_at = next.checked_sub(self.burst).unwrap_or(now);
        if fits_at > now { Err(Limited { wait: fits_at - now }) } else { Ok(next) }
    }
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        /// The network half of an address (RFC 4291 section 2.5.1).
        const NETWORK: u128 = !0 << 64;
        match address.to_canonical() {
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() & NETWORK).into()),
            IpAddr::V4(address) => Self(address.into()),
        }
    }
}

fn make_room(clients: &mut HashMap<Client, Instant>, now: Instant) {
    clients.retain(|_, whole_at| *whole_at > now);
    if clients.len() >= MAX_CLIENTS
        && let Some(nearest) = clients.iter().min_by_key(|(_, whole_at)| **whole_at)
    {
        let nearest = *nearest.0;
        clients.remove(&nearest);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ALICE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const BOB: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn ten_a_minute_are_ten_at_once_and_then_one_every_six_seconds() {
        let limiter = RateLimiter::per_minute(10);
        let start = Instant::now();
        for _ in 0..10 {
            assert_eq!(limiter.take(ALICE, start), Ok(()));
        }
        assert_eq!(limiter.take(ALICE, start), Err(Limited { wait: seconds(6) }));
        assert_eq!(limiter.take(ALICE, start + seconds(5)), Err(Limited { wait: seconds(1) }));
        assert_eq!(limiter.take(ALICE, start + seconds(6)), Ok(()));
        assert!(limiter.take(ALICE, start + seconds(6)).is_err());
    }

    #[test]
    fn one_client_does_not_use_up_what_another_may() {
        let limiter = RateLimiter::per_minute(1);
        let now = Instant::now();
        assert_eq!(limiter.take(ALICE, now), Ok(()));
        assert!(limiter.take(ALICE, now).is_err());
        assert_eq!(limiter.take(BOB, now), Ok(()));
    }

    #[test]
    fn looking_costs_nothing() {
        let limiter = RateLimiter::per_minute(1);
        let now = Instant::now();
        assert_eq!(limiter.peek(ALICE, now), Ok(()));
        assert_eq!(limiter.peek(ALICE, now), Ok(()));
        assert_eq!(limiter.take(ALICE, now), Ok(()));
        assert!(limiter.peek(ALICE, now).is_err());
    }

    #[test]
    fn zero_is_no_limit() {
        let limiter = RateLimiter::per_minute(0);
        let now = Instant::now();
        assert!((0..10_000).all(|_| limiter.take(ALICE, now).is_ok()));
    }

    #[test]
    fn a_household_is_one_client() {
        let limiter = RateLimiter::per_minute(1);
        let now = Instant::now();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(limiter.take(address("2001:db8::1"), now).is_ok());
        assert!(limiter.take(address("2001:db8::ffff:2"), now).is_err());
        assert!(limiter.take(address("2001:db8:0:1::1"), now).is_ok());
        assert!(limiter.take(ALICE, now).is_ok());
        assert!(limiter.take(address("::ffff:192.0.2.1"), now).is_err());
    }

    #[test]
    fn the_table_does_not_grow_beyond_its_bound() {
        let limiter = RateLimiter::per_minute(1);
        let now = Instant::now();
        let clients = || u32::try_from(MAX_CLIENTS + 100).map(|most| 0..most).unwrap();
        for bits in clients() {
            assert!(limiter.take(Ipv4Addr::from_bits(bits).into(), now).is_ok());
        }
        assert_eq!(limiter.whole_at.lock().unwrap().len(), MAX_CLIENTS);
        assert!(limiter.take(BOB, now + MINUTE).is_ok());
        assert_eq!(limiter.whole_at.lock().unwrap().len(), 1, "who is whole again is forgotten");
    }
}
