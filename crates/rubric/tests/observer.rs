//! The observer: one complete snapshot a root call, nothing mixed, nothing broken, and the way a pause ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use gauntlet_model::{
    Action, Body, CommandIssued, Event, EventId, MAX_TEXT_BYTES, Object, SnapshotScored, Timestamp,
};
use gauntlet_rubric::{CallDescription, Counts, Node, Observer, ObserverConfig, gate, leaf, sequential};
use gauntlet_telemetry::{Clock, Collector, CommandQueue, EventSink, SystemClock};
use serde_json::json;

type Tree = Node<str, str>;

/// A clock that advances 1.5 ms whenever it is looked at.
#[derive(Default)]
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }
    fn new_id(&self) -> EventId {
        EventId::from_u128(u128::from(self.0.fetch_add(1, SeqCst)))
    }
    fn elapsed_micros(&self) -> Option<u64> {
        Some(self.0.fetch_add(1500, SeqCst))
    }
}

fn story(action: &str, observation: &str) -> CallDescription {
    let metadata = json!({"task_id": action}).as_object().cloned().unwrap_or_default();
    CallDescription {
        action: action.to_owned(),
        observation: observation.to_owned(),
        metadata,
        episode: None,
    }
}

fn observed(tree: &Tree, config: ObserverConfig) -> (Observer, Arc<Collector>) {
    let collector = Arc::new(Collector::default());
    let sinks: Vec<Arc<dyn EventSink>> = vec![collector.clone()];
    (Observer::attach(tree, story, sinks, Arc::new(Ticking::default()), config), collector)
}

fn snapshot(event: &Event) -> &SnapshotScored {
    match event.body() {
        Body::SnapshotScored(snapshot) => snapshot,
        other => panic!("not a snapshot: {other:?}"),
    }
}

fn kinds(events: &[Arc<Event>]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind().as_str()).collect()
}

/// `rubric_0` echoes a number in the action, `rubric_1` is a gate around 1.
fn tree() -> Tree {
    let echo = leaf(|action: &str, _: &str| action.parse().unwrap_or(0.0));
    sequential(vec![echo, gate(leaf(|_: &str, _: &str| 1.0), 1.0).unwrap()])
}

#[test]
fn five_calls_are_five_complete_snapshots() {
    let tree = tree();
    let base = json!({"run_type": "grpo", "task_id": "overridden"}).as_object().cloned().unwrap_or_default();
    let (observer, collector) = observed(&tree, ObserverConfig { metadata: base, ..Default::default() });
    for action in ["1", "2", "0", "4", "-5"] {
        tree.call(action, "what it saw").unwrap();
    }
    let events = collector.take();
    let steps: Vec<Option<u64>> = events.iter().map(|event| event.step()).collect();
    assert_eq!(steps, [Some(1), Some(2), Some(3), Some(4), Some(5)]);
    let last = snapshot(&events[4]);
    assert_eq!(
        serde_json::to_string(&last.scores).unwrap(),
        r#"{"root":1.0,"rubric_0":-5.0,"rubric_1":1.0,"rubric_1.rubric":1.0}"#
    );
    assert_eq!((last.action.as_str(), last.observation.as_str()), ("-5", "what it saw"));
    assert_eq!(json!(last.metadata), json!({"run_type": "grpo", "task_id": "-5"}));
    assert!(last.duration_ms.is_some_and(|ms| ms >= 1.5) && !last.is_paused && last.challenge.is_none());
    let stopped = snapshot(&events[2]);
    assert_eq!(stopped.not_evaluated, ["rubric_1", "rubric_1.rubric"]);
    assert_eq!(stopped.scores.get("rubric_1.rubric"), None, "no stale score");
    assert_eq!(observer.counts(), Counts { calls: 5, emitted: 5, ..Default::default() });
    observer.detach();
    tree.call("1", "o").unwrap();
    assert!(collector.take().is_empty());
}

#[test]
fn an_observer_inside_a_larger_tree_reports_relative_to_itself() {
    let inner = tree();
    let outer = sequential(vec![inner.clone(), leaf(|_: &str, _: &str| 9.0)]);
    let (_inner_observer, seen_inside) = observed(&inner, ObserverConfig::default());
    let (_outer_observer, seen_outside) = observed(&outer, ObserverConfig::default());
    outer.call("3", "o").unwrap();
    let paths = |collector: &Collector| {
        let events = collector.take();
        snapshot(&events[0]).scores.iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&seen_inside), ["root", "rubric_0", "rubric_1", "rubric_1.rubric"]);
    let outside = [
        "root",
        "rubric_0",
        "rubric_0.rubric_0",
        "rubric_0.rubric_1",
        "rubric_0.rubric_1.rubric",
        "rubric_1",
    ];
    assert_eq!(paths(&seen_outside), outside);
}

#[test]
fn concurrent_evaluations_never_mix_frames() {
    let echo = || {
        leaf(|action: &str, _: &str| {
            std::thread::yield_now();
            action.parse().unwrap_or(0.0)
        })
    };
    let tree: Tree = sequential(vec![echo(), gate(echo(), 0.5).unwrap(), echo()]);
    let (observer, collector) = observed(&tree, ObserverConfig::default());
    std::thread::scope(|scope| {
        for thread in 1..=2 {
            let tree = &tree;
            scope.spawn(move || {
                (0..300).for_each(|i| drop(tree.call(&format!("{}", thread * 1000 + i), "o")))
            });
        }
    });
    let events = collector.take();
    let steps: BTreeSet<u64> = events.iter().filter_map(|event| event.step()).collect();
    assert_eq!((events.len(), steps.len(), steps.last()), (600, 600, Some(&600)));
    for event in &events {
        let snapshot = snapshot(event);
        let number: f64 = snapshot.action.parse().unwrap();
        assert_eq!(snapshot.scores.len(), 5);
        assert!(snapshot.scores.iter().all(|(_, score)| score == number), "{snapshot:?}");
    }
    assert_eq!(observer.counts().emitted, 600);
}

#[test]
fn errors_are_recorded_and_stop_nothing() {
    let moody: Tree = leaf(|action: &str, _: &str| match action {
        "nan" => f64::NAN,
        "panic" => panic!("the scorer died"),
        _ => 1.0,
    });
    let tree = sequential(vec![leaf(|_: &str, _: &str| 0.5), moody]);
    let (observer, collector) = observed(&tree, ObserverConfig::default());
    assert!(tree.call("nan", "o").unwrap().is_nan());
    let events = collector.take();
    let scored = snapshot(&events[0]);
    assert_eq!(scored.not_evaluated, ["root", "rubric_1"]);
    assert_eq!(scored.metadata["non_finite"], json!({"root": "NaN", "rubric_1": "NaN"}));

    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tree.call("panic", "o")));
    assert!(caught.is_err(), "a rubric's own panic is its caller's");
    let events = collector.take();
    let scored = snapshot(&events[0]);
    assert_eq!((scored.scores.get("rubric_0"), scored.scores.root()), (Some(0.5), None));
    assert_eq!(scored.metadata["incomplete"], true);
    assert!(scored.metadata["error"].as_str().is_some_and(|e| e.contains("the scorer died")));

    let long = "ä".repeat(MAX_TEXT_BYTES);
    assert_eq!(tree.call("x", &long), Ok(1.0));
    let events = collector.take();
    let scored = snapshot(&events[0]);
    assert!(scored.observation.len() <= MAX_TEXT_BYTES && scored.observation.ends_with('ä'));
    assert_eq!(scored.metadata["observation_bytes"], 2 * MAX_TEXT_BYTES);

    let wide = sequential((0..1100).map(|_| leaf(|_: &str, _: &str| 1.0)).collect::<Vec<Tree>>());
    let (wide_observer, gaps) = observed(&wide, ObserverConfig::default());
    assert_eq!(wide.call("x", "o"), Ok(1.0));
    assert_eq!(kinds(&gaps.take()), ["gap"]);
    assert_eq!((observer.counts().incomplete, wide_observer.counts().refused), (1, 1));
}

#[test]
fn a_describer_that_panics_is_counted_and_breaks_nothing() {
    let tree = tree();
    let collector = Arc::new(Collector::default());
    let sinks: Vec<Arc<dyn EventSink>> = vec![collector.clone()];
    let describe = |_: &str, _: &str| -> CallDescription { panic!("no words") };
    Observer::attach(&tree, describe, sinks, Arc::new(SystemClock::new()), ObserverConfig::default());
    assert_eq!(tree.call("3", "o"), Ok(1.0));
    assert_eq!((tree.hook_panics(), collector.take().len()), (1, 0));
}

fn command(id: &str, action: Action, parameters: serde_json::Value) -> CommandIssued {
    let parameters: Object = parameters.as_object().cloned().unwrap_or_default();
    CommandIssued { command_id: id.to_owned(), action, parameters, author: "ada".to_owned() }
}

fn paused_at(index: u64, timeout: Duration) -> (Arc<CommandQueue>, ObserverConfig) {
    let commands = Arc::new(CommandQueue::new());
    let config = ObserverConfig {
        pause_on_indices: BTreeSet::from([index]),
        commands: Some(commands.clone()),
        pause_timeout: timeout,
        ..Default::default()
    };
    (commands, config)
}

#[test]
fn a_pause_takes_commands_until_one_resumes() {
    let tree = tree();
    let (commands, config) = paused_at(1, Duration::from_secs(20));
    let (observer, collector) = observed(&tree, config);
    tree.call("1", "o").unwrap();
    assert!(!snapshot(&collector.take()[0]).is_paused);
    let (queue, seen) = (Arc::clone(&commands), Arc::clone(&collector));
    let person = std::thread::spawn(move || {
        let paused = loop {
            let events = seen.take();
            if !events.is_empty() {
                break events;
            }
            std::thread::yield_now();
        };
        queue.issue(command("c1", Action::Tweak, json!({"rubric_1.threshold": 2, "rubric_1.nope": 1})));
        queue.issue(command("c2", Action::Tweak, json!({"rubric_1.threshold": 2.0})));
        queue.issue(command("c3", Action::Pause, json!({})));
        queue.issue(command("c4", Action::Answer, json!({})));
        queue.issue(command("c5", Action::Resume, json!({})));
        queue.issue(command("late", Action::Stop, json!({})));
        paused
    });
    assert_eq!(tree.call("1", "o"), Ok(1.0), "the score was found before the pause");
    let events = [person.join().unwrap(), collector.take()].concat();
    let expected = [vec!["snapshot.scored"], vec!["command.applied"; 5], vec!["run.status"]].concat();
    assert_eq!(kinds(&events), expected);
    assert!(events.iter().all(|event| event.step() == Some(2)));
    let paused = snapshot(&events[0]);
    assert!(paused.is_paused);
    assert_eq!(paused.challenge.as_ref().map(|c| c.kind.as_str()), Some("GENERAL_REVIEW"));
    let results: Vec<String> =
        commands.acknowledged().into_iter().map(|(id, result)| format!("{id}: {result}")).collect();
    assert!(results[0].starts_with("c1: refused: rubric_1.nope: is not a declared parameter"), "{results:?}");
    assert_eq!(
        results[1..],
        [
            "c2: set rubric_1.threshold = 2.0",
            "c3: already paused",
            "c4: refused: parameters.answer: is missing or no text",
            "c5: resumed",
        ]
    );
    assert_eq!(tree.call("1", "o"), Ok(0.0), "the gate is higher now");
    assert!(!observer.is_stopped());
}

#[test]
fn a_pause_ends_by_a_stop_or_by_its_timeout() {
    let tree = tree();
    let (commands, config) = paused_at(0, Duration::from_secs(20));
    commands.issue(command("c", Action::Stop, json!({})));
    let (observer, _collector) = observed(&tree, config);
    tree.call("1", "o").unwrap();
    assert!(observer.is_stopped());
    observer.detach();

    let (_commands, config) = paused_at(0, Duration::from_millis(30));
    let (_observer, collector) = observed(&tree, config);
    tree.call("1", "o").unwrap();
    let events = collector.take();
    assert_eq!(kinds(&events), ["snapshot.scored", "run.status"]);
    match events[1].body() {
        Body::RunStatus(status) => assert_eq!(status.reason.as_deref(), Some("no command within 0.03 s")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn challenges_ask_about_the_most_severe_thing() {
    let of = |names: &[(&'static str, f64)]| {
        let children = names.iter().map(|(name, score)| {
            let score = *score;
            (*name, leaf(move |_: &str, _: &str| score))
        });
        struct All;
        impl gauntlet_rubric::Rubric<str, str> for All {
            fn forward(
                &self,
                call: &gauntlet_rubric::Call<'_, str, str>,
            ) -> Result<f64, gauntlet_rubric::RubricError> {
                (0..call.node().children().len()).map(|index| call.score_at(index)).sum()
            }
        }
        let tree: Tree = Node::with_children(All, children).unwrap();
        gauntlet_rubric::challenge_of(&tree.evaluate("a", "o"))
    };
    let both = of(&[("inconsistency", -15.0), ("grounding", -20.0)]);
    assert_eq!(both.kind, "HALLUCINATION_GUARD");
    assert!(both.options.contains(&both.expected_answer.unwrap()));
    assert_eq!(of(&[("inconsistency", -15.0), ("grounding", 15.0)]).kind, "INCONSISTENCY_GUARD");
    let other = of(&[("synthesis", -10.0)]);
    assert_eq!((other.kind.as_str(), other.expected_answer), ("GENERAL_REVIEW", None));
}
