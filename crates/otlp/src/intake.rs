//! A whole request, sorted into runs.

use std::collections::BTreeMap;

use gauntlet_model::RunId;

use crate::batch::Batch;
use crate::decode::Outcome;
use crate::item::Item;
use crate::proto::{ExportLogsServiceRequest, ExportTraceServiceRequest};
use crate::runs::{self, Named};
use crate::source::Source;
use crate::{logs, spans};

/// What a request holds: a batch for each run it speaks of, and what was refused.
#[derive(Debug, Default)]
pub struct Intake {
    /// One for each run, in the order of their ids.
    pub batches: Vec<Batch>,
    /// What cannot be kept, with the reason.
    pub outcome: Outcome,
}

/// Most reasons an answer names; the rest is counted.
const MAX_REASONS: usize = 20;

impl Outcome {
    /// Notes one span or record that was refused.
    pub fn refuse(&mut self, what: &str, why: &str) {
        self.rejected += 1;
        self.say(&format!("{what}: {why}"));
    }

    /// Notes what is unusual, though kept.
    pub fn say(&mut self, what: &str) {
        let said = self.message.lines().count();
        if said < MAX_REASONS {
            self.message += if said == 0 { "" } else { "\n" };
            self.message += what;
        } else if said == MAX_REASONS {
            self.message += "\nand more";
        }
    }
}

/// An item with where it comes from, before it has a run.
struct Found<'a> {
    item: Item,
    source: &'a Source,
    explicit: Option<RunId>,
}

/// Sorts the spans of a request into runs. `settle` is told the trace and the run it would go to, and answers where the
/// trace goes: a trace stays where its first part went.
pub fn read_traces(
    request: &ExportTraceServiceRequest,
    settle: &mut dyn FnMut(&str, RunId) -> RunId,
) -> Intake {
    let mut intake = Intake::default();
    let mut sources = Vec::new();
    for resource in &request.resource_spans {
        for scope in &resource.scope_spans {
            sources.push((Source::of(resource.resource.as_ref(), scope.scope.as_ref()), &scope.spans));
        }
    }
    let mut found = Vec::new();
    for (source, spans) in &sources {
        let explicit = runs::explicit(source);
        for span in *spans {
            let read = explicit.clone().and_then(|run| Ok((run, spans::items(span, source)?)));
            match read {
                Ok((run, items)) => {
                    found.extend(items.into_iter().map(|item| Found { item, source, explicit: run.clone() }))
                }
                Err(why) => intake.outcome.refuse(&format!("span {:?}", span.name), &why),
            }
        }
    }
    sort(found, settle, &mut intake);
    intake
}

/// Sorts the log records of a request into runs; see [`read_traces`].
pub fn read_logs(request: &ExportLogsServiceRequest, settle: &mut dyn FnMut(&str, RunId) -> RunId) -> Intake {
    let mut intake = Intake::default();
    let mut sources = Vec::new();
    for resource in &request.resource_logs {
        for scope in &resource.scope_logs {
            sources.push((Source::of(resource.resource.as_ref(), scope.scope.as_ref()), &scope.log_records));
        }
    }
    let mut found = Vec::new();
    for (source, records) in &sources {
        let explicit = runs::explicit(source);
        for record in *records {
            match explicit.clone().and_then(|run| Ok((run, logs::item(record, source)?))) {
                Ok((explicit, item)) => found.push(Found { item, source, explicit }),
                Err(why) => intake.outcome.refuse(&format!("log record {:?}", record.event_name), &why),
            }
        }
    }
    sort(found, settle, &mut intake);
    intake
}

fn sort(found: Vec<Found<'_>>, settle: &mut dyn FnMut(&str, RunId) -> RunId, intake: &mut Intake) {
    // The firmest name among a trace's parts names the run of all of them.
    let mut named: BTreeMap<String, Named> = BTreeMap::new();
    for Found { item, source, .. } in &found {
        let Some(trace) = &item.episode else { continue };
        let implied = runs::implied(item, source);
        match named.get_mut(trace.as_str()) {
            Some(known) if known.firmness >= implied.firmness => {}
            Some(known) => *known = implied,
            None => drop(named.insert(trace.to_string(), implied)),
        }
    }
    let mut homes: BTreeMap<String, RunId> = BTreeMap::new();
    let mut groups: BTreeMap<RunId, (String, &Source, Vec<Item>)> = BTreeMap::new();
    for Found { item, source, explicit } in found {
        let trace = item.episode.as_ref().map(|e| e.as_str().to_owned());
        let name = match trace.as_ref().and_then(|t| named.get(t)) {
            Some(named) => named.name.clone(),
            None => runs::implied(&item, source).name,
        };
        let home = match (explicit, &trace) {
            (Some(run), _) => Ok(run),
            (None, None) => runs::run_id(&name),
            (None, Some(trace)) => match homes.get(trace) {
                Some(run) => Ok(run.clone()),
                None => runs::run_id(&name).map(|run| {
                    let run = settle(trace, run);
                    homes.insert(trace.clone(), run.clone());
                    run
                }),
            },
        };
        match home {
            Ok(run) => groups.entry(run).or_insert_with(|| (name, source, Vec::new())).2.push(item),
            Err(why) => intake.outcome.refuse(&item.what, &why),
        }
    }
    for (run, (name, source, items)) in groups {
        // Where a trace was settled elsewhere before, that run is there already and this is not asked for.
        let name = if source.own.contains_key("gauntlet.run.id") { run.to_string() } else { name };
        let spec = runs::spec(&run, &name, source, &items);
        intake.batches.push(Batch::new(run, spec, items));
    }
}
