//! The network may be another one: the server is asked over the socket there is, or over a new one
//! when that stays silent, and both directions look for a new path.
//!
//! In this order, for what is negotiated over a dead socket is lost, and what nobody knows the end
//! of cannot go on.

use super::{
    Meeting,
    effect::{Instant, PeerId, Traffic},
    pulse::Finding,
};

/// Why the network may be another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Nothing came for a moment.
    Possible,
    /// The browser said so.
    Certain,
}

impl Meeting {
    /// The browser is on a network again.
    pub fn handle_online(&mut self, now: Instant) {
        self.doubt = Some(Doubt::Certain);
        self.link.hurry(now);
        self.handle_wake(now);
    }

    /// What has gone over a peer connection so far.
    pub fn handle_traffic(&mut self, now: Instant, peer: PeerId, traffic: Traffic) {
        match self.pulse.take(now, peer, traffic) {
            Finding::Nothing => return,
            Finding::Alive => {
                self.doubt = self.doubt.filter(|doubt| *doubt == Doubt::Certain);
                self.publishing.leg.heard();
                self.receiving.leg.heard();
                return;
            }
            Finding::Hushed => {
                self.doubt.get_or_insert(Doubt::Possible);
                self.link.hurry(now);
            }
            Finding::Silent => self.doubt_paths(),
        }
        self.handle_wake(now);
    }

    /// The peer connection that tells whether media still comes. The one for sending has less to
    /// look at in it, and the server's reports come over it all the time.
    pub(super) fn looked_at(&self) -> Option<PeerId> {
        self.publishing.leg.in_use().or_else(|| self.receiving.leg.in_use())
    }

    /// The server was heard: if the network is another one, the socket is alive on that.
    pub(super) fn doubt_paths_if_certain(&mut self) {
        if self.doubt == Some(Doubt::Certain) && self.link.is_joined() {
            self.doubt_paths();
        }
    }

    /// Has both directions look for a new path, once there is a connection to do it over.
    pub(super) fn doubt_paths(&mut self) {
        self.doubt = None;
        self.publishing.leg.doubt();
        self.receiving.leg.doubt();
    }
}
