//! The loop around the world: the policy decides from the last envelope, the world takes a tick, and what
//! happened is measured and reported.
//!
//! A tick that fails leaves everything as it was before and is reported. All that goes on from tick to tick
//! is in a snapshot.

use std::collections::BTreeMap;

use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::action::{Action, Decision};
use gauntlet_townlet_dto::canonical::{self, NotCanonical};
use gauntlet_townlet_dto::envelope::Envelope;
use gauntlet_townlet_dto::event::WorldEventKind;
use gauntlet_townlet_dto::health::Host;
use gauntlet_townlet_dto::policy::{Policy, PolicyChoice, PolicyMetadata};
use gauntlet_townlet_dto::stability::{Release, StabilityInputs, StabilityMetrics};
use gauntlet_townlet_dto::telemetry::{
    Body, ConsoleCommand, HealthStability, LoopFailure, LoopHealth, LoopTick, RewardBreakdown, RivalryReport,
    Status, Telemetry,
};
use serde::{Deserialize, Serialize};

use crate::config::{Config, InvalidConfig};
use crate::promotion::{Promotion, Refused};
use crate::reports::{Reported, console_result, summary};
use crate::rewards;
use crate::stability::{Analyser, Measured};
use crate::world::commands::{Command, Refusal};
use crate::world::{LoopView, StepError, TickRecord, World};

/// The version of the snapshot's format.
const SNAPSHOT_FORMAT: u32 = 1;
/// Most choices that are reported of a decision.
const TOP_ACTIONS: usize = 5;

/// A town and what drives it.
#[derive(Debug, Clone)]
pub struct Simulation<P> {
    state: State,
    policy: P,
}

/// All that goes on from tick to tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    world: World,
    /// What the policy sees before the next tick.
    envelope: Envelope,
    analyser: Analyser,
    promotion: Promotion,
    reported: Reported,
    failure_count: u64,
}

/// A snapshot as it is stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot<S> {
    format: u32,
    state: S,
}

/// A snapshot that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSnapshot {
    /// It is not a snapshot, or one with unknown fields.
    #[error("the snapshot cannot be read")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("the snapshot's format is {found}; this reads {SNAPSHOT_FORMAT}")]
    Format {
        /// Its format.
        found: u32,
    },
    /// Its configuration is out of range.
    #[error("the snapshot's configuration breaks a rule")]
    Config(#[from] InvalidConfig),
}

/// A command of a person, as it was given and as the world does it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// As it was given.
    pub asked: ConsoleCommand,
    /// As the world does it.
    pub command: Command,
}

/// What a tick gave.
struct Outcome {
    record: TickRecord,
    rewards: BTreeMap<AgentId, RewardBreakdown>,
    inputs: StabilityInputs,
}

impl<P: Policy> Simulation<P> {
    /// A new town, driven by that policy.
    ///
    /// # Errors
    ///
    /// What [`Config::check`] refuses.
    pub fn new(config: Config, policy: P) -> Result<Self, InvalidConfig> {
        let world = World::new(config)?;
        let identity = policy.identity();
        let release = Release { config_id: identity.config_id, policy_hash: identity.policy_hash };
        let analyser = Analyser::default();
        let promotion = Promotion::new(release);
        let metadata = metadata(&policy, &world, &TickRecord::default());
        let report = analyser.report(Measured::default(), promotion.window(), promotion.state().clone());
        let envelope = world.envelope(LoopView {
            record: &TickRecord::default(),
            rewards: &BTreeMap::new(),
            choices: BTreeMap::new(),
            actions: BTreeMap::new(),
            stability_metrics: report,
            promotion_state: promotion.state().clone(),
            policy_metadata: metadata,
        });
        let reported = Reported::default();
        let state = State { world, envelope, analyser, promotion, reported, failure_count: 0 };
        Ok(Self { state, policy })
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.state.world
    }

    /// What the policy sees before the next tick.
    pub fn envelope(&self) -> &Envelope {
        &self.state.envelope
    }

    /// Ticks that failed.
    pub fn failure_count(&self) -> u64 {
        self.state.failure_count
    }

    /// Lets another policy decide from the next tick on.
    pub fn swap_policy(&mut self, policy: P) {
        self.policy = policy;
    }

    /// Releases the policy that drives the agents now.
    ///
    /// # Errors
    ///
    /// Before enough windows have passed.
    pub fn promote(&mut self) -> Result<(), Refused> {
        let identity = self.policy.identity();
        let release = Release { config_id: identity.config_id, policy_hash: identity.policy_hash };
        self.state.promotion.promote(self.state.world.tick(), release)
    }

    /// Goes back to the first release; the caller swaps the policy.
    ///
    /// # Errors
    ///
    /// Where nothing was promoted.
    pub fn roll_back(&mut self) -> Result<(), Refused> {
        self.state.promotion.roll_back(self.state.world.tick())
    }

    /// A tick without a report, for training: the rewards and who is gone are in the envelope. A tick that
    /// fails leaves everything as it was.
    ///
    /// # Errors
    ///
    /// What failed.
    pub fn advance(&mut self) -> Result<(), StepError> {
        self.try_tick(Vec::new()).map(drop)
    }

    /// A tick, and what it reports, in order.
    pub fn tick(&mut self, host: &impl Host) -> Vec<Telemetry> {
        self.tick_with(Vec::new(), host)
    }

    /// A tick that begins with commands. Each gets its result, also where the tick fails, which undoes them.
    pub fn tick_with(&mut self, requests: Vec<Request>, host: &impl Host) -> Vec<Telemetry> {
        let tick = self.state.world.tick() + 1;
        let (asked, commands): (Vec<_>, Vec<_>) =
            requests.into_iter().map(|request| (request.asked, request.command)).unzip();
        let (results, reports) = match self.try_tick(commands) {
            Ok(outcome) => {
                let refusal = |done: &Result<(), Refusal>| {
                    let refusal = done.as_ref().err()?;
                    Some((refusal.code(), refusal.to_string()))
                };
                let results: Vec<_> = outcome.record.commands.iter().map(refusal).collect();
                (results, self.report(outcome, host))
            }
            Err(error) => {
                let results = asked.iter().map(|_| Some(("internal", error.to_string()))).collect();
                (results, self.report_failure(&error, host))
            }
        };
        let results = asked.into_iter().zip(results);
        let results = results.map(|(asked, error)| console_result(tick, asked, error, host.duration_ms()));
        results.map(|body| Telemetry::new(tick, body)).chain(reports).collect()
    }

    fn try_tick(&mut self, commands: Vec<Command>) -> Result<Outcome, StepError> {
        let decisions = self.policy.decide(&self.state.envelope);
        let decisions =
            decisions.map_err(|error| StepError { class: "PolicyError", message: error.to_string() })?;
        let before = self.state.world.clone();
        let stepped = self.state.world.step(commands, &decisions);
        let record = stepped.inspect_err(|_| self.state.world = before)?;
        let state = &mut self.state;
        let tick = state.world.tick();
        let rewards = rewards::of_tick(&state.world.config().rewards, &record, &state.world.needs());
        let inputs = state.world.stability_inputs(&record, &rewards);
        let measured = state.analyser.follow(tick, &inputs, &record.events, &record.rivalry_events);
        state.promotion.follow(tick, &measured.alerts);
        let window = state.promotion.window();
        let stability_metrics = state.analyser.report(measured, window, state.promotion.state().clone());
        let (choices, actions) = chosen(tick, &record, decisions);
        state.envelope = state.world.envelope(LoopView {
            record: &record,
            rewards: &rewards,
            choices,
            actions,
            stability_metrics,
            promotion_state: state.promotion.state().clone(),
            policy_metadata: metadata(&self.policy, &state.world, &record),
        });
        Ok(Outcome { record, rewards, inputs })
    }

    /// What a tick that succeeded reports.
    fn report(&mut self, outcome: Outcome, host: &impl Host) -> Vec<Telemetry> {
        let tick = self.state.world.tick();
        let envelope = &self.state.envelope;
        let mut bodies = self.state.reported.changes(tick, self.policy.provider(), &envelope.global);
        let Outcome { record, rewards, inputs } = outcome;
        let is_social = |kind: &WorldEventKind| {
            matches!(kind, WorldEventKind::ChatSuccess { .. } | WorldEventKind::ChatFailure { .. })
        };
        let social_events = record.events.iter().filter(|event| is_social(&event.kind)).cloned().collect();
        bodies.push(Body::LoopTick(Box::new(LoopTick {
            tick,
            runtime_variant: "townlet".to_owned(),
            rewards: envelope.global.rewards.clone(),
            reward_breakdown: rewards,
            events: record.events,
            policy_snapshot: envelope.global.policy_snapshot.clone(),
            stability_inputs: inputs,
            perturbations: self.state.world.perturbation_board().clone(),
            policy_identity: self.policy.identity(),
            possessed_agents: self.state.world.possessed_agents(),
            social_events,
            observations_dto: envelope.clone(),
            global_context: envelope.global.clone(),
            transport: host.transport(),
        })));
        if !record.rivalry_events.is_empty() {
            bodies.push(Body::RivalryEvents(RivalryReport { tick, events: record.rivalry_events }));
        }
        bodies.push(Body::StabilityMetrics(Box::new(self.latest_metrics().clone())));
        bodies.push(self.health(tick, Status::Ok, host));
        bodies.into_iter().map(|body| Telemetry::new(tick, body)).collect()
    }

    fn report_failure(&mut self, error: &StepError, host: &impl Host) -> Vec<Telemetry> {
        self.state.failure_count += 1;
        let tick = self.state.world.tick() + 1;
        let failure = LoopFailure {
            tick,
            status: Status::Error,
            duration_ms: host.duration_ms(),
            failure_count: self.state.failure_count,
            error: error.to_string(),
            snapshot_path: host.snapshot_path(),
            transport: host.transport(),
            global_context: self.state.envelope.global.clone(),
            summary: summary(&self.state.envelope),
        };
        let bodies = [Body::LoopFailure(Box::new(failure)), self.health(tick, Status::Error, host)];
        bodies.into_iter().map(|body| Telemetry::new(tick, body)).collect()
    }

    fn latest_metrics(&self) -> &StabilityMetrics {
        &self.state.envelope.global.stability_metrics
    }

    fn health(&self, tick: u64, status: Status, host: &impl Host) -> Body {
        Body::LoopHealth(Box::new(LoopHealth {
            tick,
            status,
            duration_ms: host.duration_ms(),
            failure_count: self.state.failure_count,
            transport: host.transport(),
            promotion: self.state.promotion.state().clone(),
            stability: HealthStability {
                latest_metrics: Some(self.latest_metrics().clone()),
                alerts: self.latest_metrics().alerts.clone(),
            },
            summary: summary(&self.state.envelope),
        }))
    }

    /// All that goes on from tick to tick, as canonical JSON.
    ///
    /// # Errors
    ///
    /// [`NotCanonical`] where a number is not finite, which no tick that succeeded leaves behind.
    pub fn save(&self) -> Result<Vec<u8>, NotCanonical> {
        canonical::to_vec(&Snapshot { format: SNAPSHOT_FORMAT, state: &self.state })
    }

    /// Goes on from a snapshot. What is reported is the stability as it was saved.
    ///
    /// # Errors
    ///
    /// [`InvalidSnapshot`], without having changed anything.
    pub fn load(bytes: &[u8], policy: P) -> Result<(Self, Vec<Telemetry>), InvalidSnapshot> {
        let snapshot: Snapshot<State> = serde_json::from_slice(bytes)?;
        if snapshot.format != SNAPSHOT_FORMAT {
            return Err(InvalidSnapshot::Format { found: snapshot.format });
        }
        snapshot.state.world.config().check()?;
        let simulation = Self { state: snapshot.state, policy };
        let report = Body::StabilityMetrics(Box::new(simulation.latest_metrics().clone()));
        let report = vec![Telemetry::new(simulation.state.world.tick(), report)];
        Ok((simulation, report))
    }
}

fn metadata(policy: &impl Policy, world: &World, record: &TickRecord) -> PolicyMetadata {
    let identity = policy.identity();
    PolicyMetadata {
        anneal_ratio: identity.anneal_ratio,
        identity,
        possessed_agents: world.possessed_agents(),
        option_switch_counts: record.switches.clone(),
    }
}

/// What the policy chose for those who were there, and what they did.
fn chosen(
    tick: u64,
    record: &TickRecord,
    decisions: BTreeMap<AgentId, Decision>,
) -> (BTreeMap<AgentId, PolicyChoice>, BTreeMap<AgentId, Action>) {
    let driven = record.driven.clone();
    let present = decisions.into_iter().chain(driven).filter(|(id, _)| record.present.contains(id));
    let split = present.map(|(id, decision)| {
        let mut top_actions = decision.top_actions;
        top_actions.truncate(TOP_ACTIONS);
        let choice = PolicyChoice {
            tick,
            selected_action: Some(decision.intent.name().to_owned()),
            log_prob: decision.log_prob,
            value_pred: decision.value_pred,
            top_actions,
        };
        ((id.clone(), choice), (id, decision.action))
    });
    split.unzip()
}
