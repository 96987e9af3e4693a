//! The layer that decides whether a request goes on.

use std::borrow::Cow;

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use form_urlencoded::{byte_serialize, parse};
use gauntlet_engine::clock::now;
use gauntlet_model::RunId;
use gauntlet_store::Store;
use gauntlet_vault::routes::{Reach, Route, find};
use gauntlet_vault::{Permission, Principal, Projects, RefusedKey};
use percent_encoding::percent_decode_str;

use super::credentials::{Credentials, presented};
use super::{Access, Required};
use crate::error::ApiError;

/// What a route needs that is missing in the table: only an admin reaches it.
const UNKNOWN: Route = Route { permission: Permission::Administer, reach: Reach::Everything };

/// Lets a request pass that its principal may make, with the [`Principal`] for its handler.
pub async fn check(State(access): State<Access>, mut request: Request, next: Next) -> Response {
    let Some(required) = &access.0 else {
        request.extensions_mut().insert(Principal::local());
        return next.run(request).await;
    };
    // What no route answers is a file of the site, or not found.
    let Some(path) = table_path(&request) else { return next.run(request).await };
    let route = find(request.method().as_str(), &path).unwrap_or(UNKNOWN);
    if route.permission == Permission::Public {
        return next.run(request).await;
    }
    // A body cannot be borrowed across threads, and none is needed to decide.
    let (parts, body) = request.into_parts();
    match admit(required, &parts, &path, route).await {
        Ok(principal) => {
            let mut request = Request::from_parts(parts, body);
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(error) => refused(error, &parts, &path),
    }
}

/// The path of the table that a request is for. The functions of pages have one route in the router and an
/// entry each in the table.
fn table_path(request: &Request) -> Option<String> {
    let matched = request.extensions().get::<MatchedPath>()?.as_str();
    let path = if matched.starts_with("/pages/") { request.uri().path() } else { matched };
    Some(path.to_owned())
}

async fn admit(required: &Required, parts: &Parts, path: &str, route: Route) -> Result<Principal, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    // Browsers can set no header on a WebSocket or on server-sent events.
    let in_address = parts.method == Method::GET && (path.ends_with("/live") || path.starts_with("/ws/"));
    let found = match presented(&parts.headers, query, in_address) {
        Some(Credentials::Key(key)) => required.principal(&key, now()).map(|(_, principal)| principal),
        Some(Credentials::Session(token)) => of_session(required, &token).ok_or(RefusedKey::Unknown),
        None => return Err(unauthorized("this Gauntlet asks for an API key, and the request has none")),
    };
    let principal = found.map_err(|refusal| required.failed(parts, refusal))?;
    if !principal.may(route.permission) {
        return Err(forbidden(&principal, &format!("needs the role {}", route.permission)));
    }
    if let Projects::Only(_) = principal.projects() {
        reaches(&principal, &required.store, parts, path, route.reach).await?;
    }
    Ok(principal)
}

pub(super) fn of_session(required: &Required, token: &str) -> Option<Principal> {
    let now = now();
    let id = required.sessions.lock().key(token, now)?.to_owned();
    required.keys.read().principal(&id, now)
}

impl Required {
    /// Counts a failure, and answers how it is refused.
    pub(super) fn failed(&self, parts: &Parts, refusal: RefusedKey) -> ApiError {
        let address = self.proxies.client(&parts.extensions, &parts.headers);
        let wait_secs = address.and_then(|address| self.failures.lock().fail(address, now()));
        match wait_secs {
            Some(secs) => ApiError::too_many("too many wrong API keys from this address", secs),
            None => unauthorized(&refusal.to_string()),
        }
    }
}

/// Refuses what is outside of the projects of the principal.
async fn reaches(
    principal: &Principal,
    store: &Store,
    parts: &Parts,
    path: &str,
    reach: Reach,
) -> Result<(), ApiError> {
    let project = match reach {
        Reach::Handler => return Ok(()),
        Reach::Everything => {
            return Err(forbidden(principal, "is limited to some projects, and this is about all of them"));
        }
        Reach::Query => {
            let query = parts.uri.query().unwrap_or_default();
            let named = parse(query.as_bytes()).find(|(name, _)| name == "project");
            let named = named.map(|(_, project)| project.into_owned());
            named.ok_or_else(|| forbidden(principal, "is limited to some projects: name one, ?project="))?
        }
        Reach::Path => match named(path, parts.uri.path()) {
            Some(Named::Project(project)) => project.into_owned(),
            Some(Named::Run(run)) => {
                let id = RunId::new(run.as_ref()).map_err(|_| ApiError::no_run(&run))?;
                let summary = store.run(&id).await?;
                summary.ok_or_else(|| ApiError::no_run(&run))?.project
            }
            None => return Err(ApiError::internal("a route names neither a run nor a project")),
        },
    };
    may_project(principal, &project)
}

/// Refuses a project that the principal's key is not valid for.
///
/// # Errors
///
/// 403 for another project.
pub(crate) fn may_project(principal: &Principal, project: &str) -> Result<(), ApiError> {
    match principal.projects().contains(project) {
        true => Ok(()),
        false => Err(forbidden(principal, &format!("is not valid for the project {project:?}"))),
    }
}

/// What a path names.
enum Named<'a> {
    Run(Cow<'a, str>),
    Project(Cow<'a, str>),
}

/// The run or the project that `actual` names, by its `template`.
fn named<'a>(template: &str, actual: &'a str) -> Option<Named<'a>> {
    template.split('/').zip(actual.split('/')).find_map(|(part, segment)| {
        let text = percent_decode_str(segment).decode_utf8_lossy();
        match part {
            "{run}" | "{sid}" | "{id}" => Some(Named::Run(text)),
            "{project}" => Some(Named::Project(text)),
            _ => None,
        }
    })
}

fn unauthorized(why: &str) -> ApiError {
    let message = format!(
        "{why}. Send `Authorization: Bearer KEY`; the SDKs and the command line take it from \
         GAUNTLET_API_KEY. An admin makes one with `gauntlet keys create`"
    );
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
}

fn forbidden(principal: &Principal, why: &str) -> ApiError {
    let name = principal.name().unwrap_or_default();
    let role = principal.role().as_str();
    let message = match why.starts_with("needs") {
        true => format!("the API key {name:?} has the role {role}; this {why}"),
        false => format!("the API key {name:?} {why}"),
    };
    ApiError::new(StatusCode::FORBIDDEN, "forbidden", message)
}

/// The refusal as an answer. A person who opens a page without a session is led to the login page.
fn refused(error: ApiError, parts: &Parts, path: &str) -> Response {
    let is_unauthorized = error.status() == StatusCode::UNAUTHORIZED;
    let is_page = parts.method == Method::GET && !path.starts_with("/api/") && wants_page(&parts.headers);
    if is_unauthorized && is_page {
        let next = parts.uri.path_and_query().map_or("/", |next| next.as_str());
        let next: String = byte_serialize(next.as_bytes()).collect();
        return Redirect::to(&format!("/login?next={next}")).into_response();
    }
    let mut response = error.into_response();
    if is_unauthorized {
        let scheme = HeaderValue::from_static("Bearer realm=\"Gauntlet\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// What is asked over gRPC, where requests are not routes: whether the key in its metadata may record.
///
/// # Errors
///
/// 401 or 403, as over HTTP.
pub(crate) fn may_record(access: &Access, parts: &Parts) -> Result<Principal, ApiError> {
    let Some(required) = &access.0 else { return Ok(Principal::local()) };
    let Some(Credentials::Key(key)) = presented(&parts.headers, "", false) else {
        return Err(unauthorized("this Gauntlet asks for an API key, and the request has none"));
    };
    let (_, principal) =
        required.principal(&key, now()).map_err(|refusal| required.failed(parts, refusal))?;
    match (principal.may(Permission::Record), principal.projects()) {
        (false, _) => Err(forbidden(&principal, &format!("needs the role {}", Permission::Record))),
        (true, Projects::Only(_)) => {
            Err(forbidden(&principal, "is limited to some projects, and this is about all of them"))
        }
        (true, Projects::All) => Ok(principal),
    }
}
