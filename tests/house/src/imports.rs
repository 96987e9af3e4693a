//! What one Rust file imports and defines, read from its tokens.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenTree};

use crate::tokens::{after_item, is_punct, is_test_only, is_word, of_file, of_group};

/// A file as far as its imports are concerned.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// Paths into its crate, or out of it.
    pub(crate) imports: Vec<Import>,
    /// Names of the items it defines.
    pub(crate) defined: BTreeSet<String>,
    /// Modules it declares, as `mod name;`.
    children: BTreeSet<String>,
}

/// One path, as a `use` or any other code names it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Import {
    /// Its segments as written.
    pub(crate) path: Vec<String>,
    /// The name it gets in the file, where it is a `use`.
    pub(crate) name: Option<String>,
    /// Whether it begins with a child module's name.
    pub(crate) is_child: bool,
    /// Whether it is a `pub use`.
    pub(crate) is_public: bool,
    /// Whether it is a `use` that ends in `*`.
    pub(crate) is_glob: bool,
}

/// Keywords before the name of an item.
const ITEMS: [&str; 9] = ["struct", "enum", "trait", "fn", "const", "static", "type", "union", "mod"];

impl File {
    /// Reads a file.
    pub(crate) fn parse(text: &str) -> Self {
        let tokens = of_file(text);
        let mut file = Self::default();
        file.declare(&tokens);
        file.read(&tokens, &[]);
        file
    }

    /// Finds the child modules first: a path may precede the declaration.
    fn declare(&mut self, tokens: &[TokenTree]) {
        for window in tokens.windows(3) {
            if is_word(&window[0], "mod") && is_punct(&window[2], ';') {
                self.children.insert(window[1].to_string());
            }
        }
    }

    /// Reads tokens inside of the inline modules `inside`.
    fn read(&mut self, tokens: &[TokenTree], inside: &[String]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Punct(_) if is_test_only(&tokens[at..]) => {
                    at = after_item(tokens, at);
                    continue;
                }
                TokenTree::Group(group) => self.read(&of_group(group), inside),
                TokenTree::Ident(word) if word == "use" => {
                    let end = (at..tokens.len()).find(|i| is_punct(&tokens[*i], ';')).unwrap_or(tokens.len());
                    let is_public = is_public(&tokens[..at]);
                    self.read_use(&tokens[at + 1..end], &[], is_public, inside);
                    at = end;
                    continue;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let (Some(name), Some(TokenTree::Group(body))) =
                        (tokens.get(at + 1), tokens.get(at + 2))
                    {
                        let inside = [inside, &[name.to_string()]].concat();
                        self.read(&of_group(body), &inside);
                        at += 3;
                        continue;
                    }
                }
                TokenTree::Ident(word) => {
                    if ITEMS.iter().any(|item| word == item)
                        && let Some(TokenTree::Ident(name)) = tokens.get(at + 1)
                    {
                        self.defined.insert(name.to_string());
                    }
                    let (path, end) = path_at(tokens, at);
                    let is_start = !follows(&tokens[..at]);
                    if is_start && path.len() > 1 {
                        self.add(Import { path, ..Import::default() }, inside);
                        at = end;
                        continue;
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads one tree of a `use`, past `before`.
    fn read_use(&mut self, tokens: &[TokenTree], before: &[String], is_public: bool, inside: &[String]) {
        for branch in tokens.split(|token| is_punct(token, ',')) {
            let mut path = before.to_vec();
            let mut name = None;
            let mut is_glob = false;
            for (i, token) in branch.iter().enumerate() {
                match token {
                    TokenTree::Group(group) => {
                        self.read_use(&of_group(group), &path, is_public, inside);
                        path.clear();
                    }
                    TokenTree::Ident(word) if word == "as" => {
                        name = branch.get(i + 1).map(ToString::to_string);
                        break;
                    }
                    TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                    TokenTree::Ident(word) => path.push(word.to_string()),
                    TokenTree::Punct(punct) => is_glob |= punct.as_char() == '*',
                    TokenTree::Literal(_) => {}
                }
            }
            if !path.is_empty() {
                let name = if is_glob { None } else { name.or_else(|| path.last().cloned()) };
                self.add(Import { path, name, is_child: false, is_public, is_glob }, inside);
            }
        }
    }

    fn add(&mut self, mut import: Import, inside: &[String]) {
        let Some(first) = import.path.first() else { return };
        import.is_child = self.children.contains(first);
        // From inside of an inline module, the first `super`s lead to the file itself.
        let supers = import.path.iter().take_while(|name| *name == "super").count();
        if supers > 0 && !inside.is_empty() {
            let left = supers.saturating_sub(inside.len());
            let rest = import.path.split_off(supers);
            import.path = vec!["super".to_owned(); left];
            if left == 0 {
                import.path.push("self".to_owned());
            }
            import.path.extend(rest);
        }
        let leads_inward = ["crate", "self", "super"].contains(&import.path[0].as_str()) || import.is_child;
        if leads_inward || import.name.is_some() {
            self.imports.push(import);
        }
    }
}

/// Whether a name is not the beginning of a path: it follows `::`, or a `.` as a method does.
fn follows(before: &[TokenTree]) -> bool {
    match before {
        [.., first, second] if is_punct(second, ':') => is_punct(first, ':'),
        [.., last] => is_punct(last, '.'),
        [] => false,
    }
}

/// `a::b::c` from a position on, and where it ends.
fn path_at(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut path = vec![tokens[start].to_string()];
    let mut at = start + 1;
    while let [colon, second, TokenTree::Ident(next), ..] = &tokens[at..]
        && is_punct(colon, ':')
        && is_punct(second, ':')
    {
        path.push(next.to_string());
        at += 3;
    }
    (path, at)
}

/// Whether the tokens before a `use` end in `pub` or `pub(...)`.
fn is_public(before: &[TokenTree]) -> bool {
    match before {
        [.., public, TokenTree::Group(scope)] if scope.delimiter() == Delimiter::Parenthesis => {
            is_word(public, "pub")
        }
        [.., last] => is_word(last, "pub"),
        [] => false,
    }
}
