//! The JSON Schemas in `sdk/contract/schema`. That they accept the goldens and refuse what they should is
//! tested where validators are at hand: in the Python and TypeScript SDKs.

use std::collections::BTreeSet;

use gauntlet_model::{
    EffectSet, Kind, MAX_BODY_BYTES, MAX_ID_BYTES, MAX_LABEL_BYTES, MAX_PATH_BYTES, MAX_SCORES, MAX_STEP,
    MAX_TAGS, MAX_TEXT_BYTES, RunPatch, RunSpec, RunSummary, WriterAnswer, WriterReport, schema,
};
use serde_json::json;

#[test]
fn every_kind_and_every_form_of_a_run_has_its_schema() {
    let kinds = Kind::ALL.iter().map(|kind| (kind.to_string(), schema::of_event(*kind)));
    let runs = [
        ("effects".to_owned(), schema::of::<EffectSet>()),
        ("run.create".to_owned(), schema::of::<RunSpec>()),
        ("run.patch".to_owned(), schema::of::<RunPatch>()),
        ("run.summary".to_owned(), schema::of::<RunSummary>()),
        ("writer.report".to_owned(), schema::of::<WriterReport>()),
        ("writer.answer".to_owned(), schema::of::<WriterAnswer>()),
    ];
    let mut files = BTreeSet::new();
    for (name, schema) in kinds.chain(runs) {
        let name = format!("{name}.json");
        super::check(&format!("schema/{name}"), &super::pretty(&schema));
        files.insert(name);
    }
    super::holds_only("schema", &files);
}

/// Lengths are in bytes of UTF-8.
#[test]
fn every_limit_is_written_once() {
    let limits = json!({
        "step": MAX_STEP,
        "id_bytes": MAX_ID_BYTES,
        "path_bytes": MAX_PATH_BYTES,
        "label_bytes": MAX_LABEL_BYTES,
        "text_bytes": MAX_TEXT_BYTES,
        "body_bytes": MAX_BODY_BYTES,
        "scores": MAX_SCORES,
        "tags": MAX_TAGS,
    });
    super::check("limits.json", &super::pretty(&limits));
}
