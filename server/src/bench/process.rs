//! The process with the clients, as the scenarios see it.

use std::{
    collections::HashMap,
    io::BufReader,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::oneshot;

use super::{
    BenchError,
    load::message::{self, FromLoad, ToLoad},
};

/// The clients. They end with it.
pub(super) struct Load {
    process: Child,
    input: Mutex<ChildStdin>,
    waiting: Arc<Mutex<Waiting>>,
}

/// Something the clients will say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Awaited {
    Description(u64),
    Connected(u64),
    Measuring,
    Done,
}

/// Who waits for what; none once the clients are gone.
type Waiting = Option<HashMap<Awaited, oneshot::Sender<FromLoad>>>;

impl Load {
    /// Starts the process; its clients run on `core`.
    pub(super) fn start(core: usize) -> Result<Self, BenchError> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["bench", "load", "--core", &core.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (input, output) = pipes.ok_or(BenchError::Load("it has no pipes"))?;
        let waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        let heard = Arc::clone(&waiting);
        let listen = move || listen(BufReader::new(output), &heard);
        thread::Builder::new().name("load".to_owned()).spawn(listen)?;
        Ok(Self { process, input: Mutex::new(input), waiting })
    }

    /// Sends a message.
    pub(super) fn tell(&self, message: &ToLoad) -> Result<(), BenchError> {
        message::write(&mut *lock(&self.input), message)
    }

    /// What the clients will say; to be called before they are told what makes them say it.
    pub(super) fn expect(&self, awaited: Awaited) -> Answer {
        let (sender, receiver) = oneshot::channel();
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.insert(awaited, sender);
        }
        Answer(receiver)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It ends by itself when its pipes close; one that hangs must not outlive its scenario.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Something the clients have been asked.
#[derive(Debug)]
pub(super) struct Answer(oneshot::Receiver<FromLoad>);

impl Answer {
    /// Waits for it.
    ///
    /// # Errors
    ///
    /// When the client failed, or the process ended.
    pub(super) async fn get(self) -> Result<FromLoad, BenchError> {
        match self.0.await {
            Ok(FromLoad::Failed { reason, .. }) => Err(BenchError::Leg(reason)),
            Ok(message) => Ok(message),
            Err(_) => Err(BenchError::Load("it ended")),
        }
    }
}

/// Hands what the clients say to who waits for it.
fn listen(mut output: BufReader<ChildStdout>, waiting: &Mutex<Waiting>) {
    while let Ok(Some(message)) = message::read::<FromLoad>(&mut output) {
        let mut waiting = lock(waiting);
        let Some(waiting) = waiting.as_mut() else { return };
        let awaited = match &message {
            FromLoad::Description { leg, .. } => Awaited::Description(*leg),
            FromLoad::Connected { leg } | FromLoad::Failed { leg, .. } => Awaited::Connected(*leg),
            FromLoad::Measuring => Awaited::Measuring,
            FromLoad::Done(_) => Awaited::Done,
        };
        if let Some(sender) = waiting.remove(&awaited) {
            // Who gave up waiting needs no answer.
            let _ = sender.send(message);
        }
    }
    *lock(waiting) = None;
}

/// Locks what is consistent after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
