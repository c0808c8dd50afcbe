//! What the program says about itself, on standard error.
//!
//! The tag that a message starts with says what it is about: `[ROOM]`, `[SOCKET]`, `[TRANSPORT]`,
//! `[PRODUCE]` or `[CONSUME]`. `WORKER_LOG_LEVEL` rules the media threads, `LOG_LEVEL` the rest.
//! Ids are logged; names, tokens, addresses of people and session descriptions never are.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{LogConfig, LogFormat, LogLevel};

/// Where the messages of the media threads come from.
const WORKER_TARGETS: [&str; 2] = ["sfu", "open_stream::media"];

/// The protocol crates under the media threads. What they complain of is mostly what strangers or
/// odd clients send, so they are heard only by those who look for it.
const PROTOCOL_TARGETS: [&str; 5] = ["rtc_dtls", "rtc_shared", "rtc_srtp", "rtc_stun", "quinn_udp"];

/// Starts logging; a second call in one process changes nothing.
pub fn init(config: &LogConfig) {
    let filter = filter(config);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    // The only failure is that someone started logging before, and theirs is as good.
    let _ = match config.log_format {
        LogFormat::Text => registry.with(lines.with_target(false).with_ansi(false)).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
}

/// Libraries speak up only when the program itself is asked for its reasons.
fn filter(config: &LogConfig) -> Targets {
    let level = level(config.log_level);
    let libraries = if level > LevelFilter::INFO { level } else { level.min(LevelFilter::WARN) };
    let worker_level = self::level(config.worker_log_level);
    let workers = WORKER_TARGETS.map(|target| (target, worker_level));
    let is_asked_for = worker_level >= LevelFilter::DEBUG;
    let protocol_level = if is_asked_for { worker_level } else { LevelFilter::OFF };
    let protocols = PROTOCOL_TARGETS.map(|target| (target, protocol_level));
    Targets::new()
        .with_default(libraries)
        .with_target("open_stream", level)
        .with_target("frontend", level)
        .with_targets(workers)
        .with_targets(protocols)
}

const fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn filter_of(log_level: LogLevel, worker_log_level: LogLevel) -> Targets {
        filter(&LogConfig { log_level, worker_log_level, log_format: LogFormat::Text })
    }

    #[test]
    fn the_workers_have_a_level_of_their_own() {
        let filter = filter_of(LogLevel::Info, LogLevel::Debug);
        assert!(filter.would_enable("open_stream::rooms", &Level::INFO));
        assert!(!filter.would_enable("open_stream::rooms", &Level::DEBUG));
        assert!(filter.would_enable("sfu::transport", &Level::DEBUG));
        assert!(filter.would_enable("open_stream::media::worker", &Level::DEBUG));
        assert!(!filter.would_enable("sfu::transport", &Level::TRACE));
    }

    #[test]
    fn what_strangers_send_does_not_fill_the_log() {
        assert!(!filter_of(LogLevel::Debug, LogLevel::Info).would_enable("rtc_dtls", &Level::WARN));
        assert!(filter_of(LogLevel::Info, LogLevel::Debug).would_enable("rtc_dtls", &Level::WARN));
    }

    #[test]
    fn libraries_are_quiet_until_asked() {
        assert!(!filter_of(LogLevel::Info, LogLevel::Warn).would_enable("hyper", &Level::INFO));
        assert!(filter_of(LogLevel::Debug, LogLevel::Warn).would_enable("hyper", &Level::DEBUG));
        assert!(!filter_of(LogLevel::Off, LogLevel::Off).would_enable("hyper", &Level::ERROR));
    }
}
