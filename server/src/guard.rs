//! Who may ask. Without accounts this is: programs of this machine, and pages that this machine serves.
//!
//! Three headers decide, all of them written by the browser and out of a page's reach. `Host` must be
//! loopback: a name elsewhere that resolves to 127.0.0.1 is refused (DNS rebinding). `Origin`, where there is
//! one, must be loopback: pages elsewhere neither read nor change anything. And what changes something takes
//! `Sec-Fetch-Site: same-origin` or `none` only: a page of another port of this machine may read, and change
//! nothing unless its origin is trusted in the configuration. Programs send none of these but `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gauntlet_model::FieldError;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use url::{Host, Origin, Url};

use crate::error::ApiError;
use crate::http::REQUEST_ID;

static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Origins of other pages of this machine that may change things, from the configuration. Cloning it is
/// cheap.
#[derive(Debug, Clone, Default)]
pub struct Trusted(Arc<[Origin]>);

impl Trusted {
    /// Reads origins such as `http://localhost:5173`. Each must be a page's and loopback.
    pub fn parse(origins: &[String]) -> Result<Self, FieldError> {
        let read = origins.iter().map(|text| {
            origin(text).ok_or_else(|| {
                let message =
                    format!("{text:?} is not an origin of this machine such as http://localhost:5173");
                FieldError::new("trusted_origins", message)
            })
        });
        Ok(Self(read.collect::<Result<Vec<_>, _>>()?.into()))
    }

    fn has(&self, value: &str) -> bool {
        origin(value).is_some_and(|origin| self.0.contains(&origin))
    }
}

/// Lets pass what this machine asks; refuses the rest with 403.
pub async fn check(State(trusted): State<Trusted>, request: Request, next: Next) -> Response {
    let refused = foreign(request.headers(), request.uri()).or_else(|| {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        (!reads).then(|| other_page(request.headers(), &trusted)).flatten()
    });
    match refused {
        None => next.run(request).await,
        Some(error) => error.into_response(),
    }
}

/// Passed by requests that may change something. For handlers of GET that do; every other method is checked
/// always.
pub struct MayChange;

impl<S: Send + Sync> FromRequestParts<S> for MayChange
where
    Trusted: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        other_page(&parts.headers, &Trusted::from_ref(state)).map_or(Ok(Self), Err)
    }
}

impl aide::OperationInput for MayChange {}

/// Pages of this machine on other ports may read the answers, refusals by [`check`] included.
pub fn local_pages() -> CorsLayer {
    let is_local = |origin: &HeaderValue, _: &Parts| origin.to_str().is_ok_and(is_loopback_origin);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_local))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([REQUEST_ID.clone(), header::RETRY_AFTER, header::LOCATION])
}

/// Every value of a header: one that is there twice may be read either way further on, so each has to pass.
fn all(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("?"))
}

/// The refusal of a request whose host or origin is not this machine.
fn foreign(headers: &HeaderMap, uri: &Uri) -> Option<ApiError> {
    if !headers.contains_key(header::HOST) {
        return Some(ApiError::bad_request("the request has no Host header"));
    }
    let mut hosts = all(headers, header::HOST).chain(uri.authority().map(|authority| authority.as_str()));
    let what = match hosts.find(|host| !is_loopback_host(host)) {
        Some(host) => format!("the host {host:?}"),
        None => {
            let origin = all(headers, header::ORIGIN).find(|origin| !is_loopback_origin(origin))?;
            format!("the origin {origin:?}")
        }
    };
    let message = format!("{what} is not this machine; Gauntlet answers loopback addresses only");
    Some(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
}

/// The refusal of a request that changes something and comes from a page of another site, host or port.
fn other_page(headers: &HeaderMap, trusted: &Trusted) -> Option<ApiError> {
    let mut origins = all(headers, header::ORIGIN).peekable();
    if origins.peek().is_some() && origins.all(|origin| trusted.has(origin)) {
        return None;
    }
    let what = if headers.contains_key(&FETCH_SITE) {
        let site = all(headers, FETCH_SITE.clone()).find(|site| !matches!(*site, "same-origin" | "none"))?;
        format!("a page elsewhere (Sec-Fetch-Site: {site})")
    } else {
        // Browsers that do not say so, and programs: the origin, if there is one, must be where the request
        // goes.
        let hosts: Vec<Origin> =
            all(headers, header::HOST).filter_map(|host| origin(&format!("http://{host}"))).collect();
        let is_host = |text: &str| origin(text).is_some_and(|origin| hosts.contains(&origin));
        let other = all(headers, header::ORIGIN).find(|origin| !is_host(origin))?;
        format!("a page of {other:?}")
    };
    let message = format!(
        "{what} may not change anything here; trusted_origins in \
        gauntlet.toml names pages of this machine that may"
    );
    Some(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
}

/// The origin that a text names, where it is one of this machine: a scheme of pages, a loopback host, perhaps
/// a port, and nothing else.
fn origin(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok()?;
    // The parser of addresses forgives what no browser sends: spaces, backslashes, missing slashes.
    let is_plain = text.starts_with("http://") || text.starts_with("https://");
    let is_bare = is_plain
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && url.username().is_empty()
        && url.password().is_none()
        && !text.contains('@')
        && url.path() == "/"
        && !text.ends_with('/')
        && url.query().is_none()
        && url.fragment().is_none();
    (is_bare && is_loopback(url.host()?)).then(|| url.origin())
}

fn is_loopback_origin(text: &str) -> bool {
    origin(text).is_some()
}

/// Whether the value of a `Host` header (a host, perhaps a port) is this machine.
fn is_loopback_host(text: &str) -> bool {
    is_loopback_origin(&format!("http://{text}"))
}

fn is_loopback(host: Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(ip) => IpAddr::from(ip).is_loopback(),
        Host::Ipv6(ip) => IpAddr::from(ip).is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn check(host: &str, origin: Option<&str>, allowed: bool) {
        let mut pairs = vec![(header::HOST, host)];
        pairs.extend(origin.map(|origin| (header::ORIGIN, origin)));
        let refused = foreign(&headers(&pairs), &Uri::from_static("/"));
        assert_eq!(refused.is_none(), allowed, "{host} {origin:?}");
    }

    #[test]
    fn only_loopback_hosts_pass() {
        for host in [
            "127.0.0.1:4600",
            "127.8.9.10",
            "localhost",
            "LOCALHOST:1",
            "localhost.",
            "localhost.:80",
            "[::1]:4600",
            "[::1]",
            "gauntlet.localhost:4600",
            "gauntlet.localhost.",
        ] {
            check(host, None, true);
        }
        for host in [
            "",
            "?",
            "evil.example",
            "127.0.0.1.evil.example:4600",
            "localhost:evil.example",
            "[::1].evil.example",
            "[127.0.0.1]evil",
            "[::1]x:1",
            "localhost:4600@evil.example",
            "evil.example@localhost",
            "a:b@localhost",
            "@localhost",
            "localhost/",
            "localhost/evil",
            "localhost?",
            "localhost#",
            "localhost\\evil",
            "localhost..",
            "localhost:99999",
            "localhost,evil.example",
            "localhost evil.example",
            "0.0.0.0",
            "[::]",
            "[::ffff:10.0.0.1]",
            "notlocalhost",
            "127.0.0.1:80:80",
            "10.0.0.1",
            "128.0.0.1",
            "[::1",
            "::1",
        ] {
            check(host, None, false);
        }
    }

    #[test]
    fn only_pages_of_loopback_origins_pass() {
        for origin in ["http://localhost:3000", "https://localhost", "http://[::1]:1", "http://127.0.0.1"] {
            check("localhost", Some(origin), true);
        }
        for origin in [
            "https://evil.example",
            "null",
            "",
            "localhost",
            "//localhost",
            "evil://localhost",
            "file://localhost",
            "chrome-extension://localhost",
            "http://localhost:pw@evil.example",
            "http://evil@localhost",
            "http://localhost/",
            "http://localhost/path",
            "http://localhost?q",
            "http://localhost.evil.example",
            "http:localhost.evil.example",
            "http://localhost http://evil.example",
            "javascript://localhost",
        ] {
            check("localhost", Some(origin), false);
        }
    }

    #[test]
    fn each_header_counts_and_one_has_to_be_there() {
        let twice = headers(&[(header::HOST, "localhost"), (header::ORIGIN, "http://localhost")]);
        let with = |name: HeaderName, value: &str| {
            let mut all = twice.clone();
            all.append(name, value.parse().unwrap());
            foreign(&all, &Uri::from_static("/")).is_some()
        };
        assert!(with(header::HOST, "evil.example") && with(header::ORIGIN, "http://evil.example"));
        assert!(foreign(&twice, &Uri::from_static("http://evil.example/")).is_some());
        assert!(foreign(&twice, &Uri::from_static("http://localhost/")).is_none());
        assert!(foreign(&HeaderMap::new(), &Uri::from_static("/")).is_some());
    }

    #[test]
    fn a_page_elsewhere_changes_nothing() {
        let trusted = Trusted::parse(&["http://localhost:5173".to_owned()]).unwrap();
        let may = |pairs: &[(HeaderName, &str)]| {
            let mut all = headers(&[(header::HOST, "localhost:4600")]);
            all.extend(headers(pairs));
            other_page(&all, &trusted).is_none()
        };
        let site = |value| (FETCH_SITE.clone(), value);
        assert!(may(&[]) && may(&[site("none")]) && may(&[site("same-origin")]));
        assert!(may(&[(header::ORIGIN, "http://localhost:4600")]));
        for value in ["cross-site", "same-site", "", "same-origin, cross-site", "SAME-ORIGIN"] {
            assert!(!may(&[site(value)]), "{value}");
        }
        for origin in ["http://localhost:3000", "http://127.0.0.1:4600", "https://localhost:4600", "null"] {
            assert!(!may(&[(header::ORIGIN, origin)]), "{origin}");
        }
        // A development server hands a request of its own page on: the browser saw one origin.
        assert!(may(&[(header::ORIGIN, "http://localhost:3000"), site("same-origin")]));
        assert!(may(&[(header::ORIGIN, "http://localhost:5173"), site("same-site")]));
        assert!(Trusted::parse(&["http://evil.example".to_owned()]).is_err());
    }
}
