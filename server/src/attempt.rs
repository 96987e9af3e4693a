//! What an answer changed against the previous attempt of the same task, word by word.

use std::fmt::Write;
use std::time::Duration;

use gauntlet_app::api::Attempt;
use gauntlet_engine::prompts::Prompts;
use gauntlet_model::{Body, Record, RunId, unescape_html};
use gauntlet_store::Store;
use html_escape::encode_text;
use similar::{ChangeTag, TextDiff};

use crate::error::ApiError;

/// Bytes of each text that are compared.
const MAX_BYTES: usize = 64 << 10;
/// How long a comparison may take.
pub(crate) const MAX_COMPARE_TIME: Duration = Duration::from_millis(300);

/// The attempt before the snapshot at a sequence number, and what changed since; `None` where there is none.
pub(crate) async fn previous(
    store: &Store,
    prompts: &Prompts,
    run: &RunId,
    seq: u64,
) -> Result<Option<Attempt>, ApiError> {
    let found = prompts.look(run, |index| index.previous_attempt(seq)).await?;
    let Some(before) = found else { return Ok(None) };
    let (Some(old), Some(new)) = (at(store, run, before).await?, at(store, run, seq).await?) else {
        return Ok(None);
    };
    let (old_text, new_text) = (action(&old), action(&new));
    let compared = tokio::task::spawn_blocking(move || html(&old_text, &new_text, MAX_COMPARE_TIME)).await;
    let html = compared.map_err(|error| ApiError::internal(error.to_string()))?;
    let episode = old.episode.map(|episode| episode.to_string());
    Ok(Some(Attempt { step: old.step.unwrap_or_default(), episode, html }))
}

/// What the agent did at the snapshot of a sequence number, at most [`MAX_BYTES`] of it; empty where there
/// is not such a snapshot.
pub(crate) async fn action_at(store: &Store, run: &RunId, seq: u64) -> Result<String, ApiError> {
    Ok(at(store, run, seq).await?.map(|record| action(&record)).unwrap_or_default())
}

async fn at(store: &Store, run: &RunId, seq: u64) -> Result<Option<Record>, ApiError> {
    let page = store.read(run, seq.checked_sub(1), 1, None).await?;
    Ok(page.records.into_iter().find(|record| record.seq == seq))
}

/// What the agent did, at most [`MAX_BYTES`] of it.
fn action(record: &Record) -> String {
    let event = record.event();
    let Ok(Body::SnapshotScored(snapshot)) = event.as_ref().map(|event| event.body()) else {
        return String::new();
    };
    let text = match snapshot.posted.is_empty() {
        true => snapshot.action.clone(),
        // The hub's clients escape their texts before they post them.
        false => unescape_html(&snapshot.action).into_owned(),
    };
    let end = text.floor_char_boundary(MAX_BYTES);
    match end < text.len() {
        true => format!("{}… and more, which is not compared", &text[..end]),
        false => text,
    }
}

/// The new text, with what was removed and added marked; without markup of its own. What is not compared
/// within `longest` counts as changed.
pub(crate) fn html(old: &str, new: &str, longest: Duration) -> String {
    let diff = TextDiff::configure().timeout(longest).diff_words(old, new);
    let mut out = String::new();
    let mut open = ChangeTag::Equal;
    for change in diff.iter_all_changes() {
        if change.tag() != open {
            out.push_str(end(open));
            out.push_str(start(change.tag()));
            open = change.tag();
        }
        // Writing to a string cannot fail.
        let _ = write!(out, "{}", encode_text(change.value()));
    }
    out.push_str(end(open));
    out
}

fn start(tag: ChangeTag) -> &'static str {
    match tag {
        ChangeTag::Equal => "",
        ChangeTag::Delete => "<del>",
        ChangeTag::Insert => "<ins>",
    }
}

fn end(tag: ChangeTag) -> &'static str {
    match tag {
        ChangeTag::Equal => "",
        ChangeTag::Delete => "</del>",
        ChangeTag::Insert => "</ins>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_changed_are_marked_and_escaped() {
        assert_eq!(html("a b c", "a <i> c", MAX_COMPARE_TIME), "a <del>b</del><ins>&lt;i&gt;</ins> c");
        assert_eq!(html("same", "same", MAX_COMPARE_TIME), "same");
        assert_eq!(html("", "new", MAX_COMPARE_TIME), "<ins>new</ins>");
    }
}
