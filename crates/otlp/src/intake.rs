//! A request, read and then routed to runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gauntlet_model::{EpisodeId, EventId, RunId, Timestamp};

use crate::batch::Batch;
use crate::decode::Decoded;
use crate::encoding::{PartialSuccess, Refusal};
use crate::item::{Item, started_id};
use crate::proto::{ExportLogsServiceRequest, ExportTraceServiceRequest, LogRecord, Span};
use crate::runs::{self, RunName};
use crate::source::Source;
use crate::{logs, spans};

/// A request that was routed: a batch for each run, and what was refused.
#[derive(Debug, Default)]
pub struct RoutedRequest {
    /// In the order of the runs' ids.
    pub batches: Vec<Batch>,
    /// What was refused, and why.
    pub outcome: PartialSuccess,
}

/// The most reasons that an answer lists.
const MAX_REASONS: usize = 20;

impl PartialSuccess {
    /// Counts one span or record that was refused.
    pub fn refuse(&mut self, what: &str, why: &str) {
        self.refuse_many(1, &format!("{what}: {why}"));
    }

    /// Counts several that were refused for one reason.
    pub fn refuse_many(&mut self, count: usize, why: &str) {
        self.rejected += i64::try_from(count).unwrap_or(i64::MAX);
        self.warn(why);
    }

    /// Adds a warning about something that was accepted.
    pub fn warn(&mut self, what: &str) {
        let lines = self.message.lines().count();
        if lines < MAX_REASONS {
            self.message += if lines == 0 { "" } else { "\n" };
            self.message += what;
        } else if lines == MAX_REASONS {
            self.message += "\nand more";
        }
    }
}

/// A request whose spans or log records were read, before it is known which runs their traces belong to.
#[derive(Debug, Default)]
pub struct ParsedRequest {
    sources: Vec<Source>,
    found: Vec<SourcedItem>,
    outcome: PartialSuccess,
}

/// An item with its source.
#[derive(Debug)]
struct SourcedItem {
    item: Item,
    /// Index into [`ParsedRequest::sources`].
    source: usize,
    /// The run that its resource names.
    explicit: Option<RunId>,
}

/// Reads the spans of a request that arrived at a time.
pub fn read_traces(decoded: Decoded<ExportTraceServiceRequest>, received: Timestamp) -> ParsedRequest {
    let Decoded { request, outcome } = decoded;
    let mut parsed = ParsedRequest { outcome, ..ParsedRequest::default() };
    for resource in &request.resource_spans {
        for scope in &resource.scope_spans {
            let source = Source::new(resource.resource.as_ref(), scope.scope.as_ref(), received);
            let name = |span: &Span| format!("span {:?}", span.name);
            parsed.add(source, &scope.spans, spans::items, name);
        }
    }
    parsed
}

/// Reads the log records of a request that arrived at a time.
pub fn read_logs(decoded: Decoded<ExportLogsServiceRequest>, received: Timestamp) -> ParsedRequest {
    let Decoded { request, outcome } = decoded;
    let mut parsed = ParsedRequest { outcome, ..ParsedRequest::default() };
    for resource in &request.resource_logs {
        for scope in &resource.scope_logs {
            let source = Source::new(resource.resource.as_ref(), scope.scope.as_ref(), received);
            let name = |record: &LogRecord| format!("log record {:?}", record.event_name);
            parsed.add(source, &scope.log_records, |r, s| Ok(vec![logs::item(r, s)?]), name);
        }
    }
    parsed
}

impl ParsedRequest {
    fn add<T>(
        &mut self,
        source: Source,
        entries: &[T],
        read: impl Fn(&T, &Source) -> Result<Vec<Item>, Refusal>,
        name: impl Fn(&T) -> String,
    ) {
        let explicit = runs::explicit(&source);
        for entry in entries {
            match explicit.clone().and_then(|run| Ok((run, read(entry, &source)?))) {
                Ok((explicit, items)) => self.found.extend(items.into_iter().map(|item| SourcedItem {
                    item,
                    source: self.sources.len(),
                    explicit: explicit.clone(),
                })),
                Err(why) => self.outcome.refuse(&name(entry), &why.to_string()),
            }
        }
        self.sources.push(source);
    }

    /// The traces with a part that names no run explicitly, each with the id of its first event: the run
    /// whose log has that event is the run of those parts.
    pub fn traces(&self) -> Vec<(EpisodeId, EventId)> {
        let unsure = self.found.iter().filter(|found| found.explicit.is_none());
        let traces: BTreeSet<&EpisodeId> = unsure.filter_map(|found| found.item.episode.as_ref()).collect();
        traces.into_iter().map(|trace| (trace.clone(), started_id(trace.as_str()))).collect()
    }

    /// The services whose current run only the caller knows: their resource does not identify their
    /// processes.
    pub fn services(&self) -> Vec<String> {
        let unsure = self.found.iter().filter(|found| found.explicit.is_none());
        let named =
            unsure.filter_map(|found| Some(runs::implied(&found.item, self.sources.get(found.source)?)));
        let services: BTreeSet<String> =
            named.filter(|named| named.is_open_ended).map(|named| named.id).collect();
        services.into_iter().collect()
    }

    /// Routes the items to runs. `settle` gets a trace and the run it would go to, and returns the run it
    /// goes to: a trace stays with the run of its first part. `services` has the run of each of
    /// [`Self::services`].
    pub fn route(
        self,
        services: &HashMap<String, RunId>,
        settle: &mut dyn FnMut(&EpisodeId, RunId) -> RunId,
    ) -> RoutedRequest {
        let Self { sources, found, mut outcome } = self;
        // The name with the highest precedence among the parts of a trace is that of all of them.
        let mut named: BTreeMap<EpisodeId, RunName> = BTreeMap::new();
        for SourcedItem { item, source, explicit } in &found {
            let (Some(trace), Some(source)) = (&item.episode, sources.get(*source)) else { continue };
            if let Some(run) = explicit {
                settle(trace, run.clone());
            }
            let implied = runs::implied(item, source);
            match named.get_mut(trace) {
                Some(known) if known.precedence >= implied.precedence => {}
                Some(known) => *known = implied,
                None => drop(named.insert(trace.clone(), implied)),
            }
        }
        let mut groups: BTreeMap<RunId, (String, &Source, Vec<Item>)> = BTreeMap::new();
        for SourcedItem { item, source, explicit } in found {
            let Some(source) = sources.get(source) else { continue };
            let named = match item.episode.as_ref().and_then(|trace| named.get(trace)) {
                Some(named) => named.clone(),
                None => runs::implied(&item, source),
            };
            let home = match (explicit, &item.episode) {
                (Some(run), _) => Ok(run),
                (None, None) => named.run(services),
                (None, Some(trace)) => named.run(services).map(|run| settle(trace, run)),
            };
            match home {
                Ok(run) => groups.entry(run).or_insert_with(|| (named.name, source, Vec::new())).2.push(item),
                Err(why) => outcome.refuse(&item.what, &why.to_string()),
            }
        }
        let batch = |(run, (name, source, items)): (RunId, (String, &Source, Vec<Item>))| {
            // Where the trace was settled in another run before, that run exists and this spec is not used.
            let name = if source.gauntlet.contains_key("gauntlet.run.id") { run.to_string() } else { name };
            if let Err(why) = runs::rules(source) {
                outcome.warn(&why.to_string());
            }
            let spec = runs::spec(&run, &name, source, &items);
            Batch::new(run, spec, items)
        };
        let batches = groups.into_iter().map(batch).collect();
        RoutedRequest { batches, outcome }
    }
}
