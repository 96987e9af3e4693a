//! The eight alerts, each at its threshold and just below it.

use std::collections::BTreeMap;

use gauntlet_townlet::stability::Analyser;
use gauntlet_townlet_dto::action::Affordance;
use gauntlet_townlet_dto::event::{WorldEvent, WorldEventKind};
use gauntlet_townlet_dto::stability::{Alert, StabilityInputs};
use gauntlet_townlet_dto::state::{EmploymentSnapshot, QueueMetrics, RivalryEvent};

/// A tick of four agents to whom nothing happens.
fn calm() -> StabilityInputs {
    let agents = ["a", "b", "c", "d"].map(str::to_owned);
    StabilityInputs {
        hunger_levels: agents.clone().into_iter().map(|id| (id, 0.5)).collect(),
        option_switch_counts: BTreeMap::new(),
        reward_samples: agents.into_iter().map(|id| (id, 0.0)).collect(),
        queue_metrics: QueueMetrics::default(),
        employment_snapshot: EmploymentSnapshot {
            pending: Vec::new(),
            pending_count: 0,
            exits_today: 0,
            daily_exit_cap: 2,
            queue_limit: 8,
            review_window: 1440,
        },
    }
}

fn events(count: usize, kind: WorldEventKind) -> Vec<WorldEvent> {
    (0..count).map(|_| WorldEvent { tick: 1, kind: kind.clone() }).collect()
}

/// The alerts after one tick.
fn alerts(inputs: &StabilityInputs, events: &[WorldEvent], rivalry: &[RivalryEvent]) -> Vec<Alert> {
    Analyser::default().follow(1, inputs, events, rivalry).alerts
}

/// The alerts after so many ticks of the same.
fn alerts_after(ticks: u64, inputs: &StabilityInputs) -> Vec<Alert> {
    let mut analyser = Analyser::default();
    (1..=ticks).map(|tick| analyser.follow(tick, inputs, &[], &[]).alerts).last().unwrap_or_default()
}

#[test]
fn queues_under_pressure() {
    let of = |rotation_events| {
        let queue_metrics = QueueMetrics { rotation_events, cooldown_events: 1, ghost_step_events: 1 };
        alerts(&StabilityInputs { queue_metrics, ..calm() }, &[], &[])
    };
    assert_eq!((of(2), of(3)), (vec![], vec![Alert::QueueFairnessPressure]));
}

#[test]
fn queues_are_judged_by_what_a_tick_adds() {
    let queue_metrics = QueueMetrics { rotation_events: 9, ..QueueMetrics::default() };
    assert_eq!(alerts_after(2, &StabilityInputs { queue_metrics, ..calm() }), []);
}

#[test]
fn rivalry_spikes() {
    let event = |intensity| {
        let [agent_a, agent_b, reason] = ["a", "b", "ghost_step"].map(str::to_owned);
        RivalryEvent { tick: 1, agent_a, agent_b, intensity, reason }
    };
    let strong = vec![event(0.7); 5];
    assert_eq!(alerts(&calm(), &[], &strong), [Alert::RivalrySpike]);
    assert_eq!(alerts(&calm(), &[], &strong[1..]), []);
    assert_eq!(alerts(&calm(), &[], &vec![event(0.69); 9]), []);
    let mut analyser = Analyser::default();
    analyser.follow(1, &calm(), &[], &strong);
    assert_eq!(analyser.follow(120, &calm(), &[], &[]).alerts, [Alert::RivalrySpike]);
    assert_eq!(analyser.follow(121, &calm(), &[], &[]).alerts, [], "they are forgotten after 120 ticks");
}

#[test]
fn starvation() {
    let mut inputs = calm();
    inputs.hunger_levels.insert("a".to_owned(), 0.05);
    assert_eq!(alerts_after(29, &inputs), []);
    assert_eq!(alerts_after(30, &inputs), [Alert::StarvationSpike]);
    inputs.hunger_levels.insert("a".to_owned(), 0.051);
    assert_eq!(alerts_after(60, &inputs), []);
}

#[test]
fn intents_thrash() {
    let mut inputs = calm();
    inputs.option_switch_counts.insert("a".to_owned(), 1);
    assert_eq!(alerts_after(20, &inputs), [], "one of four in every tick is the threshold itself");
    inputs.option_switch_counts.insert("b".to_owned(), 1);
    assert_eq!(alerts_after(9, &inputs), [], "too few ticks");
    assert_eq!(alerts_after(10, &inputs), [Alert::OptionThrashing]);
}

#[test]
fn rewards_vary() {
    let with = |reward: f64| {
        let mut inputs = calm();
        inputs.reward_samples = ["a", "b", "c", "d"]
            .into_iter()
            .zip([-reward, reward, -reward, reward])
            .map(|(id, reward)| (id.to_owned(), reward))
            .collect();
        inputs
    };
    assert_eq!(alerts_after(5, &with(0.5)), [], "0.25 is the threshold itself");
    assert_eq!(alerts_after(4, &with(0.6)), [], "too few rewards");
    assert_eq!(alerts_after(5, &with(0.6)), [Alert::RewardVarianceSpike]);
}

#[test]
fn affordances_fail() {
    let [agent_id, object_id, reason] = ["a", "stove_1", "no_power"].map(str::to_owned);
    let affordance_id = Affordance::CookMeal;
    let kind = WorldEventKind::AffordanceFail { agent_id, object_id, affordance_id, reason };
    assert_eq!(alerts(&calm(), &events(5, kind.clone()), &[]), []);
    assert_eq!(alerts(&calm(), &events(6, kind), &[]), [Alert::AffordanceFailuresExceeded]);
}

#[test]
fn agents_are_late() {
    let [agent_id, job_id] = ["a", "grocer"].map(str::to_owned);
    let kind = WorldEventKind::ShiftLateStart { agent_id, job_id };
    assert_eq!(alerts(&calm(), &events(3, kind.clone()), &[]), []);
    assert_eq!(alerts(&calm(), &events(4, kind), &[]), [Alert::LatenessSpike]);
}

#[test]
fn the_queue_of_dismissals_overflows() {
    let kind = WorldEventKind::EmploymentExitQueueOverflow { agent_id: "a".to_owned(), pending_count: 8 };
    assert_eq!(alerts(&calm(), &events(1, kind), &[]), [Alert::EmploymentExitQueueOverflow]);
}
