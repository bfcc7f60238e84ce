//! Listening sockets, with the options that connections inherit from them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted: a whole neighbourhood of NAS devices asks on the same minute.
const BACKLOG: i32 = 1024;

/// Listens on `address`. `only_v6` leaves the IPv4 side of `[::]` to another socket.
///
/// Accepted sockets inherit the options of the listening one, which spares calls for each. `TCP_NODELAY` spares each
/// answer the 40 ms of a delayed acknowledgement. A time-out for sending frees the thread from a client that does not
/// read. One for receiving must not be set: `accept` would obey it too.
pub(super) fn open(
    address: SocketAddr,
    only_v6: bool,
    send_timeout: Duration,
) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // Without it, a server that is started again cannot listen while old connections time out. On Windows the same
    // option would let another program take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    socket.set_tcp_nodelay(true)?;
    socket.set_write_timeout(Some(send_timeout))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
