//! What each consumer of one viewer was granted, and when it may get more.

use std::{
    cmp::Reverse,
    time::{Duration, Instant},
};

use shared::{ids::ConsumerId, media::Layer};

use super::allocate::{Claim, Importance, MAX_CLAIMS, MAX_STEPS, allocate};

/// How long a consumer that got less has to wait until it may get more again, at first and at most:
/// twice as long as before when it had just got more.
const FIRST_HOLD: Duration = Duration::from_secs(2);
const LONGEST_HOLD: Duration = Duration::from_secs(8);

/// Who got more no longer ago than this had just got more.
const JUST: Duration = Duration::from_secs(10);

/// The layers a consumer could be sent, the least first, and their bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    layers: [(Layer, u32); MAX_STEPS],
    count: usize,
}

impl Default for Steps {
    fn default() -> Self {
        Self { layers: [(Layer { spatial: 0, temporal: 0 }, 0); MAX_STEPS], count: 0 }
    }
}

impl Steps {
    /// Adds the next step. One that takes no more than the one before makes that needless.
    pub fn push(&mut self, layer: Layer, rate: u32) {
        let rate = rate.max(1);
        let before = self.count.checked_sub(1);
        if before.and_then(|last| self.layers.get(last)).is_some_and(|last| last.1 >= rate) {
            self.count -= 1;
        }
        if let Some(slot) = self.layers.get_mut(self.count) {
            *slot = (layer, rate);
            self.count += 1;
        }
    }

    /// The steps, the least first.
    #[must_use]
    pub fn as_slice(&self) -> &[(Layer, u32)] {
        self.layers.get(..self.count).unwrap_or_default()
    }

    /// Which step a layer is, from 1; if it is none, the highest that is no more.
    fn number_of(&self, layer: Option<Layer>) -> u8 {
        let Some(layer) = layer else { return 0 };
        let found = self.as_slice().iter().rposition(|(one, _)| *one <= layer);
        found.and_then(|index| u8::try_from(index + 1).ok()).unwrap_or(0)
    }

    fn layer(&self, number: u8) -> Option<Layer> {
        let index = usize::from(number).checked_sub(1)?;
        self.as_slice().get(index).map(|(layer, _)| *layer)
    }
}

/// What a viewer wants of one consumer.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// The consumer.
    pub consumer: ConsumerId,
    /// How much it matters.
    pub importance: Importance,
    /// Pixels of the picture as it is shown.
    pub area: u32,
    /// When whoever is seen last spoke; none is long ago.
    pub spoke: Option<Instant>,
    /// The layers that would be useful.
    pub steps: Steps,
}

/// The grants of one viewer. For each decision [`Allocation::wish`] for every consumer that is
/// wanted, then [`Allocation::decide`].
#[derive(Debug, Default)]
pub struct Allocation {
    wishes: Vec<Wish>,
    claims: Vec<Claim>,
    decided: Vec<u8>,
    grants: Vec<Grant>,
    least: u64,
    /// Whether cameras were left out of the next decision.
    is_cut: bool,
    is_withholding: bool,
}

/// What a consumer gets.
#[derive(Debug, Clone, Copy)]
struct Grant {
    consumer: ConsumerId,
    layer: Option<Layer>,
    raised: Instant,
    /// Until when it gets no more, and for how long that was.
    held: Option<(Instant, Duration)>,
}

/// A grant that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub consumer: ConsumerId,
    /// What it gets now; none is nothing.
    pub layer: Option<Layer>,
}

impl Allocation {
    /// Notes a consumer for the next decision.
    pub fn wish(&mut self, wish: Wish) {
        if self.wishes.len() < MAX_CLAIMS {
            self.wishes.push(wish);
        }
    }

    /// Whether nothing was ever granted, or refused.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// Leaves out all cameras but the `most` that matter most; of those that matter alike, who spoke
    /// last stay, then the larger ones. Screens are not counted.
    pub fn keep_last(&mut self, most: usize) {
        if self.wishes.len() <= most {
            return;
        }
        self.wishes.sort_by_key(|wish| {
            (wish.importance, Reverse(wish.spoke), Reverse(wish.area), wish.consumer)
        });
        let cameras = self.wishes.iter_mut().filter(|wish| wish.importance != Importance::Screen);
        for wish in cameras.skip(most) {
            wish.steps.count = 0;
            self.is_cut = true;
        }
    }

    /// Leaves out `part` of `whole` of the wishes of many viewers: by half, the least important
    /// half of them is reduced to the lowest step each, and so on until all are; then they are
    /// dropped in the same order. `viewer` decides who of viewers with few wishes is first.
    pub fn shed(&mut self, part: u8, whole: u8, viewer: usize) {
        if part == 0 {
            return;
        }
        self.wishes
            .sort_by_key(|wish| (Reverse(wish.importance), wish.area, Reverse(wish.consumer)));
        let (count, whole) = (self.wishes.len().max(1), usize::from(whole));
        // Multiplying spreads neighbours (Knuth, The Art of Computer Programming 3, 6.4).
        let share = viewer.wrapping_mul(0x9E37_79B1) >> 8;
        let share = share % whole;
        let depth = 2 * usize::from(part);
        for (wish, rank) in self.wishes.iter_mut().zip(0..) {
            let place = (rank * whole + share) / count;
            let most = if place >= depth {
                MAX_STEPS
            } else {
                // The lowest step is dropped when all have been reduced to it.
                usize::from(place + whole >= depth)
            };
            wish.steps.count = wish.steps.count.min(most);
        }
    }

    /// The bits per second of all wishes together.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        let tops = self.wishes.iter().filter_map(|wish| wish.steps.as_slice().last());
        tops.map(|(_, rate)| u64::from(*rate)).sum()
    }

    /// The bits per second of the least that could be sent of everything that is granted.
    #[must_use]
    pub const fn least(&self) -> u64 {
        self.least
    }

    /// Whether somebody who wants something was granted nothing.
    #[must_use]
    pub const fn is_withholding(&self) -> bool {
        self.is_withholding
    }

    /// Shares `budget` out among the wishes, which are forgotten; `changed` is told what changed.
    /// None is no limit.
    pub fn decide(&mut self, now: Instant, budget: Option<u64>, mut changed: impl FnMut(Change)) {
        let wishes = std::mem::take(&mut self.wishes);
        self.grants.retain(|grant| wishes.iter().any(|wish| wish.consumer == grant.consumer));
        self.claims.clear();
        for wish in &wishes {
            let grant = self.grants.iter().find(|grant| grant.consumer == wish.consumer);
            self.claims.push(claim(now, wish, grant));
        }
        self.decided.clear();
        self.decided.resize(wishes.len(), 0);
        allocate(budget, &self.claims, &mut self.decided);
        (self.least, self.is_withholding) = (0, std::mem::take(&mut self.is_cut));
        for ((wish, claim), number) in wishes.iter().zip(&self.claims).zip(&self.decided) {
            let layer = wish.steps.layer(*number);
            let lowest = wish.steps.as_slice().first().filter(|_| layer.is_some());
            self.least += lowest.map_or(0, |(_, rate)| u64::from(*rate));
            self.is_withholding |= layer.is_none() && !wish.steps.as_slice().is_empty();
            let place = self.grants.iter_mut().find(|grant| grant.consumer == wish.consumer);
            let before = place.as_ref().map(|grant| grant.layer);
            match place {
                Some(grant) => grant.set(now, layer, (*number).cmp(&claim.current)),
                None => {
                    let consumer = wish.consumer;
                    self.grants.push(Grant { consumer, layer, raised: now, held: None });
                }
            }
            if before != Some(layer) {
                changed(Change { consumer: wish.consumer, layer });
            }
        }
        self.wishes = wishes;
        self.wishes.clear();
    }
}

fn claim(now: Instant, wish: &Wish, grant: Option<&Grant>) -> Claim {
    let mut steps = [0; MAX_STEPS];
    for (slot, (_, rate)) in steps.iter_mut().zip(wish.steps.as_slice()) {
        *slot = *rate;
    }
    Claim {
        importance: wish.importance,
        area: wish.area,
        steps,
        current: grant.map_or(0, |grant| wish.steps.number_of(grant.layer)),
        may_rise: grant.and_then(|grant| grant.held).is_none_or(|(until, _)| until <= now),
    }
}

impl Grant {
    fn set(&mut self, now: Instant, layer: Option<Layer>, change: std::cmp::Ordering) {
        self.layer = layer;
        match change {
            std::cmp::Ordering::Less => {
                let before = self.held.map(|(_, hold)| hold);
                let just = now.saturating_duration_since(self.raised) < JUST;
                let hold = match before {
                    Some(hold) if just => (hold * 2).min(LONGEST_HOLD),
                    _ => FIRST_HOLD,
                };
                self.held = Some((now + hold, hold));
            }
            std::cmp::Ordering::Greater => self.raised = now,
            std::cmp::Ordering::Equal => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    fn steps() -> Steps {
        let mut steps = Steps::default();
        for (spatial, rate) in [(0, 100_000), (1, 300_000), (2, 900_000)] {
            steps.push(Layer { spatial, temporal: 2 }, rate);
        }
        steps
    }

    struct Viewer {
        now: Instant,
        allocation: Allocation,
        changes: Vec<Option<u8>>,
    }

    impl Viewer {
        fn new() -> Self {
            Self { now: epoch(), allocation: Allocation::default(), changes: Vec::new() }
        }

        /// Decides every fifth of a second.
        fn run(&mut self, seconds: u64, budget: Option<u64>) {
            for _ in 0..seconds * 5 {
                self.now += Duration::from_millis(200);
                let (consumer, importance) = (ConsumerId(7), Importance::Tile);
                self.allocation.wish(Wish {
                    consumer,
                    importance,
                    area: 1,
                    spoke: None,
                    steps: steps(),
                });
                let changes = &mut self.changes;
                self.allocation.decide(self.now, budget, |change| {
                    changes.push(change.layer.map(|layer| layer.spatial));
                });
            }
        }
    }

    #[test]
    fn changes_are_told_once() {
        let mut viewer = Viewer::new();
        viewer.run(2, None);
        viewer.run(2, Some(400_000));
        viewer.run(2, Some(50_000));
        assert_eq!(viewer.changes, [Some(2), Some(1), None]);
    }

    #[test]
    fn an_estimate_that_swings_is_followed_ever_more_slowly() {
        let mut viewer = Viewer::new();
        for _ in 0..30 {
            viewer.run(1, Some(2_000_000));
            viewer.run(1, Some(250_000));
        }
        assert!(viewer.changes.len() <= 20, "{:?}", viewer.changes);
    }

    #[test]
    fn after_a_single_drop_the_way_up_is_free_in_two_seconds() {
        let mut viewer = Viewer::new();
        viewer.run(20, Some(2_000_000));
        viewer.run(1, Some(250_000));
        viewer.run(1, Some(2_000_000));
        assert_eq!(viewer.changes, [Some(2), Some(0)]);
        viewer.run(1, Some(2_000_000));
        assert_eq!(viewer.changes, [Some(2), Some(0), Some(2)]);
    }

    #[test]
    fn the_least_important_is_left_out_first_and_the_lowest_step_last() {
        let of = |number, importance, area| Wish {
            consumer: ConsumerId(number),
            importance,
            area,
            spoke: None,
            steps: steps(),
        };
        let kept = |part| {
            let mut allocation = Allocation::default();
            allocation.wish(of(1, Importance::Tile, 10));
            allocation.wish(of(2, Importance::Screen, 1));
            allocation.wish(of(3, Importance::Tile, 90));
            allocation.shed(part, 16, 0);
            let mut kept: Vec<_> = allocation
                .wishes
                .iter()
                .map(|wish| (wish.consumer.0, wish.steps.as_slice().len()))
                .collect();
            kept.sort_unstable();
            kept.iter().map(|(_, steps)| *steps).collect::<Vec<_>>()
        };
        assert_eq!(kept(0), [3, 3, 3]);
        assert_eq!(kept(2), [1, 3, 3]);
        assert_eq!(kept(4), [1, 3, 1]);
        assert_eq!(kept(8), [1, 1, 1]);
        assert_eq!(kept(10), [0, 1, 1]);
        assert_eq!(kept(16), [0, 0, 0]);
    }

    #[test]
    fn of_too_many_cameras_those_stay_that_matter_and_then_those_who_spoke_last() {
        let kept = |most| {
            let start = epoch();
            let at = |seconds| start.checked_add(Duration::from_secs(seconds));
            let mut allocation = Allocation::default();
            for (number, importance, area, spoke) in [
                (1, Importance::Tile, 90, None),
                (2, Importance::Tile, 10, at(3)),
                (3, Importance::Tile, 10, at(7)),
                (4, Importance::Screen, 1, None),
                (5, Importance::Pinned, 5, None),
                (6, Importance::Tile, 95, None),
            ] {
                let consumer = ConsumerId(number);
                allocation.wish(Wish { consumer, importance, area, spoke, steps: steps() });
            }
            allocation.keep_last(most);
            let mut kept = Vec::new();
            allocation.decide(start, None, |change| {
                kept.extend(change.layer.map(|_| change.consumer.0));
            });
            kept.sort_unstable();
            (kept, allocation.is_withholding())
        };
        assert_eq!(kept(5), (vec![1, 2, 3, 4, 5, 6], false));
        assert_eq!(kept(4), (vec![2, 3, 4, 5, 6], true), "the smaller of those who never spoke");
        assert_eq!(kept(2), (vec![3, 4, 5], true));
        assert_eq!(kept(1), (vec![4, 5], true));
    }

    #[test]
    fn of_many_viewers_with_one_picture_as_many_lose_it_as_have_to() {
        let without = |part| {
            (0..1_000)
                .filter(|viewer| {
                    let mut allocation = Allocation::default();
                    let (consumer, importance) = (ConsumerId(1), Importance::Tile);
                    allocation.wish(Wish {
                        consumer,
                        importance,
                        area: 1,
                        spoke: None,
                        steps: steps(),
                    });
                    allocation.shed(part, 16, *viewer);
                    allocation.wanted() == 0
                })
                .count()
        };
        assert_eq!(without(8), 0);
        assert!((200..300).contains(&without(10)), "{}", without(10));
        assert!((700..800).contains(&without(14)), "{}", without(14));
        assert_eq!(without(16), 1_000);
    }

    #[test]
    fn a_step_that_takes_no_more_than_the_one_below_makes_that_needless() {
        let mut steps = Steps::default();
        steps.push(Layer { spatial: 0, temporal: 0 }, 200_000);
        steps.push(Layer { spatial: 1, temporal: 0 }, 150_000);
        assert_eq!(steps.as_slice(), [(Layer { spatial: 1, temporal: 0 }, 150_000)]);
    }
}
