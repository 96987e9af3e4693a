//! The resource and scope of spans and log records.

use gauntlet_model::{Object, Timestamp};
use prost::Message;
use serde_json::Value;

use crate::proto::{InstrumentationScope, Resource};
use crate::value;

/// A resource and a scope, as they go into a step's metadata.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Source {
    /// The attributes of the resource, without those of Gauntlet.
    pub resource: Object,
    /// The attributes that begin with `gauntlet.`: they describe the run.
    pub gauntlet: Object,
    /// Name, version and attributes of the scope; empty where there is none.
    pub scope: Object,
    /// Size of both as protobuf, bytes.
    pub bytes: usize,
    /// When the request arrived; used where a time is not known.
    pub received: Timestamp,
}

impl Source {
    pub(crate) fn new(
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
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.resource
            .get(key)
            .or_else(|| self.gauntlet.get(key))
            .and_then(Value::as_str)
            .filter(|t| !t.trim().is_empty())
    }

    /// The source of scores from here: the scope, else the service.
    pub(crate) fn name(&self) -> String {
        let scope = self.scope.get("name").and_then(Value::as_str);
        let named = [scope, self.text("service.name")].into_iter().flatten();
        named.map(value::label).find(|name| !name.is_empty()).unwrap_or_else(|| "otlp".to_owned())
    }

    /// Metadata with the resource and the scope.
    pub(crate) fn metadata(&self) -> Object {
        let mut metadata = Object::new();
        for (key, part) in [("resource", &self.resource), ("scope", &self.scope)] {
            if !part.is_empty() {
                metadata.insert(key.to_owned(), Value::Object(part.clone()));
            }
        }
        metadata
    }
}

/// Adds a part to the metadata, unless it is empty.
pub(crate) fn note(metadata: &mut Object, key: &str, part: Object) {
    if !part.is_empty() {
        metadata.insert(key.to_owned(), Value::Object(part));
    }
}
