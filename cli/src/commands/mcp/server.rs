//! The server that the tools ask.

use gauntlet_server::config::Config;
use serde::Serialize;

use super::super::CliError;
use super::super::client::{self, encode};
use super::super::reader;
use super::Answered;

/// A running server.
pub(super) struct Server {
    url: String,
}

impl Server {
    /// The server that is named, or the one at the configured address.
    pub(super) fn find(config: &Config) -> Result<Self, CliError> {
        client::server(config)?.map(|url| Self { url }).ok_or_else(|| {
            CliError::Failed(format!(
                "no Gauntlet answers at {}; start one with `gauntlet serve`, or name it with \
                 `gauntlet mcp --endpoint URL`",
                config.url()
            ))
        })
    }

    /// What a path of the API answers.
    pub(super) fn get(&self, path: &str, query: &impl Serialize) -> Answered {
        reader::get(&self.url(path), query)?.json()
    }

    /// What a path of the API answers to a body.
    pub(super) fn post(&self, path: &str, body: &impl Serialize) -> Answered {
        reader::post(&self.url(path), body)?.json()
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.url)
    }
}

/// The path of something of a run.
pub(super) fn of_run(run: &str, rest: &str) -> String {
    format!("runs/{}{rest}", encode(run))
}
