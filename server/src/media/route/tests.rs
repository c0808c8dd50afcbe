use sfu::command::Protocol;

use super::{
    parcel::{PARCEL_BYTES, PARCEL_DATAGRAMS},
    *,
};

fn path(port: u16) -> Path {
    Path { remote: ([192, 0, 2, 1], port).into(), local: None, protocol: Protocol::Udp }
}

fn pair() -> (Exchange, Exchange) {
    let wakers = [Waker::new().unwrap(), Waker::new().unwrap()];
    let seats = Seat::connect(&wakers, PARCELS_IN_FLIGHT);
    (seats[0].take(), seats[1].take())
}

fn received(exchange: &Exchange) -> Vec<(Path, Vec<u8>)> {
    let mut all = Vec::new();
    while exchange.receive(|path, datagram| all.push((path, datagram.to_vec())))
        == ReceivedParcel::One
    {}
    all
}

#[test]
fn datagrams_cross_in_order_with_their_paths() {
    let (mut first, second) = pair();
    first.forward(WorkerIndex(1), path(1), b"one");
    first.forward(WorkerIndex(1), path(2), b"");
    first.forward(WorkerIndex(1), path(3), b"three");
    assert_eq!(received(&second), [], "nothing leaves before the batch is dispatched");
    first.dispatch();
    let expected =
        [(path(1), b"one".to_vec()), (path(2), b"".to_vec()), (path(3), b"three".to_vec())];
    assert_eq!(received(&second), expected);
}

#[test]
fn a_worker_that_does_not_read_costs_datagrams_but_no_memory() {
    let (mut first, second) = pair();
    let sent = 2 * PARCELS_IN_FLIGHT * PARCEL_DATAGRAMS;
    for _ in 0..sent {
        first.forward(WorkerIndex(1), path(1), &[7; 100]);
    }
    first.dispatch();
    let arrived = received(&second).len();
    let statistics = first.statistics();
    assert_eq!(arrived, PARCELS_IN_FLIGHT * PARCEL_DATAGRAMS);
    assert_eq!(statistics.datagrams_forwarded, arrived as u64);
    assert_eq!(statistics.datagrams_dropped, (sent - arrived) as u64);

    first.forward(WorkerIndex(1), path(1), b"again");
    first.dispatch();
    assert_eq!(received(&second), [(path(1), b"again".to_vec())], "the memory came back");
}

#[test]
fn a_datagram_too_large_for_any_parcel_is_dropped() {
    let (mut first, second) = pair();
    first.forward(WorkerIndex(1), path(1), &vec![0; PARCEL_BYTES + 1]);
    first.dispatch();
    assert_eq!(received(&second), []);
    assert_eq!(first.statistics().datagrams_dropped, 1);
}

#[test]
fn route_changes_wait_in_order_for_a_busy_worker() {
    let (mut first, second) = pair();
    let ports = 0..=u16::try_from(CHANGES_IN_FLIGHT + 10).unwrap();
    for port in ports.clone() {
        first.announce(RouteChange::Add(path(port), WorkerIndex(0)));
    }
    assert!(first.flush_changes(), "some wait at the sender");
    for port in ports {
        let expected = RouteChange::Add(path(port), WorkerIndex(0));
        assert_eq!(second.changes().next(), Some(expected));
        first.flush_changes();
    }
    assert_eq!(second.changes().next(), None);
    assert_eq!(first.changes().next(), None, "a worker does not hear itself");
}

#[test]
fn a_dead_worker_is_told_nothing_and_stops_nobody() {
    let (mut first, second) = pair();
    drop(second);
    first.forward(WorkerIndex(1), path(1), b"lost");
    first.dispatch();
    first.announce(RouteChange::Remove(path(1), WorkerIndex(0)));
    assert!(!first.flush_changes());
    assert_eq!(first.statistics().datagrams_dropped, 1);
}

#[test]
fn who_comes_after_a_dead_worker_knows_the_paths_of_the_living_and_disowns_its_own() {
    let seats = Seat::connect(&[Waker::new().unwrap(), Waker::new().unwrap()], PARCELS_IN_FLIGHT);
    let (mut living, mut dead) = (seats[0].take(), seats[1].take());
    living.announce(RouteChange::Add(path(1), WorkerIndex(0)));
    living.announce(RouteChange::Add(path(2), WorkerIndex(0)));
    living.announce(RouteChange::Remove(path(2), WorkerIndex(0)));
    dead.announce(RouteChange::Add(path(3), WorkerIndex(1)));
    assert_eq!(dead.changes().count(), 3);
    assert_eq!(living.changes().count(), 1);
    living.forward(WorkerIndex(1), path(1), b"waits");
    living.dispatch();
    drop(dead);

    let mut next = seats[1].take();
    assert_eq!(next.inherit(), [RouteChange::Add(path(1), WorkerIndex(0))]);
    assert_eq!(living.changes().next(), Some(RouteChange::Remove(path(3), WorkerIndex(1))));
    assert_eq!(received(&next), [(path(1), b"waits".to_vec())]);
}

#[test]
fn a_worker_that_hangs_does_not_keep_datagrams_from_a_third() {
    let wakers = [Waker::new().unwrap(), Waker::new().unwrap(), Waker::new().unwrap()];
    let seats = Seat::connect(&wakers, PARCELS_IN_FLIGHT);
    let (mut first, third) = (seats[0].take(), seats[2].take());
    for _ in 0..2 * PARCELS_IN_FLIGHT {
        first.forward(WorkerIndex(1), path(1), b"to nobody");
        first.dispatch();
    }
    first.forward(WorkerIndex(2), path(2), b"heard");
    first.dispatch();
    assert_eq!(received(&third), [(path(2), b"heard".to_vec())]);
}

#[test]
fn a_seat_given_up_returns_the_parcels() {
    let seats = Seat::connect(&[Waker::new().unwrap(), Waker::new().unwrap()], PARCELS_IN_FLIGHT);
    let mut first = seats[0].take();
    for _ in 0..PARCELS_IN_FLIGHT {
        first.forward(WorkerIndex(1), path(1), b"lost");
        first.dispatch();
    }
    seats[1].give_up();
    assert_eq!(first.peers[1].returned.try_iter().count(), PARCELS_IN_FLIGHT);
    first.announce(RouteChange::Remove(path(1), WorkerIndex(0)));
    assert_eq!(first.changes_waiting(), 0);
}

#[test]
fn a_parcel_comes_back_from_a_reader_that_panics() {
    let (mut first, second) = pair();
    first.forward(WorkerIndex(1), path(1), b"x");
    first.dispatch();
    let reading = std::panic::AssertUnwindSafe(|| second.receive(|_, _| panic!("the test's")));
    assert!(std::panic::catch_unwind(reading).is_err());
    assert_eq!(first.peers[1].returned.try_iter().count(), 1);
}
