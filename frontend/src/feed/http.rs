//! What the feed fetches over HTTP.

use gauntlet_film::{Fact, Manifest, codec};
use gauntlet_model::RunId;
use gloo_net::http::{Request, Response};
use serde::Deserialize;

/// Why a fetch gave nothing.
pub enum FetchError {
    /// There is no such run.
    NotFound,
    /// The server is away, or its answer is unreadable; worth another attempt.
    Failed,
}

/// The manifest, and the word that tells this run from an earlier one of the same id.
#[derive(Deserialize)]
pub struct Film {
    #[serde(flatten)]
    pub manifest: Manifest,
    pub version: String,
}

/// A run's path under the API.
pub fn path(run: &RunId) -> String {
    format!("/api/v1/runs/{}", String::from(js_sys::encode_uri_component(run.as_str())))
}

async fn get(url: &str) -> Result<Response, FetchError> {
    let answer = Request::get(url).send().await.map_err(|_| FetchError::Failed)?;
    match answer.status() {
        200 => Ok(answer),
        404 => Err(FetchError::NotFound),
        _ => Err(FetchError::Failed),
    }
}

/// What the film consists of.
pub async fn manifest(run: &RunId) -> Result<Film, FetchError> {
    get(&format!("{}/film", path(run))).await?.json().await.map_err(|_| FetchError::Failed)
}

/// The facts of a sealed chunk.
pub async fn chunk(run: &RunId, level: u8, chunk: u64, version: &str) -> Result<Vec<Fact>, FetchError> {
    let answer = get(&format!("{}/film/{level}/{chunk}?v={version}", path(run))).await?;
    let bytes = answer.binary().await.map_err(|_| FetchError::Failed)?;
    codec::decode(&bytes).map_err(|_| FetchError::Failed)
}

/// Sends a file; answers the new run's id, or the server's words about the file.
pub async fn import(file: web_sys::File) -> Result<String, String> {
    let away = |e: gloo_net::Error| format!("the server cannot be reached: {e}");
    let name = String::from(js_sys::encode_uri_component(&file.name()));
    let request = Request::post(&format!("/api/v1/import?name={name}"))
        .header("content-type", "application/octet-stream")
        .body(file)
        .map_err(away)?;
    let answer = request.send().await.map_err(away)?;
    let status = answer.status();
    let body: serde_json::Value = answer.json().await.map_err(|_| format!("the server answered {status}"))?;
    let text = |pointer: &str| body.pointer(pointer).and_then(|v| v.as_str()).map(str::to_owned);
    match status {
        201 => text("/run").ok_or_else(|| "the server named no run".to_owned()),
        _ => Err(text("/error/message").unwrap_or_else(|| format!("the server answered {status}"))),
    }
}
