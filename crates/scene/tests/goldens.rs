//! Pictures as text, compared with ones that were looked at. `UPDATE_EXPECT=1` rewrites them.

mod common;

use expect_test::expect_file;
use gauntlet_film::Film;
use gauntlet_scene::{CameraMode, Geometry, Lens, Scene};

fn check(name: &str, film: &Film, lens: &Lens) {
    expect_file![format!("goldens/{name}.txt")].assert_eq(&Scene::of(film, lens).describe());
}

#[test]
fn nothing_yet() {
    check("empty", &Film::new(), &Lens::default());
}

#[test]
fn one_step() {
    check("one_step", &common::rewards(&[12.5]), &Lens::default());
}

#[test]
fn each_geometry() {
    let film = common::training(30);
    for geometry in Geometry::ALL {
        let lens = Lens { geometry, position: 11.5, selected: Some(10), time_secs: 7.0, ..Lens::default() };
        check(geometry.as_str(), &film, &lens);
    }
}

#[test]
fn each_failure() {
    check("each_failure", &common::each_failure(), &Lens { position: 7.0, ..Lens::default() });
}

#[test]
fn each_camera() {
    let film = common::training(30);
    for camera in [CameraMode::Follow, CameraMode::FirstPerson, CameraMode::BirdsEye] {
        check(camera.as_str(), &film, &Lens { camera, position: 11.5, ..Lens::default() });
    }
}

#[test]
fn colored_by_a_rubric() {
    let film = common::each_failure();
    let rubric = film.find_path("grounding");
    check("by_grounding", &film, &Lens { rubric, position: 5.0, ..Lens::default() });
}
