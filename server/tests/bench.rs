//! `open-stream bench`, as someone runs it who wants to know.

use std::process::Command;

#[test]
fn a_fanout_delivers_every_packet_and_says_what_it_cost() {
    let output = Command::new(env!("CARGO_BIN_EXE_open-stream"))
        .args(["bench", "fanout", "--receivers", "3", "--rate", "200", "--seconds", "1", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |pointer: &str| report.pointer(pointer).and_then(serde_json::Value::as_f64);

    let sent = number("/sent").unwrap();
    // A packet of the warm-up may arrive late, and is then counted too.
    assert!((200.0..=201.0).contains(&sent), "{sent} packets in a second");
    assert!(number("/delivered").unwrap() >= 3.0 * sent, "{report}");
    assert_eq!(number("/corrupt"), Some(0.0));
    assert!(number("/verified") > Some(0.0));
    for cost in ["/cpu_us_per_packet", "/floor/single_us", "/floor/segmented_us", "/floor/seal_us"]
    {
        assert!(number(cost) > Some(0.0), "{cost} in {report}");
    }
}
