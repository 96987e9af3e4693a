//! Two runs task by task: which tasks one solves and the other fails.

use std::collections::HashMap;

use gauntlet_api::{TaskComparison, TaskDifference, TaskResult};
use gauntlet_model::{Body, RunId, SnapshotScored};
use gauntlet_store::Store;

use crate::Error;
use crate::films::Films;
use crate::prompts::Prompts;

/// Characters of a prompt that a list shows.
const PROMPT_CHARS: usize = 280;

/// What a run made of a task at the last step that attempts it.
#[derive(Debug, Clone)]
struct Attempted {
    result: TaskResult,
    seq: u64,
    roots: f64,
    rooted: u64,
}

/// Compares two runs by the tasks that both attempt, each judged by the last step that attempts it. At most
/// `limit` tasks of each list are described.
///
/// # Errors
///
/// [`Error::NotFound`] for a run that is not there.
pub async fn compare(
    store: &Store,
    films: &Films,
    prompts: &Prompts,
    (a, b): (&RunId, &RunId),
    limit: usize,
) -> Result<TaskComparison, Error> {
    let of_a = attempted(films, prompts, a).await?;
    let of_b = attempted(films, prompts, b).await?;
    let (mut shared, mut solved_by_both, mut failed_by_both) = (0, 0, 0);
    let mut only_a = Vec::new();
    let mut only_b = Vec::new();
    for (task, mine) in &of_a {
        let Some(other) = of_b.get(task) else { continue };
        shared += 1;
        let is_solved = |task: &Attempted| is_solved(task.result.passed, task.result.rollouts);
        match (is_solved(mine), is_solved(other)) {
            (true, true) => solved_by_both += 1,
            (false, false) => failed_by_both += 1,
            (true, false) => only_a.push((mine, other)),
            (false, true) => only_b.push((mine, other)),
        }
    }
    for pairs in [&mut only_a, &mut only_b] {
        pairs.sort_by_key(|(mine, _)| mine.seq);
    }
    Ok(TaskComparison {
        a: a.clone(),
        b: b.clone(),
        shared,
        solved_by_both,
        failed_by_both,
        solved_by_a_alone: only_a.len() as u64,
        solved_by_b_alone: only_b.len() as u64,
        only_a: described(store, a, only_a.get(..limit).unwrap_or(&only_a)).await?,
        only_b: described(store, a, only_b.get(..limit).unwrap_or(&only_b)).await?,
    })
}

/// A task is solved where at least half of the rollouts pass.
pub(crate) fn is_solved(passed: u64, rollouts: u64) -> bool {
    passed * 2 >= rollouts
}

/// What a run made of each task.
async fn attempted(films: &Films, prompts: &Prompts, run: &RunId) -> Result<HashMap<u64, Attempted>, Error> {
    // The film first: a snapshot that comes in between is in the index then, and is not asked for.
    let nodes = films.look(run, |film| {
        let node = |index| {
            let node = film.node(index)?;
            let is_passed = node.failure.is_none();
            Some((node.seq, node.step, node.episode.map(ToString::to_string), node.root, is_passed))
        };
        (0..film.len()).filter_map(node).collect::<Vec<_>>()
    });
    let nodes = nodes.await?;
    prompts
        .look(run, |index| {
            let mut tasks: HashMap<u64, Attempted> = HashMap::new();
            for (seq, step, episode, root, is_passed) in nodes {
                let Some(task) = index.get(seq).and_then(|prompt| prompt.task) else { continue };
                let fresh = || Attempted {
                    result: TaskResult { step, episode: episode.clone(), ..TaskResult::default() },
                    seq,
                    roots: 0.0,
                    rooted: 0,
                };
                let known = tasks.entry(task).or_insert_with(fresh);
                // Nodes come by rising step.
                if known.result.step < step {
                    *known = fresh();
                }
                known.result.rollouts += 1;
                known.result.passed += u64::from(is_passed);
                known.roots += root.unwrap_or(0.0);
                known.rooted += u64::from(root.is_some());
                known.result.mean = (known.rooted > 0).then(|| known.roots / known.rooted as f64);
            }
            tasks
        })
        .await
}

/// The pairs with the prompt of each, as the run `a` recorded it.
async fn described(
    store: &Store,
    a: &RunId,
    pairs: &[(&Attempted, &Attempted)],
) -> Result<Vec<TaskDifference>, Error> {
    let mut described = Vec::with_capacity(pairs.len());
    for (mine, other) in pairs {
        let prompt = prompt_at(store, a, mine.seq).await?;
        described.push(TaskDifference { prompt, a: mine.result.clone(), b: other.result.clone() });
    }
    Ok(described)
}

/// What the task of the snapshot at a sequence number is called in a list; empty where there is none.
pub(crate) async fn prompt_at(store: &Store, run: &RunId, seq: u64) -> Result<String, Error> {
    let page = store.read(run, seq.checked_sub(1), 1, None).await?;
    let event = page.records.first().and_then(|record| record.event().ok());
    Ok(match event.as_ref().map(|event| event.body()) {
        Some(Body::SnapshotScored(snapshot)) => prompt_text(snapshot),
        _ => String::new(),
    })
}

/// What a task is called in a list: its id and the beginning of what the agent saw.
fn prompt_text(snapshot: &SnapshotScored) -> String {
    let id = snapshot.metadata.get("task_id").and_then(|id| id.as_str()).unwrap_or_default();
    let seen: String = snapshot.observation.chars().take(PROMPT_CHARS).collect();
    match (id.is_empty(), seen.is_empty()) {
        (true, _) => seen,
        (false, true) => id.to_owned(),
        (false, false) => format!("{id}: {seen}"),
    }
}
