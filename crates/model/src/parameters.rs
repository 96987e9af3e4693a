//! Parameters that a run declares to be changed by a `tweak`, and the check of new values against them. They
//! are declared in the run's metadata under [`TWEAKABLE`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FieldError, Object};

/// The key of the run's metadata that declares parameters: an object of names, each with its value, or with
/// an object of `value` and, for a number, `min` and `max`.
pub const TWEAKABLE: &str = "tweakable";

/// A parameter that a tweak may change. Its type is that of its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclaredParameter {
    /// Its name, such as `grounding.weight`.
    pub name: String,
    /// Its value: a number, a boolean or a text.
    pub value: Value,
    /// The least number allowed, if there is one.
    pub min: Option<f64>,
    /// The greatest number allowed, if there is one.
    pub max: Option<f64>,
}

impl DeclaredParameter {
    /// The parameters that a run's metadata declares, in its order. Entries without a plain value are left
    /// out: the key may have been used for something else.
    pub fn of_metadata(metadata: &Object) -> Vec<Self> {
        let declared = metadata.get(TWEAKABLE).and_then(Value::as_object).into_iter().flatten();
        let read = |(name, entry): (&String, &Value)| {
            let described = entry.as_object();
            let value = described.map_or(Some(entry), |object| object.get("value"))?;
            let limit = |key: &str| described.and_then(|object| object.get(key)?.as_f64());
            is_plain(value).then(|| Self {
                name: name.clone(),
                value: value.clone(),
                min: limit("min"),
                max: limit("max"),
            })
        };
        declared.filter_map(read).collect()
    }

    /// The type, in a word for people.
    pub fn type_word(&self) -> &'static str {
        match self.value {
            Value::Bool(_) => "true or false",
            Value::String(_) => "text",
            _ => "number",
        }
    }

    /// Checks a new value.
    ///
    /// # Errors
    /// Names the parameter, the value, and the type or range that it must have.
    pub fn check(&self, value: &Value) -> Result<(), FieldError> {
        let refused =
            |expected: &str| Err(FieldError::new(&*self.name, format!("is {value}; it must be {expected}")));
        let number = value.as_f64().filter(|number| number.is_finite());
        match (&self.value, number) {
            (Value::Bool(_), _) if value.is_boolean() => Ok(()),
            (Value::Bool(_), _) => refused("true or false"),
            (Value::String(_), _) if value.is_string() => Ok(()),
            (Value::String(_), _) => refused("a text"),
            (_, None) => refused("a number"),
            (_, Some(number)) => match (self.min, self.max) {
                (Some(min), Some(max)) if !(min..=max).contains(&number) => {
                    refused(&format!("a number from {min} to {max}"))
                }
                (Some(min), _) if number < min => refused(&format!("at least {min}")),
                (_, Some(max)) if number > max => refused(&format!("at most {max}")),
                _ => Ok(()),
            },
        }
    }

    /// Checks a tweak against all declared parameters; a run that declares none takes any plain value.
    ///
    /// # Errors
    /// Names the first parameter that is not declared, or whose value does not fit.
    pub fn check_tweak(declared: &[Self], parameters: &Object) -> Result<(), FieldError> {
        if parameters.is_empty() {
            return Err(FieldError::new("parameters", "is empty; a tweak names at least one parameter"));
        }
        for (name, value) in parameters {
            let field = || format!("parameters.{name}");
            if !is_plain(value) {
                let message = format!("is {value}; a parameter is a number, a boolean or a text");
                return Err(FieldError::new(field(), message));
            }
            if declared.is_empty() {
                continue;
            }
            let Some(parameter) = declared.iter().find(|parameter| parameter.name == *name) else {
                let names: Vec<&str> = declared.iter().map(|parameter| &*parameter.name).collect();
                let message = format!("is not a declared parameter; declared: {}", names.join(", "));
                return Err(FieldError::new(field(), message));
            };
            parameter.check(value).map_err(|error| FieldError::new(field(), error.message))?;
        }
        Ok(())
    }
}

fn is_plain(value: &Value) -> bool {
    value.is_number() || value.is_boolean() || value.is_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn declared() -> Vec<DeclaredParameter> {
        DeclaredParameter::of_metadata(&object(json!({"tweakable": {
            "learning_rate": {"value": 0.1, "min": 0.0, "max": 1.0},
            "beta": {"value": 1, "min": 0},
            "greedy": false,
            "prompt": "be brief",
            "schedule": {"kind": "cosine"},
            "layers": [1, 2],
        }})))
    }

    #[test]
    fn plain_values_and_described_ones_are_declared() {
        let declared = declared();
        let words: Vec<_> = declared.iter().map(|p| (p.name.as_str(), p.type_word(), p.min, p.max)).collect();
        assert_eq!(
            words,
            [
                ("learning_rate", "number", Some(0.0), Some(1.0)),
                ("beta", "number", Some(0.0), None),
                ("greedy", "true or false", None, None),
                ("prompt", "text", None, None),
            ]
        );
        assert!(DeclaredParameter::of_metadata(&Object::new()).is_empty());
        assert!(DeclaredParameter::of_metadata(&object(json!({"tweakable": 3}))).is_empty());
    }

    #[test]
    fn a_tweak_must_fit_what_is_declared() {
        for good in [json!({"learning_rate": 1, "greedy": true, "prompt": ""}), json!({"beta": 1e9})] {
            assert_eq!(DeclaredParameter::check_tweak(&declared(), &object(good)), Ok(()));
        }
        for (bad, error) in [
            (json!({}), "parameters: is empty"),
            (
                json!({"learning_rate": 1.5}),
                "parameters.learning_rate: is 1.5; it must be a number from 0 to 1",
            ),
            (json!({"beta": -1}), "parameters.beta: is -1; it must be at least 0"),
            (json!({"greedy": 1}), "parameters.greedy: is 1; it must be true or false"),
            (json!({"prompt": 1}), "parameters.prompt: is 1; it must be a text"),
            (json!({"beta": "2"}), "parameters.beta: is \"2\"; it must be a number"),
            (json!({"gamma": 1}), "parameters.gamma: is not a declared parameter; declared: learning_rate"),
            (json!({"beta": null}), "parameters.beta: is null; a parameter is"),
        ] {
            let refused = DeclaredParameter::check_tweak(&declared(), &object(bad)).unwrap_err().to_string();
            assert!(refused.starts_with(error), "{refused}");
        }
        assert_eq!(DeclaredParameter::check_tweak(&[], &object(json!({"anything": 1}))), Ok(()));
    }
}
