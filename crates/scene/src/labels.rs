//! Labels: few, without overlaps, fading with distance.

use gauntlet_film::Film;
use gauntlet_model::FailureKind;

use crate::camera::Camera;
use crate::legend::failure_word;
use crate::marks::PathGeometry;

/// What a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LabelKind {
    /// A node, by its step.
    Node,
    /// What failed at a node, and its score.
    Failure,
    /// The node the agent is at, or the selected one.
    Active,
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
const NAME: usize = 24;

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
    pub(crate) film: &'a Film,
    pub(crate) path: &'a PathGeometry,
    pub(crate) camera: &'a Camera,
    pub(crate) aspect: f32,
}

impl LabelLayout<'_> {
    /// The labels around a position: the active node, the selected one, failures, every fifth node; the
    /// nearest first. Of several labels with the same text only the nearest is placed.
    pub(crate) fn labels(&self, position: f64, selected: Option<usize>) -> Vec<Label> {
        let Some(last) = self.path.nodes.len().checked_sub(1) else { return Vec::new() };
        let agent = (position as usize).min(last);
        let selected = selected.filter(|i| *i <= last && *i != agent);
        let reach =
            ((self.camera.distance() * SEARCH_NODES.0) as usize).clamp(SEARCH_NODES.1, SEARCH_NODES.2);
        let around = || {
            let both = (1..=reach).flat_map(|k| [agent.checked_add(k), agent.checked_sub(k)]);
            std::iter::once(Some(agent)).chain(both).flatten().filter(|i| *i <= last)
        };
        let is_failing = |i: &usize| self.path.nodes.get(*i).is_some_and(|node| node.failed);
        let active = [Some(agent), selected].into_iter().flatten();
        let wanted = active
            .flat_map(|i| [(i, LabelKind::Active), (i, LabelKind::Failure)])
            .filter(|(i, kind)| *kind == LabelKind::Active || is_failing(i))
            .chain(around().filter(is_failing).map(|i| (i, LabelKind::Failure)))
            .chain(around().filter(|i| i.is_multiple_of(5)).map(|i| (i, LabelKind::Node)));

        let mut placed: Vec<Label> = Vec::with_capacity(MAX_LABELS);
        for (index, kind) in wanted {
            if placed.len() == MAX_LABELS {
                break;
            }
            let is_placed = |l: &Label| l.index == index && (l.kind == kind || kind == LabelKind::Node);
            if !placed.iter().any(is_placed) {
                let is_active = index == agent || Some(index) == selected;
                placed.extend(self.place(index, kind, is_active, &placed));
            }
        }
        placed
    }

    /// A label at its node, above or below it, where there is room.
    fn place(&self, index: usize, kind: LabelKind, is_active: bool, placed: &[Label]) -> Option<Label> {
        let node = self.path.nodes.get(index)?;
        let ([x, y, _], depth) = self.camera.seen(node.at, self.aspect)?;
        let opacity = self.opacity(kind, depth);
        if opacity < 0.1 || x.abs() > 1.0 || y.abs() > 1.0 {
            return None;
        }
        let text = match kind {
            LabelKind::Failure => failure_text(self.film, index)?,
            LabelKind::Node | LabelKind::Active => grouped(self.film.node(index)?.step),
        };
        if !is_active && placed.iter().any(|label| label.text == text) {
            return None;
        }
        let [half_wide, half_high] = Label::half_size(&text, self.aspect);
        let clear = (self.camera.unit_at(depth) * 0.6).min(0.2) + 2.0 * GAP_PX / STAGE_HEIGHT_PX + half_high;
        // A failure is below its node if possible, or one line further; a step number is above.
        let further = clear + 2.2 * half_high;
        let sides = match kind {
            LabelKind::Failure => vec![-clear, clear, -further, further],
            LabelKind::Active => vec![clear, -clear, further, -further],
            LabelKind::Node => vec![clear],
        };
        let fits = |side: &f32| x.abs() + half_wide <= 1.0 && (y + side).abs() + half_high <= 1.0;
        let failure = self.film.failure(index).filter(|_| kind == LabelKind::Failure);
        let at_side = |side: f32| Label {
            failure,
            at: node.at,
            text: text.clone(),
            kind,
            index,
            opacity,
            screen: [x, y + side],
        };
        let mut free = sides.into_iter().filter(fits).map(at_side);
        free.find(|label| !placed.iter().any(|other| label.overlaps(other, self.aspect)))
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

/// What failed, and the step's reward: `format -50.0`. Where the step has no `root` score, the failing
/// rubric's.
fn failure_text(film: &Film, index: usize) -> Option<String> {
    let failure = film.failure(index)?;
    let causes = film.causes(index);
    let shown = film
        .paths()
        .iter()
        .filter(|path| causes.contains(&path.id) && film.path_failure(index, path.id) == Some(failure));
    // The deepest path is the most specific; of equally deep ones the first counts.
    let cause =
        shown.reduce(|best, path| if path.depth > best.depth || best.path == "root" { path } else { best });
    let word = match (failure, cause) {
        (FailureKind::Generic, Some(path)) => shortened(&path.name.replace('_', " ")),
        _ => failure_word(failure).to_owned(),
    };
    let score = film.root(index).or_else(|| film.score(index, cause?.id));
    Some(score.map_or(word.clone(), |score| format!("{word} {}", signed(score))))
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

/// A score with its sign and one decimal, or in scientific notation; zero has no sign.
fn signed(score: f64) -> String {
    match score.abs() {
        size if size < 0.05 => "0.0".to_owned(),
        size if size < 1e6 => format!("{score:+.1}"),
        _ => format!("{score:+.1e}"),
    }
}

/// A number with separators of thousands: `1,312`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_say_their_sign() {
        let all = [(0.0, "0.0"), (-0.04, "0.0"), (-50.0, "-50.0"), (20.04, "+20.0"), (-1e300, "-1.0e300")];
        for (score, text) in all {
            assert_eq!(signed(score), text);
        }
        assert_eq!([7, 312, 1312, 4_294_967_295].map(grouped), ["7", "312", "1,312", "4,294,967,295"]);
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(shortened("entity_overlap"), "entity_overlap");
        assert_eq!(shortened(&"ü".repeat(100)).chars().count(), NAME);
    }
}
