//! What a peer connection counts, read from `getStats` (W3C webrtc-stats) field by field.

use js_sys::Map;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::RtcPeerConnection;

use super::reading::{field, number, text};
use crate::meeting::quality::sample::{Counted, Limit, PathReport, Report, small, whole};

/// What `connection` has counted; nothing where the browser does not say.
pub(super) async fn report(connection: &RtcPeerConnection) -> Option<Report> {
    let entries: Map = JsFuture::from(connection.get_stats()).await.ok()?.unchecked_into();
    let mut report = Report::default();
    entries.for_each(&mut |entry, _| match &*text(&entry, "type") {
        "inbound-rtp" => read_inbound(&entry, report.stream(text(&entry, "mid"))),
        "outbound-rtp" => read_outbound(&entry, report.stream(text(&entry, "mid"))),
        "remote-inbound-rtp" => {
            let sent = entries.get(&field(&entry, "localId"));
            read_remote(&entry, report.stream(text(&sent, "mid")));
        }
        "candidate-pair" if is_selected(&entry) => {
            let end = |name| entries.get(&field(&entry, name));
            report.path =
                Some(read_path(&entry, &end("localCandidateId"), &end("remoteCandidateId")));
        }
        _ => {}
    });
    Some(report)
}

impl Report {
    fn stream(&mut self, mid: String) -> &mut Counted {
        let known = self.streams.iter().position(|counted| counted.mid == mid);
        let index = known.unwrap_or(self.streams.len());
        if known.is_none() {
            self.streams.push(Counted { mid, ..Counted::default() });
        }
        &mut self.streams[index]
    }
}

fn read_inbound(entry: &JsValue, counted: &mut Counted) {
    counted.bytes += number(entry, "bytesReceived");
    counted.packets += number(entry, "packetsReceived");
    counted.lost += number(entry, "packetsLost");
    counted.jitter = number(entry, "jitter");
    counted.frozen = number(entry, "totalFreezesDuration");
    counted.coding = number(entry, "totalDecodeTime");
    counted.frames = number(entry, "framesDecoded");
    read_size(entry, counted);
}

fn read_outbound(entry: &JsValue, counted: &mut Counted) {
    counted.bytes += number(entry, "bytesSent");
    counted.packets += number(entry, "packetsSent");
    let frames = number(entry, "framesEncoded");
    if frames >= counted.frames {
        counted.frames = frames;
        counted.coding = number(entry, "totalEncodeTime");
    }
    read_size(entry, counted);
    let limit = match &*text(entry, "qualityLimitationReason") {
        "cpu" => Limit::Cpu,
        "bandwidth" => Limit::Bandwidth,
        _ => Limit::None,
    };
    counted.limit = counted.limit.max(limit);
}

/// What the receiving end says of a layer that is sent.
fn read_remote(entry: &JsValue, counted: &mut Counted) {
    counted.lost += number(entry, "packetsLost");
    counted.jitter = number(entry, "jitter");
    counted.round_trip = counted.round_trip.max(number(entry, "roundTripTime"));
}

/// The largest of the layers.
fn read_size(entry: &JsValue, counted: &mut Counted) {
    counted.width = counted.width.max(number(entry, "frameWidth"));
    counted.height = counted.height.max(number(entry, "frameHeight"));
}

/// Firefox says it of the pair in use, others of none.
fn is_selected(pair: &JsValue) -> bool {
    let is = |name| field(pair, name).is_truthy();
    is("selected") || (is("nominated") && text(pair, "state") == "succeeded")
}

fn read_path(pair: &JsValue, local: &JsValue, remote: &JsValue) -> PathReport {
    let relay = text(local, "relayProtocol");
    PathReport {
        local: text(local, "candidateType"),
        remote: text(remote, "candidateType"),
        protocol: if relay.is_empty() { text(local, "protocol") } else { relay },
        round_trip: small(number(pair, "currentRoundTripTime") * 1e3),
        outgoing: whole(number(pair, "availableOutgoingBitrate")),
    }
}
