//! The path: it grows without moving, is finite whatever the scores, and is built only when something
//! changed.

mod common;

use std::sync::Arc;

use gauntlet_film::Film;
use gauntlet_model::{EffectKind, EffectSet, FailureRules};
use gauntlet_scene::{
    CameraMode, Geometry, HeightScale, Lens, NOT_EVALUATED, Orbit, PASSED, Scene, SceneBuilder, Segment,
    legend,
};
use proptest::prelude::*;

fn with(geometry: Geometry) -> Lens {
    Lens { geometry, ..Lens::default() }
}

fn is_finite(scene: &Scene) -> bool {
    let segment = |s: &Segment| s.from.iter().chain(&s.to).all(|c| c.is_finite());
    let camera = scene.camera.view_projection(1.5);
    scene.path.nodes.iter().all(|n| n.at.iter().chain(&n.color).all(|c| c.is_finite()))
        && scene.path.ribbon.iter().chain(&scene.path.guide).chain(&scene.path.means).all(segment)
        && scene.path.effects.iter().all(|e| e.size.is_finite() && e.size >= 1.0 && e.size <= 1.8)
        && scene.agent.at.iter().all(|c| c.is_finite())
        && camera.iter().flatten().all(|c| c.is_finite())
        && scene.labels.iter().all(|l| l.screen.iter().all(|c| c.abs() <= 1.0))
        && scene.stars.iter().all(|s| scene.sky.place(s).iter().all(|c| c.is_finite()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn growth_moves_nothing(roots in prop::collection::vec(-80.0..80.0f64, 2..400), prefix in 0.0..1.0f64) {
        let prefix = ((roots.len() as f64 * prefix) as usize).max(1);
        for geometry in Geometry::ALL {
            let short = Scene::of(&common::rewards(&roots[..prefix]), &with(geometry));
            let long = Scene::of(&common::rewards(&roots), &with(geometry));
            prop_assert_eq!(&short.path.nodes[..], &long.path.nodes[..prefix]);
            prop_assert_eq!(&short.path.ribbon[..], &long.path.ribbon[..short.path.ribbon.len()]);
            prop_assert_eq!(&short.path.effects[..], &long.path.effects[..short.path.effects.len()]);
        }
    }

    #[test]
    fn any_score_can_be_drawn(
        roots in prop::collection::vec(any::<f64>().prop_filter("finite", |r| r.is_finite()), 0..12),
        position in any::<f64>(),
        time_secs in any::<f64>(),
        angles in any::<(f32, f32, f32, f32)>(),
    ) {
        let film = common::rewards(&roots);
        let orbit = Orbit { yaw: angles.0, pitch: angles.1, distance: angles.2, target: None };
        for geometry in Geometry::ALL {
            for camera in
                [CameraMode::Orbit(orbit), CameraMode::Follow, CameraMode::FirstPerson, CameraMode::BirdsEye]
            {
                let rubric = film.find_path("root");
                let aspect = angles.3;
                let lens =
                    Lens { geometry, camera, position, time_secs, rubric, aspect, ..Lens::default() };
                let scene = Scene::of(&film, &lens);
                prop_assert!(is_finite(&scene), "{scene:?}");
                prop_assert_eq!(scene.describe(), Scene::of(&film, &lens).describe());
            }
            let lens = Lens { geometry, position, aspect: angles.3, ..Lens::default() };
            prop_assert!(Orbit::overview(&film, &lens).distance <= Orbit::WIDEST);
        }
    }
}

#[test]
fn the_path_is_built_once_and_again_when_something_changed() {
    let mut film = common::training(100);
    let mut builder = SceneBuilder::new();
    let first = builder.build(&film, &Lens { position: 3.0, ..Lens::default() });
    let moved = builder.build(&film, &Lens { position: 30.5, time_secs: 9.0, ..Lens::default() });
    assert!(Arc::ptr_eq(&first.path, &moved.path));
    assert_eq!(moved, Scene::of(&film, &Lens { position: 30.5, time_secs: 9.0, ..Lens::default() }));

    film.apply(&common::fact(101, &[("root", 1.0)], &[]));
    let grown = builder.build(&film, &Lens::default());
    assert_eq!(grown.path.nodes.len(), 101);
    assert_ne!(grown.path.revision, first.path.revision);

    let other = common::rewards(&[1.0; 101]);
    assert_ne!(builder.build(&other, &Lens::default()).path.revision, grown.path.revision);

    film.set_rules(FailureRules::RootBelow(2.0));
    assert_ne!(builder.build(&film, &Lens::default()).path.revision, grown.path.revision);
    let colored = Lens { rubric: film.find_path("format"), ..Lens::default() };
    assert_ne!(builder.build(&film, &colored).path.revision, first.path.revision);
}

#[test]
fn every_failure_has_its_shape() {
    let scene = Scene::of(&common::each_failure(), &Lens { position: 7.0, ..Lens::default() });
    let summary = scene.summary();
    let effects: Vec<_> = summary.effects.into_iter().collect();
    assert_eq!(
        effects,
        [("format", 1), ("generic", 1), ("hallucination", 1), ("inconsistency", 1), ("refusal", 2)]
    );
    assert_eq!(summary.jagged, 2);
    assert_eq!((summary.agent_index, summary.selected_failure), (Some(7), Some("hallucination")));
    assert_eq!(summary.selected_effect, Some(EffectKind::WobblingPlane.as_str()));
    // A worse score is a bigger shape: the grounding is at its threshold, the inconsistency far beyond it.
    let size = |i: f32| scene.path.effects.iter().find(|e| e.index == i).unwrap().size;
    assert!(size(7.0) == 1.0 && size(5.0) > 1.3, "{} {}", size(7.0), size(5.0));
}

#[test]
fn an_unreadable_step_breaks_the_ribbon_on_both_sides() {
    let scene = Scene::of(&common::each_failure(), &Lens::default());
    let between = |from: f32, to: f32| {
        let inside = |s: &&Segment| s.from_index >= from && s.to_index <= to;
        scene.path.ribbon.iter().filter(inside).collect::<Vec<_>>()
    };
    assert!(between(0.0, 1.0).len() >= 5 && between(1.0, 2.0).len() >= 5);
    assert_eq!(between(2.0, 3.0).len(), 1);
    let joined = |w: &[Segment]| w[0].to == w[1].from && w[0].to_index == w[1].from_index;
    assert!(scene.path.ribbon.windows(2).all(joined));
    let straight = |s: &Segment| (s.to[1] - s.from[1]) / (s.to[0] - s.from[0]);
    let slopes: Vec<f32> = between(0.0, 1.0).into_iter().map(straight).collect();
    assert!(slopes.windows(2).any(|w| (w[0] - w[1]).abs() > 0.2), "{slopes:?}");
}

#[test]
fn a_rubric_colors_the_path_in_three_states() {
    let film = common::each_failure();
    let rubric = film.find_path("grounding");
    let heights = HeightScale::default().following(film.robust_range(rubric.unwrap()).unwrap());
    let lens = Lens { rubric, heights, ..Lens::default() };
    let nodes = Scene::of(&film, &lens).path.nodes.clone();
    assert_eq!((nodes[0].color, nodes[1].color), (PASSED, NOT_EVALUATED));
    assert!(nodes[7].color[0] > nodes[7].color[1]);
}

#[test]
fn guides_stay_few() {
    for nodes in [1usize, 1000, 100_000] {
        let lens = with(Geometry::Wormhole);
        let guide = Scene::of(&common::rewards(&vec![1.0; nodes]), &lens).path.guide.len();
        assert!((30..=12_200).contains(&guide), "{nodes} nodes, {guide} guide lines");
    }
}

#[test]
fn the_legend_follows_the_rules() {
    let (mut film, set) = (common::each_failure(), EffectSet::default());
    let lines: Vec<String> =
        legend(&film, &set, None).iter().map(|e| format!("{} ({})", e.words, e.when)).collect();
    assert_eq!(
        lines,
        [
            "ungrounded (wobbling plane: grounding at most -20)",
            "format (jagged path: format at most 0)",
            "refusal (wall: refusal above 0)",
            "inconsistent (split burst: inconsistency at most -15)",
            "failing (burst: any other rubric below 0)",
        ]
    );
    film.set_rules(FailureRules::RootBelow(0.5));
    let by_root = legend(&film, &set, None);
    let lines: Vec<_> = by_root.iter().map(|e| e.when.as_str()).collect();
    assert_eq!(
        lines,
        ["wall: declared by the run", "burst: root below 0.5"],
        "a declared refusal, and the rule"
    );
}

#[test]
fn an_empty_and_a_very_long_film_have_a_scene() {
    let empty = Scene::of(&Film::new(), &Lens { selected: Some(3), ..Lens::default() });
    assert!(is_finite(&empty) && empty.labels.is_empty() && empty.summary().agent_index.is_none());
    assert_eq!(empty.pick([0.0, 0.0], 1.0, 2.0), None);
    let film = common::rewards(&(0..1_000_000).map(|i| f64::from(i % 100) - 20.0).collect::<Vec<_>>());
    let mut builder = SceneBuilder::new();
    for geometry in Geometry::ALL {
        let scene = builder.build(&film, &Lens { position: 999_000.5, ..with(geometry) });
        assert_eq!(scene.summary().nodes, 1_000_000);
        assert!(is_finite(&scene) && !scene.labels.is_empty());
        assert!(scene.path.nodes.len() < 6000, "{} nodes around the agent", scene.path.nodes.len());
    }
}
