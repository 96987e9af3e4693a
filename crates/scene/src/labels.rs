//! Labels: few, without overlaps, fading with distance.

use gauntlet_film::is_measurement;
use gauntlet_model::FailureKind;

use crate::camera::Camera;
use crate::legend::{failure_word, rubric_name};
use crate::lens::Geometry;
use crate::numbers::{grouped, quantity, score as score_text};
use crate::places::Places;
use crate::vector::narrow;

/// What a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LabelKind {
    /// A node, by its step.
    Node,
    /// What failed at a node, and its score.
    Failure,
    /// The node the agent is at, or the selected one.
    Active,
    /// A score on the axis of heights.
    Axis,
}

/// A text over the stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The node it names.
    pub at: [f32; 3],
    /// Its text, at most 40 characters.
    pub text: String,
    /// What it names.
    pub kind: LabelKind,
    /// The node's index.
    pub index: usize,
    /// The failure, on a label of a failure.
    pub failure: Option<FailureKind>,
    /// 0 to 1, less with distance.
    pub opacity: f32,
    /// The middle of its text in normalised device coordinates, x to the right and y up, each within ±1.
    pub screen: [f32; 2],
}

/// The most labels of a scene.
pub(crate) const MAX_LABELS: usize = 14;
/// Distance between labels, as a factor on their width and height; active labels may be closer.
const SPACING: [f32; 2] = [1.1, 1.2];
/// Height of the stage that text sizes are computed for, CSS pixels; a taller one has more space than needed.
const STAGE_HEIGHT_PX: f32 = 560.0;
/// Width of a character, padding left and right together, height of a label; CSS pixels, for 12 px type.
const TEXT_SIZE_PX: (f32, f32, f32) = (7.3, 10.0, 18.0);
/// Distance of a label from its node's edge, CSS pixels.
const GAP_PX: f32 = 7.0;
/// Nodes on either side that may get labels: per world unit of camera distance, minimum, maximum.
const SEARCH_NODES: (f32, usize, usize) = (1.0, 24, 160);
/// Longest name of a rubric in a label, characters.
const MAX_NAME_CHARS: usize = 28;

impl Label {
    /// Half the width and half the height of its text, in normalised device coordinates.
    pub(crate) fn half_size(text: &str, aspect: f32) -> [f32; 2] {
        let wide = text.chars().count() as f32 * TEXT_SIZE_PX.0 + TEXT_SIZE_PX.1;
        [wide / (STAGE_HEIGHT_PX * aspect), TEXT_SIZE_PX.2 / STAGE_HEIGHT_PX]
    }

    fn overlaps(&self, other: &Label, aspect: f32) -> bool {
        let (a, b) = (Self::half_size(&self.text, aspect), Self::half_size(&other.text, aspect));
        let room =
            if self.kind == LabelKind::Active || self.index == other.index { [1.0; 2] } else { SPACING };
        (0..2).all(|i| (self.screen[i] - other.screen[i]).abs() < room[i] * (a[i] + b[i]))
    }
}

/// Places labels in a view.
pub(crate) struct LabelLayout<'a> {
    pub(crate) places: Places<'a>,
    pub(crate) camera: &'a Camera,
    pub(crate) aspect: f32,
}

/// The least distance between steps, as a share of the usual one, at which failures are named.
const NAMED_SPACING: f64 = 0.5;
/// Steps that are named: multiples of this many, more where steps are closer.
const STRIDE: f64 = 5.0;

impl LabelLayout<'_> {
    /// The labels around a position: the active node, the selected one, those of the axis, failures, every
    /// fifth node; the nearest first. Where steps are closer, fewer of them. Of several labels with the same
    /// text only the nearest is placed.
    pub(crate) fn labels(&self, position: f64, selected: Option<usize>, axis: Vec<Label>) -> Vec<Label> {
        let Some(last) = self.places.len().checked_sub(1) else { return Vec::new() };
        // Between two nodes the agent is at the selected one.
        let is_here = |i: &usize| (*i as f64 - position).abs() < 1.0;
        let selected = selected.filter(|i| *i <= last);
        let agent = selected.filter(is_here).unwrap_or((position as usize).min(last));
        let selected = selected.filter(|i| *i != agent);
        let is_failing = |i: &usize| self.places.failure(*i).is_some();
        let active = [Some(agent), selected].into_iter().flatten();
        let active = active
            .flat_map(|i| [(i, LabelKind::Active), (i, LabelKind::Failure)])
            .filter(|(i, kind)| *kind == LabelKind::Active || is_failing(i));
        let mut placed: Vec<Label> = Vec::with_capacity(MAX_LABELS);
        for (index, kind) in active {
            placed.extend(self.place(index, kind, true, &placed));
        }
        for label in axis {
            if !placed.iter().any(|other| label.overlaps(other, self.aspect)) {
                placed.push(label);
            }
        }
        let failing =
            self.around(agent, last).into_iter().filter(is_failing).map(|i| (i, LabelKind::Failure));
        let steps = self.round_steps(agent, last).into_iter().map(|i| (i, LabelKind::Node));
        for (index, kind) in failing.chain(steps) {
            if placed.len() == MAX_LABELS {
                break;
            }
            let is_placed = |l: &Label| {
                l.index == index && l.kind != LabelKind::Axis && (l.kind == kind || kind == LabelKind::Node)
            };
            if !placed.iter().any(is_placed) {
                let is_active = index == agent || Some(index) == selected;
                placed.extend(self.place(index, kind, is_active, &placed));
            }
        }
        placed
    }

    /// Nodes on either side of the agent that may be named, at the usual distance between steps.
    fn reach(&self) -> usize {
        ((self.camera.distance() * SEARCH_NODES.0) as usize).clamp(SEARCH_NODES.1, SEARCH_NODES.2)
    }

    /// The nodes whose failures may be named, the nearest first; none where steps are close.
    fn around(&self, agent: usize, last: usize) -> Vec<usize> {
        if self.places.spacing < NAMED_SPACING {
            return Vec::new();
        }
        let both = (1..=self.reach()).flat_map(|k| [agent.checked_add(k), agent.checked_sub(k)]);
        std::iter::once(Some(agent)).chain(both).flatten().filter(|i| *i <= last).collect()
    }

    /// The nodes whose steps may be named, the nearest first.
    fn round_steps(&self, agent: usize, last: usize) -> Vec<usize> {
        let stride = match self.places.spacing {
            spacing if spacing < 1.0 => round_stride(STRIDE / spacing),
            _ => STRIDE as usize,
        };
        let here = agent / stride;
        let count = self.reach() / STRIDE as usize + 1;
        let places = here.saturating_sub(count)..=here.saturating_add(count);
        let mut nodes: Vec<usize> =
            places.filter_map(|k| k.checked_mul(stride)).filter(|i| *i <= last).collect();
        nodes.sort_by_key(|i| (i.abs_diff(agent), *i < agent));
        nodes
    }

    /// The place below a straight path, where nothing is drawn; `None` where that is out of sight.
    fn below(&self, index: usize) -> Option<[f32; 3]> {
        if self.places.geometry != Geometry::Linear {
            return None;
        }
        let at = narrow(self.places.at_height(index as f64, Some(self.places.heights.low)));
        let ([x, y, _], _) = self.camera.seen(at, self.aspect)?;
        (x.abs() <= 1.0 && y.abs() <= 0.9).then_some(at)
    }

    /// A label at its node, above or below it, where there is room.
    fn place(&self, index: usize, kind: LabelKind, is_active: bool, placed: &[Label]) -> Option<Label> {
        let film = self.places.film;
        let on_axis = (kind == LabelKind::Node).then(|| self.below(index)).flatten();
        let (at, is_on_axis) = (on_axis.unwrap_or_else(|| self.places.mark(index)), on_axis.is_some());
        let ([x, y, _], depth) = self.camera.seen(at, self.aspect)?;
        let opacity = self.opacity(kind, depth);
        if opacity < 0.1 || x.abs() > 1.0 || y.abs() > 1.0 {
            return None;
        }
        let text = match kind {
            LabelKind::Failure => self.failure_text(index)?,
            LabelKind::Node | LabelKind::Active | LabelKind::Axis => {
                let step = grouped(film.node(index)?.step);
                // The score of the chosen rubric or measurement.
                let chosen = self.places.chosen.filter(|_| kind == LabelKind::Active);
                match chosen.and_then(|path| Some((film.path_of(path)?, film.score(index, path)?))) {
                    Some((path, value)) if is_measurement(&path.path) => {
                        format!("{step}: {}", quantity(value))
                    }
                    Some((_, value)) => format!("{step}: {}", score_text(value)),
                    None => step,
                }
            }
        };
        if !is_active && placed.iter().any(|label| label.text == text) {
            return None;
        }
        let [half_wide, half_high] = Label::half_size(&text, self.aspect);
        let clear = (self.camera.unit_at(depth) * 0.6).min(0.2) + 2.0 * GAP_PX / STAGE_HEIGHT_PX + half_high;
        // A failure is below its node if possible, or one line further; a step number is above, or below
        // the straight path.
        let further = clear + 2.2 * half_high;
        let sides = match kind {
            LabelKind::Failure => vec![-clear, clear, -further, further],
            LabelKind::Active => vec![clear, -clear, further, -further],
            LabelKind::Node if is_on_axis => vec![-2.0 * GAP_PX / STAGE_HEIGHT_PX - half_high],
            LabelKind::Node | LabelKind::Axis => vec![clear],
        };
        let fits = |side: &f32| x.abs() + half_wide <= 1.0 && (y + side).abs() + half_high <= 1.0;
        let failure = self.places.failure(index).filter(|_| kind == LabelKind::Failure);
        let at_side = |side: f32| Label {
            failure,
            at,
            text: text.clone(),
            kind,
            index,
            opacity,
            screen: [x, y + side],
        };
        let mut free = sides.into_iter().filter(fits).map(at_side);
        free.find(|label| !placed.iter().any(|other| label.overlaps(other, self.aspect)))
    }

    /// What failed, and the score of the failing rubric: `style › length -2.0`. A failure that was declared
    /// without a score has the step's reward.
    fn failure_text(&self, index: usize) -> Option<String> {
        let film = self.places.film;
        let failure = self.places.failure(index)?;
        let cause = self.places.chosen.or_else(|| film.cause(index)).and_then(|path| film.path_of(path));
        let word = match (failure, cause) {
            (FailureKind::Generic, Some(path)) => shortened(&rubric_name(&path.path)),
            _ => failure_word(failure).to_owned(),
        };
        let score = cause.and_then(|path| film.score(index, path.id)).or_else(|| film.root(index));
        Some(score.map_or(word.clone(), |score| format!("{word} {}", score_text(score))))
    }

    /// 1 up to a little behind the camera's target, 0 at three times its distance.
    fn opacity(&self, kind: LabelKind, depth: f32) -> f32 {
        if kind == LabelKind::Active {
            return 1.0;
        }
        let far = depth / self.camera.distance().max(1.0);
        (1.0 - (far - 1.1) / 1.9).clamp(0.0, 1.0)
    }
}

/// A long name by its end, where a path is most specific.
fn shortened(name: &str) -> String {
    let more = name.chars().count().saturating_sub(MAX_NAME_CHARS);
    if more == 0 {
        return name.to_owned();
    }
    std::iter::once('…').chain(name.chars().skip(more + 1)).collect()
}

/// The least round number, 1, 2 or 5 times a power of ten, that is at least `x`.
fn round_stride(x: f64) -> usize {
    let mut power = 1.0;
    while power * 10.0 < x && power < 1e15 {
        power *= 10.0;
    }
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= x).unwrap_or(10.0 * power) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut() {
        assert_eq!(shortened("entity_overlap"), "entity_overlap");
        assert_eq!(shortened(&"ü".repeat(100)).chars().count(), MAX_NAME_CHARS);
    }
}
