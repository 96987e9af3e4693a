//! Commands: a person intervenes, the training side fetches and acknowledges.

use gauntlet_model::{Action, CommandIssued, Object, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Bounded;

/// A command to queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandRequest {
    /// Its id; the server makes one where it is absent. The same command under the same id is queued once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What to do.
    pub action: Action,
    /// For `tweak`: the parameters and their new values. For `answer`: `answer`.
    #[serde(default)]
    pub parameters: Object,
    /// Who issues it; `anonymous` where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// A command that was queued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandCreated {
    /// Its id.
    pub command_id: String,
}

/// How long to wait for a command.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandQuery {
    /// Seconds to wait for a command where none is pending.
    #[serde(default)]
    pub wait: Bounded<0, 0, 60>,
}

/// The commands that are not acknowledged yet, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PendingCommands {
    /// The commands; each is answered again until it is acknowledged.
    pub commands: Vec<PendingCommand>,
}

/// A command that is not acknowledged yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PendingCommand {
    /// The command.
    #[serde(flatten)]
    pub command: CommandIssued,
    /// When the server received it.
    pub issued_at: Timestamp,
}

/// The acknowledgement of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandAck {
    /// The result; `ok` where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// A command that was acknowledged, now or before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandAcked {
    /// Always `ok`.
    pub status: String,
}
