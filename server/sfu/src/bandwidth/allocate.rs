//! From the estimate to what each consumer gets.

use std::cmp::Reverse;

/// How much a video matters to the viewer, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Importance {
    /// A shared screen: what the meeting is about.
    Screen,
    /// Whom the viewer has pinned.
    Pinned,
    /// Who speaks.
    Speaker,
    /// Everyone else, by the size of the picture.
    Tile,
}

/// The most steps of one video: three spatial layers of three temporal ones each.
pub const MAX_STEPS: usize = 9;

/// What one consumer could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// How much it matters.
    pub importance: Importance,
    /// Pixels of the picture as it is shown.
    pub area: u32,
    /// Bits per second of each useful step, the least first; those after the first 0 do not exist.
    pub steps: [u32; MAX_STEPS],
    /// How many of the steps it gets now: 0 is nothing.
    pub current: u8,
    /// Whether it may get more than now; it may not soon after it got less.
    pub may_rise: bool,
}

impl Claim {
    fn step(&self, number: u8) -> Option<u64> {
        let index = usize::from(number).checked_sub(1)?;
        self.steps.get(index).copied().filter(|rate| *rate > 0).map(u64::from)
    }

    /// Bits per second of the first `number` steps together.
    fn rate(&self, number: u8) -> u64 {
        self.step(number).unwrap_or(0)
    }

    /// How many steps there are.
    #[must_use]
    pub fn top(&self) -> u8 {
        let count = self.steps.iter().take_while(|rate| **rate > 0).count();
        u8::try_from(count).unwrap_or(u8::MAX)
    }
}

/// Of the budget, this part in a hundred stays for the less important, as far as they need it for
/// their lowest steps: one sharp picture is not worth it that all the others are black.
const RESERVED: u64 = 25;

/// A step up must fit into this part in a hundred of the budget, so that what fits now still does
/// when the estimate wavers.
const MARGIN: u64 = 92;

/// Gives each claim its number of steps, in `grants`, which has as many places as there are claims.
///
/// `budget` is what is left of the estimate for video; none is no limit. Claims are served by
/// importance, then by size, then in their order: first everyone's lowest step, then one step more
/// for each in turn as long as it fits. What is more important is served from its own part of the
/// budget before anything less important gets its second step, so a larger budget never gives it
/// less.
pub fn allocate(budget: Option<u64>, claims: &[Claim], grants: &mut [u8]) {
    let mut order: [usize; MAX_CLAIMS] = std::array::from_fn(|index| index);
    let count = claims.len().min(grants.len()).min(MAX_CLAIMS);
    let order = order.get_mut(..count).unwrap_or_default();
    grants.fill(0);
    order.sort_unstable_by_key(|index| {
        claims.get(*index).map(|claim| (claim.importance, Reverse(claim.area), *index))
    });
    let mut spent = Spent { budget: budget.unwrap_or(u64::MAX), used: 0 };
    let mut rest = &*order;
    while let Some(first) = rest.first().and_then(|index| claims.get(*index)) {
        let same = rest.iter().take_while(|index| {
            claims.get(**index).is_some_and(|claim| claim.importance == first.importance)
        });
        let (class, others) = rest.split_at(same.count());
        let needed = others.iter().filter_map(|index| claims.get(*index));
        let needed = needed.map(|claim| claim.rate(1)).sum::<u64>();
        let left = spent.budget - spent.used;
        let reserved = needed.min(left / 100 * RESERVED);
        spent.serve(reserved, class, claims, grants);
        rest = others;
    }
}

/// The most claims that are looked at: more pictures than are ever shown at once.
pub const MAX_CLAIMS: usize = 256;

struct Spent {
    budget: u64,
    used: u64,
}

impl Spent {
    /// Serves claims of one importance, a step for each in turn.
    fn serve(&mut self, reserved: u64, class: &[usize], claims: &[Claim], grants: &mut [u8]) {
        for step in 1..=MAX_STEPS {
            let Ok(step) = u8::try_from(step) else { return };
            // The reserve is for lowest steps, and so not kept from one.
            let reserved = if step == 1 { 0 } else { reserved };
            for index in class {
                let (Some(claim), Some(grant)) = (claims.get(*index), grants.get_mut(*index))
                else {
                    continue;
                };
                let Some(rate) = claim.step(step).filter(|_| *grant + 1 == step) else { continue };
                let used = self.used + rate.saturating_sub(claim.rate(*grant));
                let is_more = step > claim.current;
                let limit = if is_more { self.budget / 100 * MARGIN } else { self.budget };
                if used <= limit.saturating_sub(reserved) && (!is_more || claim.may_rise) {
                    *grant = step;
                    self.used = used;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claim(importance: Importance, area: u32, steps: &[u32]) -> Claim {
        let mut all = [0; MAX_STEPS];
        all[..steps.len()].copy_from_slice(steps);
        Claim { importance, area, steps: all, current: 0, may_rise: true }
    }

    fn grants(budget: u64, claims: &[Claim]) -> Vec<u8> {
        let mut grants = vec![0; claims.len()];
        allocate(Some(budget), claims, &mut grants);
        grants
    }

    fn cost(claims: &[Claim], grants: &[u8]) -> u64 {
        claims.iter().zip(grants).map(|(claim, grant)| claim.rate(*grant)).sum()
    }

    const CAMERA: [u32; 3] = [100_000, 300_000, 900_000];

    #[test]
    fn without_a_limit_everyone_gets_everything() {
        let claims =
            [claim(Importance::Tile, 1, &CAMERA), claim(Importance::Screen, 1, &[1 << 30])];
        let mut grants = [9; 2];
        allocate(None, &claims, &mut grants);
        assert_eq!(grants, [3, 1]);
    }

    #[test]
    fn the_screen_goes_first_and_the_others_keep_their_lowest_layers() {
        let claims = [
            claim(Importance::Tile, 100, &CAMERA),
            claim(Importance::Speaker, 100, &CAMERA),
            claim(Importance::Screen, 900, &[200_000, 1_500_000]),
        ];
        assert_eq!(grants(10_000_000, &claims), [3, 3, 2]);
        assert_eq!(grants(2_200_000, &claims), [1, 2, 2]);
        assert_eq!(grants(1_200_000, &claims), [2, 2, 1]);
        assert_eq!(grants(400_000, &claims), [0, 1, 1]);
        assert_eq!(grants(250_000, &claims), [0, 0, 1]);
        assert_eq!(grants(50_000, &claims), [0, 0, 0]);
    }

    #[test]
    fn equal_tiles_share_and_the_larger_one_is_first() {
        let claims = [
            claim(Importance::Tile, 100, &CAMERA),
            claim(Importance::Tile, 400, &CAMERA),
            claim(Importance::Tile, 100, &CAMERA),
        ];
        assert_eq!(grants(330_000, &claims), [1, 1, 1]);
        assert_eq!(grants(600_000, &claims), [1, 2, 1]);
        assert_eq!(grants(1_100_000, &claims), [2, 2, 2]);
        assert_eq!(grants(150_000, &claims), [0, 1, 0]);
    }

    #[test]
    fn a_video_that_is_too_much_does_not_block_the_smaller_ones_after_it() {
        let claims =
            [claim(Importance::Tile, 900, &[2_500_000]), claim(Importance::Tile, 1, &CAMERA)];
        assert_eq!(grants(500_000, &claims), [0, 2]);
    }

    #[test]
    fn soon_after_it_got_less_a_video_gets_no_more() {
        let mut one = claim(Importance::Tile, 1, &CAMERA);
        (one.current, one.may_rise) = (1, false);
        assert_eq!(grants(5_000_000, &[one]), [1]);
        assert_eq!(grants(50_000, &[one]), [0], "less is always possible");
    }

    fn any_claim() -> impl Strategy<Value = Claim> {
        let importance = prop_oneof![
            Just(Importance::Screen),
            Just(Importance::Pinned),
            Just(Importance::Speaker),
            Just(Importance::Tile)
        ];
        let steps = prop::collection::vec(30_000_u32..500_000, 0..4);
        (importance, 0_u32..5, steps, 0_u8..5, any::<bool>()).prop_map(
            |(importance, area, steps, current, may_rise)| {
                let mut sum = 0;
                let steps: Vec<_> = steps
                    .iter()
                    .map(|more| {
                        sum += more;
                        sum
                    })
                    .collect();
                Claim { current, may_rise, ..claim(importance, area, &steps) }
            },
        )
    }

    proptest! {
        #[test]
        fn the_budget_is_never_exceeded(
            claims in prop::collection::vec(any_claim(), 0..20),
            budget in 0_u64..5_000_000,
        ) {
            let grants = grants(budget, &claims);
            prop_assert!(cost(&claims, &grants) <= budget);
            for (claim, grant) in claims.iter().zip(&grants) {
                prop_assert!(*grant <= claim.top());
                prop_assert!(*grant <= claim.current || claim.may_rise);
            }
        }

        /// In the order of importance, the first difference that more budget makes is a gain.
        #[test]
        fn more_budget_never_gives_less_to_the_most_important(
            claims in prop::collection::vec(any_claim(), 1..12),
            budget in 0_u64..5_000_000,
            more in 0_u64..2_000_000,
        ) {
            let (less, more) = (grants(budget, &claims), grants(budget + more, &claims));
            let top = claims.iter().map(|claim| claim.importance).min();
            let of_top = |grants: &[u8]| {
                let mut of_top: Vec<_> = claims
                    .iter()
                    .zip(grants)
                    .filter(|(claim, _)| Some(claim.importance) == top)
                    .map(|(claim, grant)| (Reverse(claim.area), *grant))
                    .collect();
                of_top.sort_by_key(|(area, _)| *area);
                // Step for step, as they were given.
                (1..=3).flat_map(|step| {
                    of_top.iter().map(|(_, grant)| *grant >= step).collect::<Vec<_>>()
                }).collect::<Vec<_>>()
            };
            prop_assert!(of_top(&more) >= of_top(&less), "{:?} {:?}", less, more);
        }

        /// What has settled stays when the estimate wavers.
        #[test]
        fn noise_of_a_few_per_cent_changes_nothing(
            mut claims in prop::collection::vec(any_claim(), 1..12),
            budget in 100_000_u64..5_000_000,
            noise in prop::collection::vec(0_u64..7, 1..20),
        ) {
            claims.iter_mut().for_each(|claim| (claim.current, claim.may_rise) = (0, true));
            let settle = |claims: &mut [Claim], budget| {
                let now = grants(budget, claims);
                for (claim, grant) in claims.iter_mut().zip(&now) {
                    (claim.current, claim.may_rise) = (*grant, true);
                }
                now
            };
            // The noise goes both ways around what has been seen at its highest.
            let high = budget + budget / 100 * 7;
            for _ in 0..12 {
                settle(&mut claims, high);
            }
            let settled = settle(&mut claims, high);
            for percent in noise {
                let now = settle(&mut claims, budget + budget / 100 * percent);
                prop_assert_eq!(&now, &settled);
            }
        }
    }
}
