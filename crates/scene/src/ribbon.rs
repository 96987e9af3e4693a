//! The ribbon through the nodes: one straight segment per step, or a jagged line at format failures; and
//! guide lines.

use std::f64::consts::TAU;

use gauntlet_model::{EffectColor, EffectKind};

use crate::color::{ACCENT, GUIDE, Rgb, effect_color};
use crate::detail::Window;
use crate::geometry::{CORE, STEP, TUBE};
use crate::lens::Geometry;
use crate::marks::{NodeMark, Segment};
use crate::noise::random;
use crate::places::Places;
use crate::vector::{V3, across, add, length, lerp, narrow, scale, sub, unit, wide};

/// Width of a segment, and of one beside a failing node.
const WIDTH: (f32, f32) = (0.3, 0.38);
/// Light and width of what joins the lowest and the highest of many nodes: it fills their range, and the line
/// of their means is the bright one.
const RANGE_LIGHT: f32 = 0.4;
const RANGE_WIDTH: f32 = 0.12;
/// The fewest and the most segments of a jagged step.
const JAG_SEGMENTS: (f64, f64) = (7.0, 15.0);
/// Sides of a ring of the tube, and sides between two lines along it.
const SIDES: (usize, usize) = (20, 2);
/// The most rings that are drawn of a tube, and the least distance between two.
const RINGS: (f64, f64) = (120.0, 12.0);

/// The ribbon, and the number of its jagged steps. A piece that ends at a node with a colour in `colors` has
/// that colour. `looks` are the effects at the nodes.
pub(crate) fn ribbon(
    nodes: &[NodeMark],
    looks: &[Option<(EffectKind, EffectColor)>],
    is_extreme: &[bool],
    colors: &[Option<Rgb>],
) -> (Vec<Segment>, u64) {
    let mut segments = Vec::with_capacity(nodes.len() + nodes.len() / 4);
    let mut jagged = 0;
    let pairs = nodes.windows(2).zip(looks.windows(2)).zip(is_extreme.windows(2)).zip(colors.iter().skip(1));
    for (((ends, looks), is_extreme), color) in pairs {
        let [a, b] = ends else { continue };
        let jag_color = looks.iter().flatten().find(|(kind, _)| *kind == EffectKind::JaggedBurst);
        // Between nodes that are not neighbours the path is not broken.
        let is_extreme = is_extreme.contains(&true);
        let is_next = !is_extreme && b.index - a.index <= 1.0;
        let jag_color = jag_color.filter(|_| is_next).map(|(_, color)| effect_color(*color));
        // Failures have shapes at their nodes; a colour between two meanings would suggest a third.
        let color = color.unwrap_or(jag_color.unwrap_or(ACCENT));
        let color = if is_extreme { color.map(|c| c * RANGE_LIGHT) } else { color };
        let width = match a.failed || b.failed {
            _ if is_extreme => RANGE_WIDTH,
            true => WIDTH.1,
            false => WIDTH.0,
        };
        if jag_color.is_some() {
            jagged += 1;
            zigzag(&mut segments, a, b, a.index as u64, color, width);
        } else {
            let (from_index, to_index) = (a.index, b.index);
            segments.push(Segment { from: a.at, to: b.at, from_index, to_index, color, width });
        }
    }
    (segments, jagged)
}

/// The line of means where nodes stand for several.
pub(crate) fn means(places: &Places<'_>, means: &[(f64, f64)]) -> Vec<Segment> {
    let point = |(index, mean): (f64, f64)| narrow(places.at_height(index, Some(mean)));
    let segment = |ends: &[(f64, f64)]| Segment {
        from: point(ends[0]),
        to: point(ends[1]),
        from_index: ends[0].0 as f32,
        to_index: ends[1].0 as f32,
        color: ACCENT,
        width: WIDTH.1,
    };
    means.windows(2).map(segment).collect()
}

/// One step as a zigzag that begins and ends at its nodes.
fn zigzag(segments: &mut Vec<Segment>, a: &NodeMark, b: &NodeMark, seed: u64, color: Rgb, width: f32) {
    let (from, to) = (wide(a.at), wide(b.at));
    let long = length(sub(to, from));
    let (side, above) = across(unit(sub(to, from), [1.0, 0.0, 0.0]));
    let count = (long / 2.0).round().clamp(JAG_SEGMENTS.0, JAG_SEGMENTS.1) as u64;
    let reach = (0.16 * long).clamp(0.5, 1.5);
    let mut last = (a.at, a.index);
    for k in 1..=count {
        let share = k as f64 / count as f64;
        let next = if k == count {
            (b.at, b.index)
        } else {
            let turn = if k % 2 == 0 { 1.0 } else { -1.0 };
            let dice = |n: u64| random(seed.wrapping_mul(64).wrapping_add(2 * k + n));
            let out = turn * reach * (0.6 + 0.4 * dice(0));
            let offset = add(scale(side, out), scale(above, reach * (dice(1) - 0.5)));
            let index = f64::from(a.index) + share * f64::from(b.index - a.index);
            (narrow(add(lerp(from, to, share), offset)), index as f32)
        };
        segments.push(Segment {
            from: last.0,
            to: next.0,
            from_index: last.1,
            to_index: next.1,
            color,
            width,
        });
        last = next;
    }
}

/// Guide lines: none for the road; the wormhole's tube, the sphere's core.
pub(crate) fn guide(places: &Places<'_>, window: &Window) -> Vec<Segment> {
    match places.geometry {
        _ if places.len() == 0 => Vec::new(),
        Geometry::Linear => Vec::new(),
        Geometry::Wormhole => tube(places.along(window.from as f64), places.along(window.to as f64)),
        Geometry::Sphere => core(),
    }
}

/// Rings around the path between two places along it. Where they are too many, every second one is left out;
/// none moves.
fn tube(from: f64, to: f64) -> Vec<Segment> {
    let mut gap = RINGS.1;
    while (to - from) / gap > RINGS.0 - 1.0 {
        gap *= 2.0;
    }
    let corner = |ring: f64, side: usize| -> V3 {
        let (sin, cos) = (TAU * side as f64 / SIDES.0 as f64).sin_cos();
        [TUBE * cos, TUBE * sin, gap * ring]
    };
    let (first, rings) = ((from / gap).floor() as usize, (to / gap).ceil() as usize);
    let mut lines = Vec::with_capacity((rings + 1 - first) * (SIDES.0 + SIDES.0 / SIDES.1));
    for ring in first..=rings {
        let here = ring as f64;
        for side in 0..SIDES.0 {
            lines.push(line(corner(here, side), corner(here, side + 1)));
            if side % SIDES.1 == 0 && ring < rings {
                lines.push(line(corner(here, side), corner(here + 1.0, side)));
            }
        }
    }
    lines
}

/// Meridians and parallels of the core.
fn core() -> Vec<Segment> {
    const AROUND: usize = 24;
    const MERIDIANS: usize = 8;
    const PARALLELS: usize = 6;
    let on = |turn: f64, tilt: f64| -> V3 {
        [CORE * tilt.sin() * turn.cos(), CORE * tilt.cos(), CORE * tilt.sin() * turn.sin()]
    };
    let angle = |i: usize| TAU * i as f64 / AROUND as f64;
    let mut lines = Vec::with_capacity(MERIDIANS * AROUND / 2 + PARALLELS * AROUND);
    for meridian in 0..MERIDIANS {
        let turn = TAU * meridian as f64 / MERIDIANS as f64;
        lines.extend((0..AROUND / 2).map(|i| line(on(turn, angle(i)), on(turn, angle(i + 1)))));
    }
    for parallel in 1..PARALLELS {
        let tilt = TAU / 2.0 * parallel as f64 / PARALLELS as f64;
        lines.extend((0..AROUND).map(|i| line(on(angle(i), tilt), on(angle(i + 1), tilt))));
    }
    lines
}

fn line(from: V3, to: V3) -> Segment {
    let index = |p: V3| (p[2] / STEP).max(0.0) as f32;
    Segment {
        from: narrow(from),
        to: narrow(to),
        from_index: index(from),
        to_index: index(to),
        color: GUIDE,
        width: 0.06,
    }
}
