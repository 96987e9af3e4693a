//! The random policy: what learning has to beat.

use std::collections::BTreeMap;

use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::action::{Decision, Intent, TopAction};
use gauntlet_townlet_dto::envelope::Envelope;
use gauntlet_townlet_dto::facts::Facts;
use gauntlet_townlet_dto::policy::{Policy, PolicyError, PolicyIdentity};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use crate::steering::steer;

/// Likeliest choices that are reported.
const TOP_ACTIONS: usize = 5;

/// Chooses every intent with the same probability whenever a commitment is over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random;

/// The randomness of an agent's decision: the same for the same seed, tick and agent, so that a policy needs
/// no state.
pub(crate) fn stream(seed: u64, tick: u64, agent: &str) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(Sha256::digest(format!("{seed}:policy:{tick}:{agent}")).into())
}

impl Policy for Random {
    fn provider(&self) -> &'static str {
        "random"
    }

    fn identity(&self) -> PolicyIdentity {
        PolicyIdentity {
            config_id: "random-1".to_owned(),
            policy_hash: None,
            observation_variant: "facts".to_owned(),
            anneal_ratio: None,
        }
    }

    fn decide(&self, envelope: &Envelope) -> Result<BTreeMap<AgentId, Decision>, PolicyError> {
        let count = Intent::ALL.len();
        let probability = 1.0 / count as f64;
        let decide = |id: &AgentId| {
            let facts = Facts::of(envelope, id).ok_or_else(|| format!("the envelope does not show {id}"))?;
            let committed = facts.commitment.filter(|committed| committed.until_tick > facts.tick + 1);
            let drawn = || {
                let number = stream(envelope.global.rng_seed, envelope.tick, id).next_u64();
                Intent::ALL[(number % count as u64) as usize]
            };
            let intent = committed.map_or_else(drawn, |committed| committed.intent);
            let top_actions = Intent::ALL.iter().take(TOP_ACTIONS);
            let top_actions =
                top_actions.map(|intent| TopAction { action: intent.name().to_owned(), probability });
            let decision = Decision {
                intent,
                action: steer(&facts, intent),
                log_prob: probability.ln(),
                value_pred: 0.0,
                top_actions: top_actions.collect(),
            };
            Ok((id.clone(), decision))
        };
        envelope.agents.iter().map(|agent| decide(&agent.agent_id)).collect()
    }
}
