use std::net::SocketAddr;

use open_stream::config::Optional;
use shared::signaling::Direction;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::client::Server;

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_host_reads_numbers_on_a_port_of_their_own() {
    let server = Server::start_with(|config| config.http.metrics_port = Optional(Some(0))).await;
    let room = server.create_room();
    let (mut client, joined) = server.join(&room).await;
    client.create_transport(Direction::Send).await;

    let address = server.running.metrics_address.unwrap();
    assert!(address.ip().is_loopback());
    let answer = get(address, "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for line in [
        "open_stream_rooms 1",
        "open_stream_participants 1",
        "open_stream_signaling_sockets 1",
        "open_stream_worker_up{worker=\"0\"} 1",
        "open_stream_worker_restarts_total{worker=\"0\"} 0",
        "open_stream_worker_objects{worker=\"0\",kind=\"transports\"} 1",
        "open_stream_worker_queue_length{worker=\"0\",queue=\"events\"} 0",
        "open_stream_worker_dropped_total{worker=\"0\",reason=\"stray\"} 0",
    ] {
        assert!(answer.lines().any(|found| found == line), "{line} is not in {answer}");
    }
    for name in ["process_open_fds ", "process_resident_memory_bytes ", "process_cpu_seconds"] {
        assert!(answer.contains(name), "{name} is not in {answer}");
    }
    for secret in [room.as_str(), joined.participant_id.as_str(), "Bob"] {
        assert!(!answer.contains(secret), "{secret} is nobody's business");
    }
}

#[tokio::test]
async fn there_are_no_numbers_where_everyone_can_ask() {
    let server = Server::start().await;
    assert_eq!(server.running.metrics_address, None);
    let answer = get(server.running.http_address, "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}
