//! Attributes of the frameworks people use, messages that come as log records, and which run all of it goes
//! to.

use gauntlet_model::{Body, EpisodeId, StepKind};
use gauntlet_otlp::proto::{AnyValue, KeyValueList, LogRecord, any_value};
use gauntlet_otlp::{QuietTrace, service_run};
use serde_json::{Value, json};

use super::log::{Log, TRACE, attributes, double, int, judged, logs, span, stamp, text, traces, traces_of};

/// What a span of these attributes becomes: its kind and payload.
fn read(pairs: &[(&str, AnyValue)]) -> (StepKind, Value) {
    let mut log = Log::default();
    assert_eq!(log.traces(&traces(vec![span(1, 9, "s", pairs)])).rejected, 0);
    let step = log.steps().remove(0).1;
    (step.step_kind, Value::Object(step.payload))
}

#[test]
fn vercels_ai_sdk() {
    let (kind, payload) = read(&[
        ("ai.operationId", text("ai.generateText.doGenerate")),
        ("ai.model.id", text("tiny-1")),
        ("ai.prompt.messages", text(r#"[{"role":"user","content":[{"type":"text","text":"hi"}]}]"#)),
        ("ai.response.text", text("hello")),
        ("ai.usage.promptTokens", int(3)),
        ("ai.usage.reasoningTokens", int(2)),
    ]);
    assert_eq!(kind, StepKind::Message);
    assert_eq!(payload["input"][0]["role"], "user");
    assert_eq!((&payload["output"], &payload["model"]), (&json!("hello"), &json!("tiny-1")));
    assert_eq!((&payload["input_tokens"], &payload["reasoning_tokens"]), (&json!(3), &json!(2)));
    let (kind, payload) = read(&[
        ("ai.operationId", text("ai.toolCall")),
        ("ai.toolCall.name", text("weather")),
        ("ai.toolCall.args", text(r#"{"city":"Oslo"}"#)),
        ("ai.toolCall.result", text(r#"{"rain":true}"#)),
    ]);
    assert_eq!((kind, &payload["arguments"]["city"]), (StepKind::ToolCall, &json!("Oslo")));
    assert_eq!(payload["result"]["rain"], true);
    assert_eq!(read(&[("ai.operationId", text("ai.generateText"))]).0, StepKind::Decision);
}

#[test]
fn mlflow_and_langfuse() {
    let (kind, payload) = read(&[
        ("mlflow.spanType", text(r#""CHAT_MODEL""#)),
        ("mlflow.spanInputs", text(r#"{"messages":[{"role":"user","content":"hi"}]}"#)),
        ("mlflow.spanOutputs", text(r#""hello""#)),
        ("mlflow.chat.tokenUsage", text(r#"{"input_tokens":3,"output_tokens":5}"#)),
    ]);
    assert_eq!((kind, &payload["output"]), (StepKind::Message, &json!("hello")));
    assert_eq!((&payload["input_tokens"], &payload["output_tokens"]), (&json!(3), &json!(5)));
    let (kind, payload) = read(&[
        ("langfuse.observation.type", text("generation")),
        ("langfuse.observation.input", text(r#"[{"role":"user","content":"hi"}]"#)),
        ("langfuse.observation.output", text("hello")),
        ("langfuse.observation.usage_details", text(r#"{"input":3,"output":5}"#)),
        ("langfuse.observation.cost_details", text(r#"{"total":0.25}"#)),
        ("user.id", text("u-1")),
    ]);
    assert_eq!((kind, &payload["output"]), (StepKind::Message, &json!("hello")));
    assert_eq!(
        (&payload["output_tokens"], &payload["cost"], &payload["user"]),
        (&json!(5), &json!(0.25), &json!("u-1"))
    );
    // Its errors are not a status.
    let mut log = Log::default();
    let failed = [
        ("langfuse.observation.level", text("ERROR")),
        ("langfuse.observation.status_message", text("no answer")),
    ];
    log.traces(&traces(vec![span(1, 0, "s", &failed)]));
    assert_eq!(log.steps()[0].1.error.as_ref().unwrap().message, "no answer");
}

#[test]
fn a_schema_is_not_taken_for_arguments() {
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"}}}"#;
    let (_, payload) = read(&[("tool.parameters", text(schema)), ("tool.name", text("f"))]);
    assert_eq!((payload.get("arguments"), &payload["tool_parameters"]["type"]), (None, &json!("object")));
    let (_, payload) = read(&[("tool.parameters", text(r#"{"city":"Oslo"}"#)), ("tool.name", text("f"))]);
    assert_eq!(payload["arguments"]["city"], "Oslo");
}

#[test]
fn scores_and_costs_are_read_as_everywhere() {
    let mut log = Log::default();
    let mut events = Vec::new();
    for (name, value) in
        [("a", text("0.8")), ("b", AnyValue { value: Some(any_value::Value::BoolValue(true)) })]
    {
        let mut event = judged(name, 0.0);
        event.attributes[1].value = Some(value);
        events.push(event);
    }
    let mut nothing = judged("c", 0.0);
    nothing.attributes[1].value = Some(text("n/a"));
    events.push(nothing);
    let root = gauntlet_otlp::proto::Span { events, ..span(1, 0, "s", &[("llm.cost.total", text("0.25"))]) };
    let outcome = log.traces(&traces(vec![root]));
    assert_eq!(outcome.message, "");
    let scores = log.nodes()[&0].scores.clone();
    assert_eq!(scores.iter().collect::<Vec<_>>(), [("a", 0.8), ("b", 1.0)]);
    let cost = log.only().iter().find_map(|e| match e.body() {
        Body::EpisodeFinished(end) => end.cost,
        _ => None,
    });
    assert_eq!(cost, Some(0.25));
}

/// A message of the call of span 2 as openai-v2 writes it.
fn message(seconds: u64, name: &str, body: &[(&str, AnyValue)]) -> LogRecord {
    let map = any_value::Value::KvlistValue(KeyValueList { values: attributes(body) });
    LogRecord {
        observed_time_unix_nano: stamp(seconds, 0),
        event_name: name.to_owned(),
        trace_id: TRACE.to_vec(),
        span_id: vec![2; 8],
        body: Some(AnyValue { value: Some(map) }),
        ..LogRecord::default()
    }
}

#[test]
fn messages_that_come_as_log_records_are_read_with_their_call() {
    let answer =
        any_value::Value::KvlistValue(KeyValueList { values: attributes(&[("content", text("hello"))]) });
    let asked = logs(vec![message(2, "gen_ai.user.message", &[("content", text("hi"))])]);
    let answered = logs(vec![message(3, "gen_ai.choice", &[("message", AnyValue { value: Some(answer) })])]);
    let call = traces(vec![span(2, 1, "chat tiny", &[("gen_ai.operation.name", text("chat"))])]);
    for order in [[0, 1, 2], [2, 0, 1], [0, 2, 1]] {
        let mut log = Log::default();
        for part in order {
            match part {
                0 => drop(log.logs(&asked)),
                1 => drop(log.logs(&answered)),
                _ => drop(log.traces(&call)),
            }
        }
        let snapshots: Vec<_> = log
            .only()
            .iter()
            .filter_map(|e| match e.body() {
                Body::SnapshotScored(snapshot) => Some((e.step(), snapshot.clone())),
                _ => None,
            })
            .collect();
        let (step, last) = snapshots.last().unwrap();
        assert_eq!((last.observation.as_str(), last.action.as_str()), ("hi", "hello"), "{order:?}");
        assert_eq!(last.metadata["name"], "chat tiny", "{order:?}");
        assert!(snapshots.iter().all(|(other, _)| other == step), "one node: {snapshots:?}");
        let before = log.only().len();
        log.logs(&asked);
        log.traces(&call);
        log.logs(&answered);
        assert_eq!(log.only().len(), before, "sent again");
    }
}

#[test]
fn messages_without_their_content_leave_the_texts_empty() {
    // What openai-v2 sends where the capture of contents is off: no body, or a choice with a role alone.
    let asked = LogRecord { body: None, ..message(2, "gen_ai.user.message", &[]) };
    let role =
        any_value::Value::KvlistValue(KeyValueList { values: attributes(&[("role", text("assistant"))]) });
    let answered = message(3, "gen_ai.choice", &[("message", AnyValue { value: Some(role) })]);
    let mut log = Log::default();
    log.traces(&traces(vec![span(2, 1, "chat tiny", &[("gen_ai.operation.name", text("chat"))])]));
    log.logs(&logs(vec![asked, answered]));
    let texts: Vec<_> = log
        .only()
        .iter()
        .filter_map(|e| match e.body() {
            Body::SnapshotScored(snapshot) => Some((snapshot.observation.clone(), snapshot.action.clone())),
            _ => None,
        })
        .collect();
    assert!(!texts.is_empty());
    assert!(texts.iter().all(|pair| *pair == (String::new(), String::new())), "{texts:?}");
}

#[test]
fn a_service_has_a_run_for_each_process_and_conversations_of_programs_have_none() {
    let run = |resource: &[(&str, AnyValue)], pairs: &[(&str, AnyValue)]| {
        let mut log = Log::default();
        log.traces(&traces_of(resource, vec![span(1, 0, "s", pairs)]));
        let (id, (spec, _)) = log.runs.first_key_value().unwrap();
        (id.clone(), spec.name.clone())
    };
    let service = ("service.name", text("svc"));
    let first = run(&[service.clone(), ("service.instance.id", text("1"))], &[]);
    let second = run(&[service.clone(), ("service.instance.id", text("2"))], &[]);
    assert!(first.0.starts_with("svc-") && first.0.len() == 12, "{first:?}");
    assert_ne!(first.0, second.0);
    assert_eq!((first.1.as_str(), second.1.as_str()), ("svc", "svc"));
    let process = |pid: i64, start: &str| {
        let start = ("process.creation.time", text(start));
        run(&[service.clone(), ("process.pid", int(pid)), start], &[]).0
    };
    assert_ne!(process(7, "2026-01-01T00:00:00Z"), process(7, "2026-01-02T00:00:00Z"));
    assert_eq!(process(7, "2026-01-01T00:00:00Z"), process(7, "2026-01-01T00:00:00Z"));
    let generated = [("gen_ai.conversation.id", text("0199a2b1-7c1e-7d3a-9f00-1234567890ab"))];
    assert_eq!(run(std::slice::from_ref(&service), &generated).0, "svc");
    assert_eq!(run(&[service], &[("gen_ai.conversation.id", text("talk-7"))]).0, "talk-7");
    assert_eq!(service_run("a/b", 1).unwrap().as_str(), "a-b");
    assert_eq!(service_run("a/b", 3).unwrap().as_str(), "a-b-3");
}

#[test]
fn a_trace_whose_root_never_came_ends_with_its_entries() {
    let mut log = Log::default();
    let chain = [("openinference.span.kind", text("CHAIN")), ("output.value", text("done"))];
    log.traces(&traces(vec![span(2, 1, "chain", &chain), span(3, 2, "inner", &[("score", double(1.0))])]));
    assert!(log.nodes().is_empty());
    let trace = EpisodeId::new("4b".repeat(16)).unwrap();
    let end = |log: &mut Log| {
        let (_, events) = log.runs.values_mut().next().unwrap();
        let records: Vec<_> = events.iter().map(|e| e.record(0, e.at())).collect();
        let quiet = QuietTrace::read(&trace, &records).unwrap();
        let asked = quiet.lookup_steps();
        let history: Vec<_> =
            records.into_iter().filter(|r| asked.iter().any(|(step, _)| r.step == Some(*step))).collect();
        events.extend(quiet.events(&history).unwrap());
    };
    end(&mut log);
    let nodes = log.nodes();
    assert_eq!(nodes.len(), 1);
    assert_eq!((nodes[&0].metadata["name"].as_str(), nodes[&0].action.as_str()), (Some("chain"), "done"));
    let ends = |log: &Log| -> Vec<Option<f64>> {
        let of = |e: &gauntlet_model::Event| match e.body() {
            Body::EpisodeFinished(end) => Some(end.latency_ms),
            _ => None,
        };
        log.only().iter().filter_map(of).collect()
    };
    assert_eq!(ends(&log), [Some(2000.0)]);
    // It gets no more events unless the root arrives after all: then the root's end counts.
    end(&mut log);
    assert_eq!(ends(&log).len(), 1);
    log.traces(&traces(vec![span(1, 0, "root", &[])]));
    assert_eq!(ends(&log), [Some(2000.0), Some(1000.0)]);
    // Log records alone end, too.
    let mut log = Log::default();
    log.logs(&logs(vec![LogRecord {
        trace_id: TRACE.to_vec(),
        body: Some(text("x")),
        ..LogRecord::default()
    }]));
    end(&mut log);
    assert_eq!(ends(&log).len(), 1);
}
