//! Lists by the page, and numbers of a query with a range.

use std::borrow::Cow;

use gauntlet_model::FieldError;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The items of this page, in the order of the list.
    pub items: Vec<T>,
    /// What to pass as `cursor` to get the next page; null on the last one. Opaque: it is only valid for the
    /// same list with the same conditions.
    pub next_cursor: Option<String>,
}

/// A number of a query: `DEFAULT` unless it is given, and refused outside of `MIN..=MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bounded<const MIN: u32, const DEFAULT: u32, const MAX: u32>(u32);

/// Most items of one page, at least one.
pub type Limit<const DEFAULT: u32, const MAX: u32> = Bounded<1, DEFAULT, MAX>;

impl<const MIN: u32, const DEFAULT: u32, const MAX: u32> Bounded<MIN, DEFAULT, MAX> {
    /// The number that a client sends; checked by the server.
    pub fn new(value: u32) -> Self {
        Self(value)
    }

    /// The number, for the parameter called `field`.
    ///
    /// # Errors
    ///
    /// Where it is outside of its range.
    pub fn get(self, field: &str) -> Result<u32, FieldError> {
        match self.0 {
            value if (MIN..=MAX).contains(&value) => Ok(value),
            value => Err(FieldError::new(field, format!("is {value}; it must be {MIN} to {MAX}"))),
        }
    }
}

impl<const MIN: u32, const DEFAULT: u32, const MAX: u32> Default for Bounded<MIN, DEFAULT, MAX> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const MIN: u32, const DEFAULT: u32, const MAX: u32> JsonSchema for Bounded<MIN, DEFAULT, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Bounded{MIN}To{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX, "default": DEFAULT })
    }
}

/// A text of a query; an empty one, as forms send it, is none.
pub(crate) fn non_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_outside_of_its_range_is_refused_with_the_range() {
        let limit = |value| Limit::<50, 200>::new(value).get("limit");
        assert_eq!((limit(1), limit(200)), (Ok(1), Ok(200)));
        for value in [0, 201, u32::MAX] {
            let refused = limit(value).unwrap_err();
            assert_eq!(refused.to_string(), format!("limit: is {value}; it must be 1 to 200"));
        }
        assert_eq!(Limit::<50, 200>::default().get("limit"), Ok(50));
    }
}
