//! The effects of a project: which one is drawn at which node, and what stays of them in a long run.

mod common;

use std::sync::Arc;

use gauntlet_film::Film;
use gauntlet_model::{EffectSet, FailureKind, FailureRules, Timestamp};
use gauntlet_scene::{CameraMode, Lens, Orbit, Scene, SceneBuilder, legend};

/// A set of these effects, as JSON.
fn set(effects: &str) -> Arc<EffectSet> {
    Arc::new(EffectSet::from_json(&format!(r#"{{"effects": [{effects}]}}"#)).unwrap())
}

/// The indexes of the nodes with an effect, and its shape.
fn shown(film: &Film, effects: &str) -> Vec<(usize, &'static str)> {
    let scene = Scene::of(film, &Lens { effects: set(effects), ..Lens::default() });
    scene.path.effects.iter().map(|e| (e.index as usize, e.kind.as_str())).collect()
}

fn scored(steps: &[&[(&str, f64)]]) -> Film {
    let facts: Vec<_> = (0..).zip(steps).map(|(step, scores)| common::fact(step, scores, &[])).collect();
    common::film(&facts)
}

#[test]
fn each_condition_marks_its_steps() {
    let film = scored(&[
        &[("root", 1.0), ("root.judge", 0.9), ("verifier", 1.0)],
        &[("root", 1.0), ("root.judge", 0.8), ("verifier", 0.0)],
        &[("root", -1.0), ("root.judge", 0.85)],
        &[("root", 1.0), ("root.judge", 0.2), ("verifier", 0.25)],
        &[("root", 1.0), ("verifier", 2.0)],
    ]);
    let glow = |rubric: &str, when: &str| {
        let effect = format!(r#"{{"rubric":"{rubric}","when":{when},"shape":"glow","color":"blue"}}"#);
        shown(&film, &effect).into_iter().map(|(node, _)| node).collect::<Vec<_>>()
    };
    assert_eq!(glow("judge", r#"{"below":0.85}"#), [1, 3]);
    assert_eq!(glow("judge", r#"{"above":0.85}"#), [0]);
    assert_eq!(glow("ver*", r#"{"above":1}"#), [4]);
    assert_eq!(glow("judge", r#""not_evaluated""#), [4]);
    assert_eq!(glow("root", r#""failing""#), [2], "by the rules of the run");
    assert_eq!(glow("judge", r#"{"falling":{"over":3,"by":0.5}}"#), [3]);
    assert_eq!(glow("judge", r#"{"falling":{"over":3,"by":0.7}}"#), [0usize; 0]);
    assert_eq!(glow("judge", r#"{"disagreement":{"from":"verifier","by":0.5}}"#), [1]);
    assert_eq!(glow("nothing", r#"{"above":-100}"#), [0usize; 0]);
}

#[test]
fn the_first_effect_that_holds_is_drawn_and_no_other() {
    let film = scored(&[&[("root", -1.0), ("judge", 0.1)], &[("root", 1.0), ("judge", 0.1)]]);
    let failing = r#"{"when":{"failure":"generic"},"shape":"burst","color":"brick"}"#;
    let low = r#"{"rubric":"judge","when":{"below":0.5},"shape":"wall","color":"green","size":2}"#;
    assert_eq!(shown(&film, &format!("{failing},{low}")), [(0, "burst"), (1, "wall")]);
    assert_eq!(shown(&film, &format!("{low},{failing}")), [(0, "wall"), (1, "wall")]);
    assert_eq!(shown(&film, ""), [], "without effects nothing is drawn");
    let scene = Scene::of(&film, &Lens { effects: set(low), position: 1.0, ..Lens::default() });
    assert_eq!(scene.path.effects[1].size, 2.0);
    let summary = scene.summary();
    assert_eq!((summary.selected_failure, summary.selected_effect), (None, Some("wall")));
    assert_eq!((summary.shapes["wall"], summary.effects["generic"]), (2, 1));
    assert!(scene.path.nodes[0].failed && !scene.path.nodes[1].failed, "an effect makes no step failing");
}

#[test]
fn another_set_is_drawn_at_once() {
    let film = scored(&[&[("root", 1.0)], &[("root", 0.5)]]);
    let mut builder = SceneBuilder::new();
    let before = builder.build(&film, &Lens::default());
    let above = r#"{"rubric":"root","when":{"above":0.9},"shape":"burst","color":"blue"}"#;
    let blue = builder.build(&film, &Lens { effects: set(above), ..Lens::default() });
    let green = above.replace("blue", "green");
    let green = builder.build(&film, &Lens { effects: set(&green), ..Lens::default() });
    assert_eq!((before.path.effects.len(), blue.path.effects.len()), (0, 1));
    assert!(blue.path.revision != before.path.revision && blue.path.revision != green.path.revision);
}

#[test]
fn a_rare_effect_is_drawn_in_the_overview_of_a_long_run() {
    let mut film = Film::with_rules(gauntlet_model::FailureRules::RootBelow(0.0));
    let apply = |film: &mut Film, step: u64, root: f64, judge: f64| {
        film.apply(&common::fact(step, &[("root", root), ("judge", judge)], &[]));
    };
    for step in 0..20_000 {
        apply(&mut film, step, (step % 7) as f64, if step == 12_345 { 0.0 } else { 1.0 });
    }
    let orbit = Orbit::overview(&film, &Lens::default());
    let low = r#"{"rubric":"judge","when":{"below":0.5},"shape":"glow","color":"green"}"#;
    let lens = Lens { effects: set(low), camera: CameraMode::Orbit(orbit), ..Lens::default() };
    let mut builder = SceneBuilder::new();
    let colored = |scene: &Scene| {
        let marked = scene.path.nodes.iter().filter(|n| n.color == gauntlet_scene::PASSED);
        marked.map(|node| node.index as u64).collect::<Vec<_>>()
    };
    let scene = builder.build(&film, &lens);
    assert!(scene.path.nodes.len() < 20_000, "{} nodes are drawn", scene.path.nodes.len());
    assert_eq!(colored(&scene), [12_345]);
    // A step that is scored again changes its block only.
    let again = common::fact(777, &[("root", 1.0), ("judge", 0.0)], &[]);
    film.apply(&gauntlet_film::Fact { seq: 50_000, at: Timestamp::from_micros(1), ..again });
    assert_eq!(colored(&builder.build(&film, &lens)), [777, 12_345]);
}

#[test]
fn the_legend_has_what_the_run_shows() {
    let effects =
        set(r#"{"rubric":"judge","when":{"falling":{"over":8,"by":0.2}},"shape":"glow","color":"blue"},
           {"rubric":"tone","when":"not_evaluated","shape":"wall","color":"grey"},
           {"when":{"failure":"generic"},"shape":"burst","color":"red"},
           {"when":{"failure":"refusal"},"shape":"wall","color":"grey"}"#);
    let lines = |film: &Film, chosen: Option<&str>| {
        let chosen = chosen.map(|path| film.find_path(path).unwrap());
        let lines = legend(film, &effects, chosen).into_iter();
        lines.map(|e| format!("{} ({})", e.words, e.when)).collect::<Vec<_>>()
    };
    let judge = "judge falling (glow: judge at least 0.2 below the mean of the 8 steps before)";
    let refusal = "refusal (wall: declared by the run)";
    let failing = "failing (burst: root below 0)";
    let mut film = Film::with_rules(FailureRules::RootBelow(0.0));
    film.apply(&common::fact(0, &[("root", 1.0), ("judge", 0.1), ("style", -1.0)], &[]));
    assert_eq!(lines(&film, None), [judge], "no step fails");
    assert_eq!(lines(&film, Some("style")), [judge, failing], "but this rubric does");
    film.apply(&common::fact(1, &[("root", 1.0)], &[FailureKind::Refusal]));
    assert_eq!(lines(&film, None), [judge, refusal]);
    assert_eq!(lines(&film, Some("style")), [judge, failing], "of a chosen rubric its failures are drawn");
    film.apply(&common::fact(2, &[("root", -1.0)], &[]));
    assert_eq!(lines(&film, None), [judge, failing, refusal]);
    film.set_rules(FailureRules::RootBelow(-2.0));
    assert_eq!(lines(&film, None), [judge, refusal], "by the new rule step 2 passes");
}
