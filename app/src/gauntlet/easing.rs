//! Changing the camera or the path's shape glides, by time; within one camera the scene says where it is.

use gauntlet_scene::{Camera, Geometry};

/// How long a glide takes, seconds.
const GLIDE_SECS: f64 = 0.24;

/// What decides where the camera stands.
type Manner = (Geometry, &'static str);

/// Glides from where the camera was when its manner changed to where the scene wants it.
#[derive(Default)]
pub(super) struct CameraEase {
    manner: Option<Manner>,
    last: Option<Camera>,
    from: Option<(Camera, f64)>,
}

impl CameraEase {
    /// Whether a glide is under way.
    pub(super) fn is_moving(&self) -> bool {
        self.from.is_some()
    }

    /// The camera to draw with, `secs` after the last one, where the scene wants `deep_link`.
    pub(super) fn ease(&mut self, deep_link: Camera, manner: Manner, secs: f64, is_calm: bool) -> Camera {
        if self.manner != Some(manner) {
            self.from = self.last.filter(|_| self.manner.is_some() && !is_calm).map(|camera| (camera, 0.0));
            self.manner = Some(manner);
        } else if let Some((_, done)) = &mut self.from {
            *done += secs;
        }
        let eased = match self.from {
            Some((from, done)) if done < GLIDE_SECS => between(&from, &deep_link, (done / GLIDE_SECS) as f32),
            _ => {
                self.from = None;
                deep_link
            }
        };
        self.last = Some(eased);
        eased
    }
}

/// `from` at 0, `to` at 1; slow at the end (cubic ease out).
fn between(from: &Camera, to: &Camera, share: f32) -> Camera {
    let t = 1.0 - (1.0 - share).powi(3);
    let mix = |a: f32, b: f32| a + (b - a) * t;
    let point = |a: [f32; 3], b: [f32; 3]| std::array::from_fn(|i| mix(a[i], b[i]));
    Camera {
        eye: point(from.eye, to.eye),
        target: point(from.target, to.target),
        up: point(from.up, to.up),
        fov_y_radians: mix(from.fov_y_radians, to.fov_y_radians),
        ..*to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(x: f32) -> Camera {
        Camera {
            eye: [x, 0.0, 9.0],
            target: [x, 0.0, 0.0],
            up: [0.0, 1.0, 0.0],
            fov_y_radians: 0.8,
            near: 0.1,
            far: 100.0,
        }
    }

    #[test]
    fn a_change_of_camera_glides_and_ends() {
        let mut ease = CameraEase::default();
        let orbit = (Geometry::Linear, "orbit");
        let follow = (Geometry::Linear, "follow");
        assert_eq!(ease.ease(camera(0.0), orbit, 0.016, false).eye[0], 0.0);
        assert_eq!(
            ease.ease(camera(5.0), orbit, 0.016, false).eye[0],
            5.0,
            "within one camera nothing glides"
        );
        assert_eq!(ease.ease(camera(15.0), follow, 0.016, false).eye[0], 5.0);
        let half = ease.ease(camera(15.0), follow, 0.12, false).eye[0];
        assert!(half > 10.0 && half < 15.0 && ease.is_moving());
        assert_eq!(ease.ease(camera(15.0), follow, 0.2, false).eye[0], 15.0);
        assert!(!ease.is_moving());
    }

    #[test]
    fn no_glide_where_no_motion_is_wanted() {
        let mut ease = CameraEase::default();
        ease.ease(camera(0.0), (Geometry::Linear, "orbit"), 0.016, true);
        assert_eq!(ease.ease(camera(9.0), (Geometry::Sphere, "orbit"), 0.016, true).eye[0], 9.0);
    }
}
