//! The envelope of a tick: the world as policies see it.

use std::collections::BTreeMap;

use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::action::Action;
use gauntlet_townlet_dto::encoder;
use gauntlet_townlet_dto::envelope::{AgentView, AnnealContext, Envelope, GlobalView, SCHEMA_VERSION};
use gauntlet_townlet_dto::policy::{PolicyChoice, PolicyMetadata};
use gauntlet_townlet_dto::stability::{PromotionState, StabilityInputs, StabilityMetrics};
use gauntlet_townlet_dto::state::{
    EconomySnapshot, ObjectState, PerturbationBoard, PerturbationKind, QueueMetrics, Utilities,
};
use gauntlet_townlet_dto::telemetry::RewardBreakdown;

use super::{TickRecord, World};

/// What an envelope shows of the loop around the world.
pub(crate) struct LoopView<'a> {
    pub(crate) record: &'a TickRecord,
    pub(crate) rewards: &'a BTreeMap<AgentId, RewardBreakdown>,
    pub(crate) choices: BTreeMap<AgentId, PolicyChoice>,
    pub(crate) actions: BTreeMap<AgentId, Action>,
    pub(crate) stability_metrics: StabilityMetrics,
    pub(crate) promotion_state: PromotionState,
    pub(crate) policy_metadata: PolicyMetadata,
}

impl World {
    /// The envelope after a tick.
    pub(crate) fn envelope(&self, view: LoopView<'_>) -> Envelope {
        let agents = self.agents.keys().filter_map(|id| self.agent_view(id, view.rewards)).collect();
        let present = view.record.present.iter();
        let terminated = present.map(|id| (id.clone(), view.record.removed.contains_key(id))).collect();
        Envelope {
            tick: self.tick,
            dto_schema_version: SCHEMA_VERSION.to_owned(),
            agents,
            actions: view.actions.clone(),
            terminated,
            termination_reasons: view.record.removed.clone(),
            global: self.global_view(view),
        }
    }

    fn agent_view(&self, id: &str, rewards: &BTreeMap<AgentId, RewardBreakdown>) -> Option<AgentView> {
        let facts = self.facts(id)?;
        let agent = self.agents.get(id)?;
        Some(AgentView {
            agent_id: id.to_owned(),
            map: Some(encoder::map(&facts)),
            features: Some(encoder::features(&facts)),
            metadata: encoder::metadata(),
            rewards: rewards.get(id).map(RewardBreakdown::by_name),
            terminated: Some(false),
            position: Some(agent.position),
            needs: Some(agent.needs),
            wallet: Some(agent.wallet),
            inventory: Some(agent.inventory),
            job: agent.job.clone(),
            personality: Some(agent.personality),
            queue_state: self.queues.state_of(id, self.tick),
            pending_intent: Some(agent.intent),
        })
    }

    fn global_view(&self, view: LoopView<'_>) -> GlobalView {
        let rewards = view.rewards.iter().map(|(id, reward)| (id.clone(), reward.total));
        let commitments = self.agents.iter().filter_map(|(id, agent)| Some((id.clone(), agent.commitment?)));
        let ratio = view.policy_metadata.anneal_ratio;
        GlobalView {
            queue_metrics: self.queues.metrics,
            rewards: rewards.collect(),
            perturbations: self.perturbations.board.clone(),
            policy_snapshot: view.choices,
            rivalry_events: view.record.rivalry_events.clone(),
            stability_metrics: view.stability_metrics,
            promotion_state: view.promotion_state,
            policy_metadata: view.policy_metadata,
            rng_seed: self.config.seed,
            queues: self.queues.board.clone(),
            running_affordances: self.running.clone(),
            relationship_snapshot: self.relationships.snapshot().clone(),
            relationship_metrics: self.relationships.metrics().clone(),
            employment_snapshot: self.employment_snapshot(),
            economy_snapshot: self.economy_snapshot(),
            anneal_context: AnnealContext {
                anneal_ratio: ratio,
                blend_enabled: ratio.is_some(),
                option_commit_ticks: self.config.option_commit_ticks,
                possessed_agents: self.possessed_agents(),
                commit_state: commitments.collect(),
            },
            objects: self
                .objects
                .iter()
                .map(|(id, object)| {
                    let occupied_by = self.queues.board.active.get(id).cloned();
                    (id.clone(), ObjectState { occupied_by, ..object.clone() })
                })
                .collect(),
        }
    }

    fn economy_snapshot(&self) -> EconomySnapshot {
        let active = self.perturbations.board.active.values();
        let spikes = active.filter(|perturbation| perturbation.kind == PerturbationKind::PriceSpike);
        EconomySnapshot {
            active_price_spikes: spikes.map(|p| (p.id.clone(), p.magnitude)).collect(),
            settings: self.config.economy,
            utility_snapshot: Utilities {
                power: !self.perturbations.is_on(PerturbationKind::Blackout),
                water: !self.perturbations.is_on(PerturbationKind::Outage),
            },
        }
    }

    /// Who is driven by a person; sorted.
    pub(crate) fn possessed_agents(&self) -> Vec<AgentId> {
        self.possessed.iter().cloned().collect()
    }

    pub(crate) fn perturbation_board(&self) -> &PerturbationBoard {
        &self.perturbations.board
    }

    /// Counters of queues since the start.
    pub fn queue_metrics(&self) -> QueueMetrics {
        self.queues.metrics
    }

    /// What the analysers read of a tick.
    pub(crate) fn stability_inputs(
        &self,
        record: &TickRecord,
        rewards: &BTreeMap<AgentId, RewardBreakdown>,
    ) -> StabilityInputs {
        StabilityInputs {
            hunger_levels: self.agents.iter().map(|(id, agent)| (id.clone(), agent.needs.hunger)).collect(),
            option_switch_counts: record.switches.clone(),
            reward_samples: rewards.iter().map(|(id, reward)| (id.clone(), reward.total)).collect(),
            queue_metrics: self.queues.metrics,
            employment_snapshot: self.employment_snapshot(),
        }
    }
}
