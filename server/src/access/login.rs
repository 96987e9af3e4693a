//! The login page: a key becomes a session of the browser. Rendered whole, without code for the browser.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use form_urlencoded::parse;
use gauntlet_app::head_html;
use gauntlet_engine::clock::{now, random_bytes};
use gauntlet_vault::{Principal, Projects, Secret};
use html_escape::encode_double_quoted_attribute;

use super::Access;
use super::credentials::{COOKIE, session};
use super::sessions::SESSION_SECS;
use crate::error::ApiError;
use crate::policy;

/// Largest form, bytes.
pub const FORM_BYTES: u64 = 8 << 10;

/// GET `/login?next=`.
pub async fn page(State(access): State<Access>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let next = field(query.as_bytes(), "next").unwrap_or_default();
    let Some(required) = &access.0 else { return Redirect::to(local(&next)).into_response() };
    let token = session(request.headers());
    let principal = token.and_then(|token| super::check::of_session(required, &token));
    answer(StatusCode::OK, &html(&next, principal.as_ref(), None))
}

/// POST `/login` of a form with `key` and `next`.
pub async fn log_in(State(access): State<Access>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // Bounded by the router.
    let Ok(form) = axum::body::to_bytes(body, usize::MAX).await else {
        return ApiError::too_large(FORM_BYTES).into_response();
    };
    let next = field(&form, "next").unwrap_or_default();
    let Some(required) = &access.0 else { return Redirect::to(local(&next)).into_response() };
    let key = field(&form, "key").unwrap_or_default();
    let (id, principal) = match required.principal(key.trim(), now()) {
        Ok(found) => found,
        Err(refusal) => {
            let error = required.failed(&parts, refusal);
            let why = match error.status() {
                StatusCode::TOO_MANY_REQUESTS => error.message().to_owned(),
                _ => refusal.to_string(),
            };
            return answer(error.status(), &html(&next, None, Some(&why)));
        }
    };
    if let Projects::Only(_) = principal.projects() {
        let why = "this key is limited to some projects; pages need one that is valid for all of them";
        return answer(StatusCode::FORBIDDEN, &html(&next, None, Some(why)));
    }
    let token = Secret::new(random_bytes());
    required.sessions.lock().begin(&token, id, now());
    let mut response = Redirect::to(local(&next)).into_response();
    let value = format!("{COOKIE}={}; Max-Age={SESSION_SECS}", token.expose());
    set_cookie(&mut response, &value, required.secure_cookies);
    response
}

/// POST `/logout`.
pub async fn log_out(State(access): State<Access>, headers: HeaderMap) -> Response {
    let mut response = Redirect::to("/login").into_response();
    if let Some(required) = &access.0 {
        if let Some(token) = session(&headers) {
            required.sessions.lock().end(&token);
        }
        set_cookie(&mut response, &format!("{COOKIE}=; Max-Age=0"), required.secure_cookies);
    }
    response
}

/// `Lax`: a link from elsewhere finds the session, and a form or script of another site does not.
fn set_cookie(response: &mut Response, value: &str, secure: bool) {
    let secure = if secure { "; Secure" } else { "" };
    if let Ok(value) = HeaderValue::from_str(&format!("{value}; Path=/; HttpOnly; SameSite=Lax{secure}")) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
}

fn field(form: &[u8], name: &str) -> Option<String> {
    parse(form).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// The page to go on to, where it is one of this server; else the list of runs. Browsers take `//host` and
/// `/\host` for another site.
fn local(next: &str) -> &str {
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if next.starts_with('/') && !next.starts_with("//") && is_plain { next } else { "/" }
}

fn answer(status: StatusCode, html: &str) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, kind, policy::of_plain_page(), html.to_owned()).into_response()
}

fn html(next: &str, principal: Option<&Principal>, error: Option<&str>) -> String {
    let escape = |text: &str| encode_double_quoted_attribute(text).replace('>', "&gt;");
    let who = principal.map(|principal| {
        let (name, role) = (escape(principal.name().unwrap_or_default()), principal.role().as_str());
        format!(
            "<p>Logged in as <b>{name}</b> ({role}).</p>\
             <form method=\"post\" action=\"/logout\"><button class=\"button\">Log out</button></form>"
        )
    });
    let error = error.map(|why| format!("<p role=\"alert\" class=\"error\">{}</p>", escape(why)));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head>{head}<title>Log in · Gauntlet</title></head>\
         <body><div class=\"docs-page\"><header class=\"top\">\
         <a class=\"mark\" href=\"/\" aria-label=\"Gauntlet, all runs\">\
         <i aria-hidden=\"true\"></i><span>Gauntlet</span></a></header>\
         <main class=\"docs\"><h1>Log in</h1>{error}{who}\
         <form method=\"post\" action=\"/login\"><input type=\"hidden\" name=\"next\" value=\"{next}\">\
         <p><label for=\"key\">API key</label></p>\
         <p><input class=\"field\" id=\"key\" name=\"key\" type=\"password\" \
         autocomplete=\"current-password\" required autofocus></p>\
         <p><button class=\"button\">Log in</button></p></form>\
         <p>An admin makes keys with <code>gauntlet keys create</code>.</p></main></div></body></html>\n",
        head = head_html("/pkg/gauntlet.css"),
        error = error.unwrap_or_default(),
        who = who.unwrap_or_default(),
        next = escape(next),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_a_page_of_this_server_alone() {
        assert_eq!(local("/runs/a?step=1"), "/runs/a?step=1");
        for next in ["", "runs", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"] {
            assert_eq!(local(next), "/", "{next:?}");
        }
    }

    #[test]
    fn the_page_escapes_what_it_shows() {
        let text = html("\"><script>", None, Some("<b>"));
        assert!(text.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{text}");
        assert!(text.contains("&lt;b&gt;") && !text.contains("<b>"), "{text}");
    }
}
