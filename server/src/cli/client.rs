//! Where a command does its work: at a server that answers, or in the data folder itself.

use std::time::Duration;

use gauntlet_store::Store;
use tokio::runtime::Runtime;

use super::CliError;
use crate::config::Config;
use crate::lock::{DataLock, LockError};
use crate::serve::open_store;

/// The place a command found.
pub enum Place {
    /// A running server, at this URL.
    Server(String),
    /// The folder, which nobody else has open.
    Folder(Store, DataLock),
}

impl Place {
    /// A server at the configured address; else the one that holds the data folder; else the folder.
    pub fn find(config: &Config, runtime: &Runtime) -> Result<Self, CliError> {
        let configured = format!("http://{}", config.listen);
        if answers(&configured) {
            return Ok(Self::Server(configured));
        }
        match DataLock::take(&config.data) {
            Ok(lock) => Ok(Self::Folder(runtime.block_on(open_store(config))?, lock)),
            Err(LockError::Taken(Some(url))) if answers(&url) => Ok(Self::Server(url)),
            Err(error) => Err(CliError::Failed(error.to_string())),
        }
    }
}

/// Whether a Gauntlet is there. Another program may well answer at that address; it does not answer so.
pub fn answers(url: &str) -> bool {
    let answer = agent(Some(Duration::from_secs(2))).get(format!("{url}/readyz")).call();
    answer.is_ok_and(|mut answer| {
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        let said: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        said.is_some_and(|said| said["status"] == "ready" || said["error"]["code"].is_string())
    })
}

/// What asks a server. A refusal is an answer. Servers are on this machine, so a proxy of the environment is not for
/// them.
pub fn agent(timeout: Option<Duration>) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(timeout)
        .build()
        .into()
}

/// The server's own words for a refusal, where it has some.
pub fn refusal(status: u16, body: &str) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = parsed.as_ref().and_then(|v| v.pointer("/error/message")?.as_str());
    message.map_or_else(|| format!("the server answered {status}"), str::to_owned)
}

/// A text as one segment of a URL's path.
pub fn encode(segment: &str) -> String {
    segment.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
