//! Records one's own microphone for a moment and plays it back: what do the others hear of me?

use std::{cell::RefCell, fmt, rc::Rc};

use gloo::timers::callback::Interval;
use js_sys::Array;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    BlobEvent, Event, HtmlAudioElement, MediaRecorder, MediaStream, MediaStreamTrack,
    RecordingState, Url,
};

use super::sound;

/// Seconds that are recorded.
pub const SECONDS: u32 = 3;

/// How far a test of the microphone has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EchoState {
    /// It has not begun, or is over.
    #[default]
    Idle,
    /// Records, for so many seconds more.
    Recording(u32),
    /// Plays what was recorded.
    Playing,
    /// The browser does not record, or not play.
    Failed,
    /// There is no microphone open to record.
    NoMicrophone,
}

type Report = Rc<dyn Fn(EchoState)>;

/// A test of the microphone under way. Dropping it ends it.
pub struct Echo {
    recorder: MediaRecorder,
    track: MediaStreamTrack,
    player: Rc<RefCell<Option<Player>>>,
    _countdown: Interval,
    _on_data: Closure<dyn FnMut(BlobEvent)>,
}

/// Plays the recording.
struct Player {
    element: HtmlAudioElement,
    url: String,
    _on_ended: Closure<dyn FnMut(Event)>,
}

impl Echo {
    /// Begins to record; `report` hears how it goes on from there.
    ///
    /// # Errors
    /// The browser does not record sound.
    pub(super) fn new(
        microphone: &MediaStreamTrack,
        report: impl Fn(EchoState) + 'static,
    ) -> Result<Self, JsValue> {
        // The browser's clone, which a mute of the other one does not silence.
        let track = microphone.clone();
        track.set_enabled(true);
        let stream = MediaStream::new_with_tracks(&Array::of1(&track))?;
        let recorder = MediaRecorder::new_with_media_stream(&stream)?;
        let report: Report = Rc::new(report);
        let player = Rc::default();
        let on_data = playing(&player, &report);
        recorder.set_ondataavailable(Some(on_data.as_ref().unchecked_ref()));
        recorder.start()?;
        let countdown = counting_down(recorder.clone(), report);
        Ok(Self { recorder, track, player, _countdown: countdown, _on_data: on_data })
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo").field("recorder", &self.recorder.state()).finish_non_exhaustive()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.recorder.set_ondataavailable(None);
        if self.recorder.state() != RecordingState::Inactive {
            // It records nothing that anybody waits for.
            drop(self.recorder.stop());
        }
        self.track.stop();
        drop(self.player.take());
    }
}

/// Stops the recorder when it is time, whereupon it gives what it has.
fn counting_down(recorder: MediaRecorder, report: Report) -> Interval {
    report(EchoState::Recording(SECONDS));
    let mut left = SECONDS;
    Interval::new(1_000, move || {
        left = left.saturating_sub(1);
        if left > 0 {
            report(EchoState::Recording(left));
        } else if recorder.state() == RecordingState::Recording {
            // One that stopped by itself has given what it has.
            drop(recorder.stop());
        }
    })
}

/// What to do with the recording.
fn playing(player: &Rc<RefCell<Option<Player>>>, report: &Report) -> Closure<dyn FnMut(BlobEvent)> {
    let (player, report) = (Rc::downgrade(player), report.clone());
    Closure::new(move |event: BlobEvent| {
        let Some(player) = player.upgrade() else { return };
        match Player::start(&event, &report) {
            Ok(started) => drop(player.replace(Some(started))),
            Err(_) => report(EchoState::Failed),
        }
    })
}

impl Player {
    fn start(event: &BlobEvent, report: &Report) -> Result<Self, JsValue> {
        let blob = event.data().ok_or(JsValue::NULL)?;
        let url = Url::create_object_url_with_blob(&blob)?;
        let element = HtmlAudioElement::new_with_src(&url)?;
        let on_ended = {
            let report = report.clone();
            Closure::new(move |_: Event| report(EchoState::Idle))
        };
        element.set_onended(Some(on_ended.as_ref().unchecked_ref()));
        report(EchoState::Playing);
        let (playing, report) = (element.clone(), report.clone());
        spawn_local(async move {
            sound::choose_speaker(&playing).await;
            let is_wanted = || playing.onended().is_some();
            let started = match playing.play() {
                Ok(started) if is_wanted() => JsFuture::from(started).await,
                _ => Err(JsValue::NULL),
            };
            if started.is_err() && is_wanted() {
                report(EchoState::Failed);
            }
        });
        Ok(Self { element, url, _on_ended: on_ended })
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.element.set_onended(None);
        // Whatever still plays falls silent.
        drop(self.element.pause());
        drop(Url::revoke_object_url(&self.url));
    }
}
