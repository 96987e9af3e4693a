//! The loop: what a tick reports, a failure that rolls back, and a town that works.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use gauntlet_townlet::{Config, Simulation};
use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::action::Decision;
use gauntlet_townlet_dto::envelope::Envelope;
use gauntlet_townlet_dto::event::WorldEventKind;
use gauntlet_townlet_dto::health::NoHost;
use gauntlet_townlet_dto::policy::{Policy, PolicyError, PolicyIdentity};
use gauntlet_townlet_dto::stability::Alert;
use gauntlet_townlet_dto::telemetry::{Body, Status, Telemetry};
use gauntlet_townlet_policy::{Random, Scripted};

fn kinds(events: &[Telemetry]) -> Vec<&str> {
    events.iter().map(|event| event.body.kind()).collect()
}

#[test]
fn a_tick_reports_in_order_and_the_policy_only_when_it_changed() {
    let mut simulation = Simulation::new(Config::with(7, 4), Scripted).unwrap();
    let first = simulation.tick(&NoHost);
    assert_eq!(
        kinds(&first),
        ["policy.metadata", "policy.possession", "loop.tick", "stability.metrics", "loop.health"]
    );
    assert_eq!(kinds(&simulation.tick(&NoHost)), ["loop.tick", "stability.metrics", "loop.health"]);
    for event in &first {
        let json = serde_json::to_value(event).unwrap();
        assert_eq!(json["type"], event.body.kind());
        assert_eq!(json["tick"], 1);
        assert_eq!(json["metadata"]["source"], "townlet");
        assert_eq!(serde_json::from_value::<Telemetry>(json).unwrap(), *event);
    }
}

/// The scripted policy, which fails at one tick, once.
struct Failing {
    at_tick: u64,
    has_failed: Cell<bool>,
}

impl Policy for Failing {
    fn provider(&self) -> &'static str {
        "failing"
    }

    fn identity(&self) -> PolicyIdentity {
        Scripted.identity()
    }

    fn decide(&self, envelope: &Envelope) -> Result<BTreeMap<AgentId, Decision>, PolicyError> {
        if envelope.tick + 1 == self.at_tick && !self.has_failed.replace(true) {
            return Err("out of ideas".into());
        }
        Scripted.decide(envelope)
    }
}

#[test]
fn a_tick_that_fails_is_rolled_back_and_reported() {
    let policy = Failing { at_tick: 6, has_failed: Cell::new(false) };
    let mut failing = Simulation::new(Config::with(7, 4), policy).unwrap();
    let mut sound = Simulation::new(Config::with(7, 4), Scripted).unwrap();
    for _ in 0..5 {
        failing.tick(&NoHost);
        sound.tick(&NoHost);
    }
    let reports = failing.tick(&NoHost);
    assert_eq!(kinds(&reports), ["loop.failure", "loop.health"]);
    let Body::LoopFailure(failure) = &reports[0].body else { panic!("{:?}", reports[0]) };
    assert_eq!((failure.tick, failure.status, failure.failure_count), (6, Status::Error, 1));
    assert_eq!(failure.error, "PolicyError: out of ideas");
    assert_eq!((failing.world().tick(), failing.failure_count()), (5, 1));
    assert_eq!(failing.world(), sound.world(), "nothing of the failed tick is left");
    for _ in 0..20 {
        failing.tick(&NoHost);
        sound.tick(&NoHost);
    }
    assert_eq!(failing.world(), sound.world(), "and it goes on as if there had been no failure");
}

/// Two days of a town: how often each event happened, rewards, how many were clipped, alerts.
struct Days {
    events: BTreeMap<String, u64>,
    rewards: Vec<f64>,
    clipped: usize,
    alerts: BTreeSet<Alert>,
}

fn two_days(policy: impl Policy, seed: u64) -> Days {
    let mut simulation = Simulation::new(Config::with(seed, 12), policy).unwrap();
    let (mut events, mut rewards, mut clipped) = (BTreeMap::new(), Vec::new(), 0);
    let mut alerts = BTreeSet::new();
    for _ in 0..2880 {
        for event in simulation.tick(&NoHost) {
            let Body::LoopTick(tick) = event.body else { continue };
            for event in &tick.events {
                let json = serde_json::to_value(event).unwrap();
                *events.entry(json["event"].as_str().unwrap().to_owned()).or_insert(0) += 1;
                if let WorldEventKind::AffordanceStart { duration, .. } = event.kind {
                    assert!([15, 30, 40, 60].contains(&duration));
                }
            }
            for reward in tick.reward_breakdown.values() {
                rewards.push(reward.total);
                assert!(reward.total.abs() <= 0.2);
                clipped += usize::from(reward.clip_adjustment != 0.0);
            }
            alerts.extend(tick.global_context.stability_metrics.alerts);
        }
    }
    Days { events, rewards, clipped, alerts }
}

#[test]
fn the_scripted_town_lives_and_the_random_one_starves() {
    let mean = |rewards: &[f64]| rewards.iter().sum::<f64>() / rewards.len() as f64;
    let scripted = two_days(Scripted, 7);
    let random = two_days(Random, 7);
    for event in [
        "affordance_start",
        "affordance_finish",
        "queue_interaction",
        "queue_conflict",
        "chat_success",
        "chat_failure",
        "shift_late_start",
        "perturbation_started",
        "perturbation_ended",
        "agent_nightly_reset",
        "stock_replenish",
    ] {
        assert!(scripted.events.contains_key(event), "no {event}: {:?}", scripted.events);
    }
    let share = scripted.clipped as f64 / scripted.rewards.len() as f64;
    assert!(share < 0.05, "{share} of the rewards are clipped");
    assert!(mean(&scripted.rewards) > mean(&random.rewards));
    assert!(scripted.alerts.is_empty(), "{:?}", scripted.alerts);
    let gone = |days: &Days| days.events.get("agent_removed").copied().unwrap_or(0);
    assert!(gone(&scripted) * 4 < gone(&random), "{} and {} are gone", gone(&scripted), gone(&random));
}
