//! Configuration: flags, then `GAUNTLET_*`, then `gauntlet.toml`, then the defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use gauntlet_engine::backups::BackupSettings;
use gauntlet_store::{DatabaseUrl, StoreError, Synchronous};
use serde::Deserialize;

use crate::backup_settings::BackupSection;
use crate::exposure::Exposure;
use crate::guard::Trusted;
use crate::policy::FrameAncestors;
use crate::state::Limits;
use crate::tls::TlsFiles;

/// Where the server listens by default.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:4600";

/// Where OTLP is accepted over gRPC by default: where exporters send it by default.
pub const DEFAULT_OTLP_GRPC: &str = "127.0.0.1:4317";

/// What is wrong with the configuration, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// `gauntlet.toml`. Every field may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    otlp_grpc: Option<String>,
    data: Option<PathBuf>,
    database: Option<String>,
    artifacts: Option<PathBuf>,
    /// Called so before reading needed it as well.
    #[serde(default, alias = "trusted_origins")]
    allowed_origins: Vec<String>,
    #[serde(default)]
    frame_ancestors: Vec<String>,
    #[serde(default)]
    allowed_hosts: Vec<String>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    #[serde(default)]
    auth: AuthFile,
    #[serde(default)]
    tls: TlsSection,
    #[serde(default)]
    limits: LimitsFile,
    #[serde(default)]
    store: StoreFile,
    #[serde(default)]
    backup: BackupSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsFile {
    body_bytes: Option<usize>,
    import_bytes: Option<usize>,
    artifact_bytes: Option<u64>,
    memory_bytes: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthFile {
    required: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsSection {
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreFile {
    synchronous: Option<String>,
    queue_batches: Option<usize>,
    search: Option<bool>,
}

/// The values of flags and environment variables.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Overrides {
    /// Address to listen on; others than loopback need API keys and TLS, which a proxy can do
    #[arg(long, env = "GAUNTLET_LISTEN", global = true, value_name = "ADDR", help_heading = "Settings")]
    pub listen: Option<String>,
    /// Address to take OpenTelemetry over gRPC on, loopback only; off for none [default: 127.0.0.1:4317,
    /// where free]
    #[arg(long, env = "GAUNTLET_OTLP_GRPC", global = true, value_name = "ADDR", help_heading = "Settings")]
    pub otlp_grpc: Option<String>,
    /// Folder of the embedded database and of artifacts
    #[arg(long, env = "GAUNTLET_DATA", global = true, value_name = "DIR", help_heading = "Settings")]
    pub data: Option<PathBuf>,
    /// PostgreSQL database that holds the log, such as postgres://user@host/name [default: the embedded one]
    #[arg(long, env = "GAUNTLET_DATABASE", global = true, hide_env_values = true)]
    #[arg(value_name = "URL", help_heading = "Settings")]
    pub database: Option<String>,
    /// Folder of the artifacts, which all servers of one database share [default: one in the data folder]
    #[arg(long, env = "GAUNTLET_ARTIFACTS", global = true, value_name = "DIR", help_heading = "Settings")]
    pub artifacts: Option<PathBuf>,
    /// Server that a command asks [default: the one at the listening address, else the data folder's]
    #[arg(long, env = "GAUNTLET_ENDPOINT", global = true, value_name = "URL", help_heading = "Settings")]
    pub endpoint: Option<String>,
    /// API key that a command presents to the server
    #[arg(
        long,
        env = "GAUNTLET_API_KEY",
        global = true,
        value_name = "KEY",
        hide_env_values = true,
        help_heading = "Settings"
    )]
    pub api_key: Option<String>,
    /// File that holds the API key, where --api-key is not given
    #[arg(
        long,
        env = "GAUNTLET_API_KEY_FILE",
        global = true,
        value_name = "FILE",
        help_heading = "Settings"
    )]
    pub api_key_file: Option<PathBuf>,
    /// Certificates that a command trusts instead of the usual ones, a PEM file
    #[arg(long, env = "GAUNTLET_CA", global = true, value_name = "FILE", help_heading = "Settings")]
    pub ca: Option<PathBuf>,
    /// Certificate of the server with its chain, a PEM file: it then speaks TLS
    #[arg(long, env = "GAUNTLET_TLS_CERT", global = true, value_name = "FILE", help_heading = "Settings")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate, a PEM file
    #[arg(long, env = "GAUNTLET_TLS_KEY", global = true, value_name = "FILE", help_heading = "Settings")]
    pub tls_key: Option<PathBuf>,
    /// Admin's API key that the server takes without storing it
    #[arg(long, env = "GAUNTLET_ADMIN_KEY", global = true, value_name = "KEY", hide = true)]
    pub admin_key: Option<String>,
    /// Configuration file [default: gauntlet.toml, if there is one]
    #[arg(long, env = "GAUNTLET_CONFIG", global = true, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
}

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to take OTLP over gRPC, where that is wanted.
    pub otlp_grpc: Option<SocketAddr>,
    /// Folder of the artifacts and, without [`Config::database`], of the database.
    pub data: PathBuf,
    /// The PostgreSQL database that holds the log.
    pub database: Option<DatabaseUrl>,
    /// The folder of the artifacts, where it is not in [`Config::data`].
    pub artifacts: Option<PathBuf>,
    /// The server that commands ask, where one is named; without a slash at its end.
    pub endpoint: Option<String>,
    /// The key that commands present to a server.
    pub api_key: Option<String>,
    /// Certificates that commands trust instead of the usual ones.
    pub ca: Option<PathBuf>,
    /// The files of this server's certificate, where it speaks TLS.
    pub tls: Option<TlsFiles>,
    /// An admin's key that the server takes without storing it.
    pub admin_key: Option<String>,
    /// Whether requests need a key, and how the server is reached from elsewhere.
    pub exposure: Exposure,
    /// Origins of other pages that may read and change things.
    pub trusted: Trusted,
    /// Origins whose pages may show a page in a frame, such as notebooks.
    pub frames: FrameAncestors,
    /// Limits of a request.
    pub limits: Limits,
    /// Whether an acknowledged event survives a power loss (`full`) or only a crash of the process
    /// (`normal`).
    pub synchronous: Synchronous,
    /// Batches that may wait for the writer before clients are asked to retry.
    pub queue_batches: usize,
    /// Whether texts are indexed, so that they can be searched.
    pub search: bool,
    /// Where and when this server makes backups; `None` where it makes none.
    pub backup: Option<BackupSettings>,
}

impl Config {
    /// Reads the file, if there is one, and lays flags and environment over it.
    pub fn load(over: &Overrides) -> Result<Self, ConfigError> {
        let file = read_file(over.config.as_deref())?;
        let listen = over.listen.as_deref().or(file.listen.as_deref()).unwrap_or(DEFAULT_LISTEN);
        let defaults = Limits::default();
        let synchronous = match file.store.synchronous.as_deref().unwrap_or("full") {
            "full" => Synchronous::Full,
            "normal" => Synchronous::Normal,
            other => {
                return Err(ConfigError(format!("store.synchronous: {other:?} is neither full nor normal")));
            }
        };
        let listen = address("listen", listen)?;
        let tls =
            TlsFiles::parse(over.tls_cert.clone().or(file.tls.cert), over.tls_key.clone().or(file.tls.key));
        let tls = tls.map_err(|e| ConfigError(e.to_string()))?;
        let (hosts, proxies) = (file.allowed_hosts, &file.trusted_proxies);
        let exposure = Exposure::parse(listen, hosts, proxies, file.auth.required, tls.is_some())
            .map_err(|e| ConfigError(e.to_string()))?;
        Ok(Self {
            listen,
            api_key: api_key(over)?,
            ca: over.ca.clone().filter(|path| !path.as_os_str().is_empty()),
            tls,
            admin_key: over.admin_key.clone().filter(|key| !key.trim().is_empty()),
            exposure,
            otlp_grpc: match over.otlp_grpc.as_deref().or(file.otlp_grpc.as_deref()) {
                Some("off") => None,
                text => {
                    Some(loopback("otlp-grpc", text.filter(|t| !t.is_empty()).unwrap_or(DEFAULT_OTLP_GRPC))?)
                }
            },
            data: over.data.clone().or(file.data).unwrap_or_else(|| PathBuf::from("data")),
            database: {
                let address = over.database.as_deref().or(file.database.as_deref());
                // An unset variable often is an empty one.
                let address = address.map(str::trim).filter(|address| !address.is_empty());
                address.map(str::parse).transpose().map_err(|e: StoreError| ConfigError(e.to_string()))?
            },
            artifacts: over.artifacts.clone().or(file.artifacts).filter(|path| !path.as_os_str().is_empty()),
            endpoint: over.endpoint.as_deref().filter(|e| !e.trim().is_empty()).map(endpoint).transpose()?,
            trusted: Trusted::parse(&file.allowed_origins).map_err(|e| ConfigError(e.to_string()))?,
            frames: FrameAncestors::parse(&file.frame_ancestors).map_err(|e| ConfigError(e.to_string()))?,
            limits: Limits {
                body_bytes: file.limits.body_bytes.unwrap_or(defaults.body_bytes),
                import_bytes: file.limits.import_bytes.unwrap_or(defaults.import_bytes),
                artifact_bytes: file.limits.artifact_bytes.unwrap_or(defaults.artifact_bytes),
                memory_bytes: file.limits.memory_bytes.unwrap_or(defaults.memory_bytes),
            },
            synchronous,
            queue_batches: file.store.queue_batches.unwrap_or(256).max(1),
            search: file.store.search.unwrap_or(true),
            backup: file.backup.parse().map_err(|e| ConfigError(e.to_string()))?,
        })
    }
}

impl Config {
    /// The address of a server with these settings, such as `http://127.0.0.1:4600`.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.listen)
    }
}

fn read_file(named: Option<&Path>) -> Result<File, ConfigError> {
    let path = named.unwrap_or(Path::new("gauntlet.toml"));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && named.is_none() => return Ok(File::default()),
        Err(e) => return Err(ConfigError(format!("{}: {e}", path.display()))),
    };
    toml::from_str(&text)
        .map_err(|e| ConfigError(format!("{}: {}", path.display(), e.to_string().trim_end())))
}

/// The URL of a server as a command's requests begin with it. An empty one, as an unset variable often is, is
/// none.
fn endpoint(text: &str) -> Result<String, ConfigError> {
    let trimmed = text.trim().trim_end_matches('/');
    match trimmed.parse::<axum::http::Uri>() {
        Ok(uri)
            if matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some()
                && uri.query().is_none() =>
        {
            Ok(trimmed.to_owned())
        }
        _ => Err(ConfigError(format!(
            "endpoint: {text:?} is not the address of a server, such as http://127.0.0.1:4600"
        ))),
    }
}

/// The key that commands present: the one that is named, else that of the file. An empty one, as an unset
/// variable often is, is none.
fn api_key(over: &Overrides) -> Result<Option<String>, ConfigError> {
    let named = over.api_key.as_deref().map(str::trim).filter(|key| !key.is_empty());
    let key = match (named, over.api_key_file.as_deref().filter(|path| !path.as_os_str().is_empty())) {
        (Some(key), _) => key.to_owned(),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|e| ConfigError(format!("api-key-file: {}: {e}", path.display())))?;
            text.trim().to_owned()
        }
        (None, None) => return Ok(None),
    };
    // The key itself is not repeated: messages end up in logs.
    match !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Some(key)),
        false => Err(ConfigError(
            "api-key: is empty, or has spaces or characters that are not ASCII; a key looks like gk_..."
                .to_owned(),
        )),
    }
}

fn address(setting: &str, text: &str) -> Result<SocketAddr, ConfigError> {
    let text = text.strip_prefix("localhost:").map_or(text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse()
        .map_err(|_| ConfigError(format!("{setting}: {text:?} is not an address such as {DEFAULT_LISTEN}")))
}

/// gRPC is not encrypted, so keys and traces would cross the network in the clear.
fn loopback(setting: &str, text: &str) -> Result<SocketAddr, ConfigError> {
    let address = address(setting, text)?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(ConfigError(format!(
        "{setting}: {address} is not a loopback address. OTLP over gRPC is taken on this machine only; send \
         OTLP over HTTP to the listening address instead, or use {DEFAULT_OTLP_GRPC}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(text: &str) -> Result<SocketAddr, String> {
        let over = Overrides { listen: Some(text.to_owned()), ..Overrides::default() };
        Config::load(&over).map(|c| c.listen).map_err(|e| e.to_string())
    }

    #[test]
    fn more_than_loopback_is_not_listened_on_in_the_clear() {
        assert!(listen("127.0.0.1:0").is_ok());
        assert!(listen("[::1]:4600").is_ok());
        assert!(listen("localhost:4601").is_ok());
        for bad in ["0.0.0.0:4600", "192.168.1.5:80", "[::]:4600"] {
            assert!(listen(bad).unwrap_err().contains("trusted_proxies"), "{bad}");
        }
        assert!(listen("4600").unwrap_err().contains("is not an address"));
    }

    #[test]
    fn otlp_over_grpc_has_its_usual_port_unless_it_is_off() {
        let grpc = |text: &str| {
            let over = Overrides { otlp_grpc: Some(text.to_owned()), ..Overrides::default() };
            Config::load(&over).map(|config| config.otlp_grpc).map_err(|e| e.to_string())
        };
        assert_eq!(Config::load(&Overrides::default()).unwrap().otlp_grpc.unwrap().port(), 4317);
        assert_eq!(grpc("off"), Ok(None));
        assert_eq!(grpc("127.0.0.1:0").unwrap().unwrap().port(), 0);
        assert!(grpc("0.0.0.0:4317").unwrap_err().starts_with("otlp-grpc: 0.0.0.0:4317 is not a loopback"));
    }

    #[test]
    fn the_database_is_named_by_its_address() {
        let database = |text: &str| {
            let over = Overrides { database: Some(text.to_owned()), ..Overrides::default() };
            Config::load(&over)
                .map(|config| config.database.map(|url| url.to_string()))
                .map_err(|e| e.to_string())
        };
        assert_eq!(database(""), Ok(None));
        assert_eq!(database("postgres://ada:secret@db/runs"), Ok(Some("postgres://ada@db/runs".to_owned())));
        assert!(
            database("sqlite:x.db").unwrap_err().starts_with("database: is not the address of a PostgreSQL")
        );
    }

    #[test]
    fn a_file_is_read_strictly() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g.toml");
        let load = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Config::load(&Overrides { config: Some(path.clone()), ..Overrides::default() })
        };
        let config = load("listen = '127.0.0.1:7000'\n[store]\nsynchronous = 'normal'").unwrap();
        assert_eq!(config.listen.port(), 7000);
        assert!(load("listen = 'x'").unwrap_err().to_string().contains("listen"));
        assert!(load("[store]\nsynchronous = 'off'").unwrap_err().to_string().contains("off"));
    }
}
