//! Evaluation reports: nested twice, nested once, at the top of the file, and the flat benchmark.

use std::collections::BTreeSet;

use gauntlet_model::{Event, Object, Scores, SnapshotScored, Timestamp};
use serde_json::{Value, json};

use crate::detailed::{self, Detail};
use crate::error::ImportError;
use crate::fields::{instant, keep, said};
use crate::import::{Context, Read};
use crate::piece::{Members, Piece};
use crate::{run, summary};

/// Keys of an entry that are read as steps, not kept as facts.
const STEPS: [&str; 6] = ["results", "summary", "detailed_results", "rewards", "snapshots", "gauntlet"];

/// A report under `results`: one entry or several, directly or one level further in.
pub(crate) fn of_report(top: &Members<'_>, context: &mut Context<'_>) -> Result<Read, ImportError> {
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
        let facts = members.others(&STEPS)?;
        if !facts.is_empty() && !groups.contains(&facts) {
            groups.push(facts);
        }
        for inner in results(&members)? {
            entries.push(inner.members()?);
        }
    }
    if entries.is_empty() {
        let results = top.get("results").unwrap_or(top.piece);
        return Err(
            results.refuse("is an empty array", "at least one entry with `summary` and `detailed_results`")
        );
    }
    let top_facts = top.others(&STEPS)?;
    let unread = ["summary", "detailed_results", "rewards", "snapshots"];
    for key in unread.iter().filter(|key| top.get(key).is_some()) {
        context.warnings.push(format!("top-level `{key}` was not read: the steps come from `results`"));
    }
    let time = file_time(&top_facts, context);
    let (events, mut facts) = match entries.as_slice() {
        [only] => entry(only, 0, time, context)?,
        several => all(several, time, context)?,
    };
    match groups.len() {
        0 => {}
        1 => absorb(&mut facts, groups.remove(0)),
        _ => keep(&mut facts, "groups", json!(groups)),
    }
    absorb(&mut facts, top_facts);
    Ok(Read { spec: run::spec(context.name, shape, "evaluation", facts), notes: String::new(), events })
}

/// A report without `results`: `summary` and `detailed_results` at the top, or the flat benchmark.
pub(crate) fn of_entry(top: &Members<'_>, context: &mut Context<'_>) -> Result<Read, ImportError> {
    let flat = top.get("summary").is_none() && top.get("detailed_results").is_none();
    let (events, facts) = entry(top, 0, context.now, context)?;
    if top.get("snapshots").is_some() {
        context
            .warnings
            .push("top-level `snapshots` was not read: the steps come from the report".to_owned());
    }
    let shape = if flat { "flat benchmark" } else { "summary and detailed results" };
    Ok(Read { spec: run::spec(context.name, shape, "evaluation", facts), notes: String::new(), events })
}

fn results<'a>(members: &Members<'a>) -> Result<Vec<Piece<'a>>, ImportError> {
    members.get("results").map_or(Ok(Vec::new()), Piece::items)
}

/// Several entries as one run: steps numbered on, the facts of each kept apart.
fn all(
    entries: &[Members<'_>],
    time: Timestamp,
    context: &mut Context<'_>,
) -> Result<(Vec<Event>, Object), ImportError> {
    let mut events = Vec::new();
    let mut kept = Vec::new();
    for members in entries {
        let before = events.len();
        let (mut steps, facts) = entry(members, before, time, context)?;
        let mut said = Object::new();
        said.insert("first_step".to_owned(), json!(before as u64 + 1));
        said.insert("steps".to_owned(), json!(steps.len() as u64));
        for (key, value) in facts {
            keep(&mut said, &key, value);
        }
        kept.push(Value::Object(said));
        events.append(&mut steps);
    }
    context.warnings.push(format!("the file holds {} entries; their steps are numbered on", entries.len()));
    Ok((events, Object::from_iter([("entries".to_owned(), Value::Array(kept))])))
}

/// One entry: its steps, numbered from `before + 1`, and its facts.
fn entry(
    members: &Members<'_>,
    before: usize,
    time: Timestamp,
    context: &mut Context<'_>,
) -> Result<(Vec<Event>, Object), ImportError> {
    let mut facts = members.others(&STEPS)?;
    let time = match facts.get("timestamp") {
        Some(_) => file_time(&facts, context),
        None => time,
    };
    let inner = members.get("summary").map(Piece::members).transpose()?;
    let mut said = match &inner {
        Some(summary) => summary.others(&["detailed_results", "rewards"])?,
        None => Object::new(),
    };
    if inner.is_none() && members.get("rewards").is_some() {
        let (own, rest) = facts.into_iter().partition(|(key, _)| summary::belongs(key));
        (said, facts) = (own, rest);
    }
    let in_summary = |key: &str| inner.as_ref().and_then(|summary| summary.get(key));
    let rewards = in_summary("rewards").or_else(|| members.get("rewards"));
    let list = detailed_results(members, in_summary("detailed_results"), &mut said, context)?;
    let numbers = rewards.map(read_rewards).transpose()?;
    let events = match (list, &numbers) {
        (Some(items), _) if !items.is_empty() || numbers.as_ref().is_none_or(Vec::is_empty) => {
            let (events, own) = of_details(items, before, time, context)?;
            if let Some(numbers) = numbers.filter(|numbers| *numbers != own) {
                let place = members.piece.path();
                let at = if place.is_empty() { "summary" } else { &place };
                context.warnings.push(format!(
                    "{at}: `rewards` differ from the rewards of the detailed results, which count"
                ));
                said.insert("rewards".to_owned(), json!(numbers));
            }
            events
        }
        (list, Some(numbers)) => {
            if list.is_some() || inner.is_some() {
                context
                    .warnings
                    .push("there are no detailed results: the steps hold only rewards".to_owned());
            }
            of_rewards(members.piece, numbers, &said, before, time, context)?
        }
        (_, None) => {
            let expected = "`detailed_results` or `summary.rewards`";
            return Err(members.piece.refuse("has neither detailed results nor rewards", expected));
        }
    };
    if !said.is_empty() {
        keep(&mut facts, "summary", Value::Object(said));
    }
    Ok((events, facts))
}

/// The detailed results of an entry. Reports often repeat them inside the summary; an equal copy is dropped.
fn detailed_results<'a>(
    members: &Members<'a>,
    copy: Option<Piece<'a>>,
    said: &mut Object,
    context: &mut Context<'_>,
) -> Result<Option<Vec<Piece<'a>>>, ImportError> {
    match (members.get("detailed_results"), copy) {
        (Some(own), Some(copy)) => {
            let copied = copy.value()?;
            if own.value()? != copied {
                let path = copy.path();
                context
                    .warnings
                    .push(format!("{path} differs from the entry's own detailed results, which count"));
                said.insert("detailed_results".to_owned(), copied);
            }
            own.items().map(Some)
        }
        (Some(only), None) | (None, Some(only)) => only.items().map(Some),
        (None, None) => Ok(None),
    }
}

fn read_rewards(piece: Piece<'_>) -> Result<Vec<f64>, ImportError> {
    let number = |item: Piece<'_>| {
        let value = item.value()?;
        value.as_f64().ok_or_else(|| item.refuse(format!("is {}", said(&value)), "a finite number"))
    };
    piece.items()?.into_iter().map(number).collect()
}

/// Steps from detailed results, in the order of their indices, and their rewards in that order.
fn of_details(
    items: Vec<Piece<'_>>,
    before: usize,
    time: Timestamp,
    context: &mut Context<'_>,
) -> Result<(Vec<Event>, Vec<f64>), ImportError> {
    let mut details = items.into_iter().map(detailed::read).collect::<Result<Vec<_>, _>>()?;
    order(&mut details, context);
    let mut rewards = Vec::with_capacity(details.len());
    let mut events = Vec::with_capacity(details.len());
    for (k, detail) in details.into_iter().enumerate() {
        let Detail { reward, at, body, fields, .. } = detail;
        rewards.extend(reward.or_else(|| body.scores.root()));
        events.push(fields.event(
            (context.ids)(),
            at.unwrap_or(time),
            None,
            Some(number(before + k)),
            body,
        )?);
    }
    Ok((events, rewards))
}

/// Puts details in the order of their indices, where every one has its own; says where that is not so.
fn order(details: &mut [Detail<'_>], context: &mut Context<'_>) {
    let indices: Vec<u64> = details.iter().filter_map(|d| d.index).collect();
    if indices.is_empty() || indices.is_sorted_by(|a, b| a < b) && indices.len() == details.len() {
        return;
    }
    if indices.len() == details.len() && indices.iter().collect::<BTreeSet<_>>().len() == details.len() {
        details.sort_by_key(|d| d.index);
        context
            .warnings
            .push("the detailed results stand out of order; they were ordered by their index".to_owned());
    } else {
        context
            .warnings
            .push("indices of detailed results repeat or are missing; the file's order counts".to_owned());
    }
}

/// Steps from bare rewards.
fn of_rewards(
    piece: Piece<'_>,
    rewards: &[f64],
    said: &Object,
    before: usize,
    time: Timestamp,
    context: &mut Context<'_>,
) -> Result<Vec<Event>, ImportError> {
    let refuse = |e: gauntlet_model::FieldError| piece.refuse(e.to_string(), "finite rewards");
    let mut events = Vec::with_capacity(rewards.len());
    for (i, reward) in rewards.iter().enumerate() {
        let scores = Scores::new([("root", *reward)]).map_err(refuse)?;
        let body =
            SnapshotScored { scores, failures: summary::failures_at(said, i), ..SnapshotScored::default() };
        events.push(Event::new((context.ids)(), time, None, Some(number(before + i)), body).map_err(refuse)?);
    }
    Ok(events)
}

/// The step of the result at position `k`: steps count from 1. What does not fit is refused by the event.
fn number(k: usize) -> u64 {
    (k as u64).saturating_add(1)
}

/// The time a report gives for itself; said aloud where it cannot be read.
fn file_time(facts: &Object, context: &mut Context<'_>) -> Timestamp {
    let Some(value) = facts.get("timestamp").filter(|v| !v.is_null()) else { return context.now };
    instant(value).map_or_else(
        || {
            context
                .warnings
                .push(format!("timestamp {} is not a time; the time of the import stands in", said(value)));
            context.now
        },
        |(_, at)| at,
    )
}

/// Adds outer facts to inner ones: equal ones once, differing ones under `outer`.
fn absorb(facts: &mut Object, outer: Object) {
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
        keep(facts, "outer", Value::Object(differing));
    }
}
