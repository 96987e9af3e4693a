//! Films for the tests: scores a step, nothing else.
#![allow(dead_code)] // Each test file uses its own part.

use gauntlet_film::{Fact, FactBody, Film};
use gauntlet_model::{FailureKind, Scores, Timestamp};

/// One scored step; its sequence number is the step's.
pub(crate) fn fact(step: u64, scores: &[(&str, f64)], failures: &[FailureKind]) -> Fact {
    Fact {
        seq: step,
        at: Timestamp::from_micros((step as i64).saturating_mul(1_000_000)),
        episode: None,
        step: Some(step),
        body: FactBody::Scored {
            scores: Scores::new(scores.iter().map(|(path, value)| (*path, *value))).unwrap(),
            not_evaluated: Vec::new(),
            failures: failures.to_vec(),
            duration_ms: None,
            is_paused: false,
            challenge: None,
        },
    }
}

/// A film of these facts.
pub(crate) fn film<'a>(summary: impl IntoIterator<Item = &'a Fact>) -> Film {
    let mut film = Film::with_rules(gauntlet_model::FailureRules::Dipg);
    summary.into_iter().for_each(|fact| film.apply(fact));
    film
}

/// A film of these rewards, the first at step 1.
pub(crate) fn rewards(rewards: &[f64]) -> Film {
    let summary: Vec<Fact> =
        (1..).zip(rewards).map(|(step, root)| fact(step, &[("root", *root)], &[])).collect();
    film(&summary)
}

/// A film with each failure once, passing steps between, and a step without a reward.
pub(crate) fn each_failure() -> Film {
    let pass = [("root", 30.0), ("format", 1.0), ("grounding", 20.0), ("refusal", 0.0)];
    let summary = [
        fact(1305, &pass, &[]),
        fact(1306, &[("root", -50.0), ("format", 0.0)], &[]),
        fact(1307, &pass, &[]),
        fact(1308, &[("root", 20.0), ("format", 1.0), ("refusal", 10.0)], &[]),
        fact(1309, &pass, &[]),
        fact(1310, &[("root", -5.0), ("format", 1.0), ("inconsistency", -40.0)], &[]),
        fact(1311, &pass, &[]),
        fact(1312, &[("root", -20.0), ("format", 1.0), ("grounding", -20.0)], &[]),
        fact(1313, &pass, &[]),
        fact(1314, &[("root", 4.0), ("synthesis", 2.0), ("synthesis.abstains_wrongly", -5.0)], &[]),
        fact(1315, &[("format", 1.0)], &[]),
        fact(1316, &[("root", 10.0)], &[FailureKind::Refusal]),
    ];
    film(&summary)
}

/// A long run that looks like training: steady rewards, and every so often a failure of some kind.
pub(crate) fn training(steps: u64) -> Film {
    let mut film = Film::with_rules(gauntlet_model::FailureRules::Dipg);
    for step in 1..=steps {
        let wave = (step % 17) as f64 - 8.0;
        let (root, format, grounding, refusal) = match step % 23 {
            5 => (-50.0, -1.0, 20.0, 0.0),
            11 => (-20.0, 1.0, -20.0 - (step % 7) as f64, 0.0),
            18 => (20.0, 1.0, 10.0, 10.0),
            _ => (30.0 + wave, 1.0, 20.0, 0.0),
        };
        let scores = [("root", root), ("format", format), ("grounding", grounding), ("refusal", refusal)];
        film.apply(&fact(step, &scores, &[]));
    }
    film
}
