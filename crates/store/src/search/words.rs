//! What a person typed, as an expression of the index's own language. Nothing typed reaches that language as
//! it is: every word goes in as a quoted string, so no input can be a syntax error or mean something else.

use std::fmt::Write as _;

use super::lexemes::lexemes;
use super::script::{self, segment_cjk};
use crate::StoreError;

/// Longest text to look for, in characters.
const MAX_CHARS: usize = 1_000;
/// Most words and phrases in one text.
const MAX_TERMS: usize = 32;
/// An ending is cut off only where this many letters remain.
const STEM_CHARS: usize = 4;
/// Endings of English words, the longest first of those that share an end.
const ENDINGS: [&str; 18] = [
    "ations", "ation", "ating", "ated", "ates", "ions", "ings", "ness", "ies", "ied", "ion", "ing", "ate",
    "ed", "es", "ly", "s", "y",
];

/// Stop words: left out where any word will do.
const SMALL: [&str; 40] = [
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "by", "can", "did", "do", "does", "for",
    "from", "had", "has", "have", "how", "i", "in", "is", "it", "of", "on", "or", "that", "the", "this",
    "to", "was", "were", "what", "when", "where", "which", "who", "why", "with",
];

/// How the text of a query is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuerySyntax {
    /// With operators: `"a phrase"`, `prefix*`, `-without`, `one OR other`. All words must be
    /// there.
    #[default]
    Operators,
    /// Words only, whatever is between them. All must be there.
    AllTerms,
    /// Words only, each cut to its stem and open at its end; any of them will do, and the more the better. Of
    /// a long text only the beginning counts.
    AnyTerm,
}

/// A word or phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    text: String,
    /// Whether longer words that begin so will do as well (of a phrase: its last word).
    is_open: bool,
}

/// What to find: of each group one term at least, of the excluded terms none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    groups: Vec<Vec<Term>>,
    excluded: Vec<Term>,
}

impl Words {
    /// Reads what was typed; `None` where it is blank. Refused by the field `q`: too long, too many words,
    /// nothing but marks, or only what to leave out.
    pub(crate) fn read(text: &str, syntax: QuerySyntax) -> Result<Option<Self>, StoreError> {
        let length = text.chars().count();
        if length > MAX_CHARS && syntax != QuerySyntax::AnyTerm {
            let message = format!("is {length} characters long; at most {MAX_CHARS} are looked for");
            return Err(StoreError::invalid("q", message));
        }
        // The index's language ends a string at a zero byte.
        let text: String =
            text.chars().take(MAX_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
        if text.trim().is_empty() {
            return Ok(None);
        }
        let words = match syntax {
            QuerySyntax::Operators => with_operators(&text),
            QuerySyntax::AllTerms => {
                Self { groups: plain(&text).map(|t| vec![t]).collect(), excluded: Vec::new() }
            }
            QuerySyntax::AnyTerm => any_term(&text),
        };
        let terms = words.groups.iter().map(Vec::len).sum::<usize>() + words.excluded.len();
        if terms > MAX_TERMS {
            let message = format!("holds {terms} words and phrases; at most {MAX_TERMS} are looked for");
            return Err(StoreError::invalid("q", message));
        }
        match (words.groups.is_empty(), words.excluded.is_empty()) {
            (true, true) => {
                Err(StoreError::invalid("q", format!("{:?} holds no word to look for", text.trim())))
            }
            (true, false) => {
                Err(StoreError::invalid("q", "says only what to leave out; add a word to look for"))
            }
            _ => Ok(Some(words)),
        }
    }

    /// The expression that finds it.
    pub(crate) fn expression(&self) -> String {
        let mut out = String::from("(");
        for (i, group) in self.groups.iter().enumerate() {
            if i > 0 {
                out.push_str(" AND ");
            }
            any_of(&mut out, group);
        }
        out.push(')');
        if !self.excluded.is_empty() {
            out.push_str(" NOT ");
            any_of(&mut out, &self.excluded);
        }
        out
    }

    /// The same as the text of PostgreSQL's `tsquery`, over the lexemes of [`super::lexemes`].
    pub(crate) fn tsquery(&self) -> String {
        let group =
            |terms: &Vec<Term>| format!("({})", terms.iter().map(phrase).collect::<Vec<_>>().join(" | "));
        let mut parts: Vec<String> = self.groups.iter().map(group).collect();
        if !self.excluded.is_empty() {
            parts.push(format!("!{}", group(&self.excluded)));
        }
        parts.join(" & ")
    }

    /// The expression that finds any part of it: what to mark in a text that was found.
    pub(crate) fn parts(&self) -> String {
        let mut out = String::new();
        any_of(&mut out, &self.groups.concat());
        out
    }
}

fn any_of(out: &mut String, terms: &[Term]) {
    out.push('(');
    for (i, term) in terms.iter().enumerate() {
        if i > 0 {
            out.push_str(" OR ");
        }
        // Writing to a string cannot fail.
        let text = segment_cjk(&term.text, ' ').replace('"', "\"\"");
        let _ = write!(out, "\"{text}\"{}", if term.is_open { " *" } else { "" });
    }
    out.push(')');
}

/// A term as lexemes that follow each other.
fn phrase(term: &Term) -> String {
    let mut lexemes: Vec<String> = lexemes(&term.text).map(|lexeme| format!("'{lexeme}'")).collect();
    if let Some(last) = lexemes.last_mut().filter(|_| term.is_open) {
        last.push_str(":*");
    }
    if lexemes.is_empty() {
        // Nothing but accents. No text has this lexeme.
        lexemes.push("'\u{FFFD}'".to_owned());
    }
    lexemes.join(" <-> ")
}

/// A token of a text with operators.
struct Token {
    term: Term,
    is_excluded: bool,
    /// The bare word `OR`.
    is_or: bool,
}

fn with_operators(text: &str) -> Words {
    let mut words = Words { groups: Vec::new(), excluded: Vec::new() };
    let mut joins_last = false;
    for token in tokens(text) {
        if token.is_or {
            // Without a word before it, it joins nothing.
            joins_last = !words.groups.is_empty();
            continue;
        }
        if !is_word(&token.term.text) {
            continue;
        }
        match words.groups.last_mut() {
            _ if token.is_excluded => words.excluded.push(token.term),
            Some(group) if joins_last => group.push(token.term),
            _ => words.groups.push(vec![token.term]),
        }
        joins_last = false;
    }
    words
}

/// Cuts with_operators text into words and phrases; a phrase that is not closed goes to the end.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let bare = rest.strip_prefix('-');
        let is_excluded = bare.is_some();
        rest = bare.unwrap_or(rest);
        let (found, after, is_phrase) = match rest.strip_prefix('"') {
            Some(phrase) => {
                let (phrase, after) = phrase.split_once('"').unwrap_or((phrase, ""));
                (phrase, after, true)
            }
            None => {
                let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
                (&rest[..end], &rest[end..], false)
            }
        };
        let (found, after, is_open) = match (is_phrase, found.strip_suffix('*'), after.strip_prefix('*')) {
            (true, _, Some(after)) => (found, after, true),
            (false, Some(found), _) => (found, after, true),
            _ => (found, after, false),
        };
        let is_or = found == "OR" && !is_phrase && !is_excluded && !is_open;
        tokens.push(Token { term: Term { text: found.to_owned(), is_open }, is_excluded, is_or });
        rest = after.trim_start();
    }
    tokens
}

fn plain(text: &str) -> impl Iterator<Item = Term> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.map(|word| Term { text: word.to_owned(), is_open: false })
}

fn any_term(text: &str) -> Words {
    let is_small = |term: &Term| SMALL.contains(&term.text.to_lowercase().as_str());
    let (small, telling): (Vec<Term>, Vec<Term>) = plain(text).partition(is_small);
    let mut terms: Vec<Term> = Vec::new();
    let words = if telling.is_empty() { small } else { telling };
    for term in words.into_iter().flat_map(parts_of).map(stem) {
        if terms.len() < MAX_TERMS && !terms.contains(&term) {
            terms.push(term);
        }
    }
    Words {
        groups: Some(terms).filter(|terms| !terms.is_empty()).into_iter().collect(),
        excluded: Vec::new(),
    }
}

/// A word that holds writing without spaces, as the parts any of which will do; any other word as it is.
fn parts_of(term: Term) -> Vec<Term> {
    script::pairs(&term.text).into_iter().map(|text| Term { text, is_open: false }).collect()
}

/// Whether the index would find a word in it: it splits texts at what is neither letter nor digit.
fn is_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The word without its ending, open at its end: `hallucinated` finds `hallucination`.
fn stem(term: Term) -> Term {
    let lower = term.text.to_lowercase();
    let stems = ENDINGS.iter().filter_map(|ending| lower.strip_suffix(ending));
    let stem = stems.filter(|stem| stem.chars().count() >= STEM_CHARS).min_by_key(|stem| stem.len());
    let is_open = stem.is_some() || lower.chars().count() >= STEM_CHARS;
    Term { text: stem.unwrap_or(&lower).to_owned(), is_open }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(syntax: QuerySyntax, typed: &str, expected: &str) {
        let words = Words::read(typed, syntax).unwrap().unwrap();
        assert_eq!(words.expression(), expected, "{typed:?}");
    }

    #[test]
    fn marks_mean_what_people_expect() {
        let check = |typed, expected| check(QuerySyntax::Operators, typed, expected);
        check("pontine lesion", r#"(("pontine") AND ("lesion"))"#);
        check(r#""pontine lesion" scan"#, r#"(("pontine lesion") AND ("scan"))"#);
        check("hallu* -format", r#"(("hallu" *)) NOT ("format")"#);
        check("a OR b c", r#"(("a" OR "b") AND ("c"))"#);
        check(r#"-"a b" c -d*"#, r#"(("c")) NOT ("a b" OR "d" *)"#);
        check(r#""the sca"*"#, r#"(("the sca" *))"#);
        check("search_web well-known", r#"(("search_web") AND ("well-known"))"#);
        check("病変* GPT模型", r#"(("病 変" *) AND ("GPT 模 型"))"#);
    }

    #[test]
    fn anything_else_is_only_a_word() {
        let check = |typed, expected| check(QuerySyntax::Operators, typed, expected);
        check("OR a OR", r#"(("a"))"#);
        check("a OR -b c", r#"(("a") AND ("c")) NOT ("b")"#);
        check("NEAR(a b) AND ^c:d", r#"(("NEAR(a") AND ("b)") AND ("AND") AND ("^c:d"))"#);
        check("it\"s open", r#"(("it") AND ("s open"))"#);
        check("a\0b -- *", r#"(("a") AND ("b"))"#);
        check("or Or", r#"(("or") AND ("Or"))"#);
    }

    #[test]
    fn plain_words_have_no_marks() {
        check(QuerySyntax::AllTerms, "what's -wrong* OR", r#"(("what") AND ("s") AND ("wrong") AND ("OR"))"#);
        check(QuerySyntax::AnyTerm, "What is hallucinated in claims?", r#"(("hallucin" * OR "claim" *))"#);
        check(QuerySyntax::AnyTerm, "studies study", r#"(("stud" *))"#);
        check(QuerySyntax::AnyTerm, "what was it", r#"(("what" * OR "was" OR "it"))"#);
        check(QuerySyntax::AnyTerm, "問題は何", r#"(("問 題" OR "題 は" OR "は 何"))"#);
        let long = Words::read(&"many different word ".repeat(99), QuerySyntax::AnyTerm).unwrap().unwrap();
        assert_eq!(long.groups[0].len(), 3);
    }

    #[test]
    fn postgresql_is_asked_for_the_same() {
        let check = |syntax, typed, expected: &str| {
            assert_eq!(Words::read(typed, syntax).unwrap().unwrap().tsquery(), expected, "{typed:?}");
        };
        check(QuerySyntax::Operators, "Pontine lésion", "('pontine') & ('lesion')");
        check(QuerySyntax::Operators, r#""the sca"* -format"#, "('the' <-> 'sca':*) & !('format')");
        check(QuerySyntax::Operators, "a OR b well-known", "('a' | 'b') & ('well' <-> 'known')");
        check(QuerySyntax::Operators, "it's 病変*", "('it' <-> 's') & ('病' <-> '変':*)");
        check(QuerySyntax::AnyTerm, "hallucinated claims", "('hallucin':* | 'claim':*)");
    }

    #[test]
    fn what_cannot_be_looked_for_is_named() {
        for (typed, says) in
            [("-a", "only what to leave out"), ("* -- \"\"", "no word"), ("\"!\"", "no word")]
        {
            let refused = Words::read(typed, QuerySyntax::Operators).unwrap_err().to_string();
            assert!(refused.starts_with("q: ") && refused.contains(says), "{refused}");
        }
        for long in ["x".repeat(1001), "a ".repeat(33)] {
            assert!(Words::read(&long, QuerySyntax::Operators).unwrap_err().to_string().contains("at most"));
        }
        assert_eq!(Words::read(" \t\0", QuerySyntax::Operators).unwrap(), None);
    }
}
