//! Metrics become measurements of steps, once each.

use std::collections::HashMap;

use gauntlet_model::{Body, Event, ScoreTarget};
use gauntlet_otlp::proto::{
    ExportMetricsServiceRequest, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Resource,
    ResourceMetrics, ScopeMetrics,
};
use gauntlet_otlp::{Encoding, decode_metrics, read_metrics};

use super::log::{attributes, received, stamp, text};

fn gauge(name: &str, seconds: u64, value: f64) -> Metric {
    let point = NumberDataPoint {
        time_unix_nano: stamp(seconds, 0),
        as_double: Some(value),
        ..NumberDataPoint::default()
    };
    Metric { name: name.to_owned(), gauge: Some(Gauge { data_points: vec![point] }), ..Metric::default() }
}

/// The measurements of the only run: step, path and value. `log` is what the log has.
fn measured(metrics: Vec<Metric>, log: &mut Vec<Event>) -> Vec<(u64, String, f64)> {
    let resource = attributes(&[("gauntlet.run.id", text("r"))]);
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes: resource, dropped_attributes_count: 0 }),
            scope_metrics: vec![ScopeMetrics { scope: None, metrics }],
        }],
    };
    let (mut runs, outcome) = read_metrics(request.into(), received()).route(&HashMap::new());
    assert_eq!((runs.len(), outcome.rejected), (1, 0), "{outcome:?}");
    let run = runs.remove(0);
    assert_eq!(run.run().as_str(), "r");
    let asked = run.lookup_ids();
    let found: Vec<_> = log.iter().filter(|e| asked.contains(&e.id())).map(|e| (e.id(), e.step())).collect();
    let (events, outcome) = run.events(&found, log.iter().filter_map(Event::step).max());
    assert_eq!(outcome.rejected, 0);
    log.extend(events.iter().cloned());
    let read = |event: &Event| match event.body() {
        Body::ScoreAdded(added) => {
            assert_eq!(
                (added.target, added.source.as_str(), event.episode()),
                (ScoreTarget::Step, "log", None)
            );
            (event.step().unwrap(), added.path.clone(), added.value.get())
        }
        other => panic!("{other:?}"),
    };
    events.iter().map(read).collect()
}

fn named(step: u64, path: &str, value: f64) -> (u64, String, f64) {
    (step, path.to_owned(), value)
}

#[test]
fn each_collection_takes_the_next_step_and_a_retry_changes_nothing() {
    let mut log = Vec::new();
    let first = vec![gauge("loss", 1, 0.5), gauge("lr", 1, 0.1)];
    assert_eq!(
        measured(first.clone(), &mut log),
        [named(0, "metrics.loss", 0.5), named(0, "metrics.lr", 0.1)]
    );
    assert_eq!(measured(vec![gauge("loss", 2, 0.4)], &mut log), [named(1, "metrics.loss", 0.4)]);
    assert_eq!(measured(first, &mut log), []);
    // The rest of a request joins the part that was accepted.
    let more = vec![gauge("loss", 2, 0.4), gauge("lr", 2, 0.2)];
    assert_eq!(measured(more, &mut log), [named(1, "metrics.lr", 0.2)]);
    // Two points of one series in one request, as a collector sends them.
    let twice = vec![gauge("loss", 4, 0.2), gauge("loss", 3, 0.3)];
    assert_eq!(measured(twice, &mut log), [named(2, "metrics.loss", 0.3), named(3, "metrics.loss", 0.2)]);
}

#[test]
fn series_differ_by_attributes_and_histograms_by_statistic() {
    let mut usage = gauge("tokens", 1, 3.0);
    let point = &mut usage.gauge.as_mut().unwrap().data_points[0];
    point.attributes =
        attributes(&[("gen_ai.token.type", text("input")), ("gen_ai.request.model", text("gpt-4.1"))]);
    let point = HistogramDataPoint {
        time_unix_nano: stamp(1, 0),
        count: 10,
        sum: Some(42.0),
        bucket_counts: vec![2, 6, 2],
        explicit_bounds: vec![1.0, 5.0],
        min: Some(0.0),
        max: Some(9.0),
        ..HistogramDataPoint::default()
    };
    let histogram = Histogram { data_points: vec![point] };
    let duration = Metric { name: "a.duration".to_owned(), histogram: Some(histogram), ..Metric::default() };
    let mut step = gauge("loss", 1, 0.5);
    step.gauge.as_mut().unwrap().data_points[0].attributes = attributes(&[("gauntlet.step", text("40"))]);
    let nan = gauge("nan", 1, f64::NAN);
    let long = gauge(&"x".repeat(400), 1, 1.0);
    let found = measured(vec![usage, duration, step, nan, long], &mut Vec::new());
    assert_eq!(found[0], named(0, "metrics.tokens[request_model=gpt-4_1,token_type=input]", 3.0));
    let statistics = [("mean", 4.2), ("count", 10.0), ("p50", 3.0), ("p95", 8.0)];
    assert_eq!(found[1..5], statistics.map(|(s, v)| named(0, &format!("metrics.a.duration.{s}"), v)));
    assert_eq!(found[5], named(40, "metrics.loss", 0.5));
    assert!(found[6].1.len() <= 256 && found[6].1.contains('~'), "{:?}", found[6]);
    assert_eq!(found.len(), 7, "what is not a number is not measured");
}

#[test]
fn json_is_read_as_the_protocol_writes_it() {
    let request = r#"{"resourceMetrics":[{
        "resource":{"attributes":[{"key":"gauntlet.run.id","value":{"stringValue":"r"}}]},
        "scopeMetrics":[{"metrics":[
            {"name":"a","sum":{"dataPoints":[{"asInt":"7","timeUnixNano":"1700000000000000000"}],
                "aggregationTemporality":2,"isMonotonic":true}},
            {"name":"b","gauge":{"dataPoints":[{"asDouble":"NaN"}]}},
            {"name":"c","gauge":7}]}]}]}"#;
    let decoded = decode_metrics(Encoding::Json, request.as_bytes()).unwrap();
    assert_eq!(decoded.outcome.rejected, 1);
    let (runs, outcome) = read_metrics(decoded, received()).route(&HashMap::new());
    assert_eq!((runs[0].lookup_ids().len(), outcome.rejected), (1, 1));
    assert!(outcome.message.contains("metric 0.0.2.gauge"), "{outcome:?}");
    assert!(outcome.message.contains("metrics.b is NaN"), "{outcome:?}");
}
