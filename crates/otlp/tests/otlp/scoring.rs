//! Evaluations in every form, and log records that are none.

use gauntlet_model::{Body, ScoreTarget, StepKind};
use gauntlet_otlp::proto::{LogRecord, Span};
use gauntlet_otlp::{Encoding, decode_logs};
use serde_json::json;

use super::log::{Log, TRACE, attributes, double, int, judged, judgement, logs, span, stamp, text, traces};

#[test]
fn a_recorded_judgement_makes_a_node_before_its_span_is_there() {
    let mut log = Log::default();
    let request =
        decode_logs(Encoding::Protobuf, &include_bytes!("../recorded/python-evaluations.pb")[..]).unwrap();
    let outcome = log.logs(&request.request);
    assert_eq!((outcome.rejected, outcome.message.as_str()), (0, ""));
    let nodes = log.nodes();
    let (step, node) = nodes.first_key_value().unwrap();
    assert_eq!(node.scores.iter().collect::<Vec<_>>(), [("root", 0.75), ("relevance", 0.75)]);
    // The one without a number is not a score, but nothing of it is lost.
    let tone = log.only().iter().find_map(|e| match e.body() {
        Body::StepRecorded(body) if body.name.as_deref() == Some("tone") => Some((e.step(), body.clone())),
        _ => None,
    });
    let (at, tone) = tone.unwrap();
    assert_eq!((at, tone.step_kind), (Some(*step), StepKind::Reward));
    assert_eq!(tone.payload["label"], "curt");
    assert_eq!(tone.parent_span_id.as_deref(), Some("00f067aa0ba902b7"));
}

#[test]
fn scores_before_with_and_after_their_span_are_of_one_step() {
    let with = Span { events: vec![judged("with", 2.0)], ..span(1, 0, "w", &[]) };
    let (before, after) = (judgement(1, "before", 1.0), judgement(1, "after", 3.0));
    let mut log = Log::default();
    log.logs(&logs(vec![before]));
    log.traces(&traces(vec![with]));
    log.logs(&logs(vec![after]));
    let (step, _) = log.step("w");
    let shown = &log.scores()[&step];
    assert_eq!(shown.len(), 4, "{shown:?}");
    assert_eq!((shown["before"], shown["with"], shown["after"], shown["root"]), (1.0, 2.0, 3.0, 1.0));
    assert_eq!(log.nodes().len(), 1);
}

/// A call of a model, as the conventions write one.
fn chat(id: u8, parent: u8) -> Span {
    let message = |role: &str, words: &str| {
        text(&json!([{ "role": role, "parts": [{ "type": "text", "content": words }] }]).to_string())
    };
    let pairs = [
        ("gen_ai.operation.name", text("chat")),
        ("gen_ai.request.model", text("tiny-1")),
        ("gen_ai.usage.output_tokens", int(5)),
        ("gen_ai.input.messages", message("user", "What rate?")),
        ("gen_ai.output.messages", message("assistant", "30%")),
    ];
    span(id, parent, "chat", &pairs)
}

#[test]
fn a_node_has_its_texts_whether_its_evaluation_or_its_span_came_first() {
    let inner = || traces(vec![span(3, 2, "inner", &[])]);
    for order in [["score", "span", "again"], ["span", "score", "again"], ["score", "again", "span"]] {
        let mut log = Log::default();
        for part in order {
            match part {
                "score" => log.logs(&logs(vec![judgement(2, "grounding", -1.0)])),
                "again" => log.logs(&logs(vec![judgement(2, "grounding", -2.0), judgement(2, "tone", 1.0)])),
                _ => log.traces(&traces(vec![chat(2, 1)])),
            };
        }
        let (step, _) = log.step("chat");
        let node = &log.nodes()[&step];
        assert_eq!((node.action.as_str(), node.observation.as_str()), ("30%", "What rate?"), "{order:?}");
        assert_eq!((&node.metadata["model"], &node.metadata["output_tokens"]), (&json!("tiny-1"), &json!(5)));
        assert_eq!(node.metadata["latency_ms"], 1000.0);
        let shown = &log.scores()[&step];
        assert_eq!((shown["grounding"], shown["tone"]), (-2.0, 1.0), "{order:?}");
        // A part that comes again, or another span, changes nothing.
        let before = log.only().len();
        log.traces(&traces(vec![chat(2, 1)]));
        log.logs(&logs(vec![judgement(2, "grounding", -1.0)]));
        assert_eq!(log.only().len(), before, "{order:?}");
        log.traces(&inner());
        assert_eq!(log.only().len(), before + 1);
    }
}

#[test]
fn a_judged_span_that_is_no_call_gets_its_name_when_it_comes() {
    let mut log = Log::default();
    log.logs(&logs(vec![judgement(1, "helpful", 0.5)]));
    log.traces(&traces(vec![span(1, 0, "answer", &[])]));
    let (step, _) = log.step("answer");
    let node = &log.nodes()[&step];
    assert_eq!(node.metadata["name"], "answer");
    assert_eq!(node.scores.iter().collect::<Vec<_>>(), [("root", 0.5), ("helpful", 0.5)]);
}

#[test]
fn judgements_among_openinferences_attributes_are_scores() {
    let pairs = [
        ("openinference.span.kind", text("LLM")),
        ("annotations.0.annotation.name", text("hallucination")),
        ("annotations.0.annotation.score", double(1.0)),
        ("annotations.0.annotation.label", text("hallucinated")),
        ("annotations.0.annotation.explanation", text("Nothing says so.")),
        ("annotations.0.annotation.annotator_kind", text("LLM")),
        ("evaluations.1.evaluation.name", text("tone")),
        ("evaluations.1.evaluation.score", int(0)),
        ("trace.evaluations.0.evaluation.name", text("helpful")),
        ("trace.evaluations.0.evaluation.score", double(0.5)),
        ("annotations.by", text("a judge")),
    ];
    let mut log = Log::default();
    let request = traces(vec![span(1, 0, "root", &[]), span(2, 1, "llm", &pairs)]);
    log.traces(&request);
    log.traces(&request);
    let (root, llm) = (log.step("root").0, log.step("llm"));
    let scores = log.scores();
    assert_eq!((scores[&llm.0]["hallucination"], scores[&llm.0]["tone"]), (1.0, 0.0));
    assert_eq!(scores[&root], [("helpful", 0.5), ("root", 0.5)].map(|(p, v)| (p.to_owned(), v)).into());
    assert_eq!(log.nodes()[&llm.0].metadata["evaluations"], "hallucination: hallucinated. Nothing says so.");
    assert_eq!(llm.1.metadata["attributes"], json!({ "annotations.by": "a judge" }));
    let reward = log.only().iter().find_map(|e| match e.body() {
        Body::StepRecorded(body) if body.name.as_deref() == Some("hallucination") => Some(body.clone()),
        _ => None,
    });
    let reward = reward.unwrap();
    assert_eq!(
        (reward.step_kind, reward.payload["label"].as_str()),
        (StepKind::Reward, Some("hallucinated"))
    );
    assert_eq!(reward.metadata["attributes"], json!({ "annotation.annotator_kind": "LLM" }));
    assert_eq!(log.steps().len(), 2, "sent twice, kept once");
}

#[test]
fn a_score_of_a_trace_is_one_of_its_root() {
    for root_first in [true, false] {
        let mut log = Log::default();
        let root = traces(vec![span(2, 1, "child", &[]), span(1, 0, "root", &[])]);
        let score = logs(vec![judgement(0, "helpful", 0.5)]);
        if root_first {
            log.traces(&root);
            log.logs(&score);
        } else {
            log.logs(&score);
            log.traces(&root);
        }
        let (step, _) = log.step("root");
        assert_eq!(log.scores()[&step]["helpful"], 0.5, "root first: {root_first}");
        assert_eq!(log.nodes().len(), 1);
    }
}

#[test]
fn a_score_without_a_trace_is_the_runs() {
    let mut log = Log::default();
    log.logs(&logs(vec![LogRecord { trace_id: Vec::new(), ..judgement(0, "overall", 0.5) }]));
    let added = log.only().iter().find_map(|e| match e.body() {
        Body::ScoreAdded(added) => Some((e.step(), e.episode().cloned(), added.clone())),
        _ => None,
    });
    let (step, episode, added) = added.unwrap();
    assert_eq!((step, episode, added.target, added.path.as_str()), (None, None, ScoreTarget::Run, "overall"));
}

#[test]
fn a_span_that_is_itself_a_judgement_scores_its_parent() {
    let mut log = Log::default();
    let pairs = [
        ("gen_ai.evaluation.name", text("safety")),
        ("gen_ai.evaluation.score.value", double(-1.0)),
        ("gen_ai.evaluation.explanation", text("why")),
    ];
    log.traces(&traces(vec![span(1, 0, "root", &[]), span(2, 1, "chat", &[]), span(3, 2, "judge", &pairs)]));
    let (step, _) = log.step("chat");
    assert_eq!(log.scores()[&step]["safety"], -1.0);
}

#[test]
fn a_failed_evaluator_evaluates_nothing() {
    let mut failed = judgement(1, "grounding", 0.0);
    failed.attributes =
        attributes(&[("gen_ai.evaluation.name", text("grounding")), ("error.type", text("Timeout"))]);
    let mut log = Log::default();
    log.logs(&logs(vec![failed]));
    let node = log.nodes().into_values().next().unwrap();
    assert_eq!((node.scores.len(), node.not_evaluated), (0, vec!["grounding".to_owned()]));
}

#[test]
fn a_score_that_is_no_number_or_no_path_is_a_step_with_a_warning() {
    for (name, value, expected) in
        [("a..b", 1.0, "\"a..b\" is not a rubric path"), ("nan", f64::NAN, "is not a finite number")]
    {
        let mut log = Log::default();
        let outcome =
            log.traces(&traces(vec![Span { events: vec![judged(name, value)], ..span(1, 0, "w", &[]) }]));
        assert_eq!(outcome.rejected, 0);
        assert!(outcome.message.contains(expected), "{}", outcome.message);
        assert!(log.nodes().values().all(|node| node.scores.is_empty()));
        let rewards = log
            .only()
            .iter()
            .filter(|e| matches!(e.body(), Body::StepRecorded(b) if b.step_kind == StepKind::Reward));
        assert_eq!(rewards.count(), 1);
    }
}

#[test]
fn a_plain_record_is_a_step_beside_its_span() {
    let record = |severity: i32, pairs: &[(&str, gauntlet_otlp::proto::AnyValue)]| LogRecord {
        time_unix_nano: stamp(5, 0),
        severity_number: severity,
        severity_text: "WARN".to_owned(),
        body: Some(text("disk is slow")),
        trace_id: TRACE.to_vec(),
        span_id: vec![1; 8],
        attributes: attributes(pairs),
        ..LogRecord::default()
    };
    let mut log = Log::default();
    let exception = [("exception.type", text("E")), ("exception.stacktrace", text("at x")), ("k", text("v"))];
    let request = logs(vec![record(13, &[]), record(17, &exception)]);
    log.logs(&request);
    log.logs(&request);
    let steps = log.steps();
    assert_eq!(steps.len(), 2, "sent twice, kept once");
    let (warned, failed) = (&steps[0].1, &steps[1].1);
    assert_eq!((warned.step_kind, &warned.error), (StepKind::Message, &None));
    assert_eq!(warned.payload["body"], "disk is slow");
    assert_eq!(warned.metadata["log"], json!({ "severity_number": 13, "severity_text": "WARN" }));
    assert_eq!(warned.parent_span_id.as_deref(), Some("0101010101010101"));
    let error = failed.error.as_ref().unwrap();
    assert_eq!(
        (failed.step_kind, error.kind.as_str(), error.message.as_str()),
        (StepKind::Error, "E", "disk is slow")
    );
    assert_eq!(error.traceback.as_deref(), Some("at x"));
    assert_eq!(failed.metadata["attributes"], json!({ "k": "v" }));
    let bad = LogRecord { trace_id: vec![1; 4], ..record(9, &[]) };
    let outcome = log.logs(&logs(vec![bad]));
    assert_eq!(outcome.rejected, 1);
    assert!(outcome.message.contains("traceId \"01010101\" is not 16 bytes"), "{}", outcome.message);
}
