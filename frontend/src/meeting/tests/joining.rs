//! Coming in, and being refused.

use std::time::Duration;

use shared::{
    error::ErrorCode,
    media::{RtpCapabilities, Source},
    signaling::{CloseCode, Request},
};

use super::world::{Server, World, participant, room_id};
use crate::meeting::{
    JoinIntent, Start,
    effect::Effect,
    notice::{EndReason, Notice},
    view::{Phase, TileKey},
};

fn joins(requests: &[Request]) -> Vec<(Option<&str>, Option<&str>)> {
    requests
        .iter()
        .filter_map(|request| match request {
            Request::Join(join) => Some((join.token.as_deref(), join.resume_ticket.as_deref())),
            _ => None,
        })
        .collect()
}

fn returning(ticket: &str) -> Start {
    let intent = JoinIntent {
        room: Some(room_id()),
        token: Some("an invite".to_owned()),
        display_name: "Ada".to_owned(),
    };
    Start {
        kept: Some(intent.return_by(ticket.to_owned())),
        intent,
        open: vec![Source::Microphone],
        capabilities: RtpCapabilities::default(),
        seed: 3,
    }
}

#[test]
fn a_newcomer_shows_the_invite_and_is_in() {
    let mut world = World::new();
    assert_eq!(world.meeting.view().phase, Phase::Connecting);
    world.settle();
    let requests = world.take_requests();
    assert_eq!(joins(&requests), [(Some("an invite"), None)]);
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
}

#[test]
fn the_ticket_is_kept_for_a_reload() {
    let mut world = World::new();
    world.settle();
    let saved = world
        .take_effects()
        .into_iter()
        .any(|effect| matches!(effect, Effect::SaveTicket { room, .. } if room == room_id()));
    assert!(saved);
}

#[test]
fn a_reload_comes_back_by_the_ticket_alone() {
    let mut world = World::starting(returning("kept"));
    world.settle();
    assert_eq!(joins(&world.take_requests()), [(None, Some("kept"))]);
}

#[test]
fn whoever_comes_by_another_invite_or_name_is_a_newcomer() {
    let mut host = returning("kept");
    host.intent.token = Some("the host's".to_owned());
    let mut world = World::starting(host);
    world.settle();
    assert_eq!(joins(&world.take_requests()), [(Some("the host's"), None)]);
    let mut renamed = returning("kept");
    renamed.intent.display_name = "Grace".to_owned();
    let mut world = World::starting(renamed);
    world.settle();
    assert_eq!(joins(&world.take_requests()), [(Some("an invite"), None)]);
}

#[test]
fn an_invalid_ticket_falls_back_to_the_invite() {
    let mut world = World::starting(returning("stale"));
    world.refusals.push((|request| matches!(request, Request::Join(_)), ErrorCode::TicketInvalid));
    world.settle();
    let requests = world.take_requests();
    assert_eq!(joins(&requests), [(None, Some("stale")), (Some("an invite"), None)]);
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
}

#[test]
fn a_refusal_that_stays_one_ends_the_meeting_with_its_reason() {
    for code in [
        ErrorCode::InviteExpired,
        ErrorCode::InviteInvalid,
        ErrorCode::RoomNotFound,
        ErrorCode::RoomFull,
        ErrorCode::ClientOld,
    ] {
        let mut world = World::new();
        world.refusals.push((|request| matches!(request, Request::Join(_)), code));
        world.run(Duration::from_secs(60));
        assert_eq!(world.meeting.view().phase, Phase::Ended(EndReason::Refused(code)));
        assert_eq!(joins(&world.take_requests()).len(), 1, "{code} is not asked twice");
        assert!(world.effects.contains(&Effect::CloseDevice(Source::Camera)), "{code}");
    }
}

#[test]
fn only_an_invite_that_was_shown_counts_as_refused() {
    let refused_invite = |start: Option<Start>, code| {
        let mut world = start.map_or_else(World::new, World::starting);
        world.refusals.push((|request| matches!(request, Request::Join(_)), code));
        world.settle();
        assert_eq!(world.meeting.view().phase, Phase::Ended(EndReason::Refused(code)));
        world.meeting.view().refused_invite
    };
    let invite = Some("an invite".to_owned());
    assert_eq!(refused_invite(None, ErrorCode::InviteExpired), invite);
    assert_eq!(refused_invite(None, ErrorCode::InviteRevoked), invite);
    assert_eq!(refused_invite(None, ErrorCode::RoomFull), None);
    // What is refused here is the ticket, of a session that was ended.
    assert_eq!(refused_invite(Some(returning("ended")), ErrorCode::InviteRevoked), None);
}

#[test]
fn a_server_that_is_just_stopping_is_asked_again() {
    let mut world = World::new();
    world.refusals.push((|request| matches!(request, Request::Join(_)), ErrorCode::ServerShutdown));
    world.run(Duration::from_secs(1));
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
}

#[test]
fn a_first_join_that_reaches_nobody_says_so_after_half_a_minute() {
    let mut world = World::new();
    world.server = Server::Down;
    world.run(Duration::from_secs(29));
    assert_eq!(world.meeting.view().phase, Phase::Connecting);
    world.run(Duration::from_secs(10));
    assert_eq!(world.meeting.view().phase, Phase::Ended(EndReason::Unreachable));
}

#[test]
fn joining_in_another_window_ends_this_one_for_good_and_keeps_the_ticket() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.close(CloseCode::Replaced.as_u16());
    world.run(Duration::from_secs(60));
    let replaced = EndReason::Refused(ErrorCode::Replaced);
    assert_eq!(world.meeting.view().phase, Phase::Ended(replaced));
    assert!(world.take_requests().is_empty());
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::ForgetTicket(_))));
}

#[test]
fn whoever_is_removed_does_not_come_back_by_itself() {
    let mut world = World::new();
    world.settle();
    world.close(CloseCode::Kicked.as_u16());
    world.run(Duration::from_secs(60));
    assert_eq!(world.meeting.view().phase, Phase::Ended(EndReason::Kicked));
}

#[test]
fn leaving_says_goodbye_and_turns_the_devices_off() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.meeting.leave(world.now);
    world.settle();
    assert_eq!(world.take_requests(), [Request::Leave]);
    for source in [Source::Camera, Source::Microphone] {
        assert!(world.effects.contains(&Effect::CloseDevice(source)));
    }
    assert!(world.effects.contains(&Effect::ForgetTicket(room_id())));
    assert!(matches!(world.effects.last(), Some(Effect::ForgetTicket(_))));
    assert_eq!(world.meeting.view().phase, Phase::Ended(EndReason::Left));
    assert_eq!(world.meeting.poll_timeout(), None);
}

#[test]
fn one_is_the_first_tile_and_the_others_follow_in_order_of_arrival() {
    let mut world = World::new();
    world.others = vec![participant(5, &[]), participant(2, &[])];
    world.settle();
    let tiles = world.meeting.view().tiles;
    let names: Vec<_> = tiles.iter().map(|tile| tile.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Guest 5", "Guest 2"]);
    assert_eq!(tiles.first().map(|tile| &tile.key), Some(&TileKey::Me));
}

#[test]
fn a_stopping_server_is_announced_before_it_goes() {
    let mut world = World::new();
    world.settle();
    world.event(shared::signaling::Event::ServerShutdown);
    let notice = world.meeting.view().notice;
    assert_eq!(notice, Some(Notice::Server(ErrorCode::ServerShutdown)));
}
