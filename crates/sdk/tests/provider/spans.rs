//! What the `tracing` layer makes of spans and events.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::recorder::{Recorded, RecordedRun};
use gauntlet_sdk::model::{Body, Event, FailureKind, ScoreTarget, Status, StepKind};
use gauntlet_sdk::tracing::Layer;
use serde_json::json;
use tracing::Instrument;
use tracing_subscriber::prelude::*;

/// What `work` becomes, and how many records were refused.
fn film(work: impl FnOnce()) -> (Recorded, u64) {
    let recorded_run = RecordedRun::start();
    let layer = Layer::new(recorded_run.run.clone());
    let refused = layer.refused();
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, work);
    (recorded_run.events(), refused.load(Relaxed))
}

fn lookup_error() -> std::num::ParseIntError {
    "x".parse::<i32>().unwrap_err()
}

#[test]
fn spans_and_events_become_episodes_and_steps() {
    let (recorded, refused) = film(|| {
        tracing::info!("outside of any episode");
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
            tool.record("error", &lookup_error() as &(dyn std::error::Error + 'static));
        });
        drop(tool);
        tracing::info_span!("model", gen_ai.operation.name = "chat").in_scope(|| ());
        tracing::error!(error.type = "Timeout", "no answer");
        tracing::info!(score.root = -20.0, score.grounding = -20.0, step = 4, "42 mg");
        tracing::info!(score.style = 0.5, step = 4);
        tracing::info!(score.style = f64::NAN, step = 4);
    });
    let is_inside = |event: &Arc<Event>| event.episode().is_some_and(|episode| episode.as_str() == "e1");
    let (inside, other): (Vec<_>, Vec<_>) = recorded.0.iter().partition(|event| is_inside(event));
    let [gap] = other[..] else { panic!("nothing else is recorded: {other:?}") };
    let Body::Gap(gap) = gap.body() else { panic!("{gap:?}") };
    assert!((gap.lost, refused) == (1, 1) && gap.reason.contains("a finite number"), "{gap:?}");
    let Body::EpisodeStarted(started) = inside[0].body() else { panic!("{:?}", inside[0]) };
    assert_eq!((started.task.as_deref(), &started.metadata["seed"]), (Some("answer"), &json!(7)));
    let steps: Vec<_> = recorded.steps().into_iter().map(|(_, step)| step).collect();
    use StepKind::*;
    assert_eq!(
        steps.iter().map(|step| step.step_kind).collect::<Vec<_>>(),
        [ToolCall, Thought, ToolResult, Message, Error, Message]
    );
    let [call, thought, result, chat, error, answer] = steps[..] else { panic!() };
    assert_eq!(
        (call.name.as_deref(), &call.payload["arguments"]),
        (Some("lookup"), &json!({"query": "dose"}))
    );
    assert_eq!(thought.parent_span_id.as_ref(), Some(&call.span_id));
    assert_eq!((&thought.payload["text"], &thought.payload["row"]), (&json!("the third row"), &json!(3)));
    assert_eq!((&result.span_id, &result.parent_span_id), (&call.span_id, &None));
    assert_eq!(result.error.as_ref().unwrap().message, "invalid digit found in string");
    assert!(result.ended_at.is_some() && chat.name.as_deref() == Some("model"));
    assert_eq!(
        error.error.as_ref().map(|e| (e.kind.as_str(), e.message.as_str())),
        Some(("Timeout", "no answer"))
    );
    assert!(error.payload.is_empty(), "the message is in the error only");
    assert_eq!(answer.payload["text"], "42 mg");
    let [(event, node)] = recorded.nodes()[..] else { panic!("a scored episode has no second node") };
    assert_eq!(
        (event.step(), node.scores.root(), node.scores.get("grounding")),
        (Some(4), Some(-20.0), Some(-20.0))
    );
    assert_eq!((&*node.action, &*node.observation), ("42 mg", "answer"));
    let added = recorded.0.iter().filter(|e| matches!(e.body(), Body::ScoreAdded(s) if s.path == "style"));
    assert_eq!(added.map(|e| e.step()).collect::<Vec<_>>(), [Some(4)]);
    assert_eq!(recorded.ends()[0].1.status, Status::Completed);
}

#[test]
fn an_episode_without_scores_is_one_node_and_one_without_a_step_comes_last() {
    let (recorded, refused) = film(|| {
        tracing::info_span!("unscored", gauntlet.episode = "a", gauntlet.return = 3.5).in_scope(|| {
            tracing::info!("twice a week");
        });
        tracing::info_span!("failing", episode = "b").in_scope(|| {
            tracing::Span::current().in_scope(|| tracing::debug!("hm"));
        });
        let failing = tracing::info_span!("failing", episode = "c", error = tracing::field::Empty);
        failing.record("error", "no such tool");
        drop(failing);
        tracing::info_span!("empty", episode = "d").in_scope(|| ());
        tracing::info_span!("judged", episode = "").in_scope(|| {
            tracing::info!(score.style = 0.5, "waits for the node");
            tracing::info!(score.root = 1.0, "first");
            tracing::info!(score.style = 0.25, "counts for the first");
            tracing::info!(score.root = 2.0, "second");
        });
    });
    assert_eq!(refused, 0);
    let nodes: Vec<_> = recorded
        .nodes()
        .iter()
        .map(|(event, node)| (event.step().unwrap(), node.scores.root(), &*node.action, &*node.failures))
        .collect();
    let expected = [
        (0, Some(3.5), "twice a week", &[][..]),
        (1, None, "hm", &[]),
        (2, None, "no such tool", &[FailureKind::Generic]),
        (3, Some(1.0), "first", &[]),
        (4, Some(2.0), "second", &[]),
    ];
    assert_eq!(nodes, expected);
    assert_eq!(recorded.nodes()[0].1.observation, "unscored");
    let scores: Vec<_> = recorded
        .0
        .iter()
        .filter_map(|event| match event.body() {
            Body::ScoreAdded(score) => Some((score.target, event.step(), score.value.get())),
            _ => None,
        })
        .collect();
    assert_eq!(scores, [(ScoreTarget::Step, Some(3), 0.5), (ScoreTarget::Step, Some(3), 0.25)]);
}

#[tracing::instrument(err, ret, fields(gen_ai.operation.name = "execute_tool"))]
fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

#[tracing::instrument(err, fields(episode = "e"))]
fn agent() -> Result<u32, std::num::ParseIntError> {
    parse("42")?;
    parse("x")
}

#[test]
fn what_an_instrumented_function_returns_is_the_result_of_its_span() {
    let (recorded, refused) = film(|| assert!(agent().is_err()));
    let steps: Vec<_> = recorded.steps().into_iter().map(|(_, step)| step).collect();
    let [call, result, _, failed] = steps[..] else { panic!("no steps beside the two calls: {steps:?}") };
    assert_eq!((call.name.as_deref(), &call.payload["arguments"]), (Some("parse"), &json!({"text": "42"})));
    assert_eq!((&result.payload["result"], result.payload.len()), (&json!("42"), 1));
    assert_eq!(failed.error.as_ref().unwrap().message, "invalid digit found in string");
    let end = recorded.ends()[0].1;
    assert_eq!((end.status, end.error.as_deref()), (Status::Failed, Some("invalid digit found in string")));
    assert_eq!((&*recorded.nodes()[0].1.action, refused), ("42", 0), "the last output");
}

#[test]
fn a_field_of_the_wrong_type_is_recorded_as_it_is() {
    let (recorded, refused) = film(|| {
        let _inside = tracing::info_span!("e", episode = "e", step = -1, gauntlet.kind = "leap").entered();
        tracing::info!(step = 2.5, gauntlet.kind = "jump", "hm");
    });
    let Body::EpisodeStarted(started) = recorded.0[0].body() else { panic!("{:?}", recorded.0[0]) };
    assert_eq!((&started.metadata["step"], &started.metadata["gauntlet.kind"]), (&json!(-1), &json!("leap")));
    let step = recorded.steps()[0].1;
    assert_eq!((&step.payload["step"], &step.payload["gauntlet.kind"]), (&json!(2.5), &json!("jump")));
    assert_eq!((step.step_kind, refused), (StepKind::Message, 0));

    let (recorded, refused) =
        film(|| tracing::info_span!("e", episode = "a/b").in_scope(|| tracing::info!("hm")));
    let Body::EpisodeStarted(started) = recorded.0[0].body() else { panic!("{:?}", recorded.0[0]) };
    assert_eq!((&started.metadata["episode"], recorded.steps().len(), refused), (&json!("a/b"), 1, 0));
}

#[test]
fn tasks_that_take_turns_do_not_mix_their_episodes() {
    let (recorded, _) = film(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let agent = async |n: u64| {
            for turn in 0..4_u64 {
                let tool = tracing::info_span!("tool", gen_ai.operation.name = "execute_tool", n);
                async {
                    tokio::task::yield_now().await;
                    tracing::info!(n, turn, "inside");
                    tokio::task::yield_now().await;
                }
                .instrument(tool)
                .await;
            }
        };
        runtime.block_on(async {
            let episode = |n: u64| tracing::info_span!("agent", episode = n);
            tokio::join!(agent(0).instrument(episode(0)), agent(1).instrument(episode(1)));
        });
    });
    assert_eq!(recorded.steps().len(), 2 * 4 * 3);
    for (event, step) in recorded.steps() {
        let n = step.payload.get("n").or_else(|| step.payload.get("arguments")?.get("n"));
        assert!(n.is_none_or(|n| format!("{n}") == event.episode().unwrap().as_str()), "{step:?}");
        let is_event = step.step_kind == StepKind::Message;
        assert_eq!(step.parent_span_id.is_some(), is_event, "an event inside of a tool has it as its parent");
        assert_eq!(n.is_none(), step.step_kind == StepKind::ToolResult);
    }
    assert_eq!(recorded.nodes().len(), 2);
}

#[test]
fn what_the_sinks_log_is_not_recorded() {
    let recorded_run = RecordedRun::start();
    // For every thread, those of the sinks too.
    let subscriber = tracing_subscriber::registry().with(Layer::new(recorded_run.run.clone()));
    tracing::subscriber::set_global_default(subscriber).unwrap();
    tracing::info_span!("answer", episode = "e1").in_scope(|| tracing::info!("42 mg"));
    let first = recorded_run.events().0.len();
    let second = recorded_run.events();
    assert_eq!((first, second.0.len()), (4, 4), "the sink logged about the first delivery: {:?}", second.0);
}
