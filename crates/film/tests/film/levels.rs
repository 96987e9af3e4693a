//! Levels of detail keep what shapes the picture; the manifest counts what is sealed.

use gauntlet_film::levels::{self, CHUNK, FAN_OUT, span};
use gauntlet_film::surroundings::Surroundings;
use gauntlet_film::{Fact, FactBody, Film, Manifest};
use gauntlet_model::{EpisodeId, FailureRule, RunId, Status};
use proptest::prelude::*;
use serde_json::json;

use crate::facts::{added, fact, film, log, scores};

/// A chunk that is the whole log.
fn thin(facts: &[Fact], rule: FailureRule, level: u8) -> Vec<Fact> {
    levels::thin(facts, rule, level, &Surroundings::of(facts, &film(facts)))
}

/// The chunk of these places as a server makes it once the log has `head` events: before its own facts those
/// that it needs of earlier chunks.
fn sealed(log: &[Fact], chunk: std::ops::Range<usize>, head: usize, level: u8) -> Vec<Fact> {
    let (earlier, facts) = (&log[..chunk.start], &log[chunk]);
    let around = Surroundings::of(facts, &film(&log[..head]));
    let is_scored = |fact: &Fact| matches!(fact.body, FactBody::Scored { .. } | FactBody::Added { .. });
    let of_node = |fact: &Fact| {
        is_scored(fact) && fact.step.is_some_and(|step| around.nodes.contains(&(step, fact.episode.clone())))
    };
    let needed = earlier.iter().filter(|fact| around.ends.contains(&fact.seq) || of_node(fact)).cloned();
    needed.chain(levels::thin(facts, FailureRule::Dipg, level, &around)).collect()
}

fn failures(film: &Film) -> Vec<u64> {
    let nodes = (0..film.len()).filter_map(|i| film.node(i));
    nodes.filter(|n| n.failure.is_some()).map(|n| n.step).collect()
}

#[test]
fn spans_grow_eightfold_and_never_overflow() {
    assert_eq!([span(0), span(1), span(2)], [4096, 32_768, 262_144]);
    assert_eq!(span(u8::MAX), u64::MAX);
}

#[test]
fn a_thinned_run_keeps_its_ends_its_extremes_and_its_failures() {
    let root = |step: u64| match step {
        1_234 => -50.0,
        20_001 => 90.0,
        step => (step % 7) as f64,
    };
    let facts: Vec<Fact> =
        (0..30_000).map(|step| fact(step, step, scores(&[("root", root(step))]))).collect();
    let thinned = thin(&facts, FailureRule::Dipg, 1);
    let full = film(&thinned);
    assert!(thinned.len() < facts.len() / 2, "{}", thinned.len());
    assert_eq!(failures(&full), [1_234]);
    assert_eq!(full.head(), 30_000);
    assert_eq!(full.find(0), Some(0));
    assert!(full.find(29_999).is_some());
    let roots: Vec<f64> = (0..full.len()).filter_map(|i| full.root(i)).collect();
    assert_eq!(roots.iter().copied().fold(f64::MIN, f64::max), 90.0);
    assert!(thin(&facts, FailureRule::Dipg, 3).len() < facts.len() / 100);
}

#[test]
fn the_most_severe_failure_of_a_handful_stays() {
    let mut facts: Vec<Fact> =
        (0..8).map(|i| fact(i, i, scores(&[("root", -1.0), ("format", 1.0)]))).collect();
    facts[4] = fact(4, 4, scores(&[("root", -1.0), ("format", 0.0)]));
    facts.push(fact(8, 5, added("grounding", -20.0)));
    let thinned = film(&thin(&facts, FailureRule::Dipg, 1));
    assert_eq!(failures(&thinned), [0, 5, 7], "a later score counts where failures are weighed");
    assert_eq!(thin(&facts, FailureRule::Dipg, 0), facts);
}

#[test]
fn a_step_scored_again_is_not_shown_as_it_was() {
    let mut facts: Vec<Fact> = (0..8).map(|i| fact(i, i, scores(&[("root", 1.0)]))).collect();
    facts[3] = fact(3, 3, scores(&[("root", -9.0)]));
    facts.push(fact(8, 3, scores(&[("root", 1.0)])));
    assert_eq!(failures(&film(&thin(&facts, FailureRule::Dipg, 1))), [0u64; 0]);
}

#[test]
fn a_score_that_waited_stays_with_the_last_snapshot() {
    let facts = [
        fact(0, 2, added("format", -30.0)),
        fact(1, 0, scores(&[("grounding", -30.0)])),
        fact(2, 3, scores(&[("grounding", -30.0)])),
        fact(3, 2, scores(&[])),
    ];
    assert_eq!(failures(&film(&thin(&facts, FailureRule::Dipg, 1))), [0, 2, 3]);
}

/// A fact of an episode.
fn of(episode: &str, fact: Fact) -> Fact {
    Fact { episode: EpisodeId::new(episode).ok(), ..fact }
}

#[test]
fn the_end_of_a_failed_episode_stays_with_its_last_node() {
    let end = |seq, status| fact(seq, 0, FactBody::EpisodeFinished { status, return_: None });
    let mut facts: Vec<Fact> = (0..24).map(|i| of("a", fact(i, i, scores(&[("root", 1.0)])))).collect();
    facts.push(of("a", end(24, Status::Failed)));
    facts.extend((25..40).map(|i| of("b", fact(i, i, scores(&[("root", 1.0)])))));
    facts.push(of("b", end(40, Status::Completed)));
    let full = film(&facts);
    assert_eq!(failures(&full), [23]);
    let thinned = thin(&facts, FailureRule::Dipg, 1);
    assert_eq!(failures(&film(&thinned)), [23]);
    assert_eq!(thinned.iter().filter(|f| matches!(f.body, FactBody::EpisodeFinished { .. })).count(), 2);
    // Where its last node is thinned out, the end would fail another node.
    let graver: Vec<Fact> = facts[..25]
        .iter()
        .cloned()
        .map(|f| if f.seq == 20 { of("a", fact(20, 20, scores(&[("root", -1.0)]))) } else { f })
        .chain([of("a", fact(25, 30, scores(&[("root", 1.0)]))), fact(26, 31, scores(&[("root", 1.0)]))])
        .collect();
    let thinned = film(&thin(&graver, FailureRule::Dipg, 2));
    assert_eq!((failures(&film(&graver)), failures(&thinned)), (vec![20, 30], vec![20]));
}

#[test]
fn an_error_that_ends_an_episode_chunks_later_fails_its_last_node() {
    let end = |seq, status| of("a", fact(seq, 0, FactBody::EpisodeFinished { status, return_: None }));
    let node = |seq, step| of("a", fact(seq, step, scores(&[("root", 1.0)])));
    let mut log: Vec<Fact> = (0..16).map(|i| node(i, i)).collect();
    log.extend((16..32).map(|i| fact(i, i, scores(&[("root", 1.0)]))));
    log[20] = end(20, Status::TimedOut);
    // It goes on, and is taken back in the end.
    log[29] = node(29, 15);
    log[30] = node(30, 50);
    log.extend([end(32, Status::Completed), fact(33, 60, scores(&[("root", 1.0)]))]);
    for (head, failing) in [(16, vec![]), (24, vec![15]), (32, vec![50]), (34, vec![])] {
        assert_eq!(failures(&film(&log[..head])), failing);
        // Each chunk as it was sealed when it was full.
        let chunks = (0..head).step_by(8).map(|from| from..(from + 8).min(head));
        let coarse: Vec<Fact> = chunks.flat_map(|chunk| sealed(&log, chunk.clone(), chunk.end, 2)).collect();
        assert_eq!(failures(&film(&coarse)), failing, "{head}");
    }
}

proptest! {
    #[test]
    fn a_coarse_level_fails_the_nodes_it_keeps_as_the_log_does(
        log in log(120),
        size in 1usize..30,
        level in 1u8..4,
        lateness in prop::collection::vec(0usize..60, 120),
    ) {
        let chunks = (0..log.len()).step_by(size).map(|from| from..(from + size).min(log.len()));
        let chunks = chunks.zip(&lateness);
        let coarse: Vec<Fact> = chunks
            .flat_map(|(chunk, late)| sealed(&log, chunk.clone(), (chunk.end + late).min(log.len()), level))
            .collect();
        let (whole, part) = (film(&log), film(&coarse));
        prop_assert_eq!(part.head(), whole.head());
        prop_assert!(coarse.iter().all(|fact| log.contains(fact)));
        for i in 0..part.len() {
            let node = part.node(i).unwrap();
            let same = (0..whole.len()).filter_map(|i| whole.node(i));
            let same = same.into_iter().find(|n| (n.step, n.episode) == (node.step, node.episode)).unwrap();
            prop_assert_eq!(
                (node.seq, node.root, node.failure, node.ends_failed_episode),
                (same.seq, same.root, same.failure, same.ends_failed_episode)
            );
        }
    }

    #[test]
    fn a_thinned_log_is_a_part_of_the_log(facts in log(80), level in 1u8..4) {
        let thinned = thin(&facts, FailureRule::Dipg, level);
        prop_assert!(thinned.iter().all(|fact| facts.contains(fact)));
        let (full, part) = (film(&facts), film(&thinned));
        prop_assert_eq!(part.head(), full.head());
        prop_assert!(part.notes().eq(full.notes()));
        prop_assert!(part.commands().eq(full.commands()));
        prop_assert_eq!(part.gaps().0, full.gaps().0);
        prop_assert_eq!(part.is_empty(), full.is_empty());
        prop_assert_eq!(part.failing() > 0, full.failing() > 0);
        for i in 0..part.len() {
            let (node, same) = (part.node(i).unwrap(), |n: &gauntlet_film::Node| n.seq);
            let there = (0..full.len()).filter_map(|i| full.node(i)).find(|n| same(n) == node.seq);
            prop_assert_eq!(there, Some(node));
        }
        let bucket = FAN_OUT.pow(level.into()) as usize;
        let scored = thinned.iter().filter(|f| matches!(f.body, FactBody::Scored { .. })).count();
        prop_assert!(scored <= 5 * full.len().div_ceil(bucket) + 1);
    }
}

#[test]
fn a_manifest_lists_level_0_and_what_is_sealed_above_it() {
    let of = |head| Manifest::new(RunId::new("r").unwrap(), head, 7, vec!["root".to_owned()]);
    let chunks = |head| of(head).levels.iter().map(|l| (l.level, l.chunks)).collect::<Vec<_>>();
    assert_eq!(chunks(0), [(0, 0)]);
    assert_eq!(chunks(CHUNK - 1), [(0, 0)]);
    assert_eq!(chunks(CHUNK), [(0, 1)]);
    assert_eq!(chunks(1_000_000), [(0, 244), (1, 30), (2, 3)]);
    let text = "A step fails where its root is below 0.5, as every root so far lies in 0 to 1; a declared \
                failure or the error that its episode ended with fails it too.";
    assert_eq!(
        serde_json::to_value(of(5000)).unwrap(),
        json!({
            "run": "r", "head": 5000, "steps": 7, "paths": ["root"], "chunk_events": 4096,
            "levels": [{ "level": 0, "span": 4096, "chunks": 1 }],
            "rules": "auto", "failure_rule": { "rule": { "root_below": 0.5 }, "text": text },
        })
    );
}
