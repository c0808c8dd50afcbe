//! What a connection test found, and what that means for meetings.

use crate::text::Text;

/// Something that is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Whether the browser has calls at all.
    Browser,
    /// Whether it lets the page have the camera and the microphone.
    Devices,
    /// Signaling.
    Server,
    /// ICE and DTLS over UDP.
    Udp,
    /// The same over TCP.
    Tcp,
    /// The same over a TURN server.
    Relay,
}

/// How it is with a [`Line`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// It is not known yet.
    #[default]
    Testing,
    /// It is as it should be.
    Works,
    /// It is not.
    Fails,
    /// It cannot be tested, or need not be.
    Skipped,
}

/// What all lines together mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Something is not known yet.
    Testing,
    /// One can meet.
    Good,
    /// Over TCP only.
    TcpOnly,
    /// Over a TURN server only.
    RelayOnly,
    /// Media does not get through.
    NoMedia,
    /// Signaling does not.
    NoServer,
    /// The browser cannot do it.
    NoBrowser,
    /// One can only listen.
    NoDevices,
    /// The server did not take part.
    Unknown,
}

/// What was found so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings([(State, Option<Text>); 6]);

impl Line {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Browser, Self::Devices, Self::Server, Self::Udp, Self::Tcp, Self::Relay];
}

impl Findings {
    /// How it is with `line`, and why.
    #[must_use]
    pub const fn of(&self, line: Line) -> (State, Option<Text>) {
        self.0[line as usize]
    }

    /// Something was found.
    pub const fn set(&mut self, line: Line, state: State, why: Option<Text>) {
        self.0[line as usize] = (state, why);
    }

    /// What it means.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let is = |line, state| self.of(line).0 == state;
        let all = Line::ALL;
        if all.into_iter().any(|line| is(line, State::Testing)) {
            return Verdict::Testing;
        }
        match () {
            () if is(Line::Browser, State::Fails) => Verdict::NoBrowser,
            () if is(Line::Server, State::Fails) => Verdict::NoServer,
            () if is(Line::Udp, State::Works) && is(Line::Devices, State::Fails) => {
                Verdict::NoDevices
            }
            () if is(Line::Udp, State::Works) => Verdict::Good,
            () if is(Line::Udp, State::Skipped) => Verdict::Unknown,
            () if is(Line::Tcp, State::Works) => Verdict::TcpOnly,
            () if is(Line::Relay, State::Works) => Verdict::RelayOnly,
            () if is(Line::Tcp, State::Skipped) => Verdict::Unknown,
            () => Verdict::NoMedia,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(states: [State; 6]) -> Findings {
        let mut findings = Findings::default();
        for (line, state) in Line::ALL.into_iter().zip(states) {
            findings.set(line, state, None);
        }
        findings
    }

    #[test]
    fn the_verdict_is_the_first_thing_that_stands_in_the_way() {
        use State::{Fails as F, Skipped as S, Testing as T, Works as W};
        for (states, verdict) in [
            ([W, W, W, W, W, S], Verdict::Good),
            ([W, S, W, W, W, W], Verdict::Good),
            ([W, W, W, W, F, S], Verdict::Good),
            ([W, W, W, W, W, T], Verdict::Testing),
            ([W, W, W, F, W, S], Verdict::TcpOnly),
            ([W, F, W, F, W, W], Verdict::TcpOnly),
            ([W, W, W, F, F, W], Verdict::RelayOnly),
            ([W, W, W, F, F, F], Verdict::NoMedia),
            ([W, W, W, F, F, S], Verdict::NoMedia),
            ([W, W, F, F, F, S], Verdict::NoServer),
            ([F, F, W, S, S, S], Verdict::NoBrowser),
            ([W, F, W, W, W, S], Verdict::NoDevices),
            ([W, W, W, S, S, S], Verdict::Unknown),
            ([W, W, W, F, S, S], Verdict::Unknown),
        ] {
            assert_eq!(findings(states).verdict(), verdict, "{states:?}");
        }
    }
}
