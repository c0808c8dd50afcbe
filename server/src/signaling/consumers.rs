//! What a participant receives.

use sfu::command::{Command, CommandReply};
use shared::{
    error::ErrorCode,
    ids::ConsumerId,
    signaling::{Consumed, ConsumerRef, ProducerRef, Reply},
};

use super::{
    session::{Answered, Place, Question, Refusal},
    transports::unexpected,
};

impl Place {
    /// Adds a consumer, paused.
    pub(super) async fn consume(
        &self,
        question: Question,
        ProducerRef { producer_id }: ProducerRef,
    ) -> Result<Answered, Refusal> {
        let plan = self.room.lock().plan_consumer(&self.seat, producer_id)?;
        let transport_id = plan.transport_id;
        let consumer_id = self.app.rooms.next_consumer_id();
        let stream = plan.publisher.to_string();
        let command = Command::Consume { transport_id, consumer_id, producer_id, stream };
        let (mid, kind) = match self.media(command).await? {
            CommandReply::Consumed { mid, kind } => (mid, kind),
            other => return Err(unexpected(&other).into()),
        };
        // Where this fails the worker has closed the consumer with its producer or transport.
        let mut room = self.room.lock();
        room.add_consumer(&self.seat, transport_id, (consumer_id, producer_id))?;
        tracing::info!(%consumer_id, %producer_id, "[CONSUME] {consumer_id} of {producer_id}");
        let consumed = Consumed { consumer_id, producer_id, kind, mid };
        // Under the lock: the end of the producer may only be told after this.
        Ok(question.answer(Reply::Consume(consumed)))
    }

    /// Starts the flow.
    pub(super) async fn resume_consumer(
        &self,
        question: Question,
        ConsumerRef { consumer_id }: ConsumerRef,
    ) -> Result<Answered, Refusal> {
        self.own_consumer(consumer_id)?;
        self.media(Command::ResumeConsumer { consumer_id }).await?;
        Ok(question.answer(Reply::Done))
    }

    /// Stops the flow for now.
    pub(super) async fn pause_consumer(
        &self,
        question: Question,
        ConsumerRef { consumer_id }: ConsumerRef,
    ) -> Result<Answered, Refusal> {
        self.own_consumer(consumer_id)?;
        self.media(Command::PauseConsumer { consumer_id }).await?;
        Ok(question.answer(Reply::Done))
    }

    /// Ends a consumer.
    pub(super) async fn close_consumer(
        &self,
        question: Question,
        ConsumerRef { consumer_id }: ConsumerRef,
    ) -> Result<Answered, Refusal> {
        self.own_consumer(consumer_id)?;
        self.media(Command::CloseConsumer { consumer_id }).await?;
        self.room.lock().remove_consumer(&self.seat, consumer_id);
        tracing::info!(%consumer_id, "[CONSUME] {consumer_id} closed");
        Ok(question.answer(Reply::Done))
    }

    fn own_consumer(&self, consumer_id: ConsumerId) -> Result<(), ErrorCode> {
        self.room.lock().own_consumer(&self.seat, consumer_id)
    }
}
