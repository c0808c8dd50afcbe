//! Which worker has which room.

use std::collections::HashMap;

use shared::ids::RouterId;

/// The worker of every router. A router stays where it was placed.
#[derive(Debug)]
pub(super) struct Placement {
    workers: HashMap<RouterId, usize>,
    /// By worker: how many routers it has; none when it is gone.
    loads: Vec<Option<usize>>,
}

impl Placement {
    /// Nothing placed yet on `workers` workers.
    pub(super) fn new(workers: usize) -> Self {
        Self { workers: HashMap::new(), loads: vec![Some(0); workers] }
    }

    /// The worker of a router.
    pub(super) fn worker_of(&self, router: RouterId) -> Option<usize> {
        self.workers.get(&router).copied()
    }

    /// The worker with the least to do that lives, by `transports` of each and then by routers.
    pub(super) fn least_loaded(&self, transports: impl Fn(usize) -> u64) -> Option<usize> {
        let living = self.loads.iter().enumerate();
        let living = living.filter_map(|(worker, routers)| routers.map(|count| (worker, count)));
        living
            .min_by_key(|(worker, routers)| (transports(*worker), *routers))
            .map(|(worker, _)| worker)
    }

    /// Pins a router to a worker.
    pub(super) fn insert(&mut self, router: RouterId, worker: usize) {
        if self.workers.insert(router, worker).is_none()
            && let Some(Some(routers)) = self.loads.get_mut(worker)
        {
            *routers += 1;
        }
    }

    /// Forgets a router.
    pub(super) fn remove(&mut self, router: RouterId) {
        if let Some(worker) = self.workers.remove(&router)
            && let Some(Some(routers)) = self.loads.get_mut(worker)
        {
            *routers = routers.saturating_sub(1);
        }
    }

    /// Gives up a worker; returns the routers that went with it.
    pub(super) fn remove_worker(&mut self, worker: usize) -> Vec<RouterId> {
        if let Some(load) = self.loads.get_mut(worker) {
            *load = None;
        }
        let lost = self.workers.iter().filter(|(_, place)| **place == worker);
        let mut lost: Vec<RouterId> = lost.map(|(router, _)| *router).collect();
        lost.sort_unstable();
        for router in &lost {
            self.workers.remove(router);
        }
        lost
    }

    /// Lets a worker that was given up have routers again.
    pub(super) fn restore_worker(&mut self, worker: usize) {
        if let Some(load) = self.loads.get_mut(worker) {
            *load = Some(0);
        }
    }

    /// How many workers live.
    pub(super) fn living(&self) -> usize {
        self.loads.iter().flatten().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_spread_by_transports_then_by_rooms() {
        let mut placement = Placement::new(2);
        placement.insert(RouterId(1), placement.least_loaded(|_| 0).unwrap());
        placement.insert(RouterId(2), placement.least_loaded(|_| 0).unwrap());
        assert_eq!(placement.worker_of(RouterId(1)), Some(0));
        assert_eq!(placement.worker_of(RouterId(2)), Some(1));
        assert_eq!(placement.least_loaded(|worker| [10, 0][worker]), Some(1));
        placement.remove(RouterId(1));
        placement.remove(RouterId(1));
        assert_eq!(placement.least_loaded(|_| 0), Some(0));
    }

    #[test]
    fn a_dead_worker_gets_no_rooms_and_takes_its_own_along() {
        let mut placement = Placement::new(2);
        placement.insert(RouterId(7), 0);
        placement.insert(RouterId(5), 0);
        placement.insert(RouterId(6), 1);
        assert_eq!(placement.remove_worker(0), [RouterId(5), RouterId(7)]);
        assert_eq!(placement.worker_of(RouterId(5)), None);
        assert_eq!(placement.least_loaded(|_| 0), Some(1));
        assert_eq!(placement.remove_worker(1), [RouterId(6)]);
        assert_eq!(placement.least_loaded(|_| 0), None);
        placement.restore_worker(0);
        assert_eq!((placement.least_loaded(|_| 0), placement.living()), (Some(0), 1));
    }
}
