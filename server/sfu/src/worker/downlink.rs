//! Follows what each viewer's link carries, and looks for more.

use std::time::Instant;

use super::Worker;
use crate::{
    bandwidth::PACKET_OVERHEAD, router::PADDING_PACKET_LEN, transport::srtp::MAX_RTP_OVERHEAD,
};

/// What one packet of padding takes of the link.
const PADDING_BYTES: usize = PADDING_PACKET_LEN + MAX_RTP_OVERHEAD + PACKET_OVERHEAD;

impl Worker {
    /// Takes a viewer's transport-wide feedback.
    pub(super) fn downlink_reported(&mut self, now: Instant, key: usize, packet: &[u8]) {
        let Some(leg) = self.table.receive_leg(key) else { return };
        leg.handle_feedback(now, packet);
        self.schedule_transport(key);
    }

    /// Sends the padding that is due, by the first consumer that can carry it.
    pub(super) fn send_padding(&mut self, now: Instant, key: usize) {
        let Some(leg) = self.table.receive_leg(key) else { return };
        let bytes = leg.bandwidth().map_or(0, |bandwidth| bandwidth.poll_padding(now));
        let packets = bytes.div_ceil(PADDING_BYTES);
        if packets == 0 {
            return;
        }
        let carrier = |worker: &mut Self, number| {
            worker.table.receive_leg(key).and_then(|leg| leg.padding_carrier(number))
        };
        let mut number = 0;
        while let Some(carrier) = carrier(self, number) {
            number += 1;
            let Some(entry) = self.table.consumers.get(&carrier).copied() else { continue };
            let sent = self.with_router(entry.router_id, |router, egress| {
                router.send_padding(entry.key, packets, egress)
            });
            if sent == Some(true) {
                return;
            }
        }
    }
}
