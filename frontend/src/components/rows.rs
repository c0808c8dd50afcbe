//! The rows of a list that people come to and go from.

use std::{
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use leptos::{
    prelude::*,
    tachys::{
        reactive_graph::OwnedView,
        view::keyed::{SerializableKey, keyed},
    },
};

use crate::passing::Nursery;

/// Shows a row for each item, and keeps the row while its key is among them: as `For` of Leptos, but
/// with nothing left of rows that are gone.
#[component]
pub fn Rows<E, I, T, F, N, G, K>(
    /// The items.
    each: E,
    /// What tells them apart.
    key: G,
    /// The row of an item.
    children: F,
) -> impl IntoView
where
    E: Fn() -> I + Send + 'static,
    I: IntoIterator<Item = T> + Send + 'static,
    F: Fn(T) -> N + Send + Clone + 'static,
    N: IntoView + 'static,
    G: Fn(&T) -> K + Send + Clone + 'static,
    K: Eq + Hash + SerializableKey + 'static,
    T: Send + 'static,
{
    let nursery = Arc::new(Mutex::new(Nursery::new()));
    let row = move |_, item| {
        let owner = nursery.lock().unwrap_or_else(PoisonError::into_inner).owner();
        let view = owner.with(|| children(item));
        (drop::<usize>, OwnedView::new_with_owner(view, owner))
    };
    move || keyed(each(), key.clone(), row.clone())
}
