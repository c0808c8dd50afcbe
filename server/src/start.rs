//! Why the program did not start, in one line, with the exit code that says so to scripts.

use std::{io, net::SocketAddr, process::ExitCode};

use crate::{
    bench::BenchError,
    config::{SecretError, env_file::EnvFileError},
    media::MediaStartError,
};

/// Why the program did not start. Each text is one line that names the setting to change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `.env` is broken.
    #[error(transparent)]
    EnvFile(#[from] EnvFileError),
    /// A setting has a value it cannot have.
    #[error("{0}")]
    Setting(String),
    /// There is no good secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The data folder cannot be used.
    #[error("DATA_DIR: the folder of the rooms cannot be used: {0}")]
    Rooms(#[source] io::Error),
    /// The page's port cannot be opened.
    #[error("{address} (HOST, PORT) {}", port_trouble(source))]
    Port {
        /// Where it was to be.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The port of the numbers cannot be opened.
    #[error("port {port} (METRICS_PORT) {}", port_trouble(source))]
    MetricsPort {
        /// `METRICS_PORT`.
        port: u16,
        /// Why not.
        source: io::Error,
    },
    /// The machine's addresses cannot be read.
    #[error("the machine's own addresses cannot be read; set PUBLIC_IP: {0}")]
    Addresses(#[source] io::Error),
    /// Media cannot be served.
    #[error(transparent)]
    Media(#[from] MediaStartError),
    /// There is no measurement.
    #[error(transparent)]
    Bench(BenchError),
    /// The operating system refused something it always grants.
    #[error("the operating system refused to start the server: {0}")]
    System(#[source] io::Error),
}

impl StartError {
    /// The exit code of `sysexits.h`.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        const EX_UNAVAILABLE: u8 = 69;
        const EX_SOFTWARE: u8 = 70;
        const EX_OSERR: u8 = 71;
        const EX_CANTCREAT: u8 = 73;
        const EX_IOERR: u8 = 74;
        const EX_NOPERM: u8 = 77;
        const EX_CONFIG: u8 = 78;

        let of_port = |error: &io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => EX_UNAVAILABLE,
            io::ErrorKind::PermissionDenied => EX_NOPERM,
            io::ErrorKind::AddrNotAvailable => EX_CONFIG,
            _ => EX_OSERR,
        };
        ExitCode::from(match self {
            Self::EnvFile(_) | Self::Setting(_) => EX_CONFIG,
            Self::Secret(
                SecretError::Sample | SecretError::TooShort(_) | SecretError::AdminTooShort(_),
            ) => EX_CONFIG,
            Self::Secret(SecretError::Folder { .. }) => EX_CANTCREAT,
            Self::Secret(SecretError::File { .. } | SecretError::Damaged(_)) | Self::Rooms(_) => {
                EX_IOERR
            }
            Self::Port { source, .. } | Self::MetricsPort { source, .. } => of_port(source),
            Self::Media(MediaStartError::PortInUse { .. }) => EX_UNAVAILABLE,
            Self::Media(MediaStartError::Bind { source, .. }) => of_port(source),
            Self::Media(MediaStartError::NoAddress | MediaStartError::Workers(_)) => EX_CONFIG,
            Self::Media(MediaStartError::Identity(_) | MediaStartError::Thread(_)) => EX_OSERR,
            Self::Addresses(_) | Self::System(_) => EX_OSERR,
            Self::Bench(_) => EX_SOFTWARE,
        })
    }
}

fn port_trouble(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "is in use by another program".to_owned(),
        io::ErrorKind::AddrNotAvailable => "is not an address of this machine".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "may not be opened: ports under 1024 need a right of their own".to_owned()
        }
        _ => format!("cannot be opened: {error}"),
    }
}
