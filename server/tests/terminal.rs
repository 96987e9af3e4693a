//! The commands for people and scripts on the real binary: runs, show, tail, completions, and a demo that obeys.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const LONG: Duration = Duration::from_secs(60);

fn gauntlet(data: &Path, listen: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gauntlet"));
    command
        .args(["--listen", listen, "--log", "error", "--data"])
        .arg(data)
        .args(args)
        .env_remove("NO_COLOR");
    command
}

/// A port nobody listens on, so that the command works in the folder.
const NOBODY: &str = "127.0.0.1:9";

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn said(data: &Path, args: &[&str]) -> String {
    out(&gauntlet(data, NOBODY, args).output().unwrap())
}

fn refusal(data: &Path, args: &[&str]) -> String {
    let output = gauntlet(data, NOBODY, args).output().unwrap();
    assert!(!output.status.success(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

/// A folder with two finished demos, `first` and `second`.
fn folder() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    for (run, seed) in [("first", "3"), ("second", "4")] {
        said(data.path(), &["demo", "--steps", "60", "--run", run, "--seed", seed]);
    }
    data
}

struct Server {
    child: Child,
    listen: String,
    data: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let (child, listen) = Self::spawn(data.path(), "127.0.0.1:0");
        Self { child, listen, data }
    }

    fn spawn(data: &Path, listen: &str) -> (Child, String) {
        let mut child = gauntlet(data, listen, &["serve"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {line:?}"));
        (child, url.split_whitespace().next().unwrap().to_owned())
    }

    fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Self::spawn(self.data.path(), &self.listen).0;
    }

    fn command(&self, args: &[&str]) -> Command {
        gauntlet(self.data.path(), &self.listen, args)
    }

    fn run(&self, id: &str) -> Value {
        let listed = out(&self.command(&["runs", "--json", "-q", id]).output().unwrap());
        parsed(&listed).pop().unwrap_or(Value::Null)
    }

    fn until(&self, run: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + LONG;
        loop {
            let now = self.run(run);
            if condition(&now) {
                return now;
            }
            assert!(Instant::now() < deadline, "it did not come to pass: {now}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn post(&self, path: &str, body: &str) {
        let sent = ureq::post(format!("http://{}/api/v1/runs{path}", self.listen))
            .header("content-type", "application/json")
            .send(body);
        assert!(sent.unwrap().status().is_success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn runs_are_listed_for_people_and_for_scripts() {
    let data = folder();
    let table = said(data.path(), &["runs"]);
    let rows: Vec<&str> = table.lines().collect();
    let columns: Vec<_> = rows[0].split_whitespace().collect();
    assert_eq!(columns, ["name", "id", "status", "steps", "mean", "failing", "age"]);
    assert!(rows[1].starts_with("dipg grpo demo  second  completed"), "newest first: {}", rows[1]);
    assert!(rows[2].contains("first") && rows.len() == 3 && !table.contains('\u{1b}'));

    let listed = parsed(&said(data.path(), &["runs", "--json", "--sort", "name"]));
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|run| run["steps"] == 60 && run["failing"].as_u64() > Some(0)));
    let of = |args: &[&str]| parsed(&said(data.path(), &[&["runs", "--json"], args].concat())).len();
    assert_eq!([of(&["--project", "dipg"]), of(&["--tag", "demo"]), of(&["-q", "first"])], [2, 2, 1]);
    assert_eq!(of(&["--status", "completed", "-n", "1"]), 1);
    let none = gauntlet(data.path(), NOBODY, &["runs", "--status", "failed"]).output().unwrap();
    assert!(none.status.success() && none.stdout.is_empty());
    assert!(String::from_utf8_lossy(&none.stderr).contains("no runs match"));
    assert!(refusal(data.path(), &["runs", "--status", "done"]).contains("\"done\" is not one of pending"));
    assert!(refusal(data.path(), &["runs", "--sort", "age"]).contains("created, updated, name"));
}

#[test]
fn a_run_is_meant_by_id_prefix_or_name_and_a_slip_is_answered_with_candidates() {
    let data = folder();
    assert_eq!(parsed(&said(data.path(), &["show", "fir", "--json"]))[0]["id"], "first");
    let many = refusal(data.path(), &["show", "dipg grpo demo"]);
    assert!(many.contains("could be any of 2 runs"), "{many}");
    assert!(many.contains("  first  dipg grpo demo  60 steps") && many.contains("  second  "), "{many}");
    let slip = refusal(data.path(), &["tail", "secnd"]);
    assert!(slip.contains("there is no run \"secnd\"; did you mean:\n  second  "), "{slip}");
    assert!(refusal(data.path(), &["show", "zzzz"]).contains("`gauntlet runs` lists them"));
    let empty = tempfile::tempdir().unwrap();
    assert!(refusal(empty.path(), &["show", "x"]).contains("there are no runs yet"));
}

#[test]
fn a_run_is_shown_at_a_glance_and_a_step_in_full() {
    let data = folder();
    let glance = said(data.path(), &["show", "first"]);
    for part in ["dipg grpo demo  completed", "project dipg", "60 steps", "mean reward", "reward ", "rubric"]
    {
        assert!(glance.contains(part), "{part:?} is missing:\n{glance}");
    }
    let json = &parsed(&said(data.path(), &["show", "first", "--json"]))[0];
    let rubrics = json["rubrics"].as_array().unwrap();
    let root = rubrics.iter().find(|r| r["path"] == "root").unwrap();
    assert_eq!(root["evaluated"], 60);
    assert!((root["mean"].as_f64().unwrap() - json["mean_root"].as_f64().unwrap()).abs() < 1e-9);

    let step = said(data.path(), &["show", "first", "7"]);
    assert!(step.starts_with("step 7 of dipg grpo demo"), "{step}");
    for part in ["root", "format", "action", "observation", "metadata"] {
        assert!(step.contains(part), "{part:?} is missing:\n{step}");
    }
    assert!(step.contains("not evaluated") || step.matches('✓').count() >= 8, "{step}");
    let json = &parsed(&said(data.path(), &["show", "first", "7", "--json"]))[0];
    assert_eq!((&json["step"], &json["events"][0]["kind"]), (&7.into(), &"snapshot.scored".into()));
    let no_step = refusal(data.path(), &["show", "first", "61"]);
    assert!(no_step.contains("has no step 61; its scored steps run from 1 to 60"), "{no_step}");
}

#[test]
fn everything_about_a_step_is_a_tree_and_cannot_control_the_terminal() {
    let server = Server::start();
    server.post("", r#"{"id": "t", "name": "tree"}"#);
    let span = |n: u32, parent: &str, body: &str| {
        format!(
            r#"{{"id":"01920000-0000-7000-8000-00000000001{n}","at":"2026-11-21T00:06:33Z","kind":"step.recorded","v":1,"step":3,
            "body":{{"span_id":"000000000000000{n}",{parent}"started_at":"2026-11-21T00:06:33Z","ended_at":"2026-11-21T00:06:33.250Z",{body}}}}}"#
        )
    };
    let events = [
        r#"{"id":"01920000-0000-7000-8000-000000000001","at":"2026-11-21T00:06:33Z","kind":"snapshot.scored","v":1,"step":3,
            "body":{"scores":{"root":-20,"proof.quote":1,"proof":2,"grounding":-20,"metrics.kl":-3},"not_evaluated":["synthesis"],
            "action":"a\u001b[31m red\nsecond line","observation":"seen"}}"#
            .to_owned(),
        span(1, "", r#""step_kind":"tool_call","name":"lookup","payload":{"q":"dose"}"#),
        span(
            2,
            r#""parent_span_id":"0000000000000001","#,
            r#""step_kind":"tool_result","name":"lookup","error":{"type":"Timeout","message":"no answer","traceback":"line 12"}"#,
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
fn the_past_is_tailed_in_the_folder() {
    let data = folder();
    let lines = said(data.path(), &["tail", "first", "-n", "3"]);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 4, "the name and three lines: {lines:?}");
    assert!(
        lines[1].trim_start().starts_with("59 ") && lines[2].trim_start().starts_with("60 "),
        "{lines:?}"
    );
    assert!(lines[3].contains("run completed"));
    let events = parsed(&said(data.path(), &["tail", "first", "--json", "-n", "1000"]));
    let seqs: Vec<_> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (0..63).collect::<Vec<_>>());
    let after = parsed(&said(data.path(), &["tail", "first", "--json", "--after", "59"]));
    assert_eq!(after.iter().map(|e| e["seq"].clone()).collect::<Vec<_>>(), [60, 61, 62]);
    let failing = said(data.path(), &["tail", "first", "--failing", "-n", "1000"]);
    let count =
        parsed(&said(data.path(), &["runs", "--json", "-q", "first"]))[0]["failing"].as_u64().unwrap();
    assert_eq!(failing.lines().filter(|line| line.contains('✗')).count() as u64, count);
    assert_eq!(failing.lines().count() as u64, count + 1);
}

/// Reads a child's lines as they come.
fn lines_of(child: &mut Child) -> Lines<BufReader<ChildStdout>> {
    BufReader::new(child.stdout.take().unwrap()).lines()
}

#[test]
fn a_live_tail_outlives_the_server_and_ends_with_the_run() {
    let mut server = Server::start();
    let mut demo = server.command(&["demo", "--run", "live", "--steps", "900", "--rate", "150", "--json"]);
    let mut demo = demo.stdout(Stdio::piped()).spawn().unwrap();
    let begun: Value = serde_json::from_str(&lines_of(&mut demo).next().unwrap().unwrap()).unwrap();
    assert_eq!((&begun["run"], &begun["steps"]), (&"live".into(), &900.into()));
    server.until("live", |run| run["head"].as_u64() > Some(0));
    let mut tail = server.command(&["tail", "live", "--json", "-n", "100000"]);
    let mut tail = tail.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = lines_of(&mut tail);
    let mut seqs = Vec::new();
    let mut last = Value::Null;
    for number in 0.. {
        let Some(line) = lines.next() else { break };
        last = serde_json::from_str(&line.unwrap()).unwrap();
        seqs.push(last["seq"].as_u64().unwrap());
        if number == 200 {
            server.kill_and_restart();
        }
    }
    assert!(tail.wait().unwrap().success() && demo.wait().unwrap().success());
    assert_eq!(seqs, (0..903).collect::<Vec<_>>(), "nothing missed, nothing twice");
    assert_eq!((&last["kind"], &last["body"]["status"]), (&"run.finished".into(), &"completed".into()));
}

#[test]
#[cfg(unix)]
fn an_interrupted_tail_says_where_to_go_on() {
    let server = Server::start();
    server.post("", r#"{"id": "waits", "name": "waits"}"#);
    let mut tail = server.command(&["tail", "waits"]);
    let mut tail = tail.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = lines_of(&mut tail);
    assert!(lines.next().unwrap().unwrap().starts_with("waits"));
    server.post(
        "/waits/events",
        r#"[{"id":"01920000-0000-7000-8000-000000000001","at":"2026-11-21T00:06:33Z","kind":"snapshot.scored","v":1,"step":1,"body":{"scores":{"root":2}}}]"#,
    );
    assert!(lines.next().unwrap().unwrap().contains("2.0  ✓"));
    // It is live now: this one cannot have been read with the past.
    server.post(
        "/waits/events",
        r#"[{"id":"01920000-0000-7000-8000-000000000002","at":"2026-11-21T00:06:33Z","kind":"snapshot.scored","v":1,"step":2,"body":{"scores":{"root":3}}}]"#,
    );
    assert!(lines.next().unwrap().unwrap().contains("3.0  ✓"));
    assert!(Command::new("kill").args(["-INT", &tail.id().to_string()]).status().unwrap().success());
    let ended = tail.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}");
    assert!(told.contains("stopped at event 2; --after 2 goes on"), "{told}");
}

#[test]
fn a_demo_pauses_resumes_and_stops_as_people_say() {
    let server = Server::start();
    let mut demo = server.command(&["demo", "--run", "obeys", "--steps", "1000000", "--rate", "300"]);
    let demo = demo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    server.until("obeys", |run| run["steps"].as_u64() > Some(20));
    let order = |action: &str| {
        server.post("/obeys/commands", &format!(r#"{{"action": "{action}", "author": "ada"}}"#));
    };
    order("pause");
    let paused = server.until("obeys", |run| run["status"] == "paused");
    // What was on its way when it paused has arrived before the status that says so.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.run("obeys")["steps"], paused["steps"], "a paused training rolls nothing out");
    order("resume");
    let steps = paused["steps"].as_u64();
    server.until("obeys", |run| run["status"] == "running" && run["steps"].as_u64() > steps);
    order("stop");
    let ended = demo.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success() && told.contains("stopped: "), "{told}");
    assert_eq!(server.run("obeys")["status"], "cancelled");
    let events =
        parsed(&out(&server.command(&["tail", "obeys", "--json", "-n", "100000"]).output().unwrap()));
    let applied = events.iter().filter(|e| e["kind"] == "command.applied");
    let results: Vec<_> = applied.map(|e| e["body"]["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["paused", "resumed", "stopping"]);
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_no_error() {
    let data = folder();
    let piped = format!(
        "'{}' --listen {NOBODY} --log error --data '{}' tail first --json -n 1000 | head -n 1; exit ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_gauntlet"),
        data.path().display()
    );
    let output = Command::new("bash").args(["-c", &piped]).output().unwrap();
    assert_eq!(parsed(&out(&output)).len(), 1);
}

/// A terminal as `script` makes one.
#[test]
#[cfg(target_os = "linux")]
fn a_terminal_gets_colours_and_its_width_unless_it_wants_none() {
    let data = folder();
    let at_terminal = |environment: &str| {
        let command = format!(
            "stty rows 24 cols 60; {environment} '{}' --listen {NOBODY} --log error --data '{}' tail first --failing -n 5",
            env!("CARGO_BIN_EXE_gauntlet"),
            data.path().display()
        );
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let output = script.stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).replace('\r', "")
    };
    let coloured = at_terminal("");
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    let plain = at_terminal("NO_COLOR=1");
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    assert!(plain.lines().count() == 6 && plain.lines().all(|line| line.chars().count() <= 60), "{plain}");
}

#[test]
fn every_shell_learns_the_commands() {
    let data = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = said(data.path(), &["completions", shell]);
        for word in ["tail", "failing", "completions"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    assert!(refusal(data.path(), &["completions", "tcsh"]).contains("bash"));
}

#[test]
fn every_command_of_the_manual_does_what_it_says() {
    let manual = include_str!("../../docs/cli.md");
    let data = tempfile::tempdir().unwrap();
    let work = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for block in manual.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        let mut lines = block.lines().peekable();
        while let Some(command) = lines.next() {
            let command = command.strip_prefix("$ ").unwrap_or_else(|| panic!("no command: {command}"));
            let mut expected = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                expected.push(line);
            }
            let program = format!(
                "gauntlet() {{ '{}' --listen {NOBODY} --log error --data '{}' \"$@\"; }}; {command}",
                env!("CARGO_BIN_EXE_gauntlet"),
                data.path().display()
            );
            let output =
                Command::new("bash").current_dir(work.path()).args(["-c", &program]).output().unwrap();
            let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            let printed: Vec<&str> = printed.lines().collect();
            assert!(
                fits(&printed, &expected),
                "$ {command}\n{}\nis not\n{}",
                printed.join("\n"),
                expected.join("\n")
            );
            tried += 1;
        }
    }
    assert!(tried >= 10, "only {tried} commands were tried");
}

/// Whether lines are as told; `…` stands for anything, on a line of its own for any lines.
fn fits(printed: &[&str], expected: &[&str]) -> bool {
    match (printed, expected) {
        ([], []) => true,
        (_, ["…", rest @ ..]) => (0..=printed.len()).any(|skipped| fits(&printed[skipped..], rest)),
        ([line, lines @ ..], [told, rest @ ..]) => line_fits(line, told) && fits(lines, rest),
        _ => false,
    }
}

fn line_fits(line: &str, told: &str) -> bool {
    let (line, told) = (line.trim_end(), told.trim_end());
    let Some((first, rest)) = told.split_once('…') else { return line == told };
    let (middle, last) = rest.rsplit_once('…').unwrap_or(("", rest));
    let Some(mut left) = line.strip_prefix(first).and_then(|left| left.strip_suffix(last)) else {
        return false;
    };
    for part in middle.split('…') {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    true
}
