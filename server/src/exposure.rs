//! How the server is reached: from this machine alone, or from elsewhere. What is needed for the latter, and
//! the refusal to serve while a part of it is missing.

use std::net::SocketAddr;
use std::sync::Arc;

use gauntlet_model::FieldError;

use crate::access::TrustedProxies;

/// How the server is reached. The default is from this machine alone, where nobody is asked for a key.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    /// Whether requests need a key.
    pub keys_required: bool,
    /// Names of this server besides loopback, in lower case, as they are in a `Host` header without the port.
    pub hosts: Arc<[String]>,
    /// Whether it listens on an address that others can reach, whatever name they use for it.
    pub beyond_loopback: bool,
    /// Proxies in front of it.
    pub proxies: TrustedProxies,
}

impl Exposure {
    /// Reads the settings. A server that has a name, a proxy or an address beyond this machine asks for keys.
    ///
    /// # Errors
    ///
    /// Where a setting cannot be read, or nothing would encrypt what goes over the network.
    pub fn parse(
        listen: SocketAddr,
        hosts: Vec<String>,
        proxies: &[String],
        required: Option<bool>,
        has_tls: bool,
    ) -> Result<Self, FieldError> {
        let proxies = TrustedProxies::parse(proxies)?;
        let beyond_loopback = !listen.ip().is_loopback();
        let hosts = hosts.iter().map(|text| host(text)).collect::<Result<Arc<[_]>, _>>()?;
        let reached = beyond_loopback || !hosts.is_empty() || !proxies.is_empty();
        if required == Some(false) && reached {
            let message = "is false, but others can reach this server (listen, allowed_hosts or \
                trusted_proxies); leave it out";
            return Err(FieldError::new("auth.required", message));
        }
        if beyond_loopback && proxies.is_empty() && !has_tls {
            let message = format!(
                "{listen} can be reached from other machines, and nothing encrypts what goes there. Name a \
                 certificate and its key in gauntlet.toml (tls.cert, tls.key); or put a proxy with TLS in \
                 front and name its address: trusted_proxies = [\"10.0.0.5\"]; or listen on 127.0.0.1:{port} \
                 and use `ssh -L {port}:127.0.0.1:{port} HOST` from elsewhere",
                port = listen.port(),
            );
            return Err(FieldError::new("listen", message));
        }
        Ok(Self { keys_required: required == Some(true) || reached, hosts, beyond_loopback, proxies })
    }
}

/// A host name, in lower case.
fn host(text: &str) -> Result<String, FieldError> {
    let is_name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    match text.len() <= 253 && text.split('.').all(is_name) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err(FieldError::new(
            "allowed_hosts",
            format!("{text:?} is not a host name such as gauntlet.example.org, without scheme and port"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(listen: &str, hosts: &[&str], proxies: &[&str], required: Option<bool>) -> Result<bool, String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let exposure =
            Exposure::parse(listen.parse().unwrap(), owned(hosts), &owned(proxies), required, false);
        exposure.map(|exposure| exposure.keys_required).map_err(|e| e.to_string())
    }

    #[test]
    fn keys_are_asked_for_once_others_can_reach_the_server() {
        assert_eq!(parse("127.0.0.1:1", &[], &[], None), Ok(false));
        assert_eq!(parse("127.0.0.1:1", &[], &[], Some(true)), Ok(true));
        assert_eq!(parse("127.0.0.1:1", &["g.example.org"], &[], None), Ok(true));
        assert_eq!(parse("127.0.0.1:1", &[], &["127.0.0.1"], None), Ok(true));
        assert_eq!(parse("0.0.0.0:1", &[], &["10.0.0.5"], None), Ok(true));
    }

    #[test]
    fn half_of_what_is_needed_is_refused_with_what_is_missing() {
        let with_tls = Exposure::parse("0.0.0.0:1".parse().unwrap(), vec![], &[], None, true).unwrap();
        assert!(with_tls.keys_required && with_tls.beyond_loopback);
        let refused = parse("0.0.0.0:4600", &[], &[], None).unwrap_err();
        assert!(
            refused.contains("tls.cert")
                && refused.contains("trusted_proxies = ")
                && refused.contains("ssh -L"),
            "{refused}"
        );
        let refused = parse("127.0.0.1:1", &["a"], &[], Some(false)).unwrap_err();
        assert!(refused.starts_with("auth.required: is false"), "{refused}");
        for host in ["", "a:1", "http://a", "a/b", "a..b", "*"] {
            assert!(
                parse("127.0.0.1:1", &[host], &[], None).unwrap_err().contains("allowed_hosts"),
                "{host}"
            );
        }
    }
}
