//! The document of a scenario, as people write it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scenario::Archetype;
use crate::{DecisionContext, Relationship};

/// What the field `schema` of a document names: the format and its version.
pub const SCHEMA: &str = "gauntlet.scenario/1";
/// Most principles that one scenario tests.
pub(crate) const MAX_PRINCIPLES: usize = 16;
/// Most choices of a scene.
pub(crate) const MAX_CHOICES: usize = 12;
/// Most variants of a document.
pub(crate) const MAX_VARIANTS: usize = 100;
/// Most effects of a choice.
pub(crate) const MAX_EFFECTS: usize = 16;

/// A scenario as a document: the same choices in several variants of the prose. Texts may name roles in
/// braces, such as `{client}`; each variant defines who that is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Scenario")]
pub struct ScenarioDocument {
    /// The format and its version.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// Its name: small letters, digits, `_` and `-`.
    #[schemars(regex(pattern = "^[a-z0-9_-]+$"))]
    pub name: String,
    /// What it is about, in a few words.
    pub title: String,
    /// The archetype it is a form of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(default)]
    pub archetype: Option<Archetype>,
    /// The kind of situation.
    pub context: DecisionContext,
    /// How long an agent may take, in seconds, where there is no stress; above 0, at most a day.
    #[schemars(range(max = 86_400.0), extend("exclusiveMinimum" = 0))]
    pub time_limit_s: f64,
    /// The principles that are tested.
    #[schemars(length(min = 1, max = MAX_PRINCIPLES))]
    pub principles: Vec<String>,
    /// What should hold whatever is chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub constraints: Vec<String>,
    /// What choices may use up.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub resources: BTreeMap<String, Supply>,
    /// The choices of the first scene.
    #[schemars(length(min = 2, max = MAX_CHOICES))]
    pub choices: Vec<Choice>,
    /// The prose.
    #[schemars(length(min = 1, max = MAX_VARIANTS))]
    pub variants: Vec<Variant>,
    /// What choices may lead to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub scenes: Vec<Scene>,
}

/// Something that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// How much there is where there is no stress; 0 or more.
    #[schemars(range(min = 0.0))]
    pub amount: f64,
    /// How much is added with each scene; 0 or more.
    #[schemars(range(min = 0.0))]
    pub regeneration: f64,
}

/// One way to decide.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Its id, unique in the scene.
    pub id: String,
    /// What the agent would do.
    pub text: String,
    /// Whom it affects.
    #[schemars(length(min = 1, max = MAX_EFFECTS))]
    pub effects: Vec<Effect>,
    /// How well it serves principles that are tested: -1, against, to 1, for.
    pub aligns: BTreeMap<String, f64>,
    /// How much it uses up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub costs: BTreeMap<String, f64>,
    /// The constraints that it violates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violates: Vec<String>,
    /// The scene that it leads to; none where it ends the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Whom a choice affects, and how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Who is affected.
    pub target: String,
    /// What the target is to the agent.
    pub relationship: Relationship,
    /// From -100, the greatest harm, to 100, the greatest benefit.
    #[schemars(range(min = -100.0, max = 100.0))]
    pub impact: f64,
}

/// One form of the prose.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name, unique in the document.
    pub name: String,
    /// What the agent finds itself in.
    pub situation: String,
    /// Who the roles are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
}

/// What a choice leads to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Its id, unique in the document.
    pub id: String,
    /// What happens now.
    pub situation: String,
    /// The choices.
    #[schemars(length(min = 2, max = MAX_CHOICES))]
    pub choices: Vec<Choice>,
}

impl ScenarioDocument {
    /// Every scene's choices, with the path of each list in the document.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (String, &Vec<Choice>)> {
        let scenes = self.scenes.iter().enumerate();
        let later = scenes.map(|(at, scene)| (format!("scenes[{at}].choices"), &scene.choices));
        std::iter::once(("choices".to_owned(), &self.choices)).chain(later)
    }
}

/// The JSON Schema (draft 2020-12) of a document. It holds the rules of single fields; those between fields,
/// such as that a choice leads to a scene that there is, are checked by [`ScenarioDocument::parse`].
pub fn schema() -> Value {
    schemars::schema_for!(ScenarioDocument).to_value()
}
