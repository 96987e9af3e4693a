//! Words that are banned from identifiers, since a reader cannot guess what they mean or look them up.
//!
//! The rule applies to all code of a crate except for its tests, whose names are sentences.

use std::collections::BTreeSet;

use proc_macro2::TokenTree;

use crate::tokens::{after_item, is_test_only, of_file, of_group};

/// The words; plurals are banned as well.
const WORDS: &[&str] = &[
    "whole",
    "lay",
    "lie",
    "stands",
    "told",
    "said",
    "says",
    "kept",
    "apart",
    "own",
    "give",
    "fate",
    "witness",
    "halt",
    "doomed",
    "blamed",
    "hardened",
    "wary",
    "gist",
    "trouble",
    "mishap",
    "happening",
    "wish",
    "piece",
];

/// Every identifier of a file that has one of the words in it, in alphabetical order.
pub fn violations(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&of_file(text), &mut found);
    found
}

fn collect(tokens: &[TokenTree], found: &mut BTreeSet<String>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Punct(_) if is_test_only(&tokens[at..]) => {
                at = after_item(tokens, at);
                continue;
            }
            TokenTree::Group(group) => collect(&of_group(group), found),
            TokenTree::Ident(ident) => {
                let ident = ident.to_string();
                if parts(&ident).iter().any(|part| is_banned(part)) {
                    found.insert(ident);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The words of an identifier, in small letters: `has_told`, `hasTold` and `HasTold` are `has` and `told`.
fn parts(ident: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_small = false;
    for c in ident.chars() {
        if c == '_' || (c.is_uppercase() && was_small) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| c != '_') {
            part.extend(c.to_lowercase());
        }
        was_small = c.is_lowercase() || c.is_numeric();
    }
    parts
}

fn is_banned(part: &str) -> bool {
    let singular = [Some(part), part.strip_suffix('s'), part.strip_suffix("es")];
    singular.into_iter().flatten().any(|part| WORDS.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_every_case_of_identifier() {
        let text = "mod pieces; fn has_told(x: Fates) { wholeText(LIES, to_owned, town, unsaid) }";
        let found: Vec<String> = violations(text).into_iter().collect();
        assert_eq!(found, ["Fates", "LIES", "has_told", "pieces", "wholeText"]);
    }

    #[test]
    fn texts_comments_and_tests_are_no_identifiers() {
        let text = "// told\n/// said\nconst A: &str = \"kept\";";
        assert!(violations(text).is_empty());
        let text = "#[cfg(test)] mod tests { fn it_is_told() {} } fn f() {}";
        assert!(violations(text).is_empty());
        assert_eq!(violations("#[cfg(test)] use a::{b}; fn told() {}").len(), 1);
    }
}
