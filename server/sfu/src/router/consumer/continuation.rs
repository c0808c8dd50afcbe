//! One consumer goes on where another stopped.

use super::Consumer;
use crate::router::sequence::{SequenceRewriter, Standing};

/// Where the streams of a consumer stand: what another consumer goes on from that takes its place
/// on the same SSRCs. No number is then used twice, and the viewer sees one stream go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Continuation {
    media: Standing,
    rtx_index: Option<u64>,
    packets: u64,
    octets: u64,
}

impl Continuation {
    /// With what only a consumer before knew: one of a codec without retransmissions leaves their
    /// stream where it was.
    #[must_use]
    pub fn after(self, before: Option<Self>) -> Self {
        let rtx_index = self.rtx_index.or_else(|| before?.rtx_index);
        Self { rtx_index, ..self }
    }
}

impl Consumer {
    /// Where its streams stand.
    pub(in crate::router) fn continuation(&self) -> Continuation {
        Continuation {
            media: self.rewriter.standing(),
            rtx_index: self.rtx.as_ref().map(|rtx| rtx.next_index),
            packets: self.stats.packets,
            octets: self.stats.octets,
        }
    }

    /// Goes on where the consumer before it on the same SSRCs stopped; nothing was sent yet.
    pub(in crate::router) fn continue_from(&mut self, before: Continuation) {
        self.rewriter = SequenceRewriter::at(before.media, self.codec.clock_rate());
        if let (Some(rtx), Some(next_index)) = (&mut self.rtx, before.rtx_index) {
            rtx.next_index = next_index;
        }
        self.stats.packets = before.packets;
        self.stats.octets = before.octets;
    }
}
