//! A light WebRTC client: what it takes to be served by an SFU, and nothing else.
//!
//! | type | what it is |
//! |---|---|
//! | [`ClientIdentity`] | the certificate that many clients may share |
//! | [`ClientLeg`] | one ICE + DTLS + SRTP leg as a state machine without I/O |
//! | [`LightClient`] | a leg with a socket |
//! | [`SendTrack`] | a stream of packets out of it |

mod light;
mod track;

use std::{io, time::Duration};

use sfu::transport::{dtls::DtlsError, srtp::SrtpError};
pub use sfu::{
    DtlsIdentity as ClientIdentity,
    client::{ClientLeg, Incoming, LegError, LocalTrack, ServerEnd},
};

pub use self::{
    light::{LightClient, Woken},
    track::{MAX_PAYLOAD, SendTrack, write_vp8},
};

/// Why a client does not get on.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The leg failed.
    #[error(transparent)]
    Leg(#[from] LegError),
    /// The client has no certificate.
    #[error("the certificate cannot be made: {0}")]
    Identity(#[from] DtlsError),
    /// Media needs a connection.
    #[error("the leg is not connected")]
    NotConnected,
    /// Not connected in time.
    #[error("not connected within {0:?}")]
    Deadline(Duration),
    /// The keys do not fit.
    #[error("media encryption failed: {0}")]
    Srtp(#[from] SrtpError),
    /// The socket failed.
    #[error("the client's socket failed: {0}")]
    Socket(#[from] io::Error),
}
