//! One seeded town reports every kind of telemetry and of world event, a forced failure and commands
//! included; and twice the same.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use gauntlet_townlet::simulation::Request;
use gauntlet_townlet::world::commands::Command;
use gauntlet_townlet::{Config, Simulation};
use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::action::Decision;
use gauntlet_townlet_dto::envelope::Envelope;
use gauntlet_townlet_dto::health::NoHost;
use gauntlet_townlet_dto::policy::{Policy, PolicyError, PolicyIdentity};
use gauntlet_townlet_dto::state::PerturbationKind;
use gauntlet_townlet_dto::telemetry::{Body, ConsoleCommand, LogHash};
use gauntlet_townlet_policy::{Random, Scripted};

const TICKS: u64 = 1500;
/// The tick at which the policy fails, once.
const FAILS_AT: u64 = 40;
/// The tick at which a command is refused.
const OVERFLOWS_AT: u64 = 10;

/// The scripted policy by day and the random one by night, as an anneal ratio would mix them.
struct Mixed {
    has_failed: Cell<bool>,
    ratio: Cell<f64>,
}

impl Policy for Mixed {
    fn provider(&self) -> &'static str {
        "mixed"
    }

    fn identity(&self) -> PolicyIdentity {
        PolicyIdentity { anneal_ratio: Some(self.ratio.get()), ..Scripted.identity() }
    }

    fn decide(&self, envelope: &Envelope) -> Result<BTreeMap<AgentId, Decision>, PolicyError> {
        if envelope.tick + 1 == FAILS_AT && !self.has_failed.replace(true) {
            return Err("forced".into());
        }
        let is_random = envelope.tick % 500 > 350;
        self.ratio.set(if is_random { 1.0 } else { 0.0 });
        if is_random { Random.decide(envelope) } else { Scripted.decide(envelope) }
    }
}

/// What a person asks for at a tick.
fn commands(tick: u64) -> Vec<Command> {
    let bob = || "bob".to_owned();
    let trigger = |kind| Command::TriggerPerturbation { kind, ticks: 40, magnitude: 2.0 };
    match tick {
        5 => vec![Command::Spawn { agent_id: "zoe".to_owned(), position: [20, 20] }],
        6 => vec![Command::Teleport { agent_id: bob(), position: [24, 24] }],
        7 => vec![Command::Possess { agent_id: bob(), is_possessed: true }],
        8 => vec![Command::Possess { agent_id: bob(), is_possessed: false }],
        9 => vec![
            Command::EmploymentExit { agent_id: bob() },
            Command::AnnounceStory { message: "Once".to_owned() },
        ],
        // The queue holds one.
        OVERFLOWS_AT => vec![Command::EmploymentExit { agent_id: "alice".to_owned() }],
        60 => PerturbationKind::ALL[..3].iter().map(|kind| trigger(*kind)).collect(),
        61 => {
            let targets = vec!["alice".to_owned(), "carol".to_owned()];
            vec![Command::ArrangeMeet { targets, location: [24, 24], ticks: 60 }]
        }
        62 => vec![Command::CancelPerturbation { id: "price_spike_1".to_owned() }],
        70 => vec![Command::Kill { agent_id: "zoe".to_owned() }],
        _ => Vec::new(),
    }
}

/// The kinds of telemetry and of world events, and the hash of the log.
fn run() -> (BTreeSet<&'static str>, BTreeSet<String>, String) {
    // Perturbations come from commands alone, so that their ids are known.
    let config =
        Config { perturbations: false, exit_review_ticks: 30, exit_queue_limit: 1, ..Config::with(7, 12) };
    let policy = Mixed { has_failed: Cell::new(false), ratio: Cell::new(0.0) };
    let mut town = Simulation::new(config, policy).unwrap();
    let (mut kinds, mut events, mut hash) = (BTreeSet::new(), BTreeSet::new(), LogHash::default());
    while town.world().tick() < TICKS {
        let requests = commands(town.world().tick() + 1).into_iter().map(|command| {
            let name = serde_json::to_value(&command).unwrap()["name"].as_str().unwrap().to_owned();
            let (args, kwargs, mode) = (Vec::new(), BTreeMap::new(), "admin".to_owned());
            Request {
                asked: ConsoleCommand { name, args, kwargs, cmd_id: None, issuer: None, mode },
                command,
            }
        });
        for report in town.tick_with(requests.collect(), &NoHost) {
            kinds.insert(report.body.kind());
            if let Body::ConsoleResult(result) = &report.body {
                let code = result.result.error.as_ref().map(|error| error.code.as_str());
                let expected = (report.tick == OVERFLOWS_AT).then_some("conflict");
                assert_eq!(code, expected, "{:?}", result.command);
            }
            if let Body::LoopTick(tick) = &report.body {
                let names =
                    tick.events.iter().map(|event| serde_json::to_value(event).unwrap()["event"].clone());
                events.extend(names.filter_map(|name| name.as_str().map(str::to_owned)));
            }
            // Every hundredth tick is enough to tell logs apart, and hashing takes longer than the town.
            if report.tick % 100 == 0 {
                hash.add(&report).unwrap();
            }
        }
    }
    assert_eq!(town.failure_count(), 1);
    (kinds, events, hash.value())
}

#[test]
fn a_seeded_town_reports_everything_and_twice_the_same() {
    let (kinds, events, hash) = run();
    let every_kind = [
        "console.result",
        "loop.failure",
        "loop.health",
        "loop.tick",
        "policy.anneal.update",
        "policy.metadata",
        "policy.possession",
        "rivalry.events",
        "stability.metrics",
    ];
    assert_eq!(kinds, BTreeSet::from(every_kind));
    let every_event = [
        "affordance_fail",
        "affordance_finish",
        "affordance_precondition_fail",
        "affordance_start",
        "agent_killed",
        "agent_nightly_reset",
        "agent_removed",
        "agent_respawn",
        "agent_spawned",
        "agent_teleported",
        "chat_failure",
        "chat_success",
        "employment_exit_pending",
        "employment_exit_processed",
        "employment_exit_queue_overflow",
        "perturbation_arranged_meet",
        "perturbation_blackout",
        "perturbation_cancelled",
        "perturbation_ended",
        "perturbation_outage",
        "perturbation_price_spike",
        "perturbation_started",
        "queue_conflict",
        "queue_interaction",
        "shift_absent",
        "shift_departed_early",
        "shift_late_start",
        "stock_replenish",
        "story_announced",
    ];
    assert_eq!(events, every_event.into_iter().map(str::to_owned).collect());
    assert_eq!(run().2, hash);
}
