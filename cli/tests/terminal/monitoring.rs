//! Monitors are saved, listed, tried and deleted, at a server and in the folder.

use crate::fixture::{NOBODY, Server, gauntlet, out, parsed};

/// The same commands at either place.
fn check(command: impl Fn(&[&str]) -> std::process::Command) {
    let answer = |args: &[&str]| out(&command(&[&["monitors"], args].concat()).output().unwrap());
    let refused = |args: &[&str]| {
        let output = command(&[&["monitors"], args].concat()).output().unwrap();
        assert!(!output.status.success(), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    out(&command(&["demo", "--steps", "20", "--run", "r", "--seed", "3"]).output().unwrap());

    let trial = parsed(&answer(&["try", "r", "last(root) < 0", "--cooldown", "0", "--json"])).remove(0);
    assert!(trial["events"].as_u64() >= Some(20) && trial["total"].as_u64() > Some(0), "{trial}");
    let shown = answer(&["try", "r", "last(root) < 0", "--cooldown", "0"]);
    assert!(shown.starts_with(&format!("{} alert", trial["total"])), "{shown}");
    let first = &trial["firings"][0];
    assert!(shown.contains(first["values"].as_str().unwrap()), "{shown}");
    assert!(refused(&["try", "r", "silent(5)"]).contains("cannot be tried"));
    assert!(refused(&["try", "none", "isnan(kl)"]).contains("there is no run"));

    let webhook = "http://127.0.0.1:9/hook";
    let add = [
        "add",
        "p/1",
        "a name",
        "isnan(kl)",
        "--severity",
        "error",
        "--cooldown",
        "5",
        "--action",
        "pause",
        "--webhook",
    ];
    let saved = parsed(&answer(&[&add[..], &[webhook, "--json"]].concat())).remove(0);
    assert_eq!(
        (&saved["name"], &saved["cooldown_secs"], &saved["webhook"]),
        (&"a name".into(), &5.into(), &webhook.into())
    );
    assert_eq!(parsed(&answer(&["list", "p/1", "--json"])), [saved]);
    let table = answer(&["list", "p/1"]);
    assert!(
        table.contains("a name  isnan(kl)  error           5 s  pause   http://127.0.0.1:9/hook"),
        "{table}"
    );
    assert!(refused(&["add", "p/1", "b", "mean(kl)"]).contains("at character 8"));
    assert!(refused(&["add", "p/1", "b", "isnan(kl)", "--webhook", "ftp://x"]).contains("must be http:"));
    assert!(
        refused(&["add", "p/1", "b", "isnan(kl)", "--severity", "fatal"]).contains("info, warning, error")
    );

    let deleted = parsed(&answer(&["rm", "p/1", "a name", "--json"])).remove(0);
    assert_eq!(deleted["deleted"], true);
    assert!(refused(&["rm", "p/1", "a name"]).contains("no monitor"));
    assert_eq!(parsed(&answer(&["list", "p/1", "--json"])), Vec::<serde_json::Value>::new());
}

#[test]
fn monitors_are_managed_at_a_server() {
    let server = Server::start();
    check(|args| server.command(args));
}

#[test]
fn monitors_are_managed_in_the_folder() {
    let data = tempfile::tempdir().unwrap();
    check(|args| gauntlet(data.path(), NOBODY, args));
}
