//! Rules that not every crate keeps yet. Each list may only become shorter: a crate that keeps a rule, and is
//! still on the list, is a violation as well.

use std::collections::BTreeMap;

/// Crates with import circles.
pub const CIRCLES: &[&str] = &[];
/// Crates with identifiers that contain banned words.
pub const IDENTIFIERS: &[&str] = &[];
/// Crates with lines that are too long.
pub const LONG_LINES: &[&str] = &["app", "crates/scene"];

/// The violations that count: those of crates that are not on the list, and crates that need not be on it.
pub fn counted(found: BTreeMap<String, Vec<String>>, list: &str, allowed: &[&str]) -> Vec<String> {
    let is_allowed = |name: &str| allowed.contains(&name);
    let clean = allowed.iter().filter(|name| found.get(**name).is_none_or(Vec::is_empty));
    let clean =
        clean.map(|name| format!("{name}: keeps the rule; take it off {list} in tests/house/src/debts.rs"));
    let clean: Vec<String> = clean.collect();
    let judged = found.iter().filter(|(name, _)| !is_allowed(name));
    judged.flat_map(|(name, list)| list.iter().map(move |it| format!("{name}: {it}"))).chain(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_only_become_shorter() {
        let found = [("a", vec!["x"]), ("b", vec!["y"]), ("c", vec![])];
        let found =
            found.map(|(name, list)| (name.to_owned(), list.into_iter().map(str::to_owned).collect()));
        let found = counted(found.into(), "LIST", &["b", "c", "d"]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0] == "a: x" && found[1].starts_with("c: keeps") && found[2].starts_with("d: keeps"),
            "{found:?}"
        );
    }
}
