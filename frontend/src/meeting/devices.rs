//! One's own devices during a meeting: opened, changed, lost, and what is heard of the microphone.

use shared::media::Source;

use super::{
    Meeting,
    effect::{Change, Effect, Instant},
    gear::Kind,
    notice::{DeviceError, Notice},
    own_voice::Hint,
    publishing::Cause,
    view::DeviceState,
};

/// What people want.
impl Meeting {
    /// The person chose another camera or microphone: it takes the place of the one that is open,
    /// and the others notice nothing but that.
    pub fn change_device(&mut self, now: Instant, source: Source) {
        self.publishing.change(source, &mut self.outbox);
        self.reconcile(now);
    }

    /// Lets a muted microphone be heard for as long as the person holds the key.
    pub fn hold_to_talk(&mut self, now: Instant, holds: bool) {
        let may_begin = holds && self.over.is_none() && self.publishing.is_muted();
        if may_begin || (self.holds_to_talk && !holds) {
            self.set_live(now, Source::Microphone, holds);
            self.holds_to_talk = holds;
        }
    }
}

/// What is to be known of them.
impl Meeting {
    /// Whether the others can hear the microphone.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.publishing.state(Source::Microphone) == DeviceState::On
    }

    /// Whether the microphone is on only while a key is held.
    #[must_use]
    pub const fn holds_to_talk(&self) -> bool {
        self.holds_to_talk
    }
}

/// What happens.
impl Meeting {
    /// A device that was to be opened is open, or is not.
    pub fn handle_device(&mut self, now: Instant, source: Source, opened: Result<(), DeviceError>) {
        if self.over.is_some() {
            return self.outbox.effect(Effect::CloseDevice(source));
        }
        self.publishing.handle_device(source, opened.is_ok(), &mut self.outbox);
        match opened {
            // Whoever does not choose a screen knows that.
            Err(DeviceError::Denied) if source == Source::Screen => {}
            Err(error) => self.tell(now, Notice::Device(error)),
            Ok(()) => {}
        }
        self.reconcile(now);
    }

    /// A device that was open is gone.
    pub fn handle_device_lost(&mut self, now: Instant, source: Source) {
        self.publishing.handle_device_lost(source, &mut self.outbox);
        self.reconcile(now);
    }

    /// A device that was to be changed for another was, or was not.
    pub fn handle_device_changed(&mut self, now: Instant, source: Source, change: Change) {
        let cause = self.publishing.handle_device_changed(source, change, &mut self.outbox);
        let kind = Kind::of_source(source);
        match (cause, change, kind) {
            (Some(Cause::Lost), Change::Done, Some(kind)) => {
                self.tell(now, Notice::DeviceReplaced(kind));
            }
            (Some(_), Change::Kept(error) | Change::Gone(error), _) => {
                self.tell(now, Notice::Device(error));
            }
            _ => {}
        }
        self.reconcile(now);
    }

    /// The speaker in use is gone; the sound comes out of another.
    pub fn handle_speaker_lost(&mut self, now: Instant) {
        self.tell(now, Notice::DeviceReplaced(Kind::Speaker));
    }

    /// A device was plugged in.
    pub fn handle_device_found(&mut self, now: Instant, kind: Kind) {
        self.tell(now, Notice::DeviceFound(kind));
    }

    /// Something about one's own microphone was noticed.
    pub fn handle_hint(&mut self, now: Instant, hint: Hint) {
        match hint {
            Hint::SpeaksMuted => self.tell(now, Notice::SpeaksMuted),
            Hint::Silent => self.microphone_is_silent = true,
            Hint::NotSilent => self.microphone_is_silent = false,
        }
    }
}
