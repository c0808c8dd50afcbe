//! One direction's transport at the server and peer connection in the browser: they are made
//! together, and given up together.

use shared::{
    ids::TransportId,
    media::IceServer,
    signaling::{CreateTransport, Direction, Request},
};

use super::{
    backoff::media_delay,
    effect::{Effect, Instant, PeerId},
    outbox::{Outbox, Purpose},
};

/// One direction's media connection.
#[derive(Debug)]
pub(super) struct Leg {
    direction: Direction,
    state: State,
    generation: u32,
    /// Times in a row that it did not connect.
    failures: u32,
    path: Path,
}

/// How a leg's path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    /// It has not been found yet.
    New,
    /// Media flows.
    Found,
    /// The next negotiation is to look for a new one (ICE restart, RFC 8445 section 9).
    Doubted,
    /// A new one is looked for.
    Sought,
}

#[derive(Debug)]
enum State {
    /// Nobody needs it.
    Absent,
    /// It failed; it is made anew at this time.
    Broken { retry_at: Instant },
    /// The server was asked for a transport.
    Asked,
    /// Both ends exist.
    Made(Ends),
}

/// The two ends of a media connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) transport_id: TransportId,
    pub(super) peer: PeerId,
}

impl Leg {
    pub(super) const fn new(direction: Direction) -> Self {
        Self { direction, state: State::Absent, generation: 0, failures: 0, path: Path::New }
    }

    /// Both ends, when they exist; otherwise sees to it that they will.
    pub(super) fn wanted(&mut self, now: Instant, outbox: &mut Outbox) -> Option<Ends> {
        match self.state {
            State::Made(ends) => return Some(ends),
            State::Asked => return None,
            State::Broken { retry_at } if now < retry_at => return None,
            State::Absent | State::Broken { .. } => {}
        }
        self.state = State::Asked;
        let request = Request::CreateTransport(CreateTransport { direction: self.direction });
        outbox.request(now, request, Purpose::CreateTransport(self.direction));
        None
    }

    /// Nobody needs the leg now: a broken one need not be made anew, nor complained of.
    pub(super) const fn unwanted(&mut self) {
        if matches!(self.state, State::Absent | State::Broken { .. }) {
            self.state = State::Absent;
            self.failures = 0;
        }
    }

    /// Both ends, when they exist.
    pub(super) const fn ends(&self) -> Option<Ends> {
        match self.state {
            State::Made(ends) => Some(ends),
            State::Absent | State::Broken { .. } | State::Asked => None,
        }
    }

    /// The server made its end: the browser makes the other.
    pub(super) fn created(
        &mut self,
        transport_id: TransportId,
        ice_servers: &[IceServer],
        outbox: &mut Outbox,
    ) {
        self.generation += 1;
        let peer = PeerId { direction: self.direction, generation: self.generation };
        self.state = State::Made(Ends { transport_id, peer });
        outbox.effect(Effect::OpenPeer { peer, ice_servers: ice_servers.to_vec() });
    }

    /// Media flows.
    pub(super) const fn connected(&mut self) {
        self.failures = 0;
        self.path = Path::Found;
    }

    /// Something comes: the path that was looked for, if one was, is found.
    pub(super) const fn heard(&mut self) {
        if matches!(self.path, Path::Sought) {
            self.path = Path::Found;
        }
    }

    /// The peer connection, once it has had a path.
    pub(super) fn in_use(&self) -> Option<PeerId> {
        let peer = self.ends().map(|ends| ends.peer);
        peer.filter(|_| !matches!(self.path, Path::New))
    }

    /// The transport, if it may outlive the connection to the server.
    pub(super) fn lasting(&self) -> Option<TransportId> {
        let transport_id = self.ends().map(|ends| ends.transport_id);
        transport_id.filter(|_| !matches!(self.path, Path::New))
    }

    /// Has the next negotiation look for a new path: the network changed, or the path is silent.
    pub(super) const fn doubt(&mut self) {
        if matches!((&self.state, self.path), (State::Made(_), Path::Found | Path::Sought)) {
            self.path = Path::Doubted;
        }
    }

    /// Whether there was a path, and no new one has been looked for since.
    pub(super) const fn may_restart(&self) -> bool {
        matches!(self.path, Path::Found | Path::Doubted)
    }

    /// Whether the next negotiation is to look for a new path.
    pub(super) const fn is_doubted(&self) -> bool {
        matches!(self.path, Path::Doubted)
    }

    /// A negotiation begins: whether it is to look for a new path.
    pub(super) const fn seek(&mut self) -> bool {
        let is_doubted = self.is_doubted();
        if is_doubted {
            self.path = Path::Sought;
        }
        is_doubted
    }

    /// Times in a row that it did not connect.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Gives both ends up, to be made anew after a while.
    pub(super) fn fail(&mut self, now: Instant, outbox: &mut Outbox) {
        self.close(outbox);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Broken { retry_at: now + media_delay(self.failures) };
        outbox.forget_transport(self.direction);
    }

    /// Does not wait any longer before it is made anew.
    pub(super) fn retry_now(&mut self) {
        if let State::Broken { retry_at } = &mut self.state {
            *retry_at = Instant::ZERO;
        }
    }

    /// Gives both ends up: the server's is gone.
    pub(super) fn close(&mut self, outbox: &mut Outbox) {
        if let State::Made(ends) = self.state {
            outbox.effect(Effect::ClosePeer(ends.peer));
        }
        self.path = Path::New;
        self.state = State::Absent;
    }

    /// When [`Self::wanted`] has something to do without being told anything.
    pub(super) const fn wake_at(&self) -> Option<Instant> {
        match self.state {
            State::Broken { retry_at } => Some(retry_at),
            State::Absent | State::Asked | State::Made(_) => None,
        }
    }
}
