//! Errors in a file are reported with their place, and nothing of the file is imported.

mod common;

use common::open;

/// Opening `bytes` is refused with exactly this path, this line, and a message that contains `expected`.
fn check(bytes: impl AsRef<[u8]>, path: &str, line: Option<u64>, expected: &str) {
    let shown = String::from_utf8_lossy(bytes.as_ref()).chars().take(200).collect::<String>();
    let Err(error) = open("file.json", bytes) else { panic!("opened: {shown}") };
    assert_eq!((error.path.as_str(), error.line), (path, line), "{error}\n{shown}");
    assert!(error.to_string().contains(expected), "{error}\n{shown}");
    assert!(!error.expected.is_empty(), "{error}");
}

fn detail(field: &str) -> String {
    format!(
        "{{\"results\": [{{\"results\": [{{\"detailed_results\": [\n{{\"reward\": 1}},\n{{{field}}}]}}]}}]}}"
    )
}

const SECOND: &str = "results[0].results[0].detailed_results[1]";

#[test]
fn a_refused_file_gets_the_list_of_shapes() {
    check("", "", None, "the file is empty");
    check(" \n\t", "", None, "the file is empty");
    check([0x1f, 0x8b, 8, 0], "", None, "compressed");
    check("7", "", None, "the file holds a number");
    check("\"x\"", "", None, "the file holds a string");
    check("[1]", "[0]", Some(1), "is a number");
    check("{}", "", Some(1), "an empty object");
    check(
        r#"{"weights": 1, "bias": 2}"#,
        "",
        Some(1),
        "with `weights`, `bias` (line 1); expected a report with `results[].results[]`",
    );
    check(r#"[{"points": 1}]"#, "[0]", Some(1), "`scores`");
    check(r#"{"results": []}"#, "results", Some(1), "at least one entry");
    check(r#"{"results": [{"a": 1}]}"#, "results[0]", Some(1), "neither detailed results nor rewards");
    check(r#"{"results": [7]}"#, "results[0]", Some(1), "is a number");
    check(r#"{"summary": []}"#, "summary", Some(1), "is an array");
    check(r#"{"detailed_results": {}}"#, "detailed_results", Some(1), "is an object");
    check(r#"{"snapshots": {"a": 1}}"#, "snapshots", Some(1), "expected an array");
}

#[test]
fn broken_json_is_placed() {
    check(
        detail("\"reward\": 1").trim_end_matches(['}', ']']),
        &format!("{SECOND}.reward"),
        Some(3),
        "ends in the middle",
    );
    check(detail("\"reward\": 1e999"), &format!("{SECOND}.reward"), Some(3), "number out of range");
    check(detail("\"reward\": undefined"), &format!("{SECOND}.reward"), Some(3), "not valid JSON");
    check(detail("\"reward\" 1"), &format!("{SECOND}.reward"), Some(3), "not valid JSON");
    check(r#"{"rewards": [1, 2, nano]}"#, "rewards[2]", Some(1), "not valid JSON");
    check(r#"{"rewards": [1], "rewards": [2]}"#, "rewards", Some(1), "the key `rewards` occurs twice");
    check("{\"scores\": {\"root\": 1}}\n{\"scores\": {\"root\": x}}", "scores.root", Some(2), "not valid");
    check("{\"scores\": {\"root\": 1}}\n{\"scores\": ", "scores", Some(2), "the line ends in the middle");
    check("[{\"scores\": {}}, {\"scores\": {}, \"ses", "[1]", Some(1), "the file ends in the middle");
    let twice = "{\"scores\": {\"root\": 1}, \"scores\": {}}\n{\"scores\": {}}";
    check(twice, "scores", Some(1), "the key `scores` occurs twice");
    check("PK\u{3}\u{4}", "", None, "is not a zip archive that can be read");
    check("{\"scores\":}\n{\"scores\": {}}", "scores", Some(1), "not valid JSON");
    check("{\"a\":\n \u{1f600}}", "a", Some(2), "column 2");
    check("{\"scores\": é}", "scores", Some(1), "not valid JSON");
    check("{\n}\n{\n}", "", Some(3), "not valid JSON");
    let deep =
        format!("{{\"summary\": {}1{}, \"detailed_results\": []}}", "{\"a\":".repeat(500), "}".repeat(500));
    check(deep, &format!("summary{}", ".a".repeat(31)), Some(1), "recursion limit");
}

#[test]
fn a_wrong_field_is_named() {
    let at = |field: &str| format!("{SECOND}.{field}");
    check(detail("\"response\": \"x\""), &at("reward"), Some(3), "is missing");
    for wrong in ["\"much\"", "[1]", "{}"] {
        check(
            detail(&format!("\"reward\": {wrong}")),
            &at("reward"),
            Some(3),
            &format!("is {wrong} (line 3); expected a finite number"),
        );
    }
    let snapshot = |inner: &str| detail(&format!("\"reward\": 1, \"snapshot\": {inner}"));
    check(snapshot("7"), &at("snapshot"), Some(3), "is 7 (line 3); expected an object");
    check(snapshot("{}"), &at("snapshot.scores"), Some(3), "is missing");
    check(snapshot(r#"{"scores": {"a.b": [1]}}"#), &at("snapshot.scores.a.b"), Some(3), "is [1]");
    check(snapshot(r#"{"scores": {"a..b": 1}}"#), &at("snapshot.scores"), Some(3), "a..b");
    check(
        snapshot(r#"{"scores": {}, "is_paused": "no"}"#),
        &at("snapshot.is_paused"),
        Some(3),
        "true or false",
    );
    check(
        snapshot(r#"{"scores": {}, "challenge": {"type": 1}}"#),
        &at("snapshot.challenge"),
        Some(3),
        "expected a string",
    );
    check(
        detail(r#""reward": 1, "metrics": {"refusal": "no"}"#),
        &at("metrics.refusal"),
        Some(3),
        "is \"no\"",
    );
    check(detail(r#""reward": 1, "metrics": 4"#), &at("metrics"), Some(3), "is 4");
    check(
        detail(&format!("\"reward\": 1, \"response\": {:?}", "x".repeat(1 << 21))),
        &at("action"),
        Some(3),
        "2097152 bytes long",
    );
    check(r#"{"rewards": [1, "two"]}"#, "rewards[1]", Some(1), "is \"two\"");
    check(r#"{"summary": {"rewards": [[1]]}}"#, "summary.rewards[0]", Some(1), "is [1]");
    check(r#"[{"scores": {"root": {}}}]"#, "[0].scores.root", Some(1), "is {}");
    for wrong in ["-1", "1.5", "9007199254740992", "\"one\""] {
        check(
            format!("[{{\"step\": {wrong}, \"scores\": {{}}}}]"),
            "[0].step",
            Some(1),
            &format!("is {wrong} (line 1); expected a whole number"),
        );
    }
    check(r#"[{"scores": {}, "metadata": "x"}]"#, "[0].metadata", Some(1), "expected an object");
    check(r#"[{"scores": {}, "duration_ms": -1}]"#, "[0].duration_ms", Some(1), "0 or more");
}

#[test]
fn a_wrong_event_is_named() {
    let event = |id: u32, text: &str| {
        let head = format!(r#""id":"00000000-0000-7000-8000-{id:012}","at":"2026-11-21T00:06:33Z""#);
        let body = format!(r#"{{"text":"{text}","author":"me"}}"#);
        format!(r#"{{{head},"kind":"annotation.added","v":1,"body":{body}}}"#)
    };
    let good = event(1, "a");
    check(
        format!("{good}\n{}", event(2, "b").replace("me", "")),
        "body.author",
        Some(2),
        "must not be empty",
    );
    check(
        format!("{good}\n{}", event(2, "b").replace(".added", ".gone")),
        "kind",
        Some(2),
        "annotation.gone",
    );
    check(format!("{good}\n{}", event(1, "b")), "", Some(2), "also names a different event");
    check(format!("[{}]", good.replace("\"v\":1", "\"v\":9")), "[0].v", Some(1), "is 9");
}

#[test]
fn a_wrong_export_is_named() {
    let ours =
        |gauntlet: &str, snapshot: &str| format!(r#"{{"gauntlet": {gauntlet}, "snapshots": [{snapshot}]}}"#);
    check(ours(r#"{"version": 2}"#, ""), "gauntlet", Some(1), "version is 2");
    check(ours(r#"{"version": 1}"#, ""), "gauntlet.run", Some(1), "is missing");
    check(ours(r#"{"version": 1, "run": {"name": ""}}"#, ""), "name", None, "must not be empty");
    check(
        ours(r#"{"version": 1, "run": {"name": "a", "odd": 1}}"#, ""),
        "gauntlet.run",
        Some(1),
        "unknown field `odd`",
    );
    check(
        ours(r#"{"version": 1, "run": {"name": "a"}}"#, r#"{"step": 1, "scores": {}}"#),
        "snapshots[0].event",
        Some(1),
        "is missing",
    );
}

#[test]
fn metadata_the_log_could_not_read_back_is_refused() {
    let deep = format!("{}1{}", "[".repeat(110), "]".repeat(110));
    check(
        format!("[{{\"scores\": {{}}, \"metadata\": {{\"a\": {deep}}}}}]"),
        "[0]",
        Some(1),
        "nested too deeply",
    );
    check(format!("{{\"rewards\": [1], \"odd\": {deep}}}"), "", None, "nested too deeply");
    let big = format!("{:?}", "x".repeat(9 << 20));
    check(
        format!("[{{\"scores\": {{}}, \"metadata\": {{\"a\": {big}}}}}]"),
        "[0]",
        Some(1),
        "at most 8388608 are allowed",
    );
    check(format!("{{\"rewards\": [1], \"odd\": {big}}}"), "", None, "besides its steps");
}
