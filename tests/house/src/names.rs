//! Public types whose name says too little: defined more than once in a crate, or in more than two crates.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenTree;

use crate::tokens::{after_item, is_punct, is_test_only, is_word, of_file};

/// The most crates that may define a public type of one name.
const MAX_CRATES: usize = 2;

/// The words of the simulated town are its own contract: crates of the platform do not link it.
const TOWN: &str = "crates/townlet";

/// The names that are too common, as sentences. `files` are the crate, the path and the text of each file.
pub fn doubled<'a>(files: &[(&'a str, &'a str, &'a str)]) -> Vec<String> {
    let mut defined: BTreeMap<String, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for (name, path, text) in files {
        for word in public_types(&of_file(text)) {
            defined.entry(word).or_default().entry(name).or_default().push(path);
        }
    }
    let mut found = Vec::new();
    for (word, crates) in &defined {
        for (name, paths) in crates.iter().filter(|(_, paths)| paths.len() > 1) {
            found.push(format!("{word}: {name} defines it in {}", paths.join(" and in ")));
        }
        let of_platform: BTreeSet<&str> =
            crates.keys().copied().filter(|name| !name.starts_with(TOWN)).collect();
        if of_platform.len() > MAX_CRATES {
            let crates: Vec<_> = of_platform.into_iter().collect();
            found.push(format!("{word}: defined in {}", crates.join(", ")));
        }
    }
    found
}

/// The types that a file defines as `pub`, outside of inner modules, functions and tests.
fn public_types(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if is_punct(token, '#') && is_test_only(&tokens[at..]) {
            at = after_item(tokens, at);
            continue;
        }
        if let [public, item, TokenTree::Ident(name), ..] = &tokens[at..]
            && is_word(public, "pub")
            && ["struct", "enum", "trait", "type", "union"].iter().any(|word| is_word(item, word))
        {
            found.push(name.to_string());
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_too_common_twice_in_a_crate_or_in_three_crates() {
        let files = [
            ("a", "a/one.rs", "pub struct Page; pub(crate) struct Row;"),
            ("a", "a/two.rs", "pub enum Page {} #[cfg(test)] pub struct Key; struct Key;"),
            ("b", "b/one.rs", "pub trait Row {} pub type Key = u64;"),
            ("c", "c/one.rs", "pub struct Row; pub struct Key;"),
            ("d", "d/one.rs", "pub struct Row; mod inner { pub struct Key; }"),
            ("crates/townlet", "t/one.rs", "pub struct Key;"),
        ];
        assert_eq!(
            doubled(&files),
            ["Page: a defines it in a/one.rs and in a/two.rs", "Row: defined in b, c, d"]
        );
    }
}
