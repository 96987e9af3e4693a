//! What episodes, tools and the `tracing` layer tell, event by event.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gauntlet_sdk::model::{Body, Event, ScoreTarget, Status, StepKind, StepRecorded};
use gauntlet_sdk::rubric::sinks::{DeliveryError, Sink};
use gauntlet_sdk::{Mode, ObservabilityProvider, Outcome};
use serde_json::json;
use tracing_subscriber::prelude::*;

const LONG: Duration = Duration::from_secs(30);

/// Keeps events, and logs about it as an HTTP client would.
#[derive(Clone, Default)]
struct Chatty(Arc<Mutex<Vec<Arc<Event>>>>);

impl Sink for Chatty {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let span = tracing::info_span!("POST", episode = "the sink itself");
        span.in_scope(|| tracing::error!("{} events", batch.len()));
        self.0.lock().unwrap().extend(batch.iter().cloned());
        Ok(())
    }
}

impl Chatty {
    fn start(folder: &Path) -> (ObservabilityProvider, Self) {
        let chatty = Self::default();
        let run = ObservabilityProvider::builder()
            .unwrap()
            .mode(Mode::Offline)
            .spool(folder, 1 << 20)
            .sink("kept", chatty.clone())
            .start()
            .unwrap();
        (run, chatty)
    }

    /// Everything behind `run.started` and `run.status`.
    fn told(&self, run: &ObservabilityProvider) -> Vec<Arc<Event>> {
        run.flush(LONG).unwrap();
        self.0.lock().unwrap().iter().skip(2).cloned().collect()
    }
}

fn steps(events: &[Arc<Event>]) -> Vec<(Option<u32>, StepRecorded)> {
    let step = |event: &Arc<Event>| match event.body() {
        Body::StepRecorded(step) => Some((event.step(), step.clone())),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}

#[derive(Debug, thiserror::Error)]
#[error("the lookup failed")]
struct LookupError(#[source] std::num::ParseIntError);

fn lookup_error() -> LookupError {
    LookupError("x".parse::<i32>().unwrap_err())
}

#[test]
fn an_episode_is_told_in_order_with_its_tools_and_what_came_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (run, kept) = Chatty::start(folder.path());
    let episode = run.start_episode("what is the dose?").unwrap();
    episode.thought("the table").unwrap();
    episode.message("user", "quickly, please").unwrap();
    episode.tool_call("search", json!({"q": "dose"})).unwrap().succeed(json!(["a", "b"])).unwrap();
    let answer =
        episode.tool("lookup", json!(null), || Err::<u32, _>(lookup_error()), |dose| json!(dose)).unwrap();
    assert!(answer.is_err(), "the tool's own answer comes back");
    drop(episode.tool_call("slow", json!({})).unwrap());
    let ended = episode.end(Outcome::returned(12.5)).unwrap();
    ended.score("helpfulness", 0.5, "judge").unwrap();

    let events = kept.told(&run);
    let Body::EpisodeStarted(started) = events[0].body() else { panic!("{:?}", events[0]) };
    assert_eq!(started.task.as_deref(), Some("what is the dose?"));
    assert!(events.iter().all(|event| event.episode() == Some(ended.id())));
    assert_eq!(ended.id().as_str().len(), 32, "a trace id");
    let steps = steps(&events);
    assert_eq!(steps.iter().map(|(step, _)| step.unwrap()).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    let kinds: Vec<_> = steps.iter().map(|(_, step)| step.step_kind).collect();
    use StepKind::*;
    assert_eq!(kinds, [Thought, Message, ToolCall, ToolResult, ToolCall, ToolResult, ToolCall, ToolResult]);
    let (call, result) = (&steps[2].1, &steps[3].1);
    assert_eq!((&result.span_id, &result.parent_span_id), (&call.span_id, &None));
    assert_eq!(
        (&call.payload["arguments"], &result.payload["result"]),
        (&json!({"q": "dose"}), &json!(["a", "b"]))
    );
    assert!(result.ended_at >= Some(result.started_at) && call.error.is_none() && result.error.is_none());
    let failed = steps[5].1.error.as_ref().unwrap();
    assert!(failed.kind.ends_with("LookupError"));
    assert_eq!(failed.message, "the lookup failed");
    assert_eq!(failed.traceback.as_deref(), Some("caused by: invalid digit found in string"));
    assert_eq!(steps[7].1.error.as_ref().unwrap().kind, "Cancelled");
    let [.., finished, scored] = events.as_slice() else { panic!() };
    let Body::EpisodeFinished(finished) = finished.body() else { panic!("{finished:?}") };
    assert_eq!((finished.status, finished.return_.map(|r| r.get())), (Status::Completed, Some(12.5)));
    assert!(finished.latency_ms.is_some());
    assert!(matches!(scored.body(), Body::ScoreAdded(s) if s.target == ScoreTarget::Episode));
}

#[test]
fn an_episode_that_is_dropped_or_panics_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let (run, kept) = Chatty::start(folder.path());
    drop(run.start_episode("left").unwrap());
    let inside = run.clone();
    let panicked = std::thread::spawn(move || {
        let episode = inside.start_episode("broken").unwrap();
        let _call = episode.tool_call("tool", json!({})).unwrap();
        panic!("a tool that breaks");
    });
    assert!(panicked.join().is_err());
    let events = kept.told(&run);
    let ends: Vec<_> = events
        .iter()
        .filter_map(|event| match event.body() {
            Body::EpisodeFinished(finished) => Some((finished.status, finished.error.clone().unwrap())),
            _ => None,
        })
        .collect();
    assert_eq!(
        ends,
        [(Status::Cancelled, "dropped without an end".to_owned()), (Status::Failed, "panicked".to_owned())]
    );
    assert_eq!(steps(&events).last().unwrap().1.error.as_ref().unwrap().kind, "Panic");
}

#[test]
fn what_breaks_a_rule_is_refused_by_its_field_and_the_episode_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (run, kept) = Chatty::start(folder.path());
    let refused = run.log([("grounding", f64::NAN)], 1).unwrap_err();
    assert_eq!(refused.field, "grounding");
    assert_eq!(run.log([("root", 1.0)], u32::MAX).unwrap_err().field, "step");
    let episode = run.start_episode("a task").unwrap();
    assert_eq!(episode.thought("x".repeat(3 << 20)).map_err(|e| e.field), Ok(()), "free payload is free");
    assert_eq!(episode.tool_call("two\nlines", json!({})).map(drop).unwrap_err().field, "body.name");
    let (episode, refusal) =
        episode.end(Outcome { return_: Some(f64::INFINITY), ..Outcome::completed() }).map(drop).unwrap_err();
    assert_eq!(refusal.field, "body.return");
    episode.end(Outcome::completed()).map_err(|(_, e)| e).unwrap();
    assert_eq!(kept.told(&run).iter().filter(|e| matches!(e.body(), Body::EpisodeFinished(_))).count(), 1);
}

#[test]
fn spans_and_events_become_episodes_and_steps() {
    let folder = tempfile::tempdir().unwrap();
    let (run, kept) = Chatty::start(folder.path());
    let layer = gauntlet_sdk::tracing::Layer::new(run.clone());
    let refused = layer.refused();
    let subscriber = tracing_subscriber::registry().with(layer);
    let _global = tracing::subscriber::set_global_default(subscriber);
    tracing::info!("outside of any episode");
    {
        let episode = tracing::info_span!("answer", gauntlet.episode = "e1", seed = 7);
        let _inside = episode.enter();
        let tool = tracing::info_span!(
            "call",
            gen_ai.operation.name = "execute_tool",
            gen_ai.tool.name = "lookup",
            query = "dose",
            error = tracing::field::Empty,
        );
        tool.in_scope(|| {
            tracing::debug!(row = 3, "the third row");
            let error = lookup_error();
            tool.record("error", &error as &(dyn std::error::Error + 'static));
        });
        drop(tool);
        tracing::info_span!("model", gen_ai.operation.name = "chat").in_scope(|| ());
        tracing::error!(error.type = "Timeout", "no answer");
        tracing::info!(score.root = -20.0, score.grounding = -20.0, step = 4, "42 mg");
        tracing::info!(score.style = 0.5, step = 4);
        tracing::info!(score.style = f64::NAN, step = 4);
    }
    let events = kept.told(&run);
    let ids: Vec<_> = events.iter().map(|e| e.episode().map(|e| e.as_str().to_owned())).collect();
    assert!(ids.iter().all(|id| id.as_deref() == Some("e1")), "nothing else is recorded: {ids:?}");
    let Body::EpisodeStarted(started) = events[0].body() else { panic!("{:?}", events[0]) };
    assert_eq!((started.task.as_deref(), &started.metadata["seed"]), (Some("answer"), &json!(7)));
    let steps: Vec<_> = steps(&events).into_iter().map(|(_, step)| step).collect();
    let kinds: Vec<_> = steps.iter().map(|step| step.step_kind).collect();
    use StepKind::*;
    assert_eq!(kinds, [ToolCall, Thought, ToolResult, Message, Error, Message]);
    let [call, thought, result, chat, error, answer] = steps.as_slice() else { panic!() };
    assert_eq!((call.name.as_deref(), &call.payload["query"]), (Some("lookup"), &json!("dose")));
    assert_eq!(thought.parent_span_id.as_ref(), Some(&call.span_id));
    assert_eq!((&thought.payload["text"], &thought.payload["row"]), (&json!("the third row"), &json!(3)));
    assert_eq!((&result.span_id, &result.parent_span_id), (&call.span_id, &None));
    assert_eq!(result.error.as_ref().unwrap().message, "the lookup failed");
    assert!(result.error.as_ref().unwrap().traceback.as_ref().unwrap().contains("invalid digit"));
    assert!(result.ended_at.is_some() && chat.name.as_deref() == Some("model"));
    assert_eq!(
        error.error.as_ref().map(|e| (e.kind.as_str(), e.message.as_str())),
        Some(("Timeout", "no answer"))
    );
    assert_eq!(answer.payload["text"], "42 mg");
    let scored = events.iter().find_map(|e| match e.body() {
        Body::SnapshotScored(s) => Some((e.step(), s.scores.root(), s.scores.get("grounding"))),
        _ => None,
    });
    assert_eq!(scored, Some((Some(4), Some(-20.0), Some(-20.0))));
    let added = events.iter().filter(|e| matches!(e.body(), Body::ScoreAdded(s) if s.path == "style"));
    assert_eq!(added.map(|e| e.step()).collect::<Vec<_>>(), [Some(4)]);
    assert_eq!(refused.load(std::sync::atomic::Ordering::Relaxed), 1, "the score that is no number");
    let Body::EpisodeFinished(finished) = events.last().unwrap().body() else { panic!() };
    assert_eq!(finished.status, Status::Completed);
}
