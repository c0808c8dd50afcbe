//! The connection is lost and found.

use std::time::Duration;

use shared::{
    error::ErrorCode,
    ids::ProducerId,
    media::Source,
    signaling::{CloseCode, ProducerRef, Request, ServerMessage},
};

use super::world::{Server, World, participant, room_id};
use crate::meeting::{
    effect::{Effect, SocketId, SocketNews},
    notice::{EndReason, Notice},
    view::Phase,
};

fn tickets(requests: &[Request]) -> Vec<Option<&str>> {
    requests
        .iter()
        .filter_map(|request| match request {
            Request::Join(join) => Some(join.resume_ticket.as_deref()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_server_that_was_killed_is_found_within_a_second_of_its_return() {
    for outage in [1, 5, 29] {
        let mut world = World::new();
        world.settle();
        world.take_requests();
        world.kill_server();
        world.run(Duration::from_secs(outage));
        assert!(matches!(world.meeting.view().phase, Phase::Reconnecting { .. }));
        world.server = Server::Up;
        world.run(Duration::from_millis(1000));
        assert_eq!(world.meeting.view().phase, Phase::InMeeting, "after {outage} s");
        assert!(tickets(&world.take_requests()).iter().all(Option::is_some));
    }
}

#[test]
fn a_server_that_was_gone_for_five_minutes_is_found_within_two_seconds() {
    let mut world = World::new();
    world.settle();
    world.kill_server();
    world.run(Duration::from_secs(300));
    world.server = Server::Up;
    world.run(Duration::from_secs(2));
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
}

#[test]
fn a_dead_server_is_probed_and_no_socket_is_wasted_on_it() {
    let mut world = World::new();
    world.settle();
    world.take_effects();
    world.kill_server();
    world.run(Duration::from_secs(20));
    let effects = world.take_effects();
    assert!(effects.iter().filter(|effect| matches!(effect, Effect::Probe(_))).count() > 15);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::OpenSocket(_))));
}

#[test]
fn the_tries_are_counted_for_the_person_to_see() {
    let mut world = World::new();
    world.settle();
    world.kill_server();
    assert_eq!(world.meeting.view().notice, Some(Notice::Reconnecting(1)));
    world.run(Duration::from_millis(300));
    assert_eq!(world.meeting.view().notice, Some(Notice::Reconnecting(2)));
}

#[test]
fn after_a_quarter_of_an_hour_the_person_is_told_that_it_is_of_no_use() {
    let mut world = World::new();
    world.settle();
    world.kill_server();
    world.run(Duration::from_secs(16 * 60));
    assert_eq!(world.meeting.view().phase, Phase::Ended(EndReason::Unreachable));
}

#[test]
fn being_back_is_said_and_then_no_more() {
    let mut world = World::new();
    world.settle();
    world.close(1006);
    world.run(Duration::from_secs(1));
    assert_eq!(world.meeting.view().notice, Some(Notice::Resumed));
    world.run(Duration::from_secs(10));
    assert_eq!(world.meeting.view().notice, None);
}

#[test]
fn a_quiet_meeting_is_kept_alive_by_pings() {
    let mut world = World::new();
    world.run(Duration::from_secs(120));
    let pings = world.requests.iter().filter(|message| message.request == Request::Ping).count();
    assert!((55..=60).contains(&pings), "{pings}");
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
}

#[test]
fn a_silent_server_is_given_up_after_eight_seconds() {
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    world.server = Server::Silent;
    world.run(Duration::from_millis(6900));
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
    world.run(Duration::from_secs(2));
    assert!(matches!(world.meeting.view().phase, Phase::Reconnecting { .. }));
}

#[test]
fn a_join_without_answer_is_tried_on_a_new_socket() {
    let mut world = World::new();
    world.server = Server::Silent;
    world.run(Duration::from_secs(9));
    assert_eq!(tickets(&world.take_requests()).len(), 1);
    world.server = Server::Up;
    world.run(Duration::from_secs(2));
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
}

#[test]
fn when_the_network_returns_there_is_no_more_waiting() {
    let mut world = World::new();
    world.settle();
    world.kill_server();
    world.run(Duration::from_secs(60));
    world.server = Server::Up;
    world.meeting.handle_online(world.now);
    world.settle();
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
}

#[test]
fn a_connection_that_does_not_outlive_a_change_of_network_is_soon_given_up() {
    let mut world = World::new();
    world.run(Duration::from_secs(3));
    world.server = Server::Silent;
    world.meeting.handle_online(world.now);
    world.run(Duration::from_millis(2100));
    assert!(matches!(world.meeting.view().phase, Phase::Reconnecting { .. }));
}

#[test]
fn the_snapshot_replaces_everyone_and_everything() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)]), participant(2, &[])];
    world.settle();
    world.kill_server();
    // A restarted server counts anew: the number of a camera may now be another's microphone.
    world.others = vec![participant(3, &[(11, Source::Microphone), (12, Source::Camera)])];
    world.server = Server::Up;
    world.take_requests();
    world.take_effects();
    world.run(Duration::from_secs(1));

    let tiles = world.meeting.view().tiles;
    let names: Vec<_> = tiles.iter().map(|tile| tile.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Guest 3"]);
    let requests = world.take_requests();
    for producer_id in [11, 12].map(ProducerId) {
        assert!(requests.contains(&Request::Consume(ProducerRef { producer_id })));
    }
    let effects = world.take_effects();
    let closed = effects.iter().filter(|effect| matches!(effect, Effect::ClosePeer(_))).count();
    let opened = effects.iter().filter(|effect| matches!(effect, Effect::OpenPeer { .. })).count();
    assert_eq!((closed, opened), (2, 2), "both peer connections are made anew");
    assert_eq!(world.meeting.received().count(), 2);
}

#[test]
fn the_picture_stays_until_the_new_one_is_there() {
    let mut world = World::new();
    world.others = vec![participant(1, &[(11, Source::Camera)])];
    world.settle();
    world.take_effects();
    world.kill_server();
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::ClosePeer(_))));
    assert_eq!(world.meeting.received().count(), 1);
}

#[test]
fn an_expired_ticket_of_a_lost_meeting_falls_back_to_the_invite() {
    let mut world = World::new();
    world.settle();
    world.take_requests();
    world.close(1006);
    world.refusals.push((|request| matches!(request, Request::Join(_)), ErrorCode::TicketInvalid));
    world.run(Duration::from_secs(1));
    let requests = world.take_requests();
    assert_eq!(tickets(&requests).iter().filter(|ticket| ticket.is_none()).count(), 1);
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
}

#[test]
fn a_room_that_did_not_outlive_the_server_ends_the_meeting() {
    let mut world = World::new();
    world.settle();
    world.close(1006);
    world.refusals.push((|request| matches!(request, Request::Join(_)), ErrorCode::RoomNotFound));
    world.run(Duration::from_secs(1));
    let gone = EndReason::Refused(ErrorCode::RoomNotFound);
    assert_eq!(world.meeting.view().phase, Phase::Ended(gone));
    assert!(world.effects.contains(&Effect::ForgetTicket(room_id())));
}

#[test]
fn every_close_that_allows_it_is_followed_by_a_return() {
    for code in CloseCode::ALL {
        let mut world = World::new();
        world.settle();
        world.close(code.as_u16());
        world.run(Duration::from_secs(1));
        let is_back = world.meeting.view().phase == Phase::InMeeting;
        assert_eq!(is_back, code.allows_reconnect(), "{code:?}");
    }
}

#[test]
fn the_last_words_of_a_former_socket_are_not_heard() {
    let mut world = World::new();
    world.settle();
    world.close(1006);
    world.run(Duration::from_secs(1));
    let former = SocketId(1);
    let ended = SocketNews::Closed(CloseCode::Replaced.as_u16());
    world.meeting.handle_socket(world.now, former, &ended);
    let shutdown = ServerMessage::Event(shared::signaling::Event::ServerShutdown);
    world.meeting.handle_message(world.now, former, shutdown);
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
    assert_eq!(world.meeting.view().notice, Some(Notice::Resumed));
}
