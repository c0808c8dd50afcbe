//! Errors of the REST interface: RFC 9457 problem details, one code from the shared list each.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, Json, Request, rejection::JsonRejection},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use shared::{error::ErrorCode, rest::Problem};

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// What the REST interface answers when it does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    code: ErrorCode,
    detail: Option<String>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// An error with a sentence about this occurrence. It must not repeat what the caller sent.
    #[must_use]
    pub fn with_detail(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::from(code) }
    }

    /// Too many requests; the next one is welcome after `wait`.
    #[must_use]
    pub fn too_many(wait: Duration) -> Self {
        // Rounded up: whoever waits as long as they were told is not refused again.
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        let header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
        Self { header, ..Self::from(ErrorCode::TooMany) }
    }

    /// No right to be here was shown, or none that counts (RFC 6750 section 3).
    #[must_use]
    pub fn unauthorized(code: ErrorCode) -> Self {
        let header = Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        Self { header, ..Self::from(code) }
    }

    /// What somebody showed does not let them in, or not here.
    #[must_use]
    pub fn refused(code: ErrorCode) -> Self {
        if status(code) == StatusCode::UNAUTHORIZED {
            Self::unauthorized(code)
        } else {
            code.into()
        }
    }

    /// The code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    fn problem(&self) -> Problem {
        Problem {
            kind: "about:blank".to_owned(),
            title: self.code.text().to_owned(),
            status: status(self.code).as_u16(),
            detail: self.detail.clone(),
            code: self.code,
        }
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self { code, detail: None, header: None }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (status(self.code), Json(self.problem())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.header);
        response
    }
}

/// The status of each code, also of those that so far only signaling uses.
#[must_use]
pub const fn status(code: ErrorCode) -> StatusCode {
    use ErrorCode as E;

    match code {
        E::InviteInvalid | E::InviteExpired | E::InviteRevoked | E::InviteRequired => {
            StatusCode::UNAUTHORIZED
        }
        E::InviteUsedUp | E::TicketInvalid | E::NotJoined => StatusCode::UNAUTHORIZED,
        E::Forbidden | E::Kicked | E::KnockRefused => StatusCode::FORBIDDEN,
        E::RoomNotFound | E::NotFound => StatusCode::NOT_FOUND,
        E::TransportNotFound | E::ProducerNotFound | E::ConsumerNotFound => StatusCode::NOT_FOUND,
        E::ParticipantNotFound | E::KnockNotFound | E::InviteNotFound => StatusCode::NOT_FOUND,
        E::MeetingEnded => StatusCode::GONE,
        E::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        E::AlreadyJoined | E::Replaced | E::TransportExists => StatusCode::CONFLICT,
        E::TransportState | E::ProducerExists | E::CodecMismatch => StatusCode::CONFLICT,
        E::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        E::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        E::BadRequest | E::NameInvalid | E::ChatInvalid | E::SdpInvalid => StatusCode::BAD_REQUEST,
        E::OfferUnsupported => StatusCode::UNPROCESSABLE_ENTITY,
        E::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        E::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        E::RoomLocked => StatusCode::LOCKED,
        E::TooMany => StatusCode::TOO_MANY_REQUESTS,
        E::ClientOld => StatusCode::UPGRADE_REQUIRED,
        E::RoomFull | E::LobbyFull | E::ServerBusy | E::ServerShutdown => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        E::IceNoPath => StatusCode::GATEWAY_TIMEOUT,
        E::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A JSON body; what is wrong with it becomes an [`ApiError`].
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match tokio::time::timeout(BODY_TIMEOUT, Json::from_request(request, state)).await {
            Ok(Ok(Json(body))) => Ok(Self(body)),
            Ok(Err(rejection)) => Err(bad_body(&rejection)),
            Err(_) => Err(ApiError::with_detail(ErrorCode::BadRequest, "The body took too long.")),
        }
    }
}

/// Reads a body of text of the type `media_type`, whatever parameters are named with it.
///
/// # Errors
///
/// The body is of another type, too large, no UTF-8, or does not arrive in time.
pub async fn text_body(request: Request, media_type: &str) -> Result<String, ApiError> {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case(media_type) {
        let detail = format!("The body must be {media_type}.");
        return Err(ApiError::with_detail(ErrorCode::UnsupportedMediaType, detail));
    }
    let bytes = match tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return Err(ErrorCode::BodyTooLarge.into());
        }
        Ok(Err(_)) => return Err(ErrorCode::BadRequest.into()),
        Err(_) => {
            return Err(ApiError::with_detail(ErrorCode::BadRequest, "The body took too long."));
        }
    };
    let text = String::from_utf8(bytes.into());
    text.map_err(|_| ApiError::with_detail(ErrorCode::BadRequest, "The body is not UTF-8."))
}

fn bad_body(rejection: &JsonRejection) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::BodyTooLarge.into(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType.into(),
        StatusCode::UNPROCESSABLE_ENTITY => {
            let detail = "The body is JSON, but its fields are not the ones this address needs.";
            ApiError::with_detail(ErrorCode::BadRequest, detail)
        }
        _ => ApiError::with_detail(ErrorCode::BadRequest, "The body is not valid JSON."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_an_error_of_http_too() {
        for code in ErrorCode::ALL {
            let status = status(*code);
            assert!(status.is_client_error() || status.is_server_error(), "{code}");
        }
    }

    #[test]
    fn the_wait_is_rounded_up() {
        for (wait, seconds) in [(0, "0"), (1, "1"), (1000, "1"), (1001, "2")] {
            let response = ApiError::too_many(Duration::from_millis(wait)).into_response();
            assert_eq!(response.headers()[RETRY_AFTER], seconds, "{wait} ms");
        }
    }
}
