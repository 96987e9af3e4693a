//! Evaluation reports: nested twice, nested once, at the top of the file, and the flat benchmark.

use std::collections::BTreeSet;

use gauntlet_model::{Event, FailureRules, Object, RunSpec, Scores, SnapshotScored, Timestamp};
use gauntlet_values::{Decimal, Reading, number, time as instant};
use serde_json::{Value, json};

use crate::context::{Context, Head};
use crate::detailed::{self, Detail};
use crate::distinct::RepeatedKeys;
use crate::error::ImportError;
use crate::fields::{Step, insert_unique, preview};
use crate::json_span::{JsonSpan, Members};
use crate::tally::Tally;
use crate::{run, summary};

/// Keys of an entry that are its steps; all others are facts of the run.
const STEPS: [&str; 6] = ["results", "summary", "detailed_results", "rewards", "snapshots", "gauntlet"];

/// Reads a report with `results`: one entry or several, directly or one level deeper.
pub(crate) fn read_report(top: &Members<'_>, context: &mut Context<'_>) -> Result<Head, ImportError> {
    let mut entries = Vec::new();
    let mut groups: Vec<Object> = Vec::new();
    let mut shape = "half nested";
    for item in results(top)? {
        let members = item.members()?;
        if members.get("results").is_none_or(|inner| !inner.is_array()) {
            entries.push(members);
            continue;
        }
        shape = "nested";
        let facts = members.others(&STEPS, &mut context.repeats)?;
        if !facts.is_empty() && !groups.contains(&facts) {
            groups.push(facts);
        }
        for inner in results(&members)? {
            entries.push(inner.members()?);
        }
    }
    if entries.is_empty() {
        let results = top.get("results").unwrap_or(top.span);
        return Err(
            results.refuse("is an empty array", "at least one entry with `summary` and `detailed_results`")
        );
    }
    let top_facts = top.others(&STEPS, &mut context.repeats)?;
    let unread = ["summary", "detailed_results", "rewards", "snapshots"];
    for key in unread.iter().filter(|key| top.get(key).is_some()) {
        context.warnings.push(format!("top-level `{key}` was not read: the steps come from `results`"));
    }
    let time = file_time(&top_facts, context);
    let (_, mut facts) = match entries.as_slice() {
        [only] => entry(only, 0, time, context)?,
        several => all(several, time, context)?,
    };
    match groups.len() {
        0 => {}
        1 => merge_facts(&mut facts, groups.remove(0)),
        _ => insert_unique(&mut facts, "groups", json!(groups)),
    }
    merge_facts(&mut facts, top_facts);
    Ok(Head {
        spec: with_dipg_rules(run::spec(context.name, shape, "evaluation", facts)),
        notes: String::new(),
    })
}

/// Reports come from the medical environment and are judged by its rules.
fn with_dipg_rules(spec: RunSpec) -> RunSpec {
    RunSpec { rules: FailureRules::Dipg, ..spec }
}

/// Reads a report without `results`: `summary` and `detailed_results` at the top, or the flat benchmark.
pub(crate) fn read_entry(top: &Members<'_>, context: &mut Context<'_>) -> Result<Head, ImportError> {
    let flat = top.get("summary").is_none() && top.get("detailed_results").is_none();
    let (_, facts) = entry(top, 0, context.now, context)?;
    if top.get("snapshots").is_some() {
        context
            .warnings
            .push("top-level `snapshots` was not read: the steps come from the report".to_owned());
    }
    let shape = if flat { "flat benchmark" } else { "summary and detailed results" };
    Ok(Head {
        spec: with_dipg_rules(run::spec(context.name, shape, "evaluation", facts)),
        notes: String::new(),
    })
}

fn results<'a>(members: &Members<'a>) -> Result<Vec<JsonSpan<'a>>, ImportError> {
    members.get("results").map_or(Ok(Vec::new()), JsonSpan::items)
}

/// Reads several entries as one run: step numbers continue, facts are listed by entry. Returns the number of
/// steps, and the facts.
fn all(
    entries: &[Members<'_>],
    time: Timestamp,
    context: &mut Context<'_>,
) -> Result<(usize, Object), ImportError> {
    let mut before = 0;
    let mut described = Vec::new();
    for members in entries {
        let (steps, facts) = entry(members, before, time, context)?;
        let mut description = Object::new();
        description.insert("first_step".to_owned(), json!(before as u64 + 1));
        description.insert("steps".to_owned(), json!(steps as u64));
        for (key, value) in facts {
            insert_unique(&mut description, &key, value);
        }
        described.push(Value::Object(description));
        before += steps;
    }
    context.warnings.push(format!("the file holds {} entries; their steps are numbered on", entries.len()));
    Ok((before, Object::from_iter([("entries".to_owned(), Value::Array(described))])))
}

/// Reads one entry: emits its steps, numbered from `before + 1`. Returns their number, and the facts of the
/// entry.
fn entry(
    members: &Members<'_>,
    before: usize,
    time: Timestamp,
    context: &mut Context<'_>,
) -> Result<(usize, Object), ImportError> {
    let mut facts = members.others(&STEPS, &mut context.repeats)?;
    let time = match facts.get("timestamp") {
        Some(_) => file_time(&facts, context),
        None => time,
    };
    let inner = members.get("summary").map(JsonSpan::members).transpose()?;
    let mut summary_facts = match &inner {
        Some(summary) => summary.others(&["detailed_results", "rewards"], &mut context.repeats)?,
        None => Object::new(),
    };
    if inner.is_none() && members.get("rewards").is_some() {
        let (inside, rest) = facts.into_iter().partition(|(key, _)| summary::belongs(key));
        (summary_facts, facts) = (inside, rest);
    }
    let in_summary = |key: &str| inner.as_ref().and_then(|summary| summary.get(key));
    let rewards = in_summary("rewards").or_else(|| members.get("rewards"));
    let list = detailed_results(members, in_summary("detailed_results"), &mut summary_facts, context)?;
    let numbers = rewards.map(read_rewards).transpose()?;
    let steps = match (list, &numbers) {
        (Some(items), _) if !items.is_empty() || numbers.as_ref().is_none_or(Vec::is_empty) => {
            let emitted = emit_details(items, before, time, context)?;
            let steps = emitted.len();
            if let Some(numbers) = numbers.filter(|numbers| *numbers != emitted) {
                let path = members.span.path();
                let at = if path.is_empty() { "summary" } else { &path };
                context.warnings.push(format!(
                    "{at}: `rewards` differ from the rewards of the detailed results, which count"
                ));
                summary_facts.insert("rewards".to_owned(), json!(numbers));
            }
            steps
        }
        (list, Some(numbers)) => {
            if list.is_some() || inner.is_some() {
                context
                    .warnings
                    .push("there are no detailed results: the steps hold only rewards".to_owned());
            }
            emit_rewards(members.span, numbers, &summary_facts, before, time, context)?
        }
        (_, None) => {
            let expected = "`detailed_results` or `summary.rewards`";
            return Err(members.span.refuse("has neither detailed results nor rewards", expected));
        }
    };
    if !summary_facts.is_empty() {
        insert_unique(&mut facts, "summary", Value::Object(summary_facts));
    }
    Ok((steps, facts))
}

/// The detailed results of an entry. Reports often have a copy inside the summary, which is dropped if it is
/// equal.
fn detailed_results<'a>(
    members: &Members<'a>,
    copy: Option<JsonSpan<'a>>,
    summary_facts: &mut Object,
    context: &mut Context<'_>,
) -> Result<Option<Vec<JsonSpan<'a>>>, ImportError> {
    match (members.get("detailed_results"), copy) {
        (Some(list), Some(copy)) => {
            let copied = copy.value(&mut context.repeats)?;
            if list.value(&mut RepeatedKeys::default())? != copied {
                let path = copy.path();
                context
                    .warnings
                    .push(format!("{path} differs from the entry's own detailed results, which count"));
                summary_facts.insert("detailed_results".to_owned(), copied);
            }
            list.items().map(Some)
        }
        (Some(only), None) | (None, Some(only)) => only.items().map(Some),
        (None, None) => Ok(None),
    }
}

/// A list of rewards; `None` where one was not evaluated.
fn read_rewards(span: JsonSpan<'_>) -> Result<Vec<Option<f64>>, ImportError> {
    let read = |item: JsonSpan<'_>| {
        let value = item.value(&mut RepeatedKeys::default())?;
        match number(&value, Decimal::Point) {
            Reading::Value(reward) => Ok(Some(reward)),
            Reading::NotEvaluated => Ok(None),
            Reading::Invalid => Err(item.refuse(format!("is {}", preview(&value)), "a finite number")),
        }
    };
    span.items()?.into_iter().map(read).collect()
}

/// Emits steps from detailed results, in the order of their indices; returns their rewards in that order.
fn emit_details(
    mut items: Vec<JsonSpan<'_>>,
    before: usize,
    time: Timestamp,
    context: &mut Context<'_>,
) -> Result<Vec<Option<f64>>, ImportError> {
    order(&mut items, context);
    let mut rewards = Vec::with_capacity(items.len());
    let mut tally = Tally::default();
    for (k, item) in items.into_iter().enumerate() {
        let Detail { reward, at, body, mut fields } = detailed::read(item)?;
        rewards.push(reward.or_else(|| body.scores.root()));
        tally.add(std::mem::take(&mut fields.tally));
        let at = at.unwrap_or(time);
        let event = fields.event((context.ids)(), at, None, Some(step_at(before + k)), body)?;
        (context.emit)(event)?;
    }
    context.warnings.extend(tally.notes());
    Ok(rewards)
}

/// The index of a detailed result, parsed alone: the rest is parsed one at a time.
#[derive(serde::Deserialize)]
struct Indexed {
    #[serde(default)]
    index: Option<Value>,
}

/// Sorts detailed results by index if every one has its own; otherwise warns.
fn order(items: &mut Vec<JsonSpan<'_>>, context: &mut Context<'_>) {
    let index = |item: &JsonSpan<'_>| {
        let indexed: Option<Indexed> = serde_json::from_str(item.raw).ok();
        indexed.and_then(|indexed| indexed.index?.as_u64())
    };
    let all: Vec<Option<u64>> = items.iter().map(index).collect();
    let indices: Vec<u64> = all.iter().flatten().copied().collect();
    if indices.is_empty() || indices.is_sorted_by(|a, b| a < b) && indices.len() == items.len() {
        return;
    }
    if indices.len() == items.len() && indices.iter().collect::<BTreeSet<_>>().len() == items.len() {
        let mut indexed: Vec<_> = indices.into_iter().zip(items.drain(..)).collect();
        indexed.sort_by_key(|(index, _)| *index);
        items.extend(indexed.into_iter().map(|(_, item)| item));
        context
            .warnings
            .push("the detailed results stand out of order; they were ordered by their index".to_owned());
    } else {
        context
            .warnings
            .push("indices of detailed results repeat or are missing; the file's order counts".to_owned());
    }
}

/// Emits steps from rewards alone; returns their number.
fn emit_rewards(
    span: JsonSpan<'_>,
    rewards: &[Option<f64>],
    summary_facts: &Object,
    before: usize,
    time: Timestamp,
    context: &mut Context<'_>,
) -> Result<usize, ImportError> {
    let refuse = |e: gauntlet_model::FieldError| span.refuse(e.to_string(), "finite rewards");
    let mut tally = Tally::default();
    for (i, reward) in rewards.iter().enumerate() {
        let scores = Scores::new(reward.iter().map(|reward| ("root", *reward))).map_err(refuse)?;
        tally.not_evaluated += u64::from(reward.is_none());
        let body = SnapshotScored {
            scores,
            not_evaluated: reward.is_none().then(|| "root".to_owned()).into_iter().collect(),
            failures: summary::failures_at(summary_facts, i),
            ..SnapshotScored::default()
        };
        let step = Some(step_at(before + i));
        (context.emit)(Event::new((context.ids)(), time, None, step, body).map_err(refuse)?)?;
    }
    context.warnings.extend(tally.notes());
    Ok(rewards.len())
}

/// The step of the result at index `k`: steps count from 1. One that is too large is refused by the event.
fn step_at(k: usize) -> Step {
    Step::try_from(k + 1).unwrap_or(Step::MAX)
}

/// The time that a report gives for itself; a warning where it cannot be read.
fn file_time(facts: &Object, context: &mut Context<'_>) -> Timestamp {
    let Some(value) = facts.get("timestamp").filter(|v| !v.is_null()) else { return context.now };
    instant(value).value().unwrap_or_else(|| {
        context
            .warnings
            .push(format!("timestamp {} is not a time; the time of the import stands in", preview(value)));
        context.now
    })
}

/// Merges outer facts into inner ones: equal ones once, differing ones under `outer`.
fn merge_facts(facts: &mut Object, outer: Object) {
    let mut differing = Object::new();
    for (key, value) in outer {
        match facts.get(&key) {
            None => {
                facts.insert(key, value);
            }
            Some(known) if *known == value => {}
            Some(_) => {
                differing.insert(key, value);
            }
        }
    }
    if !differing.is_empty() {
        insert_unique(facts, "outer", Value::Object(differing));
    }
}
