//! What became of each prompt of a run over training: learnt, forgotten, never solved.

use std::collections::HashMap;

use gauntlet_api::{PromptAttempt, PromptHistories, PromptHistory, PromptOutcome};
use gauntlet_model::RunId;
use gauntlet_store::Store;

use crate::Error;
use crate::films::Films;
use crate::prompts::Prompts;
use crate::tasks::{is_solved, prompt_at};

/// The prompts that are attempted at two or more steps, with what became of each; the histories of at most
/// `most` of them, those that were forgotten first.
///
/// # Errors
///
/// [`Error::NotFound`] for a run that is not there.
pub async fn read(
    store: &Store,
    films: &Films,
    prompts: &Prompts,
    run: &RunId,
    most: usize,
) -> Result<PromptHistories, Error> {
    // The film first: a snapshot that comes in between is in the index then, and is not asked for.
    let nodes = films.look(run, |film| {
        let node = |index| film.node(index).map(|node| (node.seq, node.step, node.failure.is_none()));
        (0..film.len()).filter_map(node).collect::<Vec<_>>()
    });
    let nodes = nodes.await?;
    let attempts = prompts.look(run, |index| {
        let with_task = nodes
            .into_iter()
            .filter_map(|(seq, step, is_passed)| Some((index.get(seq)?.task?, seq, step, is_passed)));
        by_task(with_task)
    });
    let mut found: Vec<(PromptOutcome, u64, Vec<PromptAttempt>)> = attempts.await?;
    found.sort_by_key(|(outcome, seq, _)| (*outcome, *seq));
    let count = |of: PromptOutcome| found.iter().filter(|(outcome, ..)| *outcome == of).count() as u64;
    let counts = PromptOutcome::ALL.map(|outcome| (outcome, count(outcome)));
    let mut described = Vec::new();
    for (outcome, seq, attempts) in found.into_iter().take(most) {
        let prompt = prompt_at(store, run, seq).await?;
        described.push(PromptHistory { prompt, outcome, attempts });
    }
    Ok(PromptHistories { counts, prompts: described })
}

/// The attempts of each task by rising step, with the sequence number of the first one. Nodes come by rising
/// step: task, sequence number, step, and whether it passes.
fn by_task(
    nodes: impl Iterator<Item = (u64, u64, u64, bool)>,
) -> Vec<(PromptOutcome, u64, Vec<PromptAttempt>)> {
    let mut tasks: HashMap<u64, (u64, Vec<PromptAttempt>)> = HashMap::new();
    for (task, seq, step, is_passed) in nodes {
        let (_, attempts) = tasks.entry(task).or_insert_with(|| (seq, Vec::new()));
        if attempts.last().is_none_or(|last| last.step != step) {
            attempts.push(PromptAttempt { step, rollouts: 0, passed: 0 });
        }
        if let Some(last) = attempts.last_mut() {
            last.rollouts += 1;
            last.passed += u64::from(is_passed);
        }
    }
    let repeated = tasks.into_values().filter(|(_, attempts)| attempts.len() > 1);
    repeated.map(|(seq, attempts)| (outcome(&attempts), seq, attempts)).collect()
}

fn outcome(attempts: &[PromptAttempt]) -> PromptOutcome {
    let solved = |attempt: &PromptAttempt| is_solved(attempt.passed, attempt.rollouts);
    let is_solved_at_end = attempts.last().is_some_and(solved);
    match (attempts.first().is_some_and(solved), is_solved_at_end) {
        (true, true) => PromptOutcome::Known,
        (false, true) => PromptOutcome::Learnt,
        _ if attempts.iter().any(solved) => PromptOutcome::Forgotten,
        _ => PromptOutcome::NeverSolved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_learnt_forgotten_or_never_solved() {
        let of = |passes: &[bool]| {
            let nodes = (0..).zip(passes).map(|(step, passed)| (7, step, step, *passed));
            by_task(nodes).into_iter().map(|(outcome, ..)| outcome).next()
        };
        assert_eq!(of(&[false, false, true]), Some(PromptOutcome::Learnt));
        assert_eq!(of(&[false, true, false]), Some(PromptOutcome::Forgotten));
        assert_eq!(of(&[true, false]), Some(PromptOutcome::Forgotten));
        assert_eq!(of(&[false, false]), Some(PromptOutcome::NeverSolved));
        assert_eq!(of(&[true, false, true]), Some(PromptOutcome::Known));
        assert_eq!(of(&[true]), None, "one attempt says nothing of training");
    }

    #[test]
    fn rollouts_of_one_step_are_one_attempt() {
        let nodes = [(1, 0, 0, true), (2, 1, 0, false), (1, 2, 0, false), (1, 3, 5, false), (1, 4, 5, false)];
        let found = by_task(nodes.into_iter());
        let attempt = |step, rollouts, passed| PromptAttempt { step, rollouts, passed };
        let expected = vec![attempt(0, 2, 1), attempt(5, 2, 0)];
        assert_eq!(found, [(PromptOutcome::Forgotten, 0, expected)]);
    }
}
