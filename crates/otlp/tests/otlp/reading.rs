//! What a span means: recorded requests, kinds, errors, leftovers, runs, and what is refused.

use gauntlet_model::{Body, Event, FailureKind, Status, StepKind};
use gauntlet_otlp::proto::{AnyValue, InstrumentationScope, Span, SpanEvent, SpanLink, SpanStatus};
use gauntlet_otlp::{Encoding, decode_traces};
use serde_json::json;

use super::log::{Log, attributes, int, judged, span, text, traces, traces_of};

fn recorded(encoding: Encoding, bytes: &[u8]) -> Log {
    let mut log = Log::default();
    let outcome = log.decoded_traces(decode_traces(encoding, bytes.to_vec()).unwrap());
    assert_eq!((outcome.rejected, outcome.message.as_str()), (0, ""));
    log
}

/// The step of a single root span with these attributes.
fn read(pairs: &[(&str, AnyValue)]) -> gauntlet_model::StepRecorded {
    let mut log = Log::default();
    log.traces(&traces(vec![span(1, 0, "work", pairs)]));
    log.steps().remove(0).1
}

#[test]
fn an_agent_in_python() {
    let log = recorded(Encoding::Protobuf, include_bytes!("../recorded/python-agent.pb"));
    assert_eq!(log.runs.keys().collect::<Vec<_>>(), ["triage-service-c3122fe4"], "one for each process");
    let (spec, _) = &log.runs["triage-service-c3122fe4"];
    assert_eq!((spec.project.as_deref(), spec.agent.as_deref()), (Some("medical"), Some("triage")));
    let (_, root) = log.step("invoke_agent triage");
    let (at, chat) = log.step("chat tiny-1");
    let (_, tool) = log.step("lookup");
    assert_eq!((root.step_kind, root.parent_span_id.as_ref()), (StepKind::Decision, None));
    assert_eq!(root.metadata["attributes"], json!({ "team": "red" }));
    assert_eq!(chat.payload["provider"], "tiny");
    assert_eq!(chat.payload["input_tokens"], 12);
    assert_eq!(chat.payload["output_tokens"], 5);
    assert_eq!(chat.payload["finish_reasons"], json!(["stop"]));
    assert_eq!(chat.metadata["span"], json!({ "kind": "client", "flags": 256 }));
    assert_eq!(chat.metadata["scope"], json!({ "name": "story", "version": "1.2" }));
    assert_eq!(tool.step_kind, StepKind::ToolResult);
    let error = tool.error.unwrap();
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("TimeoutError", "no answer after 250 ms"));
    assert!(error.traceback.unwrap().contains("agent_run"));
    // Of the exception's event only what is not in the error is left.
    assert_eq!(tool.metadata["events"][0]["attributes"], json!({ "exception.escaped": "False" }));
    assert_eq!(tool.metadata["span"]["status_message"], "TimeoutError: no answer after 250 ms");
    let node = &log.nodes()[&at];
    assert_eq!((node.action.as_str(), node.observation.as_str()), ("30%", "What rate?"));
    assert_eq!(node.scores.iter().collect::<Vec<_>>(), [("root", -20.0), ("grounding", -20.0)]);
}

#[test]
fn openai_under_openinference() {
    let log = recorded(Encoding::Protobuf, include_bytes!("../recorded/python-openinference.pb"));
    let steps = log.steps();
    assert_eq!(steps.len(), 3);
    assert!(steps.iter().all(|(_, s)| s.step_kind == StepKind::Message), "{steps:?}");
    let hello = &steps[0].1;
    assert_eq!(hello.payload["input"], json!([{ "message": { "role": "user", "content": "hello" } }]));
    assert_eq!(hello.payload["total_tokens"], 17);
    assert_eq!(hello.payload["span_kind"], "LLM");
    assert!(hello.metadata["attributes"]["input.value"].as_str().unwrap().contains("temperature"));
    let call = &steps[1].1.payload["output"][0]["message"]["tool_calls"][0]["tool_call"];
    assert_eq!(call["function"]["name"], "weather");
    assert!(steps[2].1.error.as_ref().unwrap().kind.ends_with("RateLimitError"));
    // The node of the failed call has the error, and fails.
    let node = &log.nodes()[&steps[2].0];
    assert_eq!(node.failures, [FailureKind::Generic]);
    assert!(node.metadata["error"].as_str().unwrap().contains("slow down"), "{:?}", node.metadata);
}

#[test]
fn an_agent_in_javascript() {
    let log = recorded(Encoding::Json, include_bytes!("../recorded/javascript-agent.json"));
    let (_, root) = log.step("invoke_agent triage");
    assert_eq!(root.metadata["attributes"], json!({ "attempt": 2, "ratio": 0.25, "flags": [true, false] }));
    let (at, chat) = log.step("chat tiny-1");
    assert_eq!(chat.metadata["events"][0]["name"], "first token");
    assert_eq!(chat.metadata["events"][0]["attributes"], json!({ "delay_ms": 12.5 }));
    assert_eq!(chat.metadata["links"][0]["attributes"], json!({ "why": "test" }));
    let scores = &log.nodes()[&at].scores;
    // Two rubrics give no root score.
    assert_eq!(scores.iter().collect::<Vec<_>>(), [("grounding", -20.0), ("format", 1.0)]);
    let error = log.step("lookup").1.error.unwrap();
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("RangeError", "no such page"));
}

#[test]
fn the_kind_of_a_step_follows_from_its_content() {
    let check = |pairs: &[(&str, &str)], expected: StepKind| {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| (*k, text(v))).collect();
        assert_eq!(read(&pairs).step_kind, expected, "{pairs:?}");
    };
    check(&[("gen_ai.operation.name", "chat")], StepKind::Message);
    check(&[("gen_ai.operation.name", "embeddings")], StepKind::Observation);
    check(&[("gen_ai.operation.name", "execute_tool")], StepKind::ToolCall);
    check(&[("gen_ai.operation.name", "execute_tool"), ("error.type", "E")], StepKind::ToolResult);
    check(&[("gen_ai.operation.name", "invoke_agent")], StepKind::Decision);
    check(&[("openinference.span.kind", "RETRIEVER")], StepKind::Observation);
    check(&[("openinference.span.kind", "TOOL")], StepKind::ToolCall);
    check(&[("traceloop.span.kind", "tool")], StepKind::ToolCall);
    check(&[("llm.request.type", "chat")], StepKind::Message);
    check(&[("gen_ai.operation.name", "unheard of"), ("traceloop.span.kind", "task")], StepKind::Decision);
    check(&[("http.method", "GET")], StepKind::Observation);
    check(&[("http.method", "GET"), ("error.type", "500")], StepKind::Error);
    check(&[("gauntlet.step.kind", "plan_update")], StepKind::PlanUpdate);
    let mut log = Log::default();
    log.traces(&traces(vec![span(2, 1, "sub", &[("gen_ai.operation.name", text("invoke_agent"))])]));
    assert_eq!(log.step("sub").1.step_kind, StepKind::Handoff);
}

#[test]
fn calls_are_nodes_and_so_is_the_outermost_span() {
    let is_drawn = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| (*k, text(v))).collect();
        let mut log = Log::default();
        log.traces(&traces(vec![span(1, 0, "root", &[]), span(2, 1, "inner", &pairs)]));
        let nodes = log.nodes();
        assert!(nodes.contains_key(&log.step("root").0));
        nodes.len() == 2
    };
    assert!(is_drawn(&[("gen_ai.operation.name", "chat")]));
    assert!(is_drawn(&[("gen_ai.operation.name", "execute_tool")]));
    assert!(is_drawn(&[("openinference.span.kind", "RETRIEVER")]));
    assert!(is_drawn(&[("http.method", "GET"), ("error.type", "500")]), "what failed is seen");
    assert!(!is_drawn(&[("http.method", "GET")]));
    assert!(!is_drawn(&[("openinference.span.kind", "CHAIN")]));
    assert!(
        !is_drawn(&[("openinference.span.kind", "CHAIN"), ("error.type", "E")]),
        "it passed on what failed"
    );
    assert!(!is_drawn(&[("gen_ai.operation.name", "invoke_agent")]));
}

#[test]
fn a_quoted_text_of_traceloop_is_opened_and_one_of_others_is_as_it_is() {
    let quoted = "\"said\"";
    let step = read(&[("traceloop.entity.output", text(quoted)), ("input.value", text(quoted))]);
    assert_eq!((&step.payload["output"], &step.payload["input"]), (&json!("said"), &json!(quoted)));
}

#[test]
fn parts_of_a_trace_that_name_no_run_follow_those_that_do() {
    let run = [("gauntlet.run.id", text("r")), ("service.name", text("agent"))];
    let named = || traces_of(&run, vec![span(1, 0, "root", &[])]);
    let silent = || traces(vec![span(2, 1, "tool server", &[])]);
    let mut together = named();
    together.resource_spans.insert(0, silent().resource_spans.remove(0));
    for requests in [vec![together], vec![named(), silent()]] {
        let mut log = Log::default();
        requests.iter().for_each(|request| drop(log.traces(request)));
        assert_eq!(log.runs.keys().collect::<Vec<_>>(), ["r"]);
        assert_eq!(log.steps().len(), 2);
    }
}

#[test]
fn numbered_attributes_are_gathered_and_odd_ones_stay() {
    let step = read(&[
        ("llm.input_messages.1.message.content", text("second")),
        ("llm.input_messages.0.message.content", text("first")),
        ("llm.input_messages.0.message.tool_calls.0.id", text("c1")),
        ("llm.input_messages.x.message", text("no number")),
        ("llm.input_messages.0.message.content.more", text("under a text")),
    ]);
    let expected = json!([
        { "message": { "content": "first", "tool_calls": [{ "id": "c1" }] } },
        { "message": { "content": "second" } },
    ]);
    assert_eq!(step.payload["input"], expected);
    let rest = step.metadata["attributes"].as_object().unwrap();
    assert_eq!(rest.len(), 2, "{rest:?}");
}

#[test]
fn of_two_attributes_for_one_field_the_first_counts_and_the_other_stays() {
    let step = read(&[
        ("llm.token_count.prompt", int(9)),
        ("gen_ai.usage.input_tokens", int(8)),
        ("gen_ai.usage.prompt_tokens", int(7)),
    ]);
    assert_eq!(step.payload["input_tokens"], 8);
    assert_eq!(
        step.metadata["attributes"],
        json!({ "llm.token_count.prompt": 9, "gen_ai.usage.prompt_tokens": 7 })
    );
}

#[test]
fn an_ok_status_outweighs_a_recorded_exception_and_an_error_one_needs_none() {
    let exception = SpanEvent {
        name: "exception".to_owned(),
        attributes: attributes(&[("exception.type", text("E")), ("exception.message", text("m"))]),
        ..SpanEvent::default()
    };
    let check = |code: i32, events: Vec<SpanEvent>, expected: Option<(&str, &str)>| {
        let mut log = Log::default();
        let status = Some(SpanStatus { code, message: "said".to_owned() });
        log.traces(&traces(vec![Span { status, events, ..span(1, 0, "w", &[]) }]));
        let error = log.steps().remove(0).1.error;
        assert_eq!(error.as_ref().map(|e| (e.kind.as_str(), e.message.as_str())), expected, "{code}");
        let ended = log.only().iter().find_map(|e| match e.body() {
            Body::EpisodeFinished(end) => Some(end.status),
            _ => None,
        });
        assert_eq!(ended, Some(if expected.is_some() { Status::Failed } else { Status::Completed }));
    };
    check(1, vec![exception.clone()], None);
    check(0, vec![exception.clone()], Some(("E", "m")));
    check(2, vec![exception], Some(("E", "m")));
    check(2, vec![], Some(("error", "said")));
    check(0, vec![], None);
}

#[test]
fn nothing_of_a_span_is_lost() {
    let odd = Span {
        kind: 77,
        trace_state: "a=b".to_owned(),
        flags: 0x101,
        end_time_unix_nano: 1,
        dropped_events_count: 3,
        status: Some(SpanStatus { code: 1, message: "fine".to_owned() }),
        links: vec![SpanLink {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            flags: 256,
            ..SpanLink::default()
        }],
        events: vec![SpanEvent {
            time_unix_nano: 123,
            name: "tick".to_owned(),
            dropped_attributes_count: 4,
            ..SpanEvent::default()
        }],
        ..span(1, 0, "line one\nline two", &[("blob", AnyValue::default()), ("x", text("y"))])
    };
    let mut request = traces(vec![odd]);
    request.resource_spans[0].scope_spans[0].scope =
        Some(InstrumentationScope { name: "lib".to_owned(), ..InstrumentationScope::default() });
    let mut log = Log::default();
    assert_eq!(log.traces(&request).rejected, 0);
    let step = log.steps().remove(0).1;
    assert_eq!((step.name.as_deref(), step.ended_at), (Some("line one line two"), None));
    let expected = json!({
        "resource": { "service.name": "agent" },
        "scope": { "name": "lib" },
        "span": {
            "name": "line one\nline two", "kind": 77, "status_code": 1, "status_message": "fine",
            "end_time_unix_nano": "1", "trace_state": "a=b", "flags": 257, "dropped_events_count": 3,
        },
        "attributes": { "blob": null, "x": "y" },
        "events": [{ "name": "tick", "time_unix_nano": "123", "dropped_attributes_count": 4 }],
        "links": [{ "trace_id": "01".repeat(16), "span_id": "02".repeat(8), "flags": 256 }],
    });
    assert_eq!(serde_json::Value::Object(step.metadata), expected);
}

#[test]
fn the_most_specific_attribute_names_the_run() {
    let check = |resource: &[(&str, &str)], pairs: &[(&str, &str)], run: &str, project: Option<&str>| {
        let resource: Vec<_> = resource.iter().map(|(k, v)| (*k, text(v))).collect();
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| (*k, text(v))).collect();
        let mut log = Log::default();
        let other = span(2, 1, "silent", &[]);
        log.traces(&traces_of(&resource, vec![other, span(1, 0, "w", &pairs)]));
        let (found, (spec, events)) = log.runs.iter().next().unwrap();
        assert_eq!((found.as_str(), spec.project.as_deref()), (run, project));
        assert_eq!(log.runs.len(), 1, "a trace stays together");
        assert!(events.iter().all(|e| e.episode().is_some()));
    };
    let service = ("service.name", "svc");
    check(&[("gauntlet.run.id", "r"), service], &[("session.id", "s")], "r", Some("svc"));
    check(&[service, ("gauntlet.project", "p")], &[], "svc", Some("p"));
    check(&[service], &[("gen_ai.conversation.id", "c"), ("session.id", "s")], "c", Some("svc"));
    check(&[service, ("session.id", "s")], &[], "s", Some("svc"));
    check(&[("service.name", "team/svc\n")], &[], "team-svc-", Some("team/svc"));
    check(&[], &[], "unknown_service", None);
}

#[test]
fn an_invalid_span_is_named_and_the_others_are_accepted() {
    let check = |bad: Span, expected: &str| {
        let mut log = Log::default();
        let outcome = log.traces(&traces(vec![span(1, 0, "good", &[]), bad]));
        assert_eq!(outcome.rejected, 1, "{expected}");
        assert!(outcome.message.contains(expected), "{:?} should say {expected:?}", outcome.message);
        assert_eq!(log.steps().len(), 1);
    };
    let bad = span(2, 1, "bad", &[]);
    check(Span { trace_id: vec![1; 15], ..bad.clone() }, "traceId \"0101");
    check(Span { trace_id: vec![0; 16], ..bad.clone() }, "not all zero");
    check(Span { span_id: Vec::new(), ..bad.clone() }, "span \"bad\": spanId \"\"");
    check(Span { parent_span_id: vec![1; 3], ..bad.clone() }, "parentSpanId");
    check(span(2, 1, "b", &[("gauntlet.step", int(-1))]), "gauntlet.step -1 is not a whole number");
    check(span(2, 1, "b", &[("gauntlet.step.kind", text("leap"))]), "gauntlet.step.kind \"leap\"");
    check(span(2, 1, "b", &[("gauntlet.events", text("x"))]), "gauntlet.events is not a list");
    let huge = "x".repeat(9 << 20);
    check(span(2, 1, "b", &[("blob", text(&huge))]), "at most 8388608 are allowed");
    let mut log = Log::default();
    let outcome = log.traces(&traces_of(&[("gauntlet.run.id", text("a/b"))], vec![bad]));
    assert_eq!(outcome.rejected, 1);
    assert!(
        outcome.message.contains("gauntlet.run.id") && outcome.message.contains("slash"),
        "{}",
        outcome.message
    );
    assert!(log.runs.is_empty());
}

#[test]
fn deep_json_in_a_text_stays_text() {
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let step = read(&[("gen_ai.input.messages", text(&deep)), ("output.value", text("[1, 2]"))]);
    assert_eq!(step.payload["input"], json!(deep));
    assert_eq!(step.payload["output"], json!([1, 2]));
}

#[test]
fn what_is_stored_can_be_read_again() {
    let mut nested = int(1);
    for _ in 0..40 {
        let list = gauntlet_otlp::proto::ArrayValue { values: vec![nested] };
        nested = AnyValue { value: Some(gauntlet_otlp::proto::any_value::Value::ArrayValue(list)) };
    }
    let mut log = Log::default();
    let mut with_score = span(1, 0, "w", &[("nested", nested), ("nan", super::log::double(f64::NAN))]);
    with_score.events.push(judged("a", 1.0));
    log.traces(&traces(vec![with_score]));
    for event in log.only() {
        let text = serde_json::to_string(event).unwrap();
        let read: Event = serde_json::from_str(&text).unwrap();
        assert_eq!(&read, event);
    }
}
