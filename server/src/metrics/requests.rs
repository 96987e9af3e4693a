//! Requests over HTTP: how many were answered, how, and how long the head of the answer took.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;

/// The route of what no route matches: one label for all such paths, which strangers choose.
const UNMATCHED: &str = "unmatched";

/// Counted by route.
pub(super) struct Requests {
    answered: Family<Answered, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
}

/// From a millisecond to 16 s.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 15))
}

impl Requests {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let durations: Family<Route, Histogram, fn() -> Histogram> = Family::new_with_constructor(durations);
        let requests = Self { answered: Family::default(), durations };
        registry.register("http_requests", "Requests that were answered", requests.answered.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time until the head of the answer",
            Unit::Seconds,
            requests.durations.clone(),
        );
        requests
    }
}

/// Counts a request.
pub async fn count(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or(UNMATCHED, MatchedPath::as_str).to_owned();
    // Unknown methods are text from outside as well.
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    };
    let method = method.to_owned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let requests = &metrics.0.requests;
    let route = Route { method, route };
    requests.durations.get_or_create(&route).observe(begun.elapsed().as_secs_f64());
    let answered = Answered { method: route.method, route: route.route, status: response.status().as_u16() };
    requests.answered.get_or_create(&answered).inc();
    response
}
