//! What the log knows of events that were found: run, step, the scores that count.

use std::collections::{HashMap, HashSet};

use gauntlet_film::{Base, overlay, path_failure};
use gauntlet_model::{Kind, RunId, Timestamp};
use sqlx::AssertSqlSafe;

use super::rows::{DESCRIPTION, described, log_fault};
use crate::StoreError;
use crate::database::DbRow;
use crate::database::body::{self, JudgedBody};
use crate::database::connection::Snapshot;
use crate::database::dialect::Dialect;
use crate::database::fault::corrupt;
use crate::database::kinds::{SCORE_ADDED, SNAPSHOT_SCORED};
use crate::database::query::query;
use crate::database::revisit::later_score;
use crate::database::rows::{episode, evidence, failure, rules};
use crate::database::seq_of;
use crate::database::value::Value;
use crate::search::{Document, FailureFilter, Hit, Judged};

/// Joins the snapshot `s` that counts for an event `e`: the newest of its step and episode. Its `root` and
/// `failure` are those of the step in its current state, later scores applied.
fn counting(dialect: Dialect) -> String {
    let (log, same) = (dialect.log(), dialect.same_episode("x.episode", "e.episode"));
    format!(
        "LEFT JOIN {log}events s ON s.place = (SELECT max(x.place) FROM {log}events x
            WHERE x.run_no = e.run_no AND x.step = e.step AND x.kind = {SNAPSHOT_SCORED} AND {same})"
    )
}

/// The columns that decide whether the step of an event `e` of the run `r` fails, without its later scores.
fn judged_columns(dialect: Dialect) -> String {
    let (log, same) = (dialect.log(), dialect.same_episode("x.episode", "e.episode"));
    format!(
        "s.body AS counting_body, s.place AS counting_place, s.root, s.failure, r.rules, p.evidence,
         (SELECT count(*) FROM {log}events x WHERE x.run_no = e.run_no AND x.step = e.step
            AND x.kind = {SNAPSHOT_SCORED} AND {same}) AS snapshots"
    )
}

/// The events `e` at the places of the first parameter, with their runs `r` and the progress `p` of these.
fn asked_events(dialect: Dialect) -> String {
    let (log, asked, joins) = (dialect.log(), dialect.asked_values("?1"), dialect.joins_in_order());
    format!(
        "{asked} {joins} {log}events e ON e.place = asked.value
         JOIN {log}runs r ON r.run_no = e.run_no JOIN {log}progress p ON p.run_no = e.run_no"
    )
}

/// A later score of a node: its place in the log, its path, its value.
type LaterScore = (u64, String, f64);

/// One event that was found; the hit still without its snippet.
pub(super) struct Detail {
    pub place: i64,
    pub document: Document,
    pub hit: Hit,
}

/// The verdict on a step, from the columns [`JUDGED`] and its later scores.
fn judged(row: &DbRow, later: &[LaterScore]) -> Result<Option<Judged>, StoreError> {
    let Some(body) = body::optional(row, "counting_body").map_err(log_fault)? else { return Ok(None) };
    let JudgedBody { scores, failures } = serde_json::from_str(&body).map_err(corrupt)?;
    let asked = rules(row.try_get("rules").map_err(log_fault)?)?;
    let rule = evidence(row.try_get("evidence").map_err(log_fault)?).rule(asked);
    let seq = seq_of(row.try_get("counting_place").map_err(log_fault)?);
    let base = Base { seq, is_only: row.try_get::<i64, _>("snapshots").map_err(log_fault)? == 1 };
    let later = later.iter().map(|(seq, path, value)| (*seq, path.as_str(), *value));
    let effective = overlay(base, scores.iter(), later);
    // In the order of the snapshot; after it what only later scores have.
    let scored = scores.iter().filter_map(|(path, _)| effective.get_key_value(path));
    let added = effective.iter().filter(|(path, _)| scores.get(path).is_none());
    let failing = scored.chain(added).filter_map(|(path, value)| {
        let (path, value) = (*path, *value);
        path_failure(rule, path, value).map(|failure| (path.to_owned(), value, failure))
    });
    Ok(Some(Judged {
        root: row.try_get("root").map_err(log_fault)?,
        failure: failure(row.try_get("failure").map_err(log_fault)?)?,
        failing: failing.collect(),
        declared: failures,
    }))
}

/// Which of these events belong to steps that fail in the way asked for.
pub(super) async fn failing(
    db: &mut Snapshot,
    places: &[i64],
    fails: &FailureFilter,
) -> Result<HashSet<i64>, StoreError> {
    let dialect = db.dialect();
    let sql = format!(
        "SELECT e.place, {} FROM {} {} WHERE s.failure IS NOT NULL",
        judged_columns(dialect),
        asked_events(dialect),
        counting(dialect)
    );
    let rows = query(AssertSqlSafe(sql)).bind(list(places)).all(&mut *db).await.map_err(log_fault)?;
    let later = LaterScores::read(db, places).await?;
    let mut found = HashSet::new();
    for row in &rows {
        let place: i64 = row.try_get("place").map_err(log_fault)?;
        let is_failing = match fails {
            FailureFilter::Any => true,
            FailureFilter::By(_) => judged(row, later.of(place))?.is_some_and(|judged| judged.fails(fails)),
        };
        if is_failing {
            found.insert(place);
        }
    }
    Ok(found)
}

/// The events at these places, those of runs that are still there.
pub(super) async fn details(db: &mut Snapshot, places: &[i64]) -> Result<Vec<Detail>, StoreError> {
    let dialect = db.dialect();
    let sql = format!(
        "SELECT e.place, e.at, e.kind AS event_kind, e.episode, e.step, e.body, {}, {DESCRIPTION}
         FROM {} {}",
        judged_columns(dialect),
        asked_events(dialect),
        counting(dialect)
    );
    let rows = query(AssertSqlSafe(sql)).bind(list(places)).all(&mut *db).await.map_err(log_fault)?;
    let later = LaterScores::read(db, places).await?;
    rows.iter().map(|row| detail(row, &later)).collect()
}

fn detail(row: &DbRow, later: &LaterScores) -> Result<Detail, StoreError> {
    let text = |column| row.try_get::<&str, _>(column).map_err(log_fault);
    let place: i64 = row.try_get("place").map_err(log_fault)?;
    let kind = text("event_kind")?;
    let kind =
        Kind::from_name(kind).ok_or_else(|| corrupt(format!("an event is of the unknown kind {kind:?}")))?;
    let step: Option<i64> = row.try_get("step").map_err(log_fault)?;
    // A run's first event is shown as the run is called today.
    let document = match seq_of(place) {
        0 => described(row)?,
        _ => Document::of_event(kind, &body::of(row, "body").map_err(log_fault)?),
    };
    let hit = Hit {
        run: RunId::new(text("id")?).map_err(corrupt)?,
        run_name: text("name")?.to_owned(),
        project: text("project")?.to_owned(),
        seq: seq_of(place),
        at: Timestamp::from_micros(row.try_get("at").map_err(log_fault)?),
        kind,
        episode: episode(row.try_get("episode").map_err(log_fault)?)?,
        step: step.map(u64::try_from).transpose().map_err(corrupt)?,
        judged: judged(row, later.of(place))?,
        field: None,
        snippet: Vec::new(),
        rank: None,
    };
    Ok(Detail { place, document, hit })
}

/// The later scores of the nodes of events, by the place of the event.
struct LaterScores(HashMap<i64, Vec<LaterScore>>);

impl LaterScores {
    async fn read(db: &mut Snapshot, places: &[i64]) -> Result<Self, StoreError> {
        let dialect = db.dialect();
        let (log, joins) = (dialect.log(), dialect.joins_in_order());
        let sql = format!(
            "SELECT e.place AS event, x.place, x.body
             FROM {} {joins} {log}events e ON e.place = asked.value
             {joins} {log}events x ON x.run_no = e.run_no AND x.step = e.step AND {}
             WHERE x.kind = {SCORE_ADDED}",
            dialect.asked_values("?1"),
            dialect.same_episode("x.episode", "e.episode")
        );
        let rows = query(AssertSqlSafe(sql)).bind(list(places)).all(db).await.map_err(log_fault)?;
        let mut found: HashMap<i64, Vec<LaterScore>> = HashMap::new();
        for row in &rows {
            if let Some((path, value)) = later_score(&body::of(row, "body").map_err(log_fault)?) {
                let seq = seq_of(row.try_get("place").map_err(log_fault)?);
                found.entry(row.try_get("event").map_err(log_fault)?).or_default().push((seq, path, value));
            }
        }
        Ok(Self(found))
    }

    fn of(&self, event: i64) -> &[LaterScore] {
        self.0.get(&event).map_or(&[], Vec::as_slice)
    }
}

fn list(places: &[i64]) -> Value {
    Value::Integers(places.to_vec())
}
