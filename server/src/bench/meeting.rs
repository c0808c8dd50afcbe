//! Rooms full of people, and what it costs to serve them.

use std::time::Duration;

use shared::ids::RouterId;
use tokio::task::JoinSet;

use super::{
    BenchError,
    args::Profile,
    cpu::{self, Cores, ProcessTime},
    floor::{self, Floor},
    kernel,
    load::message::{Plan, Stream, Tracks},
    progress::Progress,
    report::{FlowReport, Setup},
    stage::Stage,
};

/// How long the flow runs before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// Who is where, and what they send.
#[derive(Debug, Clone)]
pub(super) struct Meeting {
    /// What it is, in words.
    pub(super) title: String,
    pub(super) rooms: u16,
    /// People in a room.
    pub(super) people: u16,
    /// How many of them send; everyone receives what the others send.
    pub(super) publishers: u16,
    pub(super) camera: Option<Stream>,
    pub(super) voice: Option<Stream>,
    pub(super) profile: Profile,
}

impl Meeting {
    /// Seats everyone, lets media flow for so long, and measures.
    ///
    /// # Errors
    ///
    /// [`BenchError`] says what was in the way.
    pub(super) fn measure(&self, cores: Cores, seconds: u16) -> Result<FlowReport, BenchError> {
        let bytes = self.camera.or(self.voice).map_or(0, |stream| usize::from(stream.bytes));
        let floor = floor::measure(bytes, self.profile.into(), cores)?;
        self.measure_over(floor, cores, seconds)
    }

    /// The same, with a floor that was measured before.
    pub(super) fn measure_over(
        &self,
        floor: Floor,
        cores: Cores,
        seconds: u16,
    ) -> Result<FlowReport, BenchError> {
        let measured = Duration::from_secs(seconds.into());
        run(async {
            let _progress = Progress::start(&self.title, WARM_UP + measured);
            let stage = Stage::start(cores, self.profile)?;
            let setup = self.seat_measured(&stage).await?;
            let plan = Plan { camera: self.camera, voice: self.voice, warm_up: WARM_UP, measured };
            let flow = stage.flow(plan).await?;
            let memory = kernel::resident_bytes()?.saturating_sub(setup.memory_before);
            stage.close().await;
            Ok(FlowReport::new(self, &setup, memory, &flow, floor))
        })
    }

    /// Seats everyone, and measures what that costs.
    pub(super) async fn seat_measured(&self, stage: &Stage) -> Result<Setup, BenchError> {
        let memory_before = kernel::resident_bytes()?;
        let (process, own) = (ProcessTime::now()?, cpu::thread_time());
        self.seat(stage).await?;
        let spent = ProcessTime::now()?.since(process).total;
        let own = cpu::thread_time().saturating_sub(own);
        Ok(Setup { memory_before, connect_cpu: spent.saturating_sub(own) })
    }

    /// How many receive what one sends.
    pub(super) fn receivers(&self) -> u64 {
        u64::from(self.people.saturating_sub(1))
    }

    /// Everybody.
    pub(super) fn participants(&self) -> u64 {
        u64::from(self.rooms) * u64::from(self.people)
    }

    async fn seat(&self, stage: &Stage) -> Result<(), BenchError> {
        let mut seating = JoinSet::new();
        for room in 0..self.rooms {
            let (stage, meeting) = (stage.clone(), self.clone());
            seating.spawn(async move { meeting.seat_room(&stage, RouterId(room.into())).await });
        }
        while let Some(seated) = seating.join_next().await {
            seated.map_err(|_| BenchError::Load("a room was not seated"))??;
        }
        Ok(())
    }

    async fn seat_room(&self, stage: &Stage, room: RouterId) -> Result<(), BenchError> {
        let tracks = Tracks { camera: self.camera.is_some(), voice: self.voice.is_some() };
        stage.open(room).await?;
        let mut published = Vec::new();
        for _ in 0..self.publishers {
            let publication = stage.publish(room, tracks, false).await?;
            published.push(stage.published(publication).await?);
        }
        for person in 0..usize::from(self.people) {
            let others = published.iter().enumerate().filter(|(number, _)| *number != person);
            let producers: Vec<_> = others.flat_map(|(_, producers)| producers.clone()).collect();
            if !producers.is_empty() {
                let reception = stage.receive(room, &producers).await?;
                stage.received(room, reception).await?;
            }
        }
        Ok(())
    }
}

/// Runs a scenario on this thread.
pub(super) fn run<T>(
    scenario: impl Future<Output = Result<T, BenchError>>,
) -> Result<T, BenchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(scenario)
}
