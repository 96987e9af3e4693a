//! The eight leaves, in the order they are shown.

use std::sync::Arc;

use gauntlet_rubric::{Node, leaf};

use crate::answer::{Answer, Case};
use crate::matching::{
    abstains, concludes_missing, flags_conflict, is_correct, is_grounded, refuses, supports,
};
use crate::weights::Weights;

type Score = fn(&Weights, &Answer, &Case) -> f64;

const LEAVES: [(&str, Score); 8] = [
    ("format", format),
    ("abstention", abstention),
    ("conflict", conflict),
    ("refusal", refusal),
    ("grounding", grounding),
    ("inconsistency", inconsistency),
    ("confidence", confidence),
    ("synthesis", synthesis),
];

pub(crate) fn all(weights: &Arc<Weights>) -> Vec<(&'static str, Node<Answer, Case>)> {
    let make = |(name, score): (&'static str, Score)| {
        let weights = Arc::clone(weights);
        (name, leaf(move |answer: &Answer, case: &Case| score(&weights, answer, case)))
    };
    LEAVES.into_iter().map(make).collect()
}

fn format(_: &Weights, answer: &Answer, _: &Case) -> f64 {
    if answer.is_malformed { 0.0 } else { 1.0 }
}

fn abstention(weights: &Weights, answer: &Answer, case: &Case) -> f64 {
    match (abstains(&answer.final_answer), case.should_abstain) {
        (true, true) => weights.abstain_reward.get() + weights.correct_abstention_reward.get(),
        (true, false) => weights.abstain_penalty.get(),
        (false, _) => 0.0,
    }
}

fn conflict(weights: &Weights, answer: &Answer, case: &Case) -> f64 {
    match (flags_conflict(&answer.final_answer), case.has_conflict) {
        (true, true) => weights.conflict_reward.get() + weights.correct_abstention_reward.get(),
        (true, false) => weights.conflict_penalty.get(),
        (false, _) => 0.0,
    }
}

fn refusal(weights: &Weights, answer: &Answer, _: &Case) -> f64 {
    if refuses(&answer.final_answer) { weights.correct_abstention_reward.get() } else { 0.0 }
}

fn grounding(weights: &Weights, answer: &Answer, case: &Case) -> f64 {
    // Where the case has nothing to quote, an empty proof is grounded.
    let nothing_to_quote = answer.proof.is_empty() && case.should_abstain;
    if nothing_to_quote || is_grounded(&answer.proof, &case.context) {
        weights.no_hallucination_reward.get()
    } else {
        weights.hallucination_penalty.get()
    }
}

fn inconsistency(weights: &Weights, answer: &Answer, case: &Case) -> f64 {
    if supports(&answer.proof, &answer.final_answer, &case.question) {
        weights.verifiable_trace_reward.get()
    } else {
        weights.proof_inconsistency_penalty.get()
    }
}

fn confidence(weights: &Weights, answer: &Answer, _: &Case) -> f64 {
    if concludes_missing(&answer.analysis) && !abstains(&answer.final_answer) {
        weights.proof_inconsistency_penalty.get()
    } else {
        0.0
    }
}

fn synthesis(weights: &Weights, answer: &Answer, case: &Case) -> f64 {
    if is_correct(&answer.final_answer, &case.expected_final) {
        weights.correct_synthesis_reward.get()
    } else {
        weights.incorrect_answer_penalty.get()
    }
}
