//! What a participant does on its WebSocket to get media.

use shared::{
    ids::{ConsumerId, ProducerId, TransportId},
    media::{DescriptionKind, SessionDescription, Source},
    signaling::{ConnectTransport, ConsumerRef, Produce, ProducerRef, Reply, Request},
};

use crate::signaling::Client;

/// The steps of `docs/protocol.md` from a transport to media.
pub(crate) trait Participant {
    /// Our answer to the client's offer.
    async fn offer(&mut self, transport_id: TransportId, sdp: String) -> String;
    /// The server's offer, after consuming these producers.
    async fn consume_all(
        &mut self,
        transport_id: TransportId,
        producers: &[ProducerId],
    ) -> (String, Vec<ConsumerId>);
    async fn answer(&mut self, transport_id: TransportId, sdp: String);
    async fn produce(&mut self, transport_id: TransportId, mid: &str, source: Source)
    -> ProducerId;
    async fn resume_all(&mut self, consumers: Vec<ConsumerId>);
}

impl Participant for Client {
    async fn offer(&mut self, transport_id: TransportId, sdp: String) -> String {
        let description = Some(SessionDescription { kind: DescriptionKind::Offer, sdp });
        describe(self, ConnectTransport { transport_id, description, ice_restart: false })
            .await
            .expect("an answer")
            .sdp
    }

    async fn consume_all(
        &mut self,
        transport_id: TransportId,
        producers: &[ProducerId],
    ) -> (String, Vec<ConsumerId>) {
        let mut consumers = Vec::new();
        for producer_id in producers {
            let consume = Request::Consume(ProducerRef { producer_id: *producer_id });
            let Ok(Reply::Consume(consumed)) = self.request(consume).await else {
                panic!("{producer_id} cannot be consumed")
            };
            consumers.push(consumed.consumer_id);
        }
        let ask = ConnectTransport { transport_id, description: None, ice_restart: false };
        (describe(self, ask).await.expect("an offer").sdp, consumers)
    }

    async fn answer(&mut self, transport_id: TransportId, sdp: String) {
        let description = Some(SessionDescription { kind: DescriptionKind::Answer, sdp });
        let reply =
            describe(self, ConnectTransport { transport_id, description, ice_restart: false })
                .await;
        assert_eq!(reply, None);
    }

    async fn produce(
        &mut self,
        transport_id: TransportId,
        mid: &str,
        source: Source,
    ) -> ProducerId {
        let produce = Produce { transport_id, mid: mid.to_owned(), source, paused: false };
        match self.request(Request::Produce(produce)).await {
            Ok(Reply::Produce(ProducerRef { producer_id })) => producer_id,
            other => panic!("nothing is produced: {other:?}"),
        }
    }

    async fn resume_all(&mut self, consumers: Vec<ConsumerId>) {
        for consumer_id in consumers {
            self.done(Request::ResumeConsumer(ConsumerRef { consumer_id })).await;
        }
    }
}

async fn describe(client: &mut Client, connect: ConnectTransport) -> Option<SessionDescription> {
    match client.request(Request::ConnectTransport(connect)).await {
        Ok(Reply::ConnectTransport(connected)) => connected.description,
        other => panic!("the transport is not connected: {other:?}"),
    }
}
