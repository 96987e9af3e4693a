//! The Content-Security-Policy of every answer: the wall behind the escaping of what was recorded.
//!
//! A page runs the scripts of this server's files and the inline scripts that carry its answer's nonce, or
//! whose hash is named; nothing else, so that markup that gets into a page by mistake stays without effect.
//! What is no page may load and run nothing at all.

use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, Response, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// What is no page: data, errors, files. `sandbox` gives a document of it no origin and no scripts.
const DATA: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// What pages have in common. Styles of elements are set by attributes (widths, positions); style sheets and
/// `style` elements are not. `connect-src 'self'` holds for WebSockets as well.
const PAGE: &str = "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// The inline script of every page's head, which is the same each time, as its hash.
static THEME: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(gauntlet_app::APPLY_THEME))));

/// The policy of a page without code for the browser: documentation, search.
static PLAIN_PAGE: LazyLock<Option<HeaderValue>> =
    LazyLock::new(|| format!("{PAGE}; script-src {}", *THEME).parse().ok());

/// The policy of a rendered page with scripts of this server's files, without wasm: charts.
static SCRIPTED_PAGE: LazyLock<Option<HeaderValue>> =
    LazyLock::new(|| format!("{PAGE}; script-src 'self' {}", *THEME).parse().ok());

/// The policy of a page that comes alive in the browser: wasm, and the inline scripts with this nonce. A
/// nonce that cannot stand in a header allows no inline script.
pub fn of_live_page(nonce: Option<&str>) -> HeaderValue {
    let nonce = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let text = format!("{PAGE}; script-src 'self' 'wasm-unsafe-eval' {}{nonce}", *THEME);
    text.parse().unwrap_or(HeaderValue::from_static(DATA))
}

/// The policy of a page without code for the browser, as a header.
pub fn of_plain_page() -> [(HeaderName, HeaderValue); 1] {
    let policy = PLAIN_PAGE.clone().unwrap_or(HeaderValue::from_static(DATA));
    [(header::CONTENT_SECURITY_POLICY, policy)]
}

/// The policy of a rendered page with scripts of this server's files, as a header.
pub fn of_scripted_page() -> [(HeaderName, HeaderValue); 1] {
    let policy = SCRIPTED_PAGE.clone().unwrap_or(HeaderValue::from_static(DATA));
    [(header::CONTENT_SECURITY_POLICY, policy)]
}

/// Gives an answer without a policy that of data.
pub fn complete<B>(response: &mut Response<B>) {
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(DATA));
}
