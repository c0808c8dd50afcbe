//! The tiles of a meeting, as large as the stage allows.

use js_sys::Array;
use leptos::{html::Div, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};

use crate::{
    components::tile::{ScreenTile, Tile},
    meeting::{
        layout::{Grid, Stage as Space, grid},
        view::{ScreenView, TileView},
    },
    session::Session,
    text::room,
};

/// Space between tiles, in CSS pixels; the style has the same in `--stage-gap`.
const GAP: f64 = 12.0;

/// Width by height of a tile on a stage that is wider than high, and on one that is not.
const WIDE_TILE: f64 = 16.0 / 9.0;
const TALL_STAGE_TILE: f64 = 4.0 / 3.0;

/// How much of the stage's height goes to screens that are shared; people get the rest.
const SCREENS_SHARE: f64 = 0.75;

/// Everyone, oneself first; above them the screens that others share.
#[component]
pub fn Stage(
    /// The meeting.
    session: Session,
) -> impl IntoView {
    let view = session.view();
    let stage = NodeRef::<Div>::new();
    let size = use_size(stage);
    let tiles = Memo::new(move |_| view.with(|view| view.tiles.clone()));
    let screens = Memo::new(move |_| view.with(|view| view.screens.clone()));
    let areas = Memo::new(move |_| divided(size.get(), screens.with(Vec::is_empty)));
    let grid = Memo::new(move |_| tile_grid(tiles.with(Vec::len), areas.get().1));
    let screen = Memo::new(move |_| tile_grid(screens.with(Vec::len), areas.get().0));
    view! {
        <div
            node_ref=stage
            class="stage"
            role="region"
            aria-label=room::STAGE
            style:--tile-width=move || format!("{}px", grid.read().tile_width.floor())
            style:--tile-height=move || format!("{}px", grid.read().tile_height.floor())
            style:--screen-width=move || format!("{}px", screen.read().tile_width.floor())
            style:--screen-height=move || format!("{}px", screen.read().tile_height.floor())
        >
            <div class="screens" hidden=move || screens.with(Vec::is_empty)>
                <For each=move || screens.get() key=|screen| screen.key.clone() let:screen>
                    <ScreenTile session=session screen=watch_screen(session, screen)/>
                </For>
            </div>
            <For each=move || tiles.get() key=|tile| tile.key.clone() let:tile>
                <Tile session=session tile=watch_tile(session, tile)/>
            </For>
        </div>
    }
}

/// A tile as it changes, and as it last was once it is gone.
#[must_use]
pub fn watch_tile(session: Session, tile: TileView) -> Memo<TileView> {
    let view = session.view();
    Memo::new(move |last: Option<&TileView>| {
        let now = view.with(|view| view.tiles.iter().find(|now| now.key == tile.key).cloned());
        now.or_else(|| last.cloned()).unwrap_or_else(|| tile.clone())
    })
}

fn watch_screen(session: Session, screen: ScreenView) -> Memo<ScreenView> {
    let view = session.view();
    Memo::new(move |last: Option<&ScreenView>| {
        let now = view.with(|view| view.screens.iter().find(|now| now.key == screen.key).cloned());
        now.or_else(|| last.cloned()).unwrap_or_else(|| screen.clone())
    })
}

/// What of a stage goes to screens, and what to people.
fn divided((width, height): (f64, f64), no_screens: bool) -> ((f64, f64), (f64, f64)) {
    if no_screens {
        return ((width, 0.0), (width, height));
    }
    let screens = (height * SCREENS_SHARE).floor();
    ((width, screens), (width, (height - screens - GAP).max(0.0)))
}

fn tile_grid(count: usize, (width, height): (f64, f64)) -> Grid {
    let aspect = if width > height { WIDE_TILE } else { TALL_STAGE_TILE };
    grid(count, Space { width, height, gap: GAP, aspect })
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
