//! The pictures of the tiles: streams that stay the same for as long as their track does.

use std::collections::BTreeMap;

use js_sys::Array;
use web_sys::{MediaStream, MediaStreamTrack};

use crate::meeting::view::TileKey;

/// The picture of each tile that has one.
pub(super) type Pictures = BTreeMap<TileKey, Picture>;

/// A track as a `<video>` element takes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    track: MediaStreamTrack,
    stream: MediaStream,
}

/// The stream of a tile.
pub(super) fn picture_of(pictures: &Pictures, tile: &TileKey) -> Option<MediaStream> {
    // Not `stream.clone()`: that is the browser's, which makes a second stream.
    pictures.get(tile).map(|picture| Clone::clone(&picture.stream))
}

/// The pictures of these tracks, keeping the streams of those that were shown before.
pub(super) fn pictures_of(
    tracks: BTreeMap<TileKey, MediaStreamTrack>,
    former: &Pictures,
) -> Pictures {
    tracks
        .into_iter()
        .filter_map(|(tile, track)| {
            let kept = former.get(&tile).filter(|picture| picture.track == track).cloned();
            let picture = kept.or_else(|| {
                let stream = MediaStream::new_with_tracks(&Array::of1(&track)).ok()?;
                Some(Picture { track, stream })
            });
            Some((tile, picture?))
        })
        .collect()
}
