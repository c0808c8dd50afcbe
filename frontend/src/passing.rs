//! What comes and goes while the signals it reads stay.
//!
//! | function | what it makes |
//! |---|---|
//! | [`memo`], [`effect`] | as those of Leptos, and forgotten by the signals they read when their owner is cleaned up |
//! | [`Nursery`] | owners that come and go, and are forgotten by their parent |
//!
//! A signal of `reactive_graph` 0.2 notes who reads it, and keeps the note, and the memory of the
//! reader with it, when the reader is gone; at each change it asks everyone noted. An owner keeps
//! the memory of each child it ever had. In a meeting where people come and go all day both would
//! grow, and slow the page down, with everyone who was ever there.

use leptos::{
    prelude::*,
    reactive::{
        computed::ArcMemo,
        graph::{AnySubscriber, Subscriber, ToAnySubscriber},
        owner::Owner,
    },
};

/// Owners under one of their own, before another one takes its place.
const GENERATION: usize = 64;

/// A memo for something that may go before the signals that the memo reads.
pub fn memo<T>(fun: impl Fn(Option<&T>) -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    let memo = ArcMemo::new(fun);
    leave_on_cleanup(memo.to_any_subscriber());
    memo.into()
}

/// An effect for something that may go before the signals that the effect reads.
pub fn effect(fun: impl FnMut() + 'static) {
    let mut fun = fun;
    let effect = Effect::new(move |_| fun());
    // On the server there are no effects.
    if cfg!(any(feature = "csr", feature = "hydrate")) {
        leave_on_cleanup(effect.to_any_subscriber());
    }
}

fn leave_on_cleanup(reader: AnySubscriber) {
    on_cleanup(move || reader.clear_sources(&reader));
}

/// Makes owners that come and go, for the rows of a list. When the last of a generation is gone, so
/// is what their parent kept of them.
#[derive(Debug)]
pub struct Nursery {
    parent: Owner,
    generation: Owner,
    born: usize,
}

impl Nursery {
    /// Under the current owner, if there is one.
    #[must_use]
    pub fn new() -> Self {
        let parent = Owner::current().unwrap_or_default();
        let generation = parent.with(Owner::new);
        Self { parent, generation, born: 0 }
    }

    /// An owner under all that are above this.
    pub fn owner(&mut self) -> Owner {
        if self.born == GENERATION {
            self.generation = self.parent.with(Owner::new);
            self.born = 0;
        }
        self.born += 1;
        let generation = self.generation.clone();
        let owner = generation.with(Owner::new);
        owner.with(|| on_cleanup(move || drop(generation)));
        owner
    }
}

impl Default for Nursery {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use allocation_counter::measure;

    use super::*;

    /// Bytes that are kept of each of many visits, once there have been some.
    fn kept(mut visit: impl FnMut()) -> i64 {
        const VISITS: usize = 10 * GENERATION;
        let mut many = || (0..VISITS).for_each(|_| visit());
        many();
        measure(many).bytes_current / i64::try_from(VISITS).unwrap()
    }

    #[test]
    fn a_signal_keeps_nothing_of_memos_that_are_gone() {
        let root = Owner::new();
        root.set();
        let signal = RwSignal::new(0);
        let mut nursery = Nursery::new();
        let kept = kept(|| {
            let row = nursery.owner();
            let doubled = row.with(|| memo(move |_| 2 * signal.get()));
            signal.update(|number| *number += 1);
            assert_eq!(doubled.get_untracked(), 2 * signal.get_untracked());
        });
        assert!(kept < 16, "{kept} bytes a visit");
    }

    #[test]
    fn a_row_sees_what_is_provided_above_and_goes_with_the_list() {
        let list = Owner::new();
        list.set();
        provide_context(7_u8);
        let gone = StoredValue::new(0);
        let mut nursery = Nursery::new();
        let rows: Vec<_> = (0..=GENERATION).map(|_| nursery.owner()).collect();
        for row in &rows {
            assert_eq!(row.with(use_context::<u8>), Some(7));
            row.with(|| on_cleanup(move || gone.update_value(|gone| *gone += 1)));
        }
        drop(rows);
        assert_eq!(gone.get_value(), GENERATION + 1);
        let row = nursery.owner();
        let left = std::sync::Arc::new(());
        let seen = std::sync::Arc::downgrade(&left);
        row.with(|| on_cleanup(move || drop(left)));
        list.cleanup();
        assert!(seen.upgrade().is_none());
    }
}
