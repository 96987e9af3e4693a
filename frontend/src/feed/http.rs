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
