//! The lobby, from both sides of the door: who knocks, and being one who does.

use shared::{
    ids::KnockId,
    limits::MAX_KNOCKS,
    signaling::{Admitted, Knock, Knocking},
};

use super::{Meeting, effect::Instant};

/// Who waits at the door, for those who may open it; and what the door says to oneself.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    knocks: Vec<Knock>,
    door: Door,
}

/// How one stands to the door oneself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Door {
    /// There is no reason to knock.
    #[default]
    Open,
    /// One knocked and waits.
    Waiting { host_present: bool },
    /// One may come in with this token, once.
    Admitted { token: String },
}

impl Lobby {
    /// Takes over who waits from a snapshot: one is inside.
    pub(super) fn replace(&mut self, mut knocks: Vec<Knock>) {
        knocks.truncate(MAX_KNOCKS);
        *self = Self { knocks, door: Door::Open };
    }

    /// Someone waits to be let in.
    pub(super) fn knocked(&mut self, knock: Knock) {
        self.gone(knock.knock_id);
        if self.knocks.len() < MAX_KNOCKS {
            self.knocks.push(knock);
        }
    }

    /// Someone waits no more.
    pub(super) fn gone(&mut self, id: KnockId) {
        self.knocks.retain(|knock| knock.knock_id != id);
    }

    /// Who waits, the first first.
    pub(super) fn knocks(&self) -> &[Knock] {
        &self.knocks
    }

    /// One may not open the door any more.
    pub(super) fn forget_knocks(&mut self) {
        self.knocks.clear();
    }

    /// One has to knock.
    pub(super) fn wait(&mut self, host_present: bool) {
        *self = Self { knocks: Vec::new(), door: Door::Waiting { host_present } };
    }

    /// One may come in.
    pub(super) fn admit(&mut self, token: String) {
        self.door = Door::Admitted { token };
    }

    /// The connection was lost, and with it the knock.
    pub(super) fn leave_door(&mut self) {
        self.door = Door::Open;
    }

    /// The token to come in with, after one was admitted.
    pub(super) const fn admission(&self) -> Option<&String> {
        match &self.door {
            Door::Admitted { token } => Some(token),
            Door::Open | Door::Waiting { .. } => None,
        }
    }

    /// While one waits: whether anyone who may admit is there.
    pub(super) const fn waiting(&self) -> Option<bool> {
        match self.door {
            Door::Waiting { host_present } => Some(host_present),
            Door::Open | Door::Admitted { .. } => None,
        }
    }
}

/// What happens at the door.
impl Meeting {
    /// One has to wait until a host admits; what was known of the room is out of sight.
    pub(super) fn knocking(&mut self, now: Instant, knocking: Knocking) {
        self.link.knocking(now);
        self.place = None;
        self.roster.replace(Vec::new());
        self.publishing.reset(&mut self.outbox);
        self.receiving.reset(&mut self.outbox);
        self.company.lobby.wait(knocking.host_present);
    }

    /// A host has come, or the last has gone, while one waits.
    pub(super) fn host_present(&mut self, host_present: bool) {
        if self.company.lobby.waiting().is_some() {
            self.company.lobby.wait(host_present);
        }
    }

    /// A host lets one in.
    pub(super) fn admitted(&mut self, now: Instant, admitted: Admitted) {
        if self.company.lobby.waiting().is_some() {
            self.company.lobby.admit(admitted.token);
            self.join(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knock(number: u64, name: &str) -> Knock {
        Knock { knock_id: KnockId(number), display_name: name.to_owned() }
    }

    #[test]
    fn who_knocks_waits_in_order_until_gone() {
        let mut lobby = Lobby::default();
        lobby.replace(vec![knock(1, "Bob")]);
        lobby.knocked(knock(2, "Carol"));
        lobby.knocked(knock(2, "Carol"));
        assert_eq!(lobby.knocks(), [knock(1, "Bob"), knock(2, "Carol")]);
        lobby.gone(KnockId(1));
        assert_eq!(lobby.knocks(), [knock(2, "Carol")]);
    }

    #[test]
    fn no_more_wait_than_may() {
        let mut lobby = Lobby::default();
        for number in 0..100 {
            lobby.knocked(knock(number, "x"));
        }
        assert_eq!(lobby.knocks().len(), MAX_KNOCKS);
    }

    #[test]
    fn the_token_of_an_admission_is_for_that_connection() {
        let mut lobby = Lobby::default();
        lobby.wait(false);
        assert_eq!((lobby.waiting(), lobby.admission()), (Some(false), None));
        lobby.admit("token".to_owned());
        assert_eq!((lobby.waiting(), lobby.admission()), (None, Some(&"token".to_owned())));
        lobby.leave_door();
        assert_eq!(lobby.admission(), None);
    }
}
