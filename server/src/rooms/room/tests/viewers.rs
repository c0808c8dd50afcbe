//! Those who come over HTTP: publishers who are participants, viewers who are not.

use shared::media::MediaKind;
use tokio::sync::Semaphore;

use super::*;
use crate::{
    invites::Invite,
    rooms::{
        session::HttpSession,
        viewer::{Subject, ViewChange, ViewLine, Viewer},
    },
};

const VIEWER: TransportId = TransportId(70);

fn session() -> HttpSession {
    let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    HttpSession::new("token", "abcd".to_owned(), place)
}

fn invite() -> Invite {
    Invite {
        id: "one".to_owned(),
        room: RoomId::from_random([7; 16]),
        role: Role::Guest,
        expires_at: SystemTime::UNIX_EPOCH,
    }
}

/// One m-line of each kind.
fn lines() -> Vec<ViewLine> {
    let line = |mid: &str, kind, codecs: &[Codec]| ViewLine {
        mid: mid.to_owned(),
        kind,
        codecs: codecs.to_vec(),
        shown: None,
    };
    vec![
        line("0", MediaKind::Audio, &[Codec::Opus]),
        line("1", MediaKind::Video, &[Codec::Vp8, Codec::Av1]),
    ]
}

impl World {
    /// Somebody watches; returns their session.
    fn watch(&mut self, subject: Subject) -> Result<String, ErrorCode> {
        self.room.router_or_insert_with(|| ROUTER);
        let session = session();
        let id = session.id().to_owned();
        self.room.add_viewer(Viewer::new(session, invite(), VIEWER, (subject, lines()))).map(|_| id)
    }

    /// Shows a viewer what they should be shown; returns the producers by m-line.
    fn reconcile(&mut self, session_id: &str) -> Vec<(String, Option<u64>)> {
        let mut done = Vec::new();
        for ViewChange { mid, show, .. } in self.room.view_changes(session_id).unwrap() {
            let shown = show.map(|producer_id| (ConsumerId(900 + producer_id.0), producer_id));
            self.room.note_shown(session_id, &mid, shown);
            done.push((mid, show.map(|producer_id| producer_id.0)));
        }
        assert_eq!(self.room.view_changes(session_id), Some(Vec::new()), "nothing is left to do");
        done
    }
}

fn line(mid: &str, shown: impl Into<Option<u64>>) -> (String, Option<u64>) {
    (mid.to_owned(), shown.into())
}

#[test]
fn a_viewer_is_shown_who_came_first_then_who_speaks_then_a_screen() {
    let (mut world, [ada, bob, _]) = World::with::<3>();
    let viewer = world.watch(Subject::Everyone).unwrap();
    assert_eq!(world.reconcile(&viewer), []);
    world.publish(&ada, 5, Source::Camera);
    world.publish(&bob, 6, Source::Camera);
    world.add_producer(&bob, (TransportId(6), ProducerId(7)), Source::Microphone).unwrap();
    assert_eq!(world.reconcile(&viewer), [line("0", 7), line("1", 5)]);
    world.room.handle_active_speakers(&[ProducerId(7)]);
    assert_eq!(world.reconcile(&viewer), [line("1", 6)]);
    world.room.handle_active_speakers(&[]);
    assert_eq!(world.reconcile(&viewer), [], "who spoke last stays");
    world.add_producer(&ada, (TransportId(5), ProducerId(8)), Source::Screen).unwrap();
    assert_eq!(world.reconcile(&viewer), [line("1", 8)]);
}

#[test]
fn an_m_line_is_filled_again_when_what_it_shows_ends_or_is_paused() {
    let (mut world, [ada, bob]) = World::with::<2>();
    world.publish(&ada, 5, Source::Camera);
    world.publish(&bob, 6, Source::Camera);
    let viewer = world.watch(Subject::Everyone).unwrap();
    assert_eq!(world.reconcile(&viewer), [line("1", 5)]);
    world.room.set_paused(&ada.seat, ProducerId(5), true).unwrap();
    assert_eq!(world.reconcile(&viewer), [line("1", 6)]);
    world.room.remove_producer(&bob.seat, ProducerId(6)).unwrap();
    assert_eq!(world.room.view_changes(&viewer), Some(Vec::new()), "nobody is left");
    world.room.set_paused(&ada.seat, ProducerId(5), false).unwrap();
    assert_eq!(world.reconcile(&viewer), [line("1", 5)]);
    // A worker's answer that comes after the producer is gone counts for nothing.
    world.room.remove_producer(&ada.seat, ProducerId(5)).unwrap();
    world.room.note_shown(&viewer, "1", Some((ConsumerId(905), ProducerId(5))));
    assert_eq!(world.room.view_changes(&viewer), Some(Vec::new()));
}

#[test]
fn one_participant_is_shown_alone_and_must_be_there() {
    let (mut world, [ada, bob]) = World::with::<2>();
    world.publish(&ada, 5, Source::Camera);
    let stranger = Subject::Participant(id(9));
    assert_eq!(world.watch(stranger), Err(ErrorCode::NotFound));
    let viewer = world.watch(Subject::Participant(bob.seat.participant_id.clone())).unwrap();
    assert_eq!(world.reconcile(&viewer), []);
    world.publish(&bob, 6, Source::Camera);
    assert_eq!(world.reconcile(&viewer), [line("1", 6)]);
}

#[test]
fn viewers_are_seen_by_nobody_and_have_a_bound_of_their_own() {
    let (mut world, [ada, _, _]) = World::with::<3>();
    world.watch(Subject::Everyone).unwrap();
    world.watch(Subject::Everyone).unwrap();
    assert_eq!(world.watch(Subject::Everyone), Err(ErrorCode::RoomFull));
    assert_eq!(ada.events(), [""; 0]);
    let summary = world.room.summary();
    assert_eq!((summary.participant_count, summary.viewer_count), (3, 2));
}

#[test]
fn a_room_that_is_only_watched_lasts_and_keeps_its_router() {
    let mut world = World::new();
    let viewer = world.watch(Subject::Everyone).unwrap();
    assert_eq!(world.pass(SETTINGS.idle_timeout * 2), []);
    assert!(!world.room.has_ended());
    let commands: Vec<_> = world.room.end_session(&viewer, world.now);
    let commands: Vec<_> = commands.into_iter().map(|command| command.command).collect();
    let expected = [
        Command::CloseTransport { transport_id: VIEWER },
        Command::CloseRouter { router_id: ROUTER },
    ];
    assert_eq!(commands, expected);
    assert_eq!(world.room.view_changes(&viewer), None);
    world.pass(SETTINGS.idle_timeout);
    assert!(world.room.has_ended());
}

#[test]
fn a_viewer_whose_transport_failed_is_gone() {
    let mut world = World::new();
    let viewer = world.watch(Subject::Everyone).unwrap();
    world.room.handle_transport_failure(VIEWER, ErrorCode::IceNoPath);
    assert!(world.room.session(&viewer).is_none());
    assert_eq!(world.room.view_changes(&viewer), None);
    let close =
        MediaCommand { router_id: ROUTER, command: Command::CloseRouter { router_id: ROUTER } };
    assert_eq!(world.pass(Duration::ZERO), [close]);
    assert_eq!(world.room.summary().viewer_count, 0);
}

#[test]
fn who_came_over_http_goes_with_the_transport_or_the_router() {
    let (mut world, [bob]) = World::with::<1>();
    world.watch(Subject::Everyone).unwrap();
    let studio = Entrant {
        ticket: ticket(&id(8), Role::Guest),
        pass: Pass::Ticket,
        capabilities: RtpCapabilities::default(),
        connection: ConnectionId(80),
        transports: Vec::new(),
        arrival: Arrival::Http { session: session() },
    };
    world.room.enter(studio).unwrap();
    let seat = Seat { participant_id: id(8), connection: ConnectionId(80) };
    let replaced = world.room.add_transport(&seat, Direction::Send, TransportId(81)).unwrap();
    assert_eq!((replaced, bob.events()), (None, vec!["peerJoined connected".to_owned()]));
    let mut lost = world.room.handle_router_loss();
    lost.sort_unstable();
    assert_eq!(lost, [VIEWER, TransportId(81)]);
    world.pass(Duration::ZERO);
    assert_eq!(bob.events(), ["peerLeft"]);
    assert_eq!(world.room.summary().viewer_count, 0);
}
