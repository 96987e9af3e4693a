//! Events to a Gauntlet server over HTTP: `POST {base}/api/v1/runs`, then `POST {base}/api/v1/runs/{run}/events`.

use std::sync::Arc;
use std::time::Duration;

use gauntlet_model::{Event, FieldError, RunId, RunSpec};
use serde_json::Value;

use super::{DeliveryError, Sink};

/// Creates the run on the first batch and appends every batch to it. An event sent twice is stored once: its id is the
/// idempotency key, so a batch whose answer got lost is safe to repeat.
pub struct ServerSink {
    agent: ureq::Agent,
    runs_url: String,
    events_url: String,
    spec: RunSpec,
    is_created: bool,
}

impl ServerSink {
    /// A sink for the run `spec` names. `base` is such as `http://127.0.0.1:4600`; a trailing slash is ignored.
    /// Refuses a base that is not plain HTTP and a spec without an id.
    pub fn new(base: &str, spec: RunSpec) -> Result<Self, FieldError> {
        let base = base.trim_end_matches('/');
        let is_http = base.strip_prefix("http://").is_some_and(|host| !host.is_empty());
        if !is_http || base.contains(['?', '#']) || base.contains(char::is_whitespace) {
            return Err(FieldError::new(
                "base",
                format!("{base:?} is not a base URL such as http://127.0.0.1:4600"),
            ));
        }
        let run = spec
            .id
            .as_ref()
            .ok_or_else(|| FieldError::new("id", "is missing; the sink needs the run's id"))?;
        let runs_url = format!("{base}/api/v1/runs");
        let events_url = format!("{runs_url}/{}/events", in_path(run));
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Ok(Self { agent: config.into(), runs_url, events_url, spec, is_created: false })
    }

    fn post(&self, url: &str, body: &[u8]) -> Result<(), DeliveryError> {
        let sent = self.agent.post(url).header("content-type", "application/json").send(body);
        let mut response = sent.map_err(|e| DeliveryError::not_now(format!("POST {url}: {e}")))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|secs| secs.trim().parse().ok()).map(Duration::from_secs);
        let text = response.body_mut().read_to_string().unwrap_or_default();
        verdict(status, retry_after, &text)
    }
}

impl Sink for ServerSink {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let refused = |e: serde_json::Error| DeliveryError::Refused { index: None, message: e.to_string() };
        if !self.is_created {
            let spec = serde_json::to_vec(&self.spec).map_err(refused)?;
            self.post(&self.runs_url, &spec).map_err(|error| match error {
                // Which event is to blame is said of a batch, not of a run.
                DeliveryError::Refused { message, .. } => {
                    DeliveryError::Refused { index: None, message: format!("the run was refused: {message}") }
                }
                other => other,
            })?;
            self.is_created = true;
        }
        let events: Vec<&Event> = batch.iter().map(Arc::as_ref).collect();
        let body = serde_json::to_vec(&events).map_err(refused)?;
        self.post(&self.events_url, &body)
    }
}

/// What an answer means for the batch.
fn verdict(status: u16, retry_after: Option<Duration>, body: &str) -> Result<(), DeliveryError> {
    let said = || format!("the server answered {status}: {}", body.chars().take(300).collect::<String>());
    match status {
        200..=299 => Ok(()),
        408 | 429 | 500..=599 => Err(DeliveryError::NotNow { after: retry_after, message: said() }),
        413 => Err(DeliveryError::TooLarge),
        422 => Err(DeliveryError::Refused { index: first_blamed(body), message: said() }),
        _ => Err(DeliveryError::Refused { index: None, message: said() }),
    }
}

/// The index of the first event a 422 names in its `details`.
fn first_blamed(body: &str) -> Option<usize> {
    let body: Value = serde_json::from_str(body).ok()?;
    let details = body.get("details").or_else(|| body.get("error")?.get("details"))?;
    details.get(0)?.get("index")?.as_u64().and_then(|index| usize::try_from(index).ok())
}

/// A run's id as one segment of a URL path: RFC 3986 unreserved characters stay, other bytes are percent-encoded.
fn in_path(run: &RunId) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    run.as_str()
        .bytes()
        .map(|b| if keep(b) { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_they_say() {
        let secs = Some(Duration::from_secs(7));
        assert_eq!(verdict(200, None, ""), Ok(()));
        assert!(matches!(verdict(503, secs, ""), Err(DeliveryError::NotNow { after, .. }) if after == secs));
        assert!(matches!(verdict(500, None, ""), Err(DeliveryError::NotNow { after: None, .. })));
        assert_eq!(verdict(413, None, ""), Err(DeliveryError::TooLarge));
        let details = r#"{"details":[{"index":3,"field":"step","message":"is missing"}]}"#;
        for body in [details.to_owned(), format!(r#"{{"error":{details}}}"#)] {
            assert!(matches!(verdict(422, None, &body), Err(DeliveryError::Refused { index: Some(3), .. })));
        }
        for (status, body) in [(422, "no JSON"), (422, "{}"), (404, details), (409, ""), (302, "")] {
            let answer = verdict(status, None, body);
            assert!(
                matches!(answer, Err(DeliveryError::Refused { index: None, .. })),
                "{status} {body} {answer:?}"
            );
        }
    }

    #[test]
    fn a_run_id_is_one_segment_of_the_path() {
        let run = RunId::new("grpo #3 ä?%").unwrap();
        assert_eq!(in_path(&run), "grpo%20%233%20%C3%A4%3F%25");
    }

    #[test]
    fn what_cannot_work_is_refused_at_once() {
        let spec = RunSpec { id: Some(RunId::new("r").unwrap()), ..RunSpec::named("n") };
        for base in ["", "127.0.0.1:4600", "https://example.org", "http://", "http://a/?x=1", "http://a b"] {
            assert!(ServerSink::new(base, spec.clone()).is_err(), "{base}");
        }
        assert!(ServerSink::new("http://127.0.0.1:4600/", spec).is_ok());
        assert!(ServerSink::new("http://127.0.0.1:4600", RunSpec::named("n")).is_err());
    }
}
