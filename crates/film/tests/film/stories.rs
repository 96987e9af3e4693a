//! What a viewer is reported, story by story.

use gauntlet_film::{ChallengeFact, Fact, FactBody, Film, State};
use gauntlet_model::{
    Action, Body, EpisodeId, Event, EventId, FailureKind, MAX_STEP, ScoreAdded, ScoreTarget, Scores,
    SnapshotScored, Status, Timestamp,
};

use crate::facts::{added, fact, film, scores};

fn roots(film: &Film) -> Vec<Option<f64>> {
    (0..film.len()).map(|i| film.root(i)).collect()
}

fn tree(film: &Film) -> String {
    let line = |p: &gauntlet_film::Path| format!("{}{}", "  ".repeat(p.depth as usize), p.name);
    film.paths().iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_empty_film_answers_every_question() {
    let film = Film::new();
    assert_eq!((film.head(), film.revision(), film.len(), film.is_empty()), (0, 0, 0, true));
    assert_eq!((film.mean_root(), film.safety(), film.main_path()), (None, None, None));
    assert_eq!((film.node(0), film.root(0), film.failure(0), film.find(0)), (None, None, None, None));
    assert_eq!((film.next_failure(None), film.previous_failure(9)), (None, None));
    assert_eq!(film.next_failure(Some(usize::MAX)), None);
    assert!(film.interesting(50).is_empty() && film.paths().is_empty() && film.pending_challenge().is_none());
    assert_eq!(film.run().status, Status::Pending);
}

#[test]
fn nodes_are_in_order_of_step_then_episode() {
    let mut facts = vec![
        fact(0, 2, scores(&[("root", 2.0)])),
        fact(1, 1, scores(&[("root", 1.5)])),
        fact(2, 1, scores(&[("root", 1.0)])),
        fact(3, 7, scores(&[("style", 1.0)])),
    ];
    facts[1].episode = EpisodeId::new("e").ok();
    let film = film(&facts);
    assert_eq!(roots(&film), [Some(1.0), Some(1.5), Some(2.0), None]);
    assert_eq!((film.find(1), film.find(2), film.find(3), film.find(7)), (Some(0), Some(2), None, Some(3)));
    assert_eq!(film.node(1).unwrap().episode.unwrap().as_str(), "e");
}

#[test]
fn a_later_score_overlays_until_the_step_is_scored_again() {
    let mut film = film(&[fact(3, 1, scores(&[("root", 1.0)])), fact(5, 1, added("root", -4.0))]);
    assert_eq!((film.root(0), film.failing(), film.mean_root()), (Some(-4.0), 1, Some(-4.0)));
    film.apply(&fact(4, 1, scores(&[("root", 2.0), ("style", 1.0)])));
    assert_eq!(film.root(0), Some(-4.0), "it was scored before the later score");
    film.apply(&fact(9, 1, scores(&[("root", 3.0)])));
    assert_eq!((film.root(0), film.failing(), film.mean_root()), (Some(3.0), 0, Some(3.0)));
    let style = film.find_path("style").unwrap();
    assert_eq!(film.state(0, style), State::NotEvaluated, "a snapshot replaces the one before it whole");
}

#[test]
fn a_later_score_waits_for_its_step() {
    let mut film = film(&[fact(5, 1, added("grounding", -20.0))]);
    assert!(film.is_empty());
    film.apply(&fact(3, 1, scores(&[("root", 1.0)])));
    assert_eq!(film.failure(0), Some(FailureKind::Hallucination));
}

#[test]
fn a_score_logged_before_its_step_counts_over_the_first_snapshot_only() {
    let mut film = film(&[fact(1, 1, added("root", -4.0)), fact(5, 1, scores(&[("root", 2.0)]))]);
    assert_eq!((film.root(0), film.failing(), film.mean_root()), (Some(-4.0), 1, Some(-4.0)));
    let revision = film.revision();
    film.apply(&fact(3, 1, scores(&[("root", 8.0)])));
    assert_eq!(
        film.root(0),
        Some(2.0),
        "the step was scored at 3 already: what came before that is replaced"
    );
    assert_eq!((film.failing(), film.mean_root()), (0, Some(2.0)));
    assert!(film.revision() > revision);
    film.apply(&fact(1, 1, added("root", -4.0)));
    assert_eq!(film.root(0), Some(2.0));
}

#[test]
fn a_rubric_has_three_states() {
    let mut scored = scores(&[("root", 1.0), ("format", 0.0)]);
    if let FactBody::Scored { not_evaluated, .. } = &mut scored {
        not_evaluated.push("grounding".to_owned());
    }
    let film = film(&[fact(0, 1, scored)]);
    let state = |path: &str| film.state(0, film.find_path(path).unwrap());
    assert_eq!(state("root"), State::Passed);
    assert_eq!(state("format"), State::Failed);
    assert_eq!(state("grounding"), State::NotEvaluated);
    assert_eq!(film.failed_paths(0), [film.find_path("format").unwrap()]);
    assert_eq!(film.failure(0), Some(FailureKind::Format));
}

#[test]
fn paths_make_a_tree_in_order_of_first_appearance() {
    let facts = [
        fact(0, 5, scores(&[("late", 1.0)])),
        fact(1, 1, scores(&[("z.inner.x", 1.0), ("root", 1.0), ("b", 1.0)])),
        fact(2, 2, scores(&[("root", 1.0), ("z.inner", 1.0), ("z.a", 1.0), ("a", 1.0)])),
    ];
    let film = film(&facts);
    assert_eq!(tree(&film), "root\nz\n  inner\n    x\n  a\nb\na\nlate");
    let group = film.find_path("z").unwrap();
    assert!((0..film.len()).all(|i| film.score(i, group).is_none()), "a group has no scores of its own");
}

#[test]
fn ids_stay_as_the_tree_grows() {
    let mut film = film(&[fact(0, 5, scores(&[("b", 1.0)]))]);
    let b = film.find_path("b").unwrap();
    film.apply(&fact(1, 1, scores(&[("a", 1.0), ("b.c", 1.0)])));
    assert_eq!(film.find_path("b"), Some(b));
    assert_eq!(film.path_of(b).unwrap().path, "b");
    assert_eq!(tree(&film), "a\nb\n  c");
}

#[test]
fn what_is_no_path_is_passed_over() {
    let mut film = Film::new();
    for bad in ["", ".", "a..b", "a\nb", &"x".repeat(300)] {
        film.apply(&fact(0, 1, added(bad, 1.0)));
    }
    assert!(film.paths().is_empty());
}

#[test]
fn a_question_waits_until_someone_answers() {
    let asked = ChallengeFact {
        kind: "GUARD".to_owned(),
        question: "Go on?".to_owned(),
        options: vec!["yes".to_owned()],
    };
    let paused = FactBody::Scored {
        scores: Scores::default(),
        not_evaluated: Vec::new(),
        failures: Vec::new(),
        duration_ms: None,
        is_paused: true,
        challenge: Some(asked.clone()),
    };
    let waiting = film(&[fact(0, 1, scores(&[])), fact(4, 2, paused)]);
    assert_eq!(waiting.pending_challenge(), Some((1, &asked)));

    let check = |seq, step, what: FactBody, still: bool| {
        let mut film = waiting.clone();
        film.apply(&Fact { step, ..fact(seq, 0, what) });
        assert_eq!(film.pending_challenge().is_some(), still, "{seq} {step:?}");
        film
    };
    let answer = || FactBody::Answered { answer: "yes".to_owned(), author: "me".to_owned() };
    let command = |action| FactBody::Command { id: "c".to_owned(), action, author: "me".to_owned() };
    let status = |status| FactBody::Status { status, reason: None };
    let answered = check(5, Some(2), answer(), false);
    assert_eq!(answered.node(1).unwrap().answer.unwrap().answer, "yes");
    check(5, Some(1), answer(), true);
    check(3, Some(2), answer(), true);
    check(5, None, command(Action::Resume), false);
    check(5, None, command(Action::Answer), false);
    check(5, None, command(Action::Tweak), true);
    check(3, None, command(Action::Resume), true);
    check(5, None, FactBody::Applied { id: "c".to_owned(), result: "ok".to_owned() }, false);
    check(5, None, status(Status::Running), false);
    check(5, None, status(Status::Paused), true);
}

#[test]
fn the_run_has_its_description_and_its_status() {
    let started = FactBody::RunStarted {
        name: "n".to_owned(),
        project: "p".to_owned(),
        kind: "grpo".to_owned(),
        agent: None,
        task: None,
    };
    let mut film = film(&[fact(0, 0, started)]);
    assert_eq!((film.run().name.as_str(), film.run().status), ("n", Status::Pending));
    film.apply(&fact(3, 1, scores(&[])));
    assert_eq!(film.run().status, Status::Running);
    film.apply(&fact(9, 0, FactBody::Status { status: Status::Failed, reason: Some("oom".to_owned()) }));
    film.apply(&fact(5, 0, FactBody::Status { status: Status::Paused, reason: None }));
    assert_eq!((film.run().status, film.run().reason.as_deref()), (Status::Failed, Some("oom")));
    assert_eq!(film.run().started_at, Some(Timestamp::from_micros(0)));
    assert_eq!(film.run().last_at, Some(Timestamp::from_micros(9_000_000)));
}

#[test]
fn commands_have_their_results() {
    let command =
        |id: &str| FactBody::Command { id: id.to_owned(), action: Action::Pause, author: "me".to_owned() };
    let film = film(&[
        fact(2, 0, FactBody::Applied { id: "b".to_owned(), result: "done".to_owned() }),
        fact(1, 0, command("b")),
        fact(0, 0, command("a")),
    ]);
    let reported: Vec<_> =
        film.commands().map(|c| (c.id.as_str(), c.applied.as_ref().map(|a| a.result.as_str()))).collect();
    assert_eq!(reported, [("a", None), ("b", Some("done"))]);
}

#[test]
fn losses_are_counted_once() {
    let gap = |seq, lost| fact(seq, 0, FactBody::Gap { lost, reason: "full".to_owned() });
    let film = film(&[gap(1, 5), gap(0, u64::MAX), gap(1, 5)]);
    let (lost, gaps) = film.gaps();
    assert_eq!((lost, gaps.map(|g| g.seq).collect::<Vec<_>>()), (u64::MAX, vec![0, 1]));
}

#[test]
fn interest_adds_up_and_ranks() {
    let film = film(&[
        fact(0, 0, scores(&[("root", 1.0), ("format", 1.0)])),
        fact(1, 1, scores(&[("root", -1.0)])),
        fact(
            2,
            2,
            scores(&[("root", -1.0), ("grounding", -0.5), ("a.inconsistency", -1.0), ("format", 0.0)]),
        ),
        fact(3, 3, scores(&[("style", -9.0)])),
        fact(4, 4, scores(&[("grounding", -0.5)])),
        fact(5, 5, scores(&[("format", 0.0)])),
        fact(6, 6, scores(&[("root", -2.0)])),
    ]);
    assert_eq!(film.interesting(50), [(2, 140.0), (4, 50.0), (1, 30.0), (6, 30.0), (5, 20.0)]);
    assert_eq!(film.interesting(1), [(2, 140.0)]);
}

#[test]
fn shares_and_ranks() {
    let facts: Vec<Fact> = [-1.0, 2.0, 2.0, 5.0]
        .iter()
        .zip(0u64..)
        .map(|(root, i)| fact(i, i, scores(&[("root", *root)])))
        .collect();
    let film = film(&facts);
    assert_eq!((film.failing(), film.safety(), film.mean_root()), (1, Some(0.75), Some(2.0)));
    let root = film.find_path("root").unwrap();
    let ranks: Vec<_> = (0..4).filter_map(|i| film.percentile(i, root)).collect();
    assert_eq!(ranks, [25.0, 75.0, 75.0, 100.0]);
}

#[test]
fn an_event_becomes_a_fact_without_its_texts() {
    let event =
        |step, body: Body| Event::new(EventId::from_u128(1), Timestamp::default(), None, step, body).unwrap();
    let body = SnapshotScored {
        scores: Scores::new([("root", 1.0)]).unwrap(),
        action: "text".to_owned(),
        challenge: Some(gauntlet_model::Challenge {
            kind: "GUARD".to_owned(),
            question: "Go on?".to_owned(),
            options: Vec::new(),
            expected_answer: Some("secret".to_owned()),
        }),
        ..SnapshotScored::default()
    };
    let event_of_step = event(Some(4), body.into());
    let fact = Fact::of(7, &event_of_step);
    assert_eq!((fact.seq, fact.step), (7, Some(4)));
    assert!(!format!("{fact:?}").contains("secret") && !format!("{fact:?}").contains("text"));
    assert_eq!(Fact::of_record(&event_of_step.record(7, Timestamp::default())).unwrap(), fact);

    let later = |target| ScoreAdded {
        target,
        path: "root".to_owned(),
        value: gauntlet_model::Score::new(1.0).unwrap(),
        label: None,
        explanation: None,
        source: "me".to_owned(),
    };
    let of_run = Fact::of(0, &event(Some(4), later(ScoreTarget::Run).into()));
    assert_eq!(of_run.step, None, "a score of the whole run is not a step's");
    assert_eq!(Fact::of(0, &event(Some(4), later(ScoreTarget::Step).into())).step, Some(4));
}

#[test]
fn a_long_run_that_arrives_backwards_is_the_same_run() {
    let facts: Vec<Fact> = (0..3000u64)
        .map(|i| fact(i, i, scores(&[("root", (i % 11) as f64 - 1.0), ("style", i as f64 * 0.1)])))
        .collect();
    let (forwards, backwards) = (film(&facts), film(facts.iter().rev()));
    assert_eq!(forwards, backwards);
    assert_eq!(forwards.failing(), 3000usize.div_ceil(11));
    assert_eq!(backwards.next_failure(Some(0)), Some(11));
    assert_eq!(backwards.previous_failure(11), Some(0));
}

#[test]
fn steps_may_be_huge_and_sparse() {
    let steps = [0, 3, u64::from(u32::MAX) + 1, MAX_STEP - 1, MAX_STEP];
    let facts: Vec<Fact> =
        (0..).zip(steps).map(|(seq, step)| fact(seq, step, scores(&[("root", 1.0)]))).collect();
    let read = gauntlet_film::codec::decode(&gauntlet_film::codec::encode(&facts)).unwrap();
    let film = film(read.iter().rev());
    let shown: Vec<u64> = (0..film.len()).filter_map(|i| film.node(i)).map(|node| node.step).collect();
    assert_eq!(shown, steps);
    assert_eq!(steps.map(|step| film.find(step)), [Some(0), Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!((film.find(4), film.position_of(4), film.position_of(u64::MAX)), (None, 2, 5));
    let root = film.find_path("root").unwrap();
    let series = film.series(root, 0, film.len(), 100);
    assert_eq!(series.iter().map(|point| point.step).collect::<Vec<_>>(), steps);
}
