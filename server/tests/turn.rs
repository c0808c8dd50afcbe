//! A real coturn takes the credentials we hand out, and no others.
//!
//! Without coturn on the machine (`apt-get install coturn`) there is nothing to ask: the test says so.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use open_stream::{
    config::{Config, IceConfig},
    ice_servers::IceServers,
};
use shared::media::IceServer;

const SECRET: &str = "a secret of two servers";
const PATIENCE: Duration = Duration::from_secs(20);

/// A coturn that ends with the test.
struct Coturn {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Coturn {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let in_folder = |name: &str| folder.path().join(name).display().to_string();
        let process = Command::new("turnserver")
            .args(["-n", "--no-cli", "--no-tls", "--no-dtls", "--use-auth-secret"])
            .args(["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers"])
            .args(["--realm=test".to_owned(), format!("--listening-port={port}")])
            .arg(format!("--static-auth-secret={SECRET}"))
            .arg(format!("--pidfile={}", in_folder("pid")))
            .arg(format!("--userdb={}", in_folder("users")))
            .arg(format!("--log-file={}", in_folder("log")))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let coturn = Self { process, port, _folder: folder };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "coturn does not listen");
            std::thread::yield_now();
        }
        Some(coturn)
    }

    /// Whether it relays for someone with these credentials, both ways.
    fn relays(&self, server: &IceServer, password: &str) -> bool {
        let client = Command::new("turnutils_uclient")
            .args(["-y", "-c", "-n", "2", "-m", "1", "-p", &self.port.to_string()])
            .args(["-u", server.username.as_deref().unwrap(), "-w", password, "127.0.0.1"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&client.stdout).into_owned()
            + &String::from_utf8_lossy(&client.stderr);
        client.status.success() && text.contains("Total lost packets 0 ")
    }
}

impl Drop for Coturn {
    fn drop(&mut self) {
        // It has nothing to lose, and it may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_installed() -> bool {
    let found = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| Path::new(&folder).join(name).exists())
    };
    found("turnserver") && found("turnutils_uclient")
}

#[test]
fn coturn_relays_for_our_credentials_only_and_only_in_their_time() {
    if !is_installed() {
        eprintln!("skipped: coturn is not installed");
        return;
    }
    let coturn = Coturn::start().unwrap();
    let config = IceConfig {
        turn_urls: format!("turn:127.0.0.1:{}", coturn.port).parse().unwrap(),
        turn_secret: SECRET.parse().unwrap(),
        ..Config::with_defaults().ice
    };
    let servers = IceServers::new(&config).unwrap();
    let now = SystemTime::now();
    let told = servers.for_client("participant-1", now).remove(0);
    assert!(coturn.relays(&told, told.credential.as_deref().unwrap()));
    assert!(!coturn.relays(&told, "a guess"));
    let old = servers.for_client("participant-1", now - Duration::from_hours(48)).remove(0);
    assert!(!coturn.relays(&old, old.credential.as_deref().unwrap()), "their time is over");
}
