//! The estimator over links of all kinds.

mod link;

use std::time::Duration;

use self::link::{Link, Viewer};

const SEEDS: u64 = 5;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_wide_link_is_found_within_three_seconds_and_then_left_alone() {
    let mut viewer = Viewer::new(Link::of(50_000_000), 1);
    viewer.want(5_000_000);
    viewer.run(seconds(3));
    assert!(viewer.estimate() > 5_000_000, "{}", viewer.estimate());
    let padding = viewer.padding;
    viewer.run(seconds(30));
    assert_eq!(viewer.padding, padding, "what is enough is not probed for");
    assert!(!viewer.estimator.is_limited(viewer.now));
    assert!(viewer.layers.is_empty(), "{:?}", viewer.layers);
}

#[test]
fn a_narrow_link_is_known_within_three_seconds_and_stays_known() {
    for seed in 0..SEEDS {
        for queue in [60, 400, 1_500] {
            let link = Link { queue: Duration::from_millis(queue), ..Link::of(300_000) };
            let mut viewer = Viewer::new(link, seed);
            viewer.want(2_000_000);
            viewer.run(seconds(3));
            assert!(viewer.layer <= 1, "layer {} on 300 kbit/s", viewer.layer);
            viewer.run(seconds(5));
            for estimate in viewer.estimates(seconds(3)) {
                assert!((130_000..330_000).contains(&estimate), "{estimate}, queue of {queue} ms");
            }
            viewer.run(seconds(60));
            for estimate in viewer.estimates(seconds(8)) {
                assert!((170_000..330_000).contains(&estimate), "{estimate}, queue of {queue} ms");
            }
            let wait = viewer.longest_wait;
            assert!(wait < Duration::from_millis(120), "probes made packets wait {wait:?}");
            assert!(viewer.layers.len() <= 3, "{:?}", viewer.layers);
        }
    }
}

#[test]
fn when_a_clamp_is_lifted_the_link_is_found_again_within_fifteen_seconds() {
    for seed in 0..SEEDS {
        let mut viewer = Viewer::new(Link::of(10_000_000), seed);
        viewer.want(2_000_000);
        viewer.run(seconds(10));
        assert_eq!(viewer.layer, 3);
        viewer.link.rate = 300_000;
        viewer.run(seconds(3));
        assert!(viewer.layer <= 1, "layer {} three seconds into the clamp", viewer.layer);
        viewer.run(seconds(20));
        viewer.link.rate = 10_000_000;
        viewer.run(seconds(15));
        assert!(viewer.estimate() > 2_000_000, "{} after fifteen seconds", viewer.estimate());
        assert_eq!(viewer.layer, 3);
    }
}

#[test]
fn jitter_alone_is_not_taken_for_a_queue() {
    for seed in 0..SEEDS {
        let jitter = Duration::from_millis(300);
        let mut viewer = Viewer::new(Link { jitter, ..Link::of(10_000_000) }, seed);
        viewer.want(2_000_000);
        viewer.run(seconds(60));
        let least = viewer.estimates(Duration::ZERO).min();
        assert!(least > Some(1_500_000), "{least:?} with seed {seed}");
    }
}

#[test]
fn a_clamp_is_noticed_behind_jitter() {
    for seed in 0..SEEDS {
        let jitter = Duration::from_millis(100);
        let mut viewer = Viewer::new(Link { jitter, ..Link::of(10_000_000) }, seed);
        viewer.want(2_000_000);
        viewer.run(seconds(10));
        viewer.link.rate = 300_000;
        viewer.run(seconds(4));
        assert!(viewer.estimate() < 330_000, "{} with seed {seed}", viewer.estimate());
    }
}

#[test]
fn random_loss_does_not_make_the_estimate_collapse() {
    for seed in 0..SEEDS {
        for (loss, least) in
            [(0.01, 1_800_000), (0.05, 1_700_000), (0.1, 1_000_000), (0.2, 500_000)]
        {
            let mut viewer = Viewer::new(Link { loss, ..Link::of(10_000_000) }, seed);
            viewer.want(2_000_000);
            viewer.run(seconds(60));
            let lowest = viewer.estimates(Duration::ZERO).min().unwrap();
            assert!(lowest > least, "{lowest} at a loss of {loss} with seed {seed}");
            assert!(viewer.layer >= 2);
        }
    }
}

#[test]
fn a_policed_link_without_a_queue_is_known_by_its_losses() {
    for seed in 0..SEEDS {
        let link = Link { queue: Duration::from_millis(5), ..Link::of(300_000) };
        let mut viewer = Viewer::new(link, seed);
        viewer.want(2_000_000);
        viewer.run(seconds(5));
        assert!(viewer.layer <= 1, "layer {} of a policed link", viewer.layer);
        viewer.run(seconds(30));
        assert!(viewer.layer >= 1, "the estimate fell to {}", viewer.estimate());
    }
}

#[test]
fn a_shaper_that_lets_bursts_pass_does_not_mislead_for_long() {
    for seed in 0..SEEDS {
        let link = Link { credit: 8_000.0, ..Link::of(300_000) };
        let mut viewer = Viewer::new(link, seed);
        viewer.want(2_000_000);
        viewer.run(seconds(60));
        let high = viewer.estimates(seconds(5)).filter(|estimate| *estimate > 360_000).count();
        let all = viewer.estimates(seconds(5)).count();
        assert!(high * 20 < all, "{high} of {all} estimates are too high");
        let (ups, _) = viewer
            .layers
            .iter()
            .fold((0, 3), |(ups, last), (_, layer)| (ups + u32::from(*layer > last), *layer));
        assert!(ups <= 2, "{:?}", viewer.layers);
    }
}

#[test]
fn a_longer_way_is_not_a_queue_for_ever() {
    let mut viewer = Viewer::new(Link::of(10_000_000), 1);
    viewer.want(2_000_000);
    viewer.run(seconds(20));
    viewer.link.delay = Duration::from_millis(125);
    viewer.run(seconds(20));
    assert!(viewer.estimate() > 1_500_000, "{}", viewer.estimate());
    assert_eq!(viewer.layer, 3);
}
