//! What every source file keeps to, judged from its path and text alone.

/// The longest a source file may be; beyond it, it is split along a noun.
pub const MAX_LINES: usize = 500;
/// The longest a line of Rust may be, in characters.
pub const MAX_COLUMNS: usize = 110;

/// Every line of a Rust file that is too long, as sentences. The row of a table in a comment cannot be
/// broken.
fn long_lines(path: &str, text: &str) -> Vec<String> {
    let is_row = |line: &str| line.trim_start().trim_start_matches(['/', '!']).trim_start().starts_with('|');
    let lines =
        (1..).zip(text.lines()).filter(|(_, line)| !(line.trim_start().starts_with("//") && is_row(line)));
    let lines = lines.map(|(number, line)| (number, line.chars().count()));
    let long = lines.filter(|(_, columns)| path.ends_with(".rs") && *columns > MAX_COLUMNS);
    long.map(|(number, columns)| format!("{path}:{number}: {columns} columns; at most {MAX_COLUMNS}"))
        .collect()
}

/// Every rule that a source file breaks, as sentences. `path` is relative to the workspace, with `/` between
/// names.
pub fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        found.push(format!("{path}: {lines} lines; split it along a noun below {MAX_LINES}"));
    }
    found.extend(long_lines(path, text));
    if path.ends_with(".rs") {
        if !text.starts_with("//!") {
            found.push(format!("{path}: does not begin with a `//!` that says what it is for"));
        }
        for (number, line) in (1..).zip(text.lines().map(code)) {
            if asks_for_feature(line) && !may_ask_for_feature(path) {
                found.push(format!("{path}:{number}: `cfg(feature)` in a file that is not to know of it"));
            }
            if path.starts_with("crates/model/src/") && is_usize_field(line) {
                found.push(format!("{path}:{number}: a `usize` on the wire; its size is the machine's"));
            }
        }
    }
    found
}

/// A line without its comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn asks_for_feature(line: &str) -> bool {
    let condition = ["cfg(", "cfg!(", "cfg_attr("].iter().filter_map(|c| line.find(c)).min();
    condition.is_some_and(|at| line.get(at..).unwrap_or_default().contains("feature ="))
}

/// The page renders on the server or hydrates in the browser; only these files may know which. The crates
/// that other programs use leave out what those do not need, in their roots. What speaks to S3 is left out
/// where it is not asked for: its crate, and the place that opens it.
fn may_ask_for_feature(path: &str) -> bool {
    let in_api = path.ends_with("/api.rs") || path.contains("/api/");
    let in_app = path == "app/src/lib.rs" || (path.starts_with("app/") && in_api);
    let s3 = ["crates/s3/src/lib.rs", "server/src/archive_places.rs"];
    in_app || ["crates/telemetry/src/lib.rs", "crates/sdk/src/lib.rs"].contains(&path) || s3.contains(&path)
}

/// `pub name: ...usize...`: a public field, not a function or a constant.
fn is_usize_field(line: &str) -> bool {
    let line = line.trim();
    let Some((name, kind)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    name.chars().all(|c| c.is_alphanumeric() || c == '_') && kind.contains("usize")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let found = violations(path, text);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found:?} should say {expected:?}");
        }
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        check("app/src/a.rs", "//! Pages.\nfn a() {}\n", &[]);
        check("app/src/a.rs", "fn a() {}\n", &["does not begin with"]);
        check("style/a.scss", "$a: 1;\n", &[]);
    }

    #[test]
    fn a_file_is_not_long() {
        check("style/a.scss", &"a\n".repeat(MAX_LINES), &[]);
        check("style/a.scss", &"a\n".repeat(MAX_LINES + 1), &["501 lines"]);
    }

    #[test]
    fn a_line_is_not_long() {
        let line = "x".repeat(MAX_COLUMNS);
        check("a.rs", &format!("//! A.\n{line}\n"), &[]);
        check("a.rs", &format!("//! A.\n{line}y\n"), &["a.rs:2: 111 columns; at most 110"]);
        check("a.rs", &format!("//! | {line} |\n"), &[]);
        check("a.ts", &format!("{line}y"), &[]);
    }

    #[test]
    fn features_are_asked_for_in_few_places() {
        // Put together, so that this file does not break the rule itself.
        let text = ["//! A.\n#[cfg(all(", "feature = \"ssr\"))]\n"].concat();
        check("app/src/lib.rs", &text, &[]);
        check("app/src/runs/api.rs", &text, &[]);
        check("app/src/api/error.rs", &text, &[]);
        check("app/src/runs/list.rs", &text, &["list.rs:2:"]);
        check("server/src/api.rs", &text, &["api.rs:2:"]);
    }

    #[test]
    fn no_usize_on_the_wire() {
        check("crates/model/src/a.rs", "//! A.\n    pub index: Option<usize>,\n", &["a.rs:2:"]);
        check(
            "crates/model/src/a.rs",
            "//! A.\npub const MAX: usize = 1;\npub fn len(&self) -> usize {\n",
            &[],
        );
        check("crates/film/src/a.rs", "//! A.\n    pub index: usize,\n", &[]);
    }
}
