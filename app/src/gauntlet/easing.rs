//! Eases the camera when its mode or the path's geometry changes. Within one mode the scene's camera is used.

use gauntlet_scene::{Camera, Geometry};

/// Duration of a transition, seconds.
const GLIDE_SECS: f64 = 0.24;

/// The geometry and the camera mode.
type ViewKind = (Geometry, &'static str);

/// Moves the camera from where it was when the view changed to where the scene puts it.
#[derive(Default)]
pub(super) struct CameraEase {
    view_kind: Option<ViewKind>,
    last: Option<Camera>,
    from: Option<(Camera, f64)>,
}

impl CameraEase {
    /// Whether a transition is running.
    pub(super) fn is_moving(&self) -> bool {
        self.from.is_some()
    }

    /// The camera to draw with, `secs` after the last one, where the scene puts it at `placed`.
    pub(super) fn ease(&mut self, placed: Camera, view_kind: ViewKind, secs: f64, is_calm: bool) -> Camera {
        if self.view_kind != Some(view_kind) {
            self.from =
                self.last.filter(|_| self.view_kind.is_some() && !is_calm).map(|camera| (camera, 0.0));
            self.view_kind = Some(view_kind);
        } else if let Some((_, done)) = &mut self.from {
            *done += secs;
        }
        let eased = match self.from {
            Some((from, done)) if done < GLIDE_SECS => between(&from, &placed, (done / GLIDE_SECS) as f32),
            _ => {
                self.from = None;
                placed
            }
        };
        self.last = Some(eased);
        eased
    }
}

/// `from` at share 0, `to` at 1; cubic ease-out.
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
