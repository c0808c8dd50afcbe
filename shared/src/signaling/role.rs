//! Who may do what. Both ends read this one table: the server enforces it, the page shows no more
//! than it.

use serde::{Deserialize, Serialize};

/// What a participant may do. A later one in this list may do all that an earlier one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Was invited.
    Guest,
    /// Helps the host.
    CoHost,
    /// Opened the room, or was made its host.
    Host,
}

/// Something that not everyone may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Say how much others may send of a video.
    LimitVideo,
    /// Lower the hands of others.
    LowerHands,
    /// Lock the room and open it again.
    Lock,
    /// Say whether bare ids knock; admit and refuse whoever does.
    KeepDoor,
    /// Mute others, and ask them to unmute.
    Mute,
    /// Stop the screen shares and the cameras of others.
    StopVideo,
    /// Remove others, and block them.
    Remove,
    /// List, make and revoke the invites of guests.
    Invite,
    /// The same with the invites of co-hosts and hosts.
    InviteHosts,
    /// Make co-hosts and unmake them, and hand the room over.
    SetRoles,
    /// End the meeting for everyone.
    EndMeeting,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 11] = [
        Self::LimitVideo,
        Self::LowerHands,
        Self::Lock,
        Self::KeepDoor,
        Self::Mute,
        Self::StopVideo,
        Self::Remove,
        Self::Invite,
        Self::InviteHosts,
        Self::SetRoles,
        Self::EndMeeting,
    ];

    /// The least role that has it.
    #[must_use]
    pub const fn least_role(self) -> Role {
        match self {
            Self::LimitVideo
            | Self::LowerHands
            | Self::Lock
            | Self::KeepDoor
            | Self::Mute
            | Self::StopVideo
            | Self::Remove
            | Self::Invite => Role::CoHost,
            Self::InviteHosts | Self::SetRoles | Self::EndMeeting => Role::Host,
        }
    }
}

impl Role {
    /// Whether this role has a right.
    #[must_use]
    pub const fn may(self, right: Right) -> bool {
        self as u8 >= right.least_role() as u8
    }

    /// Whether this role may do what it has the right to with someone of the role `other`: a
    /// co-host does not remove the host.
    #[must_use]
    pub const fn reaches(self, other: Self) -> bool {
        self as u8 >= other as u8
    }

    /// The right that it takes to give this role by an invite.
    #[must_use]
    pub const fn right_to_invite(self) -> Right {
        match self {
            Self::Guest => Right::Invite,
            Self::CoHost | Self::Host => Right::InviteHosts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_have_no_right_and_hosts_have_every() {
        for right in Right::ALL {
            assert!(!Role::Guest.may(right), "{right:?}");
            assert!(Role::Host.may(right), "{right:?}");
        }
    }

    #[test]
    fn only_the_host_gives_roles_and_ends_the_meeting() {
        let denied = Right::ALL.into_iter().filter(|right| !Role::CoHost.may(*right));
        let expected = [Right::InviteHosts, Right::SetRoles, Right::EndMeeting];
        assert!(denied.eq(expected));
    }

    #[test]
    fn nobody_reaches_above_themselves() {
        let roles = [Role::Guest, Role::CoHost, Role::Host];
        for (index, role) in roles.into_iter().enumerate() {
            assert_eq!(roles.map(|other| role.reaches(other)), [true, index >= 1, index >= 2]);
        }
    }
}
