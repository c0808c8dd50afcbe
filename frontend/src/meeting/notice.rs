//! What the page tells people while a meeting runs, and why a meeting ended.

use std::net::SocketAddr;

use shared::error::ErrorCode;

use super::gear::Kind;

/// Why a camera or a microphone could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DeviceError {
    /// There is no such device.
    #[error("dev_none")]
    None,
    /// The person or the browser refused it.
    #[error("dev_denied")]
    Denied,
    /// Another program holds it.
    #[error("dev_busy")]
    Busy,
    /// The page is neither `https` nor on localhost, so the browser shows no devices at all.
    #[error("insecure_ctx")]
    InsecureContext,
}

impl DeviceError {
    /// The error of a `DOMException` name that `getUserMedia` rejects with.
    #[must_use]
    pub fn from_exception_name(name: &str) -> Self {
        match name {
            "NotAllowedError" | "SecurityError" | "PermissionDeniedError" => Self::Denied,
            "NotReadableError" | "AbortError" | "TrackStartError" => Self::Busy,
            _ => Self::None,
        }
    }
}

/// Something to tell the person without leaving the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The connection was lost; this is the try, counted from one.
    Reconnecting(u32),
    /// The connection is back.
    Resumed,
    /// The browser refused to play sound before a click.
    Autoplay,
    /// A device could not be opened.
    Device(DeviceError),
    /// One's own link is weak, so less is asked of it; the button asks for still less.
    NetWeak(Relief),
    /// One's own computer is busy, likewise.
    CpuWeak(Relief),
    /// Only the largest picture is received, as one wished.
    Thrifty,
    /// A device is gone, and another of its kind is used.
    DeviceReplaced(Kind),
    /// A device was plugged in.
    DeviceFound(Kind),
    /// The person speaks, and nobody hears it.
    SpeaksMuted,
    /// The microphone is on, and gives nothing.
    MicSilent,
    /// One's own picture takes more than it may, and the others see it with gaps.
    PictureTooLarge,
    /// The server, or a media connection, reported this.
    Server(ErrorCode),
    /// Nobody's media reaches the server at this address.
    Unreachable(SocketAddr),
}

/// What helps a link, or a computer, that is weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relief {
    /// Not to send one's own picture.
    CameraOff,
    /// To receive the largest picture only.
    ReceiveLess,
}

/// What the button of a [`Notice`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeAction {
    /// Calls `Session::allow_sound`: play the sound, now that there was a click.
    AllowSound,
    /// Calls `Session::retry`: try at once.
    Retry,
    /// Turns one's own camera off.
    CameraOff,
    /// Calls `Session::receive_less`: only the largest picture.
    ReceiveLess,
    /// The same, back to all pictures.
    ReceiveAll,
    /// Calls `Session::dismiss`: the notice has been read.
    Dismiss,
    /// Calls `Session::use_newcomer`: the device that was plugged in is used.
    UseDevice(Kind),
    /// Calls `Session::set_microphone`: the person wants to be heard.
    Unmute,
    /// Opens the settings of the devices.
    OpenSettings,
}

impl Notice {
    /// For programs: `reconnecting`, `resumed`, `autoplay`, `dev_denied`, `ice_no_path`, ….
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reconnecting(_) => "reconnecting",
            Self::Resumed => "resumed",
            Self::Autoplay => "autoplay",
            Self::Device(DeviceError::None) => "dev_none",
            Self::Device(DeviceError::Denied) => "dev_denied",
            Self::Device(DeviceError::Busy) => "dev_busy",
            Self::Device(DeviceError::InsecureContext) => "insecure_ctx",
            Self::NetWeak(_) => "net_weak",
            Self::CpuWeak(_) => "cpu_weak",
            Self::Thrifty => "receive_less",
            Self::DeviceReplaced(_) => "dev_replaced",
            Self::DeviceFound(_) => "dev_found",
            Self::SpeaksMuted => "speaks_muted",
            Self::MicSilent => "mic_silent",
            Self::PictureTooLarge => "limit_exceeded",
            Self::Server(code) => code.as_str(),
            Self::Unreachable(_) => "ice_server",
        }
    }

    /// What its button does.
    #[must_use]
    pub const fn action(self) -> NoticeAction {
        match self {
            Self::Autoplay => NoticeAction::AllowSound,
            Self::Reconnecting(_) | Self::Server(ErrorCode::IceNoPath) | Self::Unreachable(_) => {
                NoticeAction::Retry
            }
            Self::NetWeak(Relief::CameraOff) | Self::CpuWeak(Relief::CameraOff) => {
                NoticeAction::CameraOff
            }
            Self::NetWeak(Relief::ReceiveLess) | Self::CpuWeak(Relief::ReceiveLess) => {
                NoticeAction::ReceiveLess
            }
            Self::Thrifty => NoticeAction::ReceiveAll,
            Self::DeviceFound(kind) => NoticeAction::UseDevice(kind),
            Self::SpeaksMuted => NoticeAction::Unmute,
            Self::MicSilent | Self::DeviceReplaced(_) => NoticeAction::OpenSettings,
            Self::Resumed | Self::Device(_) | Self::PictureTooLarge | Self::Server(_) => {
                NoticeAction::Dismiss
            }
        }
    }
}

/// Why a meeting is over for this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The person left.
    Left,
    /// The host removed the person.
    Kicked,
    /// The server did not let the person in, or no longer; [`ErrorCode::Replaced`] is among these.
    Refused(ErrorCode),
    /// The server could not be reached for minutes.
    Unreachable,
}

impl EndReason {
    /// For programs: `left`, `kicked`, `unreachable`, or the server's own code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Kicked => "kicked",
            Self::Refused(code) => code.as_str(),
            Self::Unreachable => "unreachable",
        }
    }

    /// Whether the invite that was shown lets in nobody any more, however often it is shown.
    #[must_use]
    pub const fn refuses_invite(self) -> bool {
        matches!(
            self,
            Self::Refused(
                ErrorCode::InviteInvalid
                    | ErrorCode::InviteExpired
                    | ErrorCode::InviteRevoked
                    | ErrorCode::InviteUsedUp
            )
        )
    }

    /// What one can do to come in after all, where that can succeed.
    #[must_use]
    pub const fn way_back(self) -> Option<WayBack> {
        match self {
            Self::Left | Self::Unreachable => Some(WayBack::Rejoin),
            Self::Kicked => None,
            Self::Refused(_) if self.refuses_invite() => Some(WayBack::Knock),
            Self::Refused(code) => match code {
                ErrorCode::Replaced
                | ErrorCode::RoomFull
                | ErrorCode::RoomLocked
                | ErrorCode::LobbyFull
                | ErrorCode::ServerBusy
                | ErrorCode::TooMany
                | ErrorCode::TicketInvalid
                | ErrorCode::Internal => Some(WayBack::Rejoin),
                ErrorCode::ClientOld => Some(WayBack::Reload),
                _ => None,
            },
        }
    }
}

/// What one can do to come in after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WayBack {
    /// Join again.
    Rejoin,
    /// Knock, without the invite that was refused.
    Knock,
    /// Load the page anew: it is older than the server.
    Reload,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_device_is_told_from_a_missing_and_a_busy_one() {
        for (name, error) in [
            ("NotFoundError", DeviceError::None),
            ("OverconstrainedError", DeviceError::None),
            ("NotAllowedError", DeviceError::Denied),
            ("NotReadableError", DeviceError::Busy),
        ] {
            assert_eq!(DeviceError::from_exception_name(name), error, "{name}");
        }
    }

    #[test]
    fn whoever_is_not_let_in_is_offered_what_can_help() {
        for (code, way_back) in [
            (ErrorCode::InviteExpired, Some(WayBack::Knock)),
            (ErrorCode::InviteInvalid, Some(WayBack::Knock)),
            (ErrorCode::InviteRevoked, Some(WayBack::Knock)),
            (ErrorCode::InviteUsedUp, Some(WayBack::Knock)),
            (ErrorCode::InviteRequired, None),
            (ErrorCode::ClientOld, Some(WayBack::Reload)),
            (ErrorCode::LobbyFull, Some(WayBack::Rejoin)),
            (ErrorCode::RoomLocked, Some(WayBack::Rejoin)),
            (ErrorCode::RoomNotFound, None),
        ] {
            assert_eq!(EndReason::Refused(code).way_back(), way_back, "{code}");
        }
        assert!(!EndReason::Refused(ErrorCode::RoomFull).refuses_invite());
    }

    #[test]
    fn a_notice_and_its_error_name_the_same_code() {
        for error in [
            DeviceError::None,
            DeviceError::Denied,
            DeviceError::Busy,
            DeviceError::InsecureContext,
        ] {
            assert_eq!(Notice::Device(error).code(), error.to_string());
        }
    }
}
