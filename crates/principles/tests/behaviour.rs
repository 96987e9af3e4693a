//! Features, embeddings and relational patterns of actions.

use gauntlet_model::{Object, Timestamp};
use gauntlet_principles::{
    Action, AgentProfile, DecisionContext, EMBEDDING, FEATURES, PROFILE_ACTIONS, RelationalAnchor,
    Relationship, embedding, features, relational_patterns,
};

/// An action that affects someone in some context.
fn action(id: usize, relationship: Relationship, context: DecisionContext, impact: f64) -> Action {
    Action {
        id: format!("a{id}"),
        timestamp: Timestamp::from_micros(id as i64),
        relational_anchor: RelationalAnchor {
            actor: "agent".into(),
            target: "someone".into(),
            relationship,
            impact_magnitude: impact,
        },
        decision_context: context,
        action_type: "act".into(),
        outcome_valence: impact,
        decision_entropy: 0.5,
        latency_ms: 250.0,
        tested: Default::default(),
        offered: 0,
        is_fallback: false,
        metadata: Object::new(),
    }
}

#[test]
fn features_and_embedding_hold_what_they_promise() {
    let first = action(0, Relationship::Ally, DecisionContext::TrustBetrayal, 0.5);
    let second = action(1, Relationship::Environment, DecisionContext::EfficiencyMax, -0.5);
    assert_eq!(features(&first), [0.5, 0.5, 0.5, 2.0, 0.0, 0.25]);
    let slow = Action { latency_ms: 60_000.0, ..second.clone() };
    assert_eq!(features(&slow)[FEATURES - 1], 1.0);
    let found = embedding(&[&first, &second], 0.9);
    let expected: [f64; EMBEDDING] = [
        0.0, 0.0, 0.5, 1.5, 0.5, 0.25, // The means of the features.
        1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, // The contexts.
        0.0, 0.5, 0.0, 0.5, // Impact and outcome.
        0.9, 0.002,
    ];
    assert_eq!(found, expected);
    assert_eq!(embedding(&[], 0.0), [0.0; EMBEDDING]);
}

#[test]
fn those_who_are_treated_alike_are_a_pattern() {
    let mut actions: Vec<Action> =
        (0..8).map(|i| action(i, Relationship::Ally, DecisionContext::TrustBetrayal, 0.8)).collect();
    let adversary = |i| action(i, Relationship::Adversary, DecisionContext::RiskReward, -0.8);
    actions.extend((8..16).map(adversary));
    actions.push(action(16, Relationship::Resource, DecisionContext::EfficiencyMax, 0.1));
    let all: Vec<&Action> = actions.iter().collect();
    let found = relational_patterns(&all);
    let short: Vec<_> =
        found.iter().map(|p| (p.relationship, p.context, p.consistency, p.action_ids.len())).collect();
    assert_eq!(
        short,
        [
            (Relationship::Ally, DecisionContext::TrustBetrayal, 1.0, 8),
            (Relationship::Adversary, DecisionContext::RiskReward, 1.0, 8),
        ]
    );
    assert!((found[0].mean_impact - 0.8).abs() < 1e-12);
    assert!(relational_patterns(&all[..9]).is_empty());
}

#[test]
fn a_profile_keeps_the_latest_actions_and_counts_all() {
    let mut profile = AgentProfile::new("agent");
    for id in 0..=PROFILE_ACTIONS {
        profile.push(action(id, Relationship::Ally, DecisionContext::TrustBetrayal, 0.0));
    }
    assert_eq!(profile.total(), PROFILE_ACTIONS as u64 + 1);
    assert_eq!(profile.actions().len(), PROFILE_ACTIONS);
    assert_eq!(profile.actions().next().unwrap().id, "a1");
}
