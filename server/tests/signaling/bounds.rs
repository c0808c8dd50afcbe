use std::time::Duration;

use shared::{
    error::ErrorCode,
    limits::MAX_MESSAGE_BYTES,
    signaling::{Event, Request, ServerMessage},
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::client::Server;

#[tokio::test]
async fn a_connection_that_does_not_join_is_closed() {
    let server = Server::start_with(|config| {
        config.bounds.signaling.join_timeout = Duration::from_millis(50);
    })
    .await;
    let mut client = server.connect().await;
    assert_eq!(client.close_code().await, 4408);
}

#[tokio::test]
async fn a_message_may_have_64_kib_and_no_more() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let mut message = r#"{"id":1,"request":"ping","padding":""#.to_owned();
    message.push_str(&"x".repeat(MAX_MESSAGE_BYTES - message.len() - 2));
    message.push_str("\"}");
    assert_eq!(message.len(), MAX_MESSAGE_BYTES);
    client.send(Message::text(message)).await;
    assert!(matches!(client.message().await, ServerMessage::Reply { id: 1, .. }));
    client.send(Message::text("x".repeat(65 * 1024))).await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn fragments_count_together() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let part = |opcode| Message::Frame(Frame::message("x".repeat(40_000), opcode, false));
    client.send(part(OpCode::Data(Data::Text))).await;
    client.send(part(OpCode::Data(Data::Continue))).await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn only_text_is_understood() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send(Message::binary("{}")).await;
    assert_eq!(client.close_code().await, 1003);
}

#[tokio::test]
async fn text_is_utf_8() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let frame = Frame::message(vec![b'"', 0xff, b'"'], OpCode::Data(Data::Text), true);
    client.send(Message::Frame(frame)).await;
    assert_eq!(client.close_code().await, 1007);
}

#[tokio::test]
async fn what_makes_no_sense_is_answered_with_its_id_where_it_has_one() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let deep = "[".repeat(10_000);
    for (text, expected) in [
        ("", None),
        ("nonsense", None),
        (r#"{"request":"ping"}"#, None),
        (r#"{"id":-1,"request":"ping"}"#, None),
        (r#"{"id":7,"request":"dance"}"#, Some(7)),
        (r#"{"id":8,"request":"produce","data":{"mid":0}}"#, Some(8)),
        (&*deep, None),
    ] {
        client.send(Message::text(text)).await;
        let ServerMessage::Error { id, error } = client.message().await else {
            panic!("an error to {text:.40}");
        };
        assert_eq!((id, error.code), (expected, ErrorCode::BadRequest), "{text:.40}");
        assert!(error.message.len() < 512, "{}", error.message);
    }
    client.done(Request::Ping).await;
}

#[tokio::test]
async fn too_much_nonsense_is_an_attack() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for _ in 0..12 {
        client.send(Message::text("{")).await;
    }
    assert_eq!(client.close_code().await, 4429);
}

#[tokio::test]
async fn a_flood_ends_the_connection() {
    let server = Server::start().await;
    for flood in [Message::text(r#"{"id":1,"request":"ping"}"#), Message::Ping("x".into())] {
        let mut client = server.connect().await;
        for _ in 0..300 {
            client.send(flood.clone()).await;
        }
        assert_eq!(client.close_code().await, 4429);
    }
}

#[tokio::test]
async fn there_are_no_more_connections_than_allowed() {
    let server = Server::start_with(|config| config.bounds.signaling.max_connections = 1).await;
    let own = format!("http://{}", server.running.http_address);
    let _first = server.connect().await;
    assert_eq!(server.connect_from(&own).await, 503);
}

#[tokio::test]
async fn whoever_does_not_read_is_let_go() {
    let server = Server::start_with(|config| {
        let signaling = &mut config.bounds.signaling;
        signaling.pace.per_second = 1_000_000;
        signaling.pace.burst = 1_000_000;
        signaling.write_timeout = Duration::from_millis(200);
        signaling.close_timeout = Duration::from_secs(5);
    })
    .await;
    let room = server.create_room();
    let (mut watching, _) = server.join(&room).await;
    let mut slow = server.connect_narrow().await;
    slow.join(crate::client::guest(&room)).await.unwrap();
    assert!(matches!(watching.event().await, Event::PeerJoined(_)));

    // Questions whose answers are longer, until the server does not even read any more.
    let question = Message::text(r#"{"id":1,"request":"an unknown name"}"#);
    while slow.try_send(question.clone(), Duration::from_millis(100)).await {}
    assert!(matches!(watching.event().await, Event::PeerPresence(_)));
    assert_eq!(slow.close_code().await, 4508);
}
