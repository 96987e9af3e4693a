//! Two runs in one scene: which of their snapshots attempt the same task, and what the rubrics of two
//! snapshots came to.

use std::collections::{HashMap, VecDeque};

use gauntlet_api::{RubricPair, RubricReading};
use gauntlet_film::{Film, SnapshotPair, State, is_measurement};
use gauntlet_model::RunId;

use crate::Error;
use crate::films::Films;
use crate::prompts::Prompts;

/// Pairs the snapshots of two runs that attempt the same task: the first attempt of a task with the first of
/// the other run, and so on. Attempts that only one run has are left out.
///
/// # Errors
///
/// [`Error::NotFound`] for a run that is not there.
pub async fn same_tasks(
    films: &Films,
    prompts: &Prompts,
    run: &RunId,
    other: &RunId,
) -> Result<Vec<SnapshotPair>, Error> {
    let mut of_other: HashMap<u64, VecDeque<(usize, u64)>> = HashMap::new();
    for (attempt, task) in attempts(films, prompts, other).await? {
        of_other.entry(task).or_default().push_back(attempt);
    }
    let mut pairs = Vec::new();
    for (attempt, task) in attempts(films, prompts, run).await? {
        let counterpart = of_other.get_mut(&task).and_then(VecDeque::pop_front);
        pairs.extend(counterpart.map(|counterpart| (attempt, counterpart)));
    }
    Ok(pairs)
}

/// The nodes of a run that attempt a task, in the order of the film: index, sequence number, and task.
async fn attempts(films: &Films, prompts: &Prompts, run: &RunId) -> Result<Vec<((usize, u64), u64)>, Error> {
    // The film first: a snapshot that comes in between is in the index then, and is not asked for.
    let nodes = films
        .look(run, |film| (0..film.len()).filter_map(|i| Some((i, film.node(i)?.seq))).collect::<Vec<_>>());
    let nodes = nodes.await?;
    prompts
        .look(run, |index| {
            let task = |node: (usize, u64)| Some((node, index.get(node.1)?.task?));
            nodes.into_iter().filter_map(task).collect()
        })
        .await
}

/// A snapshot: its run, its step, its sequence number.
pub type SnapshotKey<'a> = (&'a RunId, u64, u64);

/// What the rubrics of two snapshots came to: those of the first in tree order, then those that only the
/// second has; none where a run does not have the snapshot.
///
/// # Errors
///
/// [`Error::NotFound`] for a run that is not there.
pub async fn rubrics(
    films: &Films,
    place: SnapshotKey<'_>,
    other: SnapshotKey<'_>,
) -> Result<Vec<RubricPair>, Error> {
    let mine = readings(films, place).await?;
    let others = readings(films, other).await?;
    let (Some(mine), Some(mut others)) = (mine, others) else { return Ok(Vec::new()) };
    let mut pairs = Vec::with_capacity(mine.len());
    for (path, reading) in mine {
        let at = others.iter().position(|(known, _)| *known == path);
        let other = at.map(|at| others.remove(at).1).unwrap_or_default();
        pairs.push(RubricPair { is_measurement: is_measurement(&path), path, mine: reading, other });
    }
    pairs.extend(others.into_iter().map(|(path, other)| RubricPair {
        is_measurement: is_measurement(&path),
        path,
        mine: RubricReading::default(),
        other,
    }));
    Ok(pairs)
}

/// The readings of every path at a snapshot, in tree order; `None` where there is no such snapshot.
async fn readings(
    films: &Films,
    (run, step, seq): SnapshotKey<'_>,
) -> Result<Option<Vec<(String, RubricReading)>>, Error> {
    let read = move |film: &Film| {
        let first = film.find(step)?;
        let nodes = (first..film.len()).map_while(|i| film.node(i).filter(|node| node.step == step));
        let node = first + nodes.into_iter().position(|node| node.seq == seq)?;
        let reading = |path: &gauntlet_film::Path| {
            let is_failed = film.state(node, path.id) == State::Failed;
            (path.path.clone(), RubricReading { value: film.score(node, path.id), is_failed })
        };
        Some(film.paths().iter().map(reading).collect())
    };
    films.look(run, read).await
}
