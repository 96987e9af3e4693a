//! What the server's tests share: a router around an empty log, and events to send.
#![allow(dead_code, reason = "each test binary uses its part")]

#[path = "../../../crates/store/tests/postgres_server/mod.rs"]
mod postgres_server;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use gauntlet_api::KeyRequest;
use gauntlet_engine::clock::now;
use gauntlet_engine::keys;
use gauntlet_model::Role;
use gauntlet_server::access::{Access, AccessOptions};
use gauntlet_server::router::router;
use gauntlet_server::site::Site;
use gauntlet_server::state::{AppState, Limits};
use gauntlet_store::{DatabaseUrl, Options, Store};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) struct Server {
    pub state: AppState,
    router: Router,
    _folder: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

/// The database of a server: the embedded one, or PostgreSQL where `GAUNTLET_TEST_DATABASE` says so.
async fn database() -> Option<DatabaseUrl> {
    match std::env::var("GAUNTLET_TEST_DATABASE").as_deref() {
        Err(_) => None,
        Ok("postgresql") => Some(postgres_server::database().await.parse().unwrap()),
        Ok(other) => panic!("GAUNTLET_TEST_DATABASE is {other:?}, not \"postgresql\""),
    }
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut (Options, Limits))) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { database: database().await, ..Options::new(folder.path()) };
        let mut settings = (options, Limits::default());
        change(&mut settings);
        let store = Store::open(settings.0).await.unwrap();
        let state = AppState::new(store, settings.1, Site::Folder("no-site-in-tests".into()));
        Self { router: router(state.clone()), state, _folder: folder }
    }

    /// A server that asks for keys, with one key of each role, in the order of [`Role::ALL`].
    pub(crate) async fn with_keys() -> (Self, [String; 4]) {
        let Server { state, _folder, .. } = Self::new().await;
        let mut secrets = Vec::new();
        for role in Role::ALL {
            let asked = KeyRequest { name: role.as_str().to_owned(), role, projects: None, expires_at: None };
            secrets.push(keys::create(&state.store, asked, "test", now()).await.unwrap().0.secret);
        }
        let access = Access::required(state.store.clone(), AccessOptions::default()).await.unwrap();
        let state = AppState { access, ..state };
        (Self { router: router(state.clone()), state, _folder }, secrets.try_into().unwrap())
    }

    /// The server with another state.
    pub(crate) fn changed(self, change: impl FnOnce(&mut AppState)) -> Self {
        let Self { mut state, _folder, .. } = self;
        change(&mut state);
        Self { router: router(state.clone()), state, _folder }
    }

    /// Panics with the request where its answer takes a minute: without it a test that hangs names nothing.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Answer {
        let what = format!("{} {}", request.method(), request.uri());
        let answer = async {
            let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes().to_vec();
            Answer { status: parts.status, headers: parts.headers, bytes }
        };
        let limit = std::time::Duration::from_secs(60);
        tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| panic!("no answer to {what}"))
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        request = request.header("host", "127.0.0.1:4600");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.raw(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// Serves on a real socket until the test ends; answers its address.
    pub(crate) async fn listen(&self) -> std::net::SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }
}

/// An event id that is the same for the same number.
pub(crate) fn id(n: u64) -> String {
    format!("01920000-0000-7000-8000-{n:012x}")
}

/// A scored snapshot of that step, as a client sends it.
pub(crate) fn scored(n: u64, root: f64) -> Value {
    json!({
        "id": id(n), "at": "2026-11-21T00:06:33.885877Z", "kind": "snapshot.scored", "v": 1, "step": n,
        "body": {
            "scores": { "root": root, "format": 1.0, "grounding": if root < 0.0 { -20.0 } else { 0.0 } },
            "action": format!("answer {n}"), "observation": "context",
        },
    })
}

/// A snapshot as an origin client posts it.
pub(crate) fn snapshot(sid: &str, step: u64, root: f64) -> Value {
    json!({
        "session_id": sid, "step": step, "scores": { "root": root, "format": 1.0, "grounding": 0.0 },
        "timestamp": "2026-11-21T00:06:33.885877", "is_paused": false,
        "metadata": { "task_id": "T1", "run_type": "grpo", "action": "a &lt;b&gt;", "observation": "o" },
    })
}
