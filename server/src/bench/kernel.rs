//! What the kernel knows: memory of this process, sockets with something to read, datagrams that a
//! socket had no room for.

use std::{fs, io, net::UdpSocket};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    param::page_size,
};

/// Bytes of memory that this process has at the moment (`proc_pid_statm(5)`).
pub(super) fn resident_bytes() -> io::Result<u64> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_ascii_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    Ok(pages.ok_or(io::ErrorKind::InvalidData)? * page_size() as u64)
}

/// Which sockets have something to read, in their order; waits for none.
pub(super) fn readable<'a>(sockets: impl Iterator<Item = &'a UdpSocket>) -> io::Result<Vec<bool>> {
    let mut polled: Vec<_> = sockets.map(|one| PollFd::new(one, PollFlags::IN)).collect();
    match poll(&mut polled, Some(&Timespec::default())) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(polled.iter().map(|one| one.revents().contains(PollFlags::IN)).collect())
}

/// Datagrams that found the receive buffers of UDP sockets on these ports full, ever; `ports` is
/// sorted.
pub(super) fn dropped(ports: &[u16]) -> io::Result<u64> {
    // A machine without IPv6 has no second table.
    let tables = [
        fs::read_to_string("/proc/net/udp")?,
        fs::read_to_string("/proc/net/udp6").unwrap_or_default(),
    ];
    Ok(tables.iter().map(|table| dropped_in(table, ports)).sum())
}

/// The last column of a line counts drops; the second one ends with the port in hexadecimal.
fn dropped_in(table: &str, ports: &[u16]) -> u64 {
    let of_line = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (_, port) = fields.nth(1)?.rsplit_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        ports.binary_search(&port).ok()?;
        fields.last()?.parse::<u64>().ok()
    };
    table.lines().skip(1).filter_map(of_line).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_counted_for_the_ports_that_are_asked_for() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            1: 00000000:9C40 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 7\n\
            2: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2 2 0000000000000000 5\n";
        assert_eq!(dropped_in(table, &[53, 40_000]), 12);
        assert_eq!(dropped_in(table, &[40_000]), 7);
        assert_eq!(dropped_in(table, &[]), 0);
    }

    #[test]
    fn this_process_has_memory() {
        assert!(resident_bytes().unwrap() > 100_000);
    }
}
