//! Who is connected: how many in all and from each address, and who has to make room for whom.
//!
//! A connection that waits for its client (for a first byte, the rest of a head, a body) costs its place to whoever waited
//! longest when a new one comes and there is no room, in all or for its address. So connections that do nothing can
//! never keep others out, and those of one address only push out each other.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::refusal::Refusal;
use crate::http::trusted_proxy::TrustedProxy;

/// The connections of a server.
pub(super) struct Guests {
    /// May have as many connections as there are in all.
    exempt: Vec<TrustedProxy>,
    left: Condvar,
    max: usize,
    max_per_origin: usize,
    seats: Mutex<Seats>,
    start: Instant,
}

#[derive(Default)]
struct Seats {
    by_origin: HashMap<IpAddr, Vec<Arc<Seat>>>,
    total: usize,
}

struct Seat {
    origin: IpAddr,
    socket: Arc<TcpStream>,
    /// In milliseconds, since one after the start; 0 is for one that is served.
    waiting_since: AtomicU64,
}

/// One connection, which leaves when this is dropped.
pub(super) struct Guest {
    guests: Arc<Guests>,
    pub(super) peer: SocketAddr,
    seat: Arc<Seat>,
}

impl Guests {
    pub(super) fn new(max: usize, max_per_origin: usize, exempt: Vec<TrustedProxy>) -> Self {
        Self {
            exempt,
            left: Condvar::new(),
            max,
            max_per_origin,
            seats: Mutex::default(),
            start: Instant::now(),
        }
    }

    /// Takes in the connection `socket` from `peer`, if need be in the place of one that waits.
    pub(super) fn admit(
        self: &Arc<Self>,
        socket: Arc<TcpStream>,
        peer: SocketAddr,
    ) -> Result<Guest, Refusal> {
        let origin = origin(peer.ip());
        let mut seats = self.lock();
        let is_exempt = self.trusts(peer.ip());
        let crowd = seats.by_origin.get(&origin).map_or(0, Vec::len);
        if crowd >= self.max_per_origin && !is_exempt {
            let longest = longest_waiting(seats.by_origin.get(&origin).into_iter().flatten());
            seats.show_out(longest, Refusal::ConnectionsPerAddress)?;
        }
        if seats.total >= self.max {
            let longest = longest_waiting(seats.by_origin.values().flatten());
            seats.show_out(longest, Refusal::Connections)?;
        }
        let seat = Arc::new(Seat {
            origin,
            socket,
            waiting_since: AtomicU64::new(self.now()),
        });
        seats
            .by_origin
            .entry(origin)
            .or_default()
            .push(Arc::clone(&seat));
        seats.total += 1;
        drop(seats);
        Ok(Guest {
            guests: Arc::clone(self),
            peer,
            seat,
        })
    }

    /// Says whether `address` is that of a trusted proxy.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.exempt.iter().any(|proxy| proxy.contains(address))
    }

    /// Returns how many there may be.
    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().total
    }

    /// Ends the connection that has waited longest, so that its descriptor can be used for another.
    pub(super) fn make_room(&self) {
        let mut seats = self.lock();
        let longest = longest_waiting(seats.by_origin.values().flatten());
        // Nobody waits: there is no room to be made.
        let _ = seats.show_out(longest, Refusal::Connections);
    }

    /// Lets those that wait know that nothing more will be answered; what they have sent already is still read.
    pub(super) fn send_home(&self) {
        self.each(|seat| {
            if seat.waiting_since.load(Ordering::Acquire) != 0 {
                hang_up(&seat.socket, Shutdown::Read);
            }
        });
    }

    /// Ends all connections.
    pub(super) fn throw_out(&self) {
        self.each(|seat| hang_up(&seat.socket, Shutdown::Both));
    }

    /// Waits until nobody is left, or `deadline`; says whether nobody is.
    pub(super) fn wait_until_empty(&self, deadline: Instant) -> bool {
        let limit = deadline.saturating_duration_since(Instant::now());
        let waited = self
            .left
            .wait_timeout_while(self.lock(), limit, |seats| seats.total > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.total == 0
    }

    fn each(&self, act: impl Fn(&Seat)) {
        let seats = self.lock();
        seats
            .by_origin
            .values()
            .flatten()
            .for_each(|seat| act(seat));
    }

    fn now(&self) -> u64 {
        let since = self.start.elapsed() + Duration::from_millis(1);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    fn show_out(&mut self, seat: Option<Arc<Seat>>, otherwise: Refusal) -> Result<(), Refusal> {
        let seat = seat.ok_or(otherwise)?;
        hang_up(&seat.socket, Shutdown::Both);
        self.remove(&seat);
        Ok(())
    }

    fn remove(&mut self, seat: &Arc<Seat>) {
        let Some(crowd) = self.by_origin.get_mut(&seat.origin) else {
            return;
        };
        let Some(at) = crowd.iter().position(|other| Arc::ptr_eq(other, seat)) else {
            return;
        };
        crowd.swap_remove(at);
        self.total -= 1;
        if crowd.is_empty() {
            self.by_origin.remove(&seat.origin);
        }
    }
}

impl Guest {
    /// Says that the client is waited for.
    pub(super) fn waits(&self) {
        let now = self.guests.now();
        self.seat.waiting_since.store(now, Ordering::Release);
    }

    /// Says that a request is being answered.
    pub(super) fn is_served(&self) {
        self.seat.waiting_since.store(0, Ordering::Release);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.guests.lock().remove(&self.seat);
        self.guests.left.notify_all();
    }
}

fn longest_waiting<'a>(seats: impl Iterator<Item = &'a Arc<Seat>>) -> Option<Arc<Seat>> {
    let since = |seat: &Arc<Seat>| seat.waiting_since.load(Ordering::Acquire);
    let waiting = seats.filter(|seat| since(seat) != 0);
    waiting.min_by_key(|seat| since(seat)).cloned()
}

/// Returns what stands for everything at one end.
///
/// An end of IPv6 usually has a network of 64 bits to itself (RFC 6177 §2).
pub(crate) fn origin(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            std::net::Ipv6Addr::from_bits(network).into()
        }
        address => address,
    }
}

/// The client may have hung up already.
fn hang_up(socket: &TcpStream, how: Shutdown) {
    let _ = socket.shutdown(how);
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    struct House {
        clients: Vec<TcpStream>,
        guests: Arc<Guests>,
        listener: TcpListener,
    }

    impl House {
        fn new(max: usize, max_per_origin: usize) -> Self {
            let proxy = "9.9.9.9".parse().expect("an address");
            Self {
                clients: Vec::new(),
                guests: Arc::new(Guests::new(max, max_per_origin, vec![proxy])),
                listener: TcpListener::bind("127.0.0.1:0").expect("a free port"),
            }
        }

        /// Admits one from `peer`, some milliseconds after the last.
        fn admit(&mut self, peer: &str) -> Result<Guest, Refusal> {
            std::thread::sleep(Duration::from_millis(3));
            let address = self.listener.local_addr().expect("bound");
            self.clients
                .push(TcpStream::connect(address).expect("a connection"));
            let (socket, _) = self.listener.accept().expect("a connection");
            let peer = SocketAddr::new(peer.parse().expect("an address"), 1);
            self.guests.admit(Arc::new(socket), peer)
        }

        fn is_ended(&self, client: usize) -> bool {
            use std::io::Read;
            let mut client = &self.clients[client];
            let wait = Some(Duration::from_millis(20));
            client.set_read_timeout(wait).expect("a socket");
            matches!(client.read(&mut [0]), Ok(0))
        }
    }

    #[test]
    fn longest_waiting_makes_room() {
        let mut house = House::new(3, 10);
        let served = house.admit("1.1.1.1").expect("room");
        served.is_served();
        let again = house.admit("2.2.2.2").expect("room");
        let _second = house.admit("3.3.3.3").expect("room");
        again.is_served();
        std::thread::sleep(Duration::from_millis(3));
        again.waits();
        let _fourth = house.admit("4.4.4.4").expect("made room");
        let ended: Vec<_> = (0..4).map(|client| house.is_ended(client)).collect();
        assert_eq!(ended, [false, false, true, false]);
        assert_eq!(house.guests.count(), 3);
    }

    #[test]
    fn address_only_pushes_out_its_own() {
        let mut house = House::new(10, 2);
        let _other = house.admit("2.2.2.2").expect("room");
        let _first = house.admit("1.1.1.1").expect("room");
        let second = house.admit("1.1.1.1").expect("room");
        let third = house.admit("1.1.1.1").expect("made room");
        assert!(house.is_ended(1) && !house.is_ended(0) && !house.is_ended(2));
        second.is_served();
        third.is_served();
        let refused = house.admit("1.1.1.1").err();
        assert_eq!(refused, Some(Refusal::ConnectionsPerAddress));
        drop(third);
        assert!(house.admit("1.1.1.1").is_ok());
    }

    #[test]
    fn nobody_is_shown_out_while_being_served() {
        let mut house = House::new(1, 1);
        let first = house.admit("1.1.1.1").expect("room");
        first.is_served();
        assert_eq!(house.admit("2.2.2.2").err(), Some(Refusal::Connections));
        assert!(!house.is_ended(0));
    }

    #[test]
    fn proxy_may_have_all() {
        let mut house = House::new(5, 1);
        let guests: Vec<_> = (0..5)
            .map(|_| house.admit("9.9.9.9").expect("room"))
            .collect();
        assert_eq!(house.guests.count(), guests.len());
        assert!((0..5).all(|client| !house.is_ended(client)));
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_count_together() {
        let mut house = House::new(10, 1);
        let _first = house.admit("2001:db8::1").expect("room");
        let _second = house.admit("2001:db8::2:0:0:1").expect("made room");
        let _other = house.admit("2001:db8:0:1::1").expect("room");
        assert!(house.is_ended(0) && !house.is_ended(1));
    }

    #[test]
    fn house_is_empty_when_all_have_left() {
        let mut house = House::new(5, 5);
        let guest = house.admit("1.1.1.1").expect("room");
        let soon = Instant::now() + Duration::from_millis(10);
        assert!(!house.guests.wait_until_empty(soon));
        house.guests.send_home();
        drop(guest);
        assert!(house.guests.wait_until_empty(soon));
    }
}
