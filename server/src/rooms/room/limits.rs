//! How much the participants of a room may send of each video source.

use shared::{
    error::ErrorCode,
    ids::{ParticipantId, ProducerId},
    limits::{MAX_VIDEO_BITRATE, MIN_VIDEO_BITRATE},
    media::MediaKind,
    signaling::{Event, MaxBitrate, Right, SetMaxBitrate},
};

use super::{Actor, Room, Seat};
use crate::rooms::member::{Member, Published};

/// Why nothing was limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// The seat was taken over, or is not a host's.
    #[error("{0}")]
    Refused(ErrorCode),
    /// Outside of the bounds.
    #[error("from {MIN_VIDEO_BITRATE} to {MAX_VIDEO_BITRATE} bits per second")]
    OutOfBounds,
    /// Nobody here is that.
    #[error("no such participant here")]
    NoSuchParticipant,
}

impl Room {
    /// Bits per second that a participant, or a newcomer, may send of each video source.
    #[must_use]
    pub fn max_video_bitrate(&self, id: &ParticipantId) -> u32 {
        let member = self.members.iter().find(|member| member.id == *id);
        member.and_then(|member| member.max_video_bitrate).unwrap_or_else(|| self.room_bitrate())
    }

    /// Limits one participant, or everyone; whoever is concerned is told. Returns their videos,
    /// which the worker has to hold to [`Self::limit_of`].
    ///
    /// # Errors
    ///
    /// A [`LimitError`]; nothing was changed.
    pub fn limit_video(
        &mut self,
        seat: &Seat,
        limit: &SetMaxBitrate,
    ) -> Result<Vec<ProducerId>, LimitError> {
        self.check_right(Actor::Seat(seat), Right::LimitVideo).map_err(LimitError::Refused)?;
        let bitrate = limit.max_video_bitrate;
        if !(MIN_VIDEO_BITRATE..=MAX_VIDEO_BITRATE).contains(&bitrate) {
            return Err(LimitError::OutOfBounds);
        }
        match &limit.participant_id {
            Some(id) => {
                let mut members = self.members.iter_mut();
                let one = members.find(|member| member.id == *id);
                let one = one.ok_or(LimitError::NoSuchParticipant)?;
                one.max_video_bitrate = Some(bitrate);
                Ok(one.told_to_send(bitrate))
            }
            None => {
                self.record.max_video_bitrate = Some(bitrate);
                self.unsaved = true;
                for member in &mut self.members {
                    member.max_video_bitrate = None;
                }
                Ok(self.members.iter().flat_map(|member| member.told_to_send(bitrate)).collect())
            }
        }
    }

    /// What the worker has to hold a video to; none for sound, and for what has ended.
    #[must_use]
    pub fn limit_of(&self, producer_id: ProducerId) -> Option<u32> {
        let has_it = |member: &&Member| {
            member.media.producers.get(&producer_id).is_some_and(Published::is_video)
        };
        let publisher = self.members.iter().find(has_it)?;
        Some(self.max_video_bitrate(&publisher.id))
    }

    fn room_bitrate(&self) -> u32 {
        self.record.max_video_bitrate.unwrap_or(self.settings.max_video_bitrate)
    }
}

impl Member {
    /// Tells the participant what it may send, and gives the videos it sends.
    fn told_to_send(&self, max_video_bitrate: u32) -> Vec<ProducerId> {
        let event = Event::MaxBitrate(MaxBitrate { max_video_bitrate });
        self.tell_event(event);
        let videos = self.media.producers.iter().filter(|(_, published)| published.is_video());
        videos.map(|(producer_id, _)| *producer_id).collect()
    }
}

impl Published {
    fn is_video(&self) -> bool {
        self.source.kind() == MediaKind::Video
    }
}
