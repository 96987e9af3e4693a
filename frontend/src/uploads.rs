//! Uploads of result files: slice by slice, one file after the other, then polling the import until it ends.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use gauntlet_app::ports::{FilePhase, FileUpdate, Uploads};
use gloo_net::http::{Request, RequestBuilder};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

/// Bytes of a slice.
const SLICE_BYTES: f64 = 4_194_304.0;
/// Time between two polls of an import, milliseconds.
const POLL_MS: u32 = 200;
/// Time between two attempts to reach the server, milliseconds.
const RETRY_MS: u32 = 1000;

/// Receives the updates of an upload; returns `false` once it is cancelled.
type Report = Rc<dyn Fn(FileUpdate) -> bool>;

/// Why an upload ended without a run.
enum Ended {
    /// The viewer cancelled it.
    Cancelled,
    /// The import failed: the file is not one that opens.
    Failed {
        /// The reason, as a sentence.
        message: String,
        /// Whether the readable part of it can be imported.
        is_readable: bool,
    },
    /// It cannot go on now, for a reason given as a sentence. The server keeps what it has: sent again, it
    /// resumes.
    Interrupted(String),
}

/// The run that a file became.
struct Imported {
    run: String,
    notes: Vec<String>,
}

/// A file that waits for its turn.
struct Waiting {
    file: web_sys::File,
    partial: bool,
    report: Report,
}

/// Uploads to the server this page came from.
#[derive(Default)]
pub(crate) struct HttpUploads(Rc<Queue>);

impl Uploads for HttpUploads {
    fn import(&self, file: web_sys::File, partial: bool, on: Report) {
        self.0.send(file, partial, on);
    }
}

/// The files that wait for their turn.
#[derive(Default)]
struct Queue {
    waiting: RefCell<VecDeque<Waiting>>,
    is_busy: Cell<bool>,
}

impl Queue {
    /// Sends a file once those before it have ended.
    fn send(self: &Rc<Self>, file: web_sys::File, partial: bool, report: Report) {
        self.waiting.borrow_mut().push_back(Waiting { file, partial, report });
        if !self.is_busy.replace(true) {
            spawn_local(Rc::clone(self).drain());
        }
    }

    async fn drain(self: Rc<Self>) {
        loop {
            let Some(Waiting { file, partial, report }) = self.waiting.borrow_mut().pop_front() else {
                break;
            };
            match upload(file, partial, &*report).await {
                Ok(Imported { run, notes }) => report(FileUpdate::Done { run, notes }),
                Err(Ended::Failed { message, is_readable }) => {
                    report(FileUpdate::Failed { message, is_readable })
                }
                Err(Ended::Interrupted(message)) => {
                    report(FileUpdate::Failed { message, is_readable: false })
                }
                Err(Ended::Cancelled) => false,
            };
        }
        self.is_busy.set(false);
    }
}

/// Uploads a file and follows its import to the end.
async fn upload(
    file: web_sys::File,
    partial: bool,
    report: &dyn Fn(FileUpdate) -> bool,
) -> Result<Imported, Ended> {
    if !report(FileUpdate::Progress { phase: FilePhase::Sending, done_bytes: 0.0 }) {
        return Err(Ended::Cancelled);
    }
    let size = file.size();
    // The same key finds the session of an upload that was interrupted, after a reload of the page too.
    let key = format!("{}|{size}|{}", file.name(), file.last_modified());
    let body =
        json!({ "name": file.name(), "size_bytes": size as u64, "key": key, "partial": partial }).to_string();
    let session = request(Request::post, "/api/v1/imports", &body.into(), report).await?;
    let path = format!("/api/v1/imports/{}", text(&session, "/id"));
    let result = follow(&file, &path, session, report).await;
    if !matches!(result, Err(Ended::Interrupted(_))) {
        // Sessions that are not deleted expire on the server.
        let _ = Request::delete(&path).send().await;
    }
    result
}

/// Sends slices while the server receives, then polls while it checks and imports. `session` is the import as
/// the server last described it.
async fn follow(
    file: &web_sys::File,
    path: &str,
    mut session: Value,
    report: &dyn Fn(FileUpdate) -> bool,
) -> Result<Imported, Ended> {
    loop {
        let bytes = |key: &str| session[key].as_f64().unwrap_or_default();
        let (phase, done_bytes) = match text(&session, "/phase") {
            "receiving" => (FilePhase::Sending, bytes("received_bytes")),
            "checking" => (FilePhase::Checking, bytes("done_bytes")),
            "importing" => (FilePhase::Adding, bytes("done_bytes")),
            "done" => {
                return Ok(Imported { run: text(&session, "/run").to_owned(), notes: notes(&session) });
            }
            _ => {
                let message = text(&session, "/error/message").to_owned();
                return Err(Ended::Failed { message, is_readable: is_readable(&session) });
            }
        };
        // An error in a phase that is not over waits for people, such as a full disk.
        let error = text(&session, "/error/message");
        if !error.is_empty() {
            return Err(Ended::Interrupted(error.to_owned()));
        }
        if !report(FileUpdate::Progress { phase, done_bytes }) {
            return Err(Ended::Cancelled);
        }
        session = if phase == FilePhase::Sending {
            let slice = file.slice_with_f64_and_f64(done_bytes, done_bytes + SLICE_BYTES);
            let slice = slice.map_err(|_| Ended::Interrupted("it cannot be read".to_owned()))?;
            request(Request::put, &format!("{path}?offset={done_bytes}"), &slice.into(), report).await?
        } else {
            TimeoutFuture::new(POLL_MS).await;
            request(Request::get, path, &JsValue::UNDEFINED, report).await?
        };
    }
}

/// A text of the session; empty where it has none.
fn text<'a>(session: &'a Value, pointer: &str) -> &'a str {
    session.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The import's notes: what was read differently from how it is written.
fn notes(session: &Value) -> Vec<String> {
    let notes = session["warnings"].as_array().into_iter().flatten();
    notes.filter_map(|note| note.as_str().map(str::to_owned)).collect()
}

/// Whether a part of a file that failed can be imported.
fn is_readable(session: &Value) -> bool {
    !session.pointer("/error/details/0/readable").unwrap_or(&Value::Null).is_null()
}

/// Sends a request, again and again while the server cannot be reached or is busy.
async fn request(
    mut method: fn(&str) -> RequestBuilder,
    url: &str,
    body: &JsValue,
    report: &dyn Fn(FileUpdate) -> bool,
) -> Result<Value, Ended> {
    let mut body = body.clone();
    loop {
        let mut request = method(url);
        // A text is JSON, and must say so; a part of a file is what it is.
        if body.is_string() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(body.clone()).map_err(|e| Ended::Interrupted(e.to_string()))?;
        let reason = match request.send().await {
            Ok(response) => {
                let answer = response.json::<Value>().await.unwrap_or_default();
                match response.status() {
                    200 | 201 => return Ok(answer),
                    409 => {
                        // The server has this slice already, from an attempt whose answer was lost. A GET of
                        // the same address says how far it is; the parameter `offset` means nothing there.
                        (method, body) = (Request::get, JsValue::UNDEFINED);
                        continue;
                    }
                    503 => "The server is busy",
                    status => {
                        let message = match text(&answer, "/error/message") {
                            "" => format!("the server answered {status}"),
                            message => message.to_owned(),
                        };
                        return Err(Ended::Interrupted(message));
                    }
                }
            }
            Err(_) => "The server cannot be reached",
        };
        if !report(FileUpdate::Disconnected(reason.to_owned())) {
            return Err(Ended::Cancelled);
        }
        TimeoutFuture::new(RETRY_MS).await;
    }
}
