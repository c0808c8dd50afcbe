//! How the server is, in numbers: the Prometheus text format, on a listener of its own.
//!
//! It listens on the loopback address only, at `METRICS_PORT`, and is off when that is not set: what
//! is counted is nobody's business but the host's. Labels name workers, reasons and kinds, never
//! rooms or people.

mod text;

use std::{
    fs, io,
    net::Ipv4Addr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use rustix::{
    param::page_size,
    time::{ClockId, clock_gettime},
};
use tokio::net::TcpListener;

use self::text::{Kind, Text};
use crate::{
    AppState,
    http::listener,
    media::{MediaStatistics, WorkerReport},
};

/// Connections at a time: a collector or two, and somebody who looks.
pub(crate) const CONNECTIONS: usize = 8;

/// How long a worker has to answer. One that hangs does not, and shows by being absent.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens the port; 0 takes a free one.
///
/// # Errors
///
/// What the system says: the port is in use, or not ours to open.
pub fn bind(port: u16) -> io::Result<TcpListener> {
    listener::bind(Ipv4Addr::LOCALHOST.into(), port)
}

/// `/metrics`.
pub(crate) fn routes(app: AppState) -> Router {
    let started = SystemTime::now();
    Router::new().route("/metrics", get(metrics)).with_state((app, started))
}

async fn metrics(State((app, started)): State<(AppState, SystemTime)>) -> Response {
    let media = tokio::time::timeout(PATIENCE, app.media.statistics()).await;
    let mut text = Text::default();
    write_process(&mut text, started);
    write_rooms(&mut text, &app);
    // Without an answer of all in time none is shown; the places are known in any case.
    let media = media.unwrap_or_else(|_| MediaStatistics {
        places: app.media.places(),
        ..MediaStatistics::default()
    });
    write_places(&mut text, &media);
    write_workers(&mut text, &media.workers);
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], text.into_string()).into_response()
}

/// The names that client libraries of Prometheus have for these.
fn write_process(text: &mut Text, started: SystemTime) {
    let started = started.duration_since(UNIX_EPOCH).unwrap_or_default();
    let help = "Start of the process, in seconds since 1970.";
    text.one("process_start_time_seconds", Kind::Gauge, help, started.as_secs_f64());
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu = Duration::new(
        u64::try_from(cpu.tv_sec).unwrap_or_default(),
        u32::try_from(cpu.tv_nsec).unwrap_or_default(),
    );
    let help = "CPU time of all threads.";
    text.one("process_cpu_seconds_total", Kind::Counter, help, cpu.as_secs_f64());
    if let Some(bytes) = resident_bytes() {
        text.one("process_resident_memory_bytes", Kind::Gauge, "Memory in use.", bytes);
    }
    if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
        // The folder itself is open while it is read.
        let count = descriptors.count().saturating_sub(1) as u64;
        text.one("process_open_fds", Kind::Gauge, "Open files and sockets.", count);
    }
    if let Ok(limit) = rlimit::Resource::NOFILE.get_soft() {
        text.one("process_max_fds", Kind::Gauge, "How many there may be.", limit);
    }
}

/// The second field of `/proc/self/statm` (`proc_pid_statm(5)`), counted in pages.
fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(page_size() as u64)
}

fn write_rooms(text: &mut Text, app: &AppState) {
    let (participants, viewers) = app.rooms.people();
    let gauges = [
        ("rooms", "Rooms that exist, empty ones too.", app.rooms.len()),
        ("participants", "Participants, over all rooms.", participants),
        ("viewers", "Those who watch by WHEP.", viewers),
        ("signaling_sockets", "WebSockets that are open.", app.signaling.connections()),
        ("http_sessions", "Sessions of WHIP and WHEP.", app.sessions.len()),
        ("checks", "Connection tests under way.", app.checks.len()),
    ];
    for (name, help, count) in gauges {
        text.one(&format!("open_stream_{name}"), Kind::Gauge, help, count as u64);
    }
}

fn write_places(text: &mut Text, media: &MediaStatistics) {
    let name = "open_stream_worker_up";
    text.family(name, Kind::Gauge, "Whether there is a worker in this place.");
    for (worker, place) in media.places.iter().enumerate() {
        text.sample(name, &[("worker", &worker.to_string())], u64::from(place.lives));
    }
    let name = "open_stream_worker_restarts_total";
    text.family(name, Kind::Counter, "Workers that died and were replaced.");
    for (worker, place) in media.places.iter().enumerate() {
        text.sample(name, &[("worker", &worker.to_string())], place.restarts);
    }
}

fn write_workers(text: &mut Text, workers: &[WorkerReport]) {
    for (name, kind, help, value) in SECONDS {
        text.family(name, *kind, help);
        for report in workers {
            let worker = report.index.to_string();
            text.sample(name, &[("worker", &worker)], value(report).as_secs_f64());
        }
    }
    for (name, kind, help, value) in COUNTS {
        text.family(name, *kind, help);
        for report in workers {
            text.sample(name, &[("worker", &report.index.to_string())], value(report));
        }
    }
    for (name, kind, label, help, values) in LABELLED {
        text.family(name, *kind, help);
        for report in workers {
            let worker = report.index.to_string();
            for (which, value) in *values {
                text.sample(name, &[("worker", &worker), (label, which)], value(report));
            }
        }
    }
}

type Seconds = (&'static str, Kind, &'static str, fn(&WorkerReport) -> Duration);
type Count = (&'static str, Kind, &'static str, fn(&WorkerReport) -> u64);
type Labelled = (&'static str, Kind, &'static str, &'static str, &'static [(&'static str, Value)]);
type Value = fn(&WorkerReport) -> u64;

const SECONDS: &[Seconds] = &[
    (
        "open_stream_worker_cpu_seconds_total",
        Kind::Counter,
        "CPU time of the worker's thread.",
        |report| report.cpu,
    ),
    (
        "open_stream_worker_turn_seconds_total",
        Kind::Counter,
        "Time spent in turns, without waiting.",
        |report| report.turn_time,
    ),
    (
        "open_stream_worker_longest_turn_seconds",
        Kind::Gauge,
        "The longest turn since it was last asked for.",
        |report| report.longest_turn,
    ),
];

const COUNTS: &[Count] = &[
    ("open_stream_worker_turns_total", Kind::Counter, "Turns taken.", |report| report.turns),
    (
        "open_stream_worker_sends_total",
        Kind::Counter,
        "System calls that sent: fewer than datagrams, where these leave in runs.",
        |report| report.socket.sends,
    ),
    (
        "open_stream_worker_shed_sixteenths",
        Kind::Gauge,
        "How much is left out now because the worker cannot keep up.",
        |report| report.worker.shed,
    ),
    (
        "open_stream_worker_key_frames_requested_total",
        Kind::Counter,
        "Key frames asked for from publishers (PLI).",
        |report| report.worker.key_frames_requested,
    ),
];

const LABELLED: &[Labelled] = &[
    (
        "open_stream_worker_datagrams_total",
        Kind::Counter,
        "direction",
        "Datagrams of the worker's socket, and those it handed to the other workers.",
        &[
            ("received", |report| report.socket.datagrams_received),
            ("sent", |report| report.socket.datagrams_sent),
            ("handed_over", |report| report.exchange.datagrams_forwarded),
        ],
    ),
    (
        "open_stream_worker_bytes_total",
        Kind::Counter,
        "direction",
        "Bytes of the worker's datagrams.",
        &[
            ("received", |report| report.socket.bytes_received),
            ("sent", |report| report.socket.bytes_sent),
        ],
    ),
    (
        "open_stream_worker_rtp_packets_total",
        Kind::Counter,
        "direction",
        "RTP packets of producers, and to consumers.",
        &[
            ("received", |report| report.worker.rtp_received),
            ("sent", |report| report.worker.rtp_sent),
        ],
    ),
    (
        "open_stream_worker_nacked_packets_total",
        Kind::Counter,
        "direction",
        "Packets asked for again, by viewers and from publishers.",
        &[
            ("received", |report| report.worker.nacks_received),
            ("sent", |report| report.worker.nacks_sent),
        ],
    ),
    (
        "open_stream_worker_dropped_total",
        Kind::Counter,
        "reason",
        "Datagrams, packets and messages that went nowhere.",
        &[
            ("stranger", |report| report.worker.datagrams_refused),
            ("stun_refused", |report| report.worker.stun_refused),
            ("srtp_refused", |report| report.worker.srtp_refused),
            ("over_pace", |report| report.worker.rtp_over_pace),
            ("over_bitrate", |report| report.worker.rtp_over_bitrate),
            ("unclaimed", |report| report.worker.rtp_unclaimed),
            ("unsent", |report| report.worker.rtp_unsent),
            ("over_downlink", |report| report.worker.rtp_over_downlink),
            ("send_buffer_full", |report| report.socket.dropped_buffer_full),
            ("send_refused", |report| report.socket.dropped_refused),
            ("receive_error", |report| report.socket.receive_errors),
            ("other_worker_busy", |report| report.exchange.datagrams_dropped),
            ("stray", |report| report.strays_dropped),
            ("route_change", |report| report.exchange.changes_dropped),
            ("event", |report| report.events_dropped),
        ],
    ),
    (
        "open_stream_worker_queue_length",
        Kind::Gauge,
        "queue",
        "What waits in the worker's queues.",
        &[
            ("commands", |report| report.commands_waiting as u64),
            ("events", |report| report.events_waiting as u64),
            ("route_changes", |report| report.routes_waiting as u64),
        ],
    ),
    (
        "open_stream_worker_objects",
        Kind::Gauge,
        "kind",
        "What lives on the worker.",
        &[
            ("routers", |report| report.worker.routers),
            ("transports", |report| report.worker.transports),
            ("producers", |report| report.worker.producers),
            ("consumers", |report| report.worker.consumers),
            ("demux_entries", |report| report.worker.demux_entries),
        ],
    ),
];
