//! Requests of the feed: the manifest of a film and its chunks.

use gauntlet_api::FilmManifest;
use gauntlet_film::{Fact, codec};
use gauntlet_model::RunId;
use gloo_net::http::{Request, Response};

/// Why a request failed.
pub(crate) enum FetchError {
    /// There is no such run.
    NotFound,
    /// The server cannot be reached, or its response cannot be read; another attempt may succeed.
    Failed,
}

/// A run's path under the API.
pub(crate) fn path(run: &RunId) -> String {
    format!("/api/v1/runs/{}", String::from(js_sys::encode_uri_component(run.as_str())))
}

async fn get(url: &str) -> Result<Response, FetchError> {
    let response = Request::get(url).send().await.map_err(|_| FetchError::Failed)?;
    match response.status() {
        200 => Ok(response),
        404 => Err(FetchError::NotFound),
        _ => Err(FetchError::Failed),
    }
}

/// The manifest of a run's film.
pub(crate) async fn manifest(run: &RunId) -> Result<FilmManifest, FetchError> {
    get(&format!("{}/film", path(run))).await?.json().await.map_err(|_| FetchError::Failed)
}

/// The facts of a sealed chunk.
pub(crate) async fn chunk(
    run: &RunId,
    level: u8,
    chunk: u64,
    version: &str,
) -> Result<Vec<Fact>, FetchError> {
    let response = get(&format!("{}/film/{level}/{chunk}?v={version}", path(run))).await?;
    let bytes = response.binary().await.map_err(|_| FetchError::Failed)?;
    codec::decode(&bytes).map_err(|_| FetchError::Failed)
}
