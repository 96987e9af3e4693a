//! `gauntlet mcp` in the protocol that clients speak: a line of JSON-RPC for each message.

use std::io::{BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::fixture::{Server, lines_of, out};

/// A server with a demo of 60 steps, `first`.
fn server() -> Server {
    let server = Server::start();
    out(&server.command(&["demo", "--steps", "60", "--run", "first", "--seed", "3"]).output().unwrap());
    server
}

/// Its address.
fn at(server: &Server) -> String {
    format!("http://{}", server.listen)
}

/// A client that began the protocol.
struct Client {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    asked: u64,
}

impl Client {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gauntlet"))
            .arg("mcp")
            .args(arguments)
            .env_remove("GAUNTLET_ENDPOINT")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = lines_of(&mut child);
        Self { child, stdin, stdout, asked: 0 }
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.stdin, "{message}").unwrap();
        self.stdin.flush().unwrap();
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let line = self.stdout.next().unwrap().unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(id)), "{line}");
        answer
    }

    fn initialize(arguments: &[&str]) -> Self {
        let mut client = Self::start(arguments);
        let params = json!({
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "a test", "version": "1" },
        });
        let answer = client.ask("initialize", params);
        let result = &answer["result"];
        assert_eq!(result["protocolVersion"], "2025-06-18", "{answer}");
        assert_eq!(result["serverInfo"]["name"], "gauntlet", "{answer}");
        assert_eq!(result["capabilities"], json!({ "tools": {} }), "{answer}");
        assert!(result["instructions"].as_str().unwrap().contains("list_runs"), "{answer}");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    fn tools(&mut self) -> Vec<Value> {
        self.ask("tools/list", json!({}))["result"]["tools"].as_array().unwrap().clone()
    }

    /// The text of a tool's answer, and whether it is an error.
    fn text(&mut self, tool: &str, arguments: &Value) -> (String, bool) {
        let answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        let content = answer["result"]["content"].as_array().unwrap_or_else(|| panic!("{answer}"));
        assert_eq!((content.len(), &content[0]["type"]), (1, &json!("text")), "{answer}");
        (content[0]["text"].as_str().unwrap().to_owned(), answer["result"]["isError"] == true)
    }

    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let (text, is_error) = self.text(tool, arguments);
        assert!(!is_error, "{tool} {arguments}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    fn refusal(&mut self, tool: &str, arguments: &Value) -> String {
        let (text, is_error) = self.text(tool, arguments);
        assert!(is_error, "{tool} {arguments}: {text}");
        text
    }

    /// Closes the standard input, as clients end a server; answers whether it ended well.
    fn end(mut self) -> bool {
        drop(self.stdin);
        self.child.wait().unwrap().success()
    }
}

#[test]
fn a_language_model_reads_runs_over_the_protocol() {
    let server = server();
    let mut client = Client::initialize(&["--endpoint", &at(&server)]);
    let tools = client.tools();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "list_runs",
            "run_summary",
            "failing_steps",
            "worst_steps",
            "read_step",
            "list_episodes",
            "read_episode",
            "compare_runs",
            "compare_tasks",
            "search",
            "series",
            "sql",
        ]
    );
    let manual = include_str!("../../../docs/mcp.md");
    for tool in &tools {
        assert!(manual.contains(&format!("`{}`", tool["name"].as_str().unwrap())), "docs/mcp.md: {tool}");
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert_eq!(
            (&tool["inputSchema"]["type"], &tool["inputSchema"]["additionalProperties"]),
            (&json!("object"), &json!(false)),
            "{tool}"
        );
        for (name, property) in tool["inputSchema"]["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{name} of {tool}");
        }
    }

    let runs = client.call("list_runs", &json!({ "limit": 5 }));
    assert_eq!((&runs["items"][0]["id"], &runs["items"][0]["steps"]), (&json!("first"), &json!(60)));
    assert!(runs["items"][0]["config"].is_null());
    let summary = client.call("run_summary", &json!({ "run": "first" }));
    assert!(summary["run"]["config"].is_object() && summary["failures"]["nodes"] == 60, "{summary}");
    let root = summary["paths"].as_array().unwrap().iter().find(|path| path["path"] == "root").unwrap();
    assert_eq!(root["values"]["steps"], 60, "{root}");

    let failing = client.call("failing_steps", &json!({ "run": "first", "limit": 1000 }));
    assert_eq!(
        failing["items"].as_array().unwrap().len() as u64,
        runs["items"][0]["failing"].as_u64().unwrap()
    );
    let worst = client.call("worst_steps", &json!({ "run": "first", "limit": 2 }));
    let rows = worst["rows"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0][2].as_f64()), (2, root["values"]["low"].as_f64()), "{worst}");
    let one = json!({ "run": "first", "step": rows[0][0], "text": 10 });
    let step = client.call("read_step", &one);
    assert_eq!(step["events"][0]["body"]["scores"]["root"], rows[0][2], "{step}");
    assert!(step.to_string().contains(" more characters)"), "{step}");

    server.post("", &json!({ "id": "second", "name": "with an episode" }).to_string());
    let started = json!([{
        "id": "01920000-0000-7000-8000-000000000001", "at": "2026-11-21T00:00:00Z", "v": 1,
        "kind": "episode.started", "episode": "e1", "body": { "task": "add two numbers" },
    }]);
    server.post("/second/events", &started.to_string());
    let episodes = client.call("list_episodes", &json!({ "run": "second" }));
    assert_eq!(episodes["items"][0]["task"], "add two numbers", "{episodes}");
    let events = client.call("read_episode", &json!({ "run": "second", "episode": "e1" }));
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
    assert_eq!(events["events"][0]["episode"], "e1", "{events}");

    let compared = client.call("compare_runs", &json!({ "runs": ["first"] }));
    assert_eq!(compared["baseline"], "first");
    let series = client.call("series", &json!({ "runs": ["first"], "paths": ["root"], "points": 10 }));
    assert!(series["series"][0]["mean"].as_array().unwrap().len() <= 10, "{series}");
    let counted = client.call("sql", &json!({ "sql": "select count(*) as n from steps", "runs": ["first"] }));
    assert_eq!(counted, json!({ "columns": ["n"], "rows": [[60]], "truncated": false }));
    assert!(client.call("search", &json!({ "q": "protein", "limit": 1 }))["items"].is_array());

    assert!(client.refusal("sql", &json!({ "sql": "delete from runs" })).contains("only SELECT"));
    assert!(client.refusal("run_summary", &json!({ "run": "none" })).contains("no run \"none\""));
    assert!(client.refusal("read_step", &json!({ "run": "first" })).contains("missing field `step`"));
    assert!(client.refusal("list_runs", &json!({ "colour": "red" })).contains("unknown field `colour`"));
    assert!(client.refusal("worst_steps", &json!({ "run": "first", "limit": 0 })).contains("limit: is 0"));
    let quoted = json!({ "run": "first", "path": "x' or '1' = '1" });
    assert_eq!(client.call("worst_steps", &quoted)["rows"], json!([]));
    let large = json!({ "runs": ["first"], "sql": "select hex(zeroblob(40000)) from steps limit 2" });
    assert!(client.refusal("sql", &large).contains("ask for less"));
    let unknown = client.ask("tools/call", json!({ "name": "command", "arguments": {} }));
    assert!(unknown["error"]["message"].as_str().unwrap().contains("no tool \"command\""), "{unknown}");
    assert!(client.end());
}

#[test]
fn commands_are_offered_only_where_they_are_allowed() {
    let server = server();
    let mut client = Client::initialize(&["--endpoint", &at(&server), "--allow-commands"]);
    let command = client.tools().into_iter().find(|tool| tool["name"] == "command").unwrap();
    assert_eq!(command["annotations"]["readOnlyHint"], false, "{command}");
    let issued = client.call("command", &json!({ "run": "first", "action": "pause" }));
    let url = format!("{}/api/v1/runs/first/commands", at(&server));
    let pending = ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap();
    let pending: Value = serde_json::from_str(&pending).unwrap();
    let command = &pending["commands"][0];
    assert_eq!(command["command_id"], issued["command_id"], "{pending}");
    assert_eq!((&command["action"], &command["author"]), (&json!("pause"), &json!("mcp")), "{pending}");
    assert!(
        client.refusal("command", &json!({ "run": "first", "action": "fly" })).contains("unknown variant")
    );
    assert!(client.end());
}

#[test]
fn a_server_that_is_started_again_is_found() {
    let mut server = Server::start();
    let mut client = Client::initialize(&["--endpoint", &at(&server)]);
    assert_eq!(client.call("list_runs", &json!({}))["items"], json!([]));
    server.kill();
    let refused = client.refusal("list_runs", &json!({}));
    assert!(refused.contains(&format!("no Gauntlet answers at {}", at(&server))), "{refused}");
    server.restart();
    assert_eq!(client.call("list_runs", &json!({}))["items"], json!([]));
    assert!(client.end());
}
