use shared::{
    error::ErrorCode,
    ids::ConsumerId,
    limits::MAX_CONSUMERS_PER_PARTICIPANT,
    media::{Layer, Viewing},
    signaling::{
        Direction, Event, MaxBitrate, PreferredLayers, Request, Role, SetMaxBitrate,
        SetPreferredLayers,
    },
};

use crate::{
    client::{Client, Server, invited},
    media::{Publisher, consume},
};

const SMALL: Viewing = Viewing {
    width: 320,
    height: 180,
    pinned: false,
    max_layer: Some(Layer { spatial: 1, temporal: 2 }),
};

fn shown(consumers: impl IntoIterator<Item = ConsumerId>) -> Request {
    let shown = |consumer_id| PreferredLayers { consumer_id, viewing: SMALL };
    let consumers = consumers.into_iter().map(shown).collect();
    Request::SetPreferredLayers(SetPreferredLayers { consumers })
}

fn limit(max_video_bitrate: u32) -> Request {
    Request::SetMaxBitrate(SetMaxBitrate { participant_id: None, max_video_bitrate })
}

/// The next event of that kind; others are passed over.
async fn told_bitrate(client: &mut Client) -> u32 {
    loop {
        if let Event::MaxBitrate(MaxBitrate { max_video_bitrate }) = client.event().await {
            return max_video_bitrate;
        }
    }
}

#[tokio::test]
async fn one_says_what_one_shows_of_ones_own_consumers() {
    let server = Server::start().await;
    let room = server.create_room();
    let (alice, _) = server.join(&room).await;
    let mut alice = Publisher::start(alice).await;
    let (mut bob, _) = server.join(&room).await;
    bob.create_transport(Direction::Recv).await;
    let consumer = consume(&mut bob, alice.camera).await.unwrap().consumer_id;
    bob.done(shown([consumer])).await;
    bob.done(shown([consumer; MAX_CONSUMERS_PER_PARTICIPANT])).await;

    assert_eq!(bob.refused(shown([])).await, ErrorCode::BadRequest);
    let too_many = [consumer; MAX_CONSUMERS_PER_PARTICIPANT + 1];
    assert_eq!(bob.refused(shown(too_many)).await, ErrorCode::BadRequest);
    let stranger = ConsumerId(1_000_000);
    assert_eq!(bob.refused(shown([consumer, stranger])).await, ErrorCode::ConsumerNotFound);
    assert_eq!(alice.client.refused(shown([consumer])).await, ErrorCode::ConsumerNotFound);
}

#[tokio::test]
async fn a_host_says_how_much_is_sent_and_everyone_concerned_hears_it() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut host = server.connect().await;
    let joined = host.join(invited(server.token(&room, Role::Host))).await.unwrap();
    assert_eq!(joined.max_video_bitrate, 1_000_000);
    let (bob, bobs) = server.join(&room).await;
    let mut bob = Publisher::start(bob).await;

    host.done(limit(500_000)).await;
    assert_eq!(told_bitrate(&mut bob.client).await, 500_000);
    assert_eq!(told_bitrate(&mut host).await, 500_000);
    let (mut carol, late) = server.join(&room).await;
    assert_eq!(late.max_video_bitrate, 500_000);

    let one =
        SetMaxBitrate { participant_id: Some(bobs.participant_id), max_video_bitrate: 2_000_000 };
    host.done(Request::SetMaxBitrate(one)).await;
    assert_eq!(told_bitrate(&mut bob.client).await, 2_000_000);
    assert!(carol.has_no_event().await, "it is none of hers");
}

#[tokio::test]
async fn only_a_host_and_only_within_bounds() {
    let server = Server::start().await;
    let room = server.create_room();
    let mut host = server.connect().await;
    host.join(invited(server.token(&room, Role::Host))).await.unwrap();
    let (mut bob, bobs) = server.join(&room).await;
    assert_eq!(bob.refused(limit(500_000)).await, ErrorCode::Forbidden);
    for bitrate in [0, 49_999, 50_000_001] {
        assert_eq!(host.refused(limit(bitrate)).await, ErrorCode::BadRequest);
    }
    bob.done(Request::Leave).await;
    let gone =
        SetMaxBitrate { participant_id: Some(bobs.participant_id), max_video_bitrate: 500_000 };
    assert_eq!(host.refused(Request::SetMaxBitrate(gone)).await, ErrorCode::BadRequest);
}

#[tokio::test]
async fn a_rooms_bit_rate_survives_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_in(data.path(), |_| {}).await;
    let room = server.create_room();
    let mut host = server.connect().await;
    host.join(invited(server.token(&room, Role::Host))).await.unwrap();
    host.done(limit(500_000)).await;
    server.finish().await;
    let server = Server::start_in(data.path(), |_| {}).await;
    let (_bob, joined) = server.join(&room).await;
    assert_eq!(joined.max_video_bitrate, 500_000);
}
