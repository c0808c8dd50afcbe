//! Everything in short, and a verdict: what was asked of this server, and what this machine can do.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{
    BenchError,
    args::{JoinStormArgs, Profile, VOICE, camera},
    cpu::Cores,
    floor::{self, Floor},
    join_storm::{self, JoinStormReport},
    load::message::{Plan, Stream},
    meeting::{self, Meeting},
    progress::Progress,
    report::FlowReport,
    stage::Stage,
};

/// What the publisher of a bare fan-out sends.
const PACKETS: Stream = Stream { rate: 1000, burst: 1, bytes: 1100 };
/// Of a room of fifty everyone sees small tiles: what the smallest layer of a camera sends.
const TILE_KBPS: u32 = 150;
/// The search for the capacity: rooms, viewers in each, and how long each step takes.
const CAPACITY_ROOMS: u16 = 10;
const CAPACITY_VIEWERS: u16 = 60;
const STEP: Duration = Duration::from_secs(2);
/// Packets that each publisher sends in a second at first: 180,000 for all viewers. Each step is a
/// quarter more.
const FIRST_RATE: u32 = 300;
/// The most steps; without a failure they lead to two million packets.
const STEPS: u32 = 12;
/// How often what is held to may fail before it counts as failed: a virtual machine stands still for
/// some milliseconds now and then, which is not the server's doing.
const TRIES: u32 = 3;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct SuiteReport {
    /// One publisher, fifty receivers, single packets.
    pub single: FlowReport,
    /// The same with pictures of four packets.
    pub pictures: FlowReport,
    /// Two hundred people in rooms of four.
    pub machine: FlowReport,
    /// A room of fifty.
    pub room: FlowReport,
    /// One publisher, three hundred viewers.
    pub viewers: FlowReport,
    /// Two hundred join within a second.
    pub storm: JoinStormReport,
    /// The highest load that held.
    pub capacity: FlowReport,
    /// Whether fifty people meet in one room.
    pub fifty_in_a_room: Verdict,
    /// Whether two hundred people meet on this machine.
    pub two_hundred_on_the_machine: Verdict,
}

/// Whether it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was.
    Yes,
    /// It was not.
    No,
    /// It was not, and the clients may be why.
    Unknown,
}

impl Verdict {
    fn of(report: &FlowReport) -> Self {
        match (report.holds(), report.clients_saturated) {
            (true, _) => Self::Yes,
            (false, false) => Self::No,
            (false, true) => Self::Unknown,
        }
    }
}

/// Measures; each part for so many seconds, with this share of the people.
///
/// # Errors
///
/// [`BenchError`] says what was in the way.
pub(super) fn measure(cores: Cores, seconds: u16, percent: u16) -> Result<SuiteReport, BenchError> {
    let floor = floor::measure(usize::from(PACKETS.bytes), Profile::Gcm.into(), cores)?;
    let flow = |meeting: Meeting| meeting.measure_over(floor, cores, seconds);
    let share = |people: u16, least: u16| (people * percent / 100).max(least);
    // First, because memory that other parts had would be used again.
    let storm = join_storm::measure(
        cores,
        &JoinStormArgs {
            joins: share(200, 4),
            over_ms: 1000,
            size: 4,
            idle_seconds: seconds,
            profile: Profile::Gcm,
        },
    )?;
    let held = |meeting: &Meeting| {
        let mut report = flow(meeting.clone())?;
        for _ in 1..TRIES {
            if report.holds() {
                break;
            }
            report = flow(meeting.clone())?;
        }
        Ok::<_, BenchError>(report)
    };
    let machine = held(&rooms(share(50, 1), 4, 1000, Profile::Gcm))?;
    let room = held(&rooms(1, share(50, 3), TILE_KBPS, Profile::Gcm))?;
    let pictures = Stream { burst: 4, ..PACKETS };
    Ok(SuiteReport {
        single: flow(fanout(share(50, 2), PACKETS, Profile::Gcm))?,
        pictures: flow(fanout(share(50, 2), pictures, Profile::Gcm))?,
        viewers: flow(viewers(share(300, 2), 1000, Profile::Gcm))?,
        storm,
        capacity: capacity(floor, cores, share(CAPACITY_ROOMS, 1), share(CAPACITY_VIEWERS, 2))?,
        fifty_in_a_room: Verdict::of(&room),
        two_hundred_on_the_machine: Verdict::of(&machine),
        machine,
        room,
    })
}

/// One publisher to many receivers.
pub(super) fn fanout(receivers: u16, camera: Stream, profile: Profile) -> Meeting {
    let Stream { rate, burst, bytes } = camera;
    Meeting {
        title: format!("1 → {receivers}, {rate} packets/s in bursts of {burst}, {bytes} bytes"),
        rooms: 1,
        people: receivers + 1,
        publishers: 1,
        camera: Some(camera),
        voice: None,
        profile,
    }
}

/// One publisher with camera and voice, and many viewers.
pub(super) fn viewers(viewers: u16, kbps: u32, profile: Profile) -> Meeting {
    Meeting {
        title: format!("1 → {viewers}, a camera of {kbps} kbit/s and a voice"),
        rooms: 1,
        people: viewers + 1,
        publishers: 1,
        camera: camera(kbps),
        voice: Some(VOICE),
        profile,
    }
}

/// Rooms in which everyone sends and receives.
pub(super) fn rooms(rooms: u16, size: u16, kbps: u32, profile: Profile) -> Meeting {
    Meeting {
        title: format!("{rooms} rooms of {size}, cameras of {kbps} kbit/s and voices"),
        rooms,
        people: size,
        publishers: size,
        camera: camera(kbps),
        voice: Some(VOICE),
        profile,
    }
}

/// Looks for the highest load that is served without loss and in time.
fn capacity(
    floor: Floor,
    cores: Cores,
    rooms: u16,
    viewers: u16,
) -> Result<FlowReport, BenchError> {
    let title = format!("the highest load that held, {rooms} × 1 → {viewers}");
    let meeting = Meeting { rooms, title, ..fanout(viewers, PACKETS, Profile::Gcm) };
    meeting::run(async {
        let _progress = Progress::start("searching the capacity", STEP * 2 * STEPS);
        let stage = Stage::start(cores, Profile::Gcm)?;
        let setup = meeting.seat_measured(&stage).await?;
        let (mut rate, mut best, mut failed) = (FIRST_RATE, None, 0);
        for _ in 0..STEPS {
            let camera = Some(Stream { rate, burst: 4, ..PACKETS });
            let plan = Plan { camera, voice: None, warm_up: STEP / 2, measured: STEP };
            let report = FlowReport::new(&meeting, &setup, 0, &stage.flow(plan).await?, floor);
            let holds = report.holds();
            if holds || best.is_none() {
                best = Some(report);
            }
            if holds {
                (rate, failed) = (rate + rate / 4, 0);
                continue;
            }
            failed += 1;
            if failed == TRIES {
                break;
            }
        }
        stage.close().await;
        best.ok_or(BenchError::Load("the search had no step"))
    })
}

impl fmt::Display for SuiteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { single, pictures, machine, room, viewers, capacity, .. } = self;
        let flows = [single, pictures, machine, room, viewers, capacity];
        writeln!(
            f,
            "{:<52} {:>9} {:>6} {:>7} {:>7} {:>6}",
            "", "packets/s", "µs", "× floor", "lost %", "p99 ms"
        )?;
        for flow in flows {
            #[expect(clippy::cast_precision_loss, reason = "microseconds are far below 2^53")]
            let p99_ms = flow.latency_us.p99 as f64 / 1e3;
            writeln!(
                f,
                "{:<52} {:>9.0} {:>6.2} {:>7.2} {:>7.3} {:>6.1}",
                flow.scenario,
                flow.packets_per_second,
                flow.cpu_us_per_packet,
                flow.times_floor,
                flow.lost_percent,
                p99_ms,
            )?;
        }
        write!(f, "{}", self.storm)?;
        writeln!(f, "50 people in a room: {}", self.fifty_in_a_room)?;
        writeln!(f, "200 people on this machine: {}", self.two_hundred_on_the_machine)?;
        writeln!(
            f,
            "capacity: {:.0} packets/s at {:.0} % of a core, so {:.0} packets/s and core{}",
            capacity.packets_per_second,
            capacity.server_core_percent,
            capacity.packets_per_core_second,
            if capacity.clients_saturated { "; the clients could not keep their pace" } else { "" },
        )
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "not shown: the clients could not keep their pace",
        })
    }
}
