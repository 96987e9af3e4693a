//! What is written by hand of an operation: its name, its sentences, and bodies that no type describes.

use aide::OperationInput;
use aide::generate::in_context;
use aide::openapi::{MediaType, Operation, ReferenceOr, RequestBody, Response, SchemaObject, StatusCode};
use aide::transform::TransformOperation;
use gauntlet_api::ErrorBody;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, json_schema};

use super::answer_schema;

/// The description of an operation while it is written.
pub type Docs<'op> = TransformOperation<'op>;

/// JSON.
pub const JSON: &str = "application/json";
/// JSON Lines.
pub const LINES: &str = "application/x-ndjson";
/// Bytes of any kind.
pub const BYTES: &str = "application/octet-stream";

/// Bytes, as a schema.
pub fn binary() -> Schema {
    json_schema!({ "type": "string", "format": "binary" })
}

/// One media type with its schema.
pub fn content(media: &str, schema: Schema) -> IndexMap<String, MediaType> {
    let schema = SchemaObject { json_schema: schema, example: None, external_docs: None };
    IndexMap::from_iter([(media.to_owned(), MediaType { schema: Some(schema), ..MediaType::default() })])
}

/// How an operation is described, beside what its handler's types say.
pub trait Describe {
    /// Its group, and what it does in a few words.
    fn titled(self, tag: &str, summary: &str) -> Self;

    /// What a status means for this operation. One of 400 or more that its types do not imply becomes a
    /// refusal.
    fn status(self, status: u16, about: &str) -> Self;

    /// Adds a media type to the answer of that status.
    fn content(self, status: u16, media: &str, schema: Schema) -> Self;

    /// Makes the answer of that status JSON of a type.
    fn json<T: JsonSchema>(self, status: u16) -> Self;

    /// Adds a media type to the request's body.
    fn body(self, media: &str, schema: Schema) -> Self;

    /// Adds what another extractor takes, where the handler reads the request by itself.
    fn takes<I: OperationInput>(self) -> Self;
}

impl Describe for Docs<'_> {
    fn titled(self, tag: &str, summary: &str) -> Self {
        self.tag(tag).summary(summary)
    }

    fn status(mut self, status: u16, about: &str) -> Self {
        let is_known = response(self.inner_mut(), status).is_some();
        if !is_known && status >= 400 {
            self = self.json::<ErrorBody>(status);
        }
        if let Some(response) = response_mut(self.inner_mut(), status) {
            about.clone_into(&mut response.description);
        }
        self
    }

    fn content(mut self, status: u16, media: &str, schema: Schema) -> Self {
        if let Some(response) = response_mut(self.inner_mut(), status) {
            response.content.extend(content(media, schema));
        }
        self
    }

    fn json<T: JsonSchema>(mut self, status: u16) -> Self {
        let schema = in_context(answer_schema::<T>);
        if let Some(response) = response_mut(self.inner_mut(), status) {
            response.content = content(JSON, schema);
        }
        self
    }

    fn body(mut self, media: &str, schema: Schema) -> Self {
        let empty = || ReferenceOr::Item(RequestBody { required: true, ..RequestBody::default() });
        if let ReferenceOr::Item(body) = self.inner_mut().request_body.get_or_insert_with(empty) {
            body.content.extend(content(media, schema));
        }
        self
    }

    fn takes<I: OperationInput>(mut self) -> Self {
        let early = in_context(|ctx| {
            I::operation_input(ctx, self.inner_mut());
            I::inferred_early_responses(ctx, self.inner_mut())
        });
        for (status, described) in early {
            let Some(status) = status else { continue };
            let responses = &mut self.inner_mut().responses.get_or_insert_default().responses;
            responses.entry(status).or_insert(ReferenceOr::Item(described));
        }
        self
    }
}

fn response(operation: &Operation, status: u16) -> Option<&Response> {
    operation.responses.as_ref()?.responses.get(&StatusCode::Code(status))?.as_item()
}

/// The answer of that status; an empty one where there was none.
fn response_mut(operation: &mut Operation, status: u16) -> Option<&mut Response> {
    let all = &mut operation.responses.get_or_insert_default().responses;
    all.entry(StatusCode::Code(status))
        .or_insert_with(|| ReferenceOr::Item(Response::default()))
        .as_item_mut()
}
