//! Whether somebody may do what they ask for.

use shared::{
    error::ErrorCode,
    ids::ParticipantId,
    signaling::{Right, Role},
};

use super::{Room, Seat};

/// Who asks for something that not everyone may do.
#[derive(Debug, Clone, Copy)]
pub enum Actor<'a> {
    /// A participant.
    Seat(&'a Seat),
    /// Somebody outside, who showed that they have a role.
    Bearer(Role),
}

impl Room {
    /// Checks that somebody has a right.
    ///
    /// # Errors
    ///
    /// They have not, or their seat was taken over.
    pub fn check_right(&self, actor: Actor<'_>, right: Right) -> Result<(), ErrorCode> {
        self.role_of(actor)?.may(right).then_some(()).ok_or(ErrorCode::Forbidden)
    }

    /// What somebody may do.
    ///
    /// # Errors
    ///
    /// Their seat was taken over.
    pub fn role_of(&self, actor: Actor<'_>) -> Result<Role, ErrorCode> {
        match actor {
            Actor::Seat(seat) => self.member(seat).map(|member| member.role),
            Actor::Bearer(role) => Ok(role),
        }
    }

    /// Where in the room the participant is whom somebody would do something to.
    pub(super) fn reach(
        &self,
        seat: &Seat,
        right: Right,
        target: &ParticipantId,
    ) -> Result<usize, ErrorCode> {
        let role = self.role_of(Actor::Seat(seat))?;
        if !role.may(right) {
            return Err(ErrorCode::Forbidden);
        }
        let found = self.members.iter().enumerate().find(|(_, member)| member.id == *target);
        let (index, member) = found.ok_or(ErrorCode::ParticipantNotFound)?;
        role.reaches(member.role).then_some(index).ok_or(ErrorCode::Forbidden)
    }
}
