//! TLS: the certificate of this server and its key, read at the start and again whenever their files change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gauntlet_model::FieldError;
use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
pub const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// The files of a certificate with its chain and of its private key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    cert: PathBuf,
    key: PathBuf,
}

impl TlsFiles {
    /// Reads the settings; `None` where neither is set.
    ///
    /// # Errors
    ///
    /// Where one of them is missing.
    pub fn parse(cert: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<Self>, FieldError> {
        // An unset variable often is an empty one.
        let named = |path: Option<PathBuf>| path.filter(|path| !path.as_os_str().is_empty());
        match (named(cert), named(key)) {
            (None, None) => Ok(None),
            (Some(cert), Some(key)) => Ok(Some(Self { cert, key })),
            (Some(_), None) => Err(FieldError::new("tls.key", "is missing; tls.cert needs its private key")),
            (None, Some(_)) => Err(FieldError::new("tls.cert", "is missing; tls.key needs its certificate")),
        }
    }

    fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let unreadable = |path: &Path, why: &dyn fmt::Display| TlsError(format!("{}: {why}", path.display()));
        let chain = CertificateDer::pem_file_iter(&self.cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|e| unreadable(&self.cert, &e))?;
        if chain.is_empty() {
            return Err(unreadable(&self.cert, &"holds no certificate (PEM)"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| unreadable(&self.key, &e))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|e| {
            let message = format!("{} and {}: {e}", self.cert.display(), self.key.display());
            TlsError(message)
        })
    }

    /// What the files hold now, so that a change is seen whatever a clock or a link says.
    fn fingerprint(&self) -> Option<[u8; 32]> {
        let mut digest = Sha256::new();
        for path in [&self.cert, &self.key] {
            digest.update(std::fs::read(path).ok()?);
            digest.update([0]);
        }
        Some(digest.finalize().into())
    }
}

/// Why there is no TLS, as a sentence that names the file.
#[derive(Debug, thiserror::Error)]
#[error("TLS: {0}")]
pub struct TlsError(String);

/// TLS 1.2 and 1.3 for HTTP/2 and HTTP/1.1, with the newest certificate of its files. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    files: TlsFiles,
}

/// The certificate that new connections get.
#[derive(Debug)]
struct Current {
    key: RwLock<Arc<CertifiedKey>>,
    provider: Arc<CryptoProvider>,
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key.read()))
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// Where one cannot be read, or they do not belong together.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = RwLock::new(Arc::new(files.read(&provider)?));
        let current = Arc::new(Current { key, provider: Arc::clone(&provider) });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| TlsError(e.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), current, files })
    }

    /// What turns a connection into an encrypted one.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// Reads the files again whenever they change, looking `every` so often and at SIGHUP. What cannot be
    /// read changes nothing: the certificate before stays.
    pub async fn watch(self, every: Duration) {
        let mut turns = tokio::time::interval(every);
        let mut known = self.files.fingerprint();
        #[cfg(unix)]
        let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
        loop {
            #[cfg(unix)]
            let asked = async {
                match &mut hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            #[cfg(not(unix))]
            let asked = std::future::pending::<Option<()>>();
            tokio::select! {
                _ = turns.tick() => {}
                _ = asked => {}
            }
            let found = self.files.fingerprint();
            if found == known {
                continue;
            }
            // Of files that are changed one after the other the first makes no pair with the other; the next
            // turn finds both.
            known = found;
            match self.files.read(&self.current.provider) {
                Ok(key) => {
                    *self.current.key.write() = Arc::new(key);
                    tracing::info!(cert = %self.files.cert.display(), "the certificate was read again");
                }
                Err(error) => tracing::error!(%error, "the certificate before stays in use"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_files_are_refused() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(TlsFiles::parse(None, path("")), Ok(None));
        assert!(TlsFiles::parse(path("a"), path("b")).unwrap().is_some());
        assert_eq!(TlsFiles::parse(path("a"), None).unwrap_err().field, "tls.key");
        assert_eq!(TlsFiles::parse(path(""), path("b")).unwrap_err().field, "tls.cert");
        let missing = TlsFiles::parse(path("/none/cert.pem"), path("/none/key.pem")).unwrap().unwrap();
        assert!(Tls::open(missing).unwrap_err().to_string().starts_with("TLS: /none/cert.pem: "));
    }
}
