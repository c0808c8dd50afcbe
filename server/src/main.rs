//! The program: settings in, a server out, an exit code at the end.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, error::ErrorKind};
use open_stream::{
    Running, bench,
    config::{Cli, Command, Config, env_file},
    logging,
    shutdown::{Finish, Shutdown},
    start::StartError,
};
use tokio::signal::unix::{SignalKind, signal};

/// How long sockets and requests have to end once the program is asked to; with the second the
/// media workers have, it exits within ten.
const PATIENCE: Duration = Duration::from_secs(7);

/// How long what still runs after that may hold up the exit.
const ABANDON: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to be told when even this cannot be written.
            let _ = writeln!(io::stderr(), "open-stream: {error}");
            error.exit_code()
        }
    }
}

fn run() -> Result<ExitCode, StartError> {
    // Before there is any other thread: it changes the environment.
    env_file::load(Path::new(".env"))?;
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return answer_or_refuse(&error),
    };
    if let Some(Command::Bench(args)) = &cli.command {
        bench::run(args, &mut io::stdout().lock()).map_err(StartError::Bench)?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = cli.into_config();
    logging::init(&config.log);
    let runtime = tokio::runtime::Runtime::new().map_err(StartError::System)?;
    let result = runtime.block_on(serve(config));
    runtime.shutdown_timeout(ABANDON);
    result.map(|()| ExitCode::SUCCESS)
}

/// `--help` and `--version` are answers; a bad value is named in one line; whoever cannot type the
/// command is shown how.
fn answer_or_refuse(error: &clap::Error) -> Result<ExitCode, StartError> {
    const EX_USAGE: u8 = 64;
    match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            Err(StartError::Setting(line.trim_start_matches("error: ").to_owned()))
        }
        kind => {
            let _ = error.print();
            let is_answer = matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            Ok(if is_answer { ExitCode::SUCCESS } else { ExitCode::from(EX_USAGE) })
        }
    }
}

async fn serve(config: Config) -> Result<(), StartError> {
    let shutdown = Shutdown::new();
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::System)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::System)?;
    let running = open_stream::serve(config, shutdown.clone()).await?;
    announce(&running).map_err(StartError::System)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    shutdown.begin();
    match running.finish(PATIENCE).await {
        Finish::Complete => tracing::info!("stopped"),
        Finish::Abandoned(tasks) => tracing::warn!(tasks, "stopped, {tasks} tasks had not ended"),
    }
    Ok(())
}

/// The first line on standard output says where to go.
fn announce(running: &Running) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "Open Stream is listening on {}", running.local_url())?;
    out.flush()
}
