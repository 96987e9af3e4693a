//! The length of functions, judged from text that rustfmt has formatted: the brace that ends a function is
//! indented as its `fn` is.

/// The most lines of a function, with its signature; beyond it, it is split along a noun. Tests are left out,
/// as tables of examples are long.
pub const MAX_LINES: usize = 60;

/// Every function of a file that is too long, as sentences.
pub fn violations(path: &str, text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function(line) else { continue };
        let length = length(&lines[at..]);
        if length > MAX_LINES {
            let number = at + 1;
            found.push(format!("{path}:{number}: `{name}` has {length} lines; at most {MAX_LINES}"));
        }
    }
    found
}

/// The name of the function that begins on a line.
fn function(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let is_modifier =
        |word: &str| ["const", "async", "unsafe"].contains(&word) || word.starts_with("pub") || word == "in";
    let first = words.find(|word| !is_modifier(word))?;
    let name = words.next().filter(|_| first == "fn")?;
    name.split(['(', '<']).next()
}

/// The lines of the function that begins on the first of these; 1 where it has no body or one line.
fn length(lines: &[&str]) -> usize {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let first = lines.first().copied().unwrap_or_default();
    let is_end = |line: &str| indentation(line) == indentation(first) && line.trim_start().starts_with('}');
    if first.ends_with(['}', ';']) {
        return 1;
    }
    // The signature of a function without a body ends with `;` as indented as its `fn`.
    let is_declared = |line: &str| indentation(line) == indentation(first) && line.ends_with(';');
    lines.iter().skip(1).position(|line| is_end(line) || is_declared(line)).map_or(1, |at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function of so many lines.
    fn function_of(lines: usize) -> String {
        let body = "        work();\n".repeat(lines - 2);
        format!("    pub(super) async fn long<T>(a: u8) {{\n{body}    }}\n")
    }

    #[test]
    fn a_long_function_is_found_by_name() {
        let text = format!("//! A.\nimpl A {{\n{}}}\n", function_of(MAX_LINES));
        assert!(violations("a.rs", &text).is_empty());
        let text = format!("//! A.\nimpl A {{\n{}}}\n", function_of(MAX_LINES + 1));
        assert_eq!(violations("a.rs", &text), ["a.rs:3: `long` has 61 lines; at most 60"]);
    }

    #[test]
    fn functions_without_a_body_and_tests_are_left_out() {
        let many = "    fn a(\n        &self,\n    ) -> u8;\n".repeat(30);
        assert!(violations("a.rs", &format!("trait A {{\n{many}    fn b();\n{many}}}\n")).is_empty());
        let text = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function_of(MAX_LINES + 1));
        assert!(violations("a.rs", &text).is_empty());
    }
}
