//! A seed makes one town, and a town that was saved and loaded goes on as it would have.

use std::error::Error as _;

use gauntlet_townlet::simulation::InvalidSnapshot;
use gauntlet_townlet::{Config, Simulation};
use gauntlet_townlet_dto::health::NoHost;
use gauntlet_townlet_dto::policy::Policy;
use gauntlet_townlet_dto::telemetry::LogHash;
use gauntlet_townlet_policy::{Random, Scripted};
use proptest::prelude::*;

fn simulation<P: Policy>(seed: u64, agents: u32, policy: P) -> Simulation<P> {
    Simulation::new(Config::with(seed, agents), policy).unwrap()
}

/// Runs so many ticks; the hash of what they reported.
fn run<P: Policy>(simulation: &mut Simulation<P>, ticks: u64) -> String {
    let mut hash = LogHash::default();
    for _ in 0..ticks {
        for event in simulation.tick(&NoHost) {
            hash.add(&event).unwrap();
        }
    }
    hash.value()
}

/// `run(2N)` equals `run(N)`, saved, loaded, and `run(N)`: what is reported, and the snapshot to the byte.
fn check<P: Policy + Copy>(seed: u64, agents: u32, ticks: u64, policy: P) {
    let mut straight = simulation(seed, agents, policy);
    run(&mut straight, ticks);
    let saved = straight.save().unwrap();
    let (mut loaded, _) = Simulation::load(&saved, policy).unwrap();
    assert_eq!(loaded.save().unwrap(), saved, "what is loaded is what was saved");
    assert_eq!(run(&mut straight, ticks), run(&mut loaded, ticks));
    assert_eq!(straight.world().tick(), 2 * ticks);
    assert!(straight.save().unwrap() == loaded.save().unwrap(), "the snapshots differ");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_loaded_town_goes_on_as_the_saved_one(
        seed in 0..=(1_u64 << 53) - 1,
        agents in 1..9_u32,
        ticks in 1..60_u64,
    ) {
        check(seed, agents, ticks, Scripted);
    }

    /// The random policy lets agents starve: respawns, handovers and ends of ties are covered as well.
    #[test]
    fn so_does_one_in_which_agents_starve(seed in 0..1_000_u64, agents in 3..6_u32, ticks in 60..110_u64) {
        check(seed, agents, ticks, Random);
    }
}

#[test]
fn shifts_and_midnight_are_in_the_snapshot() {
    let mut straight = simulation(7, 5, Scripted);
    (0..750).for_each(|_| straight.advance().unwrap());
    let (mut loaded, _) = Simulation::load(&straight.save().unwrap(), Scripted).unwrap();
    for simulation in [&mut straight, &mut loaded] {
        (0..750).for_each(|_| simulation.advance().unwrap());
    }
    assert!(straight.save().unwrap() == loaded.save().unwrap(), "the snapshots differ");
}

#[test]
fn the_same_seed_is_the_same_log_and_another_seed_another() {
    let hash = |seed| run(&mut simulation(seed, 6, Scripted), 120);
    assert_eq!(hash(7), hash(7));
    assert_ne!(hash(7), hash(8));
}

#[test]
fn a_snapshot_that_cannot_be_is_refused() {
    let saved = simulation(7, 3, Scripted).save().unwrap();
    let text = String::from_utf8(saved).unwrap();
    let load = |text: &str| Simulation::load(text.as_bytes(), Scripted).map(drop).unwrap_err();
    assert!(matches!(load("{}"), InvalidSnapshot::Json(_)));
    let other = text.replacen("\"format\":1", "\"format\":2", 1);
    assert_eq!(load(&other).to_string(), "the snapshot's format is 2; this reads 1");
    let unknown = text.replacen("\"format\":1", "\"format\":1,\"surprise\":1", 1);
    let why = |error: InvalidSnapshot| error.source().map(ToString::to_string).unwrap_or_default();
    assert!(why(load(&unknown)).contains("surprise"));
    let many = text.replacen("\"agents\":3", "\"agents\":300", 1);
    assert_ne!(many, text);
    assert_eq!(why(load(&many)), "agents is 300; it must be from 1 to 72");
}

#[test]
fn a_configuration_out_of_range_is_refused() {
    let refused = |config: Config| config.check().unwrap_err().to_string();
    assert_eq!(refused(Config::with(1 << 53, 3)), "seed is 9007199254740992; it must be at most 2^53 - 1");
    assert_eq!(refused(Config::with(7, 0)), "agents is 0; it must be from 1 to 72");
    let decay = gauntlet_townlet_dto::state::Needs { hunger: f64::NAN, ..Config::default().decay };
    assert_eq!(
        refused(Config { decay, ..Config::default() }),
        "decay.hunger is NaN; it must be from 0 to 100"
    );
}
