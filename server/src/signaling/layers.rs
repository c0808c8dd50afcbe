//! How much of a video is received, and sent.

use sfu::command::Command;
use shared::{
    limits::MAX_CONSUMERS_PER_PARTICIPANT,
    signaling::{Reply, SetMaxBitrate, SetPreferredLayers},
};

use super::session::{Answered, Place, Question, Refusal};
use crate::rooms::room::LimitError;

impl Place {
    /// Takes what the participant shows of its videos.
    pub(super) async fn set_preferred_layers(
        &self,
        question: Question,
        SetPreferredLayers { consumers }: SetPreferredLayers,
    ) -> Result<Answered, Refusal> {
        if !(1..=MAX_CONSUMERS_PER_PARTICIPANT).contains(&consumers.len()) {
            return Err(Refusal::bad_request("name 1 to 400 consumers"));
        }
        {
            let room = self.room.lock();
            for preferred in &consumers {
                room.own_consumer(&self.seat, preferred.consumer_id)?;
            }
        }
        self.media(Command::SetPreferredLayers { consumers }).await?;
        Ok(question.answer(Reply::Done))
    }

    /// Limits what participants send, for a host.
    pub(super) async fn set_max_bitrate(
        &self,
        question: Question,
        limit: &SetMaxBitrate,
    ) -> Result<Answered, Refusal> {
        let videos = {
            let mut room = self.room.lock();
            let videos = room.limit_video(&self.seat, limit)?;
            self.app.rooms.keep(&mut room);
            videos
        };
        for producer_id in videos {
            self.hold_to_limit(producer_id).await;
        }
        Ok(question.answer(Reply::Done))
    }
}

impl From<LimitError> for Refusal {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Refused(code) => code.into(),
            LimitError::OutOfBounds | LimitError::NoSuchParticipant => {
                Self::bad_request(&error.to_string())
            }
        }
    }
}
