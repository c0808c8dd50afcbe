//! Who sits where, and who is in focus: speakers are brought to where they are seen, and nobody
//! else moves.
//!
//! ```text
//! director.update(now, &people, per_page);      // whenever one of them changes, and at wake_at()
//! director.seats(); director.focus();
//! ```

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use crate::meeting::{effect::Instant, view::TileKey};

/// How long someone speaks before anything is rearranged for them: a cough is shorter.
const SPEAKS: Duration = Duration::from_millis(800);

/// How long whoever came into focus stays there at least.
const FOCUSED: Duration = Duration::from_secs(2);

/// How long someone who spoke keeps their seat on the first page, if another is to be had.
const HEARD: Duration = Duration::from_secs(20);

/// One person, as far as the order of seats is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their tile.
    pub key: TileKey,
    /// Whether they speak.
    pub is_speaking: bool,
}

/// Keeps the order of seats and the focus.
#[derive(Debug, Default)]
pub struct Director {
    seats: Vec<TileKey>,
    focus: Option<(TileKey, Instant)>,
    speech: BTreeMap<TileKey, Speech>,
}

/// When someone spoke.
#[derive(Debug, Clone, Copy)]
enum Speech {
    /// They speak, since then.
    Since(Instant),
    /// They spoke until then.
    Until(Instant),
}

impl Director {
    /// Takes in who is there, oneself first, and who speaks; `per_page` seats are on the first page.
    pub fn update(&mut self, now: Instant, people: &[Person], per_page: usize) {
        self.listen(now, people);
        self.seats.retain(|key| people.iter().any(|person| person.key == *key));
        let new = people.iter().filter(|person| !self.seats.contains(&person.key));
        self.seats.extend(new.map(|person| person.key.clone()).collect::<Vec<_>>());
        self.bring_forward(now, per_page);
        self.choose_focus(now);
    }

    /// Everyone's seats, in order.
    #[must_use]
    pub fn seats(&self) -> &[TileKey] {
        &self.seats
    }

    /// Whom to look at: never oneself.
    #[must_use]
    pub fn focus(&self) -> Option<&TileKey> {
        self.focus.as_ref().map(|(key, _)| key)
    }

    /// When [`Self::update`] may change something without news.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Option<Instant> {
        let speaking = self.speech.values().filter_map(|speech| match speech {
            Speech::Since(since) => Some(*since + SPEAKS),
            Speech::Until(_) => None,
        });
        let focused = self.focus.as_ref().map(|(_, since)| *since + FOCUSED);
        speaking.chain(focused).filter(|at| *at > now).min()
    }

    fn listen(&mut self, now: Instant, people: &[Person]) {
        self.speech.retain(|key, _| people.iter().any(|person| person.key == *key));
        for Person { key, is_speaking } in people {
            match (self.speech.get(key).copied(), is_speaking) {
                (Some(Speech::Since(_)), true) | (Some(Speech::Until(_)) | None, false) => {}
                (_, true) => drop(self.speech.insert(key.clone(), Speech::Since(now))),
                (_, false) => drop(self.speech.insert(key.clone(), Speech::Until(now))),
            }
        }
    }

    /// Swaps whoever speaks on a later page with who has been silent longest on the first.
    fn bring_forward(&mut self, now: Instant, per_page: usize) {
        let on_first = per_page.clamp(1, self.seats.len().max(1));
        for later in on_first..self.seats.len() {
            if self.seats.get(later).is_some_and(|key| self.speaks(key, now)) {
                let Some(seat) = self.seat_to_give(now, on_first) else { return };
                self.seats.swap(seat, later);
            }
        }
    }

    /// A seat of the first page whose person is silent, and has been for longest; one who never
    /// spoke before one who did. Oneself stays.
    fn seat_to_give(&self, now: Instant, on_first: usize) -> Option<usize> {
        let silent = self.seats.iter().take(on_first).enumerate().filter_map(|(seat, key)| {
            let spoke_until = match self.speech.get(key) {
                Some(Speech::Since(_)) => return None,
                Some(Speech::Until(until)) => *until + HEARD,
                None => Duration::ZERO,
            };
            (*key != TileKey::Me).then_some((spoke_until.max(now), Reverse(seat), seat))
        });
        silent.min().map(|(_, _, seat)| seat)
    }

    /// Whoever is in focus stays while they speak, and for a while.
    fn choose_focus(&mut self, now: Instant) {
        let current = self.focus.take().filter(|(key, _)| self.seats.contains(key));
        if let Some((key, since)) = &current
            && (self.is_speaking(key) || *since + FOCUSED > now)
        {
            self.focus = current;
            return;
        }
        let mut others = self.seats.iter().filter(|key| **key != TileKey::Me);
        let next = others.clone().find(|key| self.speaks(key, now));
        let next = next.or_else(|| if current.is_none() { others.next() } else { None });
        self.focus = next.map(|key| (key.clone(), now)).or(current);
    }

    fn is_speaking(&self, key: &TileKey) -> bool {
        matches!(self.speech.get(key), Some(Speech::Since(_)))
    }

    /// Whether someone speaks, and not only for a moment.
    fn speaks(&self, key: &TileKey, now: Instant) -> bool {
        matches!(self.speech.get(key), Some(Speech::Since(since)) if *since + SPEAKS <= now)
    }
}
