//! The browser side's files: built into a release binary, read from a folder in development.

use std::borrow::Cow;
use std::hash::Hasher;
use std::path::PathBuf;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::config::LeptosOptions;

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

    /// Whether there is a bundle that hydrates the pages.
    pub fn is_built(&self) -> bool {
        match self {
            Self::BuiltIn => true,
            Self::Folder(folder) => folder.join("pkg/gauntlet-list.js").is_file(),
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

/// The file at that path, as the request with these headers gets it; `None` where there is none.
pub async fn file(site: &Site, path: &str, headers: &HeaderMap) -> Option<Response> {
    let kind = match path.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let brotli = accepts.split(',').any(|e| e.split(';').next().unwrap_or_default().trim() == "br");
    let file = site.read(path, brotli).await?;
    let etag = format!("\"{:016x}\"", content_hash(&file.bytes));
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

/// Tells one build's file from another's.
fn content_hash(bytes: &[u8]) -> u64 {
    let mut hasher = fnv::FnvHasher::default();
    hasher.write(bytes);
    hasher.finish()
}
