//! The outline lists what the film lists, whatever it is made of.

use gauntlet_film::{Fact, Outline};
use proptest::prelude::*;

use crate::facts::{film, log};

fn outline<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Outline {
    let mut outline = Outline::default();
    facts.into_iter().for_each(|fact| outline.apply(fact));
    outline
}

proptest! {
    #[test]
    fn it_has_the_head_and_the_paths_of_the_film(facts in log(40)) {
        let (outline, film) = (outline(&facts), film(&facts));
        prop_assert_eq!(outline.head(), film.head());
        let paths: Vec<_> = film.paths().iter().map(|path| path.path.clone()).collect();
        prop_assert_eq!(outline.paths(), paths);
    }

    #[test]
    fn order_repetition_and_storing_between_two_facts_change_nothing(
        facts in log(40).prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle())),
        cut in 0usize..40,
    ) {
        let (ordered, shuffled) = facts;
        let (first, second) = shuffled.split_at(cut.min(shuffled.len()));
        let stored = serde_json::to_string(&outline(first)).unwrap();
        let mut continued: Outline = serde_json::from_str(&stored).unwrap();
        second.iter().chain(first).for_each(|fact| continued.apply(fact));
        let expected = outline(&ordered);
        prop_assert_eq!((continued.head(), continued.paths()), (expected.head(), expected.paths()));
    }
}
