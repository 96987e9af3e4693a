//! What a person changes in the world, and what is refused.

use gauntlet_townlet::simulation::Request;
use gauntlet_townlet::world::commands::Command;
use gauntlet_townlet::{Config, Simulation};
use gauntlet_townlet_dto::action::{Action, Decision, Direction, Intent};
use gauntlet_townlet_dto::health::NoHost;
use gauntlet_townlet_dto::state::{Needs, PerturbationKind, Tie};
use gauntlet_townlet_dto::telemetry::{Body, ConsoleCommand, LoopTick, Telemetry};
use gauntlet_townlet_policy::Scripted;
use serde_json::{Value, json};

fn town() -> Simulation<Scripted> {
    let config = Config { perturbations: false, ..Config::with(7, 4) };
    Simulation::new(config, Scripted).unwrap()
}

fn request(command: Command) -> Request {
    let name = serde_json::to_value(&command).unwrap()["name"].as_str().unwrap().to_owned();
    let asked = ConsoleCommand {
        name,
        args: Vec::new(),
        kwargs: Default::default(),
        cmd_id: Some("c-1".to_owned()),
        issuer: Some("tester".to_owned()),
        mode: "admin".to_owned(),
    };
    Request { asked, command }
}

/// Does a command: the code of its refusal, and the tick.
fn done(town: &mut Simulation<Scripted>, command: Command) -> (Option<String>, LoopTick) {
    let reports = town.tick_with(vec![request(command)], &NoHost);
    let Body::ConsoleResult(result) = &reports[0].body else { panic!("{:?}", reports[0].body.kind()) };
    assert_eq!(result.result.cmd_id.as_deref(), Some("c-1"));
    assert_eq!(result.result.tick, reports[0].tick);
    let code = result.result.error.as_ref().map(|error| error.code.clone());
    let tick = reports.into_iter().find_map(|Telemetry { body, .. }| match body {
        Body::LoopTick(tick) => Some(*tick),
        _ => None,
    });
    (code, tick.unwrap())
}

fn events(tick: &LoopTick) -> Vec<Value> {
    tick.events.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
}

/// The event of that name.
fn event(tick: &LoopTick, name: &str) -> Value {
    let found = events(tick).into_iter().find(|event| event["event"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {:?}", tick.events))
}

fn id(name: &str) -> String {
    name.to_owned()
}

#[test]
fn agents_come_move_and_go() {
    let mut town = town();
    let (code, tick) = done(&mut town, Command::Spawn { agent_id: id("zoe"), position: [3, 4] });
    assert_eq!((code, event(&tick, "agent_spawned")["position"].clone()), (None, json!([3, 4])));
    let (code, tick) = done(&mut town, Command::Teleport { agent_id: id("zoe"), position: [40, 41] });
    assert_eq!(code, None);
    assert_eq!(event(&tick, "agent_teleported")["agent_id"], "zoe");
    let (code, tick) = done(&mut town, Command::Kill { agent_id: id("zoe") });
    assert_eq!((code, event(&tick, "agent_removed")["reason"].clone()), (None, json!("killed")));
    assert_eq!(event(&tick, "agent_killed")["agent_id"], "zoe");
    assert!(town.envelope().agent("zoe").is_none());
    assert_eq!(done(&mut town, Command::SetSpawnDelay { ticks: 1 }).0, None);
    for _ in 0..10 {
        town.tick(&NoHost);
    }
    assert!(town.envelope().agent("zoe#1").is_some(), "it comes back under a new id");
}

#[test]
fn values_are_set() {
    let mut town = town();
    let needs = Needs { hunger: 0.9, hygiene: 0.9, energy: 0.9 };
    assert_eq!(done(&mut town, Command::SetNeeds { agent_id: id("bob"), needs }).0, None);
    assert!(town.envelope().agent("bob").unwrap().needs.unwrap().hygiene > 0.88);
    assert_eq!(done(&mut town, Command::Price { setting: id("meal_cost"), value: 2.5 }).0, None);
    assert_eq!(town.envelope().global.economy_snapshot.settings.meal_cost, 2.5);
    let tie = Tie { trust: -0.5, familiarity: 0.25, rivalry: 0.9 };
    assert_eq!(done(&mut town, Command::SetTie { owner: id("bob"), other: id("alice"), tie }).0, None);
    assert_eq!(town.envelope().global.relationship_snapshot["bob"]["alice"].trust, -0.5);
    let chat = Command::ForceChat { speaker: id("bob"), listener: id("carol"), quality: 1.0 };
    let (code, tick) = done(&mut town, chat);
    assert_eq!((code, event(&tick, "chat_success")["listener"].clone()), (None, json!("carol")));
    assert!(tick.reward_breakdown["carol"].social > 0.0);
    assert_eq!(done(&mut town, Command::SetMortality { is_on: false }).0, None);
    assert_eq!(done(&mut town, Command::SetExitCap { daily_exit_cap: 5 }).0, None);
    assert_eq!(town.envelope().global.employment_snapshot.daily_exit_cap, 5);
    let (code, tick) = done(&mut town, Command::AnnounceStory { message: id("Once") });
    assert_eq!((code, event(&tick, "story_announced")["message"].clone()), (None, json!("Once")));
    assert_eq!(done(&mut town, Command::EmploymentExit { agent_id: id("bob") }).0, None);
    assert_eq!(town.envelope().global.employment_snapshot.pending, ["bob"]);
}

#[test]
fn perturbations_come_and_are_called_off() {
    let mut town = town();
    let trigger = |kind| Command::TriggerPerturbation { kind, ticks: 30, magnitude: 2.0 };
    let (code, tick) = done(&mut town, trigger(PerturbationKind::PriceSpike));
    assert_eq!((code, event(&tick, "perturbation_price_spike")["magnitude"].clone()), (None, json!(2.0)));
    assert_eq!(town.envelope().global.economy_snapshot.active_price_spikes.len(), 1);
    let (_, tick) = done(&mut town, trigger(PerturbationKind::Blackout));
    event(&tick, "perturbation_blackout");
    let (_, tick) = done(&mut town, trigger(PerturbationKind::Outage));
    event(&tick, "perturbation_outage");
    let targets = vec![id("carol"), id("bob")];
    let (code, tick) = done(&mut town, Command::ArrangeMeet { targets, location: [20, 20], ticks: 30 });
    assert_eq!(
        (code, event(&tick, "perturbation_arranged_meet")["targets"].clone()),
        (None, json!(["bob", "carol"]))
    );
    let utilities = town.envelope().global.economy_snapshot.utility_snapshot;
    assert!(!utilities.power && !utilities.water);
    let (code, tick) = done(&mut town, Command::CancelPerturbation { id: id("blackout_2") });
    assert_eq!((code, event(&tick, "perturbation_cancelled")["id"].clone()), (None, json!("blackout_2")));
    assert!(town.envelope().global.economy_snapshot.utility_snapshot.power);
}

#[test]
fn a_person_drives_an_agent() {
    let mut town = town();
    let possess = |is_possessed| Command::Possess { agent_id: id("bob"), is_possessed };
    assert_eq!(done(&mut town, possess(true)).0, None);
    assert_eq!(town.envelope().global.anneal_context.possessed_agents, ["bob"]);
    let before = town.envelope().agent("bob").unwrap().position.unwrap();
    town.tick(&NoHost);
    assert_eq!(town.envelope().agent("bob").unwrap().position.unwrap(), before, "it waits for its driver");
    let to_the_right = Action::Move { direction: Direction::East };
    let drive = || Command::Drive {
        agent_id: id("bob"),
        decision: Decision::certain(Intent::Wait, to_the_right.clone()),
    };
    assert_eq!(done(&mut town, drive()).0, None);
    assert_eq!(town.envelope().agent("bob").unwrap().position.unwrap(), [before[0] + 1, before[1]]);
    assert_eq!(town.envelope().actions["bob"], to_the_right);
    assert_eq!(done(&mut town, possess(true)).0.as_deref(), Some("conflict"));
    assert_eq!(done(&mut town, possess(false)).0, None);
    assert_eq!(done(&mut town, drive()).0.as_deref(), Some("conflict"));
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let (nobody, bob) = (|| id("nobody"), || id("bob"));
    let needs = Needs { hunger: 1.5, hygiene: 0.9, energy: 0.9 };
    let trigger = |kind, ticks| Command::TriggerPerturbation { kind, ticks, magnitude: 2.0 };
    let meet = |targets| Command::ArrangeMeet { targets, location: [20, 20], ticks: 30 };
    let refused = [
        (Command::Spawn { agent_id: bob(), position: [3, 4] }, "conflict"),
        (Command::Spawn { agent_id: id("b#1"), position: [3, 4] }, "invalid_args"),
        (Command::Spawn { agent_id: id("zoe"), position: [3, 48] }, "invalid_args"),
        (Command::Teleport { agent_id: nobody(), position: [3, 4] }, "not_found"),
        (Command::SetNeeds { agent_id: bob(), needs }, "invalid_args"),
        (Command::Price { setting: id("air"), value: 1.0 }, "not_found"),
        (Command::Price { setting: id("meal_cost"), value: f64::NAN }, "invalid_args"),
        (Command::ForceChat { speaker: bob(), listener: bob(), quality: 1.0 }, "invalid_args"),
        (Command::SetTie { owner: bob(), other: nobody(), tie: Tie::default() }, "not_found"),
        (Command::EmploymentExit { agent_id: nobody() }, "not_found"),
        (meet(vec![bob(), bob()]), "invalid_args"),
        (meet(vec![bob(), nobody()]), "not_found"),
        (Command::AnnounceStory { message: id(" ") }, "invalid_args"),
        (Command::Kill { agent_id: nobody() }, "not_found"),
        (Command::SetSpawnDelay { ticks: 0 }, "invalid_args"),
        (trigger(PerturbationKind::Blackout, 0), "invalid_args"),
        (trigger(PerturbationKind::ArrangedMeet, 9), "invalid_args"),
        (Command::CancelPerturbation { id: id("blackout_9") }, "not_found"),
    ];
    let mut calm = town();
    calm.tick(&NoHost);
    for (command, expected) in refused {
        let mut town = town();
        let (code, _) = done(&mut town, command.clone());
        assert_eq!(code.as_deref(), Some(expected), "{command:?}");
        assert_eq!(town.world(), calm.world(), "{command:?}");
    }
}

#[test]
fn a_holder_that_dawdles_loses_its_object_in_a_ghost_step() {
    let mut town = town();
    let bed = town.envelope().global.objects["bed_1"].position;
    for name in ["alice", "bob"] {
        done(&mut town, Command::Possess { agent_id: id(name), is_possessed: true });
        done(&mut town, Command::Teleport { agent_id: id(name), position: bed });
        let action = Action::Request { object_id: id("bed_1") };
        let decision = Decision::certain(Intent::Sleep, action);
        done(&mut town, Command::Drive { agent_id: id(name), decision });
    }
    assert_eq!(town.envelope().global.queues.active["bed_1"], "alice");
    let conflict = (0..5).find_map(|_| {
        let reports = town.tick(&NoHost);
        reports.into_iter().find_map(|report| match report.body {
            Body::RivalryEvents(report) => Some(report.events[0].clone()),
            _ => None,
        })
    });
    let conflict = conflict.expect("no conflict within 5 ticks");
    assert_eq!((conflict.reason.as_str(), conflict.intensity), ("ghost_step", 1.5));
    assert_eq!((conflict.agent_a.as_str(), conflict.agent_b.as_str()), ("alice", "bob"));
    assert_eq!(town.envelope().global.queues.active["bed_1"], "bob");
    assert_eq!(town.envelope().global.relationship_snapshot["bob"]["alice"].rivalry, 0.15 * 1.5 - 0.005);
}
