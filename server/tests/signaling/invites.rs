use std::time::{Duration, SystemTime};

use shared::{
    error::ErrorCode,
    limits::MAX_INVITES,
    signaling::{CreateInvite, Event, Invite, Reply, Request, RevokeInvite, Role},
};

use crate::{
    client::{Server, guest, invited, returning},
    hosting::token_of,
    meeting::{Meeting, Person},
};

impl Person {
    pub(crate) async fn invites(&mut self) -> Vec<Invite> {
        match self.client.request(Request::ListInvites).await {
            Ok(Reply::ListInvites(list)) => list.invites,
            other => panic!("no list: {other:?}"),
        }
    }

    async fn create(&mut self, create: CreateInvite) -> Result<Invite, ErrorCode> {
        match self.client.request(Request::CreateInvite(create)).await {
            Ok(Reply::CreateInvite(invite)) => Ok(invite),
            Ok(other) => panic!("no invite: {other:?}"),
            Err(error) => Err(error.code),
        }
    }

    pub(crate) async fn invite_of(&mut self, role: Role) -> Invite {
        self.create(any(role)).await.unwrap()
    }

    /// Makes an invite; returns its id.
    pub(crate) async fn invite(&mut self, role: Role) -> String {
        self.invite_of(role).await.invite_id
    }

    /// Makes an invite; returns its token.
    pub(crate) async fn link(&mut self, role: Role) -> String {
        token(&self.invite_of(role).await)
    }

    async fn revoke(&mut self, invite_id: &str, end_sessions: bool) {
        let invite_id = invite_id.to_owned();
        self.done(Request::RevokeInvite(RevokeInvite { invite_id, end_sessions })).await;
    }
}

const fn any(role: Role) -> CreateInvite {
    CreateInvite { role, expires_in_seconds: None, max_uses: None, label: None }
}

fn token(invite: &Invite) -> String {
    token_of(invite.link.as_deref().unwrap()).to_owned()
}

async fn refused(server: &Server, token: String) -> ErrorCode {
    let mut client = server.connect().await;
    let code = client.join(invited(token)).await.expect_err("a refusal");
    assert_eq!(client.close_code().await, 4401, "{code}");
    code
}

#[tokio::test]
async fn everyone_in_a_room_is_shown_one_link() {
    let mut meeting = Meeting::start().await;
    let links: Vec<_> =
        meeting.everyone().into_iter().map(|one| one.joined.room.invite_link.clone()).collect();
    assert!(links.iter().all(|link| link.is_some() && *link == links[0]), "{links:?}");
    let listed = meeting.host.invites().await;
    let [invite] = &listed[..] else { panic!("one invite: {listed:?}") };
    assert_eq!((invite.is_room_link, invite.role, &invite.link), (true, Role::Guest, &links[0]));
    Person::come(&meeting.server, invited(token(invite))).await;
    assert_eq!(meeting.host.invites().await[0].uses, 1);
}

#[tokio::test]
async fn an_invite_says_what_it_was_made_for() {
    let mut meeting = Meeting::start().await;
    let create = CreateInvite {
        role: Role::CoHost,
        expires_in_seconds: Some(3600),
        max_uses: Some(2),
        label: Some(" Helpers ".to_owned()),
    };
    let before = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let made = meeting.host.create(create).await.unwrap();
    assert_eq!((made.role, made.label.as_deref()), (Role::CoHost, Some("Helpers")));
    assert_eq!((made.uses, made.max_uses, made.revoked), (0, Some(2), false));
    assert_eq!(made.expires_at - made.created_at, 3_600_000);
    let created = Duration::from_millis(made.created_at);
    assert!(created.abs_diff(before) < Duration::from_secs(5));
    assert_eq!(meeting.host.invites().await.last(), Some(&made));
    let helper = Person::come(&meeting.server, invited(token(&made))).await;
    assert_eq!(helper.joined.role, Role::CoHost);
}

#[tokio::test]
async fn a_co_host_knows_only_the_links_of_guests() {
    let mut meeting = Meeting::start().await;
    meeting.host.invite(Role::Host).await;
    meeting.host.invite(Role::CoHost).await;
    meeting.host.invite(Role::Guest).await;
    let roles = |invites: Vec<Invite>| invites.into_iter().map(|one| one.role).collect::<Vec<_>>();
    assert_eq!(roles(meeting.cohost.invites().await), [Role::Guest, Role::Guest]);
    let all = [Role::Guest, Role::Host, Role::CoHost, Role::Guest];
    assert_eq!(roles(meeting.host.invites().await), all);
}

#[tokio::test]
async fn an_invite_lets_in_as_often_as_it_may_and_coming_back_is_free() {
    let mut meeting = Meeting::start().await;
    let made = CreateInvite { max_uses: Some(1), ..any(Role::Guest) };
    let made = meeting.host.create(made).await.unwrap();
    let first = Person::come(&meeting.server, invited(token(&made))).await;
    assert_eq!(refused(&meeting.server, token(&made)).await, ErrorCode::InviteUsedUp);
    Person::come(&meeting.server, returning(&first.joined)).await;
    let listed = meeting.host.invites().await;
    let used = listed.iter().find(|invite| invite.invite_id == made.invite_id).unwrap();
    assert_eq!((used.uses, &used.link), (1, &None), "there is nothing to share");
}

#[tokio::test]
async fn bounds_of_an_invite() {
    let mut meeting = Meeting::start().await;
    let long = "x".repeat(65);
    for create in [
        CreateInvite { expires_in_seconds: Some(59), ..any(Role::Guest) },
        CreateInvite { expires_in_seconds: Some(2_592_001), ..any(Role::Guest) },
        CreateInvite { max_uses: Some(0), ..any(Role::Guest) },
        CreateInvite { max_uses: Some(10_001), ..any(Role::Guest) },
        CreateInvite { label: Some(String::new()), ..any(Role::Guest) },
        CreateInvite { label: Some(long), ..any(Role::Guest) },
    ] {
        assert_eq!(meeting.host.create(create).await, Err(ErrorCode::BadRequest));
    }
    for number in 1..MAX_INVITES {
        assert!(meeting.cohost.create(any(Role::Guest)).await.is_ok(), "{number}");
    }
    assert_eq!(meeting.cohost.create(any(Role::Guest)).await, Err(ErrorCode::TooMany));
    assert_eq!(meeting.cohost.invites().await.len(), MAX_INVITES);
}

#[tokio::test]
async fn a_withdrawn_invite_lets_nobody_in_and_leaves_who_is_in() {
    let mut meeting = Meeting::start().await;
    let made = meeting.cohost.create(any(Role::Guest)).await.unwrap();
    let mut carol = Person::come(&meeting.server, invited(token(&made))).await;
    meeting.cohost.revoke(&made.invite_id, false).await;
    assert_eq!(refused(&meeting.server, token(&made)).await, ErrorCode::InviteRevoked);
    carol.done(Request::Ping).await;
    Person::come(&meeting.server, returning(&carol.joined)).await;
    let listed = meeting.host.invites().await;
    let listed = listed.iter().find(|invite| invite.invite_id == made.invite_id).unwrap();
    assert!(listed.revoked && listed.link.is_none());
}

#[tokio::test]
async fn sessions_end_with_their_invite_if_asked() {
    let data = tempfile::tempdir().unwrap();
    let mut meeting = Meeting::start_on(Server::start_in(data.path(), |_| {}).await).await;
    let made = meeting.host.create(any(Role::Guest)).await.unwrap();
    let mut carol = Person::come(&meeting.server, invited(token(&made))).await;
    let away = Person::come(&meeting.server, invited(token(&made))).await;
    drop(away.client);
    meeting.catch_up().await;
    meeting.host.revoke(&made.invite_id, true).await;
    assert_eq!(carol.client.close_code().await, 4403);
    let left = meeting.other.client.events().await;
    let left = left.iter().filter(|event| matches!(event, Event::PeerLeft(_))).count();
    assert_eq!(left, 2);
    meeting.guest.done(Request::Ping).await;

    let Meeting { server, .. } = meeting;
    server.finish().await;
    let server = Server::start_in(data.path(), |_| {}).await;
    for joined in [&carol.joined, &away.joined] {
        let mut back = server.connect().await;
        assert_eq!(back.join(returning(joined)).await.err(), Some(ErrorCode::InviteRevoked));
    }
    assert_eq!(refused(&server, token(&made)).await, ErrorCode::InviteRevoked);
}

#[tokio::test]
async fn who_withdraws_the_invite_they_came_by_stays() {
    let mut meeting = Meeting::start().await;
    let made = meeting.host.create(any(Role::Host)).await.unwrap();
    let mut second = Person::come(&meeting.server, invited(token(&made))).await;
    second.revoke(&made.invite_id, true).await;
    let Event::RoleChanged(changed) = second.told().await else { panic!("not roleChanged") };
    let mut joined = second.joined.clone();
    joined.resume_ticket = changed.resume_ticket.unwrap();
    let back = Person::come(&meeting.server, returning(&joined)).await;
    assert_eq!((back.joined.resumed, back.joined.role), (true, Role::Host));
}

#[tokio::test]
async fn a_room_whose_link_is_withdrawn_gets_another() {
    let mut meeting = Meeting::start().await;
    let shown = meeting.host.invites().await.remove(0);
    meeting.host.revoke(&shown.invite_id, false).await;
    let Event::InviteLinkChanged(changed) = meeting.guest.told().await else {
        panic!("not inviteLinkChanged")
    };
    assert_ne!(changed.invite_link, shown.link);
    let late = Person::come(&meeting.server, guest(&meeting.room)).await.joined;
    assert_eq!(late.room.invite_link, changed.invite_link);
    assert_eq!(refused(&meeting.server, token(&shown)).await, ErrorCode::InviteRevoked);
}

#[tokio::test]
async fn a_page_that_is_open_for_longer_than_a_link_lets_in_is_told_the_next_one() {
    let lifetime = Duration::from_secs(2);
    let server = Server::start_with(|config| config.rooms.invite_ttl = lifetime).await;
    let room = server.create_room();
    let mut person = Person::come(&server, guest(&room)).await;
    let Event::InviteLinkChanged(changed) = person.client.event().await else {
        panic!("not inviteLinkChanged")
    };
    let link = changed.invite_link.expect("a link");
    assert_ne!(Some(&link), person.joined.room.invite_link.as_ref());
    Person::come(&server, invited(token_of(&link).to_owned())).await;
}

#[tokio::test]
async fn invites_and_their_uses_survive_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let mut meeting = Meeting::start_on(Server::start_in(data.path(), |_| {}).await).await;
    let made = CreateInvite { max_uses: Some(2), ..any(Role::Guest) };
    let made = meeting.host.create(made).await.unwrap();
    Person::come(&meeting.server, invited(token(&made))).await;
    let before = meeting.host.invites().await;
    let Meeting { server, host, .. } = meeting;
    server.finish().await;

    let server = Server::start_in(data.path(), |_| {}).await;
    let mut host = Person::come(&server, returning(&host.joined)).await;
    let without_links = |mut invites: Vec<Invite>| {
        invites.iter_mut().for_each(|invite| invite.link = None);
        invites
    };
    assert_eq!(without_links(host.invites().await), without_links(before));
    Person::come(&server, invited(token(&made))).await;
    assert_eq!(refused(&server, token(&made)).await, ErrorCode::InviteUsedUp);
}
