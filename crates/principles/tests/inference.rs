//! Inference over the decisions of agents whose principles are known.

use std::collections::BTreeSet;

use gauntlet_model::Timestamp;
use gauntlet_principles::agents::{Recovery, ReferenceAgent};
use gauntlet_principles::entropy::Consistency;
use gauntlet_principles::inference::{Finding, Inference, ROUND, Report};
use gauntlet_principles::scenario::{Course, archetypes};
use gauntlet_principles::{Action, DecisionContext, LineageKind};
use proptest::prelude::*;

/// The decisions of an agent in that many scenarios, each under the stress of its position.
fn decisions(agent: ReferenceAgent, scenarios: u64, stress: impl Fn(u64) -> f64) -> Vec<Action> {
    let documents = archetypes().unwrap();
    let mut actions: Vec<Action> = Vec::new();
    for at in 0..scenarios {
        let document = &documents[at as usize % documents.len()];
        let scenario = document.generate((at / documents.len() as u64) as usize, stress(at));
        let position = actions.len() as u64;
        actions.extend(agent.play(scenario, position).unwrap().actions(
            agent.as_str(),
            position,
            Timestamp::from_micros(0),
        ));
    }
    actions
}

fn inferred(actions: &[Action]) -> Inference {
    let mut inference = Inference::new();
    for action in actions {
        inference.observe(action.clone()).unwrap();
    }
    inference
}

fn report(agent: ReferenceAgent, scenarios: u64, stress: impl Fn(u64) -> f64) -> Report {
    inferred(&decisions(agent, scenarios, stress)).report()
}

#[test]
fn the_principles_of_consistent_agents_are_recovered() {
    let documents = archetypes().unwrap();
    for agent in
        [ReferenceAgent::Loyal, ReferenceAgent::Selfish, ReferenceAgent::Cautious, ReferenceAgent::TwoFaced]
    {
        let report = report(agent, 200, |_| 0.5);
        let (known, tested) = agent.known_of(&documents);
        assert!(known.len() >= 8, "{known:?}");
        let recovery = Recovery::of(&report, &known, &tested);
        assert!(recovery.precision >= 0.9 && recovery.recall >= 0.9, "{agent:?}: {recovery:?}");
        assert_eq!(report.consistency, Consistency::Principled, "{agent:?}");
        assert!(report.contradictions.is_empty(), "{agent:?}: {:?}", report.contradictions);
    }
}

#[test]
fn an_agent_that_decides_by_lot_is_called_inconsistent() {
    let documents = archetypes().unwrap();
    let report = report(ReferenceAgent::Inconsistent, 200, |_| 0.5);
    assert_eq!(report.consistency, Consistency::Inconsistent, "{}", report.normalized_response_entropy);
    let (_, tested) = ReferenceAgent::Inconsistent.known_of(&documents);
    let names = report.principles.iter().filter(|principle| report.held.contains(&principle.id));
    let held: Vec<_> = names.map(|p| p.name.as_str()).filter(|name| tested.contains(name)).collect();
    assert!(held.len() <= 3, "{held:?}");
    assert!(!report.contradictions.is_empty());
    for contradiction in &report.contradictions {
        assert!((0.2..=1.0).contains(&contradiction.severity) && !contradiction.edge_cases.is_empty());
    }
}

#[test]
fn two_faces_are_two_personalities() {
    let report = report(ReferenceAgent::TwoFaced, 200, |_| 0.5);
    // Each situation has its response, so the agent is consistent.
    assert_eq!(report.consistency, Consistency::Principled);
    let personalities = report.personalities.expect("two faces were seen");
    let (first, last) = (&personalities.groups[0], personalities.groups.last().unwrap());
    assert!(first.regard >= 0.2 && last.regard <= -0.2, "{personalities:?}");
    assert!(first.contexts.iter().all(|context| context.weight() >= 1.5), "{personalities:?}");
    assert!(last.contexts.iter().all(|context| context.weight() < 1.5), "{personalities:?}");
    for agent in [ReferenceAgent::Loyal, ReferenceAgent::Cautious] {
        let report = self::report(agent, 200, |_| 0.5);
        assert_eq!(report.personalities, None, "{agent:?}");
    }
}

#[test]
fn an_agent_that_changes_forks_its_principles() {
    let actions = decisions(ReferenceAgent::Adaptive, 200, |at| if at < 100 { 0.3 } else { 0.8 });
    let inference = inferred(&actions);
    let report = inference.report();
    assert!(report.normalized_response_entropy > 0.2);
    let conflict =
        report.contradictions.iter().find(|c| c.principle_2 == "loyalty").expect("a contradiction");
    assert_eq!(conflict.principle_1, "integrity");
    // Ten times for integrity, and ten times twice for loyalty: a lie leads to another one.
    assert!((conflict.severity - 2.0 / 3.0).abs() < 1e-9, "{conflict:?}");
    let fork = report.lineage.iter().find(|lineage| lineage.kind == LineageKind::Fork).expect("a fork");
    let child = report.principles.iter().find(|p| p.id == fork.principle_id).unwrap();
    let cautious = ReferenceAgent::Cautious.known(DecisionContext::TrustBetrayal, 0.5);
    assert!(cautious.contains(child.name.as_str()) && report.held.contains(&child.id), "{child:?}");
    let parent = fork.parent_ids.first().unwrap();
    let parent = report.lineage.iter().find(|lineage| lineage.principle_id == *parent).unwrap();
    assert!(parent.child_ids.contains(&child.id));
}

#[test]
fn a_few_decisions_are_enough_for_a_report() {
    let report = report(ReferenceAgent::Loyal, 10, |_| 0.5);
    assert!(report.actions >= 10 && report.actions < ROUND);
    let names: BTreeSet<_> = report.principles.iter().map(|principle| principle.name.as_str()).collect();
    assert!(names.contains("loyalty") && names.contains("fiduciary_duty"), "{names:?}");
    for principle in &report.principles {
        let evidence = &report.evidence[&principle.id];
        assert_eq!(evidence.len() as u64, principle.evidence_count + principle.contradictions_count);
        let interval = principle.confidence_interval;
        assert!(interval.low < principle.strength_score && principle.strength_score < interval.high);
        assert!(principle.created_at <= principle.last_updated);
    }
    let empty = Inference::new().report();
    assert_eq!((empty.actions, empty.principles.len(), empty.personalities), (0, 0, None));
}

#[test]
fn a_fallback_is_no_evidence() {
    let mut actions = decisions(ReferenceAgent::Loyal, 60, |_| 0.5);
    let before = inferred(&actions).report();
    for action in &mut decisions(ReferenceAgent::Selfish, 60, |_| 0.5) {
        action.is_fallback = true;
        actions.push(action.clone());
    }
    let after = inferred(&actions).report();
    assert_eq!(after.fallbacks, actions.len() as u64 - before.actions);
    assert_eq!(Report { fallbacks: 0, ..after }, before);
}

#[test]
fn an_action_that_breaks_a_rule_is_not_taken() {
    let mut actions = decisions(ReferenceAgent::Loyal, 1, |_| 0.5);
    actions[0].outcome_valence = f64::NAN;
    let mut inference = Inference::new();
    let refused = inference.observe(actions.remove(0)).unwrap_err();
    assert_eq!(refused[0].to_string(), "outcome_valence: is NaN; it must be between -1 and 1");
    assert_eq!(inference, Inference::new());
}

#[test]
fn what_repeats_itself_is_a_pattern() {
    let documents = archetypes().unwrap();
    let mut inference = Inference::new();
    let mut found = Vec::new();
    for at in 0..100 {
        let scenario = documents[5].generate(0, 0.5);
        for action in
            ReferenceAgent::Loyal.play(scenario, at).unwrap().actions("loyal", at, Timestamp::from_micros(0))
        {
            found.extend(inference.observe(action).unwrap());
        }
    }
    let discovered = found.iter().find_map(|finding| match finding {
        Finding::Discovered { principle, lineage } if principle.name == "benefits_ally" => Some(lineage),
        _ => None,
    });
    assert_eq!(discovered.expect("the pattern was found").kind, LineageKind::Root);
    let report = inference.report();
    let pattern = report.principles.iter().find(|principle| principle.name == "benefits_ally").unwrap();
    assert!(report.held.contains(&pattern.id) && pattern.contradictions_count == 0);
    assert_eq!(report.patterns.len(), 1);
}

#[test]
fn a_course_that_adapts_is_played_to_its_end() {
    let documents = archetypes().unwrap();
    let course = Course { documents: &documents, seed: 1, is_adaptive: true };
    for agent in ReferenceAgent::ALL {
        let (mut inference, mut outcomes) = (Inference::new(), Vec::new());
        for at in 0..40 {
            let report = inference.report();
            let consistency = 1.0 - report.normalized_response_entropy;
            let weak = gauntlet_principles::scenario::weak_principles(&report.principles, consistency);
            let scenario = course.scenario(at, &outcomes, &weak).unwrap();
            let position = inference.total();
            for action in agent.play(scenario, position).unwrap().actions(
                agent.as_str(),
                position,
                Timestamp::from_micros(0),
            ) {
                outcomes.push((action.outcome_valence + 1.0) / 2.0);
                inference.observe(action).unwrap();
            }
        }
        assert!(inference.total() >= 40, "{agent:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The state may be stored and read between any two actions; the findings and the report are the same.
    #[test]
    fn any_batches_give_the_same_principles(
        cuts in proptest::collection::vec(0..180_usize, 0..4),
        agent in 0..6_usize,
        other in 0..6_usize,
    ) {
        let mut actions = decisions(ReferenceAgent::ALL[agent], 90, |at| (at % 10) as f64 / 10.0);
        actions.extend(decisions(ReferenceAgent::ALL[other], 60, |_| 0.5));
        let (mut at_once, mut in_batches) = (Inference::new(), Inference::new());
        for (at, action) in actions.into_iter().enumerate() {
            if cuts.contains(&at) {
                let stored = serde_json::to_string(&in_batches).unwrap();
                in_batches = serde_json::from_str(&stored).unwrap();
                // A report in between changes nothing.
                in_batches.report();
            }
            let found = at_once.observe(action.clone()).unwrap();
            prop_assert_eq!(found, in_batches.observe(action).unwrap());
        }
        prop_assert_eq!(at_once.report(), in_batches.report());
    }
}
