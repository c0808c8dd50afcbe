use std::time::{Duration, SystemTime};

use serde_json::Value;
use sfu::codec::Codec;
use shared::{
    ids::{ConsumerId, ParticipantId},
    media::{RtpCapabilities, Source},
    signaling::Role,
};

use super::*;
use crate::{
    invites::Ticket,
    rooms::{
        member::Published,
        outbox::{Outbox, Outgoing},
    },
};

mod hosting;
mod news;
mod viewers;

const ROUTER: RouterId = RouterId(1);
const SETTINGS: RoomSettings = RoomSettings {
    max_rooms: 1,
    max_participants: 3,
    max_viewers: 2,
    idle_timeout: Duration::from_secs(3600),
    closed_grace: Duration::from_secs(7),
    reconnect_grace: Duration::from_secs(30),
    max_video_bitrate: 1_000_000,
};

/// A room at a time of its own, and the sockets of those in it.
struct World {
    room: Room,
    now: Instant,
    connections: u64,
}

/// A socket, as its room sees it.
struct Socket {
    seat: Seat,
    outbox: Outbox,
}

impl World {
    fn new() -> Self {
        let now = Instant::now();
        let room_id = RoomId::from_random([7; 16]);
        let record = RoomRecord::new(room_id, "Ada".to_owned(), SystemTime::UNIX_EPOCH);
        Self { room: Room::new(record, SETTINGS, now), now, connections: 0 }
    }

    fn with<const N: usize>() -> (Self, [Socket; N]) {
        let mut world = Self::new();
        let sockets = std::array::from_fn(|index| {
            let bits = [u8::try_from(index).unwrap(); 16];
            world.enter(&ParticipantId::from_random(bits)).0
        });
        for socket in &sockets {
            socket.events();
        }
        (world, sockets)
    }

    fn try_enter(&mut self, id: &ParticipantId) -> Result<(Socket, Entry), ErrorCode> {
        self.try_enter_as(id, Role::Guest)
    }

    fn try_enter_as(
        &mut self,
        id: &ParticipantId,
        role: Role,
    ) -> Result<(Socket, Entry), ErrorCode> {
        self.try_enter_with(ticket(id, role), Pass::Ticket)
    }

    fn try_enter_with(&mut self, ticket: Ticket, pass: Pass) -> Result<(Socket, Entry), ErrorCode> {
        self.try_enter_keeping(ticket, pass, &[])
    }

    /// Somebody comes in who still has transports.
    fn try_enter_keeping(
        &mut self,
        ticket: Ticket,
        pass: Pass,
        transports: &[u64],
    ) -> Result<(Socket, Entry), ErrorCode> {
        let participant_id = ticket.participant.clone();
        self.room.router_or_insert_with(|| ROUTER);
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let outbox = Outbox::new();
        let entry = self.room.enter(Entrant {
            ticket,
            pass,
            capabilities: RtpCapabilities { codecs: vec!["audio/opus".into(), "video/vp8".into()] },
            connection,
            transports: transports.iter().copied().map(TransportId).collect(),
            arrival: Arrival::Socket { outbox: outbox.clone(), link_start: "https://x#".into() },
        })?;
        Ok((Socket { seat: Seat { participant_id, connection }, outbox }, entry))
    }

    fn enter(&mut self, id: &ParticipantId) -> (Socket, Entry) {
        self.try_enter(id).unwrap()
    }

    fn pass(&mut self, time: Duration) -> Vec<MediaCommand> {
        self.now += time;
        self.room.handle_timeout(self.now)
    }

    fn transport(&mut self, socket: &Socket, direction: Direction, id: u64) {
        let replaced = self.room.add_transport(&socket.seat, direction, TransportId(id)).unwrap();
        assert_eq!(replaced, None);
    }

    /// A participant publishes `source` as producer `id` on transport `id`.
    fn publish(&mut self, socket: &Socket, id: u64, source: Source) {
        self.transport(socket, Direction::Send, id);
        self.add_producer(socket, (TransportId(id), ProducerId(id)), source).unwrap();
    }

    fn add_producer(
        &mut self,
        socket: &Socket,
        (transport_id, producer_id): (TransportId, ProducerId),
        source: Source,
    ) -> Result<(), ErrorCode> {
        let codec = match source {
            Source::Microphone | Source::ScreenAudio => Codec::Opus,
            Source::Camera => Codec::Vp8,
            Source::Screen => Codec::Av1,
        };
        let published = Published::new(source, codec, false);
        self.room.add_producer(&socket.seat, transport_id, (producer_id, published))
    }
}

fn ticket(id: &ParticipantId, role: Role) -> Ticket {
    Ticket {
        room: RoomId::from_random([7; 16]),
        participant: id.clone(),
        role,
        display_name: "Bob".to_owned(),
        invite_id: None,
    }
}

impl Socket {
    /// What has been sent since the last call: each event's name and the id in it.
    fn events(&self) -> Vec<String> {
        std::iter::from_fn(|| self.outbox.take_message()).map(|text| summary(&text)).collect()
    }
}

impl Outbox {
    fn take_message(&self) -> Option<Arc<str>> {
        match self.take()? {
            Outgoing::Message(text) => Some(text),
            Outgoing::Close(_) => None,
        }
    }
}

fn summary(text: &str) -> String {
    let message: Value = serde_json::from_str(text).unwrap();
    let data = &message["data"];
    let detail = data["presence"].as_str().or_else(|| data["code"].as_str());
    let detail = detail.or_else(|| data["producerId"].as_str()).unwrap_or_default();
    if let Some(bitrate) = data["maxVideoBitrate"].as_u64() {
        return format!("maxBitrate {bitrate}");
    }
    format!("{} {detail}", message["event"].as_str().unwrap()).trim().to_owned()
}

fn id(byte: u8) -> ParticipantId {
    ParticipantId::from_random([byte; 16])
}

fn closed(transport_id: u64) -> MediaCommand {
    let command = Command::CloseTransport { transport_id: TransportId(transport_id) };
    MediaCommand { router_id: ROUTER, command }
}

fn closed_router() -> MediaCommand {
    MediaCommand { router_id: ROUTER, command: Command::CloseRouter { router_id: ROUTER } }
}

#[test]
fn a_newcomer_finds_the_others_in_order_and_they_are_told() {
    let (mut world, [first, second]) = World::with::<2>();
    let (third, entry) = world.enter(&id(9));
    assert!(!entry.resumed);
    let others: Vec<_> = entry.others.into_iter().map(|other| other.id).collect();
    assert_eq!(others, [id(0), id(1)]);
    assert_eq!(first.events(), ["peerJoined connected"]);
    assert_eq!(second.events(), ["peerJoined connected"]);
    assert_eq!(third.events(), Vec::<String>::new());
}

#[test]
fn a_full_room_takes_no_one_but_those_who_come_back() {
    let (mut world, [first, ..]) = World::with::<3>();
    assert_eq!(world.try_enter(&id(9)).err(), Some(ErrorCode::RoomFull));
    world.room.depart(&first.seat, Departure::Closed, world.now);
    assert_eq!(world.try_enter(&id(9)).err(), Some(ErrorCode::RoomFull));
    assert!(world.enter(&id(0)).1.resumed);
}

#[test]
fn whoever_leaves_is_gone_at_once() {
    let (mut world, [first, second]) = World::with::<2>();
    let media = world.room.depart(&first.seat, Departure::Left, world.now);
    assert_eq!(media, []);
    assert_eq!(second.events(), ["peerLeft"]);
    assert_eq!(world.room.summary().participant_count, 1);
}

#[test]
fn a_closed_connection_keeps_its_place_for_seven_seconds() {
    let (mut world, [first, second]) = World::with::<2>();
    world.room.depart(&first.seat, Departure::Closed, world.now);
    assert_eq!(second.events(), ["peerPresence reconnecting"]);
    world.pass(Duration::from_millis(6_999));
    assert_eq!(second.events(), Vec::<String>::new());
    world.pass(Duration::from_millis(1));
    assert_eq!(second.events(), ["peerLeft"]);
}

#[test]
fn a_silent_connection_keeps_its_place_for_thirty_seconds() {
    let (mut world, [first, second]) = World::with::<2>();
    world.room.depart(&first.seat, Departure::Silent, world.now);
    world.pass(Duration::from_millis(29_999));
    assert_eq!(second.events(), ["peerPresence reconnecting"]);
    world.pass(Duration::from_millis(1));
    assert_eq!(second.events(), ["peerLeft"]);
}

#[test]
fn whoever_comes_back_in_time_keeps_the_place_with_new_media() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    world.room.depart(&first.seat, Departure::Closed, world.now);
    second.events();
    let (_, entry) = world.enter(&id(0));
    assert!(entry.resumed);
    assert_eq!(entry.discarded, [closed(5)]);
    assert_eq!(second.events(), ["producerClosed producer-5", "peerJoined connected"]);
    assert_eq!(world.pass(Duration::from_secs(60)), []);
    assert_eq!(world.room.summary().participant_count, 2);
}

#[test]
fn whoever_comes_back_with_transports_that_are_still_there_goes_on_with_them() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    world.transport(&first, Direction::Recv, 6);
    world.room.handle_layers_wanted(ProducerId(5), vec![1]);
    world.room.depart(&first.seat, Departure::Silent, world.now);
    second.events();
    let kept = [5, 7];
    let entered = world.try_enter_keeping(ticket(&id(0), Role::Guest), Pass::Ticket, &kept);
    let (again, entry) = entered.unwrap();
    assert_eq!((entry.resumed, entry.transports), (true, vec![TransportId(5)]));
    assert_eq!(entry.discarded, [closed(6)], "which the client did not name");
    assert_eq!(second.events(), ["peerJoined connected"], "nobody loses a picture");
    world.room.tell_standing(&again.seat);
    assert_eq!(again.events(), ["layersWanted producer-5"]);
    let taken = world.room.direction_of(&first.seat, TransportId(5));
    assert_eq!(taken, Err(ErrorCode::Replaced));
    assert_eq!(world.room.direction_of(&again.seat, TransportId(5)), Ok(Direction::Send));
}

#[test]
fn nobody_goes_on_with_the_transports_of_another() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    let other = ticket(&second.seat.participant_id, Role::Guest);
    let (again, entry) = world.try_enter_keeping(other, Pass::Ticket, &[5]).unwrap();
    assert_eq!((entry.transports, entry.discarded), (vec![], vec![]));
    let refused = world.room.direction_of(&again.seat, TransportId(5));
    assert_eq!(refused, Err(ErrorCode::TransportNotFound));
}

#[test]
fn the_newer_of_two_sockets_wins_and_the_older_can_do_nothing_more() {
    let (mut world, [old]) = World::with::<1>();
    let (new, entry) = world.enter(&id(0));
    assert!(entry.resumed);
    assert_eq!(old.outbox.take(), Some(Outgoing::Close(CloseCode::Replaced)));
    let transport = world.room.add_transport(&old.seat, Direction::Send, TransportId(1));
    assert_eq!(transport.err(), Some(ErrorCode::Replaced));
    assert_eq!(world.room.depart(&old.seat, Departure::Left, world.now), []);
    assert_eq!(world.room.summary().participant_count, 1);
    world.transport(&new, Direction::Send, 2);
}

#[test]
fn the_last_to_go_takes_the_router_along() {
    let (mut world, [only]) = World::with::<1>();
    world.transport(&only, Direction::Send, 1);
    world.transport(&only, Direction::Recv, 2);
    let media = world.room.depart(&only.seat, Departure::Left, world.now);
    assert_eq!(media, [closed(1), closed(2), closed_router()]);
    assert_eq!(world.room.router_id(), None);
}

#[test]
fn a_router_that_nobody_came_in_for_is_given_up() {
    let mut world = World::new();
    world.room.router_or_insert_with(|| ROUTER);
    assert_eq!(world.room.discard_unused_router(), [closed_router()]);
    assert_eq!(world.room.discard_unused_router(), []);
    world.enter(&id(0));
    assert_eq!(world.room.discard_unused_router(), []);
}

#[test]
fn a_room_ends_when_it_was_empty_for_long() {
    let (mut world, [only]) = World::with::<1>();
    world.pass(SETTINGS.idle_timeout * 2);
    assert!(!world.room.has_ended(), "somebody is in it");
    world.room.depart(&only.seat, Departure::Left, world.now);
    world.pass(SETTINGS.idle_timeout - Duration::from_millis(1));
    assert!(!world.room.has_ended());
    world.pass(Duration::from_millis(1));
    assert!(world.room.has_ended());
    assert_eq!(world.try_enter(&id(0)).err(), Some(ErrorCode::RoomNotFound));
}

#[test]
fn a_source_is_published_once() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    assert_eq!(second.events(), ["newProducer producer-5"]);
    let again = world.add_producer(&first, (TransportId(5), ProducerId(6)), Source::Camera);
    assert_eq!(again, Err(ErrorCode::ProducerExists));
    let other = world.add_producer(&first, (TransportId(5), ProducerId(7)), Source::Microphone);
    assert_eq!(other, Ok(()));
}

#[test]
fn publishing_needs_ones_own_send_transport() {
    let (mut world, [first, second]) = World::with::<2>();
    world.transport(&first, Direction::Recv, 1);
    world.transport(&second, Direction::Send, 2);
    let plan = |transport| world.room.plan_producer(&first.seat, transport, Source::Camera);
    assert_eq!(plan(TransportId(1)), Err(ErrorCode::TransportState));
    assert_eq!(plan(TransportId(2)), Err(ErrorCode::TransportNotFound));
    assert_eq!(plan(TransportId(3)), Err(ErrorCode::TransportNotFound));
}

#[test]
fn a_new_transport_of_a_direction_ends_the_old_one() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    second.events();
    let replaced = world.room.add_transport(&first.seat, Direction::Send, TransportId(6));
    assert_eq!(replaced, Ok(Some(closed(5))));
    assert_eq!(second.events(), ["producerClosed producer-5"]);
    assert!(!world.room.has_transport(TransportId(5)));
}

#[test]
fn what_others_own_cannot_be_touched() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    world.transport(&second, Direction::Recv, 6);
    let consumer = (ConsumerId(7), ProducerId(5));
    world.room.add_consumer(&second.seat, TransportId(6), consumer).unwrap();
    let room = &mut world.room;
    let not_theirs = Err(ErrorCode::ProducerNotFound);
    assert_eq!(room.own_producer(&second.seat, ProducerId(5)), not_theirs);
    assert_eq!(room.set_paused(&second.seat, ProducerId(5), true), not_theirs);
    assert_eq!(room.remove_producer(&second.seat, ProducerId(5)), not_theirs);
    let not_mine = Err(ErrorCode::ConsumerNotFound);
    assert_eq!(room.own_consumer(&first.seat, ConsumerId(7)), not_mine);
    assert_eq!(room.own_consumer(&second.seat, ConsumerId(7)), Ok(()));
}

#[test]
fn a_consumer_is_made_of_what_one_can_decode() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    world.add_producer(&first, (TransportId(5), ProducerId(6)), Source::Screen).unwrap();
    let plan = |world: &World, producer| world.room.plan_consumer(&second.seat, producer);
    assert_eq!(plan(&world, ProducerId(5)), Err(ErrorCode::TransportNotFound));
    world.transport(&second, Direction::Recv, 8);
    let expected = ConsumerPlan { transport_id: TransportId(8), publisher: id(0) };
    assert_eq!(plan(&world, ProducerId(5)), Ok(expected));
    assert_eq!(plan(&world, ProducerId(6)), Err(ErrorCode::CodecMismatch), "AV1");
    assert_eq!(plan(&world, ProducerId(9)), Err(ErrorCode::ProducerNotFound));
}

#[test]
fn consumers_are_bounded() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    world.transport(&second, Direction::Recv, 6);
    for number in 0..shared::limits::MAX_CONSUMERS_PER_PARTICIPANT {
        let consumer = (ConsumerId(u64::try_from(number).unwrap()), ProducerId(5));
        world.room.add_consumer(&second.seat, TransportId(6), consumer).unwrap();
    }
    let plan = world.room.plan_consumer(&second.seat, ProducerId(5));
    assert_eq!(plan, Err(ErrorCode::TooMany));
}

#[test]
fn a_consumer_goes_with_its_producer() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    world.transport(&second, Direction::Recv, 6);
    let consumer = (ConsumerId(7), ProducerId(5));
    world.room.add_consumer(&second.seat, TransportId(6), consumer).unwrap();
    world.room.remove_producer(&first.seat, ProducerId(5)).unwrap();
    assert_eq!(second.events(), ["newProducer producer-5", "producerClosed producer-5"]);
    let own = world.room.own_consumer(&second.seat, ConsumerId(7));
    assert_eq!(own, Err(ErrorCode::ConsumerNotFound));
    let late = world.room.add_consumer(&second.seat, TransportId(6), consumer);
    assert_eq!(late, Err(ErrorCode::ProducerNotFound));
}

#[test]
fn the_flags_follow_what_is_muted() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Microphone);
    let flags = |world: &World| {
        let response = world.room.participant_responses().swap_remove(0);
        (response.has_audio, response.has_video)
    };
    assert_eq!(flags(&world), (true, false));
    world.room.set_paused(&first.seat, ProducerId(5), true).unwrap();
    assert_eq!(flags(&world), (false, false));
    world.room.set_paused(&first.seat, ProducerId(5), false).unwrap();
    assert_eq!(flags(&world), (true, false));
    assert_eq!(
        second.events(),
        ["newProducer producer-5", "producerPaused producer-5", "producerResumed producer-5"]
    );
}

#[test]
fn ten_offers_in_ten_seconds_are_enough() {
    let (mut world, [first]) = World::with::<1>();
    world.transport(&first, Direction::Send, 1);
    let mut offer = |now| world.room.plan_offer(&first.seat, Direction::Send, now);
    let start = world.now;
    for _ in 0..10 {
        assert_eq!(offer(start), Ok(()));
    }
    assert_eq!(offer(start + Duration::from_millis(9_999)), Err(ErrorCode::TooMany));
    assert_eq!(offer(start + Duration::from_secs(10)), Ok(()));
}

#[test]
fn a_failed_transport_is_told_to_its_owner_and_its_producers_to_the_others() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    second.events();
    world.room.handle_transport_failure(TransportId(5), ErrorCode::IceNoPath);
    assert_eq!(first.events(), ["transportFailed ice_no_path"]);
    assert_eq!(second.events(), ["producerClosed producer-5"]);
    world.room.handle_transport_failure(TransportId(5), ErrorCode::IceNoPath);
    assert_eq!(first.events(), Vec::<String>::new());
}

#[test]
fn everyone_hears_of_a_lost_router_and_a_new_one_can_be_opened() {
    let (mut world, [first, second]) = World::with::<2>();
    world.publish(&first, 5, Source::Camera);
    world.transport(&second, Direction::Recv, 6);
    second.events();
    assert_eq!(world.room.handle_router_loss(), [TransportId(5), TransportId(6)]);
    assert_eq!(first.events(), ["transportFailed transport_not_found"]);
    assert_eq!(
        second.events(),
        ["producerClosed producer-5", "transportFailed transport_not_found"]
    );
    let next = world.room.router_or_insert_with(|| RouterId(2));
    assert_eq!(next.router_id, RouterId(2));
}

/// Nobody is left behind and nothing stays open, whatever the order of coming and going.
#[test]
fn many_comings_and_goings_leave_nothing() {
    let mut world = World::new();
    let mut open = 0_usize;
    let mut next = 0;
    for round in 0..500_u64 {
        let sockets: Vec<Socket> = (0..3).map(|byte| world.enter(&id(byte)).0).collect();
        for (socket, source) in sockets.iter().zip([Source::Camera, Source::Microphone]) {
            next += 1;
            world.publish(socket, next, source);
            open += 1;
        }
        let ways = [Departure::Left, Departure::Closed, Departure::Silent];
        let mut media = Vec::new();
        for (index, socket) in sockets.iter().enumerate() {
            let way = ways[(usize::try_from(round).unwrap() + index) % 3];
            media.extend(world.room.depart(&socket.seat, way, world.now));
        }
        media.extend(world.pass(Duration::from_secs(31)));
        let closes =
            |command: &&MediaCommand| matches!(command.command, Command::CloseTransport { .. });
        open -= media.iter().filter(closes).count();
        assert_eq!((world.room.members.len(), open), (0, 0));
        assert_eq!(world.room.router_id(), None);
    }
}
