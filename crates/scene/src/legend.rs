//! The legend, generated from the rules: what each shape means, and when it appears.

use gauntlet_film::Rules;
use gauntlet_model::FailureKind;

use crate::color::Rgb;
use crate::effects::EffectKind;

/// One line of the legend.
#[derive(Debug, Clone, PartialEq)]
pub struct LegendEntry {
    /// The failure.
    pub failure: FailureKind,
    /// Its colour.
    pub color: Rgb,
    /// The word and the shape, such as `ungrounded: wobbling plane`.
    pub words: String,
    /// The shape.
    pub effect: EffectKind,
    /// When it appears, such as `grounding at most -20`.
    pub when: String,
}
