//! The stage without WebGL2: the same scene, projected and drawn on a 2D canvas. Picking, labels and cameras
//! work as in 3D; depth, glow and fog are simpler.

use gauntlet_model::EffectKind;
use gauntlet_scene::{Camera, Effect, PathGeometry, Rgb, Scene, Segment};
use wasm_bindgen::{JsCast, JsValue};

use crate::ports::StageView;

/// Colour of the path ahead of the agent.
const AHEAD_COLOR: &str = "rgba(110,125,150,.45)";
/// Colour of guide lines.
const GUIDE: &str = "rgba(70,80,100,.35)";
/// Opacity of each layer of depth, the farthest first.
const LAYERS: [f64; 5] = [0.12, 0.22, 0.4, 0.65, 1.0];
/// Pieces of the path with less light than this are left out.
const LEAST_LIGHT: f64 = 0.1;
/// An effect smaller than this is a dot, device pixels.
const MIN_EFFECT_PX: f64 = 5.0;

/// A 2D canvas that draws scenes.
pub(super) struct Flat {
    canvas: Option<web_sys::CanvasRenderingContext2d>,
}

impl Flat {
    /// Attaches to a canvas. Draws nothing if the browser has no 2D context.
    pub(super) fn new(canvas: &web_sys::HtmlCanvasElement) -> Self {
        let context = canvas.get_context("2d").ok().flatten();
        Self { canvas: context.and_then(|c: js_sys::Object| JsValue::from(c).dyn_into().ok()) }
    }
}

/// The projection from the world to the canvas.
struct Projection<'a> {
    camera: &'a Camera,
    size: (f64, f64),
}

impl Projection<'_> {
    /// Device pixels from the upper left; `None` behind the camera.
    fn point(&self, at: [f32; 3]) -> Option<(f64, f64)> {
        let [x, y, _] = self.camera.project(at, (self.size.0 / self.size.1) as f32)?;
        // Far outside, a canvas loses its precision; such a piece is not seen anyway.
        let is_near = x.abs() < 8.0 && y.abs() < 8.0;
        is_near.then(|| (f64::from(x * 0.5 + 0.5) * self.size.0, f64::from(0.5 - y * 0.5) * self.size.1))
    }

    /// Device pixels per world unit at a point.
    fn scale(&self, at: [f32; 3]) -> f64 {
        let away = distance(at, self.camera.eye).max(0.1);
        self.size.1 / (2.0 * self.camera.half_height() * f64::from(away))
    }

    /// The index of a point in [`LAYERS`]: the last one has what is about as near as the target.
    fn layer(&self, at: [f32; 3]) -> usize {
        let reach = distance(self.camera.target, self.camera.eye).max(0.1);
        let beyond = (distance(at, self.camera.eye) / reach - 0.95) / 0.5;
        let far = (beyond.clamp(0.0, 0.999) * LAYERS.len() as f32) as usize;
        LAYERS.len() - 1 - far
    }
}

impl StageView for Flat {
    fn draw(&mut self, scene: &Scene, width_px: u32, height_px: u32) {
        let Some(canvas) = &self.canvas else { return };
        let size = (f64::from(width_px.max(1)), f64::from(height_px.max(1)));
        let projection = Projection { camera: &scene.camera, size };
        canvas.clear_rect(0.0, 0.0, size.0, size.1);
        canvas.set_line_join("round");
        canvas.set_line_width(1.0);
        canvas.set_stroke_style_str(GUIDE);
        strokes(canvas, &projection, scene.path.guide.iter().chain(&scene.axis));
        let unit = size.1 / 430.0;
        for (layer, presence) in LAYERS.into_iter().enumerate() {
            ribbon(canvas, &projection, scene, unit, (layer, presence));
        }
        for node in &scene.path.nodes {
            let Some((x, y)) = projection.point(node.at).filter(|p| is_inside(*p, size)) else { continue };
            let presence = LAYERS[projection.layer(node.at)]
                * if node.index > scene.travelled { 0.35 } else { 1.0 }
                * light(scene, node.index);
            let radius = (f64::from(node.radius) * projection.scale(node.at)).clamp(1.0, 9.0 * unit);
            canvas.set_fill_style_str(&css(node.color, presence));
            disc(canvas, x, y, radius);
        }
        for effect in &scene.path.effects {
            let presence = LAYERS[projection.layer(effect.at)]
                * if effect.index > scene.travelled { 0.4 } else { 1.0 }
                * light(scene, effect.index);
            self::effect(canvas, &projection, effect, f64::from(scene.intensity), presence);
        }
        if let Some((ring, (x, y))) = scene.selected.and_then(|r| Some((r, projection.point(r.at)?))) {
            canvas.set_stroke_style_str(&css(ring.color, 0.9));
            canvas.set_line_width(1.6 * unit);
            circle(canvas, x, y, (f64::from(ring.radius) * projection.scale(ring.at)).max(7.0 * unit));
            canvas.stroke();
        }
        if scene.nodes > 0 {
            agent(canvas, &projection, scene, unit);
        }
    }
}

/// The pieces of the ribbon in one layer: what is ahead, then what is travelled.
fn ribbon(
    canvas: &web_sys::CanvasRenderingContext2d,
    projection: &Projection<'_>,
    scene: &Scene,
    unit: f64,
    (layer, presence): (usize, f64),
) {
    let is_here =
        |s: &&Segment| projection.layer(s.from) == layer && light(scene, s.from_index) > LEAST_LIGHT;
    let is_passed = |s: &&Segment| s.to_index <= scene.travelled;
    let weight = (0.45 + 0.55 * presence) * unit;
    canvas.set_global_alpha(presence);
    canvas.set_line_width(1.4 * weight);
    canvas.set_stroke_style_str(AHEAD_COLOR);
    strokes(canvas, projection, scene.path.lines().filter(|s| !is_passed(s) && is_here(s)));
    canvas.set_line_width(2.4 * weight);
    // Neighbours share their colour nearly always, so a stroke covers many pieces.
    let PathGeometry { ribbon, means, beside, .. } = &*scene.path;
    for run in [ribbon, means, beside].into_iter().flat_map(|lines| lines.chunk_by(|a, b| a.color == b.color))
    {
        canvas.set_stroke_style_str(&css(run[0].color, 1.0));
        strokes(canvas, projection, run.iter().filter(|s| is_passed(s) && is_here(s)));
    }
    canvas.set_global_alpha(1.0);
}

/// What is left of a light at an index, 0 to 1.
fn light(scene: &Scene, index: f32) -> f64 {
    f64::from(scene.recede.light(index, scene.travelled))
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f32>().sqrt()
}

fn is_inside((x, y): (f64, f64), size: (f64, f64)) -> bool {
    (-40.0..size.0 + 40.0).contains(&x) && (-40.0..size.1 + 40.0).contains(&y)
}

fn strokes<'a>(
    canvas: &web_sys::CanvasRenderingContext2d,
    projection: &Projection<'_>,
    parts: impl Iterator<Item = &'a Segment>,
) {
    canvas.begin_path();
    let mut pen = None;
    for part in parts {
        let (Some(from), Some(to)) = (projection.point(part.from), projection.point(part.to)) else {
            continue;
        };
        if !(is_inside(from, projection.size) || is_inside(to, projection.size)) {
            continue;
        }
        if pen != Some(from) {
            canvas.move_to(from.0, from.1);
        }
        canvas.line_to(to.0, to.1);
        pen = Some(to);
    }
    canvas.stroke();
}

/// An effect's shape: a slanted plane, a zigzag, a wall, a star, or a disc. What is ahead has less
/// `presence` (0 to 1).
fn effect(
    canvas: &web_sys::CanvasRenderingContext2d,
    projection: &Projection<'_>,
    effect: &Effect,
    intensity: f64,
    presence: f64,
) {
    let Some((x, y)) = projection.point(effect.at).filter(|p| is_inside(*p, projection.size)) else { return };
    let half = f64::from(effect.size * effect.extent()[0]) * projection.scale(effect.at) / 2.0;
    canvas.set_fill_style_str(&css(effect.color, presence * (0.06 + 0.26 * intensity)));
    canvas.set_stroke_style_str(&css(effect.color, 0.95 * presence));
    canvas.set_line_width((half / 14.0).clamp(1.0, 2.5));
    if half < MIN_EFFECT_PX {
        disc(canvas, x, y, half.max(1.5));
        return;
    }
    let corners: Vec<(f64, f64)> = match effect.kind {
        EffectKind::WobblingPlane => vec![(-1.0, -0.7), (1.0, -1.0), (1.0, 0.7), (-1.0, 1.0)],
        EffectKind::Wall => vec![(-1.0, -0.6), (1.0, -0.6), (1.0, 0.6), (-1.0, 0.6)],
        EffectKind::JaggedBurst => {
            vec![(-1.0, 0.2), (-0.6, -0.9), (-0.2, 0.5), (0.2, -0.9), (0.6, 0.5), (1.0, -0.3)]
        }
        EffectKind::SplitBurst => star(4),
        EffectKind::Burst => star(7),
        EffectKind::Glow => star(16),
    };
    canvas.begin_path();
    for (i, (cx, cy)) in corners.iter().enumerate() {
        let (px, py) = (x + cx * half, y + cy * half);
        if i == 0 { canvas.move_to(px, py) } else { canvas.line_to(px, py) }
    }
    if effect.kind != EffectKind::JaggedBurst {
        canvas.close_path();
        canvas.fill();
    }
    canvas.stroke();
}

/// A star's corners, on a unit circle.
fn star(points: u32) -> Vec<(f64, f64)> {
    let corner = |i: u32| {
        let angle = std::f64::consts::PI * f64::from(i) / f64::from(points);
        let radius = if i.is_multiple_of(2) { 1.0 } else { 0.45 };
        (radius * angle.sin(), -radius * angle.cos())
    };
    (0..2 * points).map(corner).collect()
}

/// The brightest thing in the picture.
fn agent(canvas: &web_sys::CanvasRenderingContext2d, projection: &Projection<'_>, scene: &Scene, unit: f64) {
    let Some((x, y)) = projection.point(scene.agent.at) else { return };
    let radius =
        (f64::from(scene.agent.radius) * projection.scale(scene.agent.at)).clamp(4.0 * unit, 22.0 * unit);
    for (grow, alpha) in [(3.4, 0.10), (2.2, 0.18), (1.5, 0.35), (1.0, 1.0)] {
        canvas.set_fill_style_str(&css(scene.agent.color, alpha));
        disc(canvas, x, y, radius * grow);
    }
    canvas.set_fill_style_str("#fff");
    disc(canvas, x, y, radius * 0.5);
}

fn circle(canvas: &web_sys::CanvasRenderingContext2d, x: f64, y: f64, radius: f64) {
    canvas.begin_path();
    // Fails only for a negative radius.
    let _ = canvas.arc(x, y, radius.max(0.0), 0.0, std::f64::consts::TAU);
}

fn disc(canvas: &web_sys::CanvasRenderingContext2d, x: f64, y: f64, radius: f64) {
    circle(canvas, x, y, radius);
    canvas.fill();
}

fn css(color: Rgb, alpha: f64) -> String {
    let [r, g, b] = color.map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as u8);
    format!("rgba({r},{g},{b},{alpha:.2})")
}
