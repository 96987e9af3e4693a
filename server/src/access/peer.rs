//! Whose address a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{Extensions, HeaderMap, HeaderName};
use gauntlet_model::FieldError;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Addresses of proxies in front of this server, which say for whom they ask (`X-Forwarded-For`). Of others
/// the header is not read, since anybody can write it.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpAddr]>);

impl TrustedProxies {
    /// Reads addresses such as `127.0.0.1`.
    ///
    /// # Errors
    ///
    /// Where one is not an IP address.
    pub fn parse(addresses: &[String]) -> Result<Self, FieldError> {
        let read = addresses.iter().map(|text| {
            text.parse().map_err(|_| {
                let message = format!("{text:?} is not the IP address of a proxy, such as 127.0.0.1");
                FieldError::new("trusted_proxies", message)
            })
        });
        Ok(Self(read.collect::<Result<Vec<_>, _>>()?.into()))
    }

    /// Whether none is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address that a request comes from: of the connection, or what the last trusted proxy says. `None`
    /// where there is no connection, as in tests.
    pub(super) fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let Peer(peer) = *extensions.get::<Peer>()?;
        if !self.0.contains(&peer) {
            return Some(peer);
        }
        // Each proxy appends who asked it. The last address that is not a proxy of ours is the client.
        let lists = headers.get_all(&FORWARDED_FOR).into_iter().filter_map(|value| value.to_str().ok());
        let named: Vec<IpAddr> =
            lists.flat_map(|list| list.split(',')).filter_map(|text| text.trim().parse().ok()).collect();
        Some(named.into_iter().rev().find(|address| !self.0.contains(address)).unwrap_or(peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_says_for_whom_it_asks() {
        let proxies = TrustedProxies::parse(&["127.0.0.1".to_owned()]).unwrap();
        let client = |peer: &str, forwarded: &str| {
            let mut extensions = Extensions::new();
            extensions.insert(Peer(peer.parse().unwrap()));
            let headers = HeaderMap::from_iter([(FORWARDED_FOR.clone(), forwarded.parse().unwrap())]);
            proxies.client(&extensions, &headers).unwrap().to_string()
        };
        assert_eq!(client("10.0.0.9", "1.2.3.4"), "10.0.0.9");
        assert_eq!(client("127.0.0.1", "9.9.9.9, 1.2.3.4, 127.0.0.1"), "1.2.3.4");
        assert_eq!(client("127.0.0.1", "nonsense"), "127.0.0.1");
        assert!(TrustedProxies::parse(&["nginx".to_owned()]).unwrap_err().message.contains("nginx"));
    }
}
