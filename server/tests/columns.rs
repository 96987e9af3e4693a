//! The columns of a list of runs over HTTP: shown, sorted, filtered and named; and what follows the log for
//! them.

mod support;

use std::time::Duration;

use gauntlet_engine::projections;
use serde_json::{Value, json};
use support::{Server, id, scored};
use tokio_util::sync::CancellationToken;

/// Three runs with configurations, of which two have scores; what their values came to is stored.
async fn three_runs() -> Server {
    let server = Server::new().await;
    let runs: [(&str, Value, &[f64]); 3] = [
        ("a", json!({ "lr": 1e-5, "opt": { "name": "adam", "use_kl": true } }), &[1.0, 0.5]),
        ("b", json!({ "lr": 2e-4, "opt": { "name": "sgd" } }), &[0.25, 1.0, 0.25]),
        ("c", json!({ "lr": "auto", "a,b": 1 }), &[]),
    ];
    for (run, config, roots) in runs {
        let spec = json!({ "id": run, "name": run, "project": "p", "config": config, "tags": [run, "t"] });
        server.post("/api/v1/runs", &spec).await.expect(201);
        let events: Vec<Value> = (0..).zip(roots).map(|(n, root)| scored(n, *root)).collect();
        if !events.is_empty() {
            server.post(&format!("/api/v1/runs/{run}/events"), &json!(events)).await.expect(200);
        }
    }
    let stop = CancellationToken::new();
    let following = tokio::spawn(projections::run(server.state.films.clone(), stop.clone()));
    let projected = async {
        while !server.state.store.stale_runs().await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), projected)
        .await
        .expect("the values are brought up to date");
    stop.cancel();
    following.await.unwrap();
    server
}

/// The ids that a list finds, in its order, read in pages of one.
async fn listed(server: &Server, query: &str) -> String {
    let (mut ids, mut cursor) = (String::new(), String::new());
    loop {
        let page =
            server.get(&format!("/api/v1/runs?limit=1&{query}&cursor={cursor}")).await.expect(200).json();
        ids.extend(page["items"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => {
                cursor = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC)
                    .to_string()
            }
            None => return ids,
        }
    }
}

#[tokio::test]
async fn any_column_is_shown() {
    let server = three_runs().await;
    let columns =
        "name,config:lr,config:opt.use_kl,config:a%252Cb,last:root,mean:root,low:root,high:root,tags";
    let page = server.get(&format!("/api/v1/runs?sort=name&columns={columns}")).await.expect(200).json();
    let cells = |run: usize| page["items"][run]["columns"].clone();
    assert_eq!(
        cells(0),
        json!({
            "name": "a", "config:lr": 1e-5, "config:opt.use_kl": true, "config:a,b": null, "last:root": 0.5,
            "mean:root": 0.75, "low:root": 0.5, "high:root": 1.0, "tags": ["a", "t"],
        })
    );
    assert_eq!(cells(2)["config:lr"], "auto");
    assert_eq!(cells(2)["config:a,b"], 1);
    assert_eq!(cells(2)["mean:root"], Value::Null);
    let plain = server.get("/api/v1/runs").await.expect(200).json();
    assert_eq!(plain["items"][0].get("columns"), None, "only where columns were asked for");
    let known = server.get("/api/v1/columns?project=p").await.expect(200).json();
    assert_eq!(known["config"], json!(["a,b", "lr", "opt.name", "opt.use_kl"]));
    assert_eq!(known["paths"], json!(["format", "grounding", "root"]));
    assert!(known["fields"].as_array().unwrap().contains(&json!("duration")));
    assert_eq!(server.get("/api/v1/columns").await.expect(200).json(), known);
    let other = server.get("/api/v1/columns?project=q").await.expect(200).json();
    assert_eq!((&other["config"], &other["paths"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn any_column_sorts_both_ways_with_missing_values_last() {
    let server = three_runs().await;
    for (column, expect, reversed) in [
        ("config:lr", "abc", "cba"),
        ("config:opt.name", "abc", "bac"),
        ("config:opt.use_kl", "abc", "acb"),
        ("mean:root", "abc", "bac"),
        ("low:root", "abc", "bac"),
        ("last:root", "abc", "bac"),
        ("steps", "bac", "cab"),
        ("mean", "abc", "bac"),
        ("id", "abc", "cba"),
    ] {
        assert_eq!(listed(&server, &format!("sort={column}")).await, expect, "{column}");
        assert_eq!(listed(&server, &format!("sort=-{column}")).await, reversed, "-{column}");
    }
}

#[tokio::test]
async fn conditions_narrow_a_list() {
    let server = three_runs().await;
    for (filter, expect) in [
        ("lr < 1e-4", "a"),
        ("lr > 0", "ab"),
        ("lr = auto", "c"),
        ("lr != 0.0002", "ac"),
        ("opt.name = sgd", "b"),
        ("opt.use_kl = true", "a"),
        ("\"a,b\" >= 1", "c"),
        ("mean:root >= 0.75", "a"),
        ("last:root < 0.3 and steps > 2", "b"),
        ("tag = t and tag != b", "ac"),
        ("name = A", "a"),
        ("status = running", "ab"),
        ("created >= 2000-01-01", "abc"),
        ("created < 2000-01-01T00:00:00Z", ""),
        ("nothing > 1", ""),
    ] {
        let encoded = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        assert_eq!(listed(&server, &format!("sort=name&filter={encoded}")).await, expect, "{filter}");
    }
}

#[tokio::test]
async fn what_is_no_column_is_refused_with_its_name() {
    let server = Server::new().await;
    for (query, expect) in [
        ("columns=name,colour", "columns[1]: \"colour\" is not a column"),
        ("columns=name,name", "columns[1]: \"name\" is there twice"),
        ("sort=-lr", "sort: \"lr\" is not a column"),
        (
            "filter=steps+%3E+many",
            "filter: at character 9: steps is compared with a number, not with \"many\"",
        ),
    ] {
        let refused = server.get(&format!("/api/v1/runs?{query}")).await.expect(422).json();
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(expect), "{message}");
    }
}

#[tokio::test]
async fn a_score_that_comes_later_is_followed() {
    let server = three_runs().await;
    let stop = CancellationToken::new();
    let following = tokio::spawn(projections::run(server.state.films.clone(), stop.clone()));
    let event = json!([scored(9, 5.0)]);
    server.post("/api/v1/runs/c/events", &event).await.expect(200);
    let followed = async {
        while listed(&server, "filter=high:root+%3D+5").await != "c" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), followed).await.expect("the new value is found");
    let event = json!([{ "id": id(10), "at": "2026-11-21T00:00:00Z", "kind": "run.finished", "v": 1,
        "body": { "status": "completed" } }]);
    server.post("/api/v1/runs/c/events", &event).await.expect(200);
    server.send("DELETE", "/api/v1/runs/c?name=c", &[], "").await.expect(204);
    assert_eq!(listed(&server, "filter=high:root+%3D+5").await, "");
    stop.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn a_list_is_named_renamed_and_deleted() {
    let server = Server::new().await;
    let put = async |path: &str, query: &str| {
        let headers = [("content-type", "application/json")];
        server.send("PUT", path, &headers, json!({ "query": query }).to_string()).await
    };
    let rename = async |path: &str, name: &str| {
        let headers = [("content-type", "application/json")];
        server.send("PATCH", path, &headers, json!({ "name": name }).to_string()).await
    };
    let names = async |query: &str| {
        let page = server.get(&format!("/api/v1/views{query}")).await.expect(200).json();
        let items = page["items"].as_array().unwrap().clone();
        items.iter().map(|view| view["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(",")
    };
    let saved = put("/api/v1/views/by%20lr?project=p", "sort=config:lr").await.expect(200).json();
    assert_eq!((&saved["name"], &saved["query"]), (&json!("by lr"), &json!("sort=config:lr")));
    put("/api/v1/views/by%20lr?project=p", "sort=-config:lr").await.expect(200);
    put("/api/v1/views/all", "").await.expect(200);
    put("/api/v1/views/Best?project=p", "sort=mean").await.expect(200);
    assert_eq!((names("?project=p").await, names("").await), ("Best,by lr".to_owned(), "all".to_owned()));
    rename("/api/v1/views/by%20lr?project=p", "Best").await.expect(409);
    rename("/api/v1/views/none?project=p", "x").await.expect(404);
    rename("/api/v1/views/by%20lr?project=p", " ").await.expect(422);
    rename("/api/v1/views/by%20lr?project=p", "a").await.expect(204);
    let page = server.get("/api/v1/views?project=p").await.expect(200).json();
    assert_eq!(
        (&page["items"][0]["name"], &page["items"][0]["query"]),
        (&json!("a"), &json!("sort=-config:lr"))
    );
    server.send("DELETE", "/api/v1/views/a?project=p", &[], "").await.expect(204);
    server.send("DELETE", "/api/v1/views/a?project=p", &[], "").await.expect(404);
    assert_eq!(names("?project=p").await, "Best");
    put("/api/v1/views/x", &"a".repeat(5000)).await.expect(422);
    for n in 0..199 {
        put(&format!("/api/v1/views/v{n}?project=p"), "").await.expect(200);
    }
    put("/api/v1/views/more?project=p", "").await.expect(422);
    put("/api/v1/views/v0?project=p", "sort=name").await.expect(200);
}

#[tokio::test]
async fn a_page_has_pinned_runs_in_front_and_leaves_hidden_ones_out() {
    let server = three_runs().await;
    let list = async |query: Value| {
        let query = json!({ "query": merged(json!({ "q": "", "status": "", "cursor": "" }), query) });
        server.post("/pages/runs", &query).await
    };
    let shown = async |query: Value| {
        let list = list(query).await.expect(200).json();
        let items = list["page"]["items"].as_array().unwrap().clone();
        let ids: String = items.iter().map(|row| row["run"]["id"].as_str().unwrap()).collect();
        let pinned = items.iter().filter(|row| row["is_pinned"] == true).count();
        (ids, pinned, list["total"].as_u64().unwrap())
    };
    assert_eq!(shown(json!({})).await, ("cba".to_owned(), 0, 3));
    assert_eq!(shown(json!({ "pin": "a" })).await, ("acb".to_owned(), 1, 3));
    assert_eq!(shown(json!({ "pin": "b,a", "tag": "c" })).await, ("bac".to_owned(), 2, 3));
    assert_eq!(shown(json!({ "hide": "c,b" })).await, ("a".to_owned(), 0, 1));
    assert_eq!(shown(json!({ "hide": "c", "pin": "gone" })).await, ("ba".to_owned(), 0, 2));
    let many = vec!["x"; 101].join(",");
    let refused = list(json!({ "hide": many })).await.expect(400).json();
    assert_eq!(refused["message"], "hide: has 101 runs; at most 100 can be named");

    let row = list(json!({ "columns": "config:lr,last:root", "filter": "lr < 1" })).await.expect(200).json();
    assert_eq!(row["page"]["items"][0]["cells"], json!(["2e-4", "+0.25"]));
    assert_eq!(row["page"]["items"][0]["sparkline"], "0.0,15.0 30.0,1.0 60.0,15.0 ");
    let column = json!({ "name": "last:root", "title": "root last", "is_number": true, "is_right": true });
    assert_eq!(row["columns"][1], column);
}

fn merged(mut into: Value, from: Value) -> Value {
    into.as_object_mut().unwrap().extend(from.as_object().unwrap().clone());
    into
}
