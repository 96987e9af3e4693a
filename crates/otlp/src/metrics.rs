//! Metrics become measurements of a run's steps.
//!
//! A request is one collection. It takes the next step of the run, as a span does, unless a point has
//! `gauntlet.step`; of a series that comes twice in one request the second point takes the step after it. A
//! request that is sent again has the same ids and changes nothing.

use std::collections::{BTreeMap, HashMap};

use gauntlet_model::{
    Event, EventId, MAX_PATH_BYTES, Object, RunId, RunSpec, Score, ScoreAdded, ScoreTarget, Timestamp,
};
use gauntlet_values::Decimal;
use serde_json::Value;

use crate::buckets::{exponential_statistics, histogram_statistics};
use crate::decode::Decoded;
use crate::encoding::PartialSuccess;
use crate::ids::event_id;
use crate::proto::{ExportMetricsServiceRequest, KeyValue, Metric};
use crate::runs::{self, RunName};
use crate::source::Source;
use crate::times::instant;
use crate::value::{cut, object};

/// The source of measurements; the same as in a run's `log` of metrics.
const SOURCE: &str = "log";
/// The flag of a point that has no value.
const NO_VALUE: u32 = 1;

/// The data points of a request, before it is known which runs they belong to.
#[derive(Debug, Default)]
pub struct ParsedMetrics {
    groups: Vec<Group>,
    outcome: PartialSuccess,
}

/// The data points of one resource.
#[derive(Debug)]
struct Group {
    explicit: Option<RunId>,
    named: RunName,
    source: Source,
    points: Vec<Point>,
}

#[derive(Debug)]
struct Point {
    at: Timestamp,
    stamp: u64,
    step: Option<u64>,
    path: String,
    value: Score,
}

/// The data points of one run.
#[derive(Debug)]
pub struct Measurements {
    run: RunId,
    spec: RunSpec,
    /// Each with the id of its event, in the order of their times.
    points: Vec<(EventId, Point)>,
}

/// Reads the metrics of a request that arrived at a time.
pub fn read_metrics(decoded: Decoded<ExportMetricsServiceRequest>, received: Timestamp) -> ParsedMetrics {
    let Decoded { request, outcome } = decoded;
    let mut arrived = ParsedMetrics { groups: Vec::new(), outcome };
    for resource in &request.resource_metrics {
        let source = Source::new(resource.resource.as_ref(), None, received);
        let mut points = Vec::new();
        for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            arrived.read(metric, received, &mut points);
        }
        match runs::explicit(&source) {
            Ok(explicit) => {
                let named = runs::from_service(&source);
                arrived.groups.push(Group { explicit, named, source, points });
            }
            Err(why) => arrived.outcome.refuse_many(points.len(), &format!("metrics: {why}")),
        }
    }
    arrived
}

impl ParsedMetrics {
    /// The services whose current run only the caller knows: their resource does not identify their
    /// processes.
    pub fn services(&self) -> Vec<String> {
        let unsure = self.groups.iter().filter(|group| group.explicit.is_none() && group.named.is_open_ended);
        unsure.map(|group| group.named.id.clone()).collect()
    }

    /// Routes the points to runs. `services` has the run of each of [`Self::services`].
    pub fn route(self, services: &HashMap<String, RunId>) -> (Vec<Measurements>, PartialSuccess) {
        let Self { groups, mut outcome } = self;
        let mut sorted: BTreeMap<RunId, Measurements> = BTreeMap::new();
        for Group { explicit, named, source, points } in groups {
            let run = match explicit.map_or_else(|| named.run(services), Ok) {
                Ok(run) => run,
                Err(why) => {
                    outcome.refuse_many(points.len(), &format!("metrics: {why}"));
                    continue;
                }
            };
            if let Err(why) = runs::rules(&source) {
                outcome.warn(&why.to_string());
            }
            let spec = || runs::spec(&run, &named.name, &source, &[]);
            let measurements = sorted.entry(run.clone()).or_insert_with(|| Measurements {
                run: run.clone(),
                spec: spec(),
                points: Vec::new(),
            });
            let from = Value::Object(source.resource.clone()).to_string();
            measurements.points.extend(points.into_iter().map(|point| {
                let stamp = point.stamp.to_be_bytes();
                (event_id(&[b"metric", from.as_bytes(), point.path.as_bytes(), &stamp]), point)
            }));
        }
        let mut sorted: Vec<Measurements> = sorted.into_values().filter(|m| !m.points.is_empty()).collect();
        for measured in &mut sorted {
            measured.points.sort_by_key(|(_, point)| point.stamp);
        }
        (sorted, outcome)
    }

    /// Reads the points of one metric.
    fn read(&mut self, metric: &Metric, received: Timestamp, points: &mut Vec<Point>) {
        if metric.name.trim().is_empty() {
            return self.outcome.refuse("metric", "has no name");
        }
        let mut take = |attributes: &[KeyValue], stamp: u64, flags: u32, values: &[(&str, f64)]| {
            if flags & NO_VALUE != 0 {
                return;
            }
            let mut attributes = object(attributes);
            let step = attributes.shift_remove("gauntlet.step");
            let step = step.and_then(|step| gauntlet_values::step(&step, Decimal::Point).value());
            let series = series(&metric.name, attributes);
            for (statistic, value) in values {
                let path = match *statistic {
                    "" => series.clone(),
                    statistic => format!("{series}.{statistic}"),
                };
                match Score::new(*value) {
                    Ok(value) => points.push(Point {
                        at: instant(stamp).unwrap_or(received),
                        stamp,
                        step,
                        path,
                        value,
                    }),
                    Err(_) => self.outcome.warn(&format!("{path} is {value} and so was not measured")),
                }
            }
        };
        for point in [&metric.gauge, &metric.sum].into_iter().flatten().flat_map(|gauge| &gauge.data_points) {
            if let Some(value) = point.as_double.or(point.as_int.map(|integer| integer as f64)) {
                take(&point.attributes, point.time_unix_nano, point.flags, &[("", value)]);
            }
        }
        for point in metric.histogram.iter().flat_map(|histogram| &histogram.data_points) {
            take(&point.attributes, point.time_unix_nano, point.flags, &histogram_statistics(point));
        }
        for point in metric.exponential_histogram.iter().flat_map(|histogram| &histogram.data_points) {
            take(&point.attributes, point.time_unix_nano, point.flags, &exponential_statistics(point));
        }
        for point in metric.summary.iter().flat_map(|summary| &summary.data_points) {
            let mean = (point.count > 0).then(|| ("mean".to_owned(), point.sum / point.count as f64));
            let named = point
                .quantile_values
                .iter()
                .map(|q| (format!("p{}", q.quantile * 100.0).replace('.', "_"), q.value));
            let values: Vec<(String, f64)> = mean.into_iter().chain(named).collect();
            let values: Vec<(&str, f64)> =
                values.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            take(&point.attributes, point.time_unix_nano, point.flags, &values);
        }
    }
}

/// The path of a series: the metric's name, and its attributes in brackets. Dots and slashes would divide it
/// into levels there. What is too long for a path is cut, and ends in a digest of all of it.
fn series(name: &str, attributes: Object) -> String {
    /// Bytes for a statistic such as `.mean`.
    const STATISTIC_BYTES: usize = 16;
    let plain = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_control() || matches!(c, '.' | '/' | ',' | '[' | ']') { '_' } else { c })
            .collect()
    };
    let named: Vec<&str> = name.split(['.', '/']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let mut path = format!("metrics.{}", named.join("."));
    path.retain(|c| !c.is_control());
    if !attributes.is_empty() {
        // The last two parts of a name suffice where they are unique among the attributes.
        let short = |key: &str| -> String {
            let parts: Vec<&str> = key.rsplitn(3, '.').collect();
            parts.iter().take(2).rev().copied().collect::<Vec<_>>().join("_")
        };
        let mut pairs: Vec<(&String, &Value)> = attributes.iter().collect();
        pairs.sort_by_key(|(key, _)| *key);
        let is_unique = |key: &str| pairs.iter().filter(|(other, _)| short(other) == short(key)).count() == 1;
        let pair = |(key, value): &(&String, &Value)| {
            let key = if is_unique(key) { short(key) } else { (*key).clone() };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{}={}", plain(&key), plain(&value))
        };
        let pairs: Vec<String> = pairs.iter().map(pair).collect();
        path += &format!("[{}]", pairs.join(","));
    }
    let most = MAX_PATH_BYTES - STATISTIC_BYTES;
    if path.len() <= most {
        return path;
    }
    let digest = hex::encode(event_id(&[path.as_bytes()]).as_bytes());
    let digest = cut(&digest, 8);
    format!("{}~{digest}", cut(&path, most - 9).trim_end_matches('.'))
}

impl Measurements {
    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The spec to create the run with if it does not exist.
    pub fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// The ids of events to look up in the run's log.
    pub fn lookup_ids(&self) -> Vec<EventId> {
        self.points.iter().map(|(id, _)| *id).collect()
    }

    /// The events to append. `found` are those of [`Self::lookup_ids`] that the log has, with their steps;
    /// `last` is the highest step of the log.
    pub fn events(self, found: &[(EventId, Option<u64>)], last: Option<u64>) -> (Vec<Event>, PartialSuccess) {
        let known: HashMap<EventId, Option<u64>> = found.iter().copied().collect();
        // Where a part of the request is in the log already, the rest joins it.
        let first = self
            .points
            .iter()
            .find_map(|(id, point)| known.get(id).copied().flatten().filter(|_| point.step.is_none()));
        let first = first.unwrap_or_else(|| last.map_or(0, |last| last.saturating_add(1)));
        let (mut events, mut outcome) = (Vec::new(), PartialSuccess::default());
        let mut taken: HashMap<String, u64> = HashMap::new();
        for (id, point) in self.points {
            let next = taken.entry(point.path.clone()).or_insert(first);
            let step = point.step.unwrap_or(*next);
            if point.step.is_none() {
                *next = next.saturating_add(1);
            }
            if known.contains_key(&id) {
                continue;
            }
            let body = ScoreAdded {
                target: ScoreTarget::Step,
                path: point.path.clone(),
                value: point.value,
                label: None,
                explanation: None,
                source: SOURCE.to_owned(),
            };
            match Event::new(id, point.at, None, Some(step), body) {
                Ok(event) => events.push(event),
                Err(error) => outcome.refuse(&point.path, &error.to_string()),
            }
        }
        (events, outcome)
    }
}
