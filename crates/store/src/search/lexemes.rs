//! Texts as PostgreSQL's index holds them: cut into words here, so that they are cut as SQLite's index cuts
//! them, whatever the database's locale and configuration.

use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::document::{Document, TextField};
use super::script;

/// Longest lexeme in bytes (`MAXSTRLEN` of PostgreSQL).
const MAX_LEXEME_BYTES: usize = 2_046;
/// Bytes of lexemes and positions of one event: PostgreSQL refuses a `tsvector` of 1 MiB. What follows is not
/// found.
const MAX_BYTES: usize = 640 << 10;
/// Bytes that one position takes, with what keeps it aligned.
const POSITION_BYTES: usize = 6;

/// The words of a text: what is between characters that are neither letters nor digits, without letter case
/// and accents. Each character of writing without spaces is a word.
pub(super) fn lexemes(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut chars = text.chars().peekable();
    let words = std::iter::from_fn(move || {
        while chars.peek().is_some_and(|c| !c.is_alphanumeric()) {
            chars.next();
        }
        let first = chars.next()?;
        if script::is_word(first) {
            return Some(String::from(first));
        }
        let mut word = String::new();
        fold(first, &mut word);
        while let Some(next) = chars.next_if(|c| !script::is_word(*c) && is_of_word(*c)) {
            fold(next, &mut word);
        }
        word.truncate(word.floor_char_boundary(MAX_LEXEME_BYTES));
        Some(word)
    });
    words.filter(|word| !word.is_empty())
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Adds a character without its letter case and accents.
fn fold(c: char, word: &mut String) {
    if c.is_ascii() {
        return word.push(c.to_ascii_lowercase());
    }
    word.extend(c.to_lowercase().nfd().filter(|c| !is_combining_mark(*c)));
}

/// The class of a field's words, which their rank is made of; PostgreSQL has four.
fn class(field: TextField) -> char {
    match field {
        TextField::Name => 'A',
        TextField::Error | TextField::Note | TextField::Action => 'B',
        TextField::Payload | TextField::Observation => 'C',
        TextField::Metadata => 'D',
    }
}

/// The text of the `tsvector` of a document.
pub(crate) fn tsvector(document: Document) -> String {
    let (mut vector, mut position) = (String::new(), 0_u64);
    for (field, text) in TextField::ALL.into_iter().zip(document.into_texts()) {
        for lexeme in lexemes(&text) {
            position += 1;
            if vector.len() + lexeme.len() + POSITION_BYTES > MAX_BYTES {
                return vector;
            }
            // Writing to a string cannot fail. A lexeme is letters and digits: nothing in it has to be
            // quoted.
            let _ = write!(vector, "'{lexeme}':{position}{} ", class(field));
        }
        // No phrase goes over the end of a field.
        position += 1;
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_as_the_other_index_cuts_it() {
        let check = |text: &str, expected: &[&str]| assert_eq!(lexemes(text).collect::<Vec<_>>(), expected);
        check(
            "Search_web: well-known, naïve ÉCOLE 1e5!",
            &["search", "web", "well", "known", "naive", "ecole", "1e5"],
        );
        check("e\u{301}tat", &["etat"]);
        check("GPT模型v2 がある", &["gpt", "模", "型", "v2", "が", "あ", "る"]);
        check("' \\ -- ;", &[]);
        check(&"x".repeat(3_000), &[&*"x".repeat(MAX_LEXEME_BYTES)]);
    }

    #[test]
    fn a_long_text_ends_where_postgresql_would_refuse_it() {
        let document = Document::of_event(
            gauntlet_model::Kind::AnnotationAdded,
            &serde_json::json!({ "text": "word ".repeat(400_000) }).to_string(),
        );
        assert!(tsvector(document).len() <= MAX_BYTES);
    }
}
