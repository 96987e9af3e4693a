//! What the log says is what the world holds: fairness, rivalry and promotion, recomputed from events alone.

use std::collections::BTreeMap;

use gauntlet_townlet::{Config, Simulation};
use gauntlet_townlet_dto::event::WorldEventKind;
use gauntlet_townlet_dto::health::NoHost;
use gauntlet_townlet_dto::stability::Alert;
use gauntlet_townlet_dto::state::QueueMetrics;
use gauntlet_townlet_dto::telemetry::{Body, Telemetry};
use gauntlet_townlet_policy::Scripted;

const TICKS: u64 = 2100;
/// Nobody has more than 6 others, so no tie ends for want of room.
const AGENTS: u32 = 7;

/// The log, and the world that wrote it.
fn log() -> (Vec<Telemetry>, Simulation<Scripted>) {
    let mut simulation = Simulation::new(Config::with(11, AGENTS), Scripted).unwrap();
    let events = (0..TICKS).flat_map(|_| simulation.tick(&NoHost)).collect();
    (events, simulation)
}

#[test]
fn fairness_rivalry_and_promotion_follow_from_the_log() {
    let (log, simulation) = log();
    let mut queues = QueueMetrics::default();
    let mut rivalry: BTreeMap<(String, String), f64> = BTreeMap::new();
    let (mut streak, mut is_failed, mut window_start, mut ready) = (0, false, 0, None);
    let (mut clashes, mut removed) = (0, Vec::new());
    for Telemetry { tick, body, .. } in &log {
        match body {
            Body::LoopTick(payload) => {
                removed.clear();
                for event in &payload.events {
                    match &event.kind {
                        WorldEventKind::QueueConflict { reason, .. } => {
                            queues.rotation_events += 1;
                            queues.ghost_step_events += u64::from(reason == "ghost_step");
                        }
                        WorldEventKind::QueueInteraction { .. } => queues.rotation_events += 1,
                        WorldEventKind::AffordancePreconditionFail { reason, .. } => {
                            queues.cooldown_events += u64::from(reason == "cooldown");
                        }
                        WorldEventKind::AgentRemoved { agent_id, .. } => removed.push(agent_id.clone()),
                        _ => {}
                    }
                }
            }
            Body::RivalryEvents(report) => {
                for event in &report.events {
                    for (a, b) in [(&event.agent_a, &event.agent_b), (&event.agent_b, &event.agent_a)] {
                        let value = rivalry.entry((a.clone(), b.clone())).or_insert(0.0);
                        *value = (*value + 0.15 * event.intensity).min(1.0);
                    }
                    clashes += 1;
                }
            }
            // The last report of a tick but for its health.
            Body::StabilityMetrics(metrics) => {
                rivalry.values_mut().for_each(|value| *value = (*value - 0.005).max(0.0));
                rivalry.retain(|(a, b), value| *value > 0.0 && !removed.contains(a) && !removed.contains(b));
                is_failed |= metrics.alerts.iter().any(|alert| {
                    !matches!(
                        alert,
                        Alert::RivalrySpike | Alert::AffordanceFailuresExceeded | Alert::LatenessSpike
                    )
                });
                if *tick == window_start + 1000 {
                    streak = if is_failed { 0 } else { streak + 1 };
                    ready = (streak >= 2).then_some(ready.unwrap_or(*tick));
                    (is_failed, window_start) = (false, *tick);
                }
            }
            _ => {}
        }
    }
    let global = &simulation.envelope().global;
    assert_eq!(queues, simulation.world().queue_metrics());
    assert!(queues.rotation_events > 20 && clashes > 2, "{queues:?}, {clashes} clashes: too calm a town");
    let snapshot = global.relationship_snapshot.iter().flat_map(|(owner, ties)| {
        ties.iter().map(move |(other, tie)| ((owner.clone(), other.clone()), tie.rivalry))
    });
    let snapshot: BTreeMap<_, _> = snapshot.filter(|(_, value)| *value > 0.0).collect();
    assert_eq!(rivalry, snapshot);
    let promotion = &global.promotion_state;
    assert_eq!((promotion.pass_streak, promotion.candidate_ready_tick), (streak, ready));
    assert_eq!(promotion.last_evaluated_tick, Some(2000));
}
