//! Short names: of runs without what all their names begin with, of setups by what differs between them, and
//! of values of a configuration.

use gauntlet_api::Comparison;
use gauntlet_model::RunId;
use serde_json::Value;

/// The most runs that have room for their full names and links; those of more are shortened and in a menu
/// each, so that the charts are not far below.
const MAX_OPEN: usize = 3;
/// Characters of a value that are shown.
const MAX_CHARS: usize = 120;
/// A shared beginning of fewer characters is left in the names.
const MIN_SHARED: usize = 8;
/// Keys of a configuration that name a setup at most.
const MAX_KEYS: usize = 3;

/// Whether a comparison has so many runs that each can have little room.
pub(super) fn is_dense(comparison: &Comparison) -> bool {
    comparison.runs.len() > MAX_OPEN
}

/// The names of the runs in their order; of many runs without the words that all of them begin with.
pub(super) fn names(comparison: &Comparison) -> Vec<String> {
    let names: Vec<&str> = comparison.runs.iter().map(|run| run.name.as_str()).collect();
    let shared = if is_dense(comparison) { shared(&names) } else { 0 };
    let short = |name: &&str| match shared {
        0 => (*name).to_owned(),
        shared => format!("…{}", &name[shared..]),
    };
    names.iter().map(short).collect()
}

/// The bytes of the words that all names begin with; 0 where leaving them out would gain little.
fn shared(names: &[&str]) -> usize {
    let Some((first, others)) = names.split_first() else { return 0 };
    let same = |name: &&str| {
        let pairs = first.char_indices().zip(name.chars());
        pairs.take_while(|((_, a), b)| a == b).last().map_or(0, |((at, a), _)| at + a.len_utf8())
    };
    let same = others.iter().map(same).min().unwrap_or(0);
    let words = first[..same].rfind(['-', '_', ' ', '/', '.']).map_or(0, |at| at + 1);
    if first[..words].chars().count() < MIN_SHARED { 0 } else { words }
}

/// The name of each setup: the values of the configuration that its runs share and others do not have, else
/// the name of its first run.
pub(super) fn setup_names(comparison: &Comparison) -> Vec<String> {
    let place = |id: &RunId| comparison.runs.iter().position(|run| run.id == *id);
    let setups: Vec<Vec<usize>> =
        comparison.setups.iter().map(|members| members.iter().filter_map(place).collect()).collect();
    let is_shared = |values: &Vec<Value>| {
        setups.iter().all(|members| members.windows(2).all(|pair| values.get(pair[0]) == values.get(pair[1])))
    };
    let keys: Vec<_> = comparison.config.iter().filter(|row| is_shared(&row.values)).take(MAX_KEYS).collect();
    let names = names(comparison);
    let name = |members: &Vec<usize>| {
        let first = members.first().copied().unwrap_or(0);
        let words = keys.iter().map(|row| {
            let value = row.values.get(first).map_or_else(|| "not set".to_owned(), plain);
            format!("{} {value}", row.key)
        });
        match keys.is_empty() {
            true => names.get(first).cloned().unwrap_or_default(),
            false => words.collect::<Vec<_>>().join(" · "),
        }
    };
    setups.iter().map(name).collect()
}

/// A value with its type: texts in quotes; a long one is cut.
pub(super) fn typed(value: &Value) -> String {
    let text = match value {
        Value::Null => "not set".to_owned(),
        value => number(value).unwrap_or_else(|| value.to_string()),
    };
    match text.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// A value as people write it: texts without quotes.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => typed(other),
    }
}

/// A number with a fraction: `1e-5`, not `0.00001`.
fn number(value: &Value) -> Option<String> {
    value.as_f64().filter(|_| value.is_f64()).map(|number| format!("{number:?}"))
}

#[cfg(test)]
mod tests {
    use gauntlet_api::ConfigDifference;
    use gauntlet_model::RunSummary;
    use serde_json::json;

    use super::*;
    use crate::test_run::run;

    fn compared(runs: &[&str]) -> Comparison {
        let named = |name: &&str| RunSummary { name: (*name).to_owned(), ..run(name, 1) };
        Comparison {
            runs: runs.iter().map(named).collect(),
            baseline: RunId::new(runs[0]).expect("an id"),
            paths: Vec::new(),
            config: Vec::new(),
            metadata: Vec::new(),
            failures: Vec::new(),
            setups: Vec::new(),
        }
    }

    #[test]
    fn many_names_leave_out_the_words_they_begin_with() {
        let many = ["grpo-qwen-lr1-s0", "grpo-qwen-lr1-s1", "grpo-qwen-lr2-s0", "grpo-qwen-lr2-s1"];
        assert_eq!(names(&compared(&many)), ["…lr1-s0", "…lr1-s1", "…lr2-s0", "…lr2-s1"]);
        assert_eq!(names(&compared(&many[..2])), many[..2], "two have room");
        let short = ["run-1", "run-2", "run-3", "run-4"];
        assert_eq!(names(&compared(&short)), short, "little would be gained");
        let other = ["grpo-qwen-a", "grpo-qwen-b", "grpo-qwen-c", "ø"];
        assert_eq!(names(&compared(&other)), other);
    }

    #[test]
    fn a_setup_is_named_by_what_its_runs_share() {
        let mut comparison = compared(&["a", "b", "c", "d"]);
        let row = |key: &str, values: [Value; 4]| ConfigDifference { key: key.into(), values: values.into() };
        comparison.config = vec![
            row("lr", [json!(1e-5), json!(1e-5), json!(3e-5), json!(3e-5)]),
            row("seed", [json!(0), json!(1), json!(0), json!(1)]),
            row("opt", [json!("adam"), json!("adam"), Value::Null, Value::Null]),
        ];
        let id = |name: &str| RunId::new(name).expect("an id");
        comparison.setups = vec![vec![id("a"), id("b")], vec![id("c"), id("d")]];
        assert_eq!(setup_names(&comparison), ["lr 1e-5 · opt adam", "lr 3e-5 · opt not set"]);
        comparison.config.clear();
        assert_eq!(setup_names(&comparison), ["a", "c"]);
    }

    #[test]
    fn values_keep_their_types() {
        let words = [json!(1), json!(1.0), json!("1"), json!(0.00001), Value::Null, json!([1e-7])];
        assert_eq!(words.map(|it| typed(&it)), ["1", "1.0", "\"1\"", "1e-5", "not set", "[1e-7]"]);
    }
}
