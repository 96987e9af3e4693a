//! What holds for every tree and every text.

use gauntlet_rubric::dipg::{Answer, Case, dipg_rubric, is_grounded};
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
        let mut told: Vec<String> = evaluation.scores.iter().map(|(path, _)| path.clone()).collect();
        told.extend(evaluation.not_evaluated.clone());
        told.sort();
        let mut paths: Vec<String> = tree.named_rubrics().into_iter().map(|(path, _)| path).collect();
        paths.push("root".to_owned());
        paths.sort();
        prop_assert_eq!(told, paths);
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

    #[test]
    fn any_text_is_an_answer_the_rubric_can_score(text in "(<analysis>|</analysis>|<proof>|</proof>|<final>|</final>|5 mg|ä|\n| ){0,14}",
                                                  context in ".{0,80}", expected in ".{0,20}") {
        let case = Case { context, expected_final: expected, ..Case::default() };
        let answer = Answer::parse(text.clone());
        let root = dipg_rubric().call(&answer, &case).unwrap();
        prop_assert!((-50.0..=50.0).contains(&root));
        prop_assert_eq!(answer.is_malformed, root == -50.0);
        prop_assert_eq!(answer.to_string(), text);
    }

    #[test]
    fn a_quote_is_grounded_in_its_context(before in "[a-z ]{0,40}", quote in "[a-z]{1,8}( [a-z0-9]{1,8}){0,8}", after in "[a-z ]{0,40}") {
        let context = format!("{before} {quote} {after}");
        prop_assert!(is_grounded(&quote, &context));
    }
}
