//! Holds the rules of the architecture that no type and no lint can hold.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Longest file, in lines before its tests: past it, an `impl` has grown that wants splitting.
const MAX_FILE_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every source file under `folder`, with the part before its unit tests.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is in the checkout") {
            let path = entry.expect("the entry can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" && name != "target" {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let text = fs::read_to_string(&path).expect("sources are text");
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                found.push((path, code.to_owned()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

fn assert_absent(folder: &str, needles: &[&str], reason: &str) {
    for (path, code) in sources(folder) {
        for needle in needles {
            assert!(!code.contains(needle), "{} has {needle:?}: {reason}", path.display());
        }
    }
}

#[test]
fn no_file_has_grown_too_long() {
    for folder in ["shared/src", "server/src", "server/sfu/src", "frontend/src"] {
        for (path, code) in sources(folder) {
            let lines = code.lines().count();
            assert!(lines <= MAX_FILE_LINES, "{} has {lines} lines: split it", path.display());
        }
    }
}

#[test]
fn routers_know_no_transports() {
    let needles = ["crate::transport", "SocketAddr", "sdp::"];
    assert_absent("server/sfu/src/router", &needles, "a router sees packets and keys of its own");
}

#[test]
fn the_core_does_no_input_or_output() {
    let needles = ["std::fs", "std::net::Udp", "std::thread", "tokio", "SystemTime"];
    assert_absent("server/sfu/src", &needles, "the core is told everything, the time too");
}

#[test]
fn every_queue_has_a_bound() {
    let needles = ["unbounded", "mpsc::channel()"];
    assert_absent("server/src", &needles, "a queue without a bound is a leak that waits");
}

#[test]
fn the_meeting_of_the_page_runs_without_a_browser() {
    let needles = ["web_sys", "js_sys", "gloo", "wasm_bindgen", "leptos"];
    assert_absent("frontend/src/meeting", &needles, "it is tested on the host");
}

#[test]
fn the_wire_types_stand_alone() {
    let needles = ["std::net", "std::fs", "std::time", "tokio", "web_sys"];
    assert_absent("shared/src", &needles, "both ends build them, for two targets");
}
