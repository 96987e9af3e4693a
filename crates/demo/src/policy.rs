//! The policy: an answer is a handful of decisions, each drawn from a softmax over the question's features.
//!
//! Head `h` gives choice `k` the logit `z_k = sum_f theta[h][k][f] * x_f`, so the probability is
//! `pi(k | x) = exp(z_k) / sum_j exp(z_j)`, with the gradient
//! `d log pi(k) / d theta[h][j][f] = x_f * (1[j = k] - pi(j))`.
//! Features are shared by the questions, so what is learnt on one carries over to those that look like it.

use rand::{Rng, RngExt};

use crate::questions::{Question, all};

/// One decision an answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// How the tags are written; see [`FORMS`].
    Form,
    /// How to react; see [`STANCES`].
    Stance,
    /// What to quote; see [`PROOFS`].
    Proof,
    /// What to conclude; see [`CONTENTS`].
    Content,
    /// Whether the analysis talks itself out of the answer it then gives; see [`CONFIDENCES`].
    Confidence,
}

/// Choices of [`Head::Form`].
pub const FORMS: [&str; 4] = ["tagged", "proof_left_open", "no_final", "wrong_tag"];
/// Choices of [`Head::Stance`].
pub const STANCES: [&str; 4] = ["answer", "abstain", "flag_conflict", "refuse"];
/// Choices of [`Head::Proof`].
pub const PROOFS: [&str; 3] = ["verbatim", "fabricated", "none"];
/// Choices of [`Head::Content`].
pub const CONTENTS: [&str; 3] = ["by_the_proof", "drifting", "beside_the_point"];
/// Choices of [`Head::Confidence`].
pub const CONFIDENCES: [&str; 2] = ["plain", "self_doubting"];

const HEADS: [Head; 5] = [Head::Form, Head::Stance, Head::Proof, Head::Content, Head::Confidence];
const MAX_CHOICES: usize = 4;

impl Head {
    /// The names of its choices.
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Head::Form => &FORMS,
            Head::Stance => &STANCES,
            Head::Proof => &PROOFS,
            Head::Content => &CONTENTS,
            Head::Confidence => &CONFIDENCES,
        }
    }

    /// The logits of an untrained policy: it mostly knows the tags, likes to answer, and is careless with
    /// quotes.
    fn untrained(self) -> &'static [f64] {
        match self {
            Head::Form => &[1.6, -0.2, -0.3, -0.3],
            Head::Stance => &[1.7, 0.1, 0.0, -0.2],
            Head::Proof => &[0.8, 0.2, -0.5],
            Head::Content => &[0.5, 0.6, -0.2],
            Head::Confidence => &[1.2, -0.5],
        }
    }
}

/// What the policy sees of a question, 1 or 0 each: a constant, cues in its text, and which question it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Features(Vec<f64>);

/// Bias, two sources, keyword absent, no clinical term, asks for a number.
const CUE_COUNT: usize = 5;

const CLINICAL: [&str; 22] = [
    "dose",
    "drug",
    "patient",
    "child",
    "radiotherapy",
    "mutation",
    "protocol",
    "survival",
    "adverse",
    "shunt",
    "trial",
    "toxicity",
    "progression",
    "procedures",
    "imaging",
    "palliative",
    "response",
    "symptoms",
    "penicillin",
    "amplification",
    "siblings",
    "school",
];

impl Features {
    /// The features of a question at its place in the list.
    pub fn of(index: usize, question: &Question) -> Self {
        let (text, context) = (question.question.to_lowercase(), question.context.to_lowercase());
        let key = question.topic.rsplit(' ').next().unwrap_or_default().to_lowercase();
        let cues = [
            true,
            context.contains("source a") && context.contains("source b"),
            !context.contains(&key),
            !CLINICAL.iter().any(|word| text.contains(word)),
            ["how many", "how often", "how long", "dose", "share", "ages"]
                .iter()
                .any(|cue| text.contains(cue)),
        ];
        let mut features: Vec<f64> = cues.into_iter().map(|cue| f64::from(u8::from(cue))).collect();
        features.extend((0..all().count()).map(|i| f64::from(u8::from(i == index))));
        Self(features)
    }
}

/// A choice made, and the probability it had when it was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// Which head.
    pub head: Head,
    /// 0-based index into its choices.
    pub choice: usize,
    /// `pi_old(choice)`.
    pub probability: f64,
}

/// The weights `theta`.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// By head, choice and feature, in that order, [`MAX_CHOICES`] choices a head.
    theta: Vec<f64>,
    features: usize,
}

impl Policy {
    /// The untrained policy, also the reference it is held to.
    pub fn untrained() -> Self {
        let features = CUE_COUNT + all().count();
        let mut policy = Self { theta: vec![0.0; HEADS.len() * MAX_CHOICES * features], features };
        for head in HEADS {
            for (choice, logit) in head.untrained().iter().enumerate() {
                let constant = policy.row(head, choice).start;
                policy.theta[constant] = *logit;
            }
        }
        policy
    }

    fn row(&self, head: Head, choice: usize) -> std::ops::Range<usize> {
        let start = (head as usize * MAX_CHOICES + choice) * self.features;
        start..start + self.features
    }

    /// `pi(. | x)` of a head, in the order of its choices.
    pub fn probabilities(&self, head: Head, x: &Features) -> Vec<f64> {
        let dot =
            |choice| self.theta[self.row(head, choice)].iter().zip(&x.0).map(|(t, x)| t * x).sum::<f64>();
        let logits: Vec<f64> = (0..head.choices().len()).map(dot).collect();
        let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let exps: Vec<f64> = logits.iter().map(|z| (z - top).exp()).collect();
        let sum: f64 = exps.iter().sum();
        exps.into_iter().map(|e| e / sum).collect()
    }

    /// Draws the decisions of one answer. What a stance makes needless is not drawn: only answering needs a
    /// quote.
    pub fn draw(&self, x: &Features, rng: &mut impl Rng) -> Vec<Decision> {
        let mut draw = |head| {
            let probabilities = self.probabilities(head, x);
            let mut left = rng.random::<f64>();
            let mut choice = probabilities.len() - 1;
            for (index, p) in probabilities.iter().enumerate() {
                if left < *p {
                    choice = index;
                    break;
                }
                left -= p;
            }
            Decision { head, choice, probability: probabilities[choice] }
        };
        let mut decisions = vec![draw(Head::Form), draw(Head::Stance)];
        if decisions[1].choice == 0 {
            decisions.extend([Head::Proof, Head::Content, Head::Confidence].map(draw));
        }
        decisions
    }

    /// Adds `scale * d log pi(decision) / d theta` to `gradient`.
    pub(crate) fn add_gradient(&self, gradient: &mut [f64], x: &Features, decision: &Decision, scale: f64) {
        for (choice, p) in self.probabilities(decision.head, x).into_iter().enumerate() {
            let chosen = f64::from(u8::from(choice == decision.choice));
            for (slot, x) in self.row(decision.head, choice).zip(&x.0) {
                gradient[slot] += scale * x * (chosen - p);
            }
        }
    }

    pub(crate) fn zero_gradient(&self) -> Vec<f64> {
        vec![0.0; self.theta.len()]
    }

    /// One step uphill: `theta += rate * gradient`.
    pub(crate) fn ascend(&mut self, gradient: &[f64], rate: f64) {
        self.theta.iter_mut().zip(gradient).for_each(|(theta, g)| *theta += rate * g);
    }
}
