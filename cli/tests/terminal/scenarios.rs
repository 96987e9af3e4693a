//! Scenarios are listed, shown, begun and checked; none of it needs a server or a folder.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use crate::fixture::{parsed, refusal, stdout_of};

#[test]
fn every_archetype_is_listed_shown_and_begun_with_a_valid_document() {
    let data = tempfile::tempdir().unwrap();
    let listed = parsed(&stdout_of(data.path(), &["scenario", "list", "--json"]));
    assert_eq!(listed.len(), 10);
    for archetype in &listed {
        let name = archetype["name"].as_str().unwrap();
        let shown = stdout_of(data.path(), &["scenario", "show", name]);
        assert!(shown.starts_with(archetype["title"].as_str().unwrap()), "{shown}");
        assert!(!shown.contains('{'), "a role without a name: {shown}");
        let adversarial = ["scenario", "show", name, "--adversarial", "--variant", "6", "--json"];
        let scenario = stdout_of(data.path(), &adversarial);
        let scenario: serde_json::Value = serde_json::from_str(&scenario).unwrap();
        assert_eq!((&scenario["stress"], &scenario["is_adversarial"]), (&0.8.into(), &true.into()));

        let file = data.path().join("mine.json");
        fs::write(&file, stdout_of(data.path(), &["scenario", "new", name])).unwrap();
        let checked =
            parsed(&stdout_of(data.path(), &["scenario", "check", "--json", file.to_str().unwrap()]));
        assert_eq!((&checked[0]["valid"], &checked[0]["mistakes"]), (&true.into(), &serde_json::json!([])));
        let shown_again = stdout_of(data.path(), &["scenario", "show", file.to_str().unwrap()]);
        assert_eq!(shown_again, shown);
    }
    // Like every command, it writes nothing where there is no server.
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1);
}

#[test]
fn what_is_wrong_is_named() {
    let data = tempfile::tempdir().unwrap();
    let refused = |args: &[&str]| refusal(data.path(), &[&["scenario"], args].concat());
    assert!(refused(&["show", "loyalti"]).contains("\"loyalti\" is not an archetype; there are loyalty, "));
    assert!(refused(&["new", "x"]).contains("\"x\" is not an archetype"));
    assert!(refused(&["show", "loyalty", "--variant", "7"]).contains("--variant is 7; \"loyalty\" has 6"));
    assert!(refused(&["show", "loyalty", "--stress", "1.5"]).contains("\"1.5\" is not a number from 0 to 1"));
    assert!(refused(&["show", "none/such.json"]).contains("none/such.json: document: cannot be opened"));

    let file = |name: &str, bytes: &[u8]| {
        let path = data.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let check = |file: &str| {
        let output =
            crate::fixture::gauntlet(data.path(), crate::fixture::NOBODY, &["scenario", "check", file])
                .output()
                .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(check(&file("cut.json", b"{\"schema\":")).contains("document: is not JSON: EOF while parsing"));
    assert!(check(&file("bytes.json", b"\xff{}")).contains("document: is not UTF-8"));
    assert!(check(&file("list.json", b"[1]")).contains("document: is [1]; it must be an object"));
    let large = vec![b' '; (4 << 20) + 1];
    assert!(check(&file("large.json", &large)).contains("document: is larger than 4194304 bytes"));
}

#[test]
fn six_agents_in_a_gym_are_a_run_that_is_the_same_for_a_seed() {
    let data = tempfile::tempdir().unwrap();
    let gym = |run: &str, seed: &str| {
        let args = ["gym", "demo", "--scenarios", "12", "--seed", seed, "--run", run, "--json"];
        parsed(&stdout_of(data.path(), &args))
    };
    let report = gym("first", "3");
    assert_eq!((report.len(), &report[0]["run"]), (7, &json!("first")));
    let agents: BTreeSet<_> = report[1..].iter().map(|line| line["agent"].as_str().unwrap()).collect();
    assert_eq!(agents.len(), 6);
    let decisions: u64 = report[1..].iter().map(|line| line["report"]["actions"].as_u64().unwrap()).sum();
    assert!(decisions >= 6 * 12, "{decisions}");

    let run = |id: &str| parsed(&stdout_of(data.path(), &["show", id, "--json"])).remove(0);
    let first = run("first");
    assert_eq!(
        (&first["status"], &first["project"], &first["episodes"], &first["steps"]),
        (&json!("completed"), &json!("gym"), &json!(6), &json!(decisions)),
        "{first}"
    );
    let nodes = stdout_of(data.path(), &["export", "first", "--format", "jsonl"]);
    assert!(nodes.contains("principles.loyalty"), "{nodes}");

    // The times differ, what was decided does not.
    let again = gym("second", "3");
    assert!(report[1..] == again[1..], "the reports of one seed differ");
    let counted = |run: &serde_json::Value| (run["failing"].clone(), run["mean_root"].clone());
    assert_eq!(counted(&run("second")), counted(&first));

    assert!(refusal(data.path(), &["gym", "demo", "--scenarios", "0"]).contains("1..=100000"));
    assert!(refusal(data.path(), &["gym", "demo", "--run", "a/b"]).contains("a/b"));
}
