//! The tree: containers by the canonical rules with every edge, hooks, paths, parameters, concurrency.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use gauntlet_rubric::{
    Call, Evaluation, Node, Rubric, RubricError, gate, leaf, rubric_dict, rubric_list, sequential,
    weighted_sum,
};
use parking_lot::Mutex;

type Tree = Node<str, str>;

fn fixed(score: f64) -> Tree {
    leaf(move |_: &str, _: &str| score)
}

/// Evaluates and writes the call down: `root=1 rubric_0=2 | rubric_1`, what was not evaluated after the bar.
fn evaluated(tree: &Tree) -> String {
    let Evaluation { scores, not_evaluated, error } = tree.evaluate("a", "o");
    let scores: Vec<String> = scores.iter().map(|(path, score)| format!("{path}={score}")).collect();
    let mut text = format!("{} | {}", scores.join(" "), not_evaluated.join(" ")).trim().to_owned();
    if let Some(error) = error {
        text.push_str(&format!(" ! {error}"));
    }
    text
}

#[track_caller]
fn check(tree: Tree, expected: &str) {
    assert_eq!(evaluated(&tree).trim_end_matches(" |"), expected);
}

#[test]
fn sequential_stops_at_exactly_zero() {
    let of = |scores: &[f64]| sequential(scores.iter().copied().map(fixed).collect());
    check(of(&[]), "root=1");
    check(of(&[0.3]), "root=0.3 rubric_0=0.3");
    check(of(&[1.0, 0.5]), "root=0.5 rubric_0=1 rubric_1=0.5");
    check(of(&[1.0, 0.0, 0.7]), "root=0 rubric_0=1 rubric_1=0 | rubric_2");
    check(of(&[-1.0, 0.7]), "root=0.7 rubric_0=-1 rubric_1=0.7");
    check(of(&[-0.0, 0.7]), "root=0 rubric_0=-0 | rubric_1");
}

#[test]
fn a_gate_passes_what_reaches_it() {
    let of = |score, threshold| gate(fixed(score), threshold).unwrap();
    check(of(1.0, 1.0), "root=1 rubric=1");
    check(of(0.5, 0.5), "root=0.5 rubric=0.5");
    check(of(0.49, 0.5), "root=0 rubric=0.49");
    check(of(3.0, 1.0), "root=3 rubric=3");
    check(of(-2.0, -3.0), "root=-2 rubric=-2");
    assert!(matches!(gate(fixed(1.0), f64::NAN), Err(RubricError::Range { name: "threshold", .. })));
}

#[test]
fn a_weighted_sum_needs_weights_that_sum_to_one() {
    let of = |scores: &[f64], weights: &[f64]| {
        weighted_sum(scores.iter().copied().map(fixed).collect(), weights.to_vec())
    };
    check(of(&[1.0, 0.0], &[0.75, 0.25]).unwrap(), "root=0.75 rubric_0=1 rubric_1=0");
    check(of(&[1.0, 2.0], &[1.5, -0.5]).unwrap(), "root=0.5 rubric_0=1 rubric_1=2");
    assert!(of(&[1.0, 1.0], &[0.5, 0.500_000_9]).is_ok());
    for (scores, weights) in [
        (&[1.0, 1.0][..], &[0.5, 0.6][..]),
        (&[1.0, 1.0], &[0.5, 0.500_002]),
        (&[1.0, 1.0], &[1.0]),
        (&[], &[]),
        (&[1.0], &[f64::NAN]),
        (&[1.0, 1.0], &[f64::INFINITY, f64::NEG_INFINITY]),
    ] {
        assert!(matches!(of(scores, weights), Err(RubricError::Weights { .. })), "{weights:?}");
    }
    let message = of(&[1.0, 1.0], &[0.5, 0.6]).err().unwrap().to_string();
    assert!(message.contains("[0.5, 0.6]") && message.contains("1.1"), "{message}");
}

/// Calls the member of its list that the observation names.
struct Chooser;

impl Rubric<str, str> for Chooser {
    fn forward(&self, call: &Call<'_, str, str>) -> Result<f64, RubricError> {
        call.score(call.observation())
    }
}

#[test]
fn lists_and_dictionaries_are_called_by_their_parents() {
    let list = rubric_list(vec![fixed(1.0), fixed(2.0)]);
    check(
        list.clone(),
        "| root rubric_0 rubric_1 ! a RubricList defines no score of its own; a parent calls its members",
    );
    let tasks = rubric_dict([("pong", fixed(3.0)), ("breakout", fixed(4.0))]).unwrap();
    let parent = Node::with_children(Chooser, [("games", list), ("tasks", tasks)]).unwrap();
    assert_eq!(parent.call("a", "games.rubric_1"), Ok(2.0));
    assert_eq!(parent.call("a", "tasks.pong"), Ok(3.0));
    let evaluation = parent.evaluate("a", "tasks.breakout");
    assert_eq!(evaluation.scores, [("root".to_owned(), 4.0), ("tasks.breakout".to_owned(), 4.0)]);
    // The groups have no score of their own, so none is missing.
    assert_eq!(evaluation.not_evaluated, ["games.rubric_0", "games.rubric_1", "tasks.pong"]);
    for bad in ["nope", "games.rubric_2", "games.", ""] {
        assert!(matches!(parent.call("a", bad), Err(RubricError::NotFound { .. })), "{bad:?}");
    }
}

#[test]
fn names_that_would_break_a_path_are_refused() {
    for bad in ["", "a.b", "root", "a\nb"] {
        assert!(matches!(rubric_dict([(bad, fixed(1.0))]), Err(RubricError::Name { .. })), "{bad:?}");
    }
    let twice = rubric_dict([("a", fixed(1.0)), ("a", fixed(1.0))]);
    assert!(matches!(twice, Err(RubricError::Name { name, .. }) if name == "a"));
}

#[test]
fn paths_are_depth_first_and_a_shared_rubric_is_at_each() {
    let shared = gate(fixed(0.5), 0.5).unwrap();
    let tree =
        sequential(vec![shared.clone(), weighted_sum(vec![shared, fixed(1.0)], vec![0.5, 0.5]).unwrap()]);
    let paths: Vec<String> = tree.named_rubrics().into_iter().map(|(path, _)| path).collect();
    let expected = [
        "rubric_0",
        "rubric_0.rubric",
        "rubric_1",
        "rubric_1.rubric_0",
        "rubric_1.rubric_0.rubric",
        "rubric_1.rubric_1",
    ];
    assert_eq!(paths, expected);
    let evaluation = tree.evaluate("a", "o");
    assert_eq!(evaluation.get("rubric_0.rubric"), Some(0.5));
    assert_eq!(evaluation.get("rubric_1.rubric_0.rubric"), Some(0.5));
    assert!(evaluation.not_evaluated.is_empty());
    assert_eq!(tree.get_rubric("rubric_1.rubric_1").unwrap().last_score(), Some(1.0));
    for bad in ["rubric_2", "rubric_0.nope", "", ".", "rubric_0."] {
        let refused = tree.get_rubric(bad).err();
        assert_eq!(refused, Some(RubricError::NotFound { path: bad.to_owned() }));
    }
}

#[test]
fn hooks_run_in_order_around_forward_and_can_be_removed() {
    let log = Arc::new(Mutex::new(Vec::<String>::new()));
    let note = |text: &'static str| {
        let log = Arc::clone(&log);
        move || log.lock().push(text.to_owned())
    };
    let (before, inside, after) = (note("pre"), note("forward"), note("post"));
    let tree: Tree = leaf(move |_: &str, _: &str| {
        inside();
        2.0
    });
    assert_eq!(tree.last_score(), None);
    let first = tree.register_pre_hook(move |node, action, observation| {
        assert_eq!((node.last_score(), action, observation), (None, "a", "o"));
        before();
    });
    let again = note("pre again");
    tree.register_pre_hook(move |_, _, _| again());
    tree.register_hook(move |node, _, _, score| {
        assert_eq!((node.last_score(), score), (Some(2.0), 2.0));
        after();
    });
    let again = note("post again");
    let last = tree.register_hook(move |_, _, _, _| again());
    tree.call("a", "o").unwrap();
    assert_eq!(
        log.lock().drain(..).collect::<Vec<_>>(),
        ["pre", "pre again", "forward", "post", "post again"]
    );
    first.remove();
    last.remove();
    tree.call("a", "o").unwrap();
    assert_eq!(log.lock().drain(..).collect::<Vec<_>>(), ["pre again", "forward", "post"]);
    assert_eq!(tree.hook_panics(), 0);
}

#[test]
fn a_hook_that_panics_is_counted_and_breaks_nothing() {
    let tree = sequential(vec![fixed(0.5)]);
    let child = tree.get_rubric("rubric_0").unwrap();
    child.register_pre_hook(|_, _, _| panic!("before"));
    child.register_hook(|_, _, _, _| panic!("after"));
    let ran = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&ran);
    child.register_hook(move |_, _, _, _| {
        seen.fetch_add(1, SeqCst);
    });
    assert_eq!(tree.call("a", "o"), Ok(0.5));
    assert_eq!((child.hook_panics(), ran.load(SeqCst)), (2, 1));
}

#[test]
fn a_hook_may_remove_and_add_hooks() {
    let tree = fixed(1.0);
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    tree.register_hook(move |node, _, _, _| {
        let counted = Arc::clone(&counted);
        node.register_hook(move |_, _, _, _| {
            counted.fetch_add(1, SeqCst);
        });
    });
    (0..3).for_each(|_| assert_eq!(tree.call("a", "o"), Ok(1.0)));
    assert_eq!(count.load(SeqCst), 1 + 2);
}

#[test]
fn a_skipped_child_shows_no_stale_score() {
    let first: Tree = leaf(|action: &str, _: &str| if action == "stop" { 0.0 } else { 1.0 });
    let tree = sequential(vec![first, sequential(vec![fixed(0.7)])]);
    let deep = tree.get_rubric("rubric_1.rubric_0").unwrap();
    tree.call("go", "o").unwrap();
    assert_eq!(deep.last_score(), Some(0.7));
    tree.call("stop", "o").unwrap();
    assert_eq!((deep.last_score(), tree.last_score()), (None, Some(0.0)));
}

#[test]
fn an_error_in_forward_propagates_unchanged() {
    struct Broken;
    impl Rubric<str, str> for Broken {
        fn forward(&self, _: &Call<'_, str, str>) -> Result<f64, RubricError> {
            Err(RubricError::Failed("no ground truth".to_owned()))
        }
    }
    let tree = sequential(vec![fixed(0.4), Node::new(Broken), fixed(1.0)]);
    let ran = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&ran);
    tree.register_hook(move |_, _, _, _| {
        seen.fetch_add(1, SeqCst);
    });
    assert_eq!(tree.call("a", "o"), Err(RubricError::Failed("no ground truth".to_owned())));
    assert_eq!(ran.load(SeqCst), 0);
    check(tree, "rubric_0=0.4 | root rubric_1 rubric_2 ! no ground truth");
}

#[test]
fn concurrent_calls_of_one_tree_never_mix() {
    // Every leaf echoes the action's number; a leaf in between lets the threads interleave.
    let echo = || -> Node<u64, ()> {
        leaf(|action: &u64, _: &()| {
            std::thread::yield_now();
            *action as f64
        })
    };
    let tree = sequential(vec![echo(), sequential(vec![echo(), echo()]), gate(echo(), 0.5).unwrap()]);
    std::thread::scope(|scope| {
        for thread in 1..=4_u64 {
            let tree = &tree;
            scope.spawn(move || {
                for i in 0..500 {
                    let number = thread * 1000 + i;
                    let evaluation = tree.evaluate(&number, &());
                    assert_eq!(evaluation.scores.len(), 7);
                    assert!(
                        evaluation.scores.iter().all(|(_, score)| *score == number as f64),
                        "{evaluation:?}"
                    );
                }
            });
        }
    });
}

#[test]
fn a_rubric_may_score_its_children_in_parallel() {
    struct Parallel;
    impl Rubric<str, str> for Parallel {
        fn forward(&self, call: &Call<'_, str, str>) -> Result<f64, RubricError> {
            std::thread::scope(|scope| {
                let left = scope.spawn(|| call.score_at(0));
                let right = call.score_at(1)?;
                Ok(right + left.join().map_err(|_| RubricError::Failed("a thread died".to_owned()))??)
            })
        }
    }
    let tree = Node::with_children(Parallel, [("left", fixed(1.0)), ("right", fixed(2.0))]).unwrap();
    check(tree, "root=3 left=1 right=2");
}
