//! The Content-Security-Policy of every answer: the wall behind the escaping of what was recorded.
//!
//! A page runs the scripts of this server's files and the inline scripts that carry its answer's nonce, or
//! whose hash is named; nothing else, so that markup that gets into a page by mistake stays without effect.
//! What is not a page may load and run nothing at all.

use std::sync::{Arc, LazyLock};

use axum::http::{HeaderName, HeaderValue, Response, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gauntlet_model::FieldError;
use sha2::{Digest, Sha256};
use url::Url;

/// Origins whose pages may show a page of this server in a frame, from the configuration; none by default,
/// since people could be tricked into clicks in a frame that they do not see. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct FrameAncestors(Arc<[String]>);

impl FrameAncestors {
    /// Reads origins such as `http://localhost:8888`; `*` in place of the port is any port.
    ///
    /// # Errors
    ///
    /// Where one is not an origin of `http` or `https`.
    pub fn parse(origins: &[String]) -> Result<Self, FieldError> {
        let read = origins.iter().map(|text| {
            ancestor(text).ok_or_else(|| {
                let message = format!("{text:?} is not an origin such as http://localhost:8888");
                FieldError::new("frame_ancestors", message)
            })
        });
        Ok(Self(read.collect::<Result<Vec<_>, _>>()?.into()))
    }

    fn directive(&self) -> String {
        let sources = if self.0.is_empty() { "'none'".to_owned() } else { self.0.join(" ") };
        format!("frame-ancestors {sources}")
    }
}

/// An origin as a source of the policy; `None` where it is none. What is read is written again, so that no
/// character of the configuration ends the directive.
fn ancestor(text: &str) -> Option<String> {
    let (text, any_port) = text.strip_suffix(":*").map_or((text, ""), |text| (text, ":*"));
    let url = Url::parse(text).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let bare = bare && url.username().is_empty() && url.password().is_none();
    let one_port = any_port.is_empty() || url.port().is_none();
    let is_origin = bare && one_port && matches!(url.scheme(), "http" | "https");
    is_origin.then(|| format!("{}{any_port}", url.origin().ascii_serialization()))
}

/// What is not a page: data, errors, files. `sandbox` gives a document of it no origin and no scripts.
const DATA: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// What pages have in common; [`complete`] adds who may frame them. Styles of elements are set by attributes
/// (widths, positions); style sheets and `style` elements are not. `connect-src 'self'` holds for WebSockets
/// as well.
const PAGE: &str = "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; \
    form-action 'self'";

/// The inline script of every page's head, which is the same each time, as its hash.
static THEME: LazyLock<String> = LazyLock::new(|| hash(gauntlet_app::APPLY_THEME));

/// The inline scripts of a page without a bundle, as their hashes.
static PLAIN: LazyLock<String> = LazyLock::new(|| format!("{} {}", *THEME, hash(gauntlet_app::PLAIN_PAGE)));

/// The policy of a page with no other scripts than those: documentation, search.
static PLAIN_PAGE: LazyLock<Option<HeaderValue>> =
    LazyLock::new(|| format!("{PAGE}; script-src {}", *PLAIN).parse().ok());

/// The policy of a rendered page with scripts of this server's files, without wasm: charts.
static SCRIPTED_PAGE: LazyLock<Option<HeaderValue>> =
    LazyLock::new(|| format!("{PAGE}; script-src 'self' {}", *PLAIN).parse().ok());

/// An inline script as a policy names it.
fn hash(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)))
}

/// The policy of a page that is hydrated: wasm, and the inline scripts with this nonce. A nonce with
/// characters that a header cannot have allows no inline script.
pub fn of_live_page(nonce: Option<&str>) -> HeaderValue {
    let nonce = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let text = format!("{PAGE}; script-src 'self' 'wasm-unsafe-eval' {}{nonce}", *THEME);
    text.parse().unwrap_or(HeaderValue::from_static(DATA))
}

/// The policy of a page with inline scripts alone, as a header.
pub fn of_plain_page() -> [(HeaderName, HeaderValue); 1] {
    let policy = PLAIN_PAGE.clone().unwrap_or(HeaderValue::from_static(DATA));
    [(header::CONTENT_SECURITY_POLICY, policy)]
}

/// The policy of a rendered page with scripts of this server's files, as a header.
pub fn of_scripted_page() -> [(HeaderName, HeaderValue); 1] {
    let policy = SCRIPTED_PAGE.clone().unwrap_or(HeaderValue::from_static(DATA));
    [(header::CONTENT_SECURITY_POLICY, policy)]
}

/// Gives an answer without a policy that of data, and names in that of a page who may frame it. The header
/// that older browsers read knows no list of origins, so it is left out where there is one.
pub fn complete<B>(response: &mut Response<B>, frames: &FrameAncestors) {
    let headers = response.headers_mut();
    let page = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = page.and_then(|page| format!("{page}; {}", frames.directive()).parse().ok());
    if policy.is_none() || frames.0.is_empty() {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static(DATA)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_are_origins_and_nothing_else() {
        let read = |text: &str| FrameAncestors::parse(&[text.to_owned()]).map(|it| it.directive());
        for (text, source) in [
            ("http://localhost:8888", "http://localhost:8888"),
            ("http://127.0.0.1:*", "http://127.0.0.1:*"),
            ("https://Notebooks.example.org/", "https://notebooks.example.org"),
        ] {
            assert_eq!(read(text), Ok(format!("frame-ancestors {source}")), "{text}");
        }
        let refused = ["", "*", "localhost:8888", "http://a; script-src *", "data:", "http://a/b", "'self'"];
        for text in refused.into_iter().chain(["http://a:1:*", "http://a@b", "http://a?b"]) {
            let refused = read(text).unwrap_err();
            assert_eq!(refused.field, "frame_ancestors");
            assert!(refused.message.contains(&format!("{text:?}")), "{refused}");
        }
        assert_eq!(FrameAncestors::default().directive(), "frame-ancestors 'none'");
    }
}
