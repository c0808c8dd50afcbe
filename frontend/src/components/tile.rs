//! One person on the stage.

use leptos::{html::Video, prelude::*};
use shared::signaling::{Presence, Role};

use crate::{
    components::icon::{Glyph, Icon},
    meeting::view::{TileKey, TileView},
    session::Session,
    text::room,
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
    let video = NodeRef::<Video>::new();
    Effect::new({
        let key = key.clone();
        move |_| {
            if let Some(element) = video.get() {
                session.attach(&key, &element);
            }
        }
    });
    let has = move |what: fn(&TileView) -> bool| tile.with(what);
    let on_off = move |what| if has(what) { "on" } else { "off" };
    view! {
        <article
            class="tile"
            aria-label=move || tile.with(spoken)
            data-participant=participant(&key)
            data-self=(key == TileKey::Me).then_some("true")
            data-audio=move || on_off(|tile| tile.has_audio)
            data-video=move || on_off(|tile| tile.has_video)
            data-presence=move || {
                if has(|tile| tile.presence == Presence::Connected) { "connected" } else { "reconnecting" }
            }
        >
            <Avatar name=Signal::derive(move || tile.with(|tile| tile.name.clone()))/>
            <video
                node_ref=video
                autoplay=true
                playsinline=true
                hidden=move || !has(|tile| tile.has_video)
            ></video>
            <p class="tile-away" hidden=move || has(|tile| tile.presence == Presence::Connected)>
                {room::RECONNECTING}
            </p>
            <p class="tile-label" aria-hidden="true">
                <span class="tile-microphone">
                    <Icon of=Signal::derive(move || Glyph::microphone(has(|tile| tile.has_audio)))/>
                </span>
                <span class="tile-name">{move || tile.with(shown_name)}</span>
            </p>
        </article>
    }
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
pub fn mark(tile: &TileView) -> Option<&'static str> {
    match (tile.is_me(), tile.role) {
        (true, Role::Host) => Some(room::YOU_THE_HOST),
        (true, Role::Guest) => Some(room::YOU),
        (false, Role::Host) => Some(room::HOST),
        (false, Role::Guest) => None,
    }
}

fn participant(key: &TileKey) -> String {
    match key {
        TileKey::Me => "self".to_owned(),
        TileKey::Other(id) => id.to_string(),
    }
}

fn shown_name(tile: &TileView) -> String {
    if tile.is_me() { format!("{} ({})", tile.name, room::YOU) } else { tile.name.clone() }
}

/// Everything a tile shows, in words.
fn spoken(tile: &TileView) -> String {
    let sound = if tile.has_audio { room::UNMUTED } else { room::MUTED };
    let picture = if tile.has_video { room::CAMERA_ON } else { room::CAMERA_OFF };
    format!("{}, {sound}, {picture}", shown_name(tile))
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
    use super::*;

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
            presence: Presence::Connected,
        };
        assert_eq!(spoken(&tile), "Ada (You), Muted, Camera on");
        assert_eq!(mark(&tile), Some("You · Host"));
    }
}
