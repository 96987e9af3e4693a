//! The axis of heights: lines at the scores of both ends and at zero, with their numbers.

use std::f64::consts::TAU;

use crate::camera::Camera;
use crate::color::{AXIS, NOT_EVALUATED};
use crate::labels::{Label, LabelKind};
use crate::lens::Geometry;
use crate::marks::Segment;
use crate::places::Places;
use crate::vector::{V3, length, narrow, sub, wide};

/// Pieces of each line. Fog is computed at the ends of a piece.
const SEGMENTS: usize = 24;
/// A line along the path reaches so many camera distances to either side.
const REACH_DISTANCES: f64 = 5.0;
/// Numbers are placed within this share of the stage.
const LABEL_EXTENT: f32 = 0.94;
/// Width of a line, world units.
const LINE_WIDTH: f32 = 0.06;

/// The axis of a picture.
pub(crate) struct Axis {
    /// The score and the points of each line.
    lines: Vec<(f64, Vec<V3>)>,
}

impl Axis {
    /// The axis around a position of the path; empty for a film without scores.
    pub(crate) fn of(places: &Places<'_>, camera: &Camera, position: f64) -> Self {
        if places.len() == 0 || places.path().is_none() {
            return Self { lines: Vec::new() };
        }
        let zero = places.heights.crosses_zero().then_some(0.0);
        let scores = [Some(places.heights.low), zero, Some(places.heights.high)];
        let lines = scores.into_iter().flatten();
        Self { lines: lines.map(|score| (score, line(places, camera, position, score))).collect() }
    }

    /// Its lines; the one at zero is the brightest.
    pub(crate) fn segments(&self) -> Vec<Segment> {
        let segment = |score: f64| {
            move |ends: &[V3]| Segment {
                from: narrow(ends[0]),
                to: narrow(ends[ends.len() - 1]),
                from_index: 0.0,
                to_index: 0.0,
                color: if score == 0.0 { AXIS } else { NOT_EVALUATED },
                width: LINE_WIDTH,
            }
        };
        self.lines.iter().flat_map(|(score, points)| points.windows(2).map(segment(*score))).collect()
    }

    /// Its numbers, each at the leftmost visible point of its line.
    pub(crate) fn labels(&self, places: &Places<'_>, camera: &Camera, aspect: f32) -> Vec<Label> {
        let label = |(score, points): &(f64, Vec<V3>)| {
            let seen = |p: &V3| {
                let at = narrow(*p);
                let [x, y, _] = camera.project(at, aspect)?;
                (x.abs() <= LABEL_EXTENT && y.abs() <= LABEL_EXTENT).then_some((at, x, y))
            };
            let left = points.iter().filter_map(seen).min_by(|a, b| a.1.total_cmp(&b.1));
            let (at, x, y) = left?;
            let text = places.heights.text(*score);
            let [half_wide, half_high] = Label::half_size(&text, aspect);
            let most = (1.0 - half_wide).max(0.0);
            let screen = [(x + half_wide).clamp(-most, most), (y + half_high).min(1.0 - half_high)];
            Some(Label { at, text, kind: LabelKind::Axis, index: 0, failure: None, opacity: 0.9, screen })
        };
        self.lines.iter().rev().filter_map(label).collect()
    }
}

fn line(places: &Places<'_>, camera: &Camera, position: f64, score: f64) -> Vec<V3> {
    let share = |k: usize| k as f64 / SEGMENTS as f64;
    match places.geometry {
        Geometry::Linear => {
            let [_, y, z] = places.at_height(position, Some(score));
            let reach = REACH_DISTANCES * length(sub(wide(camera.target), wide(camera.eye)));
            let end = places.along(places.len().saturating_sub(1) as f64);
            let from = (f64::from(camera.target[0]) - reach).max(0.0);
            let to = (f64::from(camera.target[0]) + reach).min(end).max(from);
            (0..=SEGMENTS).map(|k| [from + share(k) * (to - from), y, z]).collect()
        }
        Geometry::Wormhole => {
            let [x, y, z] = places.at_height(position, Some(score));
            let radius = x.hypot(y);
            let on = |k: usize| (TAU * share(k)).sin_cos();
            (0..=SEGMENTS).map(on).map(|(sin, cos)| [radius * cos, radius * sin, z]).collect()
        }
        // A gauge at the agent: from the score to the next line outwards there is nothing to draw but a tick.
        Geometry::Sphere => {
            let here = places.at_height(position, Some(score));
            let beside = places.at_height(position + 0.15 / places.spacing, Some(score));
            vec![here, beside]
        }
    }
}
