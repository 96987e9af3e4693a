//! What a monitor's webhook is sent, and which addresses may be one.

use gauntlet_model::{Event, FieldError, Monitor, Severity};
use gauntlet_store::{MonitoredRun, NewCall};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use url::Url;

/// The longest address, bytes.
const MAX_URL_BYTES: usize = 2_000;
/// Characters of a message: chat services refuse longer ones.
const MAX_MESSAGE_CHARS: usize = 1_500;
/// What is percent-encoded in the id of a run.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Checks an address. An empty one is none.
pub(super) fn address(asked: Option<String>) -> Result<Option<String>, FieldError> {
    let Some(text) = asked.filter(|text| !text.is_empty()) else { return Ok(None) };
    let refused = |message: String| Err(FieldError::new("webhook", message));
    if text.len() > MAX_URL_BYTES {
        return refused(format!("is {} bytes long; at most {MAX_URL_BYTES}", text.len()));
    }
    let url = match Url::parse(&text) {
        Ok(url) => url,
        Err(error) => return refused(format!("is not an address: {error}")),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refused(format!("begins with {}:; it must be http: or https:", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("must not hold a user name or password".to_owned());
    }
    Ok(Some(url.into()))
}

/// The call that reports an alert; `None` where the monitor has no webhook. `server` is the address of this
/// server.
pub(super) fn call(server: &str, run: &MonitoredRun, monitor: &Monitor, alert: &Event) -> Option<NewCall> {
    let url = monitor.webhook.clone()?;
    let gauntlet_model::Body::AlertRaised(body) = alert.body() else { return None };
    let step = alert.step().map(|step| format!("?step={step}")).unwrap_or_default();
    let page = format!("{server}/runs/{}{step}", utf8_percent_encode(run.id.as_str(), IN_PATH));
    let place = alert.step().map(|step| format!(", step {step}")).unwrap_or_default();
    let sign = match body.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let shown: String = body.text.chars().take(MAX_MESSAGE_CHARS).collect();
    let message = format!("[{sign}] {}: {shown}\n{}{place}: {page}", monitor.name, run.name);
    let content = json!({
        // Slack, Mattermost and others read `text`, Discord reads `content`.
        "text": message,
        "content": message,
        "id": alert.id().to_string(),
        "project": monitor.project,
        "run": run.id,
        "run_name": run.name,
        "monitor": monitor.name,
        "rule": monitor.rule,
        "severity": body.severity,
        "alert": body.text,
        "step": alert.step(),
        "at": alert.at(),
        "page": page,
    });
    let (project, monitor) = (monitor.project.clone(), monitor.name.clone());
    Some(NewCall { project, monitor, url, payload: content.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Option<&str>, &str>) {
        match (address(Some(text.to_owned())), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.as_deref(), expected),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{text}: {error}"),
            (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_webhook_is_an_address_of_the_web() {
        check(
            "https://hooks.slack.com/services/T0/B0/x",
            Ok(Some("https://hooks.slack.com/services/T0/B0/x")),
        );
        check("http://127.0.0.1:9000/a?b=c", Ok(Some("http://127.0.0.1:9000/a?b=c")));
        check("", Ok(None));
        check("file:///etc/passwd", Err("must be http: or https:"));
        check("gopher://127.0.0.1:6379/_FLUSHALL", Err("must be http: or https:"));
        check("hooks.slack.com/services", Err("is not an address"));
        check("https://me:secret@example.org/", Err("user name or password"));
        check(&format!("https://example.org/{}", "a".repeat(2_000)), Err("at most 2000"));
    }
}
