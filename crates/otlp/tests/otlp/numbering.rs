//! Numbers stay: whatever the order, the batching and the number of times that spans come.

use std::collections::BTreeMap;

use gauntlet_model::Body;
use gauntlet_otlp::proto::Span;
use proptest::prelude::*;

use super::log::{Log, int, judged, judgement, logs, span, stamp, traces};

/// A root, two steps of it, one of them judged, and a step inside of that.
fn story() -> Vec<Span> {
    let judged = Span { events: vec![judged("a", 1.0), judged("b", -1.0)], ..span(3, 1, "judged", &[]) };
    vec![span(1, 0, "root", &[]), span(2, 1, "first", &[]), judged, span(4, 3, "inner", &[])]
}

fn numbers(log: &Log) -> BTreeMap<String, u64> {
    log.steps().into_iter().map(|(n, s)| (s.name.unwrap(), n)).collect()
}

#[test]
fn one_request_is_numbered_by_start_time() {
    let mut log = Log::default();
    log.traces(&traces(story().into_iter().rev().collect()));
    let expected = [("first", 1), ("inner", 3), ("judged", 2), ("root", 0)];
    assert_eq!(numbers(&log), expected.map(|(name, n)| (name.to_owned(), n)).into());
}

#[test]
fn of_spans_that_begin_at_once_the_outer_one_comes_first() {
    // A clock of milliseconds, and an exporter that sends a span when it has ended: the inner ones first.
    let at = |id, parent, name: &str, end: u64| Span {
        start_time_unix_nano: stamp(1, 0),
        end_time_unix_nano: stamp(1, end),
        ..span(id, parent, name, &[])
    };
    let mut log = Log::default();
    log.traces(&traces(vec![
        at(4, 3, "call", 2_000_000),
        at(3, 1, "agent", 5_000_000),
        at(1, 0, "root", 5_000_000),
    ]));
    let expected = [("agent", 1), ("call", 2), ("root", 0)];
    assert_eq!(numbers(&log), expected.map(|(name, n)| (name.to_owned(), n)).into());
}

#[test]
fn the_log_has_an_episode_in_order() {
    let mut log = Log::default();
    log.traces(&traces(story()));
    let first = log.only().first().unwrap().body();
    let last = log.only().last().unwrap().body();
    assert!(
        matches!((first, last), (Body::EpisodeStarted(_), Body::EpisodeFinished(_))),
        "{first:?} {last:?}"
    );
}

#[test]
fn traces_follow_one_another_in_one_run() {
    let mut log = Log::default();
    log.traces(&traces(story()));
    let other = story().into_iter().map(|s| Span { trace_id: vec![9; 16], ..s });
    log.traces(&traces(other.collect()));
    let mut steps: Vec<u64> = log.steps().into_iter().map(|(n, _)| n).collect();
    steps.sort_unstable();
    assert_eq!(steps, (0..8).collect::<Vec<_>>());
    let started = log.only().iter().filter(|e| matches!(e.body(), Body::EpisodeStarted(_))).count();
    assert_eq!(started, 2);
}

#[test]
fn a_span_may_name_its_number() {
    let mut log = Log::default();
    log.traces(&traces(vec![span(1, 0, "root", &[("gauntlet.step", int(40))]), span(2, 1, "next", &[])]));
    log.traces(&traces(vec![span(3, 1, "same", &[("gauntlet.step", int(40))])]));
    assert_eq!(
        numbers(&log),
        [("next", 41), ("root", 40), ("same", 40)].map(|(k, v)| (k.to_owned(), v)).into()
    );
    // Evaluations of either of them are scores of the one node.
    log.logs(&logs(vec![judgement(3, "late", 0.5)]));
    assert_eq!(log.nodes().len(), 1);
    assert_eq!(log.scores()[&40]["late"], 0.5);
    let step = &log.steps()[0].1;
    assert!(!step.metadata.contains_key("attributes"), "{step:?}");
}

#[test]
fn spans_of_one_number_share_a_node_in_one_request() {
    let at = |id, parent, path| Span {
        events: vec![judged(path, f64::from(id))],
        ..span(id, parent, path, &[("gauntlet.step", int(7))])
    };
    let mut log = Log::default();
    log.traces(&traces(vec![at(1, 0, "a"), at(2, 1, "b")]));
    let scores = &log.scores()[&7];
    assert_eq!((scores.len(), scores["a"], scores["b"]), (2, 1.0, 2.0));
}

#[test]
fn an_entry_from_another_process_ends_the_episode_until_the_root_does() {
    let ends = |log: &Log| -> Vec<f64> {
        let ends = log.only().iter().filter_map(|e| match e.body() {
            Body::EpisodeFinished(end) => end.latency_ms,
            _ => None,
        });
        ends.collect()
    };
    let remote =
        Span { flags: 0x301, end_time_unix_nano: stamp(2, 500_000_000), ..span(2, 1, "server", &[]) };
    let root = Span { end_time_unix_nano: stamp(5, 0), ..span(1, 0, "client", &[]) };
    let mut log = Log::default();
    log.traces(&traces(vec![remote.clone()]));
    log.traces(&traces(vec![root.clone()]));
    assert_eq!(ends(&log), [500.0, 4000.0]);
    let mut log = Log::default();
    log.traces(&traces(vec![root]));
    log.traces(&traces(vec![remote]));
    assert_eq!(ends(&log), [4000.0], "the root had the last word");
}

proptest! {
    /// Each span in a request of its own, in any order, some more than once: one step, one number, one node
    /// each, and sending everything again changes nothing.
    #[test]
    fn any_order_and_repetition_keeps_every_step_once(
        order in proptest::collection::vec(0_usize..6, 1..14),
    ) {
        let mut log = Log::default();
        let mut first: BTreeMap<String, u64> = BTreeMap::new();
        let story = story();
        let send = |log: &mut Log, i: usize| match i {
            4 => log.logs(&logs(vec![judgement(3, "late", 0.25)])),
            5 => log.logs(&logs(vec![judgement(0, "whole", 0.75)])),
            i => log.traces(&traces(vec![story[i].clone()])),
        };
        for i in order.into_iter().chain(0..6) {
            send(&mut log, i);
            for (name, number) in numbers(&log) {
                prop_assert_eq!(*first.entry(name).or_insert(number), number, "a number changed");
            }
        }
        let before = log.only().to_vec();
        for i in (0..6).rev() {
            send(&mut log, i);
        }
        log.traces(&traces(story.clone()));
        prop_assert_eq!(log.only(), &before[..]);
        let mut numbers: Vec<u64> = first.values().copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), 4, "two steps share a number");
        let scores = log.scores();
        prop_assert_eq!(scores.len(), 2, "the judged step and the root");
        let judged = &scores[&first["judged"]];
        prop_assert_eq!((judged["a"], judged["b"], judged["late"]), (1.0, -1.0, 0.25));
        prop_assert_eq!(scores[&first["root"]]["whole"], 0.75);
    }
}
