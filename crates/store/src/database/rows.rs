//! From stored rows to the model's types.

use gauntlet_film::Evidence;
use gauntlet_model::{
    Contact, EpisodeId, EventId, FailureKind, FailureRules, Kind, Record, RuleInForce, RunId, RunSummary,
    Severity, Status, Timestamp,
};

use super::body;
use super::columns::DbRow;
use super::fault::{corrupt, fault};
use super::seq_of;
use crate::StoreError;
use crate::row::Failure;

/// Columns [`record`] reads.
pub(super) const RECORD: &str = "place, id, received_at, at, kind, version, episode, step, body";

/// The record of a row. Where it cannot be read any more, a `gap` takes its place: the events around it stay
/// readable.
pub(super) fn record(row: &DbRow) -> Result<Record, StoreError> {
    let checked = |record: Record| record.event().map(|_| record).map_err(Unreadable::from);
    or_gap(row, stored(row).and_then(checked))
}

/// As [`record`], with the body as it is stored.
pub(super) fn unchecked(row: &DbRow) -> Result<Record, StoreError> {
    or_gap(row, stored(row))
}

/// Why a row is not a record; it becomes the reason of a `gap`.
type Unreadable = Box<dyn std::error::Error + Send + Sync>;

/// The record, or a `gap` in its place.
fn or_gap(row: &DbRow, record: Result<Record, Unreadable>) -> Result<Record, StoreError> {
    let place: i64 = row.try_get("place").map_err(fault)?;
    Ok(record.unwrap_or_else(|why| unreadable(place, row.try_get("received_at").ok(), &why)))
}

/// A `gap` in the place of an event that cannot be read.
pub(super) fn unreadable(place: i64, received_at: Option<i64>, why: &dyn std::fmt::Display) -> Record {
    let seq = seq_of(place);
    tracing::error!(place, seq, %why, "a stored event cannot be read");
    let id = EventId::from_u128(place as u128);
    Record::unreadable(seq, Timestamp::from_micros(received_at.unwrap_or_default()), id, why)
}

/// The record of a row, with the body as it is stored; or why there is none.
fn stored(row: &DbRow) -> Result<Record, Unreadable> {
    let number = |column| row.try_get::<i64, _>(column);
    let id: &[u8] = row.try_get("id")?;
    let id: [u8; 16] = id.try_into().map_err(|_| "its id is not 16 bytes")?;
    let kind: &str = row.try_get("kind")?;
    let step: Option<i64> = row.try_get("step")?;
    let episode: Option<String> = row.try_get("episode")?;
    Ok(Record {
        seq: seq_of(number("place")?),
        received_at: Timestamp::from_micros(number("received_at")?),
        id: EventId::from_u128(u128::from_be_bytes(id)),
        at: Timestamp::from_micros(number("at")?),
        kind: Kind::from_name(kind).ok_or_else(|| format!("{kind:?} is not a kind of event"))?,
        version: u16::try_from(number("version")?)?,
        episode: episode.map(EpisodeId::new).transpose()?,
        step: step.map(u64::try_from).transpose()?,
        body: body::of(row, "body")?.into_owned(),
    })
}

pub(crate) fn episode(stored: Option<String>) -> Result<Option<EpisodeId>, StoreError> {
    stored.map(EpisodeId::new).transpose().map_err(corrupt)
}

pub(crate) fn failure(stored: Option<&str>) -> Result<Option<FailureKind>, StoreError> {
    Ok(cause(stored)?.map(Failure::kind))
}

/// Why a node fails.
pub(crate) fn cause(stored: Option<&str>) -> Result<Option<Failure>, StoreError> {
    let Some(word) = stored else { return Ok(None) };
    Failure::from_word(word).map(Some).ok_or_else(|| corrupt(format!("{word:?} is not a failure")))
}

/// The rules a run asked for, from its column.
pub(crate) fn rules(stored: Option<&str>) -> Result<FailureRules, StoreError> {
    stored.map_or(Ok(FailureRules::Auto), |text| serde_json::from_str(text).map_err(corrupt))
}

/// The severity of that word.
pub(crate) fn severity(word: &str) -> Result<Severity, StoreError> {
    word.parse().map_err(corrupt)
}

/// What a run's scores have shown, from its column.
pub(crate) fn evidence(stored: Option<i64>) -> Evidence {
    Evidence::from_bits(stored.and_then(|bits| u8::try_from(bits).ok()).unwrap_or_default())
}

/// Columns [`summary`] reads, of `runs r JOIN progress p`.
pub(super) const SUMMARY: &str = "r.run_no, r.id, r.name, r.project, r.kind, r.agent, r.task, r.tags, \
    r.notes, r.config, r.metadata, r.created_at, p.status, p.updated_at, p.head, p.steps, p.episodes, \
    p.failing, p.scored_count, p.mean_root, p.last_root, p.max_step, p.contact_at, p.contact_lost, r.rules, \
    p.evidence, p.alerts, p.alert_severity";

pub(super) fn summary(row: &DbRow) -> Result<RunSummary, StoreError> {
    let text = |column| row.try_get::<String, _>(column).map_err(fault);
    let optional = |column| row.try_get::<Option<String>, _>(column).map_err(fault);
    let count = |column| row.try_get::<i64, _>(column).map(i64::unsigned_abs).map_err(fault);
    let time = |column| row.try_get(column).map(Timestamp::from_micros).map_err(fault);
    let mean_root: f64 = row.try_get("mean_root").map_err(fault)?;
    let status: Status = text("status")?.parse().map_err(corrupt)?;
    let updated_at = time("updated_at")?;
    let contact_at: Option<i64> = row.try_get("contact_at").map_err(fault)?;
    let contact = Contact {
        last_at: updated_at.max(Timestamp::from_micros(contact_at.unwrap_or(i64::MIN))),
        lost: row.try_get("contact_lost").map_err(fault)?,
    };
    let rules = rules(row.try_get("rules").map_err(fault)?)?;
    let rule = evidence(row.try_get("evidence").map_err(fault)?).rule(rules);
    Ok(RunSummary {
        id: RunId::new(text("id")?).map_err(corrupt)?,
        name: text("name")?,
        project: text("project")?,
        kind: text("kind")?,
        agent: optional("agent")?,
        task: optional("task")?,
        tags: serde_json::from_str(&text("tags")?).map_err(corrupt)?,
        notes: text("notes")?,
        config: serde_json::from_str(&text("config")?).map_err(corrupt)?,
        metadata: serde_json::from_str(&text("metadata")?).map_err(corrupt)?,
        created_at: time("created_at")?,
        status,
        updated_at,
        head: count("head")?,
        steps: count("steps")?,
        episodes: count("episodes")?,
        failing: count("failing")?,
        rules,
        failure_rule: RuleInForce::of(rules, rule),
        mean_root: (count("scored_count")? > 0).then_some(mean_root),
        last_root: row.try_get("last_root").map_err(fault)?,
        last_step: row.try_get::<Option<i64>, _>("max_step").map_err(fault)?.map(i64::unsigned_abs),
        alerts: count("alerts")?,
        alert_severity: optional("alert_severity")?.as_deref().map(severity).transpose()?,
        contact: (!status.is_final()).then_some(contact),
    })
}
