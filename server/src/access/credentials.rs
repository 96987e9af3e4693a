//! What a request presents: a key in a header or, where a browser can set none, in the address; or the
//! session of a page.

use axum::http::{HeaderMap, HeaderName, header};
use form_urlencoded::parse;

static API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The cookie of a session.
pub(super) const COOKIE: &str = "gauntlet_session";

/// What is presented.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// An API key.
    Key(String),
    /// The token of a session.
    Session(String),
}

/// What a request presents, if anything. `in_address` says whether a key may be in the query as
/// `access_token`: addresses end up in logs and histories, so only where a browser cannot set a header.
pub(super) fn presented(headers: &HeaderMap, query: &str, in_address: bool) -> Option<Credentials> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
    if let Some(value) = text(&header::AUTHORIZATION) {
        let (scheme, key) = value.split_once(' ').unwrap_or((value, ""));
        // Another scheme is not a key of this server: refused like a wrong one, not overlooked.
        let key = if scheme.eq_ignore_ascii_case("bearer") { key.trim() } else { "" };
        return Some(Credentials::Key(key.to_owned()));
    }
    if let Some(key) = text(&API_KEY) {
        return Some(Credentials::Key(key.to_owned()));
    }
    if in_address && let Some((_, key)) = parse(query.as_bytes()).find(|(name, _)| name == "access_token") {
        return Some(Credentials::Key(key.into_owned()));
    }
    session(headers).map(Credentials::Session)
}

/// The token of the session cookie.
pub(super) fn session(headers: &HeaderMap) -> Option<String> {
    let lists = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, token)| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(HeaderName, &str)], query: &str, in_address: bool, expected: Option<Credentials>) {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        assert_eq!(presented(&headers, query, in_address), expected);
    }

    #[test]
    fn a_key_is_found_where_it_may_be() {
        let key = |text: &str| Some(Credentials::Key(text.to_owned()));
        check(&[(header::AUTHORIZATION, "Bearer k")], "", false, key("k"));
        check(&[(header::AUTHORIZATION, "bearer  k ")], "", false, key("k"));
        check(&[(header::AUTHORIZATION, "Basic k")], "", false, key(""));
        check(&[(API_KEY.clone(), "k")], "", false, key("k"));
        check(&[], "after=1&access_token=k", true, key("k"));
        check(&[], "access_token=k", false, None);
        let session = Some(Credentials::Session("t".to_owned()));
        check(&[(header::COOKIE, "theme=dark; gauntlet_session=t")], "", false, session);
        check(&[(header::COOKIE, "gauntlet_session2=t")], "", false, None);
    }
}
