//! Where a command does its work: at a server that answers, or in the data folder itself.

use std::sync::OnceLock;
use std::time::Duration;

use gauntlet_store::{DATABASE_FILE, Store};
use gauntlet_telemetry::{Endpoint, Trust, describe};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::runtime::Runtime;

use super::CliError;
use gauntlet_server::config::Config;
use gauntlet_server::lock::{DataLock, LockError};
use gauntlet_server::serve::open_store;

/// Where the runs are that a command works on.
pub(super) enum DataSource {
    /// A running server, at this URL.
    Server(String),
    /// The folder, which nobody else has open.
    Folder(Store, DataLock),
}

/// What a command does with a data folder that is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// It asks for what is there, so a missing folder is an error and nothing is created.
    Refuse,
    /// It brings something, so the folder is created.
    Create,
}

impl DataSource {
    /// The server that is named (`--endpoint`, `GAUNTLET_ENDPOINT`) and no other. Without one: a server at
    /// the configured address; else the one that holds the data folder; else the folder.
    pub(super) fn find(config: &Config, runtime: &Runtime, missing: Missing) -> Result<Self, CliError> {
        if let Some(server) = server(config)? {
            return Ok(Self::Server(server));
        }
        let is_there =
            config.database.is_some() || config.data.join(DATABASE_FILE).exists() || config.data.is_file();
        if missing == Missing::Refuse && !is_there {
            return Err(CliError::Failed(format!(
                "no Gauntlet answers at {}, and {} holds no runs. Start one with `gauntlet serve`, or \
                 name \
                 it: --endpoint URL, or --data DIR for its folder",
                config.url(),
                config.data.display()
            )));
        }
        match DataLock::take(&config.data) {
            Ok(lock) => Ok(Self::Folder(runtime.block_on(open_store(config))?, lock)),
            Err(LockError::Taken(Some(url))) if answers(&url) => Ok(Self::Server(url)),
            Err(error) => Err(CliError::Failed(error.to_string())),
        }
    }
}

/// The server a command asks: the one that is named, which has to answer; else one at the configured address,
/// if any.
pub(super) fn server(config: &Config) -> Result<Option<String>, CliError> {
    let Some(named) = &config.endpoint else {
        return Ok(Some(config.url()).filter(|url| answers(url)));
    };
    // Refuses what is not encrypted before anything is sent.
    endpoint(named)?;
    match ask_whether_ready(named) {
        Ok(true) => Ok(Some(named.clone())),
        found => Err(CliError::Failed(format!(
            "no Gauntlet answers at {named}, which --endpoint or GAUNTLET_ENDPOINT names{}",
            found.err().map(|why| format!(": {why}")).unwrap_or_default()
        ))),
    }
}

/// Whether a Gauntlet is there.
pub(super) fn answers(url: &str) -> bool {
    ask_whether_ready(url).unwrap_or(false)
}

/// Whether it is a Gauntlet that answers, or why nothing does. Another program may well answer at that
/// address; it does not answer so.
fn ask_whether_ready(url: &str) -> Result<bool, String> {
    let answer = agent(Some(Duration::from_secs(2))).get(format!("{url}/readyz")).call();
    let text = answer.map_err(|e| describe(&e))?.body_mut().read_to_string().map_err(|e| describe(&e))?;
    let status: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    match status {
        // A server with TLS that is asked in the clear.
        Some(status) if status["error"]["code"] == "bad_request" => Err(refusal(400, &text)),
        Some(status) => Ok(status["status"] == "ready" || status["error"]["code"].is_string()),
        None => Ok(false),
    }
}

/// The key that this process presents to servers; set once, before the first request.
static KEY: OnceLock<Option<String>> = OnceLock::new();

/// The certificates that this process trusts; set once, before the first request.
static TRUST: OnceLock<Trust> = OnceLock::new();

/// Presents the key of a configuration to every server that is asked from now on, and trusts its
/// certificates.
pub(super) fn present(config: &Config) -> Result<(), CliError> {
    if let Some(path) = &config.ca {
        let trust = Trust::of_file(path).map_err(|e| CliError::Failed(e.to_string()))?;
        let _ = TRUST.set(trust);
    }
    // A process runs one command, so the first call is the only one.
    let _ = KEY.set(config.api_key.clone());
    Ok(())
}

/// The key that is presented to servers, if any.
pub(super) fn key() -> Option<&'static str> {
    KEY.get()?.as_deref()
}

/// A server for the SDK's parts, asked with the key of this process.
pub(super) fn endpoint(url: &str) -> Result<Endpoint, CliError> {
    let endpoint = Endpoint::new(url).map_err(|e| CliError::Failed(e.message))?;
    let endpoint = match TRUST.get() {
        Some(trust) => endpoint.with_trust(trust.clone()),
        None => endpoint,
    };
    match key() {
        Some(key) => endpoint.with_key(key).map_err(|e| CliError::Failed(e.to_string())),
        None => Ok(endpoint),
    }
}

/// What asks a server. A refusal is an answer. A proxy of the environment is not for it: servers mostly are
/// on this machine.
pub(super) fn agent(timeout: Option<Duration>) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(timeout)
        .tls_config(TRUST.get().map(Trust::to_tls).unwrap_or_default())
        .middleware(authorize)
        .build()
        .into()
}

/// Adds the key to a request. What follows a redirect passes no middleware, so that the key stays here.
fn authorize(
    mut request: ureq::http::Request<ureq::SendBody<'_>>,
    next: ureq::middleware::MiddlewareNext<'_>,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    if let Some(value) = key().and_then(|key| ureq::http::HeaderValue::try_from(format!("Bearer {key}")).ok())
    {
        request.headers_mut().insert(ureq::http::header::AUTHORIZATION, value);
    }
    next.handle(request)
}

/// The server's own words for a refusal, where it has some.
pub(super) fn refusal(status: u16, body: &str) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = parsed.as_ref().and_then(|v| v.pointer("/error/message")?.as_str());
    message.map_or_else(|| format!("the server answered {status}"), str::to_owned)
}

/// What is encoded in a path: everything but the unreserved characters of RFC 3986.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as one segment of a URL's path.
pub(super) fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, &RESERVED).to_string()
}
