//! A scene as text, for comparison with a golden file.

use std::fmt::Write;

use crate::color::to_hex;
use crate::marks::Segment;
use crate::picture::{LightFalloff, Scene};

/// Elements of a kind that are written.
const MAX_LISTED: usize = 40;

impl Scene {
    /// The scene as text, lengths to two decimals; equal scenes have equal texts. Of each kind of element the
    /// first forty are written.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let summary = self.summary();
        let path = &self.path;
        writeln!(out, "{} path, {} camera", summary.geometry, summary.camera)?;
        let effects = path.effects.len();
        let (nodes, ribbon, guide) = (summary.nodes, summary.ribbon, path.guide.len());
        writeln!(
            out,
            "{nodes} nodes, {ribbon} pieces, {} jagged, {effects} effects, {guide} guide",
            summary.jagged
        )?;
        let camera = &self.camera;
        let (eye, target) = (point(camera.eye), point(camera.target));
        writeln!(out, "camera at {eye} looks at {target}, {} rad", number(camera.fov_y_radians))?;
        writeln!(out, "fog {} to {}", number(self.fog.near), number(self.fog.far))?;
        let (sky, drift) = (number(self.sky.scale), point(self.sky.drift));
        writeln!(out, "{} stars, scale {sky}, drift {drift}", self.stars.len())?;
        let travelled = number(self.travelled);
        if self.recede.behind.is_finite() {
            let LightFalloff { behind, ahead, least } = self.recede;
            writeln!(out, "recedes in {} and {} to {}", number(behind), number(ahead), number(least))?;
        }
        writeln!(
            out,
            "agent at {}, travelled {travelled}, trail {}",
            point(self.agent.at),
            self.agent.trail.len()
        )?;
        writeln!(out, "time {}, intensity {}", number(self.time_secs), number(self.intensity))?;
        if let Some(ring) = &self.selected {
            writeln!(out, "ring at {} r {} {}", point(ring.at), number(ring.radius), to_hex(ring.color))?;
        }
        for node in path.nodes.iter().take(MAX_LISTED) {
            let failed = if node.failed { " failed" } else { "" };
            let (at, radius, color) = (point(node.at), number(node.radius), to_hex(node.color));
            writeln!(out, "node {} {at} r {radius} {color}{failed}", node.index)?;
        }
        more(out, path.nodes.len())?;
        for effect in path.effects.iter().take(MAX_LISTED) {
            let kind = effect.kind.as_str();
            let failure = effect.failure.map_or("no failure", |failure| failure.as_str());
            let (at, size, phase) = (point(effect.at), number(effect.size), number(effect.phase));
            writeln!(out, "{kind} ({failure}) of {} {at} x{size} phase {phase}", effect.index)?;
        }
        more(out, path.effects.len())?;
        segments(out, "piece", &path.ribbon)?;
        segments(out, "beside", &path.beside)?;
        segments(out, "guide", path.guide.get(..4).unwrap_or(&path.guide))?;
        segments(out, "axis", self.axis.get(..4).unwrap_or(&self.axis))?;
        for label in &self.labels {
            let [x, y] = label.screen.map(number);
            let (kind, opacity) = (label.kind, number(label.opacity));
            writeln!(out, "label {:?} {kind:?} of {} at {x} {y} opacity {opacity}", label.text, label.index)?;
        }
        Ok(())
    }
}

fn segments(out: &mut String, word: &str, all: &[Segment]) -> std::fmt::Result {
    for segment in all.iter().take(MAX_LISTED) {
        let (from, to) = (point(segment.from), point(segment.to));
        let (start, end) = (number(segment.from_index), number(segment.to_index));
        writeln!(out, "{word} {start}-{end} {from} to {to} {}", to_hex(segment.color))?;
    }
    more(out, all.len())
}

fn more(out: &mut String, all: usize) -> std::fmt::Result {
    if all > MAX_LISTED { writeln!(out, "and {} more", all - MAX_LISTED) } else { Ok(()) }
}

fn point(p: [f32; 3]) -> String {
    let [x, y, z] = p.map(number);
    format!("({x} {y} {z})")
}

/// Two decimals, without a minus before zero.
fn number(value: f32) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}
