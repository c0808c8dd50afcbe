//! The one list of error codes: signaling replies, REST problems and the page share it.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)+) => {
        /// What went wrong, for programs; [`ErrorCode::text`] says it to people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $code)] $name,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it is written on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// One English sentence for people.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

error_codes! {
    /// The token is malformed, of another room, or not signed by this server.
    InviteInvalid = "invite_invalid", "This invite link is not valid; ask for it again.";
    /// The token's time has passed.
    InviteExpired = "invite_expired", "This invite link has expired; ask for a new one.";
    /// The host withdrew the token.
    InviteRevoked = "invite_revoked", "The host withdrew this invite.";
    /// The token let in as many as it may.
    InviteUsedUp = "invite_used_up", "This invite link was used as often as it may be; ask for a new one.";
    /// The room admits invites only, and none was given.
    InviteRequired = "invite_required", "This meeting needs an invite link; ask the host for it.";
    /// The caller's rights do not reach this far.
    Forbidden = "forbidden", "You may not do this here.";
    /// No such room, or no more.
    RoomNotFound = "room_not_found", "No meeting here; it may have ended.";
    /// Every place is taken.
    RoomFull = "room_full", "Every place in this meeting is taken.";
    /// The host locked the room.
    RoomLocked = "room_locked", "The host locked the meeting.";
    /// A host removed this participant.
    Kicked = "kicked", "The host removed you from the meeting.";
    /// A host ended the meeting for everyone.
    MeetingEnded = "meeting_ended", "The host ended the meeting.";
    /// A host does not let in who knocked.
    KnockRefused = "knock_refused", "The host did not let you in.";
    /// As many knock as may wait.
    LobbyFull = "lobby_full", "Too many people wait to be let in; try again soon.";
    /// The chat message is empty or too long.
    ChatInvalid = "chat_invalid", "Write 1 to 2000 characters.";
    /// The named participant is not in this room.
    ParticipantNotFound = "participant_not_found", "This person is no longer here.";
    /// The named knock is not waiting in this room.
    KnockNotFound = "knock_not_found", "This person no longer waits to be let in.";
    /// The named invite is not one of this room's.
    InviteNotFound = "invite_not_found", "This invite no longer exists.";
    /// The name is empty or too long.
    NameInvalid = "name_invalid", "Give a name of 1 to 64 characters.";
    /// A request that needs a room came before `join`.
    NotJoined = "not_joined", "Join the meeting first.";
    /// `join` came a second time on one socket.
    AlreadyJoined = "already_joined", "This connection has already joined.";
    /// Another socket took this participant over.
    Replaced = "replaced", "You joined from another window.";
    /// The ticket of a reconnect is malformed, expired or of another server.
    TicketInvalid = "ticket_invalid", "The meeting could not be resumed; join again.";
    /// The named transport is not one of this participant's.
    TransportNotFound = "transport_not_found", "This media connection no longer exists.";
    /// A participant has one transport in each direction, and this one exists.
    TransportExists = "transport_exists", "This media connection exists already.";
    /// The transport's state or direction does not allow this.
    TransportState = "transport_state", "The media connection is not ready for this.";
    /// The session description could not be read or used.
    SdpInvalid = "sdp_invalid", "The session description could not be used.";
    /// Media did not connect within the deadline.
    IceNoPath = "ice_no_path", "The server cannot be reached for media. Check the connection.";
    /// The named producer is not in this room.
    ProducerNotFound = "producer_not_found", "This stream no longer exists.";
    /// The participant publishes this source already.
    ProducerExists = "producer_exists", "This source is already being sent.";
    /// The named consumer is not one of this participant's.
    ConsumerNotFound = "consumer_not_found", "This stream no longer exists.";
    /// The receiver has none of the producer's codecs.
    CodecMismatch = "codec_mismatch", "Your browser cannot show this stream's format.";
    /// The message is not one of the protocol's.
    BadRequest = "bad_request", "The request could not be understood.";
    /// The path is not one of the server's.
    NotFound = "not_found", "There is nothing at this address.";
    /// The path is known, the method is not.
    MethodNotAllowed = "method_not_allowed", "This address does not do that.";
    /// The body is over its bound.
    BodyTooLarge = "body_too_large", "The request is too large.";
    /// The body is not of the type this address takes.
    UnsupportedMediaType = "unsupported_media_type", "This address takes another content type.";
    /// The offer is sound, and asks for what this server does not do (WHIP and WHEP).
    OfferUnsupported = "offer_unsupported", "The server cannot do what the offer asks for.";
    /// A change of an ICE session did not say which one it means (WHIP and WHEP).
    PreconditionRequired = "precondition_required", "Say with If-Match which state you know.";
    /// The ICE session is not the one the change was meant for (WHIP and WHEP).
    PreconditionFailed = "precondition_failed", "The session is not in the state you know any more.";
    /// A bound on how often or how many.
    TooMany = "too_many", "Too many requests; wait a moment.";
    /// The server is at capacity.
    ServerBusy = "server_busy", "The server is at capacity; try again soon.";
    /// The server is about to stop.
    ServerShutdown = "server_shutdown", "The server restarts; you will be reconnected.";
    /// The page is older than the server.
    ClientOld = "client_old", "The app was updated; reload the page.";
    /// A fault of the server's own.
    Internal = "internal", "Something went wrong on the server.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_written_as_its_own_name() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{code}\""));
        }
    }
}
