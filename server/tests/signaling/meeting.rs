//! A host, a co-host and two guests in one room.

use shared::{
    ids::{ParticipantId, RoomId},
    signaling::{Event, Join, Joined, Request, Role},
};

use crate::client::{Client, Server, invited};

/// Somebody who has joined.
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) joined: Joined,
}

/// All of them, each up to date.
pub(crate) struct Meeting {
    pub(crate) server: Server,
    pub(crate) room: RoomId,
    pub(crate) host: Person,
    pub(crate) cohost: Person,
    pub(crate) guest: Person,
    pub(crate) other: Person,
}

impl Person {
    pub(crate) async fn come(server: &Server, join: Join) -> Self {
        let mut client = server.connect().await;
        let joined = client.join(join).await.unwrap();
        Self { client, joined }
    }

    pub(crate) const fn id(&self) -> &ParticipantId {
        &self.joined.participant_id
    }

    /// The only event that has come until now.
    pub(crate) async fn told(&mut self) -> Event {
        let mut events = self.client.events().await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// Holds the person to having been told nothing.
    pub(crate) async fn untold(&mut self) {
        let events = self.client.events().await;
        assert!(events.is_empty(), "{events:?}");
    }

    pub(crate) async fn done(&mut self, request: Request) {
        self.client.done(request).await;
    }
}

impl Meeting {
    pub(crate) async fn start() -> Self {
        Self::start_on(Server::start().await).await
    }

    pub(crate) async fn start_on(server: Server) -> Self {
        let room = server.create_room();
        let come = |role| Person::come(&server, invited(server.token(&room, role)));
        let host = come(Role::Host).await;
        let cohost = come(Role::CoHost).await;
        let guest = come(Role::Guest).await;
        let other = come(Role::Guest).await;
        let mut meeting = Self { server, room, host, cohost, guest, other };
        meeting.catch_up().await;
        meeting
    }

    /// Passes over what everyone was told.
    pub(crate) async fn catch_up(&mut self) {
        for person in self.everyone() {
            person.client.events().await;
        }
    }

    pub(crate) const fn everyone(&mut self) -> [&mut Person; 4] {
        [&mut self.host, &mut self.cohost, &mut self.guest, &mut self.other]
    }

    /// Holds everyone to having been told the same.
    pub(crate) async fn all_told(&mut self, expected: &Event) {
        for person in self.everyone() {
            assert_eq!(&person.told().await, expected);
        }
    }
}
