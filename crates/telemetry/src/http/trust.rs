//! Whom a client trusts: the certificates of servers, and where it speaks without encryption.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use gauntlet_model::FieldError;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// The variable that names a file of certificates to trust.
pub(super) const CA: &str = "GAUNTLET_CA";
/// The variable that allows plain HTTP to other machines.
const INSECURE: &str = "GAUNTLET_INSECURE";

/// The certificates that a client trusts: those that browsers do, or those of a file alone. Cloning shares
/// them.
#[derive(Debug, Clone, Default)]
pub struct Trust(Option<Arc<Vec<Certificate<'static>>>>);

impl Trust {
    /// The certificates of a PEM file, and no others.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or holds no certificate.
    pub fn of_file(path: &Path) -> Result<Self, FieldError> {
        let refused = |why: String| FieldError::new("ca", format!("{}: {why}", path.display()));
        let text = fs::read(path).map_err(|e| refused(e.to_string()))?;
        let mut certificates = Vec::new();
        for item in parse_pem(&text) {
            if let PemItem::Certificate(certificate) = item.map_err(|e| refused(e.to_string()))? {
                certificates.push(certificate);
            }
        }
        if certificates.is_empty() {
            return Err(refused("holds no certificate (PEM)".to_owned()));
        }
        Ok(Self(Some(Arc::new(certificates))))
    }

    /// What the environment says: the file that `GAUNTLET_CA` names, where it is set.
    pub(super) fn of_environment() -> Result<Self, FieldError> {
        match std::env::var_os(CA).filter(|path| !path.is_empty()) {
            Some(path) => Self::of_file(Path::new(&path)).map_err(|e| FieldError::new(CA, e.message)),
            None => Ok(Self::default()),
        }
    }

    /// The certificates in DER; `None` for those that browsers trust.
    pub fn certificates(&self) -> Option<impl Iterator<Item = &[u8]>> {
        self.0.as_ref().map(|all| all.iter().map(Certificate::der))
    }

    /// For an agent of HTTP.
    pub fn to_tls(&self) -> TlsConfig {
        let builder = TlsConfig::builder();
        match &self.0 {
            Some(all) => builder.root_certs(RootCerts::Specific(Arc::clone(all))).build(),
            None => builder.build(),
        }
    }
}

/// Refuses plain HTTP to another machine, unless the environment allows it: whoever is between could read the
/// key and everything that is recorded.
pub(super) fn check_encryption(base: &str) -> Result<(), FieldError> {
    let is_allowed = std::env::var(INSECURE).is_ok_and(|value| matches!(value.trim(), "1" | "true"));
    if base.starts_with("https://") || is_here(base) || is_allowed {
        return Ok(());
    }
    let message = format!(
        "{base:?} is another machine, and http:// is not encrypted; use https://, or set {INSECURE}=1 where \
         nobody is between"
    );
    Err(FieldError::new("base", message))
}

/// Whether a base URL names this machine.
pub(super) fn is_here(base: &str) -> bool {
    let place = base.split_once("://").map_or(base, |(_, place)| place).split('/').next().unwrap_or_default();
    let name = match place.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Why a request failed, with what helps where certificates or encryption are the reason.
pub fn describe(error: &ureq::Error) -> String {
    let text = error.to_string();
    let hint = if text.contains("UnknownIssuer") || text.contains("CaUsedAsEndEntity") {
        " (the certificate is not signed by anybody who is trusted; GAUNTLET_CA names a file of certificates \
         to trust)"
    } else if text.contains("certificate expired") || text.contains("not valid yet") {
        " (the certificate of the server is not valid now: it has expired, or a clock is wrong)"
    } else if text.contains("InvalidContentType") || text.contains("InvalidMessage") {
        " (the server does not speak TLS there; is its address http://?)"
    } else {
        ""
    };
    format!("{text}{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_by_name() {
        let missing = Trust::of_file(Path::new("/none/ca.pem")).unwrap_err();
        assert!(missing.message.starts_with("/none/ca.pem: "), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "no certificate").unwrap();
        assert!(Trust::of_file(file.path()).unwrap_err().message.ends_with("holds no certificate (PEM)"));
    }

    #[test]
    fn nothing_goes_to_another_machine_in_the_clear() {
        for base in ["http://127.0.0.1:1", "http://localhost/gauntlet", "http://[::1]:1", "https://a.example"]
        {
            assert_eq!(check_encryption(base), Ok(()), "{base}");
        }
        for base in ["http://a.example", "http://10.0.0.1:4600", "http://localhost.evil.example"] {
            assert!(check_encryption(base).unwrap_err().message.contains("https://"), "{base}");
        }
    }
}
