use std::net::{IpAddr, Ipv4Addr};

use super::*;

mod bridge;
mod dying;

fn config(port: u16, workers: usize) -> MediaConfig {
    let public_ips = vec![IpAddr::V4(Ipv4Addr::LOCALHOST).into()];
    MediaConfig { port, public_ips, workers, max_cameras: 49 }
}

async fn create(media: &Media, router: u64) -> Result<CommandReply, MediaError> {
    let router_id = RouterId(router);
    media.command(router_id, Command::CreateRouter { router_id }).await
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_setting() {
    let media = Media::start(config(0, 1)).unwrap();
    let error = Media::start(config(media.port(), 1)).unwrap_err();
    assert!(matches!(&error, MediaStartError::PortInUse { port, .. } if *port == media.port()));
    assert!(error.to_string().contains("MEDIA_PORT"));
}

#[tokio::test]
async fn the_port_is_free_again_when_the_workers_have_closed() {
    let media = Media::start(config(0, 2)).unwrap();
    media.close().await;
    assert!(!media.is_ready());
    let again = Media::start(config(media.port(), 2)).unwrap();
    assert_eq!(again.port(), media.port());
}

#[test]
fn what_cannot_be_started_says_which_setting_to_change() {
    for workers in [0, MAX_WORKERS + 1] {
        let error = Media::start(config(0, workers)).unwrap_err();
        assert!(error.to_string().contains("WORKERS"), "{error}");
    }
    let nowhere = MediaConfig { public_ips: Vec::new(), ..config(0, 1) };
    assert!(Media::start(nowhere).unwrap_err().to_string().contains("PUBLIC_IP"));
}

#[tokio::test]
async fn clients_are_told_every_public_address_with_the_port() {
    let ips: [IpAddr; 2] = ["192.0.2.7".parse().unwrap(), "198.51.100.7".parse().unwrap()];
    let public_ips = ips.map(PublicIp::from).to_vec();
    let media = Media::start(MediaConfig { public_ips, ..config(0, 1) }).unwrap();
    assert_eq!(media.candidates(), ips.map(|ip| SocketAddr::new(ip, media.port())));
}

#[tokio::test]
async fn the_way_inside_of_a_network_comes_before_the_way_around_it() {
    let given = ["203.0.113.7", "2001:db8::7", "192.168.1.7", "fd00::7"];
    let public_ips = given.map(|ip| PublicIp::from(ip.parse::<IpAddr>().unwrap())).to_vec();
    let media = Media::start(MediaConfig { public_ips, ..config(0, 1) }).unwrap();
    let told: Vec<String> = media.candidates().iter().map(|it| it.ip().to_string()).collect();
    let expected = ["192.168.1.7", "fd00::7", "203.0.113.7", "2001:db8::7"];
    // A machine without IPv6 leaves its addresses out.
    let served = expected.iter().filter(|ip| told.len() == 4 || !ip.contains(':'));
    assert!(served.eq(told.iter()), "{told:?}");
}

#[tokio::test]
async fn a_router_is_found_by_its_id_from_creation_to_close() {
    let media = Media::start(config(0, 2)).unwrap();
    let close = || Command::CloseRouter { router_id: RouterId(1) };
    let unknown = Err(CommandError::RouterNotFound(RouterId(1)).into());
    assert_eq!(media.command(RouterId(1), close()).await, unknown);
    assert_eq!(create(&media, 1).await, Ok(CommandReply::Done));
    assert_eq!(create(&media, 1).await, Err(CommandError::IdTaken.into()));
    assert!(media.command(RouterId(1), close()).await.is_ok());
    assert_eq!(media.command(RouterId(1), close()).await, unknown);
}

#[tokio::test]
async fn rooms_spread_over_the_workers() {
    let media = Media::start(config(0, 2)).unwrap();
    for router in 0..4 {
        create(&media, router).await.unwrap();
    }
    let placement = lock(&media.0.placement);
    let mut per_worker = [0; 2];
    for router in 0..4 {
        per_worker[placement.worker_of(RouterId(router)).unwrap()] += 1;
    }
    assert_eq!(per_worker, [2, 2]);
}

#[tokio::test]
async fn a_closed_worker_refuses_instead_of_hanging() {
    let media = Media::start(config(0, 1)).unwrap();
    create(&media, 1).await.unwrap();
    assert_eq!(media.statistics().await.workers.len(), 1);
    media.close().await;
    media.close().await;
    assert_eq!(create(&media, 2).await, Err(MediaError::WorkerGone));
    assert!(media.statistics().await.workers.is_empty());
}

#[tokio::test]
async fn events_have_one_reader() {
    let media = Media::start(config(0, 1)).unwrap();
    assert!(media.events().is_some());
    assert!(media.events().is_none());
}
