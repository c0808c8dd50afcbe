//! What a participant sends.

use futures_util::future::join_all;
use sfu::command::{Command, CommandReply};
use shared::{
    error::ErrorCode,
    ids::ProducerId,
    signaling::{Produce, ProducerRef, Reply},
};

use super::{
    session::{Answered, Place, Question, Refusal},
    transports::unexpected,
};
use crate::rooms::member::Published;

impl Place {
    /// Publishes what an m-line carries.
    pub(super) async fn produce(
        &self,
        question: Question,
        produce: Produce,
    ) -> Result<Answered, Refusal> {
        let answer = |producer_id| question.answer(Reply::Produce(ProducerRef { producer_id }));
        Ok(self.publish(produce, answer).await?)
    }

    /// Publishes what an m-line carries, and has `tell` say so under the room's lock.
    pub(crate) async fn publish<T>(
        &self,
        Produce { transport_id, mid, source, paused }: Produce,
        tell: impl FnOnce(ProducerId) -> T,
    ) -> Result<T, ErrorCode> {
        self.room.lock().plan_producer(&self.seat, transport_id, source)?;
        let producer_id = self.app.rooms.next_producer_id();
        let command = Command::Produce { transport_id, producer_id, mid, source, paused };
        let codec = match self.media(command).await? {
            CommandReply::Produced { codec } => codec,
            other => return Err(unexpected(&other)),
        };
        let published = Published::new(source, codec, paused);
        let told = {
            let mut room = self.room.lock();
            // Where this fails the worker has closed the producer with its transport.
            room.add_producer(&self.seat, transport_id, (producer_id, published))?;
            let told = tell(producer_id);
            room.tell_early_news(producer_id);
            told
        };
        self.hold_to_limit(producer_id).await;
        tracing::info!(%producer_id, %transport_id, ?source, "[PRODUCE] {producer_id} published");
        Ok(told)
    }

    /// Has the worker hold a video to what may be sent of it, also when that changes meanwhile.
    pub(super) async fn hold_to_limit(&self, producer_id: ProducerId) {
        let limit = || self.room.lock().limit_of(producer_id);
        let mut wanted = limit();
        while let Some(bitrate) = wanted {
            if let Err(error) = self.media(Command::SetMaxBitrate { producer_id, bitrate }).await {
                tracing::debug!(%producer_id, %error, "[PRODUCE] {producer_id} was not limited");
                return;
            }
            wanted = limit().filter(|now| *now != bitrate);
        }
    }

    /// Ends a producer.
    pub(super) async fn close_producer(
        &self,
        question: Question,
        ProducerRef { producer_id }: ProducerRef,
    ) -> Result<Answered, Refusal> {
        self.own_producer(producer_id)?;
        self.media(Command::CloseProducer { producer_id }).await?;
        let mut room = self.room.lock();
        room.remove_producer(&self.seat, producer_id)?;
        tracing::info!(%producer_id, "[PRODUCE] {producer_id} closed");
        Ok(question.answer(Reply::Done))
    }

    /// Mutes a producer.
    pub(super) async fn pause_producer(
        &self,
        question: Question,
        ProducerRef { producer_id }: ProducerRef,
    ) -> Result<Answered, Refusal> {
        self.room.lock().set_paused(&self.seat, producer_id, true)?;
        self.settle(producer_id).await?;
        Ok(question.answer(Reply::Done))
    }

    /// Makes a producer live again.
    pub(super) async fn resume_producer(
        &self,
        question: Question,
        ProducerRef { producer_id }: ProducerRef,
    ) -> Result<Answered, Refusal> {
        self.room.lock().set_paused(&self.seat, producer_id, false)?;
        self.settle(producer_id).await?;
        Ok(question.answer(Reply::Done))
    }

    /// Has the worker forward a producer, or not, as the room says; also when that changes
    /// meanwhile, for its owner and a host may both say something at once.
    pub(super) async fn settle(&self, producer_id: ProducerId) -> Result<(), ErrorCode> {
        let wanted = || self.room.lock().is_paused(producer_id);
        let mut next = wanted();
        while let Some(paused) = next {
            let command = if paused {
                Command::PauseProducer { producer_id }
            } else {
                Command::ResumeProducer { producer_id }
            };
            self.app.insist(&self.room, command).await?;
            next = wanted().filter(|now| *now != paused);
        }
        Ok(())
    }

    /// The same with many at once.
    ///
    /// # Errors
    ///
    /// The first there was; the others are done nevertheless.
    pub(super) async fn settle_all(&self, producers: Vec<ProducerId>) -> Result<(), ErrorCode> {
        each(producers.into_iter().map(|producer_id| self.settle(producer_id))).await
    }

    fn own_producer(&self, producer_id: ProducerId) -> Result<(), ErrorCode> {
        self.room.lock().own_producer(&self.seat, producer_id)
    }
}

/// Does everything to its end, whatever becomes of the others, and gives the first error.
async fn each<F>(all: impl Iterator<Item = F>) -> Result<(), ErrorCode>
where
    F: Future<Output = Result<(), ErrorCode>>,
{
    join_all(all).await.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn one_that_fails_keeps_no_other_from_being_done() {
        let done = Cell::new(0);
        let results = [Ok(()), Err(ErrorCode::ServerBusy), Err(ErrorCode::Internal), Ok(())];
        let all = results.map(|result| {
            let done = &done;
            async move {
                tokio::task::yield_now().await;
                done.set(done.get() + 1);
                result
            }
        });
        assert_eq!(each(all.into_iter()).await, Err(ErrorCode::ServerBusy));
        assert_eq!(done.get(), 4);
    }
}
