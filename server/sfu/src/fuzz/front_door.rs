//! Datagrams to a worker, of strangers and of clients that join.

use std::time::Duration;

use super::{
    input::Input,
    stage::{Stage, path},
};
use crate::Path;

/// Nobody's address.
const STRANGER: u8 = 9;

/// Mixes datagrams of clients that join, whole, damaged, replayed and withheld, with a stranger's.
///
/// # Panics
///
/// When an address is answered from which nothing of a client's ever came.
pub fn front_door(data: &[u8]) {
    let mut input = Input::new(data);
    let mut lobby = Lobby { stage: Stage::new(), spoke: Vec::new(), last: Vec::new() };
    while let Some(choice) = input.next() {
        lobby.step(choice, &mut input);
        lobby.answer();
    }
}

struct Lobby {
    stage: Stage,
    /// Addresses from which something of a client's came.
    spoke: Vec<Path>,
    /// The last datagram of a client.
    last: Vec<u8>,
}

impl Lobby {
    fn step(&mut self, choice: u8, input: &mut Input<'_>) {
        let client = choice >> 7;
        match choice % 8 {
            0 => self.stage.deliver(path(STRANGER), input.chunk().to_vec()),
            1 => self.garbage(client, input.chunk().to_vec()),
            2 => self.garbage(client, handshake_record(input)),
            3 | 4 => self.client_speaks(client, |_| ()),
            5 => {
                let (place, flip) = (usize::from(input.wide()), input.byte());
                self.client_speaks(client, |datagram| {
                    let place = place % datagram.len().max(1);
                    datagram.get_mut(place).into_iter().for_each(|byte| *byte ^= flip);
                });
            }
            6 => {
                // Somebody on the way sends it again, from another address.
                let path = path(3 + input.byte() % 12);
                self.spoke.push(path);
                self.stage.deliver(path, self.last.clone());
            }
            _ => {
                let millis = u64::from(input.byte()).pow(2);
                self.stage.pass(Duration::from_millis(millis), |_| ());
            }
        }
    }

    /// Bytes of no meaning from a client's address.
    fn garbage(&mut self, client: u8, bytes: Vec<u8>) {
        let path = self.stage.end(client).path;
        self.stage.deliver(path, bytes);
    }

    /// A client does what is due, and what it sends arrives as `damage` leaves it.
    fn client_speaks(&mut self, client: u8, damage: impl Fn(&mut Vec<u8>)) {
        let now = self.stage.now;
        let end = self.stage.end(client);
        // A client that gives up is as good as one that stays silent.
        let _given_up = end.leg.handle_timeout(now);
        let path = end.path;
        self.spoke.push(path);
        while let Some(mut datagram) = self.stage.end(client).leg.poll_transmit() {
            self.last.clone_from(&datagram);
            damage(&mut datagram);
            self.stage.deliver(path, datagram);
        }
    }

    /// The clients take what the worker answers.
    fn answer(&mut self) {
        let mut answers = Vec::new();
        self.stage.drain(|path, datagram| answers.push((path, datagram.to_vec())));
        for (path, mut datagram) in answers {
            assert!(self.spoke.contains(&path), "a stranger got {} bytes", datagram.len());
            let now = self.stage.now;
            for client in 0..2 {
                let end = self.stage.end(client);
                if end.path == path {
                    let _refused = end.leg.handle_datagram(now, &mut datagram);
                }
            }
        }
    }
}

/// A DTLS record with a message of the handshake in it, as far as their heads go (RFC 6347 sections
/// 4.1 and 4.2.2).
fn handshake_record(input: &mut Input<'_>) -> Vec<u8> {
    let (kind, message_sequence, epoch) = (input.byte(), input.byte(), input.byte() % 3);
    let (total, offset, sequence) = (input.wide(), input.wide(), input.wide());
    let body = input.chunk();
    let length = u16::try_from(body.len()).unwrap_or(0);
    let mut message = vec![kind % 24, 0];
    message.extend(total.to_be_bytes());
    message.extend([0, message_sequence % 8, 0]);
    message.extend(offset.to_be_bytes());
    message.push(0);
    message.extend(length.to_be_bytes());
    message.extend(body);
    let mut record = vec![22, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0];
    record.extend(sequence.to_be_bytes());
    record.extend(u16::try_from(message.len()).unwrap_or(0).to_be_bytes());
    record.extend(message);
    record
}
