//! The client's part of the handshake: `Certificate`, `ClientKeyExchange`, `CertificateVerify`,
//! `ChangeCipherSpec`, `Finished` (RFC 6347 §4.2.4, flight 5).
//!
//! `rtc_dtls` gets each message whole, in order and once. It queues early records without a bound
//! and joins fragments recursively, so order and bounds are kept here.

use super::record::{
    Content, Fragment, Message, Record, change_cipher_spec_record, fragments, handshake_record,
};

/// Type and place of each plaintext message; the hellos were 0 and 1.
const PLAINTEXT: [(u8, u16); 3] = [(CERTIFICATE, 2), (CLIENT_KEY_EXCHANGE, 3), (VERIFY, 4)];
const CERTIFICATE: u8 = 11;
const VERIFY: u8 = 15;
const CLIENT_KEY_EXCHANGE: u8 = 16;
/// The record number behind those of the messages.
const CHANGE_CIPHER_SPEC_NUMBER: u16 = 5;
/// An empty `certificate_list` (RFC 5246 §7.4.6).
const NO_CERTIFICATES: [u8; 3] = [0; 3];
/// A self-signed RSA-4096 certificate has 1.3 KB, an ECDSA one 0.4 KB.
const MAX_MESSAGE: usize = 8192;
/// Records that arrive before they can be decrypted: one Finished and its repeats.
const MAX_EARLY_RECORDS: usize = 4;
/// Records of epoch 1 passed on before completion. A genuine client needs one; the others fail to
/// decrypt, or are fragments of a client that means harm, which `rtc_dtls` joins by recursion.
const MAX_ENCRYPTED_RECORDS: u16 = 512;
/// The one message of the `ChangeCipherSpec` protocol (RFC 5246 §7.1).
const CHANGE_CIPHER_SPEC: [u8; 1] = [1];

/// What to do about a record.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Not part of this flight.
    Dropped,
    /// Kept; more must come.
    Incomplete,
    /// The client has no certificate.
    NoCertificate,
    /// Give these records to `rtc_dtls`, in this order.
    Pass(Vec<Vec<u8>>),
}

/// Collects the flight.
#[derive(Debug, Default)]
pub(super) struct ClientFlight {
    messages: [Option<Message>; PLAINTEXT.len()],
    change_cipher_spec: bool,
    early: Vec<Vec<u8>>,
    passed: Passed,
    encrypted_records: u16,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Passed {
    #[default]
    Nothing,
    /// Everything up to `ChangeCipherSpec`: what comes now can be decrypted.
    Plaintext,
}

impl ClientFlight {
    /// Takes one record of the client.
    pub(super) fn take(&mut self, record: &Record<'_>) -> Outcome {
        match (record.epoch, record.content) {
            (0, Content::Handshake) if self.passed == Passed::Nothing => {
                self.take_fragments(record)
            }
            (0, Content::ChangeCipherSpec) if record.payload == CHANGE_CIPHER_SPEC => {
                self.change_cipher_spec = true;
                self.release()
            }
            (1, Content::Handshake | Content::Alert | Content::ApplicationData) => {
                self.take_encrypted(record)
            }
            // Plaintext alerts anybody can forge; a genuine one costs the client only the wait
            // for the join deadline (RFC 6347 §4.1.2.7).
            _ => Outcome::Dropped,
        }
    }

    fn take_fragments(&mut self, record: &Record<'_>) -> Outcome {
        let mut is_known = false;
        for fragment in fragments(record.payload) {
            is_known |= self.take_fragment(&fragment);
        }
        if self.body(0).is_some_and(|certificates| certificates == NO_CERTIFICATES) {
            return Outcome::NoCertificate;
        }
        if is_known { self.release() } else { Outcome::Dropped }
    }

    fn take_fragment(&mut self, fragment: &Fragment<'_>) -> bool {
        let place = (fragment.kind, fragment.message_sequence);
        let position = PLAINTEXT.iter().position(|expected| *expected == place);
        let slot = position.and_then(|position| self.messages.get_mut(position));
        let Some(slot) = slot.filter(|_| fragment.length <= MAX_MESSAGE) else {
            return false;
        };
        slot.get_or_insert_with(|| Message::of_length(fragment.length)).add(fragment);
        true
    }

    fn take_encrypted(&mut self, record: &Record<'_>) -> Outcome {
        let is_plausible = record.content != Content::Handshake || record.has_size_of_finished();
        if self.encrypted_records >= MAX_ENCRYPTED_RECORDS || !is_plausible {
            return Outcome::Dropped;
        }
        if self.passed == Passed::Plaintext {
            self.encrypted_records = self.encrypted_records.saturating_add(1);
            return Outcome::Pass(vec![record.bytes.to_vec()]);
        }
        if self.early.len() >= MAX_EARLY_RECORDS {
            // The oldest is the likeliest to be forged: the genuine one is repeated.
            self.early.remove(0);
        }
        self.early.push(record.bytes.to_vec());
        Outcome::Incomplete
    }

    fn body(&self, position: usize) -> Option<&[u8]> {
        self.messages.get(position)?.as_ref()?.complete()
    }

    /// Passes the flight on when it is complete up to `ChangeCipherSpec`.
    fn release(&mut self) -> Outcome {
        if self.passed == Passed::Plaintext {
            return Outcome::Dropped;
        }
        let Some(records) = self.plaintext_records() else {
            return Outcome::Incomplete;
        };
        self.passed = Passed::Plaintext;
        self.messages = Default::default();
        Outcome::Pass(records.into_iter().chain(self.early.drain(..)).collect())
    }

    fn plaintext_records(&self) -> Option<Vec<Vec<u8>>> {
        if !self.change_cipher_spec {
            return None;
        }
        // Record numbers of our own: the hellos had 0 and 1, and these come once. The client's
        // would not do: several of its messages may share a record.
        let mut records = Vec::new();
        for (position, (kind, sequence)) in PLAINTEXT.into_iter().enumerate() {
            records.push(handshake_record(kind, sequence, sequence, self.body(position)?)?);
        }
        records.push(change_cipher_spec_record(CHANGE_CIPHER_SPEC_NUMBER));
        Some(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::dtls::record::records;

    fn take(flight: &mut ClientFlight, datagram: &[u8]) -> Outcome {
        let record = records(datagram).next().flatten().expect("the datagram is one record");
        flight.take(&record)
    }

    fn encrypted(number: u8) -> Vec<u8> {
        [&[22, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, number, 0, 48][..], &[number; 48]].concat()
    }

    fn message(position: usize) -> Vec<u8> {
        let (kind, sequence) = PLAINTEXT[position];
        handshake_record(kind, sequence, sequence, &[1; 100]).expect("a short record")
    }

    #[test]
    fn records_that_come_too_early_are_held_the_newest_few() {
        let mut flight = ClientFlight::default();
        for number in 0..200 {
            assert!(matches!(take(&mut flight, &encrypted(number)), Outcome::Incomplete));
        }
        assert_eq!(flight.early, (196..200).map(encrypted).collect::<Vec<_>>());
    }

    #[test]
    fn the_flight_is_passed_on_in_order_whatever_order_it_came_in() {
        let mut flight = ClientFlight::default();
        take(&mut flight, &encrypted(7));
        take(&mut flight, &change_cipher_spec_record(50));
        take(&mut flight, &message(2));
        take(&mut flight, &message(0));
        take(&mut flight, &message(0));
        let Outcome::Pass(passed) = take(&mut flight, &message(1)) else {
            panic!("the flight is complete");
        };
        let expected = vec![
            message(0),
            message(1),
            message(2),
            change_cipher_spec_record(CHANGE_CIPHER_SPEC_NUMBER),
            encrypted(7),
        ];
        assert_eq!(passed, expected);
        assert!(matches!(take(&mut flight, &message(1)), Outcome::Dropped));
    }

    #[test]
    fn the_encrypted_records_that_are_tried_are_bounded() {
        let mut flight = ClientFlight::default();
        take(&mut flight, &change_cipher_spec_record(50));
        (0..PLAINTEXT.len()).for_each(|position| drop(take(&mut flight, &message(position))));
        let numbers = (0..=u8::MAX).cycle().take(2_000);
        let tried = numbers.map(|number| take(&mut flight, &encrypted(number)));
        let passed = tried.filter(|outcome| matches!(outcome, Outcome::Pass(_))).count();
        assert_eq!(passed, usize::from(MAX_ENCRYPTED_RECORDS));
    }

    #[test]
    fn a_message_that_claims_to_be_huge_takes_no_memory() {
        let mut flight = ClientFlight::default();
        let mut huge = message(0);
        huge[14..17].copy_from_slice(&[0xFF; 3]);
        huge[22..25].copy_from_slice(&100_u32.to_be_bytes()[1..]);
        assert!(matches!(take(&mut flight, &huge), Outcome::Dropped));
        assert!(flight.messages.iter().all(Option::is_none));
    }
}
