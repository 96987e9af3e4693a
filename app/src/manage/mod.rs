//! What a person does with runs besides watching them: rename, tag, write notes, export, delete. Dialogs that
//! the list and the run page share.

mod delete;
mod edit;
mod export;
mod tag;
mod undo;

pub(crate) use delete::DeleteDialog;
pub(crate) use edit::EditDialog;
pub(crate) use export::ExportDialog;
pub(crate) use tag::TagDialog;
pub(crate) use undo::UndoNotice;

use gauntlet_model::RunSummary;

/// The names of runs for a sentence, the first three of them.
fn named(runs: &[RunSummary]) -> String {
    const MAX_NAMED: usize = 3;
    let names = runs.iter().take(MAX_NAMED).map(|run| run.name.as_str()).collect::<Vec<_>>().join(", ");
    match runs.len().saturating_sub(MAX_NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// The tags in a text, separated by commas.
fn tags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_separated_by_commas() {
        assert_eq!(tags(" sweep, good ,,sweep,two words"), ["sweep", "good", "two words"]);
        assert!(tags(" , ").is_empty());
    }
}
