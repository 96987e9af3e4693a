//! What the code of a pure crate must not name: clocks, files, sockets, threads, the process around it, and
//! async functions. What its dependencies can reach is in [`crate::graph`].

use std::collections::BTreeSet;

use proc_macro2::TokenTree;

use crate::tokens::{after_item, is_punct, is_test_only, is_word, of_file, of_group};

/// Modules of `std` that reach out of the program.
const MODULES: [&str; 5] = ["env", "fs", "net", "process", "thread"];
/// Types that read a clock.
const CLOCKS: [&str; 2] = ["Instant", "SystemTime"];

/// Everything impure that a file names outside of its tests, in alphabetical order.
pub fn violations(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&of_file(text), &mut found);
    found
}

fn collect(tokens: &[TokenTree], found: &mut BTreeSet<String>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if is_punct(token, '#') && is_test_only(&tokens[at..]) {
            at = after_item(tokens, at);
            continue;
        }
        match token {
            TokenTree::Group(group) => collect(&of_group(group), found),
            TokenTree::Ident(ident) => {
                let word = ident.to_string();
                if CLOCKS.contains(&word.as_str()) || word == "async" {
                    found.insert(word.clone());
                }
                if word == "std" {
                    found.extend(modules_of_std(&tokens[at + 1..]));
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The modules that a path names right after `std`: one, or several in braces.
fn modules_of_std(after: &[TokenTree]) -> Vec<String> {
    let [first, second, named, ..] = after else { return Vec::new() };
    if !is_punct(first, ':') || !is_punct(second, ':') {
        return Vec::new();
    }
    let named = match named {
        TokenTree::Group(group) => of_group(group),
        other => vec![other.clone()],
    };
    // In braces, the name of a module begins an entry.
    let begins = |at: usize| at == 0 || named.get(at - 1).is_some_and(|token| is_punct(token, ','));
    let modules = MODULES
        .into_iter()
        .filter(|module| named.iter().enumerate().any(|(at, token)| begins(at) && is_word(token, module)));
    modules.map(|module| format!("std::{module}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = violations(text).into_iter().collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_reaches_out_of_the_program_is_found() {
        check("use std::fs;", &["std::fs"]);
        check("use std::{fmt, net::TcpStream, thread};", &["std::net", "std::thread"]);
        check("fn f() { let at = std::time::Instant::now(); }", &["Instant"]);
        check("async fn f() {}", &["async"]);
    }

    #[test]
    fn tests_texts_and_names_alike_are_left_out() {
        check("#[cfg(test)] mod tests { use std::fs; } // std::fs\n const A: &str = \"std::fs\";", &[]);
        check("use std::fmt; use std::{io, collections::env}; mod process;", &[]);
    }
}
