use std::time::Duration;

use shared::ids::ParticipantId;

use super::{
    Arrangement, Rect, arrange,
    cast::{MOST_IN_MAIN, ViewMode, Wishes},
    director::{Director, Person},
    grid::LEAST_TILE,
};
use crate::meeting::view::TileKey;

/// Phones upright and on their side, tablets, laptops with and without the panel, large screens.
const STAGES: [(f64, f64); 12] = [
    (296.0, 330.0),
    (336.0, 560.0),
    (390.0, 700.0),
    (644.0, 270.0),
    (744.0, 900.0),
    (908.0, 620.0),
    (1256.0, 620.0),
    (1416.0, 780.0),
    (1896.0, 960.0),
    (2120.0, 1280.0),
    (2520.0, 1280.0),
    (3800.0, 2000.0),
];

/// Counts of people in a room, oneself among them.
const COUNTS: std::ops::RangeInclusive<usize> = 1..=50;

fn other(number: usize) -> TileKey {
    TileKey::Other(ParticipantId::from_random([u8::try_from(number).expect("small"); 16]))
}

fn screen(number: usize) -> TileKey {
    TileKey::Screen(ParticipantId::from_random([u8::try_from(number).expect("small"); 16]))
}

fn room(count: usize) -> Vec<TileKey> {
    std::iter::once(TileKey::Me).chain((1..count).map(other)).collect()
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    let apart = a.left + a.width <= b.left
        || b.left + b.width <= a.left
        || a.top + a.height <= b.top
        || b.top + b.height <= a.top;
    !apart
}

/// Checks what holds for every arrangement.
fn check(arrangement: &Arrangement, stage: (f64, f64), context: &str) {
    let pager = arrangement.pager;
    let shown: Vec<Rect> = arrangement.places.values().copied().chain(pager).collect();
    for (index, place) in shown.iter().enumerate() {
        assert!(place.left >= 0.0 && place.top >= 0.0, "{context}: {place:?}");
        assert!(place.left + place.width <= stage.0 + 1e-6, "{context}: {place:?}");
        assert!(place.top + place.height <= stage.1 + 1e-6, "{context}: {place:?}");
        for later in &shown[index + 1..] {
            assert!(!overlap(place, later), "{context}: {place:?} and {later:?}");
        }
    }
    for place in arrangement.places.values() {
        let aspect = place.width / place.height;
        assert!((0.66..1.81).contains(&aspect), "{context}: {place:?} is {aspect}");
        assert!(
            place.width >= LEAST_TILE.0 && place.height >= LEAST_TILE.1,
            "{context}: {place:?}"
        );
    }
}

/// Walks through all pages and returns who was seen how often, and the pages.
fn pages(wishes: &Wishes, screens: &[TileKey], count: usize, stage: (f64, f64)) -> usize {
    let people = room(count);
    let focus = people.get(1);
    let cast = wishes.cast(screens, &people, focus);
    let first = arrange(&cast, stage, 0);
    let mut seen: Vec<TileKey> = Vec::new();
    for page in 0..first.pages {
        let arrangement = arrange(&cast, stage, page);
        let context = format!("{count} people, {stage:?}, page {page}, {wishes:?}");
        check(&arrangement, stage, &context);
        assert_eq!((arrangement.page, arrangement.pages), (page, first.pages), "{context}");
        assert_eq!(arrangement.pager.is_some(), first.pages > 1, "{context}");
        seen.extend(arrangement.places.into_keys().filter(|key| !cast.main.contains(key)));
    }
    seen.sort_unstable();
    let mut rest = cast.rest.clone();
    rest.sort_unstable();
    assert_eq!(seen, rest, "{count} people, {stage:?}: everyone is on one page");
    first.pages
}

#[test]
fn a_grid_fits_and_overlaps_nowhere_whatever_the_stage() {
    for stage in STAGES {
        for count in COUNTS {
            pages(&Wishes::default(), &[], count, stage);
        }
    }
}

#[test]
fn neither_does_a_main_area_with_the_others_beside_it() {
    let speaker = Wishes { mode: ViewMode::Speaker, ..Wishes::default() };
    for stage in STAGES {
        for count in COUNTS {
            pages(&speaker, &[], count, stage);
            for shared in 1..=2 {
                let screens: Vec<_> = (1..=shared).map(screen).collect();
                pages(&speaker, &screens, count, stage);
            }
        }
    }
}

#[test]
fn nor_do_pins() {
    for stage in STAGES.into_iter().filter(|(width, _)| *width > 700.0) {
        for count in COUNTS {
            for pinned in 1..=MOST_IN_MAIN {
                let pins = (1..=pinned).map(other).collect();
                pages(&Wishes { pins, ..Wishes::default() }, &[], count, stage);
            }
        }
    }
}

#[test]
fn a_large_screen_shows_49_at_once_and_a_phone_a_few_large_enough() {
    let grid = Wishes::default();
    assert_eq!(pages(&grid, &[], 49, (2520.0, 1280.0)), 1);
    assert_eq!(pages(&grid, &[], 49, (1256.0, 620.0)), 1);
    assert_eq!(pages(&grid, &[], 50, (2520.0, 1280.0)), 2);
    assert!(pages(&grid, &[], 49, (336.0, 560.0)) >= 3);
    assert_eq!(pages(&grid, &[], 9, (336.0, 560.0)), 1);
}

#[test]
fn a_grid_covers_most_of_its_stage() {
    for (stage, least) in [((1256.0, 620.0), 0.6), ((2520.0, 1280.0), 0.6), ((336.0, 560.0), 0.6)] {
        for count in [1, 2, 3, 4, 6, 9] {
            let cast = Wishes::default().cast(&[], &room(count), None);
            let places = arrange(&cast, stage, 0).places;
            let covered: f64 = places.values().map(|place| place.width * place.height).sum();
            let share = covered / (stage.0 * stage.1);
            assert!(share > least || count == 1, "{count} on {stage:?}: {share}");
        }
    }
}

#[test]
fn one_is_in_the_upper_left_corner_of_a_grid() {
    for count in 2..=9 {
        let cast = Wishes::default().cast(&[], &room(count), None);
        let places = arrange(&cast, (1256.0, 620.0), 0).places;
        let mine = places[&TileKey::Me];
        assert!(
            places
                .values()
                .all(|it| it.top >= mine.top && (it.top > mine.top || it.left >= mine.left))
        );
    }
}

#[test]
fn the_main_area_gets_most_of_the_stage() {
    let speaker = Wishes { mode: ViewMode::Speaker, ..Wishes::default() };
    for stage in STAGES {
        for count in [2, 4, 9, 25] {
            let people = room(count);
            let cast = speaker.cast(&[], &people, people.get(1));
            let places = arrange(&cast, stage, 0).places;
            let main = places[&people[1]];
            let largest = places
                .iter()
                .filter(|(key, _)| **key != people[1])
                .map(|(_, place)| place.width * place.height)
                .fold(0.0, f64::max);
            assert!(main.width * main.height > largest * 1.5, "{count} on {stage:?}: {places:?}");
        }
    }
}

#[test]
fn a_stage_without_room_is_no_harm() {
    for stage in [(0.0, 0.0), (10.0, 0.0), (100.0, 40.0)] {
        for count in [1, 5, 50] {
            for screens in [vec![], vec![screen(1)]] {
                let cast = Wishes::default().cast(&screens, &room(count), None);
                let arrangement = arrange(&cast, stage, 7);
                assert!(arrangement.page < arrangement.pages);
                assert!(arrangement.places.values().all(|it| it.width >= 0.0 && it.height >= 0.0));
            }
        }
    }
}

#[test]
fn pins_go_before_screens_and_screens_before_who_speaks() {
    let mut wishes = Wishes { mode: ViewMode::Speaker, ..Wishes::default() };
    let people = room(4);
    assert_eq!(wishes.cast(&[], &people, Some(&other(2))).main, [other(2)]);
    assert_eq!(wishes.cast(&[screen(3)], &people, Some(&other(2))).main, [screen(3)]);
    wishes.toggle_pin(&other(1));
    let cast = wishes.cast(&[screen(3)], &people, Some(&other(2)));
    assert_eq!(cast.main, [other(1)]);
    assert_eq!(cast.rest, [screen(3), TileKey::Me, other(2), other(3)]);
    wishes.toggle_pin(&other(1));
    assert_eq!(wishes.pins, []);
}

#[test]
fn a_fifth_pin_takes_the_place_of_the_first_and_who_left_holds_none() {
    let mut wishes = Wishes::default();
    (1..=5).for_each(|number| wishes.toggle_pin(&other(number)));
    assert_eq!(wishes.pins, [other(2), other(3), other(4), other(5)]);
    assert_eq!(wishes.cast(&[], &room(4), None).main, [other(2), other(3)]);
}

#[test]
fn ones_own_tile_can_be_hidden_while_others_are_there() {
    let wishes = Wishes { hides_self: true, ..Wishes::default() };
    assert_eq!(wishes.cast(&[], &room(3), None).rest, [other(1), other(2)]);
    assert_eq!(wishes.cast(&[], &room(1), None).rest, [TileKey::Me]);
}

/// A director, and whom it is told of.
struct Meeting {
    director: Director,
    now: Duration,
    count: usize,
    speaking: Vec<TileKey>,
}

impl Meeting {
    const PER_PAGE: usize = 4;

    fn of(count: usize) -> Self {
        let (director, now, speaking) = (Director::default(), Duration::from_secs(60), vec![]);
        let mut meeting = Self { director, now, count, speaking };
        meeting.tell(0);
        meeting
    }

    /// Goes on for so many milliseconds, in steps, after a change.
    fn tell(&mut self, milliseconds: u64) {
        let people: Vec<Person> = room(self.count)
            .into_iter()
            .map(|key| Person { is_speaking: self.speaking.contains(&key), key })
            .collect();
        let until = self.now + Duration::from_millis(milliseconds);
        self.director.update(self.now, &people, Self::PER_PAGE);
        while let Some(at) = self.director.wake_at(self.now).filter(|at| *at <= until) {
            self.now = at;
            self.director.update(at, &people, Self::PER_PAGE);
        }
        self.now = until;
    }

    fn speak(&mut self, who: &[TileKey], milliseconds: u64) {
        self.speaking = who.to_vec();
        self.tell(milliseconds);
    }
}

#[test]
fn a_speaker_of_a_later_page_takes_the_seat_of_the_most_silent_and_nobody_else_moves() {
    let mut meeting = Meeting::of(8);
    let before = meeting.director.seats().to_vec();
    meeting.speak(&[other(3)], 3_000);
    assert_eq!(meeting.director.seats(), before, "who can be seen stays");
    meeting.speak(&[other(6)], 500);
    assert_eq!(meeting.director.seats(), before, "a cough changes nothing");
    meeting.speak(&[other(6)], 2_000);
    let seats = meeting.director.seats().to_vec();
    assert_eq!(seats[2], other(6), "not the seat of who has just spoken: {seats:?}");
    assert_eq!(seats[6], other(2));
    assert_eq!(seats[0], TileKey::Me);
    meeting.speak(&[], 60_000);
    assert_eq!(meeting.director.seats(), seats, "and it stays so");
}

#[test]
fn when_all_of_the_first_page_speak_nobody_is_moved() {
    let mut meeting = Meeting::of(8);
    let before = meeting.director.seats().to_vec();
    meeting.speak(&[other(1), other(2), other(3), other(5)], 5_000);
    assert_eq!(meeting.director.seats(), before);
}

#[test]
fn the_focus_follows_who_speaks_but_does_not_dance() {
    let mut meeting = Meeting::of(4);
    assert_eq!(meeting.director.focus(), Some(&other(1)), "somebody, before anybody speaks");
    meeting.speak(&[other(2)], 2_500);
    assert_eq!(meeting.director.focus(), Some(&other(2)));
    meeting.speak(&[other(2), other(3)], 5_000);
    assert_eq!(meeting.director.focus(), Some(&other(2)), "who speaks is not interrupted");
    meeting.speak(&[other(3)], 100);
    assert_eq!(meeting.director.focus(), Some(&other(3)));
    meeting.speak(&[other(1)], 1_000);
    assert_eq!(meeting.director.focus(), Some(&other(3)), "not so soon again");
    meeting.speak(&[], 10_000);
    assert_eq!(meeting.director.focus(), Some(&other(3)), "silence changes nothing");
    meeting.speak(&[TileKey::Me], 10_000);
    assert_eq!(meeting.director.focus(), Some(&other(3)), "one does not look at oneself");
    meeting.count = 3;
    meeting.speak(&[], 0);
    assert_eq!(meeting.director.focus(), Some(&other(1)), "who left is not looked at");
}
