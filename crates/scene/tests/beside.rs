//! Another run beside the film: a pale path, bars to it, and the colours of the difference.

mod common;

use expect_test::expect_file;
use gauntlet_film::{Film, Pairing};
use gauntlet_scene::{Geometry, Ghost, Lens, Scene, SceneBuilder, Segment};
use proptest::prelude::*;

/// A lens that shows the film beside another one, aligned by step.
fn beside(film: &Film, other: &Film) -> Lens {
    let ghost = Ghost::of(film, other, &Pairing::by_step(film, other), None);
    Lens { beside: Some(ghost), ..Lens::default() }
}

#[test]
fn the_other_run_is_a_pale_path() {
    let film = common::rewards(&[10.0, 20.0, -30.0, 5.0]);
    let other = common::rewards(&[10.0, -5.0, 40.0]);
    let lens = Lens { position: 2.0, ..beside(&film, &other) };
    expect_file!["goldens/beside.txt"].assert_eq(&Scene::of(&film, &lens).describe());
}

#[test]
fn the_greatest_differences_come_first() {
    let film = common::rewards(&[0.0, 1.0, -4.0, 2.0, 2.0]);
    let other = common::rewards(&[0.0, 2.0, 4.0, 1.0]);
    let ghost = Ghost::of(&film, &other, &Pairing::by_step(&film, &other), None);
    let by = film.find_path("root");
    let most = |after| ghost.most_differing(&film, by, after);
    assert_eq!([most(None), most(Some(2)), most(Some(1)), most(Some(3))], [Some(2), Some(1), Some(3), None]);
    assert_eq!(most(Some(0)), Some(2), "a node without a difference is before all");
    assert_eq!(ghost.most_differing(&film, None, None), Some(2));
    assert_eq!((ghost.score(1), ghost.score(4)), (Some(2.0), None));
}

#[test]
fn a_rubric_that_the_other_run_lacks_draws_nothing() {
    let film = common::each_failure();
    let other = common::rewards(&[1.0, 2.0]);
    let pairing = Pairing::by_step(&film, &film);
    let grounding = film.find_path("grounding");
    let ghost = Ghost::of(&film, &other, &pairing, grounding);
    let lens = Lens { rubric: grounding, beside: Some(ghost), ..Lens::default() };
    let with = Scene::of(&film, &lens);
    assert!(with.path.beside.is_empty());
    assert_eq!(with.path, Scene::of(&film, &Lens { beside: None, ..lens }).path);
}

#[test]
fn the_path_is_built_again_for_another_ghost() {
    let (film, other) = (common::rewards(&[1.0, 2.0, 3.0]), common::rewards(&[3.0, 2.0, 1.0]));
    let lens = beside(&film, &other);
    let mut builder = SceneBuilder::new();
    let first = builder.build(&film, &lens);
    let same = builder.build(&film, &Lens { position: 1.0, ..lens.clone() });
    assert!(std::sync::Arc::ptr_eq(&first.path, &same.path));
    let alone = builder.build(&film, &Lens { beside: None, ..lens });
    assert!(alone.path.revision != first.path.revision && alone.path.beside.is_empty());
    let changed = builder.build(&film, &beside(&film, &common::rewards(&[3.0, 2.0, 1.5])));
    assert!(changed.path.revision != first.path.revision);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_film_is_where_it_is_without_the_other_run(
        roots in prop::collection::vec(-80.0..80.0f64, 1..120),
        others in prop::collection::vec(any::<f64>().prop_filter("finite", |r| r.is_finite()), 1..120),
    ) {
        let (film, other) = (common::rewards(&roots), common::rewards(&others));
        for geometry in Geometry::ALL {
            let lens = Lens { geometry, ..beside(&film, &other) };
            let with = Scene::of(&film, &lens).path;
            let without = Scene::of(&film, &Lens { beside: None, ..lens }).path;
            let ends = |s: &Segment| (s.from, s.to, s.from_index, s.to_index, s.width);
            prop_assert_eq!(&with.nodes, &without.nodes);
            prop_assert!(with.ribbon.iter().map(ends).eq(without.ribbon.iter().map(ends)));
            let paired = roots.len().min(others.len());
            prop_assert!((paired - 1..2 * paired).contains(&with.beside.len()));
            prop_assert!(with.beside.iter().all(|s| s.from.iter().chain(&s.to).all(|c| c.is_finite())));
        }
    }
}
