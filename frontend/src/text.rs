//! Every sentence the page shows that is not an error's own (those are in `shared::error` and in
//! [`crate::meeting::notice`]), in one place for whoever translates it.

/// The product.
pub const PRODUCT: &str = "Open Stream";
/// The link that keyboards meet first.
pub const SKIP_TO_CONTENT: &str = "Skip to content";
/// For readers whose browser runs no scripts.
pub const NEEDS_JAVASCRIPT: &str = "Calls need JavaScript: your browser has it turned off. You can read this page, but not \
     start or join a meeting until it is allowed.";
/// The server gave no answer.
pub const UNREACHABLE: &str = "The server cannot be reached. Check the connection.";

/// Texts of the landing page.
pub mod landing {
    /// Title of the document.
    pub const TITLE: &str = "Open Stream: meetings on your own server";
    /// Heading.
    pub const HEADING: &str = "Meetings that stay on your own server";
    /// Under the heading.
    pub const LEAD: &str = "Start a meeting, send the link, talk. No account, nothing to install, and \
         nobody in between: sound and picture pass through this server only.";
    /// Heading of the form that opens a room.
    pub const START_HEADING: &str = "Start a meeting";
    /// Button of that form.
    pub const START: &str = "Start a meeting";
    /// The same while it works.
    pub const STARTING: &str = "Starting…";
    /// Heading of the form that joins one.
    pub const JOIN_HEADING: &str = "Join a meeting";
    /// Label of its box.
    pub const JOIN_LABEL: &str = "Room id or invite link";
    /// Example in its box.
    pub const JOIN_PLACEHOLDER: &str = "https://…/join?room=…";
    /// Its button.
    pub const JOIN: &str = "Join";
    /// What cannot be read as a link or an id.
    pub const UNREADABLE: &str =
        "This is neither a room id nor an invite link. Paste the whole link you were sent.";
    /// Heading of the list of what is needed.
    pub const NEEDS_HEADING: &str = "What you need";
    /// What is needed, and what is not.
    pub const NEEDS: [(&str, &str); 3] = [
        ("A current browser", "Chrome, Edge, Firefox or Safari, on a computer or a phone."),
        ("Camera and microphone, if you like", "You can come in without either and listen."),
        ("The invite link", "Whoever starts the meeting sends it. It expires by itself."),
    ];
}

/// Texts of the page before the meeting.
pub mod join {
    /// Title of the document.
    pub const TITLE: &str = "Join a meeting · Open Stream";
    /// Heading.
    pub const HEADING: &str = "Ready to join?";
    /// Heading when the address names no room.
    pub const WHICH_HEADING: &str = "Which meeting?";
    /// Under that heading.
    pub const WHICH: &str = "Paste the invite link you were sent, or the room’s id.";
    /// While the room is looked up.
    pub const LOOKING: &str = "Looking for the meeting…";
    /// Label of the name.
    pub const NAME_LABEL: &str = "Your name";
    /// Example of a name.
    pub const NAME_PLACEHOLDER: &str = "How others will see you";
    /// The button that goes in.
    pub const JOIN: &str = "Join now";
    /// Where the preview will be.
    pub const PREVIEW_HERE: &str = "Your camera will appear here";
    /// Beside the preview, with camera off.
    pub const CAMERA_OFF: &str = "Your camera is off";
    /// Beside the preview, while the browser asks.
    pub const ASKING: &str = "Allow the browser to use your camera and microphone";
    /// Name of the preview for those who do not see it.
    pub const PREVIEW: &str = "Your camera";
    /// What a problem of both devices concerns.
    pub const BOTH_DEVICES: &str = "Camera and microphone";
    /// The button that tries a device again.
    pub const RETRY: &str = "Try again";

    /// Whose meeting it is.
    #[must_use]
    pub fn whose(host: &str) -> String {
        format!("{host}’s meeting")
    }

    /// How many are inside.
    #[must_use]
    pub fn inside(count: usize) -> String {
        match count {
            0 => "Nobody is here yet".to_owned(),
            1 => "1 person is here".to_owned(),
            _ => format!("{count} people are here"),
        }
    }
}

/// Texts of the meeting.
pub mod room {
    /// Title of the document.
    pub const TITLE: &str = "Meeting · Open Stream";
    /// Heading, for those who do not see the page.
    pub const HEADING: &str = "Meeting";
    /// While joining.
    pub const CONNECTING: &str = "Joining the meeting…";
    /// Mark of one's own tile.
    pub const YOU: &str = "You";
    /// Mark of one's own tile, for the host.
    pub const YOU_THE_HOST: &str = "You · Host";
    /// Mark of a host.
    pub const HOST: &str = "Host";
    /// Someone whose connection was lost.
    pub const RECONNECTING: &str = "Reconnecting…";
    /// A camera that is off.
    pub const CAMERA_OFF: &str = "Camera off";
    /// A camera that is on.
    pub const CAMERA_ON: &str = "Camera on";
    /// A picture that the path is too narrow for.
    pub const HELD_BACK: &str = "Video paused: weak connection";
    /// Someone who speaks.
    pub const SPEAKING: &str = "Speaking";
    /// A microphone that is off.
    pub const MUTED: &str = "Muted";
    /// A microphone that is on.
    pub const UNMUTED: &str = "Microphone on";
    /// Name of the stage.
    pub const STAGE: &str = "Participants’ video";
    /// Name of the bar of buttons.
    pub const CONTROLS: &str = "Meeting controls";
    /// Toggles the microphone.
    pub const MICROPHONE: &str = "Microphone";
    /// Toggles the camera.
    pub const CAMERA: &str = "Camera";
    /// Shares the screen, or stops.
    pub const SHARE: &str = "Share screen";
    /// Shows the side panel.
    pub const PEOPLE: &str = "People";
    /// Leaves.
    pub const LEAVE: &str = "Leave";
    /// Heading of the invite in the side panel.
    pub const INVITE: &str = "Invite link";
    /// Copies the invite link.
    pub const COPY: &str = "Copy link";
    /// Says that it was copied.
    pub const COPIED: &str = "Copied";
    /// Says that the browser did not let us copy.
    pub const COPY_BY_HAND: &str = "Select the link and copy it";
    /// Closes the side panel.
    pub const CLOSE_PANEL: &str = "Close panel";
    /// Nobody else is here.
    pub const ALONE: &str = "You’re the only one here. Send the invite link to the others.";

    /// Name of a tile that shows someone's screen.
    #[must_use]
    pub fn screen_of(name: &str) -> String {
        format!("{name}’s screen")
    }

    /// News for those who do not see the tiles.
    #[must_use]
    pub fn joined(name: &str) -> String {
        format!("{name} joined.")
    }

    /// News for those who do not see the tiles.
    #[must_use]
    pub fn left(name: &str) -> String {
        format!("{name} left.")
    }
}

/// Texts of pages that end something.
pub mod outcome {
    /// Heading when no meeting was found or let in.
    pub const NO_ENTRY: &str = "You can’t join this meeting";
    /// Heading when a meeting is over.
    pub const ENDED: &str = "The meeting is over for you";
    /// Heading when the person left.
    pub const LEFT: &str = "You left the meeting";
    /// Under that heading.
    pub const LEFT_DETAIL: &str = "Your camera and microphone are off.";
    /// Goes back in.
    pub const REJOIN: &str = "Rejoin";
    /// Tries again.
    pub const RETRY: &str = "Try again";
    /// Goes to the landing page.
    pub const HOME: &str = "Back to start";
    /// Title and heading of an address nothing is at.
    pub const NOT_FOUND: &str = "Page not found";
}
