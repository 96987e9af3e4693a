//! Which run is meant: an id, the beginning of one, or a name.

use gauntlet_model::RunSummary;
use gauntlet_store::RunQuery;

use super::CliError;
use super::reader::Reader;
use super::screen::{count, span};
use gauntlet_engine::clock::now;

/// How alike a name must be to be offered, of 1.
const MIN_SIMILARITY: f64 = 0.75;
/// Most runs that are looked through, and most that are named in a refusal.
const MAX_RUNS: u32 = 200;
const MAX_NAMED: usize = 5;

/// The run that is meant; otherwise a sentence that lists the candidates.
pub(super) fn find(reader: &Reader<'_>, wanted: &str) -> Result<RunSummary, CliError> {
    if let Some(run) = reader.run(wanted)? {
        return Ok(run);
    }
    let query =
        |q: Option<&str>| RunQuery { q: q.map(str::to_owned), limit: MAX_RUNS, ..RunQuery::default() };
    let mut similar = reader.runs(&query(Some(wanted)))?.items;
    let is_meant = |run: &RunSummary| run.name == wanted || run.id.as_str().starts_with(wanted);
    similar.retain(is_meant);
    match similar.len() {
        1 => Ok(similar.remove(0)),
        0 => Err(unknown(wanted, &reader.runs(&query(None))?.items)),
        several => {
            let listed: Vec<_> = similar.iter().take(MAX_NAMED).map(described).collect();
            let more = if several > MAX_NAMED { "\n  ..." } else { "" };
            let listed = listed.join("\n");
            Err(CliError::Failed(format!(
                "{wanted:?} could be any of {several} runs; say its id:\n{listed}{more}"
            )))
        }
    }
}

fn described(run: &RunSummary) -> String {
    let age = span(now().micros() - run.created_at.micros());
    format!("  {}  {}  {} steps, {age} old", run.id, run.name, count(run.steps))
}

fn unknown(wanted: &str, all: &[RunSummary]) -> CliError {
    let likeness = |text: &str| strsim::jaro_winkler(&wanted.to_lowercase(), &text.to_lowercase());
    let mut alike: Vec<_> = all
        .iter()
        .map(|run| (likeness(&run.name).max(likeness(run.id.as_str())), run))
        .filter(|(likeness, _)| *likeness >= MIN_SIMILARITY)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    let hint = if all.is_empty() {
        "; there are no runs yet".to_owned()
    } else if alike.is_empty() {
        "; `gauntlet runs` lists them".to_owned()
    } else {
        let alike: Vec<_> = alike.into_iter().take(MAX_NAMED).map(|(_, run)| described(run)).collect();
        format!("; did you mean:\n{}", alike.join("\n"))
    };
    CliError::Failed(format!("there is no run {wanted:?}{hint}"))
}
