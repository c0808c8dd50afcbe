//! Bounds of what hosts do and of what people say, and what is kept of it.

use std::collections::BTreeSet;

use shared::{
    limits::{MAX_CHAT_BYTES, MAX_CHAT_CHARS, MAX_CHAT_MESSAGES, MAX_INVITES},
    rest::UpdateRoomRequest,
    signaling::{CreateInvite, Remove, RevokeInvite, SetRole},
};

use super::*;
use crate::{
    invites::{Invites, TICKET_LIFETIME},
    rooms::record::InviteKind,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn wall_clock() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// The id of a grant, in place of the token.
fn link(grant: crate::invites::Grant) -> String {
    grant.id
}

impl World {
    fn host(&mut self) -> Socket {
        self.try_enter_as(&id(100), Role::Host).unwrap().0
    }

    fn write(&mut self, socket: &Socket, text: &str) {
        self.now += Duration::from_secs(1);
        let text = ChatText::parse(text).unwrap();
        self.room.send_chat(&socket.seat, text, self.now, wall_clock()).unwrap();
        socket.events();
    }

    fn make(
        &mut self,
        host: &Socket,
        id: &ParticipantId,
        now: SystemTime,
    ) -> Result<(), ErrorCode> {
        let set = SetRole { participant_id: id.clone(), role: Role::CoHost };
        self.room.set_role(&host.seat, &set, now, &Invites::new(b"a secret"))
    }

    fn lock(&mut self, host: &Socket) {
        let lock = UpdateRoomRequest { locked: Some(true), lobby: None };
        self.room.change_rules(Actor::Seat(&host.seat), lock, wall_clock(), link).unwrap();
    }

    fn remove(&mut self, host: &Socket, id: &ParticipantId, now: SystemTime) {
        let remove = Remove { participant_id: id.clone(), block: false };
        self.room.expel_for(&host.seat, &remove, (self.now, now)).unwrap();
    }
}

fn number(number: usize) -> ParticipantId {
    let mut bits = [0; 16];
    bits[..8].copy_from_slice(&number.to_be_bytes());
    ParticipantId::from_random(bits)
}

#[test]
fn the_last_200_messages_are_kept() {
    let (mut world, [bob]) = World::with();
    for number in 0..MAX_CHAT_MESSAGES + 1 {
        world.write(&bob, &number.to_string());
    }
    let kept = world.room.chat();
    assert_eq!(kept.len(), MAX_CHAT_MESSAGES);
    assert_eq!((&*kept[0].text, kept[0].id), ("1", 2));
    assert_eq!(kept[0].sent_at, 1_700_000_000_000);
}

#[test]
fn no_more_text_is_kept_than_fits_the_bound() {
    let (mut world, [bob]) = World::with();
    let longest = "\u{1F469}".repeat(MAX_CHAT_CHARS);
    for _ in 0..20 {
        world.write(&bob, &longest);
    }
    let kept = world.room.chat();
    let bytes: usize = kept.iter().map(|one| one.text.len() + one.display_name.len()).sum();
    assert!(bytes <= MAX_CHAT_BYTES && bytes + longest.len() > MAX_CHAT_BYTES, "{bytes}");
}

#[test]
fn text_is_trimmed_and_has_no_control_characters_but_lines_and_tabs() {
    let parsed = |text: &str| ChatText::parse(text);
    assert_eq!(parsed(" a\r\n\tb\u{7f}\u{85} "), parsed("a\n\tb"));
    assert_eq!(parsed("\u{1b}"), Err(ErrorCode::ChatInvalid));
    assert_eq!(parsed(&"x".repeat(MAX_CHAT_CHARS + 1)), Err(ErrorCode::ChatInvalid));
}

#[test]
fn roles_are_remembered_as_long_as_an_older_ticket_counts_and_up_to_a_bound() {
    let mut world = World::new();
    let host = world.host();
    for index in 0..MAX_GIVEN_ROLES {
        let guest = world.enter(&number(index)).0;
        world.make(&host, &number(index), wall_clock()).unwrap();
        world.room.depart(&guest.seat, Departure::Left, world.now);
        host.events();
    }
    let late = number(MAX_GIVEN_ROLES);
    world.enter(&late);
    assert_eq!(world.make(&host, &late, wall_clock()), Err(ErrorCode::TooMany));
    assert_eq!(
        world.room.participant_details(&HashMap::new())[1].role,
        Role::Guest,
        "and nothing was changed"
    );
    world.make(&host, &late, wall_clock() + TICKET_LIFETIME).unwrap();
    assert_eq!(world.room.record().roles.len(), 1);
}

#[test]
fn an_invite_of_a_role_is_withdrawn_with_it_however_long_it_lets_in() {
    let mut world = World::new();
    let host = world.host();
    let invites = Invites::new(b"a secret").with_lifetime(DAY * 30);
    let set = |world: &mut World, id: &ParticipantId, role, days: u32| {
        let set = SetRole { participant_id: id.clone(), role };
        let now = wall_clock() + DAY * days;
        world.room.set_role(&host.seat, &set, now, &invites).unwrap();
    };
    let [first, second] = [number(0), number(1)];
    let _here = [world.enter(&first), world.enter(&second)];
    set(&mut world, &first, Role::CoHost, 0);
    set(&mut world, &second, Role::CoHost, 2);
    set(&mut world, &first, Role::Guest, 3);
    let of_role = world.room.record().invites.iter().filter(|it| it.kind == InviteKind::GivenRole);
    let valid: Vec<bool> = of_role.map(|it| it.check().is_ok()).collect();
    assert_eq!(valid, [false, true]);
}

#[test]
fn the_removed_are_remembered_up_to_a_bound() {
    let mut world = World::new();
    let host = world.host();
    for index in 0..=MAX_REMOVED {
        world.enter(&number(index));
        world.remove(&host, &number(index), wall_clock());
        host.events();
    }
    let removed = &world.room.record().removed;
    assert_eq!(removed.len(), MAX_REMOVED);
    assert_eq!(removed[0].participant_id, number(1), "the oldest is forgotten");
    let refusal = world.try_enter(&number(MAX_REMOVED)).map(drop);
    assert_eq!(refusal.unwrap_err(), ErrorCode::Kicked);
    world.enter(&number(0));
    world.remove(&host, &number(0), wall_clock() + TICKET_LIFETIME);
    assert_eq!(world.room.record().removed.len(), 1, "no ticket of the others counts any more");
}

#[test]
fn the_rooms_own_link_is_one_until_half_of_its_time_is_over() {
    let mut world = World::new();
    let mut link = |hours: u64| {
        let now = wall_clock() + Duration::from_secs(hours * 3600);
        world.room.room_link(Role::Guest, DAY, now).unwrap()
    };
    let first = link(0);
    assert!(first.is_new);
    assert_eq!(link(11), RoomLink { is_new: false, ..first.clone() });
    let second = link(12);
    assert!(second.is_new && second.grant != first.grant);
    assert_eq!(link(13), RoomLink { is_new: false, ..second });
    link(25);
    let known: BTreeSet<_> = world.room.record().invites.iter().map(|one| &*one.id).collect();
    assert!(!known.contains(&*first.grant.id), "what has expired is forgotten");
}

#[test]
fn a_room_with_as_many_invites_as_may_be_has_no_link_to_share() {
    let mut world = World::new();
    let create =
        CreateInvite { role: Role::Guest, expires_in_seconds: None, max_uses: None, label: None };
    let plan = InvitePlan::parse(&create, DAY).unwrap();
    let host = Actor::Bearer(Role::Host);
    for _ in 0..MAX_INVITES {
        world.room.create_invite(host, plan.clone(), wall_clock(), link).unwrap();
    }
    assert_eq!(world.room.room_link(Role::Guest, DAY, wall_clock()), None);
    assert!(world.room.room_link(Role::Guest, DAY, wall_clock() + DAY).is_some());
}

#[test]
fn ended_sessions_are_known_until_no_ticket_of_theirs_counts() {
    let mut world = World::new();
    let minute = Duration::from_secs(60);
    let grant = world.room.room_link(Role::Guest, minute, wall_clock()).unwrap().grant;
    let came = Ticket { invite_id: Some(grant.id.clone()), ..ticket(&id(1), Role::Guest) };
    world.try_enter_with(came.clone(), Pass::Invite).unwrap();
    let revoke = RevokeInvite { invite_id: grant.id.clone(), end_sessions: true };
    let now = (world.now, wall_clock());
    world.room.revoke_invite(Actor::Bearer(Role::Host), &revoke, now).unwrap();
    assert!(world.room.participant_responses().is_empty());
    let later = wall_clock() + DAY - minute;
    world.room.room_link(Role::Guest, minute, later).unwrap();
    let refusal = world.try_enter_with(came, Pass::Ticket).map(drop);
    assert_eq!(refusal.unwrap_err(), ErrorCode::InviteRevoked);
    world.room.room_link(Role::Guest, minute, wall_clock() + DAY).unwrap();
    let invites = &world.room.record().invites;
    assert!(invites.iter().all(|invite| invite.id != grant.id));
    assert!(invites.iter().all(|invite| invite.kind == InviteKind::RoomLink));
}

#[test]
fn what_has_to_be_kept_is_said_once() {
    let mut world = World::new();
    let host = world.host();
    assert_eq!(world.room.take_unsaved(), None, "who comes in is nothing to keep");
    world.lock(&host);
    assert!(world.room.take_unsaved().is_some_and(|record| record.locked));
    assert_eq!(world.room.take_unsaved(), None);
    world.lock(&host);
    assert_eq!(world.room.take_unsaved(), None, "nothing has changed");
}

#[test]
fn a_room_that_was_ended_takes_nobody_and_nothing_more() {
    let (mut world, [bob]) = World::with();
    world.transport(&bob, Direction::Send, 1);
    let ended = world.room.end(Actor::Bearer(Role::Host), world.now).unwrap();
    let commands: Vec<_> = ended.into_iter().map(|one| one.command).collect();
    let close = Command::CloseTransport { transport_id: TransportId(1) };
    assert_eq!(commands, [close, Command::CloseRouter { router_id: ROUTER }]);
    assert_eq!(bob.outbox.take(), Some(Outgoing::Close(CloseCode::MeetingEnded)));
    assert_eq!(world.try_enter(&id(3)).map(drop).unwrap_err(), ErrorCode::RoomNotFound);
    assert!(world.room.has_ended());
}
