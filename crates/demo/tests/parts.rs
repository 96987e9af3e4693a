//! The parts of the demo: the questions are as they claim to be, the decisions become the texts they name,
//! and the update climbs the objective it documents.

use std::collections::BTreeSet;

use gauntlet_demo::grpo::{Grpo, Sample, advantages, gradient_scale, k3, update};
use gauntlet_demo::policy::{Decision, Features, Head, Policy};
use gauntlet_demo::questions::{Need, Question, all};
use gauntlet_demo::{answer_of, case_of};
use gauntlet_dipg::{dipg_rubric, is_grounded, supports};

fn decide(form: usize, stance: usize, answered: [usize; 3]) -> Vec<Decision> {
    let decision = |head, choice| Decision { head, choice, probability: 1.0 };
    let mut decisions = vec![decision(Head::Form, form), decision(Head::Stance, stance)];
    if stance == 0 {
        let heads = [Head::Proof, Head::Content, Head::Confidence];
        decisions.extend(heads.into_iter().zip(answered).map(|(head, choice)| decision(head, choice)));
    }
    decisions
}

fn root(question: &Question, decisions: &[Decision]) -> f64 {
    dipg_rubric().call(&answer_of(question, decisions), &case_of(question)).unwrap()
}

#[test]
fn every_question_is_as_it_claims_to_be() {
    let ids: BTreeSet<&str> = all().map(|question| question.id).collect();
    assert_eq!((all().count(), ids.len()), (24, 24));
    for q in all() {
        assert!(
            q.context.contains(q.proof) && q.context.contains(q.decoy_proof),
            "{}: the proofs are quotes",
            q.id
        );
        assert!(!is_grounded(q.fabrication, q.context), "{}: the fabrication is none", q.id);
        assert!(
            supports(q.proof, q.answer, q.question) && supports(q.decoy_proof, q.decoy, q.question),
            "{}",
            q.id
        );
        assert!(!supports(q.proof, q.drift, q.question), "{}: the drift drifts", q.id);
    }
    for need in [Need::Answer, Need::FlagConflict, Need::Abstain, Need::AbstainOffTopic] {
        assert!(all().filter(|q| q.need == need).count() >= 3, "{need:?}");
    }
}

#[test]
fn decisions_earn_the_scores_of_their_names() {
    for q in all() {
        let answerable = q.need == Need::Answer;
        let stance = |stance| root(q, &decide(0, stance, [0; 3]));
        let answer = |answered| root(q, &decide(0, 0, answered));
        assert_eq!(answer([0, 0, 0]), if answerable { 50.0 } else { 20.0 }, "{}", q.id);
        assert_eq!((answer([1, 0, 0]), answer([0, 1, 0]), answer([0, 2, 0])), (-20.0, 0.0, 20.0), "{}", q.id);
        assert_eq!(answer([0, 0, 1]), 5.0, "{}", q.id);
        let may_abstain = matches!(q.need, Need::Abstain | Need::AbstainOffTopic);
        assert_eq!(answer([2, 0, 0]) == -20.0, !may_abstain, "{}: no proof", q.id);
        assert_eq!(stance(1), if may_abstain { 30.0 } else { -5.0 }, "{}", q.id);
        assert_eq!(stance(2), if q.need == Need::FlagConflict { 30.0 } else { -5.0 }, "{}", q.id);
        assert_eq!(stance(3), 20.0, "{}", q.id);
        for form in 1..4 {
            assert_eq!(root(q, &decide(form, 0, [0; 3])), -50.0, "{}: {form}", q.id);
        }
    }
}

#[test]
fn advantages_are_relative_to_the_group() {
    let scaled = advantages(&[50.0, -50.0, 50.0, -50.0]);
    assert!(scaled.iter().zip([1.0, -1.0, 1.0, -1.0]).all(|(a, b)| (a - b).abs() < 1e-5), "{scaled:?}");
    assert_eq!(advantages(&[20.0; 8]), [0.0; 8]);
    assert_eq!(advantages(&[3.0]), [0.0]);
    assert!(advantages(&[]).is_empty());
}

#[test]
fn the_estimator_is_never_negative_and_zero_at_home() {
    assert_eq!(k3(0.3, 0.3), 0.0);
    for (reference, policy) in [(0.1, 0.9), (0.9, 0.1), (1e-9, 0.5), (0.5, 1e-3)] {
        assert!(k3(reference, policy) > 0.0);
    }
}

/// The objective at one decision.
fn objective(grpo: &Grpo, policy: f64, old: f64, reference: f64, advantage: f64) -> f64 {
    let rho = policy / old;
    let clipped = rho.clamp(1.0 - grpo.clip, 1.0 + grpo.clip);
    (rho * advantage).min(clipped * advantage) - grpo.kl_beta * k3(reference, policy)
}

#[test]
fn the_gradient_is_the_slope_of_the_objective() {
    let grpo = Grpo { learning_rate: 1.0, clip: 0.2, kl_beta: 0.3, epochs: 1 };
    for advantage in [-1.5, -0.2, 0.0, 0.7, 2.0] {
        for policy in [0.05, 0.3, 0.5, 0.9] {
            for (old, reference) in [(0.3, 0.3), (0.45, 0.2), (0.9, 0.6)] {
                let at = |policy: f64| objective(&grpo, policy, old, reference, advantage);
                let step = 1e-6;
                // d J / d log pi = pi * d J / d pi.
                let slope = policy * (at(policy + step) - at(policy - step)) / (2.0 * step);
                let scale = gradient_scale(&grpo, policy, old, reference, advantage);
                assert!((slope - scale).abs() < 1e-4, "{advantage} {policy} {old}: {slope} {scale}");
            }
        }
    }
}

#[test]
fn an_update_moves_towards_what_was_better_than_its_group() {
    let grpo = Grpo { learning_rate: 0.5, clip: 0.2, kl_beta: 0.0, epochs: 3 };
    let question = all().next().unwrap();
    let features = Features::of(0, question);
    let reference = Policy::untrained();
    let mut policy = reference.clone();
    let sample = |choice: usize, advantage| Sample {
        features: features.clone(),
        decisions: vec![Decision {
            head: Head::Stance,
            choice,
            probability: reference.probabilities(Head::Stance, &features)[choice],
        }],
        advantage,
    };
    update(&mut policy, &reference, &[sample(0, 1.0), sample(3, -1.0)], &grpo);
    let (before, after) =
        (reference.probabilities(Head::Stance, &features), policy.probabilities(Head::Stance, &features));
    assert!(after[0] > before[0] && after[3] < before[3], "{before:?} {after:?}");
    assert!((after.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    // What was learnt carries over to a question that looks alike.
    let alike = Features::of(1, all().nth(1).unwrap());
    assert!(policy.probabilities(Head::Stance, &alike)[0] > reference.probabilities(Head::Stance, &alike)[0]);
}
