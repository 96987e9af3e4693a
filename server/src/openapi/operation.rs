//! One operation of the document: what a client sends, what it gets, what goes wrong.

use serde_json::{Map, Value, json};

use super::reference;

/// What the varying parts of paths are.
const PATH_PARTS: &[(&str, &str, &str)] = &[
    ("run", "string", "The run's id."),
    ("writer", "string", "The writer's id: 1 to 64 bytes."),
    ("step", "integer", "The step's number."),
    ("level", "integer", "Level of detail: 0 is every fact, each further one is coarser."),
    ("chunk", "integer", "The chunk's number, from 0."),
    ("command", "string", "The command's id."),
    ("sha256", "string", "SHA-256 of the bytes, 64 lowercase hexadecimal digits."),
    ("id", "string", "The upload's id."),
    ("sid", "string", "The session: the run's id."),
    ("task", "string", "The task's id."),
];

/// How every operation refuses what it cannot even read.
const MALFORMED: (u16, &str) =
    (400, "A part of the path, the query or the body cannot be read; the message says which.");

/// How an operation with a body refuses what does not arrive as it should.
const BODIES: [(u16, &str); 2] = [
    (408, "The body arrives too slowly, or not to its end."),
    (413, "The body is over the limit, or would take too much memory when it is decoded."),
];
/// How every operation answers while the log, the disk or the memory is short.
const SHORT: (u16, &str) = (503, "Not now; `Retry-After` says when the same request may be sent again.");

/// JSON.
pub const JSON: &str = "application/json";
/// JSON Lines.
pub const LINES: &str = "application/x-ndjson";
/// Bytes of any kind.
pub const BYTES: &str = "application/octet-stream";

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    method: &'static str,
    path: &'static str,
    tag: &'static str,
    summary: &'static str,
    about: &'static str,
    query: Vec<(&'static str, &'static str, String)>,
    body: Map<String, Value>,
    answers: Vec<(u16, &'static str, Map<String, Value>)>,
    refuses: Vec<(u16, &'static str)>,
}

impl Operation {
    /// An operation with what it does in a few words.
    pub fn new(method: &'static str, path: &'static str, tag: &'static str, summary: &'static str) -> Self {
        let (query, body, answers, refuses) = Default::default();
        Self { method, path, tag, summary, about: "", query, body, answers, refuses }
    }

    /// More about it, in Markdown.
    pub fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// A parameter of the query: name, type, what it is.
    pub fn query(mut self, name: &'static str, kind: &'static str, about: &'static str) -> Self {
        self.query.push((name, kind, about.to_owned()));
        self
    }

    /// A form of the body: media type and shape ([`shape`]).
    pub fn body(mut self, media: &str, shape_of: &str) -> Self {
        self.body.insert(media.to_owned(), media_type(shape_of));
        self
    }

    /// A good answer: status, what it means, media type and shape (empty: no body).
    pub fn answers(mut self, status: u16, about: &'static str, media: &str, shape_of: &str) -> Self {
        let mut content = Map::new();
        if !media.is_empty() {
            content.insert(media.to_owned(), media_type(shape_of));
        }
        self.answers.push((status, about, content));
        self
    }

    /// A good answer of JSON.
    pub fn json(self, status: u16, about: &'static str, shape_of: &str) -> Self {
        self.answers(status, about, JSON, shape_of)
    }

    /// A refusal: status and when.
    pub fn refuses(mut self, status: u16, when: &'static str) -> Self {
        self.refuses.push((status, when));
        self
    }

    /// The parameter that says how much of a list is wanted.
    pub fn limit(mut self, usual: u32, most: u32) -> Self {
        self.query.push(("limit", "integer", format!("Most items, 1 to {most}; {usual} unless said.")));
        self
    }

    /// The path, as the router has it.
    pub fn path(&self) -> String {
        self.path.to_owned()
    }

    /// The method in lower case, as the document has it.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The operation as the document has it.
    pub fn to_json(&self) -> Value {
        let mut parameters = self.path_parameters();
        parameters.extend(self.query.iter().map(|(name, kind, about)| {
            json!({ "name": name, "in": "query", "description": about, "schema": parameter(kind) })
        }));
        let mut responses = Map::new();
        for (status, about, content) in &self.answers {
            let mut response = json!({ "description": about });
            if !content.is_empty() {
                response["content"] = Value::Object(content.clone());
            }
            responses.insert(status.to_string(), response);
        }
        let names_a_run =
            self.path.contains("{run}") && !self.refuses.iter().any(|(status, _)| *status == 404);
        let no_run = names_a_run.then_some(&(404, "There is no such run."));
        let takes_something = self.path.contains('{') || !self.query.is_empty() || !self.body.is_empty();
        let malformed = takes_something.then_some(&MALFORMED);
        let bodies = BODIES.iter().filter(|_| !self.body.is_empty());
        let general = malformed.into_iter().chain(no_run).chain(bodies).chain([&SHORT]);
        for (status, when) in general.chain(&self.refuses) {
            let content = json!({ JSON: { "schema": reference("Error") } });
            responses.insert(status.to_string(), json!({ "description": when, "content": content }));
        }
        let mut operation = json!({
            "operationId": self.id(),
            "tags": [self.tag],
            "summary": self.summary,
            "parameters": parameters,
            "responses": responses,
        });
        if !self.about.is_empty() {
            operation["description"] = self.about.into();
        }
        if !self.body.is_empty() {
            operation["requestBody"] = json!({ "required": true, "content": self.body });
        }
        operation
    }

    fn path_parameters(&self) -> Vec<Value> {
        let names = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        names
            .map(|name| {
                let known = PATH_PARTS.iter().find(|(part, _, _)| *part == name);
                let (kind, about) = known.map_or(("string", ""), |(_, kind, about)| (kind, about));
                json!({ "name": name, "in": "path", "required": true, "description": about, "schema": parameter(kind) })
            })
            .collect()
    }

    /// `get_runs_run_events`: the method and the path's words.
    fn id(&self) -> String {
        let words = self.path.trim_start_matches("/api/v1").split(['/', '.']).filter(|w| !w.is_empty());
        let words = words.map(|w| w.trim_matches(['{', '}']).replace('-', "_"));
        [self.method.to_owned()].into_iter().chain(words).collect::<Vec<_>>().join("_")
    }
}

/// The schema of a parameter: numbers are never negative.
fn parameter(kind: &str) -> Value {
    let mut schema = shape(kind);
    if kind == "integer" {
        schema["minimum"] = 0.into();
    }
    schema
}

fn media_type(shape_of: &str) -> Value {
    json!({ "schema": shape(shape_of) })
}

/// A schema in short: `integer`, `Run` (a component), `[Event]` (a list), `binary`, or the fields of an object as
/// `{items: [Run], next_cursor: string?, note?: string}`: a type with `?` may be null, a field with `?` may be left out.
fn shape(text: &str) -> Value {
    let text = text.trim();
    if let Some(inner) = text.strip_suffix('?') {
        return json!({ "anyOf": [shape(inner), { "type": "null" }] });
    }
    if let Some(item) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return json!({ "type": "array", "items": shape(item) });
    }
    if let Some(fields) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
        let fields = split_fields(fields);
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, of) in fields.iter().filter_map(|field| field.split_once(':')) {
            let bare = name.trim().trim_end_matches('?');
            properties.insert(bare.to_owned(), shape(of));
            if name.trim() == bare {
                required.push(bare);
            }
        }
        return json!({ "type": "object", "required": required, "properties": properties });
    }
    match text {
        "binary" => json!({ "type": "string", "format": "binary" }),
        "any" => json!({}),
        "string" | "integer" | "number" | "boolean" | "object" => json!({ "type": text }),
        component => reference(component),
    }
}

/// The fields of an object, cut at the commas outside of brackets.
fn split_fields(text: &str) -> Vec<&str> {
    let (mut fields, mut depth, mut start) = (Vec::new(), 0i32, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                fields.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    fields.extend(text.get(start..));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_in_short() {
        assert_eq!(shape("integer?")["anyOf"][0]["type"], "integer");
        assert_eq!(shape("[Run]")["items"]["$ref"], "#/components/schemas/Run");
        let nested = shape("{a: [{b: string, c: integer}], d: number?, e?: string}");
        assert_eq!(nested["properties"]["a"]["items"]["properties"]["c"]["type"], "integer");
        assert_eq!(nested["required"], json!(["a", "d"]));
    }

    #[test]
    fn an_id_is_the_method_and_the_path() {
        let operation = Operation::new("get", "/api/v1/runs/{run}/events", "Events", "");
        assert_eq!(operation.id(), "get_runs_run_events");
    }
}
