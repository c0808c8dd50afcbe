//! What the page hears of one's own microphone, muted or not: someone who speaks while muted, and a
//! microphone that gives nothing at all.

use std::time::Duration;

use super::effect::Instant;

/// How loud a moment was: the root mean square and the peak of its samples, 1 for full scale.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Level {
    /// Over the moment.
    pub rms: f32,
    /// Of its loudest sample.
    pub peak: f32,
}

/// The steps of a meter, from silence to as loud as a voice should be.
pub const METER_STEPS: u8 = 20;

/// What the first and the last step of the meter stand for, in decibels of full scale.
const METER_RANGE: (f32, f32) = (-60.0, -12.0);

impl Level {
    /// How far a meter goes, up to [`METER_STEPS`]: as loudness is heard, by its logarithm.
    #[must_use]
    pub fn meter(self) -> u8 {
        let (quiet, loud) = METER_RANGE;
        let part = (20.0 * self.rms.log10() - quiet) / (loud - quiet);
        let step = (part * f32::from(METER_STEPS)).round();
        (0..=METER_STEPS).rev().find(|number| f32::from(*number) <= step).unwrap_or(0)
    }
}

/// From here on, about -36 dBFS, a moment may be speech; fans and keyboards far off stay below.
const LOUD: f32 = 0.016;

/// Half a step of a sample of 16 bits: whatever is plugged in and switched on is louder.
const NOTHING: f32 = 0.5 / 32_768.0;

/// Speech goes on for longer than a cough or a key, with gaps between its syllables.
const SPEECH: Duration = Duration::from_millis(500);
const GAP: Duration = Duration::from_millis(350);

/// How long a microphone may give nothing before that is said.
const SILENCE: Duration = Duration::from_secs(8);

/// Nobody wants to be told again at once that they are muted.
const REMINDER: Duration = Duration::from_secs(20);

/// Something to tell the person of their microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// They speak, and are muted.
    SpeaksMuted,
    /// The microphone is on, and gives nothing.
    Silent,
    /// It gives something again, or is muted.
    NotSilent,
}

/// Listens to one's own microphone: tell it each [`Level`], several a second, as they come.
#[derive(Debug, Default)]
pub struct OwnVoice {
    /// Since when, and until when so far, it has been loud while muted.
    loud: Option<(Instant, Instant)>,
    reminded: Option<Instant>,
    /// Since when nothing at all has come.
    nothing_since: Option<Instant>,
    is_silent: bool,
}

impl OwnVoice {
    /// Takes a moment in: `live` if others can hear it. Says what is news.
    pub fn handle_level(&mut self, now: Instant, level: Level, live: bool) -> Option<Hint> {
        if live {
            self.loud = None;
            self.listen_for_nothing(now, level)
        } else {
            self.nothing_since = None;
            self.set_silent(false).or_else(|| self.listen_for_speech(now, level))
        }
    }

    fn listen_for_nothing(&mut self, now: Instant, level: Level) -> Option<Hint> {
        if level.peak > NOTHING {
            self.nothing_since = None;
            return self.set_silent(false);
        }
        let since = *self.nothing_since.get_or_insert(now);
        (now >= since + SILENCE).then(|| self.set_silent(true)).flatten()
    }

    fn listen_for_speech(&mut self, now: Instant, level: Level) -> Option<Hint> {
        self.loud = self.loud.filter(|(_, until)| now < *until + GAP);
        if level.rms < LOUD {
            return None;
        }
        let (since, _) = *self.loud.insert((self.loud.map_or(now, |(since, _)| since), now));
        let is_due = self.reminded.is_none_or(|last| now >= last + REMINDER);
        (is_due && now >= since + SPEECH).then(|| {
            self.reminded = Some(now);
            Hint::SpeaksMuted
        })
    }

    fn set_silent(&mut self, silent: bool) -> Option<Hint> {
        let is_news = std::mem::replace(&mut self.is_silent, silent) != silent;
        is_news.then_some(if silent { Hint::Silent } else { Hint::NotSilent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: Level = Level { rms: 0.1, peak: 0.4 };
    const ROOM: Level = Level { rms: 0.001, peak: 0.004 };
    const DEAD: Level = Level { rms: 0.0, peak: 0.0 };

    /// What is said over moments 100 ms apart, with their numbers.
    fn hints(voice: &mut OwnVoice, start: u64, moments: &[(Level, bool)]) -> Vec<(u64, Hint)> {
        let numbered = (start..).zip(moments);
        numbered
            .filter_map(|(number, (level, live))| {
                let now = Duration::from_millis(number * 100);
                voice.handle_level(now, *level, *live).map(|hint| (number, hint))
            })
            .collect()
    }

    #[test]
    fn the_meter_goes_from_silence_to_a_loud_voice() {
        let meter = |rms| Level { rms, peak: 1.0 }.meter();
        assert_eq!([0.0, 0.001, 0.015_85, 0.25, 1.0].map(meter), [0, 0, 10, 20, 20]);
    }

    #[test]
    fn whoever_speaks_while_muted_is_told_once() {
        let mut voice = OwnVoice::default();
        let speech = [(TALK, false), (TALK, false), (ROOM, false)].repeat(20);
        assert_eq!(hints(&mut voice, 0, &speech), [(6, Hint::SpeaksMuted)]);
        let again = hints(&mut voice, 300, &speech);
        assert_eq!(again, [(306, Hint::SpeaksMuted)], "and again after a while");
    }

    #[test]
    fn a_cough_or_one_who_is_heard_is_told_nothing() {
        let mut voice = OwnVoice::default();
        let cough = [(TALK, false), (TALK, false), (TALK, false)];
        let quiet = [(ROOM, false); 10];
        let coughs = [&cough[..], &quiet[..]].concat().repeat(5);
        assert_eq!(hints(&mut voice, 0, &coughs), []);
        assert_eq!(hints(&mut voice, 100, &[(TALK, true); 50]), []);
    }

    #[test]
    fn a_microphone_that_gives_nothing_is_told_until_it_gives_something() {
        let mut voice = OwnVoice::default();
        let mut moments = vec![(DEAD, true); 100];
        moments.extend([(ROOM, true); 10]);
        let told = hints(&mut voice, 0, &moments);
        assert_eq!(told, [(80, Hint::Silent), (100, Hint::NotSilent)]);
    }

    #[test]
    fn a_muted_microphone_is_not_taken_for_a_silent_one() {
        let mut voice = OwnVoice::default();
        assert_eq!(hints(&mut voice, 0, &[(DEAD, false); 100]), []);
        let told = hints(&mut voice, 100, &[(DEAD, true); 81]);
        assert_eq!(told, [(180, Hint::Silent)]);
        assert_eq!(hints(&mut voice, 200, &[(DEAD, false)]), [(200, Hint::NotSilent)]);
    }
}
