//! The connection to the server: kept alive, given up when silent, made anew with patience.

use std::time::Duration;

use shared::{
    limits::{HEARTBEAT_INTERVAL_SECONDS, HEARTBEAT_TIMEOUT_SECONDS},
    signaling::Request,
};

use super::{
    backoff::{Chance, reconnect_delay},
    effect::{Effect, Instant, SocketId},
    outbox::{Outbox, Purpose},
};

const PING_INTERVAL: Duration = Duration::from_secs(HEARTBEAT_INTERVAL_SECONDS as u64);
const SILENCE: Duration = Duration::from_secs(HEARTBEAT_TIMEOUT_SECONDS as u64);

/// How long a probe may take: the server is near, or it is not there.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a socket may take to open.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a socket may take to open that takes the place of one in doubt: whatever is on its way
/// while a network comes or goes is lost, and the browser is slow to send it again.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection has to prove itself when it is in doubt.
const DOUBT: Duration = Duration::from_millis(400);

/// How long a first join is tried before the person is told that it does not work.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);

/// How long a meeting that was lost is tried for.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The connection to the server, through as many sockets as it takes.
#[derive(Debug)]
pub(super) struct Link {
    state: State,
    last_socket: u32,
    /// Since when there was no meeting, and how often one was tried.
    outage: Outage,
    patience: Duration,
    chance: Chance,
}

#[derive(Debug)]
enum State {
    /// Until the next try.
    Waiting { until: Instant },
    /// The server was asked whether it is there.
    Probing { socket: SocketId, deadline: Instant },
    /// A socket is being opened.
    Opening { socket: SocketId, deadline: Instant },
    /// The server was asked to let the person in; the request has its own deadline.
    Joining { socket: SocketId },
    /// At the door, until a host admits.
    Knocking { socket: SocketId, beat: Beat },
    /// In the room.
    Joined { socket: SocketId, beat: Beat },
    /// Given up for good.
    Over,
}

/// When the server was heard last, and when it is asked for a sign of life next.
#[derive(Debug, Clone, Copy)]
struct Beat {
    heard_at: Instant,
    ping_at: Instant,
    /// When the connection is given up unless something is heard before: it is in doubt.
    prove_by: Option<Instant>,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    attempt: u32,
}

impl Link {
    /// Has no socket yet.
    pub(super) const fn new(now: Instant, seed: u64) -> Self {
        Self {
            state: State::Waiting { until: now },
            last_socket: 0,
            outage: Outage { since: now, attempt: 0 },
            patience: FIRST_PATIENCE,
            chance: Chance::new(seed),
        }
    }

    /// Opens a socket at once, in place of the one there may be.
    pub(super) fn open(&mut self, now: Instant, outbox: &mut Outbox) {
        self.close_socket(outbox);
        let socket = self.next_socket();
        self.state = State::Opening { socket, deadline: now + OPEN_TIMEOUT };
        outbox.effect(Effect::OpenSocket(socket));
    }

    /// Whether news of this socket is news.
    pub(super) fn is_current(&self, socket: SocketId) -> bool {
        self.socket() == Some(socket)
    }

    /// Whether the person is in the room.
    pub(super) const fn is_joined(&self) -> bool {
        matches!(self.state, State::Joined { .. })
    }

    /// Tries since the meeting was lost.
    pub(super) const fn attempt(&self) -> u32 {
        self.outage.attempt
    }

    /// Whether it was tried for so long that it is time to say so.
    pub(super) fn is_hopeless(&self, now: Instant) -> bool {
        matches!(self.state, State::Waiting { .. })
            && now.saturating_sub(self.outage.since) > self.patience
    }

    /// The server is there, or not.
    pub(super) fn handle_probe(
        &mut self,
        now: Instant,
        probe: SocketId,
        is_there: bool,
        outbox: &mut Outbox,
    ) {
        match self.state {
            State::Probing { socket, .. } if socket == probe && is_there => self.open(now, outbox),
            State::Probing { socket, .. } if socket == probe => self.lose(now, outbox),
            _ => {}
        }
    }

    /// The server is asked to let the person in: on a socket that opened, or after they knocked.
    pub(super) const fn joining(&mut self) {
        if let State::Opening { socket, .. } | State::Knocking { socket, .. } = self.state {
            self.state = State::Joining { socket };
        }
    }

    /// The server has the person wait at the door.
    pub(super) fn knocking(&mut self, now: Instant) {
        if let Some(socket) = self.socket() {
            self.state = State::Knocking { socket, beat: Beat::new(now) };
            self.outage = Outage { since: now, attempt: 0 };
        }
    }

    /// The server let the person in.
    pub(super) fn joined(&mut self, now: Instant) {
        if let Some(socket) = self.socket() {
            self.state = State::Joined { socket, beat: Beat::new(now) };
            self.outage = Outage { since: now, attempt: 0 };
            self.patience = PATIENCE;
        }
    }

    /// Something came from the server.
    pub(super) const fn heard(&mut self, now: Instant) {
        if let State::Joined { beat, .. } | State::Knocking { beat, .. } = &mut self.state {
            beat.heard_at = now;
            beat.prove_by = None;
        }
    }

    /// Gives the socket up and waits for the next try.
    pub(super) fn lose(&mut self, now: Instant, outbox: &mut Outbox) {
        if matches!(self.state, State::Joined { .. } | State::Knocking { .. }) {
            self.outage = Outage { since: now, attempt: 0 };
        }
        self.close_socket(outbox);
        outbox.forget_requests();
        self.outage.attempt = self.outage.attempt.saturating_add(1);
        let age = now.saturating_sub(self.outage.since);
        let delay = reconnect_delay(self.outage.attempt, age, &mut self.chance);
        self.state = State::Waiting { until: now + delay };
    }

    /// The network came back or changed: tries at once, or doubts the connection there is.
    pub(super) fn hurry(&mut self, now: Instant) {
        match &mut self.state {
            State::Waiting { until } => *until = now,
            State::Joined { beat, .. } | State::Knocking { beat, .. } => {
                beat.prove_by.get_or_insert(now + DOUBT);
                beat.ping_at = now;
            }
            State::Probing { .. } | State::Opening { .. } | State::Joining { .. } | State::Over => {
            }
        }
    }

    /// Does what is due.
    pub(super) fn handle_wake(&mut self, now: Instant, outbox: &mut Outbox) {
        match &mut self.state {
            State::Waiting { until } if *until <= now => self.probe(now, outbox),
            State::Probing { deadline, .. } | State::Opening { deadline, .. }
                if *deadline <= now =>
            {
                self.lose(now, outbox);
            }
            State::Joined { beat, .. } | State::Knocking { beat, .. } => match beat.due(now) {
                Due::Nothing => {}
                Due::Ping => {
                    beat.ping_at = now + PING_INTERVAL;
                    outbox.request(now, Request::Ping, Purpose::Ping);
                }
                Due::Renewal => self.renew(now, outbox),
                Due::Loss => self.lose(now, outbox),
            },
            State::Waiting { .. }
            | State::Probing { .. }
            | State::Opening { .. }
            | State::Joining { .. }
            | State::Over => {}
        }
    }

    /// When [`Self::handle_wake`] has something to do.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until } => Some(until),
            State::Probing { deadline, .. } | State::Opening { deadline, .. } => Some(deadline),
            State::Joined { beat, .. } | State::Knocking { beat, .. } => Some(beat.wake_at()),
            State::Joining { .. } | State::Over => None,
        }
    }

    /// Ends for good.
    pub(super) fn end(&mut self, outbox: &mut Outbox) {
        self.close_socket(outbox);
        outbox.forget_requests();
        self.state = State::Over;
    }

    /// Opens another socket in place of one that does not answer, without asking first whether the
    /// server is there: it was a moment ago.
    fn renew(&mut self, now: Instant, outbox: &mut Outbox) {
        self.lose(now, outbox);
        self.open(now, outbox);
        if let State::Opening { deadline, .. } = &mut self.state {
            *deadline = now + RENEWAL_TIMEOUT;
        }
    }

    fn probe(&mut self, now: Instant, outbox: &mut Outbox) {
        let socket = self.next_socket();
        self.state = State::Probing { socket, deadline: now + PROBE_TIMEOUT };
        outbox.effect(Effect::Probe(socket));
    }

    const fn next_socket(&mut self) -> SocketId {
        self.last_socket = self.last_socket.wrapping_add(1);
        SocketId(self.last_socket)
    }

    fn close_socket(&self, outbox: &mut Outbox) {
        if let Some(socket) = self.socket() {
            outbox.effect(Effect::CloseSocket(socket));
        }
    }

    const fn socket(&self) -> Option<SocketId> {
        match self.state {
            State::Opening { socket, .. }
            | State::Joining { socket }
            | State::Knocking { socket, .. }
            | State::Joined { socket, .. } => Some(socket),
            State::Waiting { .. } | State::Probing { .. } | State::Over => None,
        }
    }
}

/// What a [`Beat`] asks for.
enum Due {
    Nothing,
    Ping,
    Renewal,
    Loss,
}

impl Beat {
    fn new(now: Instant) -> Self {
        Self { heard_at: now, ping_at: now + PING_INTERVAL, prove_by: None }
    }

    fn due(self, now: Instant) -> Due {
        if self.heard_at + SILENCE <= now {
            Due::Loss
        } else if self.prove_by.is_some_and(|deadline| deadline <= now) {
            Due::Renewal
        } else if self.ping_at <= now {
            Due::Ping
        } else {
            Due::Nothing
        }
    }

    fn wake_at(self) -> Instant {
        let silent_at = self.ping_at.min(self.heard_at + SILENCE);
        self.prove_by.map_or(silent_at, |deadline| deadline.min(silent_at))
    }
}
