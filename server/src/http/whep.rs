//! WHEP (draft-ietf-wish-whep): whoever posts an offer with an invite watches the room, or one
//! participant of it, without being in it.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Path, Request, State},
    response::Response,
};
use sfu::{
    command::{Command, CommandReply},
    transport::sdp::{Direction as MediaDirection, OfferedKind, OfferedMedia, RemoteOffer},
};
use shared::{error::ErrorCode, ids::TransportId, media::MediaKind, signaling::Direction};
use tokio::sync::Notify;

use super::{
    errors::{ApiError, text_body},
    origin::ClientAddress,
    rooms::AskedRoom,
    sessions::{self, Caller, Created, SDP, sdp_invalid, unsupported},
};
use crate::{
    App, AppState,
    rooms::{
        SharedRoom,
        room::Room,
        session::HttpSession,
        viewer::{Subject, ViewChange, ViewLine, Viewer},
    },
};

/// How long an overloaded worker is given before the next try to show something.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

const NOTHING_RECEIVED: &str = "The offer receives nothing.";
const NOT_BUNDLED: &str = "Every m-line must share one transport: BUNDLE, SRTP and rtcp-mux.";
const NOT_RECEIVED: &str = "Every m-line must be recvonly.";
const NO_CODEC: &str = "An m-line has no codec that is forwarded here.";
const NO_MEDIA: &str = "Only audio and video can be watched.";

/// `POST /whep/{room}`.
pub(super) async fn watch_room(
    State(app): State<AppState>,
    client: ClientAddress,
    AskedRoom(room_id): AskedRoom,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = app.admit_caller(room_id.as_ref(), request.headers(), client)?;
    watch(app, caller, Subject::Everyone, request).await
}

/// `POST /whep/{room}/{participant}`.
pub(super) async fn watch_participant(
    State(app): State<AppState>,
    client: ClientAddress,
    Path((room_id, participant_id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = app.admit_caller(room_id.parse().ok().as_ref(), request.headers(), client)?;
    let participant_id = participant_id.parse().map_err(|_| ErrorCode::NotFound)?;
    watch(app, caller, Subject::Participant(participant_id), request).await
}

async fn watch(
    app: AppState,
    caller: Caller,
    subject: Subject,
    request: Request,
) -> Result<Response, ApiError> {
    let sdp = text_body(request, SDP).await?;
    let offer = RemoteOffer::parse(&sdp).map_err(|error| sdp_invalid(&error))?;
    let lines = lines(&offer)?;
    let ufrag = offer.transport.map(|end| end.ice.ufrag);
    let ufrag = ufrag.ok_or_else(|| unsupported(NOTHING_RECEIVED))?;
    let session = app.new_session(&caller, ufrag)?;
    let room = caller.room.clone();
    let making = take_seat(Arc::clone(&app), caller, (session, subject, lines), sdp);
    sessions::make(app, room, making).await
}

/// The m-lines of an offer that only receives.
fn lines(offer: &RemoteOffer) -> Result<Vec<ViewLine>, ApiError> {
    let live = offer.media.iter().filter(|media| !media.stopped);
    let lines = live.map(line).collect::<Result<Vec<_>, _>>()?;
    if lines.is_empty() { Err(unsupported(NOTHING_RECEIVED)) } else { Ok(lines) }
}

fn line(media: &OfferedMedia) -> Result<ViewLine, ApiError> {
    let kind = match media.kind {
        OfferedKind::Audio => MediaKind::Audio,
        OfferedKind::Video => MediaKind::Video,
        OfferedKind::Application | OfferedKind::Other => return Err(unsupported(NO_MEDIA)),
    };
    match media.direction {
        MediaDirection::RecvOnly | MediaDirection::SendRecv => {}
        MediaDirection::SendOnly | MediaDirection::Inactive => {
            return Err(unsupported(NOT_RECEIVED));
        }
    }
    if media.codecs.is_empty() {
        return Err(unsupported(NO_CODEC));
    }
    let mid = media.mid.filter(|_| media.bundled).ok_or_else(|| unsupported(NOT_BUNDLED))?;
    let codecs = media.codecs.iter().map(|offered| offered.codec).collect();
    Ok(ViewLine { mid: mid.as_str().to_owned(), kind, codecs, shown: None })
}

/// Adds the viewer to the room, answers the offer, and has its m-lines kept filled.
async fn take_seat(
    app: AppState,
    caller: Caller,
    (session, subject, lines): (HttpSession, Subject, Vec<ViewLine>),
    sdp: String,
) -> Result<Created, ApiError> {
    let (session_id, etag) = (session.id().to_owned(), session.etag());
    let transport_id = app.rooms.next_transport_id();
    let room_id = caller.invite.room.clone();
    let viewer = Viewer::new(session, caller.invite, transport_id, (subject, lines));
    let room = caller.room;
    let enter = |room: &mut Room| {
        let entered = room.add_viewer(viewer);
        app.rooms.keep(room);
        entered
    };
    let wake = app.bring_in(&room, enter).await.map_err(ApiError::refused)?;
    app.rooms.index_transport(transport_id, &room);
    match app.connect_viewer(&room, transport_id, sdp).await {
        Ok(sdp) => {
            tracing::info!(%transport_id, "[TRANSPORT] {transport_id} of a viewer created");
            let keeping = keep_filled(Arc::clone(&app), room, session_id.clone(), wake);
            app.shutdown.spawn(keeping);
            Ok(Created { protocol: "whep", room_id, session_id, etag, sdp })
        }
        Err(code) => {
            app.end_session(&room, &session_id).await;
            app.rooms.forget_transport(transport_id);
            Err(code.into())
        }
    }
}

/// Keeps the m-lines of a viewer filled, until they are gone.
async fn keep_filled(app: AppState, room: SharedRoom, session_id: String, wake: Arc<Notify>) {
    loop {
        let changes = room.lock().view_changes(&session_id);
        let Some(changes) = changes else { return };
        for change in changes {
            if app.show(&room, &session_id, change).await == Err(ErrorCode::ServerBusy) {
                tokio::time::sleep(RETRY_PAUSE).await;
                wake.notify_one();
            }
        }
        tokio::select! {
            () = wake.notified() => {}
            () = app.shutdown.begun() => return,
        }
    }
}

impl App {
    async fn connect_viewer(
        &self,
        room: &SharedRoom,
        transport_id: TransportId,
        sdp: String,
    ) -> Result<String, ErrorCode> {
        let router_id = room.lock().router_id().ok_or(ErrorCode::TransportNotFound)?;
        let direction = Direction::Recv;
        let create = Command::CreateTransport { router_id, transport_id, direction };
        self.command_in(room, create).await?;
        match self.command_in(room, Command::AcceptOffer { transport_id, sdp }).await? {
            CommandReply::Description(sdp) => Ok(sdp),
            _ => Err(ErrorCode::Internal),
        }
    }

    /// Lets an m-line of a viewer show what it should.
    async fn show(
        &self,
        room: &SharedRoom,
        session_id: &str,
        ViewChange { mid, show, now }: ViewChange,
    ) -> Result<(), ErrorCode> {
        let Some(producer_id) = show else {
            if let Some(consumer_id) = now {
                self.command_in(room, Command::CloseConsumer { consumer_id }).await?;
            }
            room.lock().note_shown(session_id, &mid, None);
            return Ok(());
        };
        let transport_id = room.lock().transport_of_session(session_id);
        let transport_id = transport_id.ok_or(ErrorCode::TransportNotFound)?;
        let consumer_id = self.rooms.next_consumer_id();
        let feed = Command::Feed { transport_id, mid: mid.clone(), consumer_id, producer_id };
        self.command_in(room, feed).await?;
        tracing::debug!(%consumer_id, %producer_id, "[CONSUME] {consumer_id} of {producer_id}");
        room.lock().note_shown(session_id, &mid, Some((consumer_id, producer_id)));
        Ok(())
    }
}
