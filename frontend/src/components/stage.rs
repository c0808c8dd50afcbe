//! The stage of a meeting: every tile in its place, and the pages.

use std::time::Duration;

use gloo::timers::callback::Timeout;
use js_sys::Array;
use leptos::{ev, html::Div, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};

use crate::{
    browser::page,
    components::{
        pager::Pager,
        rows::Rows,
        staging::{Shown, Staging, use_staging},
        tile::{ScreenTile, Tile},
    },
    meeting::{
        layout::{
            arrange,
            cast::Cast,
            director::{Director, Person},
        },
        view::{ScreenView, TileKey, TileView},
    },
    passing::memo,
    session::Session,
    text::room,
};

/// How far a finger moves, in CSS pixels, to turn a page.
const SWIPE: f64 = 48.0;

/// Everyone, oneself first, and the screens that others share, as [`Staging`] has it.
#[component]
pub fn Stage(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let staging = use_staging();
    let view = session.view();
    let stage = NodeRef::<Div>::new();
    let tiles = Memo::new(move |_| view.with(|view| view.tiles.clone()));
    let screens = Memo::new(move |_| view.with(|view| view.screens.clone()));
    use_arrangement(session, staging, use_size(stage));
    let (begin, end) = use_swipe(staging);
    view! {
        <div
            node_ref=stage
            class="stage"
            role="region"
            aria-label=room::STAGE
            on:pointerdown=begin
            on:pointerup=end
        >
            <Rows each=move || screens.get() key=|screen| screen.key.clone() let:screen>
                <ScreenTile session=session screen=watch_screen(session, screen)/>
            </Rows>
            <Rows each=move || tiles.get() key=|tile| tile.key.clone() let:tile>
                <Tile session=session tile=watch_tile(session, tile)/>
            </Rows>
            <Pager/>
        </div>
    }
}

/// A tile as it changes, and as it last was once it is gone.
#[must_use]
pub fn watch_tile(session: Session, tile: TileView) -> Memo<TileView> {
    let view = session.view();
    memo(move |last: Option<&TileView>| {
        let now = view.with(|view| view.tiles.iter().find(|now| now.key == tile.key).cloned());
        now.or_else(|| last.cloned()).unwrap_or_else(|| tile.clone())
    })
}

fn watch_screen(session: Session, screen: ScreenView) -> Memo<ScreenView> {
    let view = session.view();
    memo(move |last: Option<&ScreenView>| {
        let now = view.with(|view| view.screens.iter().find(|now| now.key == screen.key).cloned());
        now.or_else(|| last.cloned()).unwrap_or_else(|| screen.clone())
    })
}

/// Keeps what is shown what it should be.
fn use_arrangement(session: Session, staging: Staging, size: ReadSignal<(f64, f64)>) {
    let view = session.view();
    let screens = Memo::new(move |_| {
        view.with(|view| view.screens.iter().map(|it| it.key.clone()).collect::<Vec<_>>())
    });
    let (seats, focus) = use_director(session, staging);
    let cast = Memo::new(move |_| {
        let (screens, focus) = (screens.read(), focus.read());
        seats.with(|seats| staging.wishes.with(|it| it.cast(&screens, seats, focus.as_ref())))
    });
    Effect::new(move |_| {
        let Cast { main, .. } = cast.get();
        let arrangement = cast.with(|cast| arrange(cast, size.get(), staging.page.get()));
        let first = if main.is_empty() { focus.get().into_iter().collect() } else { main };
        let shown = Shown { arrangement, first };
        if staging.shown.with_untracked(|before| *before != shown) {
            staging.shown.set(shown);
        }
    });
    let pins = Memo::new(move |_| staging.wishes.with(|wishes| wishes.pins.clone()));
    Effect::new(move |_| session.pin(pins.get()));
    // Whoever shares again later is not pinned by that.
    Effect::new(move |_| {
        let screens = screens.get();
        let is_gone = |key: &TileKey| matches!(key, TileKey::Screen(_)) && !screens.contains(key);
        if staging.wishes.with_untracked(|wishes| wishes.pins.iter().any(is_gone)) {
            staging.wishes.update(|wishes| wishes.pins.retain(|key| !is_gone(key)));
        }
    });
}

/// The seats, and who is in focus, as people come, speak and go.
fn use_director(
    session: Session,
    staging: Staging,
) -> (ReadSignal<Vec<TileKey>>, ReadSignal<Option<TileKey>>) {
    let view = session.view();
    let people = Memo::new(move |_| view.with(|view| view.tiles.iter().map(person).collect()));
    let (seats, set_seats) = signal(Vec::new());
    let (focus, set_focus) = signal(None);
    let director = StoredValue::new(Director::default());
    let timer = StoredValue::new_local(None::<Timeout>);
    let tick = RwSignal::new(());
    Effect::new(move |_| {
        tick.track();
        let people: Vec<Person> = people.get();
        let (now, per_page) =
            (page::now(), staging.shown.with_untracked(|shown| shown.arrangement.per_page));
        director.update_value(|director| director.update(now, &people, per_page.max(1)));
        director.with_value(|director| {
            if seats.with_untracked(|seats| seats != director.seats()) {
                set_seats.set(director.seats().to_vec());
            }
            if focus.with_untracked(|focus| focus.as_ref() != director.focus()) {
                set_focus.set(director.focus().cloned());
            }
            let wake = director.wake_at(now).map(|at| milliseconds(at.saturating_sub(now)));
            // A timer that was set before is taken back by being dropped.
            timer.set_value(wake.map(|wait| Timeout::new(wait, move || tick.set(()))));
        });
    });
    (seats, focus)
}

fn person(tile: &TileView) -> Person {
    Person { key: tile.key.clone(), is_speaking: tile.is_speaking }
}

/// A timer that fires a little early would have to be set again.
fn milliseconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).saturating_add(1)
}

/// Pages are turned by a finger, too.
fn use_swipe(
    staging: Staging,
) -> (impl Fn(ev::PointerEvent) + 'static, impl Fn(ev::PointerEvent) + 'static) {
    let from = StoredValue::new(None::<(f64, f64)>);
    let at = |event: &ev::PointerEvent| (f64::from(event.client_x()), f64::from(event.client_y()));
    let begin = move |event: ev::PointerEvent| {
        from.set_value((event.pointer_type() == "touch").then(|| at(&event)));
    };
    let end = move |event: ev::PointerEvent| {
        let Some((x, y)) = from.get_value() else { return };
        let (across, down) = (at(&event).0 - x, at(&event).1 - y);
        if across.abs() > SWIPE && across.abs() > 2.0 * down.abs() {
            staging.turn(if across < 0.0 { 1 } else { -1 });
        }
    };
    (begin, end)
}

/// The inner size of an element, as it changes.
fn use_size(element: NodeRef<Div>) -> ReadSignal<(f64, f64)> {
    let (size, set_size) = signal((0.0, 0.0));
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        let measured: HtmlElement = element.clone().into();
        let resized = Closure::<dyn FnMut(Array)>::new(move |_| {
            let (width, height) = (measured.client_width(), measured.client_height());
            set_size.set((width.into(), height.into()));
        });
        // Every browser that has WebRTC has this observer.
        let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) else { return };
        observer.observe(&element);
        let watching = SendWrapper::new((observer, resized));
        on_cleanup(move || watching.0.disconnect());
    });
    size
}
