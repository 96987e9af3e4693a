//! A run as OTLP and back: the same events, whatever the run came from; and plain conventions for everybody
//! else.

use std::collections::BTreeMap;

use gauntlet_model::{Body, Event, EventId, Kind, RunId, RunSpec, RunSummary, Status, Timestamp, decode_one};
use gauntlet_otlp::proto::{ExportTraceServiceRequest, Span, any_value};
use gauntlet_otlp::{Encoding, decode_logs, decode_traces, write_otlp};
use serde_json::{Value, json};

use super::log::{Log, at, judgement, logs, span, text, traces, traces_of};

fn summary(id: &str, spec: RunSpec) -> RunSummary {
    let started = spec.started();
    let run = RunId::new(id).unwrap();
    RunSummary {
        id: run,
        name: started.name,
        project: started.project,
        kind: started.kind,
        agent: started.agent,
        task: started.task,
        tags: started.tags,
        notes: String::new(),
        config: started.config,
        metadata: started.metadata,
        status: Status::Running,
        created_at: at(0),
        updated_at: at(0),
        head: 0,
        steps: 0,
        episodes: 0,
        alerts: 0,
        alert_severity: None,
        last_root: None,
        mean_root: None,
        failing: 0,
        rules: started.rules,
        failure_rule: Default::default(),
        last_step: None,
        contact: None,
    }
}

/// The lines of an export.
fn export(run: &RunSummary, events: &[Event]) -> Vec<ExportTraceServiceRequest> {
    let mut out = Vec::new();
    write_otlp(&mut out, run, || events.iter().cloned().map(Ok)).unwrap();
    let lines = std::str::from_utf8(&out).unwrap().lines();
    lines.map(|line| decode_traces(Encoding::Json, line.as_bytes().to_vec()).unwrap().request).collect()
}

fn spans(lines: &[ExportTraceServiceRequest]) -> Vec<&Span> {
    let resources = lines.iter().flat_map(|l| &l.resource_spans);
    resources.flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans).collect()
}

/// Exports, imports into an empty server, and compares.
#[track_caller]
fn check(run: &RunSummary, events: &[Event]) -> Vec<ExportTraceServiceRequest> {
    let lines = export(run, events);
    let mut log = Log::default();
    for line in &lines {
        let outcome = log.traces(line);
        assert_eq!((outcome.rejected, outcome.message.as_str()), (0, ""));
    }
    let (spec, read) = &log.runs[run.id.as_str()];
    let again = summary(run.id.as_str(), spec.clone());
    assert_eq!(&again, run);
    let by_id = |events: &[Event]| -> BTreeMap<EventId, Event> {
        let found = events.iter().filter(|e| !matches!(e.body(), Body::RunStarted(_)));
        found.map(|e| (e.id(), e.clone())).collect()
    };
    assert_eq!(by_id(read), by_id(events));
    // Of one step the order is the log's: what comes later replaces or overlays what was there.
    let of_step = |events: &[Event]| {
        let mut order: BTreeMap<_, Vec<EventId>> = BTreeMap::new();
        let drawn = [Kind::StepRecorded, Kind::SnapshotScored, Kind::ScoreAdded];
        for event in events.iter().filter(|e| e.step().is_some() && drawn.contains(&e.kind())) {
            order.entry((event.step(), event.episode().cloned())).or_default().push(event.id());
        }
        order
    };
    assert_eq!(of_step(read), of_step(events));
    lines
}

/// Whether a span brings its events along.
fn brings(span: &Span) -> bool {
    span.attributes.iter().any(|kv| kv.key == "gauntlet.events")
}

#[test]
fn what_came_as_otlp_goes_as_otlp_and_nothing_else() {
    for bytes in [
        &include_bytes!("../recorded/python-agent.pb")[..],
        &include_bytes!("../recorded/python-openinference.pb")[..],
    ] {
        let mut log = Log::default();
        log.decoded_traces(decode_traces(Encoding::Protobuf, bytes).unwrap());
        let (id, (spec, events)) = log.runs.iter().next().unwrap();
        let lines = check(&summary(id, spec.clone()), events);
        let gauntlet_keys: Vec<_> =
            spans(&lines).into_iter().filter(|s| brings(s)).map(|s| s.name.as_str()).collect();
        assert_eq!(gauntlet_keys, ["gauntlet.log"], "only the begin and end of episodes is said aloud");
    }
    let mut log = Log::default();
    let javascript = &include_bytes!("../recorded/javascript-agent.json")[..];
    log.decoded_traces(decode_traces(Encoding::Json, javascript).unwrap());
    let (id, (spec, events)) = log.runs.iter().next().unwrap();
    let lines = check(&summary(id, spec.clone()), events);
    assert_eq!(spans(&lines).into_iter().filter(|s| brings(s)).count(), 1);
}

#[test]
fn spans_and_log_records_from_several_requests_survive() {
    let mut log = Log::default();
    let judged = &include_bytes!("../recorded/python-evaluations.pb")[..];
    log.logs(&decode_logs(Encoding::Protobuf, judged).unwrap().request);
    let (run, log_only) = log.runs.pop_first().unwrap();
    check(&summary(&run, log_only.0), &log_only.1);

    log.logs(&logs(vec![judgement(2, "early", 1.0)]));
    log.traces(&traces(vec![span(2, 1, "child", &[]), span(1, 0, "root", &[])]));
    log.logs(&logs(vec![judgement(2, "late", -1.0), judgement(0, "whole", 0.5)]));
    let (id, (spec, events)) = log.runs.iter().next().unwrap();
    check(&summary(id, spec.clone()), events);
}

#[test]
fn an_export_adds_nothing() {
    // No service, and no agent: the score came before the span that names one.
    let chat = [("gen_ai.operation.name", text("chat")), ("gen_ai.agent.name", text("triage"))];
    let mut log = Log::default();
    log.logs(&logs(vec![judgement(2, "early", 1.0)]));
    log.traces(&traces_of(&[], vec![span(2, 1, "chat", &chat), span(1, 0, "root", &[])]));
    let (id, (spec, events)) = log.runs.iter().next().unwrap();
    assert_eq!(spec.agent, None);
    check(&summary(id, spec.clone()), events);
}

/// Every golden event of the contract, as one run.
fn contract() -> (RunSummary, Vec<Event>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/contract/events");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    names.sort();
    let texts = names.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let events: Vec<Event> = texts.map(|text| decode_one(&text).unwrap()).collect();
    assert!(events.len() > 20);
    let mut spec = RunSpec::named("the contract");
    spec.tags = vec!["nightly".to_owned()];
    spec.agent = Some("guard-7b".to_owned());
    spec.config = json!({ "lr": 1e-6, "n": 8, "x": null }).as_object().unwrap().clone();
    (summary("contract", spec), events)
}

#[test]
fn every_kind_of_event_goes_through_unchanged() {
    let (run, events) = contract();
    check(&run, &events);
}

#[test]
fn a_native_run_reads_as_spans_to_everybody_else() {
    let (run, events) = contract();
    let lines = export(&run, &events);
    let spans = spans(&lines);
    let named =
        |name: &str| *spans.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no span {name}"));
    let attribute = |span: &Span, key: &str| -> Option<String> {
        match &span.attributes.iter().find(|kv| kv.key == key)?.value.as_ref()?.value {
            Some(any_value::Value::StringValue(text)) => Some(text.clone()),
            other => Some(format!("{other:?}")),
        }
    };
    let tool = named("lookup");
    assert_eq!(attribute(tool, "gen_ai.operation.name").as_deref(), Some("execute_tool"));
    assert_eq!(attribute(tool, "gen_ai.tool.name").as_deref(), Some("lookup"));
    assert_eq!(
        attribute(tool, "gen_ai.tool.call.arguments").as_deref(),
        Some(r#"{"query":"response rate"}"#)
    );
    assert_eq!(
        tool.status.as_ref().map(|s| (s.code, s.message.as_str())),
        Some((2, "no answer after 250 ms"))
    );
    assert!(tool.events.iter().any(|e| e.name == "exception"));
    let scores = tool.events.iter().filter(|e| e.name == "gen_ai.evaluation.result").count();
    assert_eq!(scores, 6, "five of the snapshot, one that came later");
    // An episode that no step is the root of has a span above its steps.
    let root =
        spans.iter().find(|s| s.parent_span_id.is_empty() && s.name == "invoke_agent guard-7b").unwrap();
    assert_eq!(attribute(root, "gen_ai.operation.name").as_deref(), Some("invoke_agent"));
    let resource = &lines[0].resource_spans[0].resource.as_ref().unwrap().attributes;
    assert!(resource.iter().any(|kv| kv.key == "service.name"));
}

#[test]
fn without_gauntlet_attributes_the_scores_are_still_those_of_the_steps() {
    let event = |n: u128, step: u64, body: Value| {
        let text = json!({
            "id": format!("{:08x}-0000-7000-8000-000000000000", n), "at": "2026-11-21T00:00:00Z",
            "kind": "snapshot.scored", "v": 1, "episode": "e1", "step": step, "body": body,
        });
        decode_one(&text.to_string()).unwrap()
    };
    let events = [
        event(1, 5, json!({ "scores": { "root": -20.0, "grounding": -20.5, "format": 1.0 }, "action": "a" })),
        event(2, 6, json!({ "scores": { "root": 1e300 }, "observation": "o" })),
    ];
    let run = summary("native", RunSpec::named("native"));
    let mut lines = export(&run, &events);
    for resource in lines.iter_mut().flat_map(|l| &mut l.resource_spans) {
        for scope in &mut resource.scope_spans {
            for span in &mut scope.spans {
                span.attributes.retain(|kv| kv.key != "gauntlet.events");
            }
        }
    }
    let mut log = Log::default();
    lines.iter().for_each(|line| drop(log.traces(line)));
    let nodes = log.nodes();
    for event in &events {
        let Body::SnapshotScored(scored) = event.body() else { unreachable!() };
        let read = &nodes[&event.step().unwrap()];
        assert_eq!((&read.scores, &read.action), (&scored.scores, &scored.action));
        assert_eq!(read.observation, scored.observation);
    }
}

#[test]
fn a_long_run_is_many_lines_and_distant_events_of_a_step_meet() {
    let mut events = Vec::new();
    let mut say = |n: u32, kind: &str, body: Value| {
        let text = json!({
            "id": format!("{:08x}-0000-7000-8000-{:012x}", n, events.len()),
            "at": Timestamp::from_micros(i64::from(n)), "kind": kind, "v": 1, "step": n, "body": body,
        });
        events.push(decode_one(&text.to_string()).unwrap());
    };
    for n in 0..1000 {
        say(n, "snapshot.scored", json!({ "scores": { "root": n } }));
    }
    for n in 0..1000 {
        let score = json!({ "target": "step", "path": "late", "value": -1, "source": "x" });
        say(n, "score.added", score);
    }
    let lines = check(&summary("long", RunSpec::named("long")), &events);
    assert!(lines.len() > 3, "{}", lines.len());
}

#[test]
fn nothing_at_all_is_no_line() {
    assert!(export(&summary("empty", RunSpec::named("empty")), &[]).is_empty());
}
