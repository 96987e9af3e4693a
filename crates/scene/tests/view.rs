//! What is seen: labels, picking, cameras.

mod common;

use gauntlet_scene::{CameraMode, Geometry, HeightScale, Label, LabelKind, Lens, Orbit, Scene, SceneBuilder};
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
    for text in ["format 0.0", "refusal +10.0", "inconsistent -40.0", "synthesis › abstains wrongly -5.0"] {
        assert!(texts.contains(&(text, LabelKind::Failure)), "{text} is not among {texts:?}");
    }
}

#[test]
fn steps_are_named_below_a_straight_path_and_the_agent_once() {
    let film = common::rewards(&vec![1.0; 300]);
    let camera = CameraMode::Orbit(Orbit { distance: 60.0, yaw: 0.0, ..Orbit::default() });
    let scene = Scene::of(&film, &Lens { camera, position: 99.6, selected: Some(100), ..Lens::default() });
    let of = |kind| scene.labels.iter().filter(move |label| label.kind == kind);
    assert_eq!(of(LabelKind::Active).map(|label| label.index).collect::<Vec<_>>(), [100]);
    assert!(of(LabelKind::Node).count() > 2);
    let lowest = scene.axis.iter().map(|line| line.from[1]).fold(f32::MAX, f32::min);
    assert!(of(LabelKind::Node).all(|label| label.at[1] == lowest), "on the lowest line of the axis");
    let nearby = Lens { camera, position: 92.0, selected: Some(100), ..Lens::default() };
    let both = Scene::of(&film, &nearby).labels;
    assert_eq!(both.iter().filter(|label| label.kind == LabelKind::Active).count(), 2, "on its way there");
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
fn the_overview_shows_all_of_a_run_of_any_length() {
    for geometry in Geometry::ALL {
        for (nodes, aspect) in [(1, 1.3), (12, 1.3), (60, 0.6), (3000, 1.3), (3000, 0.5), (60_000, 1.8)] {
            let film = common::training(nodes);
            let lens = Lens { geometry, position: nodes as f64 / 2.0, aspect, ..Lens::default() };
            let camera = CameraMode::Orbit(Orbit::overview(&film, &lens));
            let scene = Scene::of(&film, &Lens { camera, ..lens });
            let drawn = scene.path.nodes.len();
            assert_eq!(in_view(&scene, aspect), drawn, "{nodes} nodes, {} {camera:?}", geometry.as_str());
            assert!(
                drawn >= nodes.min(150) as usize && drawn <= 24_000,
                "{drawn} of {nodes} nodes are drawn"
            );
            let (first, last) = (&scene.path.nodes[0], &scene.path.nodes[drawn - 1]);
            assert_eq!((first.index, last.index), (0.0, (nodes - 1) as f32));
            // It fills a good part of the stage.
            let across = |pick: fn([f32; 3]) -> f32| {
                let seen = scene.path.nodes.iter().filter_map(|n| scene.camera.project(n.at, aspect));
                let ends =
                    seen.fold((1.0f32, -1.0f32), |(low, high), p| (low.min(pick(p)), high.max(pick(p))));
                ends.1 - ends.0
            };
            let size = across(|p| p[0]).max(across(|p| p[1]));
            assert!(nodes == 1 || size > 0.9, "{nodes} nodes, {}: {size} of 2", geometry.as_str());
        }
    }
}

#[test]
fn no_extreme_and_no_kind_of_failure_is_lost_in_the_overview() {
    let mut roots: Vec<f64> = (0..50_000).map(|i| 20.0 + f64::from(i % 10)).collect();
    (roots[12_345], roots[33_333]) = (-40.0, 50.0);
    let film = common::rewards(&roots);
    let camera = CameraMode::Orbit(Orbit::overview(&film, &Lens::default()));
    let scene = Scene::of(&film, &Lens { camera, ..Lens::default() });
    let node = |index: f32| scene.path.nodes.iter().find(|node| node.index == index);
    assert!(node(12_345.0).is_some_and(|node| node.failed) && node(33_333.0).is_some());
    assert!(scene.path.nodes.len() < 20_000, "{} nodes", scene.path.nodes.len());
    // The line of means leads through the middle of the run, from its beginning to its end.
    let means = &scene.path.means;
    let is_middle = |s: &gauntlet_scene::Segment| (9.0..10.6).contains(&s.to[1]);
    assert!(means.len() > 50 && means.iter().all(is_middle), "{} means", means.len());
    assert!(means[0].from_index < 2_000.0 && means[means.len() - 1].to_index > 48_000.0);
}

#[test]
fn zooming_in_leads_from_the_overview_to_each_step() {
    let film = common::training(20_000);
    let mut builder = SceneBuilder::new();
    let mut orbit = Orbit { distance: Orbit::farthest(20_000), ..Orbit::default() };
    let mut most = 0;
    while orbit.distance > 30.0 {
        let lens = Lens { camera: CameraMode::Orbit(orbit), position: 9000.0, ..Lens::default() };
        let scene = builder.build(&film, &lens);
        assert_eq!(scene, Scene::of(&film, &lens));
        most = most.max(scene.path.nodes.len());
        let [x, y, _] = scene.camera.project(scene.agent.at, 1.5).expect("the agent is in front");
        assert!(x.abs() < 0.2 && y.abs() < 0.5, "the agent is at {x} {y} from {}", orbit.distance);
        let nearest = scene
            .path
            .nodes
            .iter()
            .min_by(|a, b| (a.index - 9000.0).abs().total_cmp(&(b.index - 9000.0).abs()));
        let [near, _, _] = scene.camera.project(nearest.unwrap().at, 1.5).expect("it is in front");
        assert!((near - x).abs() < 0.02, "the nearest node is {} away from {}", near - x, orbit.distance);
        orbit.distance *= 0.9;
    }
    let lens = Lens { camera: CameraMode::Orbit(orbit), position: 9000.0, ..Lens::default() };
    let close = Scene::of(&film, &lens);
    let is_there = |i: i32| close.path.nodes.iter().any(|node| node.index == i as f32);
    assert!((8950..9050).all(is_there), "close up, every step is there");
    assert!(most < 20_000, "{most} nodes");
}

#[test]
fn the_path_fits_its_scores() {
    let roots: Vec<f64> = (0..200).map(|i| f64::from(i * 8 % 21) / 20.0).collect();
    let film = common::rewards(&roots);
    let range = film.robust_range(film.main_path().unwrap()).unwrap();
    let heights = HeightScale::default().following(range);
    assert_eq!((heights.low, heights.high), (0.0, 1.0));
    assert_eq!(heights.following(range), heights, "it is stable");
    for geometry in Geometry::ALL {
        let lens = Lens { geometry, heights, position: 100.0, ..Lens::default() };
        let scene = Scene::of(&film, &lens);
        let far = |p: [f32; 3], axes: &[usize]| axes.iter().map(|i| p[*i] * p[*i]).sum::<f32>().sqrt();
        let height = |p: [f32; 3]| match geometry {
            Geometry::Linear => p[1],
            Geometry::Wormhole => far(p, &[0, 1]),
            Geometry::Sphere => far(p, &[0, 1, 2]),
        };
        // The same as a run from -50 to 50 has it.
        let heights = [0, 13].map(|i: usize| height(scene.path.nodes[i].at));
        let spec = [-50.0, 50.0].map(|r| height(gauntlet_scene::path_point(geometry, 0.0, r)));
        assert_eq!((roots[0], roots[13]), (0.0, 1.0));
        assert!((heights[0] - spec[0]).abs() < 0.01 && (heights[1] - spec[1]).abs() < 0.01, "{heights:?}");
        let axis: Vec<&str> =
            scene.labels.iter().filter(|l| l.kind == LabelKind::Axis).map(|l| l.text.as_str()).collect();
        assert!(axis.contains(&"+1"), "{axis:?} of the {}", geometry.as_str());
        assert!(geometry != Geometry::Linear || axis == ["+1", "0"], "{axis:?}");
    }
}

#[test]
fn a_rubric_gives_height_and_labels() {
    let film = common::each_failure();
    let rubric = film.find_path("grounding");
    let heights = HeightScale::default().following(film.robust_range(rubric.unwrap()).unwrap());
    let scene = Scene::of(&film, &Lens { rubric, heights, position: 7.0, ..Lens::default() });
    let middle = (heights.low + heights.high) / 2.0;
    assert!(scene.path.nodes[0].at[1] > 0.0 && scene.path.nodes[7].at[1] < 0.0, "{middle}");
    assert_eq!(scene.path.nodes[1].at[1], 0.0, "not evaluated: the middle");
    assert_eq!(scene.labels[0].text, "1,312: -20.0", "as in the list of steps");
}

#[test]
fn what_is_not_near_the_agent_recedes_on_a_sphere() {
    let film = common::training(2000);
    let lens = Lens { geometry: Geometry::Sphere, position: 1000.0, ..Lens::default() };
    let near = Scene::of(&film, &lens).recede;
    let light = [0.0, 900.0, 1000.0, 1030.0, 1999.0].map(|i| near.light(i, 1000.0));
    assert_eq!(light[2], 1.0);
    assert!(light[3] > 0.3 && light[0] < 0.1 && light[4] < 0.1 && light[1] < 0.4, "{light:?}");
    let camera = CameraMode::Orbit(Orbit::overview(&film, &lens));
    assert_eq!(Scene::of(&film, &Lens { camera, ..lens }).recede.light(0.0, 1000.0), 1.0);
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
