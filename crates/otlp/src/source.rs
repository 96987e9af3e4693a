//! Where spans and log records come from: their resource and scope.

use gauntlet_model::{Object, Timestamp};
use prost::Message;
use serde_json::Value;

use crate::proto::{InstrumentationScope, Resource};
use crate::value;

/// A resource and a scope, as the step's metadata keeps them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Source {
    /// The resource's attributes without Gauntlet's own.
    pub resource: Object,
    /// Those of Gauntlet's own: what the run is.
    pub gauntlet: Object,
    /// Name, version and attributes of the scope; empty where there is none.
    pub scope: Object,
    /// How large both are, as protobuf.
    pub bytes: usize,
    /// When the request arrived: stands in for times that are not known.
    pub received: Timestamp,
}

impl Source {
    pub fn new(
        resource: Option<&Resource>,
        scope: Option<&InstrumentationScope>,
        received: Timestamp,
    ) -> Self {
        let resource_bytes = resource.map_or(0, Message::encoded_len);
        let attributes = resource.map(|r| value::object(&r.attributes)).unwrap_or_default();
        let (gauntlet, resource) = attributes.into_iter().partition(|(key, _)| key.starts_with("gauntlet."));
        let mut described = Object::new();
        if let Some(scope) = scope {
            for (key, text) in [("name", &scope.name), ("version", &scope.version)] {
                if !text.is_empty() {
                    described.insert(key.to_owned(), Value::String(text.clone()));
                }
            }
            if !scope.attributes.is_empty() {
                described.insert("attributes".to_owned(), Value::Object(value::object(&scope.attributes)));
            }
        }
        let bytes = resource_bytes + scope.map_or(0, Message::encoded_len);
        Self { resource, gauntlet, scope: described, bytes, received }
    }

    /// A text among the resource's attributes.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.resource
            .get(key)
            .or_else(|| self.gauntlet.get(key))
            .and_then(Value::as_str)
            .filter(|t| !t.trim().is_empty())
    }

    /// Who says what comes from here, where nobody is named: the scope, else the service.
    pub fn name(&self) -> String {
        let scope = self.scope.get("name").and_then(Value::as_str);
        let named = [scope, self.text("service.name")].into_iter().flatten();
        named.map(value::label).find(|name| !name.is_empty()).unwrap_or_else(|| "otlp".to_owned())
    }

    /// Metadata that begins with where a step comes from.
    pub fn metadata(&self) -> Object {
        let mut metadata = Object::new();
        for (key, part) in [("resource", &self.resource), ("scope", &self.scope)] {
            if !part.is_empty() {
                metadata.insert(key.to_owned(), Value::Object(part.clone()));
            }
        }
        metadata
    }
}

/// Adds a part of the metadata where there is anything to say.
pub(crate) fn note(metadata: &mut Object, key: &str, part: Object) {
    if !part.is_empty() {
        metadata.insert(key.to_owned(), Value::Object(part));
    }
}
