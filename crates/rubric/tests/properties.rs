//! What holds for every tree.

use gauntlet_rubric::{Node, gate, leaf, sequential, weighted_sum};
use proptest::prelude::*;

type Tree = Node<str, str>;

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), Just(-1.0), -50.0..50.0_f64]
}

fn tree() -> impl Strategy<Value = Tree> {
    let fixed = score().prop_map(|score| leaf(move |_: &str, _: &str| score));
    fixed.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(sequential),
            (inner.clone(), score()).prop_map(|(child, threshold)| gate(child, threshold).unwrap()),
            (inner.clone(), inner, 0.0..1.0_f64).prop_map(|(a, b, weight)| weighted_sum(
                vec![a, b],
                vec![weight, 1.0 - weight]
            )
            .unwrap()),
        ]
    })
}

proptest! {
    #[test]
    fn every_path_is_evaluated_or_not_and_never_both(tree in tree()) {
        let evaluation = tree.evaluate("a", "o");
        prop_assert_eq!(Ok(evaluation.root().unwrap()), tree.call("a", "o"));
        let mut all_paths: Vec<String> = evaluation.scores.iter().map(|(path, _)| path.clone()).collect();
        all_paths.extend(evaluation.not_evaluated.clone());
        all_paths.sort();
        let mut paths: Vec<String> = tree.named_rubrics().into_iter().map(|(path, _)| path).collect();
        paths.push("root".to_owned());
        paths.sort();
        prop_assert_eq!(all_paths, paths);
        for (path, node) in tree.named_rubrics() {
            // Compared only where the tree shares no node: here none does.
            prop_assert_eq!(node.last_score(), evaluation.get(&path));
        }
    }

    #[test]
    fn a_saved_state_restores_itself(tree in tree()) {
        let saved = tree.state_dict();
        prop_assert_eq!(tree.load_state_dict(&saved), Ok(vec![]));
        prop_assert_eq!(tree.state_dict(), saved);
    }
}
