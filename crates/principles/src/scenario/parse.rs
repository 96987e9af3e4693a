//! Documents of scenarios from JSON, with every mistake at once.

use gauntlet_model::FieldError;
use serde_json::Value;

use crate::check::Mistakes;
use crate::scenario::read::{Fields, Read};
use crate::scenario::{Choice, Effect, ScenarioDocument, Scene, Supply, Variant, rules};

/// Implements [`Read`] for a struct: each field is required, or may be absent.
macro_rules! read_fields {
    ($name:ident { $($field:ident: $presence:ident),* $(,)? }) => {
        impl Read for $name {
            fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Self {
                let mut fields = Fields::of(value, path, mistakes);
                let read = Self { $($field: fields.$presence(stringify!($field), mistakes)),* };
                fields.finish(mistakes);
                read
            }
        }
    };
}

read_fields!(ScenarioDocument {
    schema: required,
    name: required,
    title: required,
    archetype: optional,
    context: required,
    time_limit_s: required,
    principles: required,
    constraints: optional,
    resources: optional,
    choices: required,
    variants: required,
    scenes: optional,
});
read_fields!(Supply { amount: required, regeneration: required });
read_fields!(Choice {
    id: required,
    text: required,
    effects: required,
    aligns: required,
    costs: optional,
    violates: optional,
    next: optional,
});
read_fields!(Effect { target: required, relationship: required, impact: required });
read_fields!(Variant { name: required, situation: required, names: optional });
read_fields!(Scene { id: required, situation: required, choices: required });

impl ScenarioDocument {
    /// Reads a document and checks it.
    ///
    /// # Errors
    ///
    /// Every mistake in it, each with its field (`choices[1].effects[0].impact`) and the value found; or that
    /// the text is not JSON, with the line and the column.
    pub fn parse(text: &str) -> Result<Self, Vec<FieldError>> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| vec![FieldError::new("document", format!("is not JSON: {error}"))])?;
        let mut mistakes = Mistakes::default();
        let document = Self::read(&value, "", &mut mistakes);
        if value.is_object() {
            rules::check(&document, &mut mistakes);
        }
        mistakes.finish().map(|()| document)
    }
}
