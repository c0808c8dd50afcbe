//! A way over TCP for clients that have only UDP: a bridge beside them frames their datagrams (RFC
//! 4571), so that the server sees connections alone.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How often it is looked whether the client is gone.
const LOOK: Duration = Duration::from_millis(50);
/// More than a datagram has.
const MAX_DATAGRAM: usize = 2048;

/// One connection to a server, and the port where its client sends to.
pub(super) struct Bridge {
    address: SocketAddr,
    connection: TcpStream,
    is_over: Arc<AtomicBool>,
}

impl Bridge {
    pub(super) fn to(server: SocketAddr) -> Self {
        let near = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = near.local_addr().unwrap();
        let connection = TcpStream::connect(server).unwrap();
        connection.set_nodelay(true).unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, far) = (Arc::clone(&is_over), connection.try_clone().unwrap());
        thread::spawn(move || carry_out(&near, &far, &over));
        Self { address, connection, is_over }
    }

    /// Where its client sends to.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // It may be closed already.
        let _ = self.connection.shutdown(std::net::Shutdown::Both);
    }
}

/// Carries datagrams to the server until it is over; what comes back takes a thread of its own as
/// soon as it is known where the client is.
fn carry_out(near: &UdpSocket, mut far: &TcpStream, is_over: &Arc<AtomicBool>) {
    near.set_read_timeout(Some(LOOK)).unwrap();
    let mut frame = [0; 2 + MAX_DATAGRAM];
    let mut is_known = false;
    while !is_over.load(Ordering::Relaxed) {
        let Ok((length, client)) = near.recv_from(&mut frame[2..]) else { continue };
        if !is_known {
            is_known = true;
            let (near, far) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            let is_over = Arc::clone(is_over);
            thread::spawn(move || {
                carry_back(&near, client, far);
                is_over.store(true, Ordering::Relaxed);
            });
        }
        frame[..2].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        if far.write_all(&frame[..2 + length]).is_err() {
            return;
        }
    }
}

/// Carries datagrams to the client until the connection ends.
fn carry_back(near: &UdpSocket, client: SocketAddr, mut far: TcpStream) {
    let mut header = [0; 2];
    let mut datagram = [0; MAX_DATAGRAM];
    while far.read_exact(&mut header).is_ok() {
        let datagram = &mut datagram[..usize::from(u16::from_be_bytes(header))];
        if far.read_exact(datagram).is_err() {
            return;
        }
        // A client that is gone needs none.
        let _ = near.send_to(datagram, client);
    }
}
