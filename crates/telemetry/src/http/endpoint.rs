//! A Gauntlet server as a client sees it: its address, the key that opens it, and what its answers mean.

use std::time::Duration;

use gauntlet_model::{FieldError, RunId};
use serde_json::Value;

use crate::percent::path_segment;
use crate::sink::DeliveryError;

use super::trust::{Trust, check_encryption, describe, is_here};

/// How long an answer may take by default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a server is, and who asks. Cloning shares the connections.
#[derive(Clone)]
pub struct Endpoint {
    agent: ureq::Agent,
    base: String,
    key: Option<String>,
    trust: Trust,
}

impl Endpoint {
    /// A server at `base`, such as `http://127.0.0.1:4600` or `https://gauntlet.example.org`; a trailing
    /// slash is ignored. Its certificate is checked against those that browsers trust, or those of the file
    /// that `GAUNTLET_CA` names.
    ///
    /// # Errors
    ///
    /// Where `base` is no such address, or is plain HTTP to another machine without `GAUNTLET_INSECURE=1`.
    pub fn new(base: &str) -> Result<Self, FieldError> {
        let base = base.trim_end_matches('/');
        let host = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
        let is_http = host.is_some_and(|host| !host.is_empty());
        if !is_http || base.contains(['?', '#']) || base.contains(char::is_whitespace) {
            return Err(FieldError::new(
                "base",
                format!("{base:?} is not a base URL such as http://127.0.0.1:4600"),
            ));
        }
        check_encryption(base)?;
        let trust = Trust::of_environment()?;
        Ok(Self { agent: agent(base, &trust), base: base.to_owned(), key: None, trust })
    }

    /// The same server, whose certificate is checked against these.
    #[must_use]
    pub fn with_trust(self, trust: Trust) -> Self {
        Self { agent: agent(&self.base, &trust), trust, ..self }
    }

    /// What its certificate is checked against.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The same server, asked with a key (`Authorization: Bearer`). Refuses a key that a header
    /// cannot hold.
    pub fn with_key(mut self, key: impl Into<String>) -> Result<Self, FieldError> {
        let key = key.into();
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(FieldError::new("api_key", "is empty or holds other than visible ASCII characters"));
        }
        self.key = Some(key);
        Ok(self)
    }

    /// The address, without a trailing slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The value of the `Authorization` header, where there is a key.
    pub fn authorization(&self) -> Option<String> {
        self.key.as_ref().map(|key| format!("Bearer {key}"))
    }

    /// `{base}/api/v1/runs`.
    pub fn runs_url(&self) -> String {
        format!("{}/api/v1/runs", self.base)
    }

    /// `{base}/api/v1/runs/{run}{rest}`.
    pub fn run_url(&self, run: &RunId, rest: &str) -> String {
        format!("{}/{}{rest}", self.runs_url(), path_segment(run.as_str()))
    }

    /// GET: the body of a 2xx answer. `patience` beyond the usual is for long polls.
    pub fn get(&self, url: &str, patience: Duration) -> Result<String, DeliveryError> {
        self.get_within(url, DEFAULT_TIMEOUT + patience)
    }

    /// GET that takes at most `timeout`: the body of a 2xx answer.
    pub fn get_within(&self, url: &str, timeout: Duration) -> Result<String, DeliveryError> {
        let request = self.agent.get(url).config().timeout_global(Some(timeout)).build();
        let request = self.signed(request);
        answer(request.call().map_err(|e| DeliveryError::not_now(format!("GET {url}: {}", describe(&e))))?)
    }

    /// POST of JSON: the body of a 2xx answer.
    pub fn post(&self, url: &str, json: &[u8]) -> Result<String, DeliveryError> {
        let request = self.signed(self.agent.post(url)).header("content-type", "application/json");
        answer(
            request
                .send(json)
                .map_err(|e| DeliveryError::not_now(format!("POST {url}: {}", describe(&e))))?,
        )
    }

    /// PUT of bytes: the body of a 2xx answer.
    pub fn put(&self, url: &str, bytes: &[u8]) -> Result<String, DeliveryError> {
        let request = self.signed(self.agent.put(url)).header("content-type", "application/octet-stream");
        answer(
            request
                .send(bytes)
                .map_err(|e| DeliveryError::not_now(format!("PUT {url}: {}", describe(&e))))?,
        )
    }

    /// PUT of JSON: the body of a 2xx answer.
    pub fn put_json(&self, url: &str, json: &[u8]) -> Result<String, DeliveryError> {
        let request = self.signed(self.agent.put(url)).header("content-type", "application/json");
        answer(
            request.send(json).map_err(|e| DeliveryError::not_now(format!("PUT {url}: {}", describe(&e))))?,
        )
    }

    fn signed<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match self.authorization() {
            Some(value) => request.header("authorization", value),
            None => request,
        }
    }
}

fn agent(base: &str, trust: &Trust) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_global(Some(DEFAULT_TIMEOUT))
        .tls_config(trust.to_tls());
    // A proxy of the environment leads away from this machine.
    let config = if is_here(base) { config.proxy(None) } else { config };
    config.build().into()
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<String, DeliveryError> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|secs| secs.trim().parse().ok()).map(Duration::from_secs);
    // An answer that breaks off is not an answer: what it acknowledged is asked again.
    let text = response.body_mut().read_to_string().map_err(DeliveryError::not_now)?;
    verdict(status, retry_after, &text).map(|()| text)
}

/// What an answer means for what was sent.
fn verdict(status: u16, retry_after: Option<Duration>, body: &str) -> Result<(), DeliveryError> {
    let message = || {
        let answer: Option<Value> = serde_json::from_str(body).ok();
        let message = answer.as_ref().and_then(|it| it.pointer("/error/message")?.as_str()).unwrap_or(body);
        format!("the server answered {status}: {}", message.chars().take(300).collect::<String>())
    };
    match status {
        200..=299 => Ok(()),
        // A key may be given, or made right, while what it is for waits.
        401 | 403 | 408 | 421 | 425 | 429 | 500..=599 => {
            Err(DeliveryError::NotNow { after: retry_after, message: message() })
        }
        404 => Err(DeliveryError::Missing { message: message() }),
        410 => Err(DeliveryError::Gone { message: message() }),
        409 => Err(DeliveryError::Conflict { message: message() }),
        413 => Err(DeliveryError::TooLarge),
        422 => Err(match refused_events(body) {
            events if events.len() > 1 => DeliveryError::RefusedEvents { events },
            events => {
                DeliveryError::Refused { index: events.first().map(|(index, _)| *index), message: message() }
            }
        }),
        _ => Err(DeliveryError::Refused { index: None, message: message() }),
    }
}

/// The events that a 422 names in its `details`: the position of each in the batch, and why it was refused.
fn refused_events(body: &str) -> Vec<(usize, String)> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let details = body.get("details").or_else(|| body.get("error")?.get("details"));
    let event = |detail: &Value| {
        let index = usize::try_from(detail.get("index")?.as_u64()?).ok()?;
        let text = |key: &str| detail.get(key).and_then(Value::as_str).unwrap_or_default();
        let message: String = format!("{}: {}", text("field"), text("message")).chars().take(300).collect();
        Some((index, format!("the server answered 422: {}", message.trim_start_matches(": "))))
    };
    details.and_then(Value::as_array).into_iter().flatten().filter_map(event).collect()
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
        let taken = r#"{"error":{"code":"conflict","message":"the run is there","request_id":"r"}}"#;
        let Err(DeliveryError::Conflict { message }) = verdict(409, None, taken) else { panic!("409") };
        assert_eq!(message, "the server answered 409: the run is there");
        let details = r#"{"details":[{"index":3,"field":"step","message":"is missing"}]}"#;
        for body in [details.to_owned(), format!(r#"{{"error":{details}}}"#)] {
            assert!(matches!(verdict(422, None, &body), Err(DeliveryError::Refused { index: Some(3), .. })));
        }
        let several =
            r#"{"error":{"details":[{"index":3,"field":"step","message":"is missing"},{"index":7}]}}"#;
        let events = vec![
            (3, "the server answered 422: step: is missing".to_owned()),
            (7, "the server answered 422: ".to_owned()),
        ];
        assert_eq!(verdict(422, None, several), Err(DeliveryError::RefusedEvents { events }));
        assert!(matches!(verdict(401, None, ""), Err(DeliveryError::NotNow { .. })));
        assert!(matches!(verdict(404, None, details), Err(DeliveryError::Missing { .. })));
        assert!(matches!(verdict(410, None, ""), Err(DeliveryError::Gone { .. })));
        assert!(matches!(verdict(409, None, ""), Err(DeliveryError::Conflict { .. })));
        for (status, body) in [(422, "no JSON"), (422, "{}"), (400, details), (302, "")] {
            let answer = verdict(status, None, body);
            assert!(
                matches!(answer, Err(DeliveryError::Refused { index: None, .. })),
                "{status} {body} {answer:?}"
            );
        }
    }

    #[test]
    fn a_run_id_is_one_segment_of_the_path() {
        assert_eq!(path_segment("grpo #3 ä?%"), "grpo%20%233%20%C3%A4%3F%25");
    }

    #[test]
    fn what_cannot_work_is_refused_at_once() {
        for base in
            ["", "127.0.0.1:4600", "http://example.org", "http://", "https://", "http://a/?x=1", "http://a b"]
        {
            assert!(Endpoint::new(base).is_err(), "{base}");
        }
        assert_eq!(Endpoint::new("https://example.org/").unwrap().base(), "https://example.org");
        let endpoint = Endpoint::new("http://127.0.0.1:4600/").unwrap();
        assert_eq!(endpoint.runs_url(), "http://127.0.0.1:4600/api/v1/runs");
        for key in ["", "two words", "line\nbreak"] {
            assert!(endpoint.clone().with_key(key).is_err(), "{key:?}");
        }
        assert_eq!(endpoint.with_key("k1").unwrap().authorization().unwrap(), "Bearer k1");
    }
}
