//! A session of WHIP or WHEP: what stands for a socket when somebody comes over HTTP.

use std::fmt;

use shared::error::ErrorCode;
use tokio::sync::OwnedSemaphorePermit;

use crate::random;

/// A session, named by an id that only its creator was told. It is kept by the room, with what it
/// is the session of, and ends with that.
pub struct HttpSession {
    id: String,
    /// The token it was made with. No other changes or ends it; this one may also when its time
    /// has passed, for who came in may always go.
    token: Box<str>,
    /// The client's end of the ICE session.
    client_ufrag: String,
    /// How many ICE sessions there have been.
    ice_sessions: u32,
    /// One of the server's places for sessions.
    _place: OwnedSemaphorePermit,
}

/// What a change of an ICE session asks for (RFC 9725 section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceChange {
    /// More candidates for the session there is.
    Trickle,
    /// A new session.
    Restart,
}

impl HttpSession {
    /// A new session for the one who showed `token`, and whose offer had `client_ufrag`.
    #[must_use]
    pub fn new(token: &str, client_ufrag: String, place: OwnedSemaphorePermit) -> Self {
        let id = random::token_id();
        Self { id, token: token.into(), client_ufrag, ice_sessions: 1, _place: place }
    }

    /// Its name in the address of its resource.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The entity tag of its ICE session (RFC 9110 section 8.8.3).
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"ice-{}\"", self.ice_sessions)
    }

    /// Lets only the one who made the session go on.
    ///
    /// # Errors
    ///
    /// The token is another one.
    pub fn admit(&self, token: &str) -> Result<(), ErrorCode> {
        (*self.token == *token).then_some(()).ok_or(ErrorCode::Forbidden)
    }

    /// What a change asks for, whose fragment names the client's end `ufrag`.
    ///
    /// # Errors
    ///
    /// `if_match` is missing, or is not of the ICE session there is (RFC 6585 section 3, RFC 9110
    /// section 13.1.1).
    pub fn change(
        &self,
        if_match: Option<&str>,
        ufrag: Option<&str>,
    ) -> Result<IceChange, ErrorCode> {
        let wanted = if_match.ok_or(ErrorCode::PreconditionRequired)?;
        // The examples of RFC 9725 have the asterisk in quotes.
        let is_any = matches!(wanted.trim(), "*" | "\"*\"");
        if !is_any && !wanted.split(',').any(|tag| tag.trim() == self.etag()) {
            return Err(ErrorCode::PreconditionFailed);
        }
        let is_new = ufrag.is_some_and(|ufrag| ufrag != self.client_ufrag);
        Ok(if is_new { IceChange::Restart } else { IceChange::Trickle })
    }

    /// Begins a new ICE session, of the client's end `ufrag`.
    pub fn restart(&mut self, ufrag: String) {
        self.client_ufrag = ufrag;
        self.ice_sessions = self.ice_sessions.saturating_add(1);
    }
}

impl fmt::Debug for HttpSession {
    /// Keeps what its creator alone knows out of every log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSession")
            .field("ice_sessions", &self.ice_sessions)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    fn session() -> HttpSession {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        HttpSession::new("the token", "abcd".to_owned(), place)
    }

    #[test]
    fn only_the_token_it_was_made_with_opens_it() {
        assert_eq!(session().admit("the token"), Ok(()));
        assert_eq!(session().admit("another"), Err(ErrorCode::Forbidden));
    }

    #[test]
    fn candidates_need_the_tag_of_the_ice_session() {
        let session = session();
        let change = |if_match| session.change(if_match, Some("abcd"));
        assert_eq!(change(None), Err(ErrorCode::PreconditionRequired));
        assert_eq!(change(Some("\"ice-2\"")), Err(ErrorCode::PreconditionFailed));
        assert_eq!(change(Some("W/\"ice-1\"")), Err(ErrorCode::PreconditionFailed));
        assert_eq!(change(Some("\"ice-1\"")), Ok(IceChange::Trickle));
        assert_eq!(change(Some("\"ice-0\", \"ice-1\"")), Ok(IceChange::Trickle));
        assert_eq!(session.change(Some("\"ice-1\""), None), Ok(IceChange::Trickle));
    }

    #[test]
    fn another_end_of_the_client_is_a_restart() {
        let mut session = session();
        for if_match in ["*", "\"*\"", "\"ice-1\""] {
            assert_eq!(session.change(Some(if_match), Some("efgh")), Ok(IceChange::Restart));
        }
        session.restart("efgh".to_owned());
        assert_eq!(session.etag(), "\"ice-2\"");
        assert_eq!(session.change(Some("*"), Some("efgh")), Ok(IceChange::Trickle));
    }

    #[test]
    fn it_shows_nobody_its_secrets() {
        let shown = format!("{:?}", session());
        assert!(!shown.contains("token") && !shown.contains("abcd"), "{shown}");
    }
}
