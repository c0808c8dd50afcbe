//! The server's REST interface, as far as the page uses it.

use gloo::net::http::{Request, Response};
use serde::de::DeserializeOwned;
use shared::{
    error::ErrorCode,
    ids::RoomId,
    rest::{
        CheckRequest, CheckResponse, CreateRoomRequest, CreateRoomResponse, ParticipantsResponse,
        Problem, RoomResponse, RoomsResponse, UpdateRoomRequest,
    },
};

use crate::text::{self, Text, error};

/// Why a call gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The server said no, and why.
    #[error("refused: {0}")]
    Refused(ErrorCode),
    /// No answer, or none that can be read.
    #[error("the server cannot be reached")]
    Unreachable,
}

impl ApiError {
    /// One sentence for people.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Refused(code) => error::of(code),
            Self::Unreachable => text::UNREACHABLE,
        }
    }

    /// Whether the token that was shown opens nothing any more, however often it is shown.
    #[must_use]
    pub const fn refuses_token(self) -> bool {
        matches!(
            self,
            Self::Refused(
                ErrorCode::InviteInvalid
                    | ErrorCode::InviteExpired
                    | ErrorCode::InviteRevoked
                    | ErrorCode::Forbidden
            )
        )
    }

    /// Whether the same may succeed a little later.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        match self {
            Self::Unreachable => true,
            Self::Refused(code) => matches!(
                code,
                ErrorCode::TooMany
                    | ErrorCode::ServerBusy
                    | ErrorCode::ServerShutdown
                    | ErrorCode::Internal
            ),
        }
    }
}

impl From<gloo::net::Error> for ApiError {
    fn from(_: gloo::net::Error) -> Self {
        Self::Unreachable
    }
}

/// Opens a room where whoever knows only its id has to knock. The answer holds the host's token: it is secret.
///
/// # Errors
/// Says what the server refused, or that there was no answer.
pub async fn create_room(host_name: String) -> Result<CreateRoomResponse, ApiError> {
    let body = CreateRoomRequest {
        host_name,
        invite_only: None,
        lobby: Some(true),
        max_video_bitrate: None,
    };
    read(Request::post("/api/rooms").json(&body)?.send().await?).await
}

/// Looks a room up.
///
/// # Errors
/// Says what the server refused, or that there was no answer.
pub async fn room(id: &RoomId) -> Result<RoomResponse, ApiError> {
    read(Request::get(&format!("/api/rooms/{id}")).send().await?).await
}

/// Who is in a room, for those who have an invite to it.
///
/// # Errors
/// Says what the server refused, or that there was no answer.
pub async fn participants(id: &RoomId, token: &str) -> Result<ParticipantsResponse, ApiError> {
    let request = Request::get(&format!("/api/rooms/{id}/participants"));
    read(request.header("Authorization", &bearer(token)).send().await?).await
}

/// All rooms that the holder of `token` may see: the administrator every one, a host their own.
///
/// # Errors
/// Says what the server refused, or that there was no answer.
pub async fn rooms(token: &str) -> Result<RoomsResponse, ApiError> {
    read(Request::get("/api/rooms").header("Authorization", &bearer(token)).send().await?).await
}

/// Changes a room for the holder of `token`.
///
/// # Errors
/// Says what the server refused, or that there was no answer.
pub async fn update_room(
    id: &RoomId,
    token: &str,
    change: UpdateRoomRequest,
) -> Result<RoomResponse, ApiError> {
    let request = Request::patch(&format!("/api/rooms/{id}"));
    read(request.header("Authorization", &bearer(token)).json(&change)?.send().await?).await
}

/// Ends a room for everyone.
///
/// # Errors
/// Says what the server refused, or that there was no answer.
pub async fn end_room(id: &RoomId, token: &str) -> Result<(), ApiError> {
    let request = Request::delete(&format!("/api/rooms/{id}"));
    let response = request.header("Authorization", &bearer(token)).send().await?;
    if response.ok() { Ok(()) } else { Err(refused(response).await?) }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Has the server answer an offer that is made to try whether media comes through.
///
/// # Errors
/// Says what the server refused, or that there was no answer.
pub async fn check(offer: String) -> Result<CheckResponse, ApiError> {
    read(Request::post("/api/check").json(&CheckRequest { offer })?.send().await?).await
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ApiError> {
    if response.ok() {
        return Ok(response.json().await?);
    }
    Err(refused(response).await?)
}

async fn refused(response: Response) -> Result<ApiError, ApiError> {
    let problem: Problem = response.json().await?;
    Ok(ApiError::Refused(problem.code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_worth_another_try() {
        for (error, may_pass) in [
            (ApiError::Unreachable, true),
            (ApiError::Refused(ErrorCode::TooMany), true),
            (ApiError::Refused(ErrorCode::ServerBusy), true),
            (ApiError::Refused(ErrorCode::RoomNotFound), false),
        ] {
            assert_eq!(error.may_pass(), may_pass, "{error}");
        }
    }
}
