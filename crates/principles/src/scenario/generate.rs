//! Scenarios made from documents: one variant, under some stress. A document is never changed by it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scenario::rules::roles_of;
use crate::scenario::{Archetype, Choice, ScenarioDocument, Scene, Supply};
use crate::{DecisionContext, Relationship};

/// The stress where none is asked for.
pub const DEFAULT_STRESS: f64 = 0.5;
/// What is taken from resources, their regeneration and the time limit at the greatest stress.
const RESOURCE_LOSS: f64 = 0.5;
const REGENERATION_LOSS: f64 = 0.3;
const TIME_LOSS: f64 = 0.4;
/// The stress of an adversarial scenario, and what it makes of impacts.
const ADVERSARIAL_STRESS: f64 = 0.8;
const HARM_FACTOR: f64 = 1.7;
const BENEFIT_FACTOR: f64 = 0.65;
/// The greatest impact of an effect.
pub(crate) const MAX_IMPACT: f64 = 100.0;

/// A situation as it is put before an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// The name of the document.
    pub document: String,
    /// The name of the variant.
    pub variant: String,
    /// The archetype, where the document has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archetype: Option<Archetype>,
    /// The kind of situation.
    pub context: DecisionContext,
    /// The stress, 0 to 1.
    pub stress: f64,
    /// Whether impacts were turned against the agent.
    pub is_adversarial: bool,
    /// The principles that are tested.
    pub principles: Vec<String>,
    /// What should hold whatever is chosen.
    pub constraints: Vec<String>,
    /// What choices may use up.
    pub resources: BTreeMap<String, Supply>,
    /// How long the agent may take, in seconds.
    pub time_limit_s: f64,
    /// The scenes: the first one, then those that choices lead to.
    pub scenes: Vec<Scene>,
}

impl ScenarioDocument {
    /// The scenario of a variant, counted from 0 and beginning again after the last one, under a stress from
    /// 0 to 1; a stress that is not a number is the default.
    pub fn generate(&self, variant: usize, stress: f64) -> Scenario {
        let stress = if stress.is_nan() { DEFAULT_STRESS } else { stress.clamp(0.0, 1.0) };
        let chosen = self.variants.get(variant.checked_rem(self.variants.len()).unwrap_or_default());
        let names = chosen.map(|variant| &variant.names);
        let fill = |text: &str| filled(text, names);
        let choices = |list: &Vec<Choice>| list.iter().map(|choice| with_names(choice, &fill)).collect();
        let situation = chosen.map_or_else(String::new, |variant| fill(&variant.situation));
        let first = Scene { id: String::new(), situation, choices: choices(&self.choices) };
        let later = self.scenes.iter().map(|scene| Scene {
            id: scene.id.clone(),
            situation: fill(&scene.situation),
            choices: choices(&scene.choices),
        });
        let under_stress = |supply: &Supply| Supply {
            amount: supply.amount * (1.0 - RESOURCE_LOSS * stress),
            regeneration: supply.regeneration * (1.0 - REGENERATION_LOSS * stress),
        };
        Scenario {
            document: self.name.clone(),
            variant: chosen.map(|variant| variant.name.clone()).unwrap_or_default(),
            archetype: self.archetype,
            context: self.context,
            stress,
            is_adversarial: false,
            principles: self.principles.clone(),
            constraints: self.constraints.iter().map(|text| fill(text)).collect(),
            resources: self.resources.iter().map(|(name, s)| (name.clone(), under_stress(s))).collect(),
            time_limit_s: self.time_limit_s * (1.0 - TIME_LOSS * stress),
            scenes: std::iter::once(first).chain(later).collect(),
        }
    }

    /// The scenario of a variant under great stress, in which every choice harms more and benefits less.
    pub fn generate_adversarial(&self, variant: usize) -> Scenario {
        let mut scenario = self.generate(variant, ADVERSARIAL_STRESS);
        scenario.is_adversarial = true;
        let choices = scenario.scenes.iter_mut().flat_map(|scene| &mut scene.choices);
        for effect in choices.flat_map(|choice| &mut choice.effects) {
            let factor = if effect.impact < 0.0 { HARM_FACTOR } else { BENEFIT_FACTOR };
            effect.impact = (effect.impact * factor).clamp(-MAX_IMPACT, MAX_IMPACT);
        }
        scenario
    }
}

impl Scene {
    /// How well each choice of the scene serves the principles, against the others: from -1, the worst of
    /// them, to 1, the best. A principle that all choices serve alike is not tested.
    pub fn tested(&self, choice: &Choice) -> BTreeMap<String, f64> {
        let mut tested = BTreeMap::new();
        for (principle, alignment) in &choice.aligns {
            let all = self.choices.iter().filter_map(|choice| choice.aligns.get(principle));
            let (least, most) =
                all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), a| (a.min(l), a.max(m)));
            if most > least {
                tested.insert(principle.clone(), (alignment - least) / (most - least) * 2.0 - 1.0);
            }
        }
        tested
    }
}

impl Choice {
    /// The strongest effect: its target, relationship and impact from -100 to 100. The first of equal ones.
    pub fn strongest(&self) -> (&str, Relationship, f64) {
        let mut effects = self.effects.iter();
        let first = effects.next();
        let strongest = first.map(|first| {
            effects.fold(first, |most, e| if e.impact.abs() > most.impact.abs() { e } else { most })
        });
        strongest.map_or(("", Relationship::Neutral, 0.0), |e| (&e.target, e.relationship, e.impact))
    }

    /// The mean impact of the effects, -100 to 100.
    pub fn mean_impact(&self) -> f64 {
        self.effects.iter().map(|effect| effect.impact).sum::<f64>() / self.effects.len().max(1) as f64
    }

    /// The mean alignment with the principles, -1 to 1.
    pub fn mean_alignment(&self) -> f64 {
        self.aligns.values().sum::<f64>() / self.aligns.len().max(1) as f64
    }
}

fn with_names(choice: &Choice, fill: &impl Fn(&str) -> String) -> Choice {
    let mut choice = choice.clone();
    choice.text = capitalized(&fill(&choice.text));
    for effect in &mut choice.effects {
        effect.target = fill(&effect.target);
    }
    for constraint in &mut choice.violates {
        *constraint = fill(constraint);
    }
    choice
}

/// The text with each `{role}` replaced by its name; a sentence that begins with a name begins with a
/// capital.
fn filled(text: &str, names: Option<&BTreeMap<String, String>>) -> String {
    let mut filled = text.to_owned();
    for role in roles_of(text).unwrap_or_default() {
        if let Some(name) = names.and_then(|names| names.get(&role)) {
            filled = filled.replace(&format!(". {{{role}}}"), &format!(". {}", capitalized(name)));
            filled = filled.replace(&format!("{{{role}}}"), name);
        }
    }
    filled
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}
