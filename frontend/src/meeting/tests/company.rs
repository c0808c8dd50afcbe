//! What people write and show each other, what hosts do, and the door.

use std::time::Duration;

use shared::{
    error::ErrorCode,
    ids::{KnockId, ProducerId},
    media::{RtpCapabilities, Source},
    signaling::{
        Admitted, AskedToUnmute, ChatMessage, CloseCode, Event, HandsRaised, HostPresent, Knock,
        KnockRef, Knocking, MutedBy, Participant, PeerLeft, Reacted, Reaction, Request, Role,
        RoleChanged, RoomChanged, SendChat, StoppedBy,
    },
};

use super::world::{World, participant, participant_id, room_id};
use crate::meeting::{
    JoinIntent, Return, Start,
    effect::Effect,
    hosted::Hosted,
    notice::{EndReason, Notice},
    rights::{PersonAction, RoomAction},
    view::{DeviceState, Phase, TileKey},
};

fn inside() -> World {
    let mut world = World::new();
    world.others = vec![participant(1, &[])];
    world.run(Duration::from_secs(1));
    world.take_requests();
    world.take_effects();
    world
}

fn at_the_door(host_present: bool) -> World {
    let mut world = World::starting(Start {
        intent: JoinIntent { room: Some(room_id()), token: None, display_name: "Ada".to_owned() },
        kept: None,
        open: vec![Source::Microphone],
        capabilities: RtpCapabilities::default(),
        seed: 7,
    });
    world.lobby = Some(Knocking { knock_id: KnockId(1), host_present });
    world.settle();
    world
}

fn message(id: u32, who: u8, text: &str) -> ChatMessage {
    ChatMessage {
        id,
        participant_id: participant_id(who),
        display_name: format!("Guest {who}"),
        text: text.to_owned(),
        sent_at: u64::from(id) * 1000,
    }
}

fn say(text: &str) -> Request {
    Request::SendChat(SendChat { text: text.to_owned() })
}

#[test]
fn whoever_knocks_waits_for_as_long_as_it_takes_and_comes_in_when_admitted() {
    let mut world = at_the_door(false);
    assert_eq!(world.meeting.view().phase, Phase::Waiting { host_present: false });
    world.run(Duration::from_secs(3600));
    assert_eq!(world.meeting.view().phase, Phase::Waiting { host_present: false });
    world.event(Event::HostPresent(HostPresent { host_present: true }));
    assert_eq!(world.meeting.view().phase, Phase::Waiting { host_present: true });
    world.take_requests();
    world.event(Event::Admitted(Admitted { token: "once".to_owned() }));
    assert_eq!(world.meeting.view().phase, Phase::InMeeting);
    let requests = world.take_requests();
    assert!(
        matches!(&requests[0], Request::Join(join) if join.token.as_deref() == Some("once")),
        "{requests:?}"
    );
}

#[test]
fn a_lost_connection_knocks_again() {
    let mut world = at_the_door(true);
    world.run(Duration::from_secs(600));
    world.close(1006);
    world.run(Duration::from_secs(5));
    assert_eq!(world.meeting.view().phase, Phase::Waiting { host_present: true });
}

#[test]
fn an_admission_that_was_used_up_on_a_lost_connection_knocks_again() {
    let mut world = at_the_door(true);
    world.refusals.push((|request| matches!(request, Request::Join(_)), ErrorCode::InviteUsedUp));
    world.event(Event::Admitted(Admitted { token: "once".to_owned() }));
    assert_eq!(world.meeting.view().phase, Phase::Waiting { host_present: true });
}

#[test]
fn a_refused_knock_ends_with_its_reason() {
    let mut world = at_the_door(true);
    world.close(CloseCode::KnockRefused.as_u16());
    let refused = EndReason::Refused(ErrorCode::KnockRefused);
    assert_eq!(world.meeting.view().phase, Phase::Ended(refused));
    assert!(world.effects.contains(&Effect::CloseDevice(Source::Microphone)));
}

#[test]
fn a_host_sees_who_knocks_and_answers() {
    let mut world = inside();
    for number in [1, 2] {
        let display_name = format!("Visitor {number}");
        world.event(Event::Knock(Knock { knock_id: KnockId(number), display_name }));
    }
    assert_eq!(world.meeting.view().company.knocks.len(), 2);
    world.meeting.act_on_room(world.now, RoomAction::Admit(KnockId(1)));
    world.settle();
    assert_eq!(world.take_requests(), [Request::Admit(KnockRef { knock_id: KnockId(1) })]);
    world.event(Event::KnockGone(KnockRef { knock_id: KnockId(1) }));
    assert_eq!(world.meeting.view().company.knocks.len(), 1);
}

#[test]
fn that_the_only_host_left_is_told_until_one_is_back() {
    let mut world = inside();
    let hosted = |world: &World| world.meeting.view().company.hosted;
    let host = |number| Participant { role: Role::Host, ..participant(number, &[]) };
    let left = |number| Event::PeerLeft(PeerLeft { participant_id: participant_id(number) });
    world.event(Event::PeerJoined(host(7)));
    world.event(Event::PeerJoined(host(8)));
    world.event(Event::PeerJoined(participant(9, &[])));
    world.event(left(7));
    world.event(left(9));
    assert_eq!(hosted(&world), None, "another host is here");
    world.event(left(8));
    assert_eq!(hosted(&world), Some(Hosted::HostLeft));
    world.event(Event::PeerJoined(host(7)));
    assert_eq!(hosted(&world), None);
}

#[test]
fn a_new_role_is_shown_and_its_ticket_kept() {
    let mut world = inside();
    world.event(Event::RoleChanged(RoleChanged {
        participant_id: participant_id(0),
        role: Role::CoHost,
        resume_ticket: Some("better".to_owned()),
        invite: Some("a co-host's".to_owned()),
    }));
    let view = world.meeting.view();
    assert_eq!(view.role, Some(Role::CoHost));
    assert_eq!(view.company.hosted, Some(Hosted::Role(Role::CoHost)));
    let token = "a co-host's".to_owned();
    let kept = Return {
        ticket: "better".to_owned(),
        display_name: "Ada".to_owned(),
        token: Some(token.clone()),
    };
    let effects = world.take_effects();
    assert!(effects.contains(&Effect::SaveTicket { room: room_id(), kept }));
    assert!(effects.contains(&Effect::SaveToken { room: room_id(), token }), "to come anew by");
    // Another's role changes no ticket.
    world.event(Event::RoleChanged(RoleChanged {
        participant_id: participant_id(1),
        role: Role::Host,
        resume_ticket: None,
        invite: None,
    }));
    assert_eq!(world.meeting.view().tiles[1].role, Role::Host);
    assert_eq!(world.take_effects(), []);
}

#[test]
fn being_muted_turns_the_microphone_off_and_tells_the_server_nothing() {
    let mut world = inside();
    let producer_id = produced(&world, Source::Microphone);
    world.event(Event::MutedBy(MutedBy {
        by: participant_id(1),
        source: Source::Microphone,
        producer_id,
    }));
    let view = world.meeting.view();
    assert_eq!(view.microphone, DeviceState::Off);
    assert_eq!(view.company.hosted, Some(Hosted::Muted("Guest 1".to_owned())));
    assert_eq!(world.take_requests(), []);
    world.meeting.set_live(world.now, Source::Microphone, true);
    world.settle();
    assert!(matches!(world.take_requests().as_slice(), [Request::ResumeProducer(_)]));
    world.run(Duration::from_secs(10));
    assert_eq!(world.meeting.view().company.hosted, None);
}

#[test]
fn whoever_is_muted_while_they_hold_the_key_is_not_said_to_be_heard() {
    let mut world = inside();
    let producer_id = produced(&world, Source::Microphone);
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.settle();
    world.meeting.hold_to_talk(world.now, true);
    world.settle();
    assert!(world.meeting.view().holds_to_talk);
    let by = participant_id(1);
    world.event(Event::MutedBy(MutedBy { by, source: Source::Microphone, producer_id }));
    let view = world.meeting.view();
    assert_eq!((view.holds_to_talk, view.microphone), (false, DeviceState::Off));
    world.meeting.hold_to_talk(world.now, false);
    assert_eq!(world.meeting.view().microphone, DeviceState::Off);
}

#[test]
fn a_share_that_was_stopped_can_be_started_again() {
    let mut world = inside();
    world.meeting.set_live(world.now, Source::Screen, true);
    world.run(Duration::from_secs(3));
    let producer_id = produced(&world, Source::Screen);
    world.take_requests();
    world.event(Event::StoppedBy(StoppedBy {
        by: participant_id(1),
        source: Source::Screen,
        producer_id,
    }));
    assert_eq!(world.meeting.view().screen, DeviceState::Off);
    assert_eq!(world.take_requests(), []);
    assert!(world.effects.contains(&Effect::CloseDevice(Source::Screen)));
    world.meeting.set_live(world.now, Source::Screen, true);
    world.run(Duration::from_secs(3));
    let requests = world.take_requests();
    assert!(
        matches!(requests.as_slice(), [Request::Produce(produce)] if !produce.paused),
        "{requests:?}"
    );
}

#[test]
fn a_question_stands_until_it_is_answered() {
    let mut world = inside();
    world.meeting.set_live(world.now, Source::Microphone, false);
    world.event(Event::AskedToUnmute(AskedToUnmute { by: participant_id(1) }));
    let asked = Hosted::AskedToUnmute("Guest 1".to_owned());
    world.run(Duration::from_secs(20));
    assert_eq!(world.meeting.view().company.hosted, Some(asked));
    world.meeting.set_live(world.now, Source::Microphone, true);
    assert_eq!(world.meeting.view().company.hosted, None);
}

#[test]
fn hands_and_reactions_are_at_their_people() {
    let mut world = inside();
    world.event(Event::HandsRaised(HandsRaised {
        participant_ids: vec![participant_id(1), participant_id(0)],
    }));
    world.event(Event::Reaction(Reacted {
        participant_id: participant_id(1),
        reaction: Reaction::Clap,
    }));
    let view = world.meeting.view();
    let hands: Vec<_> = view.tiles.iter().map(|tile| tile.hand).collect();
    assert_eq!(hands, [Some(2), Some(1)]);
    assert_eq!(view.tiles[1].reaction, Some(Reaction::Clap));
    assert_eq!(view.company.reactions[0].name, "Guest 1");
    world.run(Duration::from_secs(5));
    assert_eq!(world.meeting.view().company.reactions, []);
}

#[test]
fn however_much_was_written_while_away_goes_no_faster_than_the_server_takes_it() {
    let mut world = inside();
    world.kill_server();
    let texts: Vec<String> = (1..=12).map(|number| number.to_string()).collect();
    for text in &texts {
        assert!(world.meeting.send_chat(world.now, text));
    }
    world.server = super::world::Server::Up;
    world.run(Duration::from_secs(1));
    let said = |world: &mut World| {
        let requests = world.take_requests();
        requests.iter().filter(|it| matches!(it, Request::SendChat(_))).cloned().collect::<Vec<_>>()
    };
    let mut all = said(&mut world);
    assert_eq!(all.len(), 4);
    for _ in 0..8 {
        world.run(Duration::from_secs(1));
        let more = said(&mut world);
        assert!(more.len() <= 1, "{more:?}");
        all.extend(more);
    }
    assert_eq!(all, texts.iter().map(|text| say(text)).collect::<Vec<_>>(), "in order");
    assert_eq!(world.meeting.view().company.chat.pending, []);
}

#[test]
fn what_is_written_while_the_connection_is_lost_is_sent_once_it_is_back() {
    let mut world = inside();
    assert!(world.meeting.send_chat(world.now, "  first "));
    world.settle();
    assert_eq!(world.take_requests(), [say("first")]);
    assert_eq!(world.meeting.view().company.chat.pending, []);
    world.kill_server();
    assert!(world.meeting.send_chat(world.now, "second"));
    assert_eq!(world.meeting.view().company.chat.pending.len(), 1);
    world.server = super::world::Server::Up;
    world.chat = vec![message(1, 0, "first"), message(2, 1, "missed")];
    world.run(Duration::from_secs(10));
    assert!(world.take_requests().contains(&say("second")));
    let chat = world.meeting.view().company.chat;
    assert_eq!((chat.lines.len(), chat.pending.len(), chat.unread), (2, 0, 1));
    assert!(chat.lines[0].is_mine);
}

#[test]
fn a_refused_message_says_why_and_nothing_else_does() {
    let mut world = inside();
    world.refusals.push((|request| matches!(request, Request::SendChat(_)), ErrorCode::TooMany));
    assert!(world.meeting.send_chat(world.now, "fast"));
    world.settle();
    let view = world.meeting.view();
    assert_eq!(view.company.chat.pending[0].failed, Some(ErrorCode::TooMany));
    assert_eq!(view.notice, None);
    assert!(!world.meeting.send_chat(world.now, " \n "));
}

#[test]
fn a_refused_action_is_told() {
    let mut world = inside();
    world.refusals.push((|request| matches!(request, Request::Mute(_)), ErrorCode::Forbidden));
    let bob = TileKey::Other(participant_id(1));
    world.meeting.act_on_person(world.now, &bob, PersonAction::Mute);
    world.settle();
    assert_eq!(world.meeting.view().notice, Some(Notice::Server(ErrorCode::Forbidden)));
}

#[test]
fn the_lock_is_shown_and_the_end_for_all_has_its_reason() {
    let mut world = inside();
    world.event(Event::RoomChanged(RoomChanged { locked: true, lobby: true }));
    let room = world.meeting.view().room.unwrap();
    assert!(room.locked && room.lobby);
    world.close(CloseCode::MeetingEnded.as_u16());
    let ended = EndReason::Refused(ErrorCode::MeetingEnded);
    assert_eq!(world.meeting.view().phase, Phase::Ended(ended));
}

/// The producer that the server made of a source.
fn produced(world: &World, source: Source) -> ProducerId {
    world.produced[&source]
}
