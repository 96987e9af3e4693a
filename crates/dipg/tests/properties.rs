//! What holds for every text.

use gauntlet_dipg::{Answer, Case, dipg_rubric, is_grounded};
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_text_is_an_answer_the_rubric_can_score(
        text in "(<analysis>|</analysis>|<proof>|</proof>|<final>|</final>|5 mg|ä|\n| ){0,14}",
        context in ".{0,80}",
        expected in ".{0,20}",
    ) {
        let case = Case { context, expected_final: expected, ..Case::default() };
        let answer = Answer::parse(text.clone());
        let root = dipg_rubric().call(&answer, &case).unwrap();
        prop_assert!((-50.0..=50.0).contains(&root));
        prop_assert_eq!(answer.is_malformed, root == -50.0);
        prop_assert_eq!(answer.to_string(), text);
    }

    #[test]
    fn a_quote_is_grounded_in_its_context(
        before in "[a-z ]{0,40}",
        quote in "[a-z]{1,8}( [a-z0-9]{1,8}){0,8}",
        after in "[a-z ]{0,40}",
    ) {
        let context = format!("{before} {quote} {after}");
        prop_assert!(is_grounded(&quote, &context));
    }
}
