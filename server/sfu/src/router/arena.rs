//! Dense storage with keys that outlive what they named without ever naming something else.

/// Where a value is in its [`Arena`], and which of the values that were ever there it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Index {
    slot: u32,
    generation: u32,
}

/// A vector of values with holes that are filled again; iteration is in slot order, so that one
/// seed replays one run.
#[derive(Debug)]
pub(super) struct Arena<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Arena<T> {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Stores `value`. Callers bound [`Arena::len`] far below `u32::MAX`.
    pub(super) fn insert(&mut self, value: T) -> Index {
        if let Some(slot) = self.free.pop()
            && let Some(entry) = self.slots.get_mut(slot as usize)
        {
            entry.value = Some(value);
            return Index { slot, generation: entry.generation };
        }
        let slot = u32::try_from(self.slots.len()).expect("an arena is bounded by its owner");
        self.slots.push(Slot { generation: 0, value: Some(value) });
        Index { slot, generation: 0 }
    }

    pub(super) fn remove(&mut self, index: Index) -> Option<T> {
        let entry = self.entry_mut(index)?;
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(index.slot);
        Some(value)
    }

    pub(super) fn get(&self, index: Index) -> Option<&T> {
        let entry = self.slots.get(index.slot as usize)?;
        entry.value.as_ref().filter(|_| entry.generation == index.generation)
    }

    pub(super) fn get_mut(&mut self, index: Index) -> Option<&mut T> {
        self.entry_mut(index)?.value.as_mut()
    }

    /// How many slots there are, used or not.
    pub(super) fn slots(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// The key of the value in `slot`, if there is one.
    pub(super) fn key_at(&self, slot: u32) -> Option<Index> {
        let entry = self.slots.get(slot as usize)?;
        entry.value.as_ref().map(|_| Index { slot, generation: entry.generation })
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (Index, &mut T)> {
        self.slots.iter_mut().zip(0u32..).filter_map(|(entry, slot)| {
            let generation = entry.generation;
            Some((Index { slot, generation }, entry.value.as_mut()?))
        })
    }

    fn entry_mut(&mut self, index: Index) -> Option<&mut Slot<T>> {
        self.slots.get_mut(index.slot as usize).filter(|entry| entry.generation == index.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_key_does_not_reach_the_value_that_took_its_slot() {
        let mut arena = Arena::new();
        let first = arena.insert("first");
        assert_eq!(arena.remove(first), Some("first"));
        let second = arena.insert("second");
        assert_eq!(arena.get(first), None);
        assert_eq!(arena.remove(first), None);
        assert_eq!(arena.get(second), Some(&"second"));
        assert_eq!(arena.len(), 1);
    }

    #[test]
    fn slots_are_used_again_and_walked_in_order() {
        let mut arena = Arena::new();
        let keys: Vec<_> = (0..4).map(|value| arena.insert(value)).collect();
        arena.remove(keys[1]);
        arena.insert(9);
        let values: Vec<_> = arena.iter_mut().map(|(_, value)| *value).collect();
        assert_eq!(values, [0, 9, 2, 3]);
    }
}
