//! Everything that is known of the connection as JSON, for whoever is asked what was wrong: ids and
//! numbers, no names, no tokens, no addresses.

use std::fmt::Write as _;

use super::{
    Inspection, StreamKey,
    sample::{PathReport, Sample},
};
use crate::meeting::view::TileKey;

/// The names of the numbers of a sample, in their order.
const COLUMNS: &str = r#"["bitsPerSecond","packets","lost","jitterMs","roundTripMs","framesPerSecond","msPerFrame","frozenMs","width","height","limit"]"#;

impl Inspection {
    /// The JSON; `client` says which browser it is, `participant` which id one has. The room's id
    /// is not in it: it may let people in.
    #[must_use]
    pub fn to_json(&self, client: &str, participant: Option<&str>) -> String {
        let mut json = format!(
            r#"{{"client":{},"participant":{},"fault":{},"paths":["#,
            quoted(Some(client)),
            quoted(participant),
            quoted(self.fault.as_ref().map(|fault| format!("{fault:?}")).as_deref()),
        );
        let mut separator = "";
        for path in &self.paths {
            json.push_str(separator);
            write_path(&mut json, path.as_ref());
            separator = ",";
        }
        json.push_str(r#"],"secondsPerSample":2,"columns":"#);
        json.push_str(COLUMNS);
        json.push_str(r#","streams":["#);
        separator = "";
        for (key, samples) in &self.streams {
            json.push_str(separator);
            write_stream(&mut json, key, samples);
            separator = ",";
        }
        json.push_str("]}");
        json
    }
}

fn write_path(json: &mut String, path: Option<&PathReport>) {
    let Some(PathReport { local, remote, protocol, round_trip, outgoing }) = path else {
        return json.push_str("null");
    };
    let [local, remote, protocol] = [local, remote, protocol].map(|text| quoted(Some(text)));
    // Writing to a string never fails.
    let _ = write!(
        json,
        r#"{{"local":{local},"remote":{remote},"protocol":{protocol},"roundTripMs":{round_trip},"outgoingBitsPerSecond":{outgoing}}}"#
    );
}

fn write_stream(json: &mut String, key: &StreamKey, samples: &[Sample]) {
    let of = match &key.tile {
        TileKey::Me => quoted(None),
        TileKey::Other(id) | TileKey::Screen(id) => quoted(Some(&id.to_string())),
    };
    let (direction, source) = (key.direction, key.source);
    let _ = write!(
        json,
        r#"{{"direction":"{direction:?}","source":"{source:?}","of":{of},"samples":["#
    );
    let mut separator = "";
    for it in samples {
        let _ = write!(
            json,
            "{separator}[{},{},{},{},{},{},{},{},{},{},\"{:?}\"]",
            it.bitrate,
            it.packets,
            it.lost,
            it.jitter,
            it.round_trip,
            it.frames,
            it.coding,
            it.frozen,
            it.width,
            it.height,
            it.limit,
        );
        separator = ",";
    }
    json.push_str("]}");
}

/// A JSON string, or null.
fn quoted(text: Option<&str>) -> String {
    text.and_then(|text| serde_json::to_string(text).ok()).unwrap_or_else(|| "null".to_owned())
}
