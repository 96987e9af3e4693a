//! Which effect the view draws at which step: data that belongs to a project, checked before it is stored.
//!
//! An effect only shows. Which steps fail is decided by the failing rules alone: an effect refers to them
//! (`failure`, `failing`), and the numbers of its other conditions make no step failing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FailureKind;
use crate::limits::{FieldError, MAX_PATH_BYTES, label};

/// Most effects in a set.
pub const MAX_EFFECTS: usize = 32;
/// Most earlier scores that a trend looks at.
pub const MAX_TREND: u32 = 64;
/// The least and the greatest factor on the size of a shape.
const SIZES: std::ops::RangeInclusive<f64> = 0.25..=4.0;

/// The effects of a project, the most important first. At a step the first one whose condition holds is
/// drawn, and no other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectSet {
    /// How many times the project's effects were changed; 0 for the defaults. A change names the version
    /// that it was made from.
    #[serde(default)]
    pub version: u64,
    /// The effects by falling priority.
    #[schemars(length(max = MAX_EFFECTS))]
    pub effects: Vec<EffectRule>,
}

/// One effect: what is drawn, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectRule {
    /// The rubrics that the condition looks at: a path or the end of one after a dot, in which `*` stands
    /// for any characters. Absent where the condition is the failure of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = MAX_PATH_BYTES))]
    pub rubric: Option<String>,
    /// When it is drawn.
    pub when: EffectCondition,
    /// Its shape.
    pub shape: EffectKind,
    /// Its colour.
    pub color: EffectColor,
    /// Factor on its size, 0.25 to 4.
    #[serde(default = "usual_size", skip_serializing_if = "is_usual_size")]
    #[schemars(range(min = 0.25, max = 4.0))]
    pub size: f64,
}

/// When an effect is drawn. It holds where it holds for any of the rubrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EffectCondition {
    /// The most severe failure of the step is this one, by the failing rules of its run.
    Failure(FailureKind),
    /// The score fails by the failing rules of its run.
    Failing,
    /// The score is lower than this.
    Below(f64),
    /// The score is higher than this.
    Above(f64),
    /// The score is lower than the mean of those before it.
    Falling(Trend),
    /// The rubric was not evaluated at the step.
    NotEvaluated,
    /// The score differs from that of another rubric.
    Disagreement(Disagreement),
}

/// A fall against the scores before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// How many steps before are looked at, 2 to 64. Those without a score do not count.
    #[schemars(range(min = 2, max = MAX_TREND))]
    pub over: u32,
    /// How far below their mean the score is, at least; above 0, in the unit of the rubric.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub by: f64,
}

/// A difference between two rubrics at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disagreement {
    /// The path of the other rubric, or its end after a dot.
    #[schemars(length(min = 1, max = MAX_PATH_BYTES))]
    pub from: String,
    /// The least difference of the two scores; above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub by: f64,
}

/// The shape of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// An upright translucent plane, 5 by 5, that wobbles: a claim without support.
    WobblingPlane,
    /// A distorted wireframe icosahedron of radius 2.5, on a jagged break of the ribbon: an unreadable
    /// format.
    JaggedBurst,
    /// A box across the path, 4 wide, 4 high, 1 thick: a refusal.
    Wall,
    /// Two halves of a burst of radius 2 that pull apart: an inconsistent answer.
    SplitBurst,
    /// A burst of radius 2: any other rubric below its threshold.
    Burst,
    /// A light of radius 2 without a shape: what is worth a look and no failure.
    Glow,
}

impl EffectKind {
    /// Every shape, in the order a page offers them.
    pub const ALL: [EffectKind; 6] = [
        EffectKind::WobblingPlane,
        EffectKind::JaggedBurst,
        EffectKind::Wall,
        EffectKind::SplitBurst,
        EffectKind::Burst,
        EffectKind::Glow,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            EffectKind::WobblingPlane => "wobbling_plane",
            EffectKind::JaggedBurst => "jagged_burst",
            EffectKind::Wall => "wall",
            EffectKind::SplitBurst => "split_burst",
            EffectKind::Burst => "burst",
            EffectKind::Glow => "glow",
        }
    }
}

/// The colour of an effect: a token of the palette, so that it fits both themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectColor {
    /// `#fa5252`.
    Red,
    /// `#fab005`.
    Amber,
    /// `#868e96`.
    Grey,
    /// `#ff6b6b`.
    Rose,
    /// `#e03131`.
    Brick,
    /// `#4dabf7`.
    Blue,
    /// `#40c057`.
    Green,
}

impl EffectColor {
    /// Every colour, in the order a page offers them.
    pub const ALL: [EffectColor; 7] = [
        EffectColor::Red,
        EffectColor::Amber,
        EffectColor::Grey,
        EffectColor::Rose,
        EffectColor::Brick,
        EffectColor::Blue,
        EffectColor::Green,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            EffectColor::Red => "red",
            EffectColor::Amber => "amber",
            EffectColor::Grey => "grey",
            EffectColor::Rose => "rose",
            EffectColor::Brick => "brick",
            EffectColor::Blue => "blue",
            EffectColor::Green => "green",
        }
    }
}

fn usual_size() -> f64 {
    1.0
}

// By reference, as serde calls it.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_usual_size(size: &f64) -> bool {
    *size == usual_size()
}

impl Default for EffectSet {
    /// One effect for each failure, the most severe first.
    fn default() -> Self {
        let effect = |failure| {
            let (shape, color) = match failure {
                FailureKind::Hallucination => (EffectKind::WobblingPlane, EffectColor::Red),
                FailureKind::Format => (EffectKind::JaggedBurst, EffectColor::Amber),
                FailureKind::Refusal => (EffectKind::Wall, EffectColor::Grey),
                FailureKind::Inconsistency => (EffectKind::SplitBurst, EffectColor::Rose),
                FailureKind::Generic => (EffectKind::Burst, EffectColor::Brick),
            };
            EffectRule {
                rubric: None,
                when: EffectCondition::Failure(failure),
                shape,
                color,
                size: usual_size(),
            }
        };
        Self { version: 0, effects: FailureKind::ALL.map(effect).into() }
    }
}

impl EffectSet {
    /// Reads a set as JSON, as the export writes it.
    ///
    /// # Errors
    /// The first thing that is wrong: what is not of the form by line and column, a value out of range by its
    /// field. The pages share the code of this reading with that of the server's answers, which costs a tenth
    /// of one that follows the names of fields.
    pub fn from_json(text: &str) -> Result<Self, FieldError> {
        let set: Self = serde_json::from_slice(text.as_bytes())
            .map_err(|error| FieldError::new("effects", error.to_string()))?;
        set.check()?;
        Ok(set)
    }

    /// As JSON, for people to read and for [`EffectSet::from_json`].
    pub fn to_json(&self) -> String {
        // Fails for no value of this type.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Checks lengths and ranges.
    ///
    /// # Errors
    /// The first field that breaks a rule, with its value: `effects[2].size: is 9; it must be 0.25 to 4`.
    pub fn check(&self) -> Result<(), FieldError> {
        if self.effects.len() > MAX_EFFECTS {
            let message = format!("has {} effects; at most {MAX_EFFECTS} are allowed", self.effects.len());
            return Err(FieldError::new("effects", message));
        }
        self.effects.iter().enumerate().try_for_each(|(i, effect)| effect.check(&format!("effects[{i}]")))
    }
}

impl EffectRule {
    fn check(&self, place: &str) -> Result<(), FieldError> {
        let field = |name: &str| format!("{place}.{name}");
        match (&self.rubric, &self.when) {
            (Some(rubric), EffectCondition::Failure(_)) => {
                let message = format!("is {rubric:?}; the failure of a step is of no single rubric");
                return Err(FieldError::new(field("rubric"), message));
            }
            (None, EffectCondition::Failure(_)) => {}
            (None, _) => return Err(FieldError::new(field("rubric"), "is missing; name a rubric, or *")),
            (Some(rubric), _) => path(&field("rubric"), rubric)?,
        }
        match &self.when {
            EffectCondition::Below(limit) => finite(&field("when.below"), *limit)?,
            EffectCondition::Above(limit) => finite(&field("when.above"), *limit)?,
            EffectCondition::Falling(trend) => {
                if !(2..=MAX_TREND).contains(&trend.over) {
                    let message = format!("is {}; it must be 2 to {MAX_TREND}", trend.over);
                    return Err(FieldError::new(field("when.falling.over"), message));
                }
                positive(&field("when.falling.by"), trend.by)?;
            }
            EffectCondition::Disagreement(other) => {
                path(&field("when.disagreement.from"), &other.from)?;
                positive(&field("when.disagreement.by"), other.by)?;
            }
            EffectCondition::Failure(_) | EffectCondition::Failing | EffectCondition::NotEvaluated => {}
        }
        if !SIZES.contains(&self.size) {
            let message = format!("is {}; it must be {} to {}", self.size, SIZES.start(), SIZES.end());
            return Err(FieldError::new(field("size"), message));
        }
        Ok(())
    }
}

fn path(field: &str, text: &str) -> Result<(), FieldError> {
    label(field, text)?;
    crate::limits::bounded(field, text, MAX_PATH_BYTES)
}

fn finite(field: &str, value: f64) -> Result<(), FieldError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(FieldError::new(field, format!("is {value}; it must be a finite number")))
}

fn positive(field: &str, value: f64) -> Result<(), FieldError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(FieldError::new(field, format!("is {value}; it must be a finite number above 0")))
}
