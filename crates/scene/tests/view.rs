//! What is seen: labels, picking, cameras.

mod common;

use gauntlet_scene::{CameraMode, Geometry, Label, LabelKind, Lens, Orbit, Scene, SceneBuilder};
use proptest::prelude::*;

/// The stage's height labels are reckoned for, and a 12 px character's width, CSS pixels.
const STAGE_HEIGHT_PX: f32 = 560.0;
const CHARACTER: f32 = 7.2;

fn overlap(a: &Label, b: &Label, aspect: f32) -> bool {
    let wide = (a.text.chars().count() + b.text.chars().count()) as f32 * CHARACTER / 2.0;
    let distance = [0, 1].map(|i| (a.screen[i] - b.screen[i]).abs() * STAGE_HEIGHT_PX / 2.0);
    distance[0] * aspect < wide && distance[1] < 14.0
}

fn check_labels(scene: &Scene, aspect: f32) {
    assert!(scene.labels.len() <= 24);
    for (i, a) in scene.labels.iter().enumerate() {
        for b in &scene.labels[..i] {
            assert!(!overlap(a, b, aspect), "{a:?} lies over {b:?}");
        }
    }
}

fn in_view(scene: &Scene, aspect: f32) -> usize {
    let seen = |p| scene.camera.project(p, aspect).is_some_and(|[x, y, _]| x.abs() <= 1.0 && y.abs() <= 1.0);
    let near = |p: [f32; 3]| {
        let eye = scene.camera.eye;
        (0..3).map(|i| (p[i] - eye[i]).powi(2)).sum::<f32>().sqrt() < scene.fog.far
    };
    scene.path.nodes.iter().filter(|node| seen(node.at) && near(node.at)).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn labels_never_overlap(
        position in 0.0..400.0f64,
        yaw in -3.0..3.0f32,
        pitch in -1.5..1.5f32,
        distance in 5.0..400.0f32,
        aspect in 0.4..2.5f32,
        geometry in prop::sample::select(Geometry::ALL.to_vec()),
    ) {
        let film = common::training(400);
        let orbit = CameraMode::Orbit(Orbit { yaw, pitch, distance, target: None });
        for camera in [orbit, CameraMode::Follow, CameraMode::BirdsEye] {
            let lens = Lens { geometry, camera, position, aspect, selected: Some(200), ..Lens::default() };
            check_labels(&Scene::of(&film, &lens), aspect);
        }
    }

    #[test]
    fn picking_finds_what_is_seen(
        index in 0usize..120,
        position in 0.0..120.0f64,
        yaw in -3.0..3.0f32,
        geometry in prop::sample::select(Geometry::ALL.to_vec()),
    ) {
        let camera = CameraMode::Orbit(Orbit { yaw, ..Orbit::default() });
        let lens = Lens { geometry, camera, position, aspect: 1.5, ..Lens::default() };
        let scene = Scene::of(&common::training(120), &lens);
        if let Some([x, y, _]) = scene.camera.project(scene.path.nodes[index].at, 1.5) {
            let picked = scene.pick([x, y], 1.5, 0.02).unwrap();
            let [px, py, _] = scene.camera.project(scene.path.nodes[picked].at, 1.5).unwrap();
            prop_assert!((px - x).abs() < 0.004 && (py - y).abs() < 0.004, "{index} {picked}");
        }
    }
}

#[test]
fn of_two_nodes_on_one_spot_the_nearer_is_picked() {
    let film = common::rewards(&[0.0; 40]);
    let camera = CameraMode::Orbit(Orbit {
        yaw: -std::f32::consts::FRAC_PI_2,
        pitch: 0.0,
        distance: 30.0,
        target: Some([60.0, 0.0, 0.0]),
    });
    let scene = Scene::of(&film, &Lens { camera, ..Lens::default() });
    assert_eq!(scene.pick([0.0, 0.0], 1.5, 0.02), Some(11));
    assert_eq!(scene.pick([0.5, 0.5], 1.5, 0.02), None);
}

#[test]
fn labels_say_the_step_and_what_failed() {
    let camera = CameraMode::Orbit(Orbit { distance: 60.0, yaw: 0.0, ..Orbit::default() });
    let scene = Scene::of(&common::each_failure(), &Lens { camera, position: 7.0, ..Lens::default() });
    let texts: Vec<(&str, LabelKind)> = scene.labels.iter().map(|l| (l.text.as_str(), l.kind)).collect();
    assert_eq!(texts[..2], [("1,312", LabelKind::Active), ("ungrounded -20.0", LabelKind::Failure)]);
    for text in ["format -50.0", "refusal +20.0", "inconsistent -5.0", "abstains wrongly +4.0"] {
        assert!(texts.contains(&(text, LabelKind::Failure)), "{text} is not among {texts:?}");
    }
}

#[test]
fn a_node_is_drawn_by_its_rank_and_named_by_its_step() {
    let steps = [0, 7, 1 << 40, gauntlet_model::MAX_STEP - 1, gauntlet_model::MAX_STEP];
    let of = |steps: [u64; 5]| {
        let film = common::film(&steps.map(|step| common::fact(step, &[("root", 1.0)], &[])));
        Scene::of(&film, &Lens { position: 4.0, ..Lens::default() })
    };
    let (sparse, dense) = (of(steps), of([0, 1, 2, 3, 4]));
    let places = |scene: &Scene| scene.path.nodes.iter().map(|node| node.at).collect::<Vec<_>>();
    assert_eq!(places(&sparse), places(&dense));
    let active = sparse.labels.iter().find(|label| label.kind == LabelKind::Active).unwrap();
    assert_eq!((active.text.as_str(), active.index), ("9,007,199,254,740,991", 4));
}

#[test]
fn the_selected_node_is_named_and_ringed() {
    let film = common::training(100);
    let scene = Scene::of(&film, &Lens { position: 50.0, selected: Some(57), ..Lens::default() });
    assert!(scene.labels.iter().any(|l| l.index == 57 && l.kind == LabelKind::Active && l.text == "58"));
    assert_eq!(scene.selected.map(|r| r.at), Some(scene.path.nodes[57].at));
    assert_eq!(scene.summary().selected_failure, film.failure(57).map(|f| f.as_str()));
}

#[test]
fn the_first_view_shows_sixty_to_eighty_nodes() {
    for (nodes, position) in [(2000, 1000.0), (10_000, 4000.3)] {
        let lens = Lens { position, aspect: 1.3, ..Lens::default() };
        let seen = in_view(&Scene::of(&common::training(nodes), &lens), 1.3);
        assert!((60..=80).contains(&seen), "{seen} of {nodes} nodes in view");
    }
}

#[test]
fn the_overview_shows_all_of_a_short_run_and_hundreds_of_nodes_of_a_long_one() {
    for geometry in Geometry::ALL {
        for (nodes, least) in [(1, 1), (12, 12), (60, 60), (3000, 300)] {
            let (film, position) = (common::training(nodes), nodes as f64 / 2.0);
            let camera = CameraMode::Orbit(Orbit::overview(&film, geometry, position, 1.3));
            let scene =
                Scene::of(&film, &Lens { geometry, camera, position, aspect: 1.3, ..Lens::default() });
            let seen = in_view(&scene, 1.3);
            assert!(seen >= least, "{seen} of {nodes} nodes in view of the {} {camera:?}", geometry.as_str());
        }
    }
}

#[test]
fn the_agent_stays_in_every_camera() {
    let film = common::training(300);
    for geometry in Geometry::ALL {
        for camera in
            [CameraMode::default(), CameraMode::Follow, CameraMode::FirstPerson, CameraMode::BirdsEye]
        {
            let mut builder = SceneBuilder::new();
            for tenth in (0..3000).step_by(7) {
                let lens = Lens { geometry, camera, position: f64::from(tenth) / 10.0, ..Lens::default() };
                let scene = builder.build(&film, &lens);
                let [x, y, _] = scene.camera.project(scene.agent.at, 1.5).expect("in front of the camera");
                assert!(x.abs() <= 1.0 && y.abs() <= 1.0, "{lens:?}: agent at {x} {y}");
            }
        }
    }
}

#[test]
fn nothing_moves_by_itself_under_reduced_motion() {
    let film = common::training(50);
    let at = |time_secs| Lens { time_secs, position: 20.0, reduced_motion: true, ..Lens::default() };
    let (early, late) = (Scene::of(&film, &at(1.0)), Scene::of(&film, &at(100.0)));
    assert_eq!(early, late);
    assert!(early.agent.trail.is_empty());
    let moving = Scene::of(&film, &Lens { reduced_motion: false, ..at(100.0) });
    assert_eq!(moving.time_secs, 100.0);
    assert!(moving.agent.trail.len() > 10 && moving.agent.trail.last() == Some(&moving.agent.at));
}
