//! How fast principles are inferred: the entropy of 1,000 actions, an inference over 10,000, and a scenario
//! made from a document; beside the same actions checked and counted, without anything inferred.

use std::hint::black_box;
use std::time::Instant;

use gauntlet_model::Timestamp;
use gauntlet_principles::Action;
use gauntlet_principles::agents::ReferenceAgent;
use gauntlet_principles::entropy::of_contexts;
use gauntlet_principles::inference::Inference;
use gauntlet_principles::scenario::{DEFAULT_STRESS, ScenarioDocument, archetypes};

use crate::outcome::Outcome;
use crate::report::{Report, quantile};

/// Actions whose entropy is taken, and how often.
const COUNTED: usize = 1_000;
const ROUNDS: usize = 200;
/// Actions that are inferred from.
const INFERRED: usize = 10_000;

/// Measures the three.
pub(crate) fn principles(report: &mut Report) -> Outcome<()> {
    let documents = archetypes().map_err(|mistakes| format!("{mistakes:?}"))?;
    let actions = decisions(&documents)?;
    let counted = actions.get(..COUNTED).ok_or("too few actions")?;
    let entropy = median(|| {
        black_box(of_contexts(black_box(counted)));
    });
    let floor = median(|| {
        black_box(black_box(counted).iter().map(|action| action.decision_context as usize).sum::<usize>());
    });
    report.add("entropy of 1,000 actions", entropy, "ms", Some(floor), Some(1.0));

    let begun = Instant::now();
    for action in actions.clone() {
        action.check().map_err(|mistakes| format!("{mistakes:?}"))?;
        black_box(action);
    }
    let floor = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let mut inference = Inference::new();
    for action in actions {
        inference.observe(action).map_err(|mistakes| format!("{mistakes:?}"))?;
    }
    black_box(inference.report());
    let value = begun.elapsed().as_secs_f64();
    report.add("inference over 10,000 actions", value, "s", Some(floor), Some(1.0));

    let document = documents.first().ok_or("no documents")?;
    let generation = median(|| {
        black_box(document.generate(1, DEFAULT_STRESS));
    });
    let floor = median(|| {
        black_box(document.clone());
    });
    report.add("scenario made from a document", generation, "ms", Some(floor), Some(1.0));
    Ok(())
}

/// Decisions by lot: nothing repeats itself, so everything is compared with everything.
fn decisions(documents: &[ScenarioDocument]) -> Outcome<Vec<Action>> {
    let mut actions = Vec::new();
    for (at, document) in (0..).zip(documents.iter().cycle()) {
        if actions.len() >= INFERRED {
            break;
        }
        let scenario = document.generate(at, DEFAULT_STRESS);
        let position = actions.len() as u64;
        let played = ReferenceAgent::Inconsistent.play(scenario, position)?;
        actions.extend(played.actions("inconsistent", position, Timestamp::default()));
    }
    actions.truncate(INFERRED);
    Ok(actions)
}

/// The median time of a call, in milliseconds.
fn median(call: impl Fn()) -> f64 {
    let timed = |_| {
        let begun = Instant::now();
        call();
        begun.elapsed().as_secs_f64() * 1e3
    };
    quantile(&mut (0..ROUNDS).map(timed).collect::<Vec<_>>(), 0.5)
}
