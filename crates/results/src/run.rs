//! The spec of an imported run: name, kind, agent and task, from the facts in the file.

use gauntlet_model::{Event, EventId, FieldError, MAX_LABEL_BYTES, Object, RunSpec, RunStarted, Timestamp};
use serde_json::{Value, json};

use crate::error::ImportError;
use crate::fields::is_shallow;

/// A spec from the facts of a file. `shape` is the name of the file's shape; `facts` become metadata.
pub(crate) fn spec(file: &str, shape: &str, kind: &str, mut facts: Object) -> RunSpec {
    let stated_name = facts.get("name").and_then(Value::as_str).and_then(one_line);
    let agent = facts
        .get("model_name")
        .or_else(|| facts.get("participants").and_then(|p| p.get("purple_agent")))
        .and_then(Value::as_str)
        .and_then(one_line);
    if stated_name.is_some() {
        facts.shift_remove("name");
    }
    if !facts.contains_key("imported_from") {
        facts.insert("imported_from".to_owned(), json!({"file": file_name(file), "shape": shape}));
    }
    let mut spec = RunSpec::named(stated_name.unwrap_or_else(|| run_name(file)));
    spec.kind = Some(kind.to_owned());
    spec.agent = agent;
    spec.metadata = facts;
    spec
}

/// The spec that a `run.started` event was made from.
pub(crate) fn spec_from_started(started: RunStarted) -> RunSpec {
    RunSpec {
        id: None,
        name: started.name,
        project: Some(started.project),
        kind: Some(started.kind),
        agent: started.agent,
        task: started.task,
        tags: started.tags,
        config: started.config,
        metadata: started.metadata,
        rules: started.rules,
    }
}

/// The key of the import's notes in the run's metadata.
const NOTES: &str = "import_notes";

/// Adds the notes of an import to the run.
pub(crate) fn note(spec: &mut RunSpec, notes: &[String]) {
    if !notes.is_empty() {
        spec.metadata.insert(NOTES.to_owned(), json!(notes));
    }
}

/// Refuses a spec whose `run.started` would be refused later.
pub(crate) fn check(spec: &RunSpec, now: Timestamp) -> Result<(), ImportError> {
    let refuse = |e: FieldError| {
        let (field, message) = match e.field.strip_prefix("body.") {
            Some(field) => (field.to_owned(), e.message),
            None => (String::new(), format!("what the file says besides its steps {}", e.message)),
        };
        ImportError::new(field, message, "a run within the limits")
    };
    if !is_shallow(&spec.metadata) || !is_shallow(&spec.config) {
        return Err(ImportError::new(
            "",
            "what the file says besides its steps is nested too deeply",
            "at most 100 levels",
        ));
    }
    Event::new(EventId::from_u128(0), now, None, None, spec.clone().started()).map(drop).map_err(refuse)
}

/// A text as a name: one line, not empty, not too long; else `None`.
pub(crate) fn one_line(text: &str) -> Option<String> {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    (!clean.is_empty() && clean.len() <= MAX_LABEL_BYTES).then(|| clean.to_owned())
}

/// A file's name without its folders.
fn file_name(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

/// A run's name from a file's name, without folders and extension.
pub(crate) fn run_name(file: &str) -> String {
    let name = file_name(file);
    let stem = [".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".film", ".eval"]
        .iter()
        .find_map(|ending| {
            let cut = name.len().checked_sub(ending.len())?;
            name.get(cut..).filter(|end| end.eq_ignore_ascii_case(ending)).and_then(|_| name.get(..cut))
        })
        .unwrap_or(name);
    let short: String = stem.chars().take(MAX_LABEL_BYTES / 4).collect();
    one_line(&short).unwrap_or_else(|| "imported".to_owned())
}

/// The prefix of episode names: the file's name, changed so that it is valid in an id.
pub(crate) fn episode_stem(file: &str) -> String {
    let clean =
        run_name(file).chars().map(|c| if matches!(c, '/' | '\\') { '-' } else { c }).take(40).collect();
    if clean == "." || clean == ".." { "file".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::run_name;

    #[test]
    fn a_run_is_named_after_its_file() {
        for (file, name) in [
            ("/tmp/report-1.json", "report-1"),
            ("C:\\runs\\a.JSONL", "a"),
            ("table.csv", "table"),
            ("plain", "plain"),
            ("v1.2", "v1.2"),
            ("é.ndjson", "é"),
            (".json", "imported"),
            ("", "imported"),
            ("a\nb.json", "a b"),
        ] {
            assert_eq!(run_name(file), name, "{file}");
        }
        assert!(run_name(&"x".repeat(5000)).len() <= 512);
    }
}
