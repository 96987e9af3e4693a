//! What a tick reports beside what happened in it: changes of the policy, results of commands, a summary.

use std::collections::BTreeMap;

use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::envelope::{Envelope, GlobalView};
use gauntlet_townlet_dto::health::Summary;
use gauntlet_townlet_dto::policy::PolicyMetadata;
use gauntlet_townlet_dto::telemetry::{
    AnnealReport, Body, ConsoleCommand, ConsoleError, ConsoleOutcome, ConsoleResult, PolicyReport,
    PossessionReport, Status,
};
use serde::{Deserialize, Serialize};

/// What was last reported of the policy: it is reported again when it has changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reported {
    metadata: Option<PolicyMetadata>,
    possessed: Option<Vec<AgentId>>,
    anneal_ratio: Option<f64>,
}

impl Reported {
    /// What of the policy has changed since it was last reported; all of it at first. The tick's counts of
    /// changed intents are not a change of the policy.
    pub(crate) fn changes(&mut self, tick: u64, provider: &str, global: &GlobalView) -> Vec<Body> {
        let mut bodies = Vec::new();
        let metadata =
            PolicyMetadata { option_switch_counts: BTreeMap::new(), ..global.policy_metadata.clone() };
        if self.metadata.as_ref() != Some(&metadata) {
            let provider = provider.to_owned();
            let report = PolicyReport { tick, provider, metadata: global.policy_metadata.clone() };
            bodies.push(Body::PolicyMetadata(report));
            self.metadata = Some(metadata);
        }
        let agents = &global.policy_metadata.possessed_agents;
        if self.possessed.as_ref() != Some(agents) {
            let (provider, agents) = (provider.to_owned(), agents.clone());
            bodies.push(Body::PolicyPossession(PossessionReport { tick, provider, agents: agents.clone() }));
            self.possessed = Some(agents);
        }
        let ratio = global.anneal_context.anneal_ratio;
        if self.anneal_ratio != ratio {
            let (provider, context) = (provider.to_owned(), global.anneal_context.clone());
            bodies.push(Body::PolicyAnnealUpdate(AnnealReport { tick, provider, ratio, context }));
            self.anneal_ratio = ratio;
        }
        bodies
    }
}

/// The numbers of an envelope that the health of the loop shows.
pub(crate) fn summary(envelope: &Envelope) -> Summary {
    let rewards = envelope.global.rewards.values();
    let mean = rewards.clone().sum::<f64>() / rewards.len().max(1) as f64;
    let entries = [
        ("agents", envelope.agents.len() as f64),
        ("mean_reward", mean),
        ("running_affordances", envelope.global.running_affordances.len() as f64),
        ("alerts", envelope.global.stability_metrics.alerts.len() as f64),
    ];
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The report of a command; `error` is the code and the message of a refusal.
pub(crate) fn console_result(
    tick: u64,
    command: ConsoleCommand,
    error: Option<(&str, String)>,
    latency_ms: f64,
) -> Body {
    let result = ConsoleOutcome {
        name: command.name.clone(),
        status: if error.is_some() { Status::Error } else { Status::Ok },
        cmd_id: command.cmd_id.clone(),
        issuer: command.issuer.clone(),
        tick,
        latency_ms,
        result: None,
        error: error.map(|(code, message)| ConsoleError { code: code.to_owned(), message, details: None }),
    };
    Body::ConsoleResult(Box::new(ConsoleResult { command, result }))
}
