//! The rows of the views: runs as their lists show them, everything else from the folded film, so that a
//! statement finds the values that pages and exports show.

use gauntlet_api::Episode;
use gauntlet_film::{Film, is_measurement};
use gauntlet_model::{RunId, RunSummary, Timestamp};
use gauntlet_store::SqlValue;
use serde::Serialize;

/// Longest text of a row, bytes: a longer one is cut. JSON that is longer is null, since half of it is none.
const MAX_TEXT_BYTES: usize = 64 << 10;

/// A row of a view.
pub(super) type Row = Vec<SqlValue>;

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default().to_owned())
}

fn or_null<T>(value: Option<T>, of: impl FnOnce(T) -> SqlValue) -> SqlValue {
    value.map_or(SqlValue::Null, of)
}

fn json(value: &impl Serialize) -> SqlValue {
    let json = serde_json::to_string(value).unwrap_or_default();
    if json.len() > MAX_TEXT_BYTES { SqlValue::Null } else { SqlValue::Text(json) }
}

fn time(at: Timestamp) -> SqlValue {
    SqlValue::Text(at.to_string())
}

fn count(number: u64) -> SqlValue {
    SqlValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn real(number: Option<f64>) -> SqlValue {
    or_null(number, SqlValue::Real)
}

/// The row of a run in `runs`.
pub(super) fn run(run: &RunSummary) -> Row {
    let word = |word: &Option<String>| or_null(word.as_deref(), text);
    vec![
        text(run.id.as_str()),
        text(&run.name),
        text(&run.project),
        text(&run.kind),
        word(&run.agent),
        word(&run.task),
        json(&run.tags),
        text(&run.notes),
        json(&run.config),
        text(run.status.as_str()),
        SqlValue::Integer(i64::from(run.contact.is_some_and(|contact| contact.lost))),
        time(run.created_at),
        time(run.updated_at),
        count(run.head),
        count(run.steps),
        count(run.episodes),
        count(run.failing),
        real(run.mean_root),
        real(run.last_root),
        or_null(run.last_step, count),
        count(run.alerts),
    ]
}

/// The row of an episode in `episodes`.
pub(super) fn episode(run: &RunId, episode: &Episode) -> Row {
    vec![
        text(run.as_str()),
        text(episode.episode.as_str()),
        or_null(episode.task.as_deref(), text),
        or_null(episode.status, |status| text(status.as_str())),
        or_null(episode.started_at, time),
        or_null(episode.finished_at, time),
        real(episode.return_.map(|score| score.get())),
        real(episode.latency_ms),
        real(episode.cost),
        or_null(episode.error.as_deref(), text),
        count(episode.steps),
        count(episode.failing),
        real(episode.mean_root),
    ]
}

/// Run, episode and step of a node, with which every row of a node begins.
fn place(run: &RunId, film: &Film, index: usize) -> Option<Row> {
    let node = film.node(index)?;
    let episode = or_null(node.episode, |episode| text(episode.as_str()));
    Some(vec![text(run.as_str()), episode, count(node.step)])
}

/// The rows of a film in `steps`.
pub(super) fn steps<'f>(run: &'f RunId, film: &'f Film) -> impl Iterator<Item = Row> + 'f {
    (0..film.len()).filter_map(move |index| {
        let (mut row, node) = (place(run, film, index)?, film.node(index)?);
        let failure = or_null(node.failure, |failure| text(failure.as_str()));
        row.extend([count(node.seq), time(node.at), real(node.root), failure, real(node.duration_ms)]);
        Some(row)
    })
}

/// The rows of a film in `scores`.
pub(super) fn scores<'f>(run: &'f RunId, film: &'f Film) -> impl Iterator<Item = Row> + 'f {
    let paths: Vec<_> = film.paths().iter().filter(|path| !is_measurement(&path.path)).collect();
    (0..film.len()).flat_map(move |index| {
        let place = place(run, film, index).unwrap_or_default();
        let scored = paths.iter().filter_map(|path| {
            let value = film.score(index, path.id)?;
            let failure = or_null(film.path_failure(index, path.id), |failure| text(failure.as_str()));
            Some([place.clone(), vec![text(&path.path), SqlValue::Real(value), failure]].concat())
        });
        scored.collect::<Vec<_>>()
    })
}

/// The rows of a film in `metrics`: of a path that was measured at steps as such those measurements, else
/// those of the nodes, as curves have them.
pub(super) fn metrics<'f>(run: &'f RunId, film: &'f Film) -> impl Iterator<Item = Row> + 'f {
    film.paths().iter().filter(|path| is_measurement(&path.path)).flat_map(move |path| {
        let end = |value| [text(&path.path), SqlValue::Real(value)];
        let measured = film.measurements(path.id, 0, u64::MAX, usize::MAX);
        let nodes = if measured.is_empty() { 0..film.len() } else { 0..0 };
        let of_steps = measured.into_iter().map(move |m| {
            [vec![text(run.as_str()), SqlValue::Null, count(m.step)], end(m.value).to_vec()].concat()
        });
        let of_nodes = nodes.filter_map(move |index| {
            let value = film.score(index, path.id)?;
            Some([place(run, film, index)?, end(value).to_vec()].concat())
        });
        of_steps.chain(of_nodes)
    })
}

/// The rows of a film in `failures`.
pub(super) fn failures<'f>(run: &'f RunId, film: &'f Film) -> impl Iterator<Item = Row> + 'f {
    let first = film.next_failure(None);
    std::iter::successors(first, |index| film.next_failure(Some(*index))).filter_map(move |index| {
        let (mut row, node) = (place(run, film, index)?, film.node(index)?);
        let cause = film.causes(index).first().copied();
        row.extend([
            or_null(node.failure, |failure| text(failure.as_str())),
            or_null(cause.and_then(|path| film.path_of(path)), |path| text(&path.path)),
            real(cause.and_then(|path| film.score(index, path))),
            real(node.root),
            time(node.at),
        ]);
        Some(row)
    })
}

/// The rows of a film in `alerts`.
pub(super) fn alerts<'f>(run: &'f RunId, film: &'f Film) -> impl Iterator<Item = Row> + 'f {
    film.alerts().map(move |alert| {
        vec![
            text(run.as_str()),
            count(alert.seq),
            time(alert.at),
            or_null(alert.step, count),
            text(alert.severity.as_str()),
            text(&alert.text),
            or_null(alert.monitor.as_deref(), text),
        ]
    })
}
