//! What becomes of a source that a host mutes or ends.

use shared::{ids::ProducerId, media::Source, signaling::OwnProducer};

use super::{Outgoing, Publishing, Sent};
use crate::meeting::{hosted::Hosted, outbox::Outbox};

impl Publishing {
    /// Takes over what hosts did to one's own sources while one was away: of what the server `has`,
    /// and what it has no more though the transport goes on. Returns what is to be told; by whom it
    /// was done is not known any more.
    pub(in crate::meeting) fn heed(
        &mut self,
        has: &[OwnProducer],
        goes_on: bool,
        outbox: &mut Outbox,
    ) -> Vec<Hosted> {
        let done = self.sources.iter().filter_map(|(source, outgoing)| {
            Some((*source, outgoing.done_by_host(*source, has, goes_on)?))
        });
        let mut told = Vec::new();
        for (source, done) in done.collect::<Vec<_>>() {
            match done {
                Done::Paused(id) => {
                    self.paused_by_server(source, id, outbox);
                    told.push(Hosted::muted(source, String::new()));
                }
                Done::Ended(id) => {
                    self.closed_by_server(source, id, outbox);
                    told.extend(Hosted::stopped(source, String::new()));
                }
            }
        }
        told
    }

    /// The server has paused a producer of one's own: the source is off, and the server knows it.
    pub(in crate::meeting) fn paused_by_server(
        &mut self,
        source: Source,
        paused: ProducerId,
        outbox: &mut Outbox,
    ) {
        let Some(outgoing) = self.sources.get_mut(&source) else { return };
        match &mut outgoing.sent {
            Sent::Produced { producer_id, paused: told, .. } if *producer_id == paused => {
                *told = true;
            }
            Sent::Produced { .. } => return,
            // It was this person's before the page was loaded anew, or the answer that names it was
            // lost with the socket.
            Sent::Nothing
            | Sent::Offered
            | Sent::Negotiated { .. }
            | Sent::Asked { .. }
            | Sent::Stopped { .. }
            | Sent::Refused => {}
        }
        self.set_live(source, false, outbox);
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

    /// A producer of one's own was not there any more: its source may be published again.
    pub(in crate::meeting) fn producer_missing(&mut self, source: Source) {
        if let Some(outgoing) = self.sources.get_mut(&source)
            && let Sent::Produced { mid, .. } = &mut outgoing.sent
        {
            outgoing.sent = Sent::Stopped { mid: std::mem::take(mid) };
        }
    }

    fn produced(&mut self, source: Source, id: ProducerId) -> Option<&mut Outgoing> {
        let is_it = |outgoing: &&mut Outgoing| matches!(outgoing.sent, Sent::Produced { producer_id, .. } if producer_id == id);
        self.sources.get_mut(&source).filter(is_it)
    }
}

/// What a host did while one was away.
enum Done {
    Paused(ProducerId),
    Ended(ProducerId),
}

impl Outgoing {
    fn done_by_host(&self, source: Source, has: &[OwnProducer], goes_on: bool) -> Option<Done> {
        match &self.sent {
            Sent::Produced { producer_id, paused: told, .. } => {
                match has.iter().find(|known| known.producer.producer_id == *producer_id) {
                    Some(known) => {
                        (known.paused_by_host && !told).then_some(Done::Paused(*producer_id))
                    }
                    None => goes_on.then_some(Done::Ended(*producer_id)),
                }
            }
            _ if self.live => {
                let paused =
                    |known: &&OwnProducer| known.producer.source == source && known.paused_by_host;
                has.iter().find(paused).map(|known| Done::Paused(known.producer.producer_id))
            }
            _ => None,
        }
    }
}
