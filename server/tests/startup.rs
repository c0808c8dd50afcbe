//! The program itself: what it says and how it exits, started as people start it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helper fails its test; Clippy knows that of test functions only"
)]

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

const EX_USAGE: i32 = 64;
const EX_UNAVAILABLE: i32 = 69;
const EX_IOERR: i32 = 74;
const EX_CONFIG: i32 = 78;

/// A folder to start the program in, with nothing of the machine's own settings.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_open-stream"));
        command
            .current_dir(self.path())
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("MEDIA_PORT", "0"), ("WORKERS", "1")])
            .env("PUBLIC_IP", "127.0.0.1")
            .envs(settings.iter().copied());
        command
    }

    /// Runs the program to its end, which must come by itself.
    fn run(&self, settings: &[(&str, &str)]) -> Output {
        self.command(settings).output().unwrap()
    }

    #[track_caller]
    fn refuses(&self, settings: &[(&str, &str)], code: i32, words: &[&str]) {
        let output = self.run(settings);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        for word in words {
            assert!(text.contains(word), "{word:?} is not in {text:?}");
        }
        assert!(output.stdout.is_empty(), "it must not say that it listens");
    }
}

/// A program that listens.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn start(place: &Place, settings: &[(&str, &str)]) -> Self {
        let mut command = place.command(settings);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("Open Stream is listening on ");
        let url = url.unwrap_or_else(|| panic!("the first line is {line:?}")).to_owned();
        Self { child, url }
    }

    fn connect(&self) -> TcpStream {
        let (_, port) = self.url.rsplit_once(':').unwrap();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

#[test]
fn the_sample_secret_is_refused() {
    let settings = [("JWT_SECRET", "your-secret-key-change")];
    Place::new().refuses(&settings, EX_CONFIG, &["JWT_SECRET", "sample"]);
}

#[test]
fn a_short_secret_is_refused_and_not_shown() {
    let place = Place::new();
    let settings = [("JWT_SECRET", "thirty-one-bytes-are-not-enough")];
    place.refuses(&settings, EX_CONFIG, &["JWT_SECRET has 31 bytes"]);
    let output = place.run(&settings);
    assert!(!String::from_utf8(output.stderr).unwrap().contains("thirty-one"));
}

#[test]
fn a_short_token_of_the_administrator_is_refused_and_not_shown() {
    let place = Place::new();
    let settings = [("ADMIN_TOKEN", "fifteen-bytes-x")];
    place.refuses(&settings, EX_CONFIG, &["ADMIN_TOKEN has 15 bytes"]);
}

#[test]
fn a_secret_in_the_env_file_counts() {
    let place = Place::new();
    fs::write(place.path().join(".env"), "JWT_SECRET=your-secret-key-change\n").unwrap();
    place.refuses(&[], EX_CONFIG, &["JWT_SECRET", "sample"]);
}

#[test]
fn a_broken_env_file_is_refused_by_line() {
    let place = Place::new();
    fs::write(place.path().join(".env"), "PORT=0\nthis is no setting\n").unwrap();
    place.refuses(&[], EX_CONFIG, &[".env", "line 2"]);
}

#[test]
fn an_unreadable_env_file_is_refused() {
    let place = Place::new();
    fs::create_dir(place.path().join(".env")).unwrap();
    place.refuses(&[], EX_CONFIG, &[".env cannot be read"]);
}

#[test]
fn a_bad_setting_is_named_in_one_line() {
    let place = Place::new();
    place.refuses(&[("PORT", "http")], EX_CONFIG, &["'http'", "--port"]);
    place.refuses(&[("PUBLIC_IP", "meet.example.org")], EX_CONFIG, &["--public-ip"]);
    place.refuses(&[("LOG_FORMAT", "xml")], EX_CONFIG, &["--log-format"]);
    place.refuses(&[("WORKERS", "1000")], EX_CONFIG, &["WORKERS"]);
}

#[test]
fn a_command_that_does_not_exist_is_a_mistake_of_use() {
    let place = Place::new();
    let output = place.command(&[]).arg("sreve").output().unwrap();
    assert_eq!(output.status.code(), Some(EX_USAGE));
}

#[test]
fn a_port_in_use_is_named() {
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let words = [&format!("127.0.0.1:{port}"), "PORT", "in use"];
    Place::new().refuses(&[("PORT", &port)], EX_UNAVAILABLE, &words);
}

#[test]
fn a_media_port_in_use_is_named() {
    let holder = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let words = [&port, "MEDIA_PORT", "in use"];
    Place::new().refuses(&[("MEDIA_PORT", &port)], EX_UNAVAILABLE, &words);
}

#[test]
fn an_address_of_another_machine_is_named() {
    let words = ["192.0.2.1", "HOST", "not an address of this machine"];
    Place::new().refuses(&[("HOST", "192.0.2.1")], EX_CONFIG, &words);
}

#[test]
fn a_damaged_secret_is_not_replaced() {
    let place = Place::new();
    fs::create_dir(place.path().join("data")).unwrap();
    let file = place.path().join("data/jwt-secret");
    fs::write(&file, "half").unwrap();
    place.refuses(&[], EX_IOERR, &["DATA_DIR", "jwt-secret", "damaged"]);
    assert_eq!(fs::read_to_string(file).unwrap(), "half");
}

#[test]
fn a_secret_is_made_kept_and_private() {
    let place = Place::new();
    let file = place.path().join("data/jwt-secret");
    let mut secrets = BTreeSet::new();
    for _ in 0..2 {
        let program = Program::start(&place, &[]);
        secrets.insert(fs::read_to_string(&file).unwrap());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        program.signal("TERM");
        assert!(program.wait().success());
    }
    assert_eq!(secrets.len(), 1);
}

#[test]
fn the_first_line_says_where_the_server_is() {
    let program = Program::start(&Place::new(), &[]);
    assert!(program.url.starts_with("http://localhost:"), "{}", program.url);
    let answer = program.get("/health/ready");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    program.signal("TERM");
    assert!(program.wait().success());
}

#[test]
fn it_exits_within_ten_seconds_whoever_is_connected() {
    for name in ["TERM", "INT"] {
        let program = Program::start(&Place::new(), &[]);
        let idle = program.connect();
        let mut stalled = program.connect();
        stalled.write_all(b"POST /api/rooms HTTP/1.1\r\nhost: x\r\ncontent-le").unwrap();
        assert!(program.get("/health/live").starts_with("HTTP/1.1 200"));
        let asked = Instant::now();
        program.signal(name);
        assert!(program.wait().success(), "SIG{name}");
        assert!(asked.elapsed() < Duration::from_secs(10), "SIG{name}: {:?}", asked.elapsed());
        drop((idle, stalled));
    }
}

#[test]
fn help_lists_every_setting_of_the_example() {
    let output = Place::new().command(&[]).arg("--help").output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example");
    let example = fs::read_to_string(example).unwrap();
    let settings = example.lines().filter_map(|line| line.strip_prefix('#')?.split_once('='));
    // Comments may have the sign, too.
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let settings = settings.filter(|(name, _)| is_name(name));
    let mut count = 0;
    for (name, _) in settings {
        assert!(help.contains(&format!("[env: {name}]")), "{name} is not in:\n{help}");
        count += 1;
    }
    assert!(count >= 15, "only {count} settings were found");
}

#[test]
fn help_does_not_show_the_secret_of_the_environment() {
    let place = Place::new();
    let secret = "a-secret-of-the-environment-that-nobody-should-see";
    let output = place.command(&[("JWT_SECRET", secret)]).arg("--help").output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains(secret));
}

#[test]
fn json_logs_are_one_object_a_line_without_tokens() {
    let place = Place::new();
    let mut command = place.command(&[("LOG_FORMAT", "json"), ("LOG_LEVEL", "debug")]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().rsplit_once(' ').unwrap().1.to_owned();
    let program = Program { child, url };
    program.get("/join?room=room-x&token=the-token-in-the-query");
    program.signal("TERM");
    let output = program.child.wait_with_output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.lines().count() > 0);
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(entry["message"].is_string() && entry["level"].is_string(), "{line}");
    }
    assert!(!log.contains("the-token-in-the-query"), "{log}");
}
