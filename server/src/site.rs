//! The browser side's files: built into a release binary, read from a folder in development.

use std::borrow::Cow;
use std::path::PathBuf;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::config::LeptosOptions;
use leptos::context::use_context;
use leptos::nonce::use_nonce;

use crate::error::ApiError;
use crate::policy;
use crate::state::AppState;

include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// Where the files come from.
pub enum Site {
    /// Inside the binary.
    BuiltIn,
    /// A folder, read again at each request.
    Folder(PathBuf),
}

impl Site {
    /// The folder `GAUNTLET_SITE`, else what is built in, else the folder `site` beside the build's folder.
    pub fn find() -> Self {
        if let Some(folder) = std::env::var_os("GAUNTLET_SITE") {
            return Self::Folder(folder.into());
        }
        if !BUILT_IN.is_empty() {
            return Self::BuiltIn;
        }
        let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.join("site")));
        Self::Folder(beside.unwrap_or_else(|| PathBuf::from("target/site")))
    }

    /// Whether the pages can come alive in the browser.
    pub fn is_built(&self) -> bool {
        match self {
            Self::BuiltIn => true,
            Self::Folder(folder) => folder.join("pkg/gauntlet.js").is_file(),
        }
    }

    async fn read(&self, path: &str, brotli: bool) -> Option<File> {
        let packed = format!("{path}.br");
        match self {
            Self::BuiltIn => {
                let find = |name: &str| BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, bytes)| *bytes);
                if let Some(bytes) = brotli.then(|| find(&packed)).flatten() {
                    return Some(File { bytes: Cow::Borrowed(bytes), brotli: true });
                }
                find(path).map(|bytes| File { bytes: Cow::Borrowed(bytes), brotli: false })
            }
            Self::Folder(folder) => {
                let plain = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
                if !plain || path.contains('\\') {
                    return None;
                }
                let bytes = tokio::fs::read(folder.join(path)).await.ok()?;
                Some(File { bytes: Cow::Owned(bytes), brotli: false })
            }
        }
    }
}

struct File {
    bytes: Cow<'static, [u8]>,
    brotli: bool,
}

/// How pages are rendered: the names `scripts/build.sh` gives the files.
pub fn leptos_options() -> LeptosOptions {
    LeptosOptions::builder().output_name("gauntlet").site_pkg_dir("pkg").build()
}

/// Gives the page that is being rendered its Content-Security-Policy, with the nonce of its inline scripts.
pub fn set_policy() {
    if let Some(answer) = use_context::<leptos_axum::ResponseOptions>() {
        let nonce = use_nonce();
        let policy = policy::of_live_page(nonce.as_deref());
        answer.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// A file of the browser side; where there is none, the page that says so.
pub async fn file_or_not_found(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    if let Some(response) = file(&state.site, &path, request.headers()).await {
        return response;
    }
    let wants_page = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok());
    if wants_page.is_some_and(|accept| accept.contains("text/html")) && !path.starts_with("pkg/") {
        let options = state.leptos.clone();
        let page = leptos_axum::render_app_to_stream_with_context(set_policy, move || {
            gauntlet_app::shell(options.clone())
        });
        let mut response = page(request).await.into_response();
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no \"/{path}\" here")).into_response()
}

async fn file(site: &Site, path: &str, headers: &HeaderMap) -> Option<Response> {
    let kind = match path.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        _ => return None,
    };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let brotli = accepts.split(',').any(|e| e.split(';').next().unwrap_or_default().trim() == "br");
    let file = site.read(path, brotli).await?;
    let etag = format!("\"{:016x}\"", fnv(&file.bytes));
    let fixed = [
        (header::ETAG, HeaderValue::try_from(&etag).ok()?),
        // Names carry no version, so a browser asks each time and usually hears 304.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == etag.as_bytes()) {
        return Some((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    let encoding = file.brotli.then_some([(header::CONTENT_ENCODING, "br")]);
    Some(match encoding {
        Some(encoding) => (fixed, encoding, file.bytes.into_owned()).into_response(),
        None => (fixed, file.bytes.into_owned()).into_response(),
    })
}

/// FNV-1a, 64 bits: tells one build's file from another's.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
}
