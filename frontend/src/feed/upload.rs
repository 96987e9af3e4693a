//! Sending files in slices, one file after the other, and following what the server makes of each.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use gauntlet_app::ports::{FilePhase, FileUpdate};
use gloo_net::http::{Request, RequestBuilder};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

/// Bytes of a slice.
const SLICE_BYTES: f64 = 4_194_304.0;
/// Between two looks at what the server does, and between two attempts to reach it, in milliseconds.
const LOOK_MS: u32 = 200;
const RETRY_MS: u32 = 1000;

/// Hears how a file stands; answers `false` where it is given up.
type Hear = Rc<dyn Fn(FileUpdate) -> bool>;

/// Why a file is not sent.
enum Ended {
    /// Somebody gave it up.
    GivenUp,
    /// What is wrong, in words, and whether what can be read of it can be imported.
    Refused(String, bool),
}

impl Ended {
    fn refused(words: impl Into<String>) -> Self {
        Self::Refused(words.into(), false)
    }
}

/// What a file became.
struct Made {
    run: String,
    notes: Vec<String>,
}

/// Files on their way.
#[derive(Default)]
pub struct Queue {
    waiting: RefCell<VecDeque<(web_sys::File, bool, Hear)>>,
    is_busy: Cell<bool>,
}

impl Queue {
    /// Sends a file once those before it have ended.
    pub fn send(self: &Rc<Self>, file: web_sys::File, partial: bool, on: Hear) {
        self.waiting.borrow_mut().push_back((file, partial, on));
        if !self.is_busy.replace(true) {
            spawn_local(Rc::clone(self).drain());
        }
    }

    async fn drain(self: Rc<Self>) {
        loop {
            let Some((file, partial, on)) = self.waiting.borrow_mut().pop_front() else { break };
            match sent(file, partial, &*on).await {
                Ok(Made { run, notes }) => on(FileUpdate::Done { run, notes }),
                Err(Ended::Refused(words, is_readable)) => on(FileUpdate::Failed { words, is_readable }),
                Err(Ended::GivenUp) => false,
            };
        }
        self.is_busy.set(false);
    }
}

/// Sends a file; answers its run.
async fn sent(file: web_sys::File, partial: bool, on: &dyn Fn(FileUpdate) -> bool) -> Result<Made, Ended> {
    let size = file.size();
    let begun = FileUpdate::Progress { phase: FilePhase::Sending, done_bytes: 0.0 };
    if !on(begun) {
        return Err(Ended::GivenUp);
    }
    let key = format!("{}|{size}|{}", file.name(), file.last_modified());
    let announced =
        json!({ "name": file.name(), "size_bytes": size as u64, "key": key, "partial": partial }).to_string();
    let mut view = ask(Request::post, "/api/v1/imports", &announced.into(), on).await?;
    loop {
        let text = |pointer: &str| view.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let bytes = |key: &str| view[key].as_f64().unwrap_or_default();
        let path = format!("/api/v1/imports/{}", text("/id"));
        let (phase, done_bytes) = match text("/phase") {
            "receiving" => (FilePhase::Sending, bytes("received_bytes")),
            "checking" => (FilePhase::Checking, bytes("done_bytes")),
            "importing" => (FilePhase::Adding, bytes("done_bytes")),
            end => {
                let told = match end {
                    "done" => Ok(Made { run: text("/run").to_owned(), notes: notes(&view) }),
                    _ => Err(Ended::Refused(text("/error/message").to_owned(), is_readable(&view))),
                };
                let _ = Request::delete(&path).send().await;
                return told;
            }
        };
        // It waits for something that only people can change, such as room on the disk.
        if !text("/error/message").is_empty() {
            return Err(Ended::refused(text("/error/message")));
        }
        if !on(FileUpdate::Progress { phase, done_bytes }) {
            let _ = Request::delete(&path).send().await;
            return Err(Ended::GivenUp);
        }
        let next = if phase == FilePhase::Sending {
            let part = file.slice_with_f64_and_f64(done_bytes, done_bytes + SLICE_BYTES);
            let part = part.map_err(|_| Ended::refused("it cannot be read"))?;
            ask(Request::put, &format!("{path}?offset={done_bytes}"), &part.into(), on).await
        } else {
            TimeoutFuture::new(LOOK_MS).await;
            ask(Request::get, &path, &JsValue::UNDEFINED, on).await
        };
        view = match next {
            Err(Ended::GivenUp) => {
                let _ = Request::delete(&path).send().await;
                return Err(Ended::GivenUp);
            }
            other => other?,
        };
    }
}

/// What was read differently from how it is written.
fn notes(view: &Value) -> Vec<String> {
    let notes = view["warnings"].as_array().into_iter().flatten();
    notes.filter_map(|note| note.as_str().map(str::to_owned)).collect()
}

/// Whether something of a file that was refused can be read.
fn is_readable(view: &Value) -> bool {
    !view.pointer("/error/details/0/readable").unwrap_or(&Value::Null).is_null()
}

/// Asks, and asks again while the server is away; its words where it refuses. A slice that it has already is no
/// refusal: it says what it has.
async fn ask(
    method: fn(&str) -> RequestBuilder,
    url: &str,
    body: &JsValue,
    on: &dyn Fn(FileUpdate) -> bool,
) -> Result<Value, Ended> {
    loop {
        let request = method(url).body(body.clone()).map_err(|e| Ended::refused(e.to_string()))?;
        let words = match request.send().await {
            Ok(answer) => {
                let told = answer.json::<Value>().await.unwrap_or_default();
                match answer.status() {
                    200 | 201 => return Ok(told),
                    409 => return Box::pin(ask(Request::get, url, &JsValue::UNDEFINED, on)).await,
                    503 => "The server is busy",
                    status => {
                        let words = told.pointer("/error/message").and_then(Value::as_str);
                        let words =
                            words.map_or_else(|| format!("the server answered {status}"), str::to_owned);
                        return Err(Ended::refused(words));
                    }
                }
            }
            Err(_) => "The server cannot be reached",
        };
        if !on(FileUpdate::Away(words.to_owned())) {
            return Err(Ended::GivenUp);
        }
        TimeoutFuture::new(RETRY_MS).await;
    }
}
