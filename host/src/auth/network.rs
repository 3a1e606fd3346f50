//! From which addresses a caller may come: allow lists, and whom to believe about the address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::HeaderMap;
use ipnet::IpNet;

/// Addresses and ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks(Arc<[IpNet]>);

impl Networks {
    /// Reads addresses (`10.1.2.3`) and ranges (`10.0.0.0/8`, `fd00::/8`).
    ///
    /// # Errors
    /// The first entry that is neither.
    pub fn parse<'t>(entries: impl IntoIterator<Item = &'t str>) -> Result<Self, String> {
        let read = |text: &str| {
            let text = text.trim();
            let range = text.parse::<IpNet>();
            range.or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        };
        entries
            .into_iter()
            .map(|entry| read(entry).map_err(|_| entry.to_owned()))
            .collect::<Result<Vec<_>, _>>()
            .map(|list| Self(list.into()))
    }

    /// Nowhere.
    pub fn none() -> Self {
        Self(Arc::new([]))
    }

    /// Whether the address is in any of them. An IPv4 address inside IPv6 counts as IPv4.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(&address))
    }
}

/// `use_x_forwarded_for` and `trusted_proxy_ranges`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyTrust {
    /// `use_x_forwarded_for`: the header may name the client.
    pub use_forwarded: bool,
    /// Proxies that are believed. None: only the peer itself is, and the header's last entry,
    /// which that peer wrote, is the client.
    pub trusted: Option<Networks>,
}

impl ProxyTrust {
    /// Whether what a peer says of the request it forwards is believed.
    pub fn believes(&self, peer: SocketAddr) -> bool {
        let trusted = self.trusted.as_ref();
        self.use_forwarded && trusted.is_none_or(|it| it.contain(peer.ip()))
    }

    /// The client's address. With trusted ranges the header is read from its end, as long as
    /// each hop is trusted; an entry that cannot be read ends the walk at the hop that sent it.
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.ip().to_canonical();
        if !self.use_forwarded {
            return peer;
        }
        let Some(trusted) = &self.trusted else {
            return hops(headers).next().flatten().unwrap_or(peer);
        };
        let mut client = peer;
        for hop in hops(headers) {
            match hop {
                Some(hop) if trusted.contain(client) => client = hop,
                _ => break,
            }
        }
        client
    }
}

/// The entries of `x-forwarded-for`, last first.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines = headers.get_all("x-forwarded-for").iter();
    let entries: Vec<Option<IpAddr>> = lines
        .flat_map(|line| line.to_str().unwrap_or_default().split(','))
        .map(|entry| read_hop(entry.trim()))
        .collect();
    entries.into_iter().rev()
}

/// An address, maybe with a port: `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]`, `[::1]:80`.
fn read_hop(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|it| it.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    address
        .or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()))
        .map(|it| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(list: &[&str]) -> Networks {
        Networks::parse(list.iter().copied()).unwrap()
    }

    fn client(trust: &ProxyTrust, peer: &str, forwarded: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        trust.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn addresses_and_ranges_of_both_families_are_read() {
        let list = networks(&["10.1.2.3", " 192.168.0.0/16", "fd00::/8"]);
        for inside in ["10.1.2.3", "192.168.9.9", "fd12::1", "::ffff:10.1.2.3"] {
            assert!(list.contain(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["10.1.2.4", "192.169.0.1", "::1"] {
            assert!(!list.contain(outside.parse().unwrap()), "{outside}");
        }
        assert_eq!(Networks::parse(["10.0.0.0/40"]), Err("10.0.0.0/40".into()));
        assert_eq!(Networks::parse(["localhost"]), Err("localhost".into()));
    }

    #[test]
    fn the_header_is_nothing_unless_it_is_asked_for() {
        let trust = ProxyTrust::default();
        assert_eq!(client(&trust, "10.0.0.1:5", "1.2.3.4"), "10.0.0.1");
    }

    #[test]
    fn without_ranges_the_entry_of_the_peer_counts_and_no_other() {
        let trust = ProxyTrust {
            use_forwarded: true,
            trusted: None,
        };
        assert_eq!(
            client(&trust, "10.0.0.1:5", "6.6.6.6, 1.2.3.4:99"),
            "1.2.3.4"
        );
        assert_eq!(client(&trust, "10.0.0.1:5", "nonsense"), "10.0.0.1");
    }

    #[test]
    fn a_stranger_cannot_say_where_it_comes_from() {
        let trust = ProxyTrust {
            use_forwarded: true,
            trusted: Some(networks(&["10.0.0.0/8"])),
        };
        assert_eq!(client(&trust, "9.9.9.9:5", "10.0.0.7"), "9.9.9.9");
        assert_eq!(
            client(&trust, "10.0.0.1:5", "6.6.6.6, 1.2.3.4, 10.0.0.2"),
            "1.2.3.4"
        );
        assert_eq!(
            client(&trust, "10.0.0.1:5", "1.2.3.4, nonsense"),
            "10.0.0.1"
        );
        assert_eq!(
            client(&trust, "[::ffff:10.0.0.1]:5", "[2001:db8::1]:80"),
            "2001:db8::1"
        );
    }
}
