//! Which programs and pages may ask at all; whether they need a key is decided by [`crate::access`].
//!
//! Three headers decide, all of them written by the browser and out of a page's reach. `Host` must be
//! loopback or one of `allowed_hosts`: another name that resolves to this machine is refused (DNS rebinding).
//! `Origin` and `Sec-Fetch-Site` say whether a page of another origin asks: it neither reads nor changes
//! anything unless `allowed_origins` in the configuration names it, also where it is of another port of this
//! machine. Following a link from there is no reading: the page elsewhere does not see where it leads.
//! Programs send none of these but `Host`.

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
use crate::exposure::Exposure;
use crate::http::REQUEST_ID;

static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Origins of other pages that may read and change things, from the configuration. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct Trusted {
    origins: Arc<[Origin]>,
    /// Names of this server besides loopback, in lower case.
    hosts: Arc<[String]>,
    /// Whether any IP address is a name of this server. A page elsewhere cannot make a browser send one by
    /// its own DNS.
    any_address: bool,
}

impl Trusted {
    /// Reads origins such as `http://localhost:5173`.
    ///
    /// # Errors
    ///
    /// Where one is no origin of a page.
    pub fn parse(origins: &[String]) -> Result<Self, FieldError> {
        let read = origins.iter().map(|text| {
            bare(text).map(|url| url.origin()).ok_or_else(|| {
                let message = format!("{text:?} is not the origin of a page such as http://localhost:5173");
                FieldError::new("allowed_origins", message)
            })
        });
        Ok(Self { origins: read.collect::<Result<Vec<_>, _>>()?.into(), ..Self::default() })
    }

    /// Takes requests for the other names of a server, and for its address where others reach it.
    #[must_use]
    pub fn with_hosts(self, exposure: &Exposure) -> Self {
        Self { hosts: Arc::clone(&exposure.hosts), any_address: exposure.beyond_loopback, ..self }
    }

    fn has(&self, value: &str) -> bool {
        bare(value).is_some_and(|url| self.origins.contains(&url.origin()))
    }

    /// Whether the value of a `Host` header is one of the names that this server has besides loopback.
    fn is_name(&self, host: &HeaderValue) -> bool {
        let Ok(host) = host.to_str() else { return false };
        match bare(&format!("http://{host}")).as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => self.hosts.iter().any(|known| known == name.trim_end_matches('.')),
            _ => false,
        }
    }

    /// Whether an origin or the value of a `Host` header, with a scheme in front, is one of this server.
    fn is_this_server(&self, text: &str) -> bool {
        let Some(url) = bare(text) else { return false };
        match url.host() {
            Some(host) if is_loopback(host.clone()) => true,
            Some(Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                self.hosts.iter().any(|known| known == name)
            }
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => self.any_address,
            None => false,
        }
    }
}

/// Lets pass what programs and the pages of this server and of allowed origins ask; refuses the rest.
pub async fn check(State(trusted): State<Trusted>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let refused = foreign(headers, request.uri(), &trusted)
        .or_else(|| if is_link(request.method(), headers) { None } else { other_page(headers, &trusted) });
    let is_named = headers.get(header::HOST).is_some_and(|host| trusted.is_name(host));
    let mut response = match refused {
        None => next.run(request).await,
        Some(error) => error.into_response(),
    };
    // Browsers read it over TLS alone. Not for localhost: other ports of this machine may speak plain HTTP.
    if is_named {
        let forever = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, forever);
    }
    response
}

/// Whether a browser opens a page, perhaps by a link on a page elsewhere. What an element of a page embeds is
/// no page; who may frame one is said by `frame_ancestors`.
fn is_link(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &HeaderName, wanted: &[&str]| {
        let mut values = all(headers, name.clone()).peekable();
        values.peek().is_some() && values.all(|value| wanted.contains(&value))
    };
    matches!(*method, Method::GET | Method::HEAD)
        && is(&FETCH_MODE, &["navigate"])
        && !is(&FETCH_DEST, &["object", "embed"])
        && !headers.contains_key(header::ORIGIN)
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

/// Pages of allowed origins may read the answers, refusals by [`check`] included.
pub fn allowed_pages(trusted: &Trusted) -> CorsLayer {
    let trusted = trusted.clone();
    let is_allowed = move |value: &HeaderValue, _: &Parts| value.to_str().is_ok_and(|text| trusted.has(text));
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([REQUEST_ID.clone(), header::RETRY_AFTER, header::LOCATION])
}

/// Every value of a header: one that is there twice may be read either way further on, so each has to pass.
fn all(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("?"))
}

/// The refusal of a request whose host is not this server.
fn foreign(headers: &HeaderMap, uri: &Uri, trusted: &Trusted) -> Option<ApiError> {
    if !headers.contains_key(header::HOST) {
        return Some(ApiError::bad_request("the request has no Host header"));
    }
    let mut hosts = all(headers, header::HOST).chain(uri.authority().map(|authority| authority.as_str()));
    let host = hosts.find(|host| !trusted.is_this_server(&format!("http://{host}")))?;
    let message = format!(
        "the host {host:?} is not this machine; Gauntlet answers loopback addresses, and the names that \
         allowed_hosts in gauntlet.toml lists"
    );
    Some(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
}

/// The refusal of a request that a page of another site, host or port makes.
fn other_page(headers: &HeaderMap, trusted: &Trusted) -> Option<ApiError> {
    let mut origins = all(headers, header::ORIGIN).peekable();
    if origins.peek().is_some() && origins.all(|origin| trusted.has(origin)) {
        return None;
    }
    let what = if let Some(other) = all(headers, header::ORIGIN).find(|it| !trusted.is_this_server(it)) {
        format!("a page of {other:?}")
    } else if headers.contains_key(&FETCH_SITE) {
        let site = all(headers, FETCH_SITE.clone()).find(|site| !matches!(*site, "same-origin" | "none"))?;
        match all(headers, header::ORIGIN).next() {
            Some(origin) => format!("a page of {origin:?}"),
            None => format!("a page elsewhere (Sec-Fetch-Site: {site})"),
        }
    } else {
        // Browsers that do not say so, and programs: the origin, if there is one, must be where the request
        // goes.
        let hosts: Vec<&str> = all(headers, header::HOST).collect();
        let other = all(headers, header::ORIGIN).find(|origin| !is_page_of(origin, &hosts))?;
        format!("a page of {other:?}")
    };
    let message = format!(
        "{what} may neither read nor change anything here; allowed_origins in gauntlet.toml names the \
         origins of pages that may"
    );
    Some(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
}

/// Whether an origin is where a request with these `Host` headers goes. Encryption by a proxy is out of
/// sight, so the scheme does not count.
fn is_page_of(text: &str, hosts: &[&str]) -> bool {
    let Some((_, authority)) = text.split_once("://") else { return false };
    bare(text).is_some() && hosts.iter().any(|host| host.eq_ignore_ascii_case(authority))
}

/// A text that is a scheme of pages, a host, perhaps a port, and nothing else.
fn bare(text: &str) -> Option<Url> {
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
    is_bare.then_some(url)
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
        let (all, trusted) = (headers(&pairs), Trusted::default());
        let refused = foreign(&all, &Uri::from_static("/"), &trusted).or_else(|| other_page(&all, &trusted));
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
    fn only_pages_of_the_origin_that_is_asked_pass() {
        for origin in ["http://localhost", "https://localhost", "http://LOCALHOST"] {
            check("localhost", Some(origin), true);
        }
        check("[::1]:1", Some("http://[::1]:1"), true);
        for origin in [
            "http://localhost:3000",
            "http://127.0.0.1",
            "http://a.localhost",
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
            let (mut all, trusted) = (twice.clone(), Trusted::default());
            all.append(name, value.parse().unwrap());
            foreign(&all, &Uri::from_static("/"), &trusted).or_else(|| other_page(&all, &trusted)).is_some()
        };
        assert!(with(header::HOST, "evil.example") && with(header::ORIGIN, "http://evil.example"));
        let at = |headers: &HeaderMap, uri| foreign(headers, &Uri::from_static(uri), &Trusted::default());
        assert!(at(&twice, "http://evil.example/").is_some());
        assert!(at(&twice, "http://localhost/").is_none());
        assert!(at(&HeaderMap::new(), "/").is_some());
    }

    #[test]
    fn a_server_with_a_name_answers_to_it_and_to_no_other() {
        let named = Exposure { hosts: ["g.example.org".to_owned()].into(), ..Exposure::default() };
        let trusted = Trusted::default().with_hosts(&named);
        let pass = |host: &str, page: &str| {
            let all = headers(&[(header::HOST, host), (header::ORIGIN, page)]);
            foreign(&all, &Uri::from_static("/"), &trusted).is_none() && other_page(&all, &trusted).is_none()
        };
        assert!(
            pass("g.example.org", "https://g.example.org")
                && pass("G.example.org:8", "http://g.example.org:8")
        );
        assert!(
            !pass("evil.example", "https://evil.example") && !pass("g.example.org", "https://evil.example")
        );
        assert!(!pass("g.example.org.evil.example", "null") && !pass("10.0.0.1", "http://10.0.0.1"));
        assert!(!pass("g.example.org", "https://g.example.org:1"));
        let reached = Exposure { beyond_loopback: true, ..Exposure::default() };
        let trusted = Trusted::default().with_hosts(&reached);
        let all = headers(&[(header::HOST, "10.0.0.1:4600")]);
        assert!(foreign(&all, &Uri::from_static("/"), &trusted).is_none());
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
        for origin in ["http://localhost:3000", "http://127.0.0.1:4600", "https://localhost:5173", "null"] {
            assert!(!may(&[(header::ORIGIN, origin)]), "{origin}");
        }
        // A development server hands a request of its own page on: the browser saw one origin.
        assert!(may(&[(header::ORIGIN, "http://localhost:3000"), site("same-origin")]));
        assert!(may(&[(header::ORIGIN, "http://localhost:5173"), site("same-site")]));
        for text in ["null", "*", "localhost:5173", "http://localhost:5173/", "file:///a", "http://a@b"] {
            assert!(Trusted::parse(&[text.to_owned()]).unwrap_err().message.contains(text));
        }
    }

    #[test]
    fn a_link_from_elsewhere_leads_here_and_nothing_else_does() {
        let is = |method: Method, pairs: &[(HeaderName, &str)]| is_link(&method, &headers(pairs));
        let (mode, dest) = (|value| (FETCH_MODE.clone(), value), |value| (FETCH_DEST.clone(), value));
        assert!(is(Method::GET, &[mode("navigate"), dest("document")]));
        assert!(is(Method::GET, &[mode("navigate"), dest("iframe")]));
        assert!(!is(Method::GET, &[mode("navigate"), dest("embed")]));
        assert!(!is(Method::POST, &[mode("navigate")]) && !is(Method::GET, &[]));
        assert!(!is(Method::GET, &[mode("no-cors"), dest("image")]) && !is(Method::GET, &[mode("cors")]));
        assert!(!is(Method::GET, &[mode("navigate"), (header::ORIGIN, "null")]));
    }
}
