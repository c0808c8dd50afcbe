//! All randomness of a worker, from one seed: the same seed replays the same run.

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    command::WorkerIndex,
    transport::ice::{CREDENTIAL_ENTROPY, IceCredentials},
};

/// A cryptographically secure generator (`ChaCha12`) that is seeded by the shell.
#[derive(Debug)]
pub(super) struct Entropy(StdRng);

impl Entropy {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self(StdRng::from_seed(seed))
    }

    pub(super) fn number(&mut self) -> u32 {
        self.0.random()
    }

    /// Credentials whose user fragment names the worker, so that any worker of the process knows
    /// from a first STUN request whose it is.
    pub(super) fn credentials(&mut self, worker: WorkerIndex) -> IceCredentials {
        let mut entropy = [0; CREDENTIAL_ENTROPY];
        self.0.fill(&mut entropy);
        IceCredentials::new(&ufrag_prefix(worker), &entropy)
            .expect("two hexadecimal digits are ICE characters")
    }
}

/// Two hexadecimal digits at the start of every user fragment.
fn ufrag_prefix(worker: WorkerIndex) -> String {
    format!("{:02x}", worker.0)
}

/// The worker that made a user fragment.
pub(super) fn worker_of(ufrag: &str) -> Option<WorkerIndex> {
    let digits = ufrag.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok().map(WorkerIndex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_fragment_names_its_worker() {
        let mut entropy = Entropy::new([7; 32]);
        for index in [0, 3, 255] {
            let credentials = entropy.credentials(WorkerIndex(index));
            assert_eq!(worker_of(credentials.ufrag()), Some(WorkerIndex(index)));
        }
        assert_eq!(worker_of("zz12"), None);
        assert_eq!(worker_of("+1x"), None);
        assert_eq!(worker_of("é"), None);
    }
}
