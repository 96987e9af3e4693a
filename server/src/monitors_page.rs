//! `/projects/{project}/monitors`: the page of a project's monitors and alerts. Its form is plain HTML: what
//! it sends is tried, saved or deleted here, and the page says what is wrong at the field.

use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use gauntlet_api::MonitorRequest;
use gauntlet_app::monitors::{Content, MonitorForm, document};
use gauntlet_engine::{Error, monitors};
use gauntlet_model::{FieldError, Monitor, Severity};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::ApiError;
use crate::extract::Path;
use crate::policy;
use crate::state::AppState;

/// Alerts that the page lists, the newest.
const ALERTS: u32 = 50;

/// GET: the page. `edit` names a monitor that the form begins with; `saved` and `deleted` say what was done.
pub(crate) async fn read(
    State(state): State<AppState>,
    Path(project): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut content = content(&state, project).await?;
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "edit" => match content.monitors.iter().find(|it| it.monitor.name == value) {
                Some(listed) => content.form = filled(&listed.monitor),
                None => content.done = Some(format!("There is no monitor {value:?}.")),
            },
            "saved" => content.done = Some(format!("{value} is saved. It watches what comes from now on.")),
            "deleted" => content.done = Some(format!("{value} is deleted.")),
            _ => {}
        }
    }
    Ok(answered(&state, StatusCode::OK, &content))
}

/// POST: what the form asks for.
pub(crate) async fn change(
    State(state): State<AppState>,
    Path(project): Path<String>,
    body: String,
) -> Result<Response, ApiError> {
    let (mut form, mut what) = (MonitorForm::default(), String::new());
    for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
        let value = value.trim().to_owned();
        match name.as_ref() {
            "name" => form.name = value,
            "rule" => form.rule = value,
            "severity" => form.severity = value,
            "cooldown_secs" => form.cooldown_secs = value,
            "webhook" => form.webhook = value,
            "action" => form.action = value,
            "edited" => form.edited = value,
            "do" => what = value,
            _ => {}
        }
    }
    let page = format!("/projects/{}/monitors", utf8_percent_encode(&project, NON_ALPHANUMERIC));
    let done = |word: &str, name: &str| {
        Redirect::to(&format!("{page}?{word}={}", utf8_percent_encode(name, NON_ALPHANUMERIC)))
    };
    let asked = match what.as_str() {
        "delete" => {
            // One that is gone already is what was asked for.
            match monitors::delete(&state.store, &project, &form.edited).await {
                Ok(()) | Err(Error::NotFound(_)) => return Ok(done("deleted", &form.edited).into_response()),
                Err(error) => return Err(error.into()),
            }
        }
        "save" | "try" => asked(&form),
        _ => return Err(ApiError::bad_request("the form asks for nothing")),
    };
    let outcome = match (asked, what.as_str()) {
        (Err(error), _) => Err(Error::Invalid(error)),
        (Ok(asked), "try") => monitors::attempt_all(&state.store, &project, asked).await.map(Some),
        (Ok(asked), _) => monitors::put(&state.store, &project, &form.name, asked).await.map(|_| None),
    };
    let mut content = content(&state, project.clone()).await?;
    match outcome {
        Ok(None) => {
            if !form.edited.is_empty() && form.edited != form.name {
                match monitors::delete(&state.store, &project, &form.edited).await {
                    Ok(()) | Err(Error::NotFound(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            return Ok(done("saved", &form.name).into_response());
        }
        Ok(trial) => content.trial = trial,
        Err(Error::Invalid(error)) => content.errors.push((error.field, error.message)),
        Err(error) => return Err(error.into()),
    }
    content.form = form;
    let status = if content.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(answered(&state, status, &content))
}

/// The form as a request.
fn asked(form: &MonitorForm) -> Result<MonitorRequest, FieldError> {
    let severity = form.severity.parse()?;
    let cooldown_secs =
        match form.cooldown_secs.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| {
                FieldError::new("cooldown_secs", format!("{text:?} is not a number of seconds"))
            })?),
        };
    let webhook = Some(form.webhook.clone()).filter(|url| !url.is_empty());
    let action = Some(form.action.as_str()).filter(|word| !word.is_empty()).map(str::parse).transpose()?;
    Ok(MonitorRequest { rule: form.rule.clone(), severity, cooldown_secs, webhook, action })
}

/// The form of a monitor that is there.
fn filled(monitor: &Monitor) -> MonitorForm {
    MonitorForm {
        name: monitor.name.clone(),
        rule: monitor.rule.clone(),
        severity: monitor.severity.as_str().to_owned(),
        cooldown_secs: monitor.cooldown_secs.to_string(),
        webhook: monitor.webhook.clone().unwrap_or_default(),
        action: monitor.action.map(|action| action.as_str().to_owned()).unwrap_or_default(),
        edited: monitor.name.clone(),
    }
}

/// What the page shows whatever it is asked for.
async fn content(state: &AppState, project: String) -> Result<Content, ApiError> {
    let form = MonitorForm {
        severity: Severity::default().as_str().to_owned(),
        cooldown_secs: monitors::COOLDOWN_SECS.to_string(),
        ..MonitorForm::default()
    };
    Ok(Content {
        monitors: monitors::list(&state.store, &project).await?,
        alerts: state.store.alerts(&project, ALERTS).await?,
        project,
        form,
        ..Content::default()
    })
}

fn answered(state: &AppState, status: StatusCode, content: &Content) -> Response {
    let options = &state.leptos;
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, policy::of_plain_page(), document(content, style)).into_response()
}
