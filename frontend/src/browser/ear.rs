//! Listens to one's own microphone, also while it is muted: nothing of that leaves the page.

use gloo::timers::callback::Interval;
use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{
    AnalyserNode, AudioContext, AudioContextState, MediaStream, MediaStreamAudioSourceNode,
    MediaStreamTrack,
};

use super::page::WindowListener;
use crate::meeting::own_voice::Level;

/// Milliseconds between two levels: often enough for a meter that follows the voice.
const PACE: u32 = 80;

/// Samples of one level, a power of two: 43 ms at 48 kHz.
const SAMPLES: u32 = 2048;

/// An ear at a microphone. Dropping it takes it away, and lets go of the device.
#[derive(Debug)]
pub(super) struct Ear {
    track: MediaStreamTrack,
    context: AudioContext,
    _source: MediaStreamAudioSourceNode,
    _wakers: [WindowListener; 2],
    _pace: Interval,
}

impl Ear {
    /// Listens to `microphone` and reports how loud it is, as long as the browser lets sound be
    /// processed: without a click on the page, some do not.
    ///
    /// # Errors
    /// The browser does not process sound, or not of this microphone.
    pub(super) fn new(
        microphone: &MediaStreamTrack,
        report: impl Fn(Level) + 'static,
    ) -> Result<Self, JsValue> {
        // The browser's clone, which a mute of the other one does not silence.
        let track = microphone.clone();
        track.set_enabled(true);
        let context = AudioContext::new()?;
        let stream = MediaStream::new_with_tracks(&Array::of1(&track))?;
        let source = context.create_media_stream_source(&stream)?;
        let analyser = context.create_analyser()?;
        analyser.set_fft_size(SAMPLES);
        source.connect_with_audio_node(&analyser)?;
        let wakers = ["click", "keydown"].map(|event| {
            let context = context.clone();
            WindowListener::new(event, move || wake(&context))
        });
        let pace = {
            let context = context.clone();
            let mut samples = vec![0.0; SAMPLES as usize];
            Interval::new(PACE, move || {
                if context.state() == AudioContextState::Running {
                    report(level_of(&analyser, &mut samples));
                }
            })
        };
        Ok(Self { track, context, _source: source, _wakers: wakers, _pace: pace })
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.track.stop();
        // It closes in its own time.
        drop(self.context.close());
    }
}

fn wake(context: &AudioContext) {
    if context.state() == AudioContextState::Suspended {
        // It answers when it runs, which `state` says too.
        drop(context.resume());
    }
}

fn level_of(analyser: &AnalyserNode, samples: &mut [f32]) -> Level {
    analyser.get_float_time_domain_data(samples);
    let (sum, peak) = samples.iter().fold((0.0_f32, 0.0_f32), |(sum, peak), sample| {
        (sample.mul_add(*sample, sum), peak.max(sample.abs()))
    });
    #[expect(clippy::cast_precision_loss, reason = "a few thousand samples")]
    let count = samples.len() as f32;
    Level { rms: (sum / count).sqrt(), peak }
}
