//! SQL over recorded runs: the values of the views, the formats, and statements that are refused.

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Server, id, scored};

/// Three runs: one with episodes, later scores and measurements, one that passes, one that is empty.
async fn server() -> Server {
    let server = Server::new().await;
    for run in ["a", "b", "empty"] {
        let spec = json!({ "id": run, "name": format!("run {run}"), "config": { "lr": 0.5 } });
        server.post("/api/v1/runs", &spec).await.expect(201);
    }
    let event = |n: u64, kind: &str, step: Value, episode: Value, body: Value| {
        json!({
            "id": id(n), "at": "2026-11-21T00:00:00Z", "kind": kind, "v": 1, "step": step,
            "episode": episode, "body": body,
        })
    };
    let snapshot = |root: f64, safety: f64| json!({ "scores": { "root": root, "safety.grounding": safety } });
    let events = json!([
        event(1, "episode.started", Value::Null, json!("e1"), json!({ "task": "add" })),
        event(2, "snapshot.scored", json!(1), json!("e1"), snapshot(0.5, 1.0)),
        event(3, "snapshot.scored", json!(2), json!("e1"), snapshot(-1.0, -2.0)),
        event(
            4,
            "score.added",
            json!(1),
            json!("e1"),
            json!({ "target": "step", "source": "judge", "path": "root", "value": 0.75 })
        ),
        event(
            5,
            "score.added",
            json!(2),
            Value::Null,
            json!({ "target": "step", "source": "judge", "path": "metrics.loss", "value": 0.125 })
        ),
        event(
            6,
            "episode.finished",
            Value::Null,
            json!("e1"),
            json!({ "status": "completed", "return": 2.0 })
        ),
        event(
            7,
            "alert.raised",
            json!(2),
            Value::Null,
            json!({ "text": "root fell", "severity": "error", "monitor": "low" })
        ),
        event(8, "alert.raised", Value::Null, Value::Null, json!({ "text": "look", "severity": "info" })),
    ]);
    server.post("/api/v1/runs/a/events", &events).await.expect(200);
    let passing: Vec<_> = (1..=20).map(|n| scored(n, 0.5)).collect();
    server.post("/api/v1/runs/b/events", &json!(passing)).await.expect(200);
    server
}

async fn rows(server: &Server, sql: &str) -> Value {
    server.post("/api/v1/sql", &json!({ "sql": sql })).await.expect(200).json()["rows"].clone()
}

#[tokio::test]
async fn the_views_have_the_values_of_the_pages() {
    let server = server().await;
    let check = async |sql: &str, expected: Value| {
        assert_eq!(rows(&server, sql).await, expected, "{sql}");
    };
    check(
        "select run, name, steps, failing, mean_root, json_extract(config, '$.lr') from runs order by run",
        json!([
            ["a", "run a", 2, 1, -0.125, 0.5],
            ["b", "run b", 20, 0, 0.5, 0.5],
            ["empty", "run empty", 0, 0, null, 0.5]
        ]),
    )
    .await;
    check(
        "select episode, step, path, value, failure from scores where run = 'a' order by step, path",
        json!([
            ["e1", 1, "root", 0.75, null],
            ["e1", 1, "safety.grounding", 1.0, null],
            ["e1", 2, "root", -1.0, "generic"],
            ["e1", 2, "safety.grounding", -2.0, "generic"]
        ]),
    )
    .await;
    check("select * from metrics", json!([["a", null, 2, "metrics.loss", 0.125]])).await;
    check(
        "select run, episode, step, failure, path, value, root from failures",
        json!([["a", "e1", 2, "generic", "root", -1.0, -1.0]]),
    )
    .await;
    check(
        "select episode, task, status, \"return\", steps, failing, mean_root from episodes",
        json!([["e1", "add", "completed", 2.0, 2, 1, -0.125]]),
    )
    .await;
    check(
        "select run, step, severity, text, monitor from alerts order by seq",
        json!([["a", 2, "error", "root fell", "low"], ["a", null, "info", "look", null]]),
    )
    .await;
    check("select run, alerts from runs where alerts > 0", json!([["a", 2]])).await;
    check("select count(*) from steps", json!([[22]])).await;
    // The same numbers as the API's own lists.
    for run in ["a", "b"] {
        let listed = server.get(&format!("/api/v1/runs/{run}/steps")).await.expect(200).json();
        let steps = listed["items"].as_array().unwrap().iter();
        let steps = steps.map(|s| json!([s["episode"], s["step"], s["seq"], s["root"], s["failure"]]));
        let listed = Value::from(steps.collect::<Vec<_>>());
        check(&format!("select episode, step, seq, root, failure from steps where run = '{run}'"), listed)
            .await;
    }
    let of_one = json!({ "sql": "select count(*) from steps", "runs": ["b", "b"] });
    let of_one = server.post("/api/v1/sql", &of_one).await.expect(200).json();
    assert_eq!(of_one["rows"], json!([[20]]));
    server.post("/api/v1/sql", &json!({ "sql": "select 1", "runs": ["none"] })).await.expect(404);
}

#[tokio::test]
async fn an_answer_says_what_is_missing_and_takes_every_format() {
    let server = server().await;
    let ask = async |more: Value| {
        let mut body = json!({ "sql": "select step, root, 'x' as step from steps order by run, step" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.post("/api/v1/sql", &body).await
    };
    let some = ask(json!({ "limit": 3 })).await.expect(200);
    assert_eq!(some.headers["gauntlet-truncated"], "true");
    let some = some.json();
    assert_eq!((&some["truncated"], &some["columns"]), (&json!(true), &json!(["step", "root", "step_2"])));
    assert_eq!(some["rows"].as_array().unwrap().len(), 3);
    let all = ask(json!({ "limit": 22 })).await.expect(200).json();
    assert_eq!((&all["truncated"], all["rows"].as_array().unwrap().len()), (&json!(false), 22));

    let csv = ask(json!({ "format": "csv", "limit": 2 })).await.expect(200);
    assert_eq!(csv.headers["gauntlet-truncated"], "true");
    assert_eq!(csv.text(), "step,root,step_2\n1,0.75,x\n2,-1.0,x\n");
    let parquet = ask(json!({ "format": "parquet" })).await.expect(200);
    assert!(parquet.bytes.starts_with(b"PAR1") && parquet.bytes.ends_with(b"PAR1"));
    assert_eq!(parquet.headers["content-type"], "application/vnd.apache.parquet");
    for wrong in [json!({ "limit": 0 }), json!({ "seconds": 61 }), json!({ "format": "xml" })] {
        let refused = ask(wrong.clone()).await.expect(422).json();
        let field = wrong.as_object().unwrap().keys().next().unwrap();
        assert_eq!(&refused["error"]["details"][0]["field"], field, "{refused}");
    }
}

/// What an answer to a statement may be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// Rows.
    Rows,
    /// A refusal with this in it.
    Refused(&'static str),
    /// One or the other, as SQLite has it.
    Either,
}

use Outcome::{Either, Refused, Rows};

const ONLY: &str = "only SELECT";
const LONG: &str = "long";

/// Statements that would change something or take too much, or look like it.
fn hostile() -> Vec<(String, Outcome)> {
    let deep = |n: usize| format!("select {}1{}", "(".repeat(n), ")".repeat(n));
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n)";
    let bomb = "with recursive n(s) as (select 'xxxxxxxxxx' union all select s || s from n) select s from n";
    let list: Vec<(&str, Outcome)> = vec![
        ("", Refused("not a SELECT")),
        ("   -- nothing", Refused("not a SELECT")),
        (";", Refused("not a SELECT")),
        ("nonsense", Refused("syntax error")),
        ("select", Refused("incomplete input")),
        ("select * from nowhere", Refused("no such table")),
        ("select missing from runs", Refused("no such column")),
        ("select 1; select 2", Refused("several statements")),
        ("select 1; drop table runs", Refused(ONLY)),
        ("select 1;;; -- the end", Rows),
        ("drop table runs", Refused(ONLY)),
        ("delete from runs", Refused(ONLY)),
        ("insert into runs (run) values ('x')", Refused(ONLY)),
        ("update runs set name = 'x'", Refused(ONLY)),
        ("with t as (select 1) delete from runs", Refused(ONLY)),
        ("delete from runs returning *", Refused(ONLY)),
        ("create table t (a)", Refused(ONLY)),
        ("create temp table t as select 1", Refused(ONLY)),
        ("create view v as select 1", Refused(ONLY)),
        ("create virtual table t using fts5(a)", Refused(ONLY)),
        ("create temp trigger t after insert on runs begin select 1; end", Refused(ONLY)),
        ("alter table runs rename to x", Refused(ONLY)),
        ("attach 'gauntlet.db' as log", Refused(ONLY)),
        ("attach ':memory:' as m", Refused(ONLY)),
        ("detach main", Refused(ONLY)),
        ("vacuum", Refused("not a SELECT")),
        ("vacuum into '/tmp/copy.db'", Refused("not a SELECT")),
        ("pragma query_only = off", Refused(ONLY)),
        ("pragma database_list", Refused(ONLY)),
        ("pragma hard_heap_limit = 1", Refused(ONLY)),
        ("select * from pragma_database_list", Refused(ONLY)),
        ("select * from pragma_query_only", Refused(ONLY)),
        ("begin", Refused(ONLY)),
        ("commit", Refused(ONLY)),
        ("savepoint s", Refused(ONLY)),
        ("analyze", Refused(ONLY)),
        ("reindex", Refused("not a SELECT")),
        ("select load_extension('/lib/libc.so')", Refused(ONLY)),
        ("select readfile('/etc/passwd')", Refused("no such function")),
        ("select writefile('/tmp/x', 'y')", Refused("no such function")),
        ("select fts3_tokenizer('simple')", Refused(ONLY)),
        ("select * from dbstat", Refused(ONLY)),
        ("with t as (select 1) select count(*) from t", Rows),
        ("select count(*) from pragma_database_list", Refused(ONLY)),
        ("select * from sqlite_master limit 1", Rows),
        ("explain select * from runs", Rows),
        ("values (1, 2)", Rows),
        ("select ?", Refused("parameters")),
        ("select :name", Refused("parameters")),
        ("select zeroblob(1000000000)", Refused("bytes")),
        ("select randomblob(1000000000)", Refused("bytes")),
        ("select printf('%.*c', 1000000000, 'x')", Either),
        ("select hex(zeroblob(90000))", Refused("bytes")),
        (bomb, Refused("bytes")),
        ("select group_concat(path, (select hex(zeroblob(40000)))) from scores", Refused("bytes")),
        ("select 9e999, -9e999, 0x7fffffffffffffff, x'00ff'", Rows),
        ("select abs(-9223372036854775808)", Refused("overflow")),
        ("select json('{')", Refused("malformed JSON")),
        ("select value from json_each('[1,2]')", Rows),
        ("select \"return\" from episodes", Rows),
        ("select 'a' like replace(hex(zeroblob(300)), '00', '%a')", Refused("complex")),
        ("select a.*, b.*, c.*, d.*, e.* from runs a, runs b, runs c, runs d, runs e, runs f, runs g", Rows),
        (
            "select count(*) from scores a, scores b, scores c, scores d, scores e, scores f, scores g",
            Refused(LONG),
        ),
        (
            "select max(a.path || b.path || c.path || d.path || e.path) from scores a, scores b, scores c, \
          scores d, scores e, scores f",
            Refused(LONG),
        ),
    ];
    let mut all: Vec<(String, Outcome)> = list.into_iter().map(|(sql, is)| (sql.to_owned(), is)).collect();
    all.extend([
        (format!("{endless} select count(*) from n"), Refused(LONG)),
        (
            format!("{endless} select max(instr(hex(zeroblob(40000)), hex(zeroblob(20000)) || '1')) from n"),
            Refused(LONG),
        ),
        (format!("{endless} select i from n"), Rows),
        (format!("{endless} select i from n order by i desc"), Refused(LONG)),
        (deep(50), Rows),
        (deep(4000), Either),
        (format!("select {}1", "-".repeat(3000).replace("--", "- ")), Refused("")),
        (format!("select 1{}", " union all select 1".repeat(400)), Refused("")),
        (format!("select {}", vec!["1"; 4000].join(",")), Refused("too many columns")),
        (
            format!("select 1 from {}", (0..80).map(|n| format!("runs r{n}")).collect::<Vec<_>>().join(",")),
            Refused("at most 64 tables"),
        ),
        ("select 1;".repeat(1100), Refused("several statements")),
        (format!("select '{}'", "x".repeat(10_000)), Refused("at most 10000")),
        ("select 1\0; drop table runs".to_owned(), Refused("zero character")),
        ("select '\u{1f600}' || char(0) || 'x'".to_owned(), Rows),
    ]);
    all
}

#[tokio::test]
async fn no_statement_breaks_the_server_or_takes_longer_than_it_may() {
    let server = server().await;
    let statements = hostile();
    assert!(statements.len() > 70, "{}", statements.len());
    let mut wrong = Vec::new();
    for (sql, expected) in statements {
        let began = Instant::now();
        let answer = server.post("/api/v1/sql", &json!({ "sql": sql, "seconds": 1 })).await;
        let (status, text, took) = (answer.status.as_u16(), answer.text(), began.elapsed());
        let is_refusal = || status == 422 && answer.json()["error"]["details"][0]["field"] == "sql";
        let fits = match expected {
            Rows => status == 200,
            Refused(why) => is_refusal() && text.contains(why),
            Either => status == 200 || is_refusal(),
        };
        // One instruction works through texts of bounded length, so that the end is seen soon.
        if !fits || took > Duration::from_secs(30) {
            let shorten = |text: &str| text.chars().take(300).collect::<String>();
            wrong.push(format!("{expected:?} {took:?} {}: {status} {}", shorten(&sql), shorten(&text)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Nothing of it has changed anything.
    assert_eq!(rows(&server, "select count(*), max(name) from runs").await, json!([[3, "run empty"]]));
}

/// The tables of the documentation, written from the views.
fn documented() -> String {
    let mut text = String::new();
    for view in gauntlet_engine::sql::views::VIEWS {
        text += &format!(
            "### {}\n\n{}\n\n| column | type | holds |\n| --- | --- | --- |\n",
            view.name, view.about
        );
        for column in view.columns {
            text += &format!("| `{}` | {} | {} |\n", column.name, column.kind.as_str(), column.about);
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

#[tokio::test]
async fn the_documentation_lists_every_column_and_its_examples_run() {
    let manual = include_str!("../../docs/sql.md");
    let documented = documented();
    assert!(manual.trim_end().ends_with(&documented), "docs/sql.md must end with:\n{documented}");
    let server = server().await;
    let examples: Vec<_> =
        manual.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 3, "{examples:?}");
    for example in examples {
        let found = rows(&server, example).await;
        assert!(!found.as_array().unwrap().is_empty(), "{example}: no rows");
    }
}
