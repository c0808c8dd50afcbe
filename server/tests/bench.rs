//! `open-stream bench`, as someone runs it who wants to know.

use std::process::Command;

use serde_json::Value;

/// A report as JSON.
struct Report(Value);

impl Report {
    fn of(arguments: &[&str]) -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_open-stream"))
            .arg("bench")
            .args(arguments)
            .arg("--json")
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self(serde_json::from_slice(&output.stdout).expect("the report is JSON"))
    }

    fn number(&self, pointer: &str) -> f64 {
        let found = self.0.pointer(pointer).and_then(Value::as_f64);
        found.expect(pointer)
    }

    fn count(&self, pointer: &str) -> u64 {
        let found = self.0.pointer(pointer).and_then(Value::as_u64);
        found.expect(pointer)
    }

    /// Everyone got everything, for a price.
    fn is_whole(&self, receivers: u64) {
        // A packet of the warm-up may arrive late, and is then counted too.
        assert!(self.count("/delivered") >= receivers * self.count("/sent"), "{}", self.0);
        assert!(self.number("/lost_percent") <= 0.0, "{}", self.0);
        assert!(self.count("/corrupt") == 0 && self.count("/verified") > 0, "{}", self.0);
        for cost in
            ["/cpu_us_per_packet", "/floor/single_us", "/floor/segmented_us", "/floor/seal_us"]
        {
            assert!(self.number(cost) > 0.0, "{cost} in {}", self.0);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let is_apart = self.count("/cores/server") != self.count("/cores/load");
        assert_eq!(is_apart, cores > 1, "{}", self.0);
        let times_floor = self.number("/cpu_us_per_packet") / self.number("/floor/single_us");
        assert!((times_floor - self.number("/times_floor")).abs() < 0.01, "{}", self.0);
        let p99 = self.number("/latency_us/p99");
        assert!(p99 >= self.number("/latency_us/median") && p99 > 0.0, "{}", self.0);
    }
}

#[test]
fn a_fanout_delivers_every_packet_and_says_what_it_cost() {
    let report = Report::of(&["fanout", "--receivers", "3", "--rate", "200", "--seconds", "1"]);
    report.is_whole(3);
    let sent = report.count("/sent");
    assert!((190..=210).contains(&sent), "{sent} packets in a second");
}

#[test]
fn in_rooms_everyone_gets_what_the_others_send() {
    let report = Report::of(&["rooms", "--rooms", "2", "--size", "3", "--seconds", "1"]);
    report.is_whole(2);
    // 112 packets of a camera and 50 of a voice, of six people.
    let sent = report.count("/sent");
    assert!((900..=1050).contains(&sent), "{sent} packets in a second");
    assert!(report.number("/memory_kb_per_participant") > 0.0, "{}", report.0);
    assert!(report.number("/connect_ms_per_participant") > 0.0, "{}", report.0);
}

#[test]
fn all_viewers_see_and_hear_the_one_who_sends() {
    let report = Report::of(&["viewers", "--viewers", "4", "--seconds", "1", "--profile", "sha1"]);
    report.is_whole(4);
}

#[test]
fn everyone_gets_in_who_joins_in_a_storm() {
    let storm = ["join-storm", "--joins", "6", "--over-ms", "100", "--size", "3"];
    let report = Report::of(&[&storm[..], &["--idle-seconds", "1"]].concat());
    assert_eq!((report.count("/joined"), report.count("/failed")), (6, 0));
    assert!(report.number("/join_us/p99") >= report.number("/join_us/median"));
    assert!(report.number("/join_us/median") > 0.0, "{}", report.0);
    assert!(report.number("/connect_ms_per_participant") > 0.0, "{}", report.0);
    assert!(report.number("/idle_us_per_second") > 0.0, "{}", report.0);
}

#[test]
fn who_comes_and_goes_leaves_nothing_behind() {
    let churn = ["churn", "--rate", "10", "--seconds", "2", "--stay-ms", "300", "--size", "3"];
    let report = Report::of(&churn);
    assert_eq!((report.count("/visits"), report.count("/failed")), (20, 0));
    assert_eq!(report.count("/left_behind"), 0, "{}", report.0);
}

#[test]
fn without_a_scenario_it_ends_with_a_verdict() {
    let report = Report::of(&["--seconds", "1", "--percent", "2"]);
    for part in ["single", "pictures", "machine", "room", "viewers", "capacity"] {
        assert!(report.number(&format!("/{part}/delivered")) > 0.0, "{part} in {}", report.0);
    }
    assert!(report.number("/storm/joined") > 0.0);
    for verdict in ["/fifty_in_a_room", "/two_hundred_on_the_machine"] {
        let verdict = report.0.pointer(verdict).and_then(Value::as_str);
        assert!(matches!(verdict, Some("yes" | "no" | "unknown")), "{}", report.0);
    }
}
