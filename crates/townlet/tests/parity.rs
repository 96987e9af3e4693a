//! An envelope is enough: what it shows is the world, to the bit.

use gauntlet_townlet::{Config, Simulation};
use gauntlet_townlet_dto::TICKS_PER_DAY;
use gauntlet_townlet_dto::encoder;
use gauntlet_townlet_dto::envelope::Envelope;
use gauntlet_townlet_dto::facts::Facts;
use gauntlet_townlet_policy::{Scripted, choose};

const AGENTS: u32 = 5;
/// Ticks between two readings of the JSON, which takes longer than everything else.
const JSON_TICKS: u64 = 8;

/// The bits of the map and the features.
fn bits(map: &[Vec<Vec<f32>>], features: &[f32]) -> Vec<u32> {
    map.iter().flatten().flatten().chain(features).map(|value| value.to_bits()).collect()
}

#[test]
fn an_envelope_shows_the_world_for_a_day() {
    let mut simulation = Simulation::new(Config::with(7, AGENTS), Scripted).unwrap();
    let (mut compared, mut read, mut busy, mut met) = (0, 0, 0, 0);
    for _ in 0..TICKS_PER_DAY {
        simulation.advance().unwrap();
        let envelope = simulation.envelope();
        let shown: Vec<&String> = envelope.agents.iter().map(|agent| &agent.agent_id).collect();
        assert_eq!(shown, simulation.world().agent_ids().collect::<Vec<_>>(), "agents are in order of ids");
        for agent in &envelope.agents {
            let direct = simulation.world().facts(&agent.agent_id).unwrap();
            let from_envelope = Facts::of(envelope, &agent.agent_id).unwrap();
            assert_eq!(from_envelope, direct);
            let encoded = bits(&encoder::map(&from_envelope), &encoder::features(&from_envelope));
            let features = agent.features.as_deref().unwrap();
            assert_eq!(features.len(), encoder::FEATURES.len());
            assert_eq!(encoded, bits(agent.map.as_ref().unwrap(), features));
            assert_eq!(choose(&from_envelope), choose(&direct));
            busy += u32::from(direct.running.is_some());
            met += u32::from(direct.others.iter().any(|other| other.tie != Default::default()));
            compared += 1;
        }
        if envelope.tick.is_multiple_of(JSON_TICKS) {
            let json = envelope.canonical_json().unwrap();
            let again: Envelope = serde_json::from_slice(&json).unwrap();
            assert_eq!(again, *envelope);
            assert_eq!(again.canonical_json().unwrap(), json);
            read += 1;
        }
    }
    // The comparison is not vacuous: at least 3 agents for at least a day, busy and with ties.
    assert!(AGENTS >= 3 && simulation.envelope().tick >= TICKS_PER_DAY);
    assert!(u64::from(compared as u32) >= 3 * TICKS_PER_DAY, "only {compared} comparisons");
    assert!(read >= TICKS_PER_DAY / JSON_TICKS, "only {read} envelopes were read");
    assert!(busy > 100 && met > 100, "busy in {busy}, with ties in {met}");
}
