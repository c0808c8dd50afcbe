//! One source of one's own: its device, and how far it has come.

use shared::{
    ids::ProducerId,
    media::{MediaKind, Source},
    signaling::{Produce, ProducerRef, Request},
};

use crate::meeting::{
    effect::{Change, Effect, Instant},
    encoding::Content,
    leg::Ends,
    outbox::{Outbox, Purpose},
};

/// One source of one's own.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) device: Device,
    /// Whether the person wants to be heard, or seen.
    pub(super) live: bool,
    pub(super) sent: Sent,
    /// The layers that somebody receives, where the server has said so.
    pub(super) wanted: Option<Vec<u8>>,
    /// How the browser was last told to send it.
    pub(super) encoded: Option<Quality>,
}

/// How a video is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quality {
    pub(super) max_bitrate: u32,
    pub(super) wanted: Option<Vec<u8>>,
    pub(super) content: Content,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Device {
    Closed,
    Opening,
    Open,
    /// Open, while another is opened in its place.
    Changing {
        cause: Cause,
        /// The person has chosen yet another meanwhile.
        again: bool,
    },
}

/// Why a device is changed for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::meeting) enum Cause {
    /// The person chose the other.
    Chosen,
    /// It is gone.
    Lost,
}

/// How far a source has come on the present transport.
#[derive(Debug)]
pub(super) enum Sent {
    /// It has no m-line.
    Nothing,
    /// Its m-line is being negotiated.
    Offered,
    /// It has an m-line.
    Negotiated { mid: String },
    /// The server was asked to make a producer of it.
    Asked { mid: String, paused: bool },
    /// The server has a producer of it.
    Produced { mid: String, producer_id: ProducerId, paused: bool },
    /// A host had the server end its producer; the person may publish it again.
    Stopped { mid: String },
    /// The server will not have it.
    Refused,
}

impl Outgoing {
    /// A microphone is muted and stays open; a camera is closed, so that its light goes out, and
    /// so is a screen.
    pub(super) fn apply_live(&mut self, source: Source, outbox: &mut Outbox) {
        if !self.live && source != Source::Microphone {
            self.close(source, outbox);
        } else {
            outbox.effect(Effect::EnableDevice { source, on: self.live });
        }
    }

    pub(super) fn close(&mut self, source: Source, outbox: &mut Outbox) {
        self.device = Device::Closed;
        outbox.effect(Effect::CloseDevice(source));
    }

    /// Has an open device changed for another.
    pub(super) fn change(&mut self, source: Source, cause: Cause, outbox: &mut Outbox) {
        match &mut self.device {
            Device::Open => {
                self.device = Device::Changing { cause, again: false };
                outbox.effect(Effect::ChangeDevice(source));
            }
            Device::Changing { again, .. } => *again |= cause == Cause::Chosen,
            Device::Closed | Device::Opening => {}
        }
    }

    /// A device was changed, or was not; returns why it was to be.
    pub(super) fn handle_changed(
        &mut self,
        source: Source,
        change: Change,
        outbox: &mut Outbox,
    ) -> Option<Cause> {
        let Device::Changing { cause, again } = self.device else {
            if self.device == Device::Closed {
                // It was turned off meanwhile.
                outbox.effect(Effect::CloseDevice(source));
            }
            return None;
        };
        match change {
            Change::Done | Change::Kept(_) => {
                self.device = Device::Open;
                self.apply_live(source, outbox);
                if again {
                    self.change(source, Cause::Chosen, outbox);
                }
            }
            Change::Gone(_) => {
                self.close(source, outbox);
                self.live = false;
            }
        }
        Some(cause)
    }

    /// Whether a transport is needed for this source.
    pub(super) fn wants_line(&self) -> bool {
        self.is_open() || !matches!(self.sent, Sent::Nothing)
    }

    /// Has a published video sent as it should be now.
    pub(super) fn encode(
        &mut self,
        source: Source,
        ends: Ends,
        mut quality: Quality,
        outbox: &mut Outbox,
    ) {
        if source != Source::Screen {
            quality.content = Content::Text;
        }
        let is_sent = matches!(self.sent, Sent::Produced { .. });
        if source.kind() == MediaKind::Video && is_sent && self.encoded.as_ref() != Some(&quality) {
            let Quality { max_bitrate, wanted, content } = quality.clone();
            outbox.effect(Effect::Encode { peer: ends.peer, source, max_bitrate, wanted, content });
            self.encoded = Some(quality);
        }
    }

    /// Whether the device gives something, or would if it were not muted.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.device, Device::Open | Device::Changing { .. })
    }

    /// Whether the server has to be asked for something.
    pub(super) const fn asks(&self) -> bool {
        match self.sent {
            Sent::Negotiated { .. } => true,
            Sent::Stopped { .. } => !self.is_paused(),
            Sent::Produced { paused, .. } => paused != self.is_paused(),
            Sent::Nothing | Sent::Offered | Sent::Asked { .. } | Sent::Refused => false,
        }
    }

    const fn is_paused(&self) -> bool {
        !self.live || !self.is_open()
    }

    /// Asks the server for what should be; [`Self::asks`] says whether there is anything to ask.
    pub(super) fn reconcile(
        &mut self,
        now: Instant,
        source: Source,
        ends: Ends,
        outbox: &mut Outbox,
    ) {
        let paused = self.is_paused();
        match &mut self.sent {
            Sent::Stopped { .. } if paused => {}
            Sent::Negotiated { mid } | Sent::Stopped { mid } => {
                let mid = std::mem::take(mid);
                self.sent = Sent::Asked { mid: mid.clone(), paused };
                let produce = Produce { transport_id: ends.transport_id, mid, source, paused };
                outbox.request(now, Request::Produce(produce), Purpose::Produce(source));
            }
            Sent::Produced { producer_id, paused: told, .. } if *told != paused => {
                *told = paused;
                let producer = ProducerRef { producer_id: *producer_id };
                let request = if paused {
                    Request::PauseProducer(producer)
                } else {
                    Request::ResumeProducer(producer)
                };
                outbox.request(now, request, Purpose::Mute(source));
            }
            Sent::Nothing
            | Sent::Offered
            | Sent::Asked { .. }
            | Sent::Produced { .. }
            | Sent::Refused => {}
        }
    }
}
