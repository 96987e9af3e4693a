//! Scenarios: situations that put an agent before a choice under pressure.
//!
//! A [`ScenarioDocument`] is what people write and share: the choices with their effects, and several
//! variants of the prose. A [`Scenario`] is made from a document for one variant and one level of stress. An
//! [`Execution`] takes an agent through a scenario.

mod archetype;
mod course;
mod document;
mod execution;
mod generate;
mod library;
mod parse;
mod read;
mod rules;
mod snapshot;

pub use archetype::Archetype;
pub use course::{Course, DIAGNOSTIC_LEVELS, adaptive_stress, diagnostic, weak_principles};
pub use document::{Choice, Effect, SCHEMA, ScenarioDocument, Scene, Supply, Variant, schema};
pub use execution::{Decision, Execution, Grade, Measures, State, StateError, outcome};
pub use generate::{DEFAULT_STRESS, Scenario};
pub use library::archetypes;
