//! One person on the stage.

use leptos::{
    html::{Article, Video},
    prelude::*,
};
use shared::signaling::{Presence, Role};

use crate::{
    components::{
        focus::focus_first,
        hands::TileMarks,
        icon::{Glyph, Icon},
        menu::MORE,
        staging::use_staging,
    },
    meeting::{
        layout::Rect,
        quality::Level,
        view::{ScreenView, TileKey, TileView},
    },
    passing::memo,
    session::Session,
    text::{Text, chat, host, quality, room, stage},
};

/// A person's picture, or their initials, with their name and what they send.
#[component]
pub fn Tile(
    /// The meeting.
    session: Session,
    /// The person.
    tile: Memo<TileView>,
) -> impl IntoView {
    let key = tile.with_untracked(|tile| tile.key.clone());
    let (article, video) = use_picture(session, &key);
    let place = use_staging().place(key.clone());
    let name = Signal::derive(move || tile.with(|tile| tile.name.clone()));
    let has = move |what: fn(&TileView) -> bool| tile.with(what);
    let on_off = move |what| if has(what) { "on" } else { "off" };
    view! {
        <article
            node_ref=article
            class="tile"
            hidden=move || place.read().is_none()
            style:inset=move || inset(place.get())
            style:inline-size=move || width(place.get())
            style:block-size=move || height(place.get())
            aria-label=move || tile.with(spoken)
            data-participant=participant(&key)
            data-self=(key == TileKey::Me).then_some("true")
            data-audio=move || on_off(|tile| tile.has_audio)
            data-video=move || on_off(|tile| tile.has_video)
            data-speaking=move || has(|tile| tile.is_speaking).then_some("true")
            data-presence=move || {
                if has(|tile| tile.presence == Presence::Connected) { "connected" } else { "reconnecting" }
            }
        >
            <Avatar name=name/>
            <video
                node_ref=video
                autoplay=true
                playsinline=true
                hidden=move || !has(|tile| tile.has_video && tile.hindrance.is_none())
            ></video>
            <p class="tile-away" hidden=move || !has(|tile| away(tile).is_some())>
                {move || tile.with(away)}
            </p>
            <p class="tile-label" aria-hidden="true">
                <span class="tile-microphone">
                    <Icon of=Signal::derive(move || Glyph::microphone(has(|tile| tile.has_audio)))/>
                </span>
                <span class="tile-name">{move || tile.with(shown_name)}</span>
                <QualityMark level=Signal::derive(move || tile.with(|tile| tile.quality))/>
            </p>
            <TileMarks tile=tile/>
            <TileActions key=key.clone() name=name/>
        </article>
    }
}

/// Three bars, of which some are missing; nothing while the connection is good.
#[component]
fn QualityMark(level: Signal<Level>) -> impl IntoView {
    let words = move || quality::level(level.get()).map(Text::get);
    let name = move || match level.get() {
        Level::Good => "good",
        Level::Weak => "weak",
        Level::Poor => "poor",
    };
    view! {
        <span
            class="tile-quality"
            data-quality=name
            title=words
            hidden=move || level.get() == Level::Good
        >
            <Icon of=Glyph::Signal/>
        </span>
    }
}

/// What somebody else shows of their screen, whole.
#[component]
pub fn ScreenTile(
    /// The meeting.
    session: Session,
    /// The screen.
    screen: Memo<ScreenView>,
) -> impl IntoView {
    let key = screen.with_untracked(|screen| screen.key.clone());
    let (article, video) = use_picture(session, &key);
    let place = use_staging().place(key.clone());
    let name = Signal::derive(move || screen.with(|screen| room::SCREEN_OF.with(&[&screen.name])));
    let hindrance = move || screen.with(|screen| screen.hindrance);
    view! {
        <article
            node_ref=article
            class="tile tile-screen"
            hidden=move || place.read().is_none()
            style:inset=move || inset(place.get())
            style:inline-size=move || width(place.get())
            style:block-size=move || height(place.get())
            aria-label=name
            data-screen=participant(&key)
        >
            <video
                node_ref=video
                autoplay=true
                playsinline=true
                hidden=move || hindrance().is_some()
            ></video>
            <p class="tile-away" hidden=move || hindrance().is_none()>
                {move || hindrance().map(room::hindrance)}
            </p>
            <p class="tile-label" aria-hidden="true">
                <Icon of=Glyph::Share/>
                <span class="tile-name">{name}</span>
            </p>
            <TileActions key=key.clone() name=name/>
        </article>
    }
}

/// What can be done with a tile.
#[component]
fn TileActions(key: TileKey, name: Signal<String>) -> impl IntoView {
    let staging = use_staging();
    let pinned = staging.is_pinned(key.clone());
    let alone = memo(move |_| staging.shown.with(|it| it.arrangement.places.len() < 2));
    let hide = move |_| {
        staging.wishes.update(|wishes| wishes.hides_self = true);
        // The way back is in the menu.
        request_animation_frame(|| focus_first(&[MORE]));
    };
    let hide_self = (key == TileKey::Me).then(|| {
        view! {
            <button
                class="tile-action"
                type="button"
                title=stage::HIDE_SELF
                aria-label=stage::HIDE_SELF
                on:click=hide
            >
                <Icon of=Glyph::Hidden/>
            </button>
        }
    });
    let label = move || name.with(|name| stage::PIN.with(&[name]));
    view! {
        <div class="tile-actions" hidden=move || alone.get() && !pinned.get()>
            {hide_self}
            <button
                class="tile-action"
                type="button"
                title=label
                aria-label=label
                aria-pressed=move || pinned.get().to_string()
                on:click=move |_| staging.wishes.update(|wishes| wishes.toggle_pin(&key))
            >
                <Icon of=Glyph::Pin/>
            </button>
        </div>
    }
}

fn inset(place: Option<Rect>) -> String {
    place.map(|place| format!("{}px auto auto {}px", place.top, place.left)).unwrap_or_default()
}

fn width(place: Option<Rect>) -> String {
    place.map(|place| format!("{}px", place.width)).unwrap_or_default()
}

fn height(place: Option<Rect>) -> String {
    place.map(|place| format!("{}px", place.height)).unwrap_or_default()
}

/// A tile, and the element in it that shows the tile's picture: received as large as the tile is.
fn use_picture(session: Session, key: &TileKey) -> (NodeRef<Article>, NodeRef<Video>) {
    let (article, video) = (NodeRef::<Article>::new(), NodeRef::<Video>::new());
    Effect::new({
        let key = key.clone();
        move |_| {
            if let Some(element) = video.get() {
                session.attach(&key, &element);
            }
        }
    });
    // The tile and not the picture in it, which has no size while the camera is off.
    Effect::new({
        let key = key.clone();
        move |_| {
            if let Some(element) = article.get().filter(|_| key != TileKey::Me) {
                session.watch_size(&key, &element);
            }
        }
    });
    (article, video)
}

/// The initials of a name on a colour that stays the same for it.
#[component]
pub fn Avatar(
    /// The name.
    #[prop(into)]
    name: Signal<String>,
) -> impl IntoView {
    view! {
        <span class="avatar" aria-hidden="true" data-hue=move || name.with(|name| hue(name))>
            {move || name.with(|name| initials(name))}
        </span>
    }
}

/// What marks a person besides their name.
#[must_use]
pub fn mark(tile: &TileView) -> Option<Text> {
    match (tile.is_me(), tile.role) {
        (true, Role::Host) => Some(room::YOU_THE_HOST),
        (true, Role::CoHost) => Some(host::YOU_THE_CO_HOST),
        (true, Role::Guest) => Some(room::YOU),
        (false, role) => host::mark(role),
    }
}

fn participant(key: &TileKey) -> String {
    match key {
        TileKey::Me => "self".to_owned(),
        TileKey::Other(id) | TileKey::Screen(id) => id.to_string(),
    }
}

fn shown_name(tile: &TileView) -> String {
    if tile.is_me() { format!("{} ({})", tile.name, room::YOU) } else { tile.name.clone() }
}

/// Why a picture is not there that should be.
fn away(tile: &TileView) -> Option<String> {
    match tile.presence {
        Presence::Reconnecting => Some(room::RECONNECTING.get().to_owned()),
        Presence::Connected => tile.hindrance.filter(|_| tile.has_video).map(room::hindrance),
    }
}

/// Everything a tile shows, in words.
fn spoken(tile: &TileView) -> String {
    let sound = match (tile.has_audio, tile.is_speaking) {
        (false, _) => room::MUTED,
        (true, false) => room::UNMUTED,
        (true, true) => room::SPEAKING,
    };
    let picture = match (tile.has_video, tile.hindrance) {
        (false, _) => room::CAMERA_OFF.get().to_owned(),
        (true, None) => room::CAMERA_ON.get().to_owned(),
        (true, Some(why)) => room::hindrance(why),
    };
    let mut spoken = format!("{}, {sound}, {picture}", shown_name(tile));
    if let Some(place) = tile.hand {
        spoken.push_str(", ");
        spoken.push_str(&chat::HAND_UP.with(&[&place.to_string()]));
    }
    if let Some(link) = quality::level(tile.quality) {
        spoken.push_str(", ");
        spoken.push_str(link.get());
    }
    spoken
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

/// One of the colours that the style knows, the same for the same name.
fn hue(name: &str) -> String {
    const HUES: u32 = 6;
    let sum =
        name.chars().fold(0_u32, |sum, letter| sum.wrapping_mul(31).wrapping_add(letter.into()));
    (sum % HUES).to_string()
}

#[cfg(test)]
mod tests {
    use shared::{ids::ParticipantId, media::MimeType};

    use super::*;
    use crate::meeting::view::Hindrance;

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        for (name, letters) in
            [("Ada", "A"), ("ada king lovelace", "AL"), ("  ", ""), ("ß x", "SSX")]
        {
            assert_eq!(initials(name), letters, "{name:?}");
        }
    }

    #[test]
    fn a_tile_says_in_words_what_it_shows() {
        let tile = TileView {
            key: TileKey::Me,
            name: "Ada".to_owned(),
            role: Role::Host,
            has_audio: false,
            has_video: true,
            has_screen: false,
            is_speaking: true,
            hindrance: None,
            presence: Presence::Connected,
            hand: None,
            reaction: None,
            quality: Level::Good,
        };
        assert_eq!(spoken(&tile), "Ada (You), Muted, Camera on");
        assert_eq!(mark(&tile), Some(room::YOU_THE_HOST));
        let key = TileKey::Other(ParticipantId::from_random([1; 16]));
        let hindrance = Some(Hindrance::HeldBack);
        let tile = TileView { key, has_audio: true, hindrance, ..tile };
        assert_eq!(spoken(&tile), "Ada, Speaking, Video paused: weak connection");
        let tile = TileView { hindrance: Some(Hindrance::NoCodec(MimeType::Av1)), ..tile };
        assert_eq!(spoken(&tile), "Ada, Speaking, This browser can’t show this video (AV1)");
        let tile = TileView { hindrance: None, quality: Level::Poor, ..tile };
        assert_eq!(spoken(&tile), "Ada, Speaking, Camera on, Poor connection");
    }
}
