//! WHIP (RFC 9725): whoever posts an offer with an invite publishes into the room, as a participant
//! like any other.

use axum::{
    extract::{Query, Request, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use sfu::transport::sdp::{Direction as MediaDirection, OfferedKind, OfferedMedia, RemoteOffer};
use shared::{
    error::ErrorCode,
    media::{RtpCapabilities, Source},
    signaling::{Direction, Produce},
};

use super::{
    errors::{ApiError, text_body},
    origin::ClientAddress,
    rooms::AskedRoom,
    sessions::{self, Caller, Created, SDP, sdp_invalid, unsupported},
};
use crate::{
    AppState,
    invites::Ticket,
    rooms::{
        checked_name,
        room::{Arrival, Departure, Entrant, Pass, Room, Seat},
        session::HttpSession,
    },
    signaling::Place,
};

/// The name of a publisher that gives none.
const DEFAULT_NAME: &str = "WHIP";

/// What the sources of an offer are taken for, in the order of its m-lines.
const AUDIO_SOURCES: [Source; 2] = [Source::Microphone, Source::ScreenAudio];
const VIDEO_SOURCES: [Source; 2] = [Source::Camera, Source::Screen];

/// What may be said in the address.
#[derive(Debug, Deserialize)]
pub(super) struct Options {
    name: Option<String>,
}

/// An m-line that is published.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Track {
    mid: String,
    source: Source,
}

/// `POST /whip/{room}`.
pub(super) async fn publish(
    State(app): State<AppState>,
    client: ClientAddress,
    AskedRoom(room_id): AskedRoom,
    options: Result<Query<Options>, QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = app.admit_caller(room_id.as_ref(), request.headers(), client)?;
    let Query(Options { name }) = options.map_err(|_| ErrorCode::BadRequest)?;
    let name = checked_name(name.as_deref().unwrap_or(DEFAULT_NAME))?.to_owned();
    let sdp = text_body(request, SDP).await?;
    let offer = RemoteOffer::parse(&sdp).map_err(|error| sdp_invalid(&error))?;
    let tracks = tracks(&offer)?;
    let ufrag =
        offer.transport.map(|end| end.ice.ufrag).ok_or_else(|| unsupported(NOTHING_SENT))?;
    let session = app.new_session(&caller, ufrag)?;
    let room = caller.room.clone();
    let making = come_in(app.clone(), caller, name, session, (sdp, tracks));
    sessions::make(app, room, making).await
}

const NOTHING_SENT: &str = "The offer sends nothing.";
const NOT_BUNDLED: &str = "Every m-line must share one transport: BUNDLE, SRTP and rtcp-mux.";
const NOT_SENT: &str = "Every m-line must be sendonly.";
const NO_CODEC: &str = "An m-line has no codec that is forwarded here.";
const NO_MEDIA: &str = "Only audio and video can be published.";
const TOO_MANY: &str = "At most two m-lines of audio and two of video can be published.";

/// What an offer publishes; all of it or nothing (RFC 9725 section 4.4.3).
fn tracks(offer: &RemoteOffer) -> Result<Vec<Track>, ApiError> {
    let (mut audio, mut video) = (AUDIO_SOURCES.into_iter(), VIDEO_SOURCES.into_iter());
    let live = offer.media.iter().filter(|media| !media.stopped);
    let tracks = live.map(|media| {
        let source = match media.kind {
            OfferedKind::Audio => audio.next(),
            OfferedKind::Video => video.next(),
            OfferedKind::Application | OfferedKind::Other => return Err(unsupported(NO_MEDIA)),
        };
        track(media, source.ok_or_else(|| unsupported(TOO_MANY))?)
    });
    let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
    if tracks.is_empty() { Err(unsupported(NOTHING_SENT)) } else { Ok(tracks) }
}

fn track(media: &OfferedMedia, source: Source) -> Result<Track, ApiError> {
    match media.direction {
        MediaDirection::SendOnly | MediaDirection::SendRecv => {}
        MediaDirection::RecvOnly | MediaDirection::Inactive => return Err(unsupported(NOT_SENT)),
    }
    if media.codecs.is_empty() {
        return Err(unsupported(NO_CODEC));
    }
    let mid = media.mid.filter(|_| media.bundled).ok_or_else(|| unsupported(NOT_BUNDLED))?;
    Ok(Track { mid: mid.as_str().to_owned(), source })
}

/// Makes the publisher a participant, with all it sends.
async fn come_in(
    app: AppState,
    caller: Caller,
    display_name: String,
    session: HttpSession,
    (sdp, tracks): (String, Vec<Track>),
) -> Result<Created, ApiError> {
    let (session_id, etag) = (session.id().to_owned(), session.etag());
    let connection = app.signaling.next_connection();
    let ticket = Ticket::of_invite(caller.invite, &display_name);
    let room_id = ticket.room.clone();
    let seat = Seat { participant_id: ticket.participant.clone(), connection };
    let entrant = Entrant {
        ticket,
        pass: Pass::Invite,
        capabilities: RtpCapabilities::default(),
        connection,
        transports: Vec::new(),
        arrival: Arrival::Http { session },
    };
    let enter = |room: &mut Room| {
        let entered = room.enter(entrant);
        app.rooms.keep(room);
        entered
    };
    app.bring_in(&caller.room, enter).await.map_err(ApiError::refused)?;
    let participant_id = &seat.participant_id;
    tracing::info!(%participant_id, "[ROOM] {participant_id} came in by WHIP");
    let place = Place { app, room: caller.room, seat };
    match send(&place, sdp, tracks).await {
        Ok(sdp) => Ok(Created { protocol: "whip", room_id, session_id, etag, sdp }),
        Err(code) => {
            place.leave(Departure::Left).await;
            Err(code.into())
        }
    }
}

/// Answers the offer and publishes its m-lines.
async fn send(place: &Place, sdp: String, tracks: Vec<Track>) -> Result<String, ErrorCode> {
    let transport_id = place.open_transport(Direction::Send).await?;
    let answer = place.answer_offer(transport_id, sdp).await?;
    for Track { mid, source } in tracks {
        let produce = Produce { transport_id, mid, source, paused: false };
        place.publish(produce, |_| ()).await?;
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An offer with the m-lines `media`, each `(kind, codec, direction)`.
    fn offer(media: &[(&str, &str, &str)]) -> RemoteOffer {
        use std::fmt::Write;

        let mids: String = (0..media.len()).map(|mid| format!(" {mid}")).collect();
        let mut sdp = format!("v=0\r\na=group:BUNDLE{mids}\r\na=setup:actpass\r\n");
        sdp.push_str("a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdefghijkl\r\n");
        writeln!(sdp, "a=fingerprint:sha-256 {}", ["AB"; 32].join(":")).unwrap();
        for (mid, (kind, codec, direction)) in media.iter().enumerate() {
            write!(
                sdp,
                "m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\na=rtcp-mux\r\n\
                 a={direction}\r\na=rtpmap:96 {codec}\r\n"
            )
            .unwrap();
        }
        RemoteOffer::parse(&sdp).unwrap()
    }

    const OPUS: &str = "opus/48000/2";
    const VP8: &str = "VP8/90000";

    #[test]
    fn the_first_of_a_kind_is_the_person_the_second_a_screen() {
        let offer = offer(&[
            ("audio", OPUS, "sendonly"),
            ("video", VP8, "sendrecv"),
            ("video", VP8, "sendonly"),
            ("audio", OPUS, "sendonly"),
        ]);
        let sources: Vec<_> =
            tracks(&offer).unwrap().into_iter().map(|track| (track.mid, track.source)).collect();
        let expected = [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio];
        let expected: Vec<_> =
            expected.into_iter().zip(0..).map(|(source, mid)| (format!("{mid}"), source)).collect();
        assert_eq!(sources, expected);
    }

    #[test]
    fn what_cannot_all_be_published_is_refused_as_a_whole() {
        for (media, why) in [
            (&[][..], NOTHING_SENT),
            (&[("video", VP8, "sendonly"), ("audio", "PCMU/8000", "sendonly")], NO_CODEC),
            (&[("video", VP8, "recvonly")], NOT_SENT),
            (&[("video", VP8, "inactive")], NOT_SENT),
            (&[("application", VP8, "sendonly")], NO_MEDIA),
            (&[("audio", OPUS, "sendonly"); 3], TOO_MANY),
        ] {
            assert_eq!(tracks(&offer(media)), Err(unsupported(why)), "{media:?}");
        }
    }
}
