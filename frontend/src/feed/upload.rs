//! Sending a file in slices, and following what the server makes of it.

use std::rc::Rc;

use gauntlet_app::ports::FileUpdate;
use gloo_net::http::{Request, RequestBuilder};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;

/// Bytes of a slice.
const SLICE_BYTES: f64 = 4_194_304.0;
/// How often a request that failed is sent again, a second apart.
const ATTEMPTS: u32 = 30;
/// Between two looks at what the server does, in milliseconds.
const LOOK_MS: u32 = 200;

/// Sends a file and says how it stands until `on` answers `false`; then nothing of it is kept.
pub async fn send(file: web_sys::File, on: Rc<dyn Fn(FileUpdate) -> bool>) {
    on(match sent(file, &*on).await {
        Ok(run) => FileUpdate::Done(run),
        Err(words) => FileUpdate::Failed(words),
    });
}

async fn sent(file: web_sys::File, on: &dyn Fn(FileUpdate) -> bool) -> Result<String, String> {
    let size = file.size();
    let key = format!("{}|{size}|{}", file.name(), file.last_modified());
    let announced = json!({ "name": file.name(), "size_bytes": size as u64, "key": key }).to_string();
    let mut view = ask(Request::post, "/api/v1/imports", &announced.into()).await?;
    loop {
        let text = |pointer: &str| view.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let bytes = |key: &str| view[key].as_f64().unwrap_or_default();
        let path = format!("/api/v1/imports/{}", text("/id"));
        let (word, done) = match text("/phase") {
            "receiving" => ("Sending", bytes("received_bytes")),
            "checking" => ("Checking", bytes("done_bytes")),
            "importing" => ("Opening", bytes("done_bytes")),
            end => {
                let told = if end == "done" { Ok(text("/run")) } else { Err(text("/error/message")) };
                let told = told.map(str::to_owned).map_err(str::to_owned);
                let _ = Request::delete(&path).send().await;
                return told;
            }
        };
        // It waits for something that only people can change, such as room on the disk.
        if !text("/error/message").is_empty() {
            return Err(text("/error/message").to_owned());
        }
        if !on(FileUpdate::Progress(word, done / size.max(1.0))) {
            let _ = Request::delete(&path).send().await;
            return Err(String::new());
        }
        view = if word == "Sending" {
            let part =
                file.slice_with_f64_and_f64(done, done + SLICE_BYTES).map_err(|_| "it cannot be read")?;
            ask(Request::put, &format!("{path}?offset={done}"), &part.into()).await?
        } else {
            TimeoutFuture::new(LOOK_MS).await;
            ask(Request::get, &path, &JsValue::UNDEFINED).await?
        };
    }
}

/// Asks, and asks again while the server is away; its words where it refuses. A slice that it has already is no
/// refusal: it says what it has.
async fn ask(method: fn(&str) -> RequestBuilder, url: &str, body: &JsValue) -> Result<Value, String> {
    let mut failures = 0;
    loop {
        let request = method(url).body(body.clone()).map_err(|e| e.to_string())?;
        let words = match request.send().await {
            Ok(answer) => {
                let told = answer.json::<Value>().await.unwrap_or_default();
                match answer.status() {
                    200 | 201 => return Ok(told),
                    409 => return Box::pin(ask(Request::get, url, &JsValue::UNDEFINED)).await,
                    503 => "the server is busy".to_owned(),
                    status => {
                        let words = told.pointer("/error/message").and_then(Value::as_str);
                        return Err(
                            words.map_or_else(|| format!("the server answered {status}"), str::to_owned)
                        );
                    }
                }
            }
            Err(error) => format!("the server cannot be reached: {error}"),
        };
        failures += 1;
        if failures > ATTEMPTS {
            return Err(words);
        }
        TimeoutFuture::new(1000).await;
    }
}
