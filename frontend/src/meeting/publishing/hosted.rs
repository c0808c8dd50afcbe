//! What becomes of a source that a host mutes or ends.

use shared::{ids::ProducerId, media::Source};

use super::{Outgoing, Publishing, Sent};
use crate::meeting::outbox::Outbox;

impl Publishing {
    /// The server has paused a producer of one's own: the source is off, and the server knows it.
    pub(in crate::meeting) fn paused_by_server(
        &mut self,
        source: Source,
        paused: ProducerId,
        outbox: &mut Outbox,
    ) {
        if let Some(outgoing) = self.produced(source, paused)
            && let Sent::Produced { paused, .. } = &mut outgoing.sent
        {
            *paused = true;
            self.set_live(source, false, outbox);
        }
    }

    /// The server has ended a producer of one's own: the source is off, and its m-line may carry
    /// another one.
    pub(in crate::meeting) fn closed_by_server(
        &mut self,
        source: Source,
        closed: ProducerId,
        outbox: &mut Outbox,
    ) {
        if let Some(outgoing) = self.produced(source, closed)
            && let Sent::Produced { mid, .. } = &mut outgoing.sent
        {
            outgoing.sent = Sent::Stopped { mid: std::mem::take(mid) };
            if outgoing.is_open() {
                self.set_live(source, false, outbox);
            }
        }
    }

    fn produced(&mut self, source: Source, id: ProducerId) -> Option<&mut Outgoing> {
        let is_it = |outgoing: &&mut Outgoing| matches!(outgoing.sent, Sent::Produced { producer_id, .. } if producer_id == id);
        self.sources.get_mut(&source).filter(is_it)
    }
}
