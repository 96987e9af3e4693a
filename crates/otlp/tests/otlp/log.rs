//! A log in memory that takes requests as the server does, and short functions to build them.

use std::collections::BTreeMap;

use gauntlet_model::{Body, Event, Kind, Record, RunId, RunSpec, SnapshotScored, StepRecorded, Timestamp};
use gauntlet_otlp::proto::{
    AnyValue, ExportLogsServiceRequest, ExportTraceServiceRequest, KeyValue, LogRecord, Resource,
    ResourceLogs, ResourceSpans, ScopeLogs, ScopeSpans, Span, SpanEvent, any_value,
};
use gauntlet_otlp::{Decoded, ParsedRequest, PartialSuccess, RoutedRequest, read_logs, read_traces};

pub(crate) const TRACE: [u8; 16] = [0x4b; 16];
/// What the times of these tests are counted from, in seconds since 1970.
const EPOCH: i64 = 1_700_000_000;

/// The runs of one server.
#[derive(Default)]
pub(crate) struct Log {
    pub runs: BTreeMap<String, (RunSpec, Vec<Event>)>,
}

impl Log {
    pub(crate) fn traces(&mut self, request: &ExportTraceServiceRequest) -> PartialSuccess {
        self.decoded_traces(request.clone().into())
    }

    pub(crate) fn logs(&mut self, request: &ExportLogsServiceRequest) -> PartialSuccess {
        self.take(read_logs(request.clone().into(), received()))
    }

    /// A request as it was decoded, with what could not be.
    pub(crate) fn decoded_traces(&mut self, decoded: Decoded<ExportTraceServiceRequest>) -> PartialSuccess {
        self.take(read_traces(decoded, received()))
    }

    fn take(&mut self, parsed: ParsedRequest) -> PartialSuccess {
        // The log tells which run a trace began in.
        let mut homes = BTreeMap::new();
        for (trace, id) in parsed.traces() {
            let home = self.runs.iter().find(|(_, (_, events))| events.iter().any(|e| e.id() == id));
            homes.extend(home.map(|(run, _)| (trace, RunId::new(run.clone()).unwrap())));
        }
        let routed = parsed
            .route(&Default::default(), &mut |trace, run| homes.entry(trace.clone()).or_insert(run).clone());
        self.keep(routed)
    }

    fn keep(&mut self, routed: RoutedRequest) -> PartialSuccess {
        let mut outcome = routed.outcome;
        for batch in routed.batches {
            let run = batch.run().to_string();
            let (_, events) = self.runs.entry(run).or_insert_with(|| (batch.spec().clone(), Vec::new()));
            let asked = batch.lookup_ids();
            let found =
                events.iter().filter(|e| asked.contains(&e.id())).map(|e| (e.id(), e.step())).collect();
            let numbered = batch.assign_steps(found, events.iter().filter_map(Event::step).max());
            let asked = numbered.lookup_steps().to_vec();
            let is_asked = |e: &Event| {
                asked.iter().any(|(step, episode)| e.step() == Some(*step) && e.episode() == Some(episode))
            };
            let kinds = [Kind::StepRecorded, Kind::SnapshotScored, Kind::ScoreAdded];
            let history = events.iter().filter(|e| kinds.contains(&e.kind()) && is_asked(e));
            let history: Vec<Record> = history.map(|e| e.record(0, e.at())).collect();
            let plan = numbered.events(&history);
            for event in &plan.events {
                assert!(events.iter().all(|known| known.id() != event.id()), "{event:?} is appended twice");
            }
            events.extend(plan.events);
            outcome.rejected += plan.outcome.rejected;
            outcome.message += &plan.outcome.message;
        }
        outcome
    }

    /// The only run.
    #[track_caller]
    pub(crate) fn only(&self) -> &[Event] {
        assert_eq!(self.runs.len(), 1, "{:?}", self.runs.keys());
        &self.runs.values().next().unwrap().1
    }

    /// The recorded steps of the only run, without judgements.
    pub(crate) fn steps(&self) -> Vec<(u64, StepRecorded)> {
        let steps = self.only().iter().filter_map(|e| match e.body() {
            Body::StepRecorded(body) if !body.payload.contains_key("evaluation") => {
                Some((e.step()?, body.clone()))
            }
            _ => None,
        });
        steps.collect()
    }

    /// The one step of that name.
    #[track_caller]
    pub(crate) fn step(&self, name: &str) -> (u64, StepRecorded) {
        let mut found: Vec<_> =
            self.steps().into_iter().filter(|(_, s)| s.name.as_deref() == Some(name)).collect();
        assert_eq!(found.len(), 1, "{name}");
        found.remove(0)
    }

    /// The snapshots of the only run by step. There is a second one only where the first had no texts.
    pub(crate) fn nodes(&self) -> BTreeMap<u64, SnapshotScored> {
        let mut nodes: BTreeMap<u64, SnapshotScored> = BTreeMap::new();
        for event in self.only() {
            if let Body::SnapshotScored(body) = event.body() {
                let before = nodes.insert(event.step().unwrap(), body.clone());
                assert!(
                    before.is_none_or(|before| !before.metadata.contains_key("name")),
                    "two nodes at {:?}",
                    event.step()
                );
            }
        }
        nodes
    }

    /// What a film shows: the scores of each step, later ones included.
    pub(crate) fn scores(&self) -> BTreeMap<u64, BTreeMap<String, f64>> {
        let mut shown: BTreeMap<u64, BTreeMap<String, f64>> = BTreeMap::new();
        for event in self.only() {
            match event.body() {
                Body::SnapshotScored(body) => {
                    let scores = body.scores.iter().map(|(p, v)| (p.to_owned(), v)).collect();
                    shown.insert(event.step().unwrap(), scores);
                }
                Body::ScoreAdded(body) => {
                    let scores =
                        shown.get_mut(&event.step().unwrap()).expect("a node comes before its later scores");
                    scores.insert(body.path.clone(), body.value.get());
                }
                _ => {}
            }
        }
        shown
    }
}

pub(crate) fn text(value: &str) -> AnyValue {
    AnyValue::text(value)
}

pub(crate) fn int(value: i64) -> AnyValue {
    AnyValue { value: Some(any_value::Value::IntValue(value)) }
}

pub(crate) fn double(value: f64) -> AnyValue {
    AnyValue { value: Some(any_value::Value::DoubleValue(value)) }
}

pub(crate) fn attributes(pairs: &[(&str, AnyValue)]) -> Vec<KeyValue> {
    pairs.iter().map(|(key, value)| KeyValue::new(*key, value.clone())).collect()
}

/// A span of [`TRACE`], a second long, `id` seconds after [`EPOCH`].
pub(crate) fn span(id: u8, parent: u8, name: &str, pairs: &[(&str, AnyValue)]) -> Span {
    Span {
        trace_id: TRACE.to_vec(),
        span_id: vec![id; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        name: name.to_owned(),
        start_time_unix_nano: stamp(id.into(), 0),
        end_time_unix_nano: stamp(u64::from(id) + 1, 0),
        attributes: attributes(pairs),
        ..Span::default()
    }
}

/// A judgement as the event of a span.
pub(crate) fn judged(name: &str, value: f64) -> SpanEvent {
    SpanEvent {
        time_unix_nano: stamp(9, 0),
        name: "gen_ai.evaluation.result".to_owned(),
        attributes: attributes(&[
            ("gen_ai.evaluation.name", text(name)),
            ("gen_ai.evaluation.score.value", double(value)),
        ]),
        ..SpanEvent::default()
    }
}

/// The same as a log record.
pub(crate) fn judgement(span: u8, name: &str, value: f64) -> LogRecord {
    LogRecord {
        time_unix_nano: stamp(9, 0),
        event_name: "gen_ai.evaluation.result".to_owned(),
        trace_id: TRACE.to_vec(),
        span_id: if span == 0 { Vec::new() } else { vec![span; 8] },
        attributes: judged(name, value).attributes,
        ..LogRecord::default()
    }
}

pub(crate) fn traces_of(resource: &[(&str, AnyValue)], spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes: attributes(resource), dropped_attributes_count: 0 }),
            scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
            schema_url: String::new(),
        }],
    }
}

pub(crate) fn traces(spans: Vec<Span>) -> ExportTraceServiceRequest {
    traces_of(&[("service.name", text("agent"))], spans)
}

pub(crate) fn logs(log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource {
                attributes: attributes(&[("service.name", text("agent"))]),
                dropped_attributes_count: 0,
            }),
            scope_logs: vec![ScopeLogs { log_records, ..ScopeLogs::default() }],
            schema_url: String::new(),
        }],
    }
}

/// So many seconds after [`EPOCH`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((EPOCH + seconds) * 1_000_000)
}

/// The same as the protocol writes it, and `nanos` nanoseconds more.
pub(crate) fn stamp(seconds: u64, nanos: u64) -> u64 {
    (EPOCH.unsigned_abs() + seconds) * 1_000_000_000 + nanos
}

/// When every request arrives.
pub(crate) fn received() -> Timestamp {
    at(1000)
}
