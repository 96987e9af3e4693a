//! The texts of an event, by field: what can be found in it.

use std::borrow::Cow;

use gauntlet_model::{Kind, Object, unescape_html};
use serde::Deserialize;
use serde_json::Value;

use super::script::segment_cjk;

/// Where in an event a text is. The order is that of the index's columns, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextField {
    /// Names: of the run, its project, agent, task and tags; of tools and functions; of files.
    Name,
    /// What went wrong: type, message, traceback.
    Error,
    /// People's and judges' words: notes, reasons, explanations, answers.
    Note,
    /// What the agent did.
    Action,
    /// What a recorded step holds: thoughts, arguments and results of tools, messages, questions.
    Payload,
    /// What the agent saw.
    Observation,
    /// Strings in metadata and configuration.
    Metadata,
}

impl TextField {
    /// Every field, in the order of the index's columns.
    pub const ALL: [TextField; 7] = [
        TextField::Name,
        TextField::Error,
        TextField::Note,
        TextField::Action,
        TextField::Payload,
        TextField::Observation,
        TextField::Metadata,
    ];

    /// The word on the wire, and the column.
    pub fn as_str(self) -> &'static str {
        match self {
            TextField::Name => "name",
            TextField::Error => "error",
            TextField::Note => "note",
            TextField::Action => "action",
            TextField::Payload => "payload",
            TextField::Observation => "observation",
            TextField::Metadata => "metadata",
        }
    }
}

/// What people wrote about a run, in its current state: its first event tells only how it began.
pub(crate) struct Described<'a> {
    pub names: [Option<&'a str>; 6],
    pub tags: &'a str,
    pub notes: &'a str,
    pub config: &'a str,
    pub metadata: &'a str,
}

/// One event's texts.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Document {
    texts: [String; TextField::ALL.len()],
}

/// Of each kind of body only what is looked for; numbers and scores are never parsed.
#[derive(Deserialize)]
struct Scored<'a> {
    #[serde(borrow, default)]
    action: Cow<'a, str>,
    #[serde(borrow, default)]
    observation: Cow<'a, str>,
    #[serde(default)]
    challenge: Value,
    #[serde(default)]
    metadata: Object,
    #[serde(default)]
    posted: Vec<String>,
}

#[derive(Deserialize)]
struct Recorded<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(default)]
    payload: Object,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    metadata: Object,
}

impl Document {
    /// The texts of an event, from its stored body. A body that cannot be read has none, which is logged.
    pub(crate) fn of_event(kind: Kind, body: &str) -> Self {
        let mut document = Self::default();
        if let Err(error) = document.read(kind, body) {
            tracing::warn!(%kind, %error, "an event's body cannot be read; its texts will not be found");
        }
        document
    }

    /// The texts of a run.
    pub(crate) fn of_run(run: &Described<'_>) -> Self {
        let mut document = Self::default();
        run.names.iter().flatten().for_each(|name| document.add(TextField::Name, name));
        let mut json = |field, text: &str| match serde_json::from_str(text) {
            Ok(value) => document.add_strings(field, &value),
            Err(error) => tracing::warn!(%error, "what is stored of a run cannot be read"),
        };
        json(TextField::Name, run.tags);
        json(TextField::Metadata, run.config);
        json(TextField::Metadata, run.metadata);
        document.add(TextField::Note, run.notes);
        document
    }

    fn read(&mut self, kind: Kind, body: &str) -> Result<(), serde_json::Error> {
        use TextField as F;
        match kind {
            Kind::SnapshotScored => {
                let mut scored: Scored<'_> = serde_json::from_str(body)?;
                // What answer is expected is not for those who are asked.
                if let Some(challenge) = scored.challenge.as_object_mut() {
                    challenge.remove("expected_answer");
                }
                self.add(F::Action, &scored.action);
                self.add(F::Observation, &scored.observation);
                self.add_strings(F::Payload, &scored.challenge);
                self.add_object(F::Metadata, &scored.metadata);
                if !scored.posted.is_empty() {
                    // People look for what was meant, not for the escapes an origin client posts.
                    self.texts.iter_mut().for_each(|text| *text = unescape_html(text).into_owned());
                }
            }
            Kind::StepRecorded => {
                let recorded: Recorded<'_> = serde_json::from_str(body)?;
                self.add(F::Name, recorded.name.as_deref().unwrap_or_default());
                self.add_object(F::Payload, &recorded.payload);
                self.add_strings(F::Error, &recorded.error);
                self.add_object(F::Metadata, &recorded.metadata);
            }
            _ => {
                let fields: Object = serde_json::from_str(body)?;
                for (key, value) in &fields {
                    if let Some(field) = field_of(key) {
                        self.add_strings(field, value);
                    }
                }
            }
        }
        Ok(())
    }

    fn add_object(&mut self, field: TextField, object: &Object) {
        object.values().for_each(|value| self.add_strings(field, value));
    }

    fn add_strings(&mut self, field: TextField, value: &Value) {
        match value {
            Value::String(text) => self.add(field, text),
            Value::Array(values) => values.iter().for_each(|value| self.add_strings(field, value)),
            Value::Object(object) => self.add_object(field, object),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn add(&mut self, field: TextField, text: &str) {
        if text.is_empty() {
            return;
        }
        let held = &mut self.texts[field as usize];
        if !held.is_empty() {
            held.push('\n');
        }
        held.push_str(text);
    }

    /// Whether there is nothing to find.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.iter().all(String::is_empty)
    }

    /// The fields' texts as they are indexed, in the order of the columns; `None` where a field is empty.
    pub(crate) fn into_words(self) -> [Option<String>; TextField::ALL.len()] {
        self.texts.map(|text| match segment_cjk(&text, ' ') {
            Cow::Owned(segmented) => Some(segmented),
            Cow::Borrowed(_) => Some(text).filter(|text| !text.is_empty()),
        })
    }

    /// The fields and their texts, in the order of the columns.
    pub(crate) fn into_texts(self) -> [String; TextField::ALL.len()] {
        self.texts
    }
}

/// Where the texts under a key of the rarer bodies belong; ids, hashes, media types and numbers are not
/// looked for.
fn field_of(key: &str) -> Option<TextField> {
    Some(match key {
        "name"
        | "project"
        | "kind"
        | "agent"
        | "task"
        | "tags"
        | "role"
        | "program"
        | "hypothesis_id"
        | "independent_variables"
        | "dependent_variables" => TextField::Name,
        "error" => TextField::Error,
        "reason" | "explanation" | "label" | "source" | "text" | "author" | "answer" | "result" => {
            TextField::Note
        }
        "research_question" | "research_insights" => TextField::Note,
        "parameters" | "payload" | "data_point" | "prediction" => TextField::Payload,
        "config" | "metadata" | "summary" | "configuration" | "environment" => TextField::Metadata,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, body: &str, expected: &[(TextField, &str)]) {
        let document = Document::of_event(kind, body);
        let found: Vec<_> =
            TextField::ALL.into_iter().zip(&document.texts).filter(|(_, text)| !text.is_empty()).collect();
        let expected: Vec<_> = expected.iter().map(|(field, text)| (*field, (*text).to_owned())).collect();
        assert_eq!(found.into_iter().map(|(f, t)| (f, t.clone())).collect::<Vec<_>>(), expected, "{body}");
    }

    #[test]
    fn each_text_has_its_field() {
        use TextField as F;
        check(
            Kind::SnapshotScored,
            r#"{"scores":{"root":1.0},"action":"a \"b\"","observation":"o",
                "metadata":{"k":["x",{"y":"z"}],"n":7}}"#,
            &[(F::Action, "a \"b\""), (F::Observation, "o"), (F::Metadata, "x\nz")],
        );
        check(
            Kind::SnapshotScored,
            r#"{"challenge":{"type":"GUARD","question":"is it so?","expected_answer":"missing",
                "options":["yes","no"]}}"#,
            &[(F::Payload, "GUARD\nis it so?\nyes\nno")],
        );
        check(
            Kind::StepRecorded,
            r#"{"step_kind":"tool_result","name":"search_web","span_id":"0123456789abcdef",
                "payload":{"output":"none"},
                "error":{"type":"Timeout","message":"too slow"}}"#,
            &[(F::Name, "search_web"), (F::Error, "Timeout\ntoo slow"), (F::Payload, "none")],
        );
        check(
            Kind::AnnotationAdded,
            r#"{"text":"look here","author":"ada"}"#,
            &[(F::Note, "look here\nada")],
        );
        check(
            Kind::ArtifactAdded,
            r#"{"name":"log.txt","mime_type":"text/plain","size_bytes":3,"sha256":"00","role":"log"}"#,
            &[(F::Name, "log.txt\nlog")],
        );
        check(Kind::Gap, r#"{"lost":3,"reason":"the network"}"#, &[(F::Note, "the network")]);
        check(
            Kind::TrialFinished,
            r#"{"trial_id":"rag/7","program":"rag","status":"failed","data_point":{"question":"how many"},
                "prediction":["two"],"error":{"type":"ValueError","message":"no number"}}"#,
            &[(F::Name, "rag"), (F::Error, "ValueError\nno number"), (F::Payload, "how many\ntwo")],
        );
        check(Kind::Gap, "not JSON", &[]);
    }

    #[test]
    fn texts_of_origin_clients_are_found_as_they_were_meant() {
        let body = |posted: &str| {
            format!(r#"{{"action":"the patient&#x27;s R&amp;D &amp;lt;","posted":[{posted}]}}"#)
        };
        check(Kind::SnapshotScored, &body("\"step\""), &[(TextField::Action, "the patient's R&D &lt;")]);
        check(Kind::SnapshotScored, &body(""), &[(TextField::Action, "the patient&#x27;s R&amp;D &amp;lt;")]);
    }
}
