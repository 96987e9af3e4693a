//! Runs are listed, found and shown.

use crate::fixture::{NOBODY, Server, folder, gauntlet, out, parsed, refusal, stdout_of};

#[test]
fn runs_are_listed_for_people_and_for_scripts() {
    let data = folder();
    let table = stdout_of(data.path(), &["runs"]);
    let rows: Vec<&str> = table.lines().collect();
    let columns: Vec<_> = rows[0].split_whitespace().collect();
    assert_eq!(columns, ["name", "id", "status", "steps", "mean", "failing", "age"]);
    assert!(rows[1].starts_with("dipg grpo demo  second  completed"), "newest first: {}", rows[1]);
    assert!(rows[2].contains("first") && rows.len() == 3 && !table.contains('\u{1b}'));

    let listed = parsed(&stdout_of(data.path(), &["runs", "--json", "--sort", "name"]));
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|run| run["steps"] == 60 && run["failing"].as_u64() > Some(0)));
    let of = |args: &[&str]| parsed(&stdout_of(data.path(), &[&["runs", "--json"], args].concat())).len();
    assert_eq!([of(&["--project", "dipg"]), of(&["--tag", "demo"]), of(&["-q", "first"])], [2, 2, 1]);
    assert_eq!(of(&["--status", "completed", "-n", "1"]), 1);
    let none = gauntlet(data.path(), NOBODY, &["runs", "--status", "failed"]).output().unwrap();
    assert!(none.status.success() && none.stdout.is_empty());
    assert!(String::from_utf8_lossy(&none.stderr).contains("no runs match"));
    assert!(
        refusal(data.path(), &["runs", "--status", "done"]).contains("[possible values: pending, running")
    );
    assert!(refusal(data.path(), &["runs", "--sort", "age"]).contains("created, updated, name"));
}

#[test]
fn a_run_is_meant_by_id_prefix_or_name_and_a_slip_is_answered_with_candidates() {
    let data = folder();
    assert_eq!(parsed(&stdout_of(data.path(), &["show", "fir", "--json"]))[0]["id"], "first");
    let many = refusal(data.path(), &["show", "dipg grpo demo"]);
    assert!(many.contains("could be any of 2 runs"), "{many}");
    assert!(many.contains("  first  dipg grpo demo  60 steps") && many.contains("  second  "), "{many}");
    let slip = refusal(data.path(), &["tail", "secnd"]);
    assert!(slip.contains("there is no run \"secnd\"; did you mean:\n  second  "), "{slip}");
    assert!(refusal(data.path(), &["show", "zzzz"]).contains("`gauntlet runs` lists them"));
    let empty = tempfile::tempdir().unwrap();
    assert!(refusal(empty.path(), &["show", "x"]).contains("holds no runs"));
}

#[test]
fn a_run_is_shown_at_a_glance_and_a_step_in_full() {
    let data = folder();
    let glance = stdout_of(data.path(), &["show", "first"]);
    for part in ["dipg grpo demo  completed", "project dipg", "60 steps", "mean reward", "reward ", "rubric"]
    {
        assert!(glance.contains(part), "{part:?} is missing:\n{glance}");
    }
    let json = &parsed(&stdout_of(data.path(), &["show", "first", "--json"]))[0];
    let rubrics = json["rubrics"].as_array().unwrap();
    let root = rubrics.iter().find(|r| r["path"] == "root").unwrap();
    assert_eq!(root["evaluated"], 60);
    assert!((root["mean"].as_f64().unwrap() - json["mean_root"].as_f64().unwrap()).abs() < 1e-9);

    let step = stdout_of(data.path(), &["show", "first", "7"]);
    assert!(step.starts_with("step 7 of dipg grpo demo"), "{step}");
    for part in ["root", "format", "action", "observation", "metadata"] {
        assert!(step.contains(part), "{part:?} is missing:\n{step}");
    }
    assert!(step.contains("not evaluated") || step.matches('✓').count() >= 8, "{step}");
    let json = &parsed(&stdout_of(data.path(), &["show", "first", "7", "--json"]))[0];
    assert_eq!((&json["step"], &json["events"][0]["kind"]), (&7.into(), &"snapshot.scored".into()));
    let no_step = refusal(data.path(), &["show", "first", "61"]);
    assert!(no_step.contains("has no step 61; its scored steps run from 1 to 60"), "{no_step}");
}

#[test]
fn everything_about_a_step_is_a_tree_and_cannot_control_the_terminal() {
    let server = Server::start();
    server.post("", r#"{"id": "t", "name": "tree", "rules": "dipg"}"#);
    let span = |n: u32, parent: &str, body: &str| {
        format!(
            r#"{{"id":"01920000-0000-7000-8000-00000000001{n}","at":"2026-11-21T00:06:33Z",
            "kind":"step.recorded","v":1,"step":3,
            "body":{{"span_id":"000000000000000{n}",{parent}"started_at":"2026-11-21T00:06:33Z",
            "ended_at":"2026-11-21T00:06:33.250Z",{body}}}}}"#
        )
    };
    let events = [
        r#"{"id":"01920000-0000-7000-8000-000000000001","at":"2026-11-21T00:06:33Z",
        "kind":"snapshot.scored","v":1,"step":3,
            "body":{"scores":{"root":-20,"proof.quote":1,"proof":2,"grounding":-20,"metrics.kl":-3},
            "not_evaluated":["synthesis"],
            "action":"a\u001b[31m red\nsecond line","observation":"seen"}}"#
            .to_owned(),
        span(1, "", r#""step_kind":"tool_call","name":"lookup","payload":{"q":"dose"}"#),
        span(
            2,
            r#""parent_span_id":"0000000000000001","#,
            r#""step_kind":"tool_result","name":"lookup",
            "error":{"type":"Timeout","message":"no answer","traceback":"line 12"}"#,
        ),
    ];
    server.post("/t/events", &format!("[{}]", events.join(",")));
    let shown = out(&server.command(&["show", "tree", "3"]).output().unwrap());
    let expected = "\
step 3 of tree
  ✗ root                -20.0  generic
  ✓   proof               2.0
  ✓     proof.quote       1.0
  ✗   grounding         -20.0  hallucination
  –     metrics.kl       -3.0
  ·   synthesis      not evaluated
action
  a[31m red
  second line
observation
  seen
what the agent did
  tool_call lookup {\"q\":\"dose\"} (250 ms)
    tool_result lookup Timeout: no answer (250 ms)
      line 12
";
    assert_eq!(shown, expected);
}

#[test]
fn a_step_that_is_scored_again_forgets_the_scores_it_had() {
    let server = Server::start();
    server.post("", r#"{"id": "again", "name": "again"}"#);
    let event = |n: u32, kind: &str, body: &str| {
        format!(
            r#"{{"id":"01920000-0000-7000-8000-00000000002{n}","at":"2026-11-21T00:06:33Z",
            "kind":"{kind}","v":1,"step":1,"body":{body}}}"#
        )
    };
    let scored = |n, root| {
        event(
            n,
            "snapshot.scored",
            &format!(r#"{{"scores":{{"root":{root}}},"action":"a","observation":"o"}}"#),
        )
    };
    let added = |n, value| {
        event(
            n,
            "score.added",
            &format!(r#"{{"target":"step","path":"root","value":{value},"source":"ada"}}"#),
        )
    };
    let root = |events: [String; 2]| {
        server.post("/again/events", &format!("[{}]", events.join(",")));
        let shown = out(&server.command(&["show", "again", "1"]).output().unwrap());
        shown.lines().find(|line| line.contains("root")).unwrap().to_owned()
    };
    let first = root([added(1, 3), scored(2, 1)]);
    assert!(first.contains(" 3.0"), "a score that came first waited: {first}");
    let again = root([added(3, 7), scored(4, 2)]);
    assert!(again.contains(" 2.0"), "{again}");
    let last = root([added(5, 9), event(6, "annotation.added", r#"{"text":"hm","author":"ada"}"#)]);
    assert!(last.contains(" 9.0"), "{last}");
}

#[test]
fn measurements_of_a_step_are_shown_beside_its_rollouts() {
    let server = Server::start();
    server.post("", r#"{"id": "grpo", "name": "grpo"}"#);
    let event = |n: u32, kind: &str, episode: &str, body: &str| {
        format!(
            r#"{{"id":"01920000-0000-7000-8000-00000000003{n}","at":"2026-11-21T00:06:33Z",
            "kind":"{kind}","v":1,{episode}"step":1,"body":{body}}}"#
        )
    };
    let measured = |n, value| {
        let body = format!(r#"{{"target":"step","path":"metrics.loss","value":{value},"source":"log"}}"#);
        event(n, "score.added", "", &body)
    };
    let scored = r#"{"scores":{"root":1},"action":"","observation":""}"#;
    let events =
        [event(1, "snapshot.scored", r#""episode":"e","#, scored), measured(2, 0.5), measured(3, 1.5)];
    server.post("/grpo/events", &format!("[{}]", events.join(",")));
    let shown = out(&server.command(&["show", "grpo", "1"]).output().unwrap());
    let expected = "\
step 1 of grpo, in 2 episodes
episode e
  ✓ root           1.0
no episode
  –     metrics.loss       1.5
";
    assert_eq!(shown, expected);
}

#[test]
fn a_step_of_many_rollouts_is_shown_in_part_and_written_in_full() {
    let server = Server::start();
    server.post("", r#"{"id": "wide", "name": "wide"}"#);
    let event = |n: u32| {
        format!(
            r#"{{"id":"01920000-0000-7000-8000-{n:012}","at":"2026-11-21T00:06:33Z","kind":"snapshot.scored",
            "v":1,"step":1,"episode":"e{}",
            "body":{{"scores":{{"root":1}},"action":"a","observation":"o"}}}}"#,
            n / 2
        )
    };
    let events: Vec<String> = (0..2400).map(event).collect();
    server.post("/wide/events", &format!("[{}]", events.join(",")));
    let shown = out(&server.command(&["show", "wide", "1"]).output().unwrap());
    assert!(shown.starts_with("step 1 of wide, in 1,200 episodes\nepisode e0\n"), "{shown}");
    assert!(shown.contains("1,192 more episodes have a step 1"), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.starts_with("  e")).count(), 50, "{shown}");
    assert!(shown.contains("  e57  2 events\n  …\n") && !shown.contains("not shown"), "{shown}");
    let json = &parsed(&out(&server.command(&["show", "wide", "1", "--json"]).output().unwrap()))[0];
    assert_eq!(json["events"].as_array().unwrap().len(), 2400);
}
