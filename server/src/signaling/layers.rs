//! How much of a video is received, and sent.

use shared::{
    error::ErrorCode,
    limits::{MAX_CONSUMERS_PER_PARTICIPANT, MAX_VIDEO_BITRATE, MIN_VIDEO_BITRATE},
    signaling::{Reply, SetMaxBitrate, SetPreferredLayers},
};

use super::session::{Answered, Place, Question, Refusal};

impl Place {
    /// Takes what the participant shows of its videos.
    pub(super) fn set_preferred_layers(
        &self,
        question: Question,
        SetPreferredLayers { consumers }: &SetPreferredLayers,
    ) -> Result<Answered, Refusal> {
        if !(1..=MAX_CONSUMERS_PER_PARTICIPANT).contains(&consumers.len()) {
            return Err(Refusal::bad_request("name 1 to 400 consumers"));
        }
        let room = self.room.lock();
        for preferred in consumers {
            room.own_consumer(&self.seat, preferred.consumer_id)?;
        }
        Ok(question.answer(Reply::Done))
    }

    /// Limits what others send, for a host.
    pub(super) fn set_max_bitrate(
        &self,
        question: Question,
        limit: &SetMaxBitrate,
    ) -> Result<Answered, Refusal> {
        if !self.room.lock().is_host(&self.seat)? {
            return Err(ErrorCode::Forbidden.into());
        }
        if !(MIN_VIDEO_BITRATE..=MAX_VIDEO_BITRATE).contains(&limit.max_video_bitrate) {
            return Err(Refusal::bad_request("from 50000 to 50000000 bits per second"));
        }
        Ok(question.answer(Reply::Done))
    }
}
