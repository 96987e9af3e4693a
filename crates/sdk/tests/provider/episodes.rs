//! The events that episodes and their tools record.

use crate::recorder::RecordedRun;
use gauntlet_sdk::Outcome;
use gauntlet_sdk::model::{
    Body, EpisodeId, EpisodeStarted, FailureKind, ScoreTarget, Scores, SnapshotScored, Status, StepKind,
};
use gauntlet_sdk::rubric::{CallDescription, ObserverConfig, leaf};
use serde_json::json;

#[derive(Debug, thiserror::Error)]
#[error("the lookup failed")]
struct LookupError(#[source] std::num::ParseIntError);

fn lookup_error() -> LookupError {
    LookupError("x".parse::<i32>().unwrap_err())
}

#[test]
fn an_episode_is_recorded_in_order_with_its_tools_and_their_results() {
    let recorded_run = RecordedRun::start();
    let episode = recorded_run.run.start_episode("what is the dose?").unwrap();
    episode.thought("the table").unwrap();
    episode.message("user", "quickly, please").unwrap();
    episode.tool_call("search", json!({"q": "dose"})).unwrap().succeed(json!(["a", "b"])).unwrap();
    let answer =
        episode.tool("lookup", json!(null), || Err::<u32, _>(lookup_error()), |dose| json!(dose)).unwrap();
    assert!(answer.is_err(), "the tool's own answer comes back");
    drop(episode.tool_call("slow", json!({})).unwrap());
    let ended = episode.end(Outcome::returned(12.5)).unwrap();
    ended.score("helpfulness", 0.5, "judge").unwrap();

    let recorded = recorded_run.events();
    let Body::EpisodeStarted(started) = recorded.0[0].body() else { panic!("{:?}", recorded.0[0]) };
    assert_eq!(started.task.as_deref(), Some("what is the dose?"));
    assert!(recorded.0.iter().all(|event| event.episode() == Some(ended.id())));
    assert_eq!(ended.id().as_str().len(), 32, "a trace id");
    let numbers: Vec<_> = recorded.steps().iter().map(|(event, _)| event.step().unwrap()).collect();
    assert_eq!(numbers, (0..8).collect::<Vec<_>>());
    let steps: Vec<_> = recorded.steps().into_iter().map(|(_, step)| step).collect();
    use StepKind::*;
    assert_eq!(
        steps.iter().map(|step| step.step_kind).collect::<Vec<_>>(),
        [Thought, Message, ToolCall, ToolResult, ToolCall, ToolResult, ToolCall, ToolResult]
    );
    let (call, result) = (steps[2], steps[3]);
    assert_eq!((&result.span_id, &result.parent_span_id), (&call.span_id, &None));
    assert_eq!(
        (&call.payload["arguments"], &result.payload["result"]),
        (&json!({"q": "dose"}), &json!(["a", "b"]))
    );
    assert!(result.ended_at >= Some(result.started_at) && call.error.is_none() && result.error.is_none());
    let failed = steps[5].error.as_ref().unwrap();
    assert!(failed.kind.ends_with("LookupError"));
    assert_eq!(failed.message, "the lookup failed");
    assert_eq!(failed.traceback.as_deref(), Some("caused by: invalid digit found in string"));
    assert_eq!(steps[7].error.as_ref().unwrap().kind, "Cancelled");
    let [(_, finished)] = recorded.ends()[..] else { panic!("{:?}", recorded.ends()) };
    assert_eq!((finished.status, finished.return_.map(|r| r.get())), (Status::Completed, Some(12.5)));
    assert!(finished.latency_ms.is_some());
    let last = recorded.0.last().unwrap();
    assert!(matches!(last.body(), Body::ScoreAdded(s) if s.target == ScoreTarget::Episode));
}

#[test]
fn an_episode_that_is_dropped_or_panics_is_recorded_as_such() {
    let recorded_run = RecordedRun::start();
    drop(recorded_run.run.start_episode("left").unwrap());
    let inside = recorded_run.run.clone();
    let panicked = std::thread::spawn(move || {
        let episode = inside.start_episode("broken").unwrap();
        let _call = episode.tool_call("tool", json!({})).unwrap();
        panic!("a tool that breaks");
    });
    assert!(panicked.join().is_err());
    let recorded = recorded_run.events();
    let ends: Vec<_> =
        recorded.ends().iter().map(|(_, end)| (end.status, end.error.clone().unwrap())).collect();
    assert_eq!(
        ends,
        [(Status::Cancelled, "dropped without an end".to_owned()), (Status::Failed, "panicked".to_owned())]
    );
    assert_eq!(recorded.steps().last().unwrap().1.error.as_ref().unwrap().kind, "Panic");
    let nodes: Vec<_> = recorded.nodes().iter().map(|(_, node)| (&*node.action, &*node.failures)).collect();
    assert_eq!(nodes, [("dropped without an end", &[][..]), ("panicked", &[FailureKind::Generic])]);
}

#[test]
fn what_breaks_a_rule_is_refused_by_its_field_and_the_episode_stays_open() {
    let recorded_run = RecordedRun::start();
    let refused = recorded_run.run.log([("grounding", f64::NAN)], 1).unwrap_err();
    assert_eq!(refused.field, "grounding");
    assert_eq!(recorded_run.run.log([("root", 1.0)], u64::MAX).unwrap_err().field, "step");
    let episode = recorded_run.run.start_episode("a task").unwrap();
    assert_eq!(episode.thought("x".repeat(3 << 20)).map_err(|e| e.field), Ok(()), "a payload may be long");
    assert_eq!(episode.thought("x".repeat(9 << 20)).unwrap_err().field, "body", "the body has a limit");
    assert_eq!(episode.tool_call("two\nlines", json!({})).map(drop).unwrap_err().field, "body.name");
    let not = episode.end(Outcome::returned(f64::INFINITY)).unwrap_err();
    assert_eq!(not.to_string(), "body.return: is inf; a score is a finite number");
    not.episode.end(Outcome::completed()).unwrap();
    let recorded = recorded_run.events();
    assert_eq!((recorded.ends().len(), recorded.nodes().len()), (1, 1), "a refused end records nothing");
}

#[test]
fn an_episode_without_a_score_is_one_node_at_its_end() {
    let recorded_run = RecordedRun::start();
    recorded_run.run.log([("root", 1.0)], 6).unwrap();
    let plain = recorded_run.run.start_episode("how often?").unwrap();
    plain.message("user", "How often, please?").unwrap();
    plain.message("assistant", "Twice a week.").unwrap();
    plain.thought("that was easy").unwrap();
    plain.end(Outcome::returned(0.5)).unwrap();
    let silent = recorded_run.run.start_episode("a task").unwrap();
    silent.tool_call("lookup", json!({})).unwrap().succeed(json!({"rate": 0.3})).unwrap();
    silent.end(Outcome::completed()).unwrap();
    let late = recorded_run.run.start_episode("a task").unwrap();
    late.end(Outcome { status: Status::TimedOut, ..Outcome::failed(&lookup_error()) }).unwrap();
    recorded_run.run.start_episode("nothing happens in it").unwrap().end(Outcome::returned(1.0)).unwrap();

    let recorded = recorded_run.events();
    let steps: Vec<_> = recorded.nodes().iter().map(|(event, _)| event.step().unwrap()).collect();
    assert_eq!(steps, [6, 7, 8, 9], "each after the last");
    let [_, (event, plain), (_, silent), (_, late)] = recorded.nodes()[..] else { panic!() };
    assert_eq!((event.episode(), plain.scores.root()), (recorded.ends()[0].0.episode(), Some(0.5)));
    assert_eq!((&*plain.action, &*plain.observation), ("Twice a week.", "How often, please?"));
    assert!(plain.failures.is_empty() && plain.duration_ms.is_some());
    assert_eq!((&*silent.action, &*silent.observation), (r#"{"rate":0.3}"#, "a task"));
    assert!(silent.scores.is_empty(), "a height is never invented");
    assert_eq!((&*late.action, &late.failures[..]), ("the lookup failed", &[FailureKind::Generic][..]));
    let node = recorded.0.iter().position(|event| event.step() == Some(7)).unwrap();
    assert!(matches!(recorded.0[node + 1].body(), Body::EpisodeFinished(_)), "the node comes before the end");
}

#[test]
fn an_episode_with_a_score_gets_no_second_node() {
    let recorded_run = RecordedRun::start();
    let named = |id: &str| {
        let started = EpisodeStarted { task: None, metadata: Default::default() };
        let episode =
            recorded_run.run.start_episode_as(EpisodeId::new(id).unwrap(), Some(3), started).unwrap();
        episode.thought("hm").unwrap();
        episode
    };
    let judged = || SnapshotScored { scores: Scores::new([("root", 2.0)]).unwrap(), ..Default::default() };
    let by_itself = named("by itself");
    by_itself.scored(3, judged()).unwrap();
    let by_the_run = named("by the run");
    recorded_run.run.log_body(Some(by_the_run.id().clone()), Some(3), judged()).unwrap();
    let by_a_rubric = named("by a rubric");
    let rubric = leaf(|action: &str, _: &str| action.len() as f64);
    let within = by_a_rubric.id().clone();
    let describe = move |_: &str, _: &str| CallDescription {
        episode: Some(within.clone()),
        ..CallDescription::default()
    };
    recorded_run.run.watch(&rubric, describe, ObserverConfig::default()).unwrap();
    rubric.call("ab", "").unwrap();
    let by_nobody = named("by nobody");
    for episode in [by_itself, by_the_run, by_a_rubric, by_nobody] {
        episode.end(Outcome::returned(1.0)).unwrap();
    }
    let recorded = recorded_run.events();
    let nodes: Vec<_> = recorded
        .nodes()
        .iter()
        .map(|(event, node)| (event.episode().unwrap().as_str(), event.step().unwrap(), node.scores.root()))
        .collect();
    let expected = [
        ("by itself", 3, Some(2.0)),
        ("by the run", 3, Some(2.0)),
        ("by a rubric", 1, Some(2.0)),
        ("by nobody", 3, Some(1.0)),
    ];
    assert_eq!(nodes, expected);
}
