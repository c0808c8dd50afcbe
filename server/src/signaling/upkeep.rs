//! What happens without a request: the reports of the media workers, and time.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use sfu::command::TransportFailure;
use shared::{error::ErrorCode, ids::TransportId};
use tokio::{sync::mpsc, time::MissedTickBehavior};

use super::reach::{Finding, unreachable};
use crate::{App, AppState, media::MediaEvent};

/// How often rooms are told the time: how late a lost participant may be given up.
const TICK: Duration = Duration::from_millis(500);

/// Starts both; they end with the program's shutdown.
pub(super) fn start(app: &AppState) {
    let shutdown = &app.shutdown;
    shutdown.spawn(tell_time(Arc::clone(app)));
    if let Some(events) = app.media.events() {
        shutdown.spawn(take_reports(Arc::clone(app), events));
    }
}

async fn tell_time(app: AppState) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let discarded = app.rooms.handle_timeout(Instant::now());
                app.carry_out(discarded).await;
                app.keep_links_fresh(SystemTime::now());
            }
            () = app.shutdown.begun() => return,
        }
    }
}

async fn take_reports(app: AppState, mut events: mpsc::Receiver<MediaEvent>) {
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => app.take_report(event),
                None => return,
            },
            () = app.shutdown.begun() => return,
        }
    }
}

impl App {
    fn take_report(&self, event: MediaEvent) {
        match event {
            MediaEvent::TransportConnected { transport_id } => {
                self.signaling.reach.note_connected();
                tracing::info!(%transport_id, "[TRANSPORT] {transport_id} connected");
            }
            // The room knows itself what the transport carried.
            MediaEvent::TransportFailed { transport_id, reason, .. } => {
                self.take_failure(transport_id, reason);
            }
            MediaEvent::LayersWanted { router_id, producer_id, layers } => {
                if let Some(room) = self.rooms.room_of_router(router_id) {
                    room.lock().handle_layers_wanted(producer_id, layers);
                }
            }
            MediaEvent::LimitExceeded { router_id, producer_id } => {
                if let Some(room) = self.rooms.room_of_router(router_id) {
                    room.lock().handle_limit_exceeded(producer_id);
                }
            }
            MediaEvent::ConsumerLayer { router_id, consumer_id, layer } => {
                if let Some(room) = self.rooms.room_of_router(router_id) {
                    room.lock().handle_consumer_layer(consumer_id, layer);
                }
            }
            MediaEvent::ActiveSpeakers { router_id, producers } => {
                if let Some(room) = self.rooms.room_of_router(router_id) {
                    room.lock().handle_active_speakers(&producers);
                }
            }
            MediaEvent::WorkerGone { routers } => {
                self.rooms.handle_router_loss(|router_id| routers.contains(&router_id));
            }
        }
    }

    fn take_failure(&self, transport_id: TransportId, reason: TransportFailure) {
        tracing::info!(%transport_id, ?reason, "[TRANSPORT] {transport_id} failed");
        // That of a trial says something about the caller's network only.
        let Some(room) = self.rooms.room_of_transport(transport_id) else { return };
        if reason == TransportFailure::NoPath
            && self.signaling.reach.note_unreached() == Finding::NobodyReachesUs
        {
            self.tell_unreachable();
        }
        room.lock().handle_transport_failure(transport_id, failure_code(reason));
        self.rooms.forget_transport(transport_id);
    }
}

impl App {
    /// Says in the log, and to whoever runs a meeting, that nobody's media reaches us.
    fn tell_unreachable(&self) {
        let addresses = self.media.candidates();
        tracing::warn!("[TRANSPORT] {}", unreachable(addresses));
        let Some(address) = addresses.first() else { return };
        for room in self.rooms.all() {
            room.lock().tell_unreachable(*address);
        }
    }
}

const fn failure_code(reason: TransportFailure) -> ErrorCode {
    match reason {
        TransportFailure::NoPath
        | TransportFailure::HandshakeTimeout
        | TransportFailure::ConsentExpired => ErrorCode::IceNoPath,
        TransportFailure::HandshakeFailed => ErrorCode::SdpInvalid,
        TransportFailure::ClosedByPeer => ErrorCode::TransportNotFound,
    }
}
