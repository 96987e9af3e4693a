//! The palette of the stage. Colour only carries meaning, and never alone: there is a shape or a word as
//! well.

use gauntlet_model::{EffectColor, FailureKind};

/// Red, green and blue as sRGB display values, each 0 to 1.
pub type Rgb = [f32; 3];

/// Blue: travelled, selected, the agent.
pub const ACCENT: Rgb = hex(0x4d_ab_f7);
/// Green: a rubric that passed.
pub const PASSED: Rgb = hex(0x40_c0_57);
/// Red: a rubric that failed.
pub const FAILED: Rgb = hex(0xfa_52_52);
/// Dim: a rubric that was not evaluated.
pub const NOT_EVALUATED: Rgb = hex(0x3b_42_52);
/// The model agent of the warm-up, and its evaluator.
pub(crate) const MODEL: Rgb = hex(0x84_5e_f7);
pub(crate) const EVALUATOR: Rgb = PASSED;
/// Guide lines: the wormhole's tube, the sphere's core.
pub(crate) const GUIDE: Rgb = hex(0x24_2a_38);
/// The line at zero of the axis of heights.
pub(crate) const AXIS: Rgb = hex(0x6b_74_88);
/// The path of another run beside this one.
pub(crate) const GHOST: Rgb = hex(0x6b_74_88);
/// This run is higher than the other one; lower; the same. Different for every kind of colour vision.
pub(crate) const HIGHER: Rgb = hex(0x3b_c9_db);
pub(crate) const LOWER: Rgb = hex(0xff_92_2b);
pub(crate) const SAME: Rgb = hex(0x86_8e_96);
/// The background, and the colour of fog.
pub(crate) const BACKGROUND: Rgb = hex(0x05_05_05);

const AMBER: Rgb = hex(0xfa_b0_05);
const GREY: Rgb = hex(0x86_8e_96);
const ROSE: Rgb = hex(0xff_6b_6b);
const BRICK: Rgb = hex(0xe0_31_31);
const ALARM: Rgb = hex(0xf0_3e_3e);
const CALM: Rgb = hex(0x37_b2_4d);

/// The colour of a failure's effect. The reds differ a little; the shapes differ plainly.
pub fn failure_color(kind: FailureKind) -> Rgb {
    match kind {
        FailureKind::Hallucination => FAILED,
        FailureKind::Format => AMBER,
        FailureKind::Refusal => GREY,
        FailureKind::Inconsistency => ROSE,
        FailureKind::Generic => BRICK,
    }
}

/// A colour that an effect can have.
pub fn effect_color(color: EffectColor) -> Rgb {
    match color {
        EffectColor::Red => FAILED,
        EffectColor::Amber => AMBER,
        EffectColor::Grey => GREY,
        EffectColor::Rose => ROSE,
        EffectColor::Brick => BRICK,
        EffectColor::Blue => ACCENT,
        EffectColor::Green => PASSED,
    }
}

/// The colour of a run's safety, the share of its steps without a failure (0 to 1): red below 0.4, green
/// above 0.8, blue between or if unknown.
pub(crate) fn safety_color(safety: Option<f64>) -> Rgb {
    match safety {
        Some(share) if share < 0.4 => ALARM,
        Some(share) if share > 0.8 => CALM,
        _ => ACCENT,
    }
}

/// Linear interpolation: `from` at share 0, `to` at 1.
pub(crate) fn mix(from: Rgb, to: Rgb, share: f32) -> Rgb {
    std::array::from_fn(|i| from[i] + (to[i] - from[i]) * share)
}

/// `#rrggbb`.
pub fn to_hex(color: Rgb) -> String {
    let [r, g, b] = color.map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}

const fn hex(rgb: u32) -> Rgb {
    [((rgb >> 16) & 255) as f32 / 255.0, ((rgb >> 8) & 255) as f32 / 255.0, (rgb & 255) as f32 / 255.0]
}
