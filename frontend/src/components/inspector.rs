//! What is known of the connection, for those who look into it.

use std::{fmt::Write as _, time::Duration};

use leptos::{html::A, prelude::*};
use shared::{media::MediaKind, signaling::Direction};

use crate::{
    components::sheet::Sheet,
    meeting::{
        quality::{
            Fault, Inspection, KEPT, StreamKey,
            sample::{PathReport, Sample, per_mille},
        },
        view::TileKey,
    },
    session::Session,
    text::{quality as text, room},
};

/// How often the session has something new.
const REFRESH: Duration = Duration::from_secs(2);

/// A graph's size in its own units: one for each sample, and as many as its height has.
const GRAPH_HEIGHT: u64 = 24;

/// A dialog with one sentence about what is at fault, and everything that was counted.
#[component]
pub fn Inspector(
    /// The meeting.
    session: Session,
    /// Whether it is shown.
    open: RwSignal<bool>,
) -> impl IntoView {
    let inspection = RwSignal::new(Inspection::default());
    Effect::new(move |_| {
        if !open.get() {
            return;
        }
        let look = move || inspection.set(session.inspect());
        look();
        if let Ok(looking) = set_interval_with_handle(look, REFRESH) {
            on_cleanup(move || looking.clear());
        }
    });
    let verdict = move || {
        inspection.with(|it| text::fault(it.fault.as_ref(), &culprit(session, it.fault.as_ref())))
    };
    view! {
        <Sheet
            id="inspector-heading"
            heading=text::CONNECTION
            open=open
            class="sheet inspector"
        >
            <p class="inspector-verdict" role="status">{verdict}</p>
            <Streams session inspection direction=Direction::Send/>
            <Streams session inspection direction=Direction::Recv/>
            <footer>
                <DiagnosticsLink session/>
            </footer>
        </Sheet>
    }
}

/// What goes one way.
#[component]
fn Streams(
    session: Session,
    inspection: RwSignal<Inspection>,
    direction: Direction,
) -> impl IntoView {
    let is_sent = direction == Direction::Send;
    let path = move || {
        inspection.with(|it| it.paths[usize::from(!is_sent)].as_ref().map(path).unwrap_or_default())
    };
    let streams = move || {
        let streams = inspection.get().streams.into_iter();
        let these = streams.filter(|(key, _)| key.direction == direction);
        let cards = these.map(|(key, samples)| {
            view! {
                <li class="stream">
                    <h4>{title(session, &key)}</h4>
                    // Numbers and our own words: nothing in it is anybody's.
                    <div class="stream-numbers" inner_html=numbers(&key, &samples)></div>
                </li>
            }
        });
        cards.collect_view()
    };
    view! {
        <section>
            <h3>{if is_sent { text::SENT } else { text::RECEIVED }}</h3>
            <p class="inspector-path">{path}</p>
            <ul>{streams}</ul>
        </section>
    }
}

/// Saves everything that is known of the connection as a file.
#[component]
pub fn DiagnosticsLink(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let link = NodeRef::<A>::new();
    let fill = move |_| {
        if let Some(link) = link.get_untracked() {
            let json = js_sys::encode_uri_component(&session.diagnostics());
            link.set_href(&format!("data:application/json,{}", String::from(json)));
        }
    };
    view! {
        <a
            node_ref=link
            class="button"
            href="data:application/json,%7B%7D"
            download="open-stream-diagnostics.json"
            on:click=fill
        >
            {text::SAVE}
        </a>
    }
}

fn name_of(session: Session, tile: &TileKey) -> String {
    let (TileKey::Other(id) | TileKey::Screen(id)) = tile else { return room::YOU.to_string() };
    let key = TileKey::Other(id.clone());
    let name = session.view().with(|view| {
        let tile = view.tiles.iter().find(|tile| tile.key == key);
        tile.map(|tile| tile.name.clone())
    });
    name.unwrap_or_default()
}

/// Whose link it is, if it is somebody else's.
fn culprit(session: Session, fault: Option<&Fault>) -> String {
    match fault {
        Some(Fault::TheirLoss(tile, _) | Fault::SomeLoss(tile, _)) => name_of(session, tile),
        _ => String::new(),
    }
}

fn title(session: Session, key: &StreamKey) -> String {
    let source = text::source(key.source);
    match key.direction {
        Direction::Send => source.to_string(),
        Direction::Recv => format!("{} · {source}", name_of(session, &key.tile)),
    }
}

fn path(PathReport { local, remote, protocol, round_trip, .. }: &PathReport) -> String {
    let protocol = protocol.to_uppercase();
    text::PATH.with(&[&protocol, local, remote, &round_trip.to_string()])
}

/// A stream's graph and its newest numbers, as markup.
fn numbers(key: &StreamKey, samples: &[Sample]) -> String {
    let mut html = graph(samples);
    let Some(now) = samples.last() else { return html };
    html.push_str("<dl>");
    let mut add = |name: crate::text::Text, value: String| {
        // Writing to a string never fails.
        let _ = write!(html, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    };
    add(text::BITRATE, format!("{} kb/s", now.bitrate / 1000));
    add(text::LOST, format!("{} %", text::percent(per_mille(now.lost, now.packets))));
    add(text::JITTER, format!("{} ms", now.jitter));
    if key.direction == Direction::Send {
        add(text::ROUND_TRIP, format!("{} ms", now.round_trip));
    }
    if key.source.kind() == MediaKind::Video {
        add(text::PICTURE, format!("{}×{} · {}/s", now.width, now.height, now.frames));
        add(text::CODING, format!("{} ms", now.coding));
        match (key.direction, text::limit(now.limit)) {
            (Direction::Recv, _) => add(text::FROZEN, format!("{} ms", now.frozen)),
            (Direction::Send, Some(limit)) => add(text::LIMITED_BY, limit.to_string()),
            (Direction::Send, None) => {}
        }
    }
    html.push_str("</dl>");
    html
}

/// The bit rate of the last minute, and where packets were lost, as an SVG.
fn graph(samples: &[Sample]) -> String {
    let most = samples.iter().map(|sample| sample.bitrate).max().unwrap_or_default().max(1);
    let (mut line, mut lost) = (String::new(), String::new());
    let first = KEPT.saturating_sub(samples.len());
    for (sample, at) in samples.iter().zip(first..) {
        let height = u64::from(sample.bitrate) * (GRAPH_HEIGHT - 2) / u64::from(most);
        let _ = write!(line, "{at},{} ", GRAPH_HEIGHT - 1 - height);
        let loss = u64::from(per_mille(sample.lost, sample.packets));
        if loss > 0 {
            // A tenth of the packets is as high as it gets.
            let height = (loss * GRAPH_HEIGHT / 100).clamp(2, GRAPH_HEIGHT);
            let _ = write!(lost, "M{at} {GRAPH_HEIGHT}v-{height}");
        }
    }
    format!(
        "<svg class=\"graph\" viewBox=\"0 0 {} {GRAPH_HEIGHT}\" preserveAspectRatio=\"none\" \
         role=\"img\" aria-label=\"{}\"><path class=\"graph-lost\" d=\"{lost}\"/>\
         <polyline points=\"{line}\"/></svg>",
        KEPT - 1,
        text::GRAPH,
    )
}

#[cfg(test)]
mod tests {
    use shared::media::Source;

    use super::*;

    #[test]
    fn a_graph_ends_at_its_right_edge_and_is_as_high_as_its_highest_sample() {
        let sample = |bitrate, lost| Sample { bitrate, packets: 100, lost, ..Sample::default() };
        let svg = graph(&[sample(0, 0), sample(500, 0), sample(1000, 5)]);
        assert!(svg.contains(r#"points="27,23 28,12 29,1 ""#), "{svg}");
        assert!(svg.contains(r#"d="M29 24v-12""#), "{svg}");
        assert!(graph(&[]).contains(r#"points="""#));
    }

    #[test]
    fn numbers_say_what_fits_the_stream() {
        let key = |direction, source| StreamKey { direction, tile: TileKey::Me, source };
        let sample = Sample { bitrate: 512_345, packets: 50, lost: 1, ..Sample::default() };
        let sound = numbers(&key(Direction::Send, Source::Microphone), &[sample]);
        assert!(sound.contains("<dd>512 kb/s</dd>") && sound.contains("<dd>2 %</dd>"), "{sound}");
        assert!(!sound.contains("Picture"));
        let picture = numbers(&key(Direction::Recv, Source::Camera), &[sample]);
        assert!(picture.contains("Picture") && picture.contains("Frozen"), "{picture}");
    }
}
