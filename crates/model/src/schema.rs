//! JSON Schemas (draft 2020-12) of what goes over the wire, from the same types that read it.
//!
//! A schema holds the rules of single fields: names, types, ranges, lengths. Lengths are limits in bytes, and
//! schemas count characters, so a schema may accept what the server refuses, never the other way round.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::event::{Body, Event, Kind, Record};
use crate::limits::{MAX_PATH_BYTES, MAX_SCORES, MAX_STEP};
use crate::{EpisodeId, EventId, RunId, Score, ScoreTarget, Scores, Timestamp};

/// The schema of one kind of event, as clients send it.
pub fn of_event(kind: Kind) -> Value {
    let mut to = generator();
    let body = Body::schema(kind, &mut to);
    let mut required = vec!["id", "at", "kind", "v", "body"];
    if kind.needs_step() {
        required.push("step");
    }
    if matches!(kind, Kind::EpisodeStarted | Kind::EpisodeFinished) {
        required.push("episode");
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.as_str(),
        "type": "object",
        "properties": {
            "id": to.subschema_for::<EventId>(),
            "at": to.subschema_for::<Timestamp>(),
            "kind": { "const": kind.as_str() },
            "v": { "const": kind.version() },
            "episode": to.subschema_for::<Option<EpisodeId>>(),
            "step": { "type": ["integer", "null"], "minimum": 0, "maximum": MAX_STEP },
            "seq": {
                "type": ["integer", "null"], "minimum": 0, "description": "What the server adds; ignored."
            },
            "received_at": { "type": ["string", "null"], "format": "date-time",
                "description": "What the server adds; ignored." },
            "body": body,
        },
        "required": required,
        "additionalProperties": false,
    });
    if kind == Kind::ScoreAdded {
        schema["allOf"] = json!([
            when(ScoreTarget::Step, "step", "integer"),
            when(ScoreTarget::Episode, "episode", "string"),
        ]);
    }
    // An optional field may be missing or null; a required one may not be null either.
    for field in &required {
        if let Some(types) = schema.pointer_mut(&format!("/properties/{field}/type"))
            && let Some(all) = types.as_array()
            && let Some(only) = all.iter().find(|t| *t != "null").cloned()
        {
            *types = only;
        }
    }
    schema
}

/// A score that names its target needs the field that identifies it.
fn when(target: ScoreTarget, field: &str, kind: &str) -> Value {
    json!({
        "if": { "properties": { "body": { "properties": { "target": { "const": target } } } } },
        "then": { "required": [field], "properties": { field: { "type": kind } } },
    })
}

/// The name of the schema of one kind of event: `SnapshotScored` for `snapshot.scored`.
pub fn name_of_event(kind: Kind) -> String {
    let words = kind.as_str().split(['.', '_']);
    words
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
        .collect()
}

/// One of the kinds, each of which becomes a definition of its own.
impl JsonSchema for Event {
    fn schema_name() -> Cow<'static, str> {
        "Event".into()
    }

    fn json_schema(to: &mut SchemaGenerator) -> Schema {
        let path = to.settings().definitions_path.trim_start_matches('#').trim_matches('/').to_owned();
        let mut references = Vec::new();
        for kind in Kind::ALL {
            let (name, mut schema) = (name_of_event(*kind), of_event(*kind));
            if let Some(object) = schema.as_object_mut() {
                // The dialect is that of the document the definition is a part of.
                object.shift_remove("$schema");
            }
            references.push(json!({ "$ref": format!("#/{path}/{name}") }));
            to.definitions_mut().insert(name, schema);
        }
        json_schema!({ "description": "An event, as clients send it.", "oneOf": references })
    }
}

/// An event with what the server adds to it.
impl JsonSchema for Record {
    fn schema_name() -> Cow<'static, str> {
        "StoredEvent".into()
    }

    fn json_schema(to: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An event of a log.",
            "allOf": [to.subschema_for::<Event>(), {
                "type": "object",
                "properties": {
                    "seq": {
                        "type": "integer",
                        "minimum": 0,
                        "description": "Its place in the log, from 0.",
                    },
                    "received_at": to.subschema_for::<Timestamp>(),
                },
                "required": ["seq", "received_at"],
            }],
        })
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> Cow<'static, str> {
        "Kind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        json_schema!({ "type": "string", "enum": words, "description": "Which fact an event states." })
    }
}

/// The schema of any other type of this crate, without references to other schemas.
pub fn of<T: JsonSchema>() -> Value {
    generator().into_root_schema_for::<T>().to_value()
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true).into_generator()
}

macro_rules! schema_of {
    ($type:ty, $name:literal, $($schema:tt)*) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($($schema)*)
            }
        }
    };
}

schema_of!(EventId, "EventId", {
    "type": "string", "format": "uuid",
    "description":
        "The idempotency key: a UUID (version 7 where nothing speaks against it). Sent twice, kept once.",
});
schema_of!(RunId, "RunId", { "type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^/\\]+$" });
schema_of!(EpisodeId, "EpisodeId", {
    "type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^/\\]+$",
    "description": "A 16-byte trace id in hex, or a name.",
});
schema_of!(Timestamp, "Timestamp", {
    "type": "string", "format": "date-time",
    "description": "RFC 3339 with a zone, such as 2026-11-21T00:06:33.885877Z; kept to the microsecond.",
});
schema_of!(Score, "Score", { "type": "number", "description": "A finite number of any size." });
schema_of!(Scores, "Scores", {
    "type": "object", "maxProperties": MAX_SCORES,
    "propertyNames": { "minLength": 1, "maxLength": MAX_PATH_BYTES },
    "additionalProperties": { "type": "number" },
    "description": "Finite numbers by dotted rubric path; `root` is the whole score.",
});
