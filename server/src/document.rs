//! The OpenAPI 3.1 document, derived from the routes: a route that is added with its handler is in the
//! document with what its extractors take, what its answer is and how both can be refused. Only sentences are
//! written by hand, beside the handlers ([`crate::openapi::Describe`]).

use std::sync::LazyLock;

use aide::axum::ApiRouter;
use aide::openapi::{Info, License, OpenApi, ReferenceOr, Server, StatusCode, Tag};
use gauntlet_api::ErrorBody;
use schemars::{JsonSchema, json_schema};
use serde_json::Value;

use crate::openapi::{REFUSALS, refusal};
use crate::routes;
use crate::state::Limits;

/// What groups the operations, in the order a reader meets them.
pub const TAGS: &[(&str, &str)] = &[
    ("Runs", "One named training, evaluation or simulation with its configuration and status."),
    ("Events", "The log of a run: append typed events, read them after a position, follow them live."),
    ("Film", "What the page draws: the fold of the log, as immutable binary chunks and as series."),
    ("Commands", "A person intervenes, the training side fetches and acknowledges."),
    ("Monitors", "Rules that watch the runs of a project and raise alerts."),
    ("Files", "Result files in and out, artifacts."),
    ("Search", "Words in the texts of all events."),
    ("OpenTelemetry", "OTLP over HTTP, as plain exporters send it."),
    ("Hub", "The paths of the observability hub, for its unmodified clients."),
    ("Keys", "Who may do what, where the server asks for keys."),
    ("Server", "Whether it runs, and what it can do."),
];

const ABOUT: &str = "The flight recorder of agent training. Everything is an append-only log of typed events \
    per run; what is acknowledged is on the disk; sending an event twice appends it once. Lists are read by \
    the page: `next_cursor` of one page is `cursor` of the next. Every number of a query is refused outside \
    of its range.";

/// What the layers around every route, and a failure in any handler, can answer.
const EVERYWHERE: [u16; 4] = [401, 403, 429, 500];

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(derive()).unwrap_or_default());
static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", *DOCUMENT));

/// The document as JSON.
pub fn json() -> &'static Value {
    &DOCUMENT
}

/// The document as text.
pub fn text() -> &'static str {
    &TEXT
}

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    method: String,
    path: String,
    described: Value,
}

impl Operation {
    /// The path, as the router has it.
    pub fn path(&self) -> String {
        self.path.clone()
    }

    /// The method in lower case, as the document has it.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The operation as the document has it.
    pub fn to_json(&self) -> Value {
        self.described.clone()
    }
}

/// Every operation of the document.
pub fn operations() -> Vec<Operation> {
    let paths = json()["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, described)| Operation {
            method: method.clone(),
            path: path.clone(),
            described: described.clone(),
        })
    });
    all.collect()
}

fn derive() -> OpenApi {
    let mut document = OpenApi {
        info: Info {
            title: "Gauntlet".to_owned(),
            description: Some(ABOUT.to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            license: Some(License {
                name: "MIT OR Apache-2.0".to_owned(),
                identifier: Some("MIT OR Apache-2.0".to_owned()),
                ..License::default()
            }),
            ..Info::default()
        },
        servers: vec![Server { url: "http://127.0.0.1:4600".to_owned(), ..Server::default() }],
        tags: TAGS
            .iter()
            .map(|(name, about)| Tag {
                name: (*name).to_owned(),
                description: Some((*about).to_owned()),
                ..Tag::default()
            })
            .collect(),
        ..OpenApi::default()
    };
    let routes: ApiRouter<_> = routes::documented(Limits::default());
    // Collects the paths and the schemas they use; the router itself is not needed here.
    let _ = routes.finish_api(&mut document);
    complete(&mut document);
    document
}

/// Adds what is the same for every operation: its id, the refusals of the layers around it, the order of
/// statuses. What is refused in general is described once.
fn complete(document: &mut OpenApi) {
    let error = json_schema!({ "$ref": format!("#/components/schemas/{}", ErrorBody::schema_name()) });
    let general = REFUSALS.iter().map(|(status, name, _)| (*status, *name, refusal(*status, error.clone())));
    let general: Vec<_> = general.collect();
    for (path, item) in document.paths.iter_mut().flat_map(|paths| paths.paths.iter_mut()) {
        let ReferenceOr::Item(item) = item else { continue };
        for (method, operation) in aide::util::iter_operations_mut(item) {
            operation.operation_id = Some(operation_id(method, path));
            let responses = operation.responses.get_or_insert_default();
            for status in EVERYWHERE {
                let answer = refusal(status, error.clone());
                let status = StatusCode::Code(status);
                responses.responses.entry(status).or_insert(ReferenceOr::Item(answer));
            }
            responses.responses.sort_by(|a, _, b, _| number(a).cmp(&number(b)));
            for (status, answer) in &mut responses.responses {
                if let Some((_, name, _)) = general
                    .iter()
                    .find(|(known, _, item)| number(status) == *known && answer.as_item() == Some(item))
                {
                    *answer = ReferenceOr::ref_(&format!("#/components/responses/{name}"));
                }
            }
        }
    }
    let named = general.into_iter().map(|(_, name, answer)| (name.to_owned(), ReferenceOr::Item(answer)));
    document.components.get_or_insert_default().responses = named.collect();
}

fn number(status: &StatusCode) -> u16 {
    match status {
        StatusCode::Code(code) => *code,
        StatusCode::Range(range) => *range,
    }
}

/// `get_runs_run_events`: the method and the words of the path.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api/v1").split(['/', '.']).filter(|word| !word.is_empty());
    let words = words.map(|word| word.trim_matches(['{', '}']).replace('-', "_"));
    [method.to_owned()].into_iter().chain(words).collect::<Vec<_>>().join("_")
}
