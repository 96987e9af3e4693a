//! No import circle inside a crate.
//!
//! The rule: at every level of a crate's module tree, the siblings, each taken with everything below it, form
//! no circle of imports. A module and what is below it are one thing seen from outside, so a parent may call
//! its children and a child may name what its parent defines. The crate's root is not such a parent: it
//! counts as one more sibling of its modules, apart from `mod` and re-exports, since what it defines for them
//! belongs into a module of its own.
//!
//! An import is a path that begins with `crate`, `self`, `super` or the name of a child module, in a `use` or
//! anywhere else; one through a re-export leads to the file that defines the item. What is behind
//! `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::imports::{File, Import};

/// A module's path below its crate: empty for the root.
type Module = Vec<String>;

/// Most re-exports between a path and the file that defines the item.
const MAX_HOPS: usize = 8;

/// Every circle among the files of one crate, as sentences. `files` are paths below `src`, with `/`, and
/// texts.
pub fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let has_library = files.iter().any(|(path, _)| *path == "lib.rs");
    // A program beside a library is a crate of its own, and names the library from outside.
    let is_other_crate = |path: &str| path.starts_with("bin/") || (has_library && path == "main.rs");
    let files = files.iter().filter(|(path, _)| !is_other_crate(path));
    let parsed = files.map(|(path, text)| (module_of(path), File::parse(text)));
    Tree(parsed.collect()).circles()
}

/// `a/mod.rs` and `a.rs` are `a`; `lib.rs` and `main.rs` are the root.
fn module_of(path: &str) -> Module {
    let mut names: Module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(names.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        names.pop();
    }
    names
}

/// The files of a crate by module.
struct Tree(BTreeMap<Module, File>);

impl Tree {
    fn circles(&self) -> Vec<String> {
        let edges: BTreeSet<(Module, Module)> =
            self.0.iter().flat_map(|(m, file)| self.edges(m, file)).collect();
        let mut levels: BTreeSet<&[String]> = BTreeSet::from([&[] as &[String]]);
        levels.extend(self.0.keys().filter_map(|module| module.split_last().map(|(_, level)| level)));
        levels.into_iter().flat_map(|level| circles_at(level, &edges)).collect()
    }

    /// What a file imports, as modules of the crate.
    fn edges<'a>(
        &'a self,
        module: &'a Module,
        file: &'a File,
    ) -> impl Iterator<Item = (Module, Module)> + 'a {
        file.imports.iter().filter_map(move |import| {
            let path = absolute(module, import)?;
            let is_below = path.starts_with(module.as_slice());
            // A facade shows what is below it.
            (!(import.is_public && is_below)).then_some(())?;
            Some((module.clone(), self.resolve(&path, MAX_HOPS)?))
        })
    }

    /// The file that a path leads to; `None` where that is another crate's.
    fn resolve(&self, path: &[String], hops: usize) -> Option<Module> {
        let length = (0..=path.len()).rev().find(|length| self.0.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let Some((name, rest)) = rest.split_first().filter(|_| hops > 0) else {
            return Some(module.to_vec());
        };
        let file = self.0.get(module)?;
        if file.defined.contains(name) {
            return Some(module.to_vec());
        }
        if let Some(import) = file.imports.iter().find(|import| import.name.as_deref() == Some(name)) {
            let mut path = absolute(module, import)?;
            path.extend_from_slice(rest);
            return self.resolve(&path, hops - 1);
        }
        // `pub use child::*`: whichever of them defines the name.
        let globs = file.imports.iter().filter(|import| import.is_glob);
        let through = globs.filter_map(|import| absolute(module, import)).filter_map(|mut path| {
            path.push(name.clone());
            self.resolve(&path, hops - 1).filter(|found| self.0[found].defined.contains(name))
        });
        through.into_iter().next().or_else(|| Some(module.to_vec()))
    }
}

/// A path from the crate's root; `None` where it is another crate's.
fn absolute(module: &[String], import: &Import) -> Option<Module> {
    let mut base = module.to_vec();
    let mut path = import.path.as_slice();
    match path.first()?.as_str() {
        "crate" => {
            base.clear();
            path = &path[1..];
        }
        "self" => path = &path[1..],
        "super" => {
            while path.first().is_some_and(|name| name == "super") {
                base.pop();
                path = &path[1..];
            }
        }
        _ if import.is_child => {}
        _ => return None,
    }
    base.extend_from_slice(path);
    Some(base)
}

/// The circles among the siblings at one level, one sentence each.
fn circles_at(level: &[String], edges: &BTreeSet<(Module, Module)>) -> Vec<String> {
    // Which sibling a module belongs to. The crate's root is one more sibling at the uppermost level.
    let sibling = |module: &Module| -> Option<String> {
        let below = module.strip_prefix(level)?;
        match below.first() {
            Some(name) => Some(name.clone()),
            None => level.is_empty().then(|| "(the root)".to_owned()),
        }
    };
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in edges {
        if let (Some(from), Some(to)) = (sibling(from), sibling(to))
            && from != to
        {
            graph.entry(from).or_default().insert(to);
        }
    }
    let mut found = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for start in graph.keys() {
        let Some(circle) = shortest_circle(start, &graph) else { continue };
        // Each circle is reported once, from the first of its modules.
        if circle.iter().any(|module| seen.contains(module)) {
            continue;
        }
        seen.extend(circle.iter().cloned());
        let place = if level.is_empty() { String::new() } else { format!(" in {}", level.join("::")) };
        found.push(format!("{} -> {start}: an import circle{place}", circle.join(" -> ")));
    }
    found
}

/// The shortest way from a module back to itself.
fn shortest_circle(start: &str, graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut queue = VecDeque::from([vec![start.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(path) = queue.pop_front() {
        for next in graph.get(path.last()?).into_iter().flatten() {
            if next == start {
                return Some(path);
            }
            if seen.insert(next) {
                queue.push_back([path.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(circles(files), expected);
    }

    #[test]
    fn two_files_that_import_each_other_are_found() {
        check(
            &[("a.rs", "use crate::b::B;"), ("b.rs", "fn f(a: crate::a::A) {}"), ("lib.rs", "mod a; mod b;")],
            &["a -> b -> a: an import circle"],
        );
        check(&[("a.rs", "use super::b;"), ("b.rs", "use std::fmt;"), ("lib.rs", "mod a; mod b;")], &[]);
    }

    #[test]
    fn a_re_export_leads_to_the_file_behind_it() {
        let root = "mod a; mod b; pub use a::A; pub use b::*;";
        check(
            &[
                ("a.rs", "use crate::B; pub struct A;"),
                ("b.rs", "use crate::A; pub struct B;"),
                ("lib.rs", root),
            ],
            &["a -> b -> a: an import circle"],
        );
        check(&[("a.rs", "use crate::B;"), ("b.rs", "pub struct B;"), ("lib.rs", root)], &[]);
        let other = "mod a; mod b; pub use outside as b; fn f() { a::g() }";
        check(&[("a.rs", "use crate::b::B;"), ("lib.rs", other)], &[]);
    }

    #[test]
    fn a_parent_and_its_children_are_one() {
        let parent = "mod x; mod y; pub struct P; fn f() { x::g(); }";
        let files = [("a/mod.rs", parent), ("a/x.rs", "use super::P;"), ("lib.rs", "mod a; mod b;")];
        check(&files, &[]);
        check(
            &[("a/x.rs", "use super::y::Y;"), ("a/y.rs", "use crate::a::x::X;"), ("a/mod.rs", parent)],
            &["x -> y -> x: an import circle in a"],
        );
        check(
            &[&files[..], &[("b.rs", "use crate::a::P;"), ("a/y.rs", "use crate::b::B;")]].concat(),
            &["a -> b -> a: an import circle"],
        );
    }

    #[test]
    fn the_root_is_no_parent() {
        check(
            &[
                ("main.rs", "mod a; type Outcome = (); fn main() { a::go() }"),
                ("a.rs", "use crate::Outcome;"),
            ],
            &["(the root) -> a -> (the root): an import circle"],
        );
        check(&[("lib.rs", "mod a; pub use a::A;"), ("a.rs", "pub struct A;")], &[]);
        check(&[("lib.rs", "pub mod a;"), ("a.rs", ""), ("main.rs", "use the_crate::a;")], &[]);
    }

    #[test]
    fn tests_and_texts_are_left_out() {
        let a = "#[cfg(test)] mod tests { use crate::b::B; } // crate::b\n const T: &str = \"crate::b\";";
        check(&[("a.rs", a), ("b.rs", "use crate::a::A;"), ("lib.rs", "mod a; mod b;")], &[]);
        let a = "#[cfg(test)] use crate::b::{B, C}; #[cfg(not(test))] fn f() {}";
        check(&[("a.rs", a), ("b.rs", "use crate::a::A;"), ("lib.rs", "mod a; mod b;")], &[]);
    }

    #[test]
    fn paths_inside_of_macros_count() {
        let a = "fn f() { println!(\"{}\", crate::b::X); }";
        check(
            &[("a.rs", a), ("b.rs", "use crate::{a::{self, A}, c};"), ("lib.rs", "mod a; mod b;")],
            &["a -> b -> a: an import circle"],
        );
    }
}
