//! Who may do what: every route with every role and with none, keys, sessions, authors.

mod support;

use std::collections::BTreeSet;

use gauntlet_model::Role;
use gauntlet_server::document;
use gauntlet_vault::routes::{self, Reach};
use gauntlet_vault::{Permission, Secret};
use serde_json::{Value, json};
use support::{Server, id, scored};

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

async fn ask(server: &Server, method: &str, path: &str, key: &str, body: &Value) -> support::Answer {
    let authorization = bearer(key);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    server.send(method, path, &headers, body.to_string()).await
}

/// The routes that the table must have: of the document, of the pages, and of the functions that pages call.
fn served() -> BTreeSet<(String, String)> {
    let route = |method: &str, path: &str| (method.to_uppercase(), path.to_owned());
    let mut all: BTreeSet<_> =
        document::operations().iter().map(|it| route(it.method(), &it.path())).collect();
    let pages = leptos_axum::generate_route_list(gauntlet_app::App);
    assert!(pages.len() >= 3, "the pages were not listed");
    all.extend(pages.iter().map(|page| {
        let parts = page.path().split('/').map(|part| match part.strip_prefix(':') {
            Some(name) => format!("{{{name}}}"),
            None => part.to_owned(),
        });
        route("GET", &parts.collect::<Vec<_>>().join("/"))
    }));
    let functions: Vec<_> = leptos::server_fn::axum::server_fn_paths().collect();
    assert!(functions.len() > 10, "the functions were not listed");
    all.extend(functions.iter().map(|(path, method)| route(method.as_str(), path)));
    // Rendered whole, with routes of their own in the router.
    for path in [
        "/docs",
        "/docs/{page}",
        "/search",
        "/compare",
        "/charts",
        "/evolution",
        "/status",
        "/runs/{run}/groups",
        "/login",
    ] {
        all.insert(route("GET", path));
    }
    for path in ["/login", "/logout", "/projects/{project}/monitors"] {
        all.insert(route("POST", path));
    }
    all.insert(route("GET", "/projects/{project}/monitors"));
    all
}

#[tokio::test]
async fn every_route_has_a_permission_and_every_permission_a_route() {
    // The functions of pages are known once a router is made.
    let _server = Server::new().await;
    let table: BTreeSet<_> = routes::all().map(|(m, p)| (m.to_owned(), p.to_owned())).collect();
    let served = served();
    let missing: Vec<_> = served.difference(&table).collect();
    assert!(missing.is_empty(), "add them to crates/vault/src/routes.rs: {missing:?}");
    let unused: Vec<_> = table.difference(&served).collect();
    assert!(unused.is_empty(), "nothing answers them: {unused:?}");
}

#[tokio::test]
async fn every_route_answers_the_roles_of_its_permission_alone() {
    let (server, keys) = Server::with_keys().await;
    for (method, path) in routes::all() {
        let route = routes::find(method, path).unwrap();
        let actual = path.replace("{step}", "1").replace("{level}", "0").replace("{chunk}", "0");
        let actual = actual.replace(['{', '}'], "");
        let stranger = server.send(method, &actual, &[], "").await;
        let is_public = route.permission == Permission::Public;
        // The login page refuses a wrong key by itself, as a page.
        let asks = stranger.headers.get("www-authenticate");
        assert_eq!(asks.is_none(), is_public, "{method} {path} without a key: {}", stranger.text());
        if is_public {
            continue;
        }
        stranger.expect(401);
        for (role, key) in Role::ALL.into_iter().zip(&keys) {
            let answer = ask(&server, method, &actual, key, &json!({})).await;
            let expected = route.permission.is_granted_to(role);
            let status = answer.status.as_u16();
            assert_ne!(status, 401, "{method} {path} as {role:?}");
            assert_eq!(status != 403, expected, "{method} {path} as {role:?}: {}", answer.text());
            assert!(status < 500, "{method} {path} as {role:?}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let (server, [viewer, ..]) = Server::with_keys().await;
    let stranger = server.get("/api/v1/runs").await.expect(401).json();
    assert_eq!(stranger["error"]["code"], "unauthorized");
    let message = stranger["error"]["message"].as_str().unwrap();
    assert!(message.contains("GAUNTLET_API_KEY") && message.contains("gauntlet keys create"), "{message}");
    let forbidden = ask(&server, "POST", "/api/v1/runs", &viewer, &json!({})).await.expect(403).json();
    let message = forbidden["error"]["message"].as_str().unwrap();
    assert_eq!(message, "the API key \"viewer\" has the role viewer; this needs the role recorder or admin");
}

#[tokio::test]
async fn a_key_is_created_used_and_revoked() {
    let (server, [.., admin]) = Server::with_keys().await;
    let asked = json!({ "name": "ada", "role": "viewer" });
    let created = ask(&server, "POST", "/api/v1/keys", &admin, &asked).await.expect(201).json();
    assert_eq!(created["key"]["created_by"], "admin");
    let (secret, key_id) = (created["secret"].as_str().unwrap(), created["key"]["id"].as_str().unwrap());
    for header in ["authorization", "x-api-key"] {
        let value = if header == "x-api-key" { secret.to_owned() } else { bearer(secret) };
        server.send("GET", "/api/v1/runs", &[(header, &value)], "").await.expect(200);
    }
    // Addresses are logged by proxies: a key in one opens nothing but what a browser opens as a stream.
    server.get(&format!("/api/v1/runs?access_token={secret}")).await.expect(401);
    server.get(&format!("/api/v1/runs/none/live?access_token={secret}")).await.expect(404);
    let listed = ask(&server, "GET", "/api/v1/keys", &admin, &json!({})).await.expect(200);
    assert!(!listed.text().contains(secret) && listed.text().contains("\"ada\""), "{}", listed.text());
    let stored = server.state.store.api_keys().await.unwrap();
    assert_eq!(stored.len(), 5);
    assert!(stored.iter().all(|it| it.key.name != "ada" || it.key.id == key_id));
    ask(&server, "DELETE", &format!("/api/v1/keys/{key_id}"), &admin, &json!({})).await.expect(200);
    let refused = ask(&server, "GET", "/api/v1/runs", secret, &json!({})).await.expect(401).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("was revoked at"), "{refused}");
    ask(&server, "DELETE", "/api/v1/keys/gk_none", &admin, &json!({})).await.expect(404);
    for (field, bad) in [
        ("name", json!({ "name": " ", "role": "viewer" })),
        ("projects", json!({ "name": "a", "role": "viewer", "projects": [] })),
        ("expires_at", json!({ "name": "a", "role": "viewer", "expires_at": "2001-01-01T00:00:00Z" })),
        ("role", json!({ "name": "a", "role": "root" })),
    ] {
        let refused = ask(&server, "POST", "/api/v1/keys", &admin, &bad).await.expect(422).json();
        assert_eq!(refused["error"]["details"][0]["field"], field, "{refused}");
    }
}

#[tokio::test]
async fn a_key_of_some_projects_reaches_no_other() {
    let (server, [.., admin]) = Server::with_keys().await;
    for project in ["mine", "other"] {
        let run = json!({ "id": project, "name": project, "project": project });
        ask(&server, "POST", "/api/v1/runs", &admin, &run).await.expect(201);
    }
    let asked = json!({ "name": "m", "role": "admin", "projects": ["mine"] });
    let created = ask(&server, "POST", "/api/v1/keys", &admin, &asked).await.expect(201).json();
    let key = created["secret"].as_str().unwrap();
    let mut refused = 0;
    for (method, path) in routes::all() {
        let route = routes::find(method, path).unwrap();
        if route.permission == Permission::Public || route.reach == Reach::Handler {
            continue;
        }
        let other =
            ["{run}", "{sid}", "{project}"].iter().fold(path.to_owned(), |p, it| p.replace(it, "other"));
        let other = if path == "/runs/{id}" { "/runs/other".to_owned() } else { other };
        let other = if route.reach == Reach::Query { format!("{other}?project=other") } else { other };
        let answer = ask(&server, method, &other.replace(['{', '}'], ""), key, &json!({})).await;
        assert_eq!(answer.status.as_u16(), 403, "{method} {other}: {}", answer.text());
        refused += 1;
    }
    assert!(refused > 40, "{refused}");
    ask(&server, "GET", "/api/v1/runs", key, &json!({})).await.expect(403);
    let own = ask(&server, "GET", "/api/v1/runs?project=mine", key, &json!({})).await.expect(200).json();
    assert_eq!(own["items"][0]["id"], "mine");
    ask(&server, "GET", "/api/v1/runs/mine/events", key, &json!({})).await.expect(200);
    ask(&server, "GET", "/api/v1/runs/none/events", key, &json!({})).await.expect(404);
    ask(&server, "POST", "/api/v1/runs", key, &json!({ "name": "x", "project": "other" })).await.expect(403);
    ask(&server, "POST", "/api/v1/runs", key, &json!({ "name": "x" })).await.expect(403);
    ask(&server, "POST", "/api/v1/runs", key, &json!({ "name": "x", "project": "mine" })).await.expect(201);
}

#[tokio::test]
async fn the_author_is_who_asks_whatever_the_body_says() {
    let (server, [_, recorder, operator, admin]) = Server::with_keys().await;
    ask(&server, "POST", "/api/v1/runs", &recorder, &json!({ "id": "r", "name": "r" })).await.expect(201);
    let note = json!([scored(1, 1.0), {
        "id": id(2), "at": "2026-11-21T00:00:00Z", "kind": "annotation.added", "v": 1, "step": 1,
        "body": { "text": "t", "author": "mallory" },
    }]);
    ask(&server, "POST", "/api/v1/runs/r/events", &recorder, &note).await.expect(200);
    let command = json!({ "action": "pause", "author": "mallory" });
    ask(&server, "POST", "/api/v1/runs/r/commands", &operator, &command).await.expect(201);
    let resume = json!({ "action": "RESUME" });
    ask(&server, "POST", "/gauntlet/command/r", &operator, &resume).await.expect(200);
    let form = json!({ "run": "r", "step": 1, "author": "mallory", "text": "from a page" });
    ask(&server, "POST", "/pages/note", &operator, &form).await.expect(200);
    let log = ask(&server, "GET", "/api/v1/runs/r/events", &admin, &json!({})).await.expect(200).json();
    let authors: Vec<_> =
        log["events"].as_array().unwrap().iter().filter_map(|e| e["body"]["author"].as_str()).collect();
    assert_eq!(authors, ["recorder", "operator", "operator", "operator"], "{log:#}");
}

#[tokio::test]
async fn a_person_logs_in_and_out() {
    let (server, [viewer, ..]) = Server::with_keys().await;
    let html = [("accept", "text/html")];
    let answer = server.send("GET", "/runs/a?step=1", &html, "").await.expect(303);
    assert_eq!(answer.headers["location"], "/login?next=%2Fruns%2Fa%3Fstep%3D1");
    let page = server.get("/login?next=%2Fruns%2Fa").await.expect(200).text();
    assert!(page.contains("value=\"/runs/a\"") && !page.contains("<script src"), "{page}");
    let form = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let wrong = server.send("POST", "/login", &form, "key=gk_wrong&next=/").await.expect(401).text();
    assert!(wrong.contains("role=\"alert\""), "{wrong}");
    let taken = server.send("POST", "/login", &form, format!("key={viewer}&next=/runs/a")).await.expect(303);
    assert_eq!(taken.headers["location"], "/runs/a");
    let cookie = taken.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains(&viewer), "the cookie is not a key");
    let session = cookie.split(';').next().unwrap();
    let with_session = [("cookie", session)];
    server.send("GET", "/api/v1/runs", &with_session, "").await.expect(200);
    let own = [("cookie", session), ("sec-fetch-site", "same-origin")];
    server.send("POST", "/api/v1/runs", &own, "{}").await.expect(403);
    let other = [("cookie", session), ("sec-fetch-site", "cross-site")];
    server.send("POST", "/logout", &other, "").await.expect(403);
    server.send("POST", "/logout", &own, "").await.expect(303);
    server.send("GET", "/api/v1/runs", &with_session, "").await.expect(401);
    // A session ends with the key that it began with.
    let again = server.send("POST", "/login", &form, format!("key={viewer}")).await.expect(303);
    let cookie = again.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    server.send("GET", "/api/v1/runs", &[("cookie", &cookie)], "").await.expect(200);
    server.state.access.revoke(Secret::parse(&viewer).unwrap().id(), gauntlet_engine::clock::now());
    server.send("GET", "/api/v1/runs", &[("cookie", &cookie)], "").await.expect(401);
}

#[tokio::test]
async fn nobody_is_asked_for_a_key_on_loopback() {
    let server = Server::new().await;
    server.get("/api/v1/runs").await.expect(200);
    ask(&server, "GET", "/api/v1/runs", "whatever", &json!({})).await.expect(200);
    assert_eq!(server.get("/login").await.expect(303).headers["location"], "/");
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    let command = json!({ "action": "pause", "author": "me" });
    server.post("/api/v1/runs/r/commands", &command).await.expect(201);
    let log = server.get("/api/v1/runs/r/events").await.expect(200).json();
    assert_eq!(log["events"][1]["body"]["author"], "me", "{log:#}");
}
