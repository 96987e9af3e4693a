//! Histories of several runs at once, in columns: what charts draw.

use std::sync::Arc;

use gauntlet_api::{SeriesAxis, SeriesBatch, SeriesColumns, SeriesRequest, SeriesRun};
use gauntlet_film::{Chart, ChartOptions, ChartPoint, Film};
use gauntlet_model::{FieldError, RunId, Timestamp};

use crate::Error;
use crate::films::Films;

/// The most runs of one request.
pub const MAX_RUNS: usize = 200;
/// The most paths of one request.
const MAX_PATHS: usize = 500;
/// The most points that one request may ask for, over all runs and paths.
const MAX_POINTS: usize = 1_000_000;

/// What a request asks for, checked.
struct ChartRequest {
    paths: Vec<String>,
    axis: SeriesAxis,
    options: ChartOptions,
}

impl ChartRequest {
    fn new(request: &SeriesRequest) -> Result<Self, FieldError> {
        distinct("runs", &request.runs, MAX_RUNS)?;
        if !request.paths.is_empty() {
            distinct("paths", &request.paths, MAX_PATHS)?;
        }
        let points = request.points.get("points")? as usize;
        let all = request.runs.len() * request.paths.len() * points;
        if all > MAX_POINTS {
            let message = format!(
                "is {points}: {} runs x {} paths x {points} points are {all}, over {MAX_POINTS}",
                request.runs.len(),
                request.paths.len()
            );
            return Err(FieldError::new("points", message));
        }
        let smoothing = request.smoothing;
        if !(0.0..1.0).contains(&smoothing) {
            return Err(FieldError::new("smoothing", format!("is {smoothing}; it must be 0 to below 1")));
        }
        let (from, to) = (request.from.unwrap_or(0), request.to.unwrap_or(u64::MAX));
        if from > to {
            return Err(FieldError::new("from", format!("is {from}, after `to`, which is {to}")));
        }
        let options = ChartOptions { from, to, points, smoothing };
        Ok(Self { paths: request.paths.clone(), axis: request.axis, options })
    }
}

/// Refuses an empty list, one that is too long, and one that names something twice.
pub(crate) fn distinct<T: PartialEq + std::fmt::Display>(
    field: &str,
    items: &[T],
    most: usize,
) -> Result<(), FieldError> {
    if items.is_empty() || items.len() > most {
        return Err(FieldError::new(field, format!("has {} entries; it must have 1 to {most}", items.len())));
    }
    match items.iter().enumerate().find(|(index, item)| items[..*index].contains(item)) {
        Some((index, item)) => {
            Err(FieldError::new(format!("{field}[{index}]"), format!("`{item}` is there twice")))
        }
        None => Ok(()),
    }
}

/// The histories of every asked path in every asked run.
///
/// # Errors
///
/// [`Error::Invalid`] for a request over the limits, or with a path that none of the runs has;
/// [`Error::NotFound`] for a run that is not there.
pub async fn read(films: &Films, request: &SeriesRequest) -> Result<SeriesBatch, Error> {
    let asked = Arc::new(ChartRequest::new(request)?);
    let mut batch = SeriesBatch { runs: Vec::new(), series: Vec::new() };
    for run in &request.runs {
        let (id, shared) = (run.clone(), Arc::clone(&asked));
        let read = move |film: &Film| (summary(film, &id), columns(film, &id, &shared));
        let (summary, series) = films.look(run, read).await?;
        batch.runs.push(summary);
        batch.series.extend(series);
    }
    let known = |path: &String| batch.runs.iter().any(|run| run.paths.contains(path));
    if let Some(index) = asked.paths.iter().position(|path| !known(path)) {
        let field = format!("paths[{index}]");
        let message = format!("{:?} has no value in any of the runs", asked.paths[index]);
        return Err(FieldError::new(field, message).into());
    }
    Ok(batch)
}

fn summary(film: &Film, run: &RunId) -> SeriesRun {
    let paths = film.valued_paths().map(|path| path.path.clone()).collect();
    SeriesRun { run: run.clone(), head: film.head(), started_at: film.run().started_at, paths }
}

fn columns(film: &Film, run: &RunId, asked: &ChartRequest) -> Vec<SeriesColumns> {
    let started_at = film.run().started_at;
    let all = asked.paths.iter().filter_map(|path| {
        let chart = film.chart(film.find_path(path)?, asked.options);
        (!chart.points.is_empty()).then(|| in_columns(run, path, &chart, asked, started_at))
    });
    all.collect()
}

fn in_columns(
    run: &RunId,
    path: &str,
    chart: &Chart,
    asked: &ChartRequest,
    started_at: Option<Timestamp>,
) -> SeriesColumns {
    let points = &chart.points;
    let column = |value: fn(&ChartPoint) -> f64| points.iter().map(value).collect::<Vec<f64>>();
    let has_range = points.iter().any(|point| point.values.count > 1);
    let start_micros = match asked.axis {
        SeriesAxis::Step => None,
        SeriesAxis::Time => Some(0),
        SeriesAxis::Elapsed => Some(started_at.map_or(0, Timestamp::micros)),
    };
    let seconds = |start: i64| points.iter().map(|p| (p.values.at.micros() - start) as f64 / 1e6).collect();
    SeriesColumns {
        run: run.clone(),
        path: path.to_owned(),
        steps: chart.steps,
        step: points.iter().map(|point| point.values.step).collect(),
        x: start_micros.map(seconds),
        mean: column(|point| point.values.mean),
        low: has_range.then(|| column(|point| point.values.low)),
        high: has_range.then(|| column(|point| point.values.high)),
        std: has_range.then(|| column(|point| point.values.deviation)),
        count: has_range.then(|| points.iter().map(|point| point.values.count).collect()),
        smooth: (asked.options.smoothing > 0.0).then(|| column(|point| point.smooth)),
    }
}
