//! Rust source as tokens: comments and texts are not code.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The tokens of a file. A file that is not Rust has none: the compiler reports that elsewhere.
pub(crate) fn of_file(text: &str) -> Vec<TokenTree> {
    text.parse().unwrap_or_else(|_| TokenStream::new()).into_iter().collect()
}

/// The tokens in brackets.
pub(crate) fn of_group(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

pub(crate) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

pub(crate) fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == punct)
}

/// Whether an attribute begins here that leaves its item to tests.
pub(crate) fn is_test_only(tokens: &[TokenTree]) -> bool {
    let [hash, TokenTree::Group(attribute), ..] = tokens else { return false };
    let text = attribute.stream().to_string().replace(' ', "");
    is_punct(hash, '#') && (text == "cfg(test)" || text.starts_with("cfg(all(test"))
}

/// Behind the item that the attribute at `start` belongs to.
pub(crate) fn after_item(tokens: &[TokenTree], start: usize) -> usize {
    let mut at = start;
    // The item's other attributes.
    while tokens.get(at).is_some_and(|token| is_punct(token, '#')) {
        at += 2;
    }
    let is_use = tokens.iter().skip(at).take(3).any(|token| is_word(token, "use"));
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => !is_use && group.delimiter() == Delimiter::Brace,
        other => is_punct(other, ';'),
    };
    tokens.iter().skip(at).position(ends).map_or(tokens.len(), |end| at + end + 1)
}
