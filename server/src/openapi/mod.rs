//! The API as an OpenAPI 3.1 document: written by hand where a person must say something, from the model's own types
//! where a machine can. A test compares it with the router, path by path and method by method.

mod commands;
mod events;
mod files;
mod film;
mod operation;
mod origin;
mod otlp;
mod runs;
mod search;
mod server;

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use gauntlet_model::{Kind, RunPatch, RunSpec, RunSummary, WriterAnswer, WriterReport, schema};
use serde_json::{Map, Value, json};

pub use operation::Operation;

/// The document.
static DOCUMENT: LazyLock<Value> = LazyLock::new(write);
static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", *DOCUMENT));

/// The document, written once.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// GET `/api/v1/openapi.json`.
pub async fn read() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}

/// What groups the operations, in the order a reader meets them.
pub const TAGS: &[(&str, &str)] = &[
    ("Runs", "One named training, evaluation or simulation with its configuration and status."),
    ("Events", "The log of a run: append typed events, read them after a position, follow them live."),
    ("Film", "What the page draws: the fold of the log, as immutable binary chunks and as series."),
    ("Commands", "A person intervenes, the training side fetches and acknowledges."),
    ("Files", "Result files in and out, artifacts."),
    ("Search", "Words in everything that was said and done."),
    ("OpenTelemetry", "OTLP over HTTP, as plain exporters send it."),
    ("Hub", "The paths of the observability hub, for its unmodified clients."),
    ("Server", "Whether it lives, and what it can do."),
];

/// Every operation.
pub fn operations() -> Vec<Operation> {
    [
        runs::operations(),
        events::operations(),
        film::operations(),
        commands::operations(),
        files::operations(),
        search::operations(),
        otlp::operations(),
        origin::operations(),
        server::operations(),
    ]
    .concat()
}

fn write() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let item = paths.entry(operation.path()).or_insert_with(|| json!({}));
        item[operation.method()] = operation.to_json();
    }
    let tags: Vec<Value> =
        TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Gauntlet",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The flight recorder of agent training. Everything is an append-only log of typed \
                events per run; what is acknowledged is on the disk; sending an event twice appends it once.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:4600" }],
        "tags": tags,
        "paths": paths,
        "components": { "schemas": schemas() },
    })
}

/// What operations refer to by name.
fn schemas() -> Map<String, Value> {
    let mut all = Map::new();
    let names: Vec<Value> = Kind::ALL.iter().map(|kind| reference(&component(*kind))).collect();
    all.insert("Event".to_owned(), json!({ "title": "Event", "oneOf": names }));
    for kind in Kind::ALL {
        all.insert(component(*kind), bare(schema::of_event(*kind)));
    }
    all.insert("RunSpec".to_owned(), bare(schema::of::<RunSpec>()));
    all.insert("RunPatch".to_owned(), bare(schema::of::<RunPatch>()));
    all.insert("Run".to_owned(), bare(schema::of::<RunSummary>()));
    all.insert("WriterReport".to_owned(), bare(schema::of::<WriterReport>()));
    all.insert("WriterAnswer".to_owned(), bare(schema::of::<WriterAnswer>()));
    all.insert(
        "Error".to_owned(),
        json!({
            "title": "Error", "type": "object", "required": ["error"],
            "properties": { "error": {
                "type": "object", "required": ["code", "message"],
                "properties": {
                    "code": { "type": "string", "description": "A word for machines." },
                    "message": { "type": "string", "description": "A sentence for people." },
                    "request_id": { "type": "string" },
                    "details": { "type": "array", "items": { "type": "object" },
                        "description": "What is wrong, field by field: `field`, `message`, and `index` in a batch." },
                },
            } },
        }),
    );
    all
}

/// `snapshot.scored` as the name of a component: `SnapshotScored`.
fn component(kind: Kind) -> String {
    let words = kind.as_str().split(['.', '_']);
    words
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
        .collect()
}

/// A schema inside of the document says its dialect no more.
fn bare(mut schema: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.shift_remove("$schema");
    }
    schema
}

/// A reference to a component.
fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
