//! A path's history by step, for charts: one point a step with the mean and the range over the step's
//! rollouts, smoothed and shortened without losing an extreme.

use std::collections::BTreeSet;

use gauntlet_model::Timestamp;

use crate::film::Film;
use crate::tree::{Path, PathId};

/// Into how many parts the steps of a run are divided for the smoothing of long runs.
const VIEWPORT: f64 = 1000.0;

/// The values of a path at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepValues {
    /// The step.
    pub step: u64,
    /// When its first value was recorded, by the producer's clock.
    pub at: Timestamp,
    /// Mean of the step's values.
    pub mean: f64,
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
    /// Standard deviation of the values as a sample of all possible rollouts; 0 of a single value.
    pub deviation: f64,
    /// How many values there are, at least 1: one for each rollout that was evaluated.
    pub count: u64,
}

/// One point of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartPoint {
    /// The values of a step.
    pub values: StepValues,
    /// The exponential moving average of the means up to this step.
    pub smooth: f64,
}

/// A history ready to be drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    /// Its points, by rising step.
    pub points: Vec<ChartPoint>,
    /// How many steps of the asked range have a value; more than there are points where some were left out.
    pub steps: u64,
}

/// Which part of a history is drawn, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartOptions {
    /// First step.
    pub from: u64,
    /// Last step.
    pub to: u64,
    /// Most points, at least 4.
    pub points: usize,
    /// Weight of the past in the moving average, from 0 (none) to below 1.
    pub smoothing: f64,
}

/// An exponential moving average over steps at uneven distances. A value's weight falls by the factor
/// `smoothing` for each `spacing` steps, and the average is that of the weighted values seen, so that it
/// starts at the first value.
struct MovingAverage {
    smoothing: f64,
    spacing: f64,
    last_step: u64,
    sum: f64,
    weight: f64,
}

impl MovingAverage {
    /// `spacing` is the mean distance of the steps; of a long run a thousandth of its length, so that the
    /// same smoothing looks alike at any length.
    fn new(smoothing: f64, first: u64, last: u64, steps: u64) -> Self {
        let length = last.saturating_sub(first) as f64;
        let distance = length / steps.saturating_sub(1).max(1) as f64;
        Self {
            smoothing,
            spacing: distance.max(length / VIEWPORT).max(1.0),
            last_step: first,
            sum: 0.0,
            weight: 0.0,
        }
    }

    fn next(&mut self, step: u64, value: f64) -> f64 {
        let passed = step.saturating_sub(self.last_step) as f64 / self.spacing;
        let decay = self.smoothing.powf(passed);
        self.last_step = step;
        self.sum = self.sum * decay + value;
        self.weight = self.weight * decay + 1.0;
        self.sum / self.weight
    }
}

impl Film {
    /// The paths with at least one value of their own, in tree order: all but the groups that dotted paths
    /// imply.
    pub fn valued_paths(&self) -> impl Iterator<Item = &Path> {
        self.paths().iter().filter(|path| self.values_by_step(path.id).next().is_some())
    }

    /// The values of a path at each step that has one, by rising step. Of a path that was measured at steps
    /// as such, those measurements; else the scores of the nodes.
    pub fn values_by_step(&self, path: PathId) -> impl Iterator<Item = StepValues> + '_ {
        let history = self.measurements.history(path.0);
        let rows = if history.is_empty() { self.nodes.rows() } else { &[] };
        let measured = history.iter().map(|entry| StepValues {
            step: entry.step,
            at: entry.at,
            mean: entry.value,
            low: entry.value,
            high: entry.value,
            deviation: 0.0,
            count: 1,
        });
        let same_step = |a: &u32, b: &u32| self.nodes.step(*a) == self.nodes.step(*b);
        measured.chain(rows.chunk_by(same_step).filter_map(move |rows| self.values_of(rows, path)))
    }

    /// The values of a path at the rows of one step; `None` without any.
    fn values_of(&self, rows: &[u32], path: PathId) -> Option<StepValues> {
        let scores = &self.tracks.get(path.0 as usize)?.scores;
        let mut values: Option<StepValues> = None;
        let mut sum = 0.0;
        // Welford's method, which loses no digits where the values are close together.
        let (mut center, mut squares) = (0.0, 0.0);
        for row in rows {
            let Some(value) = scores.get(*row) else { continue };
            let (Some(step), Some(node)) = (self.nodes.step(*row), self.nodes.get(*row)) else { continue };
            let all = values.get_or_insert(StepValues {
                step,
                at: node.at,
                mean: value,
                low: value,
                high: value,
                deviation: 0.0,
                count: 0,
            });
            sum += value;
            all.at = all.at.min(node.at);
            all.low = all.low.min(value);
            all.high = all.high.max(value);
            all.count += 1;
            let distance = value - center;
            center += distance / all.count as f64;
            squares += distance * (value - center);
        }
        // Rounding must not put the mean outside of the range.
        values.map(|all| StepValues {
            mean: (sum / all.count as f64).clamp(all.low, all.high),
            deviation: (squares / all.count.saturating_sub(1).max(1) as f64).sqrt(),
            ..all
        })
    }

    /// The history of a path as at most `points` points. Where more steps have a value, the range is cut into
    /// equal parts, and of each part stay the steps of the lowest and the highest value and of the lowest and
    /// the highest mean: no spike is lost, and every point is a step that is in the film. The average is
    /// computed from every step of the run, those before `from` and those left out included.
    pub fn chart(&self, path: PathId, options: ChartOptions) -> Chart {
        let ChartOptions { from, to, points, smoothing } = options;
        let (mut ends, mut all, mut inside, mut steps) = (None::<(u64, u64)>, 0, None::<(u64, u64)>, 0);
        let mut is_single = true;
        for values in self.values_by_step(path) {
            all += 1;
            ends = Some((ends.map_or(values.step, |(first, _)| first), values.step));
            if (from..=to).contains(&values.step) {
                steps += 1;
                inside = Some((inside.map_or(values.step, |(first, _)| first), values.step));
                is_single &= values.count == 1;
            }
        }
        let (Some((first, last)), Some((inside_first, inside_last))) = (ends, inside) else {
            return Chart::default();
        };
        let mut average = MovingAverage::new(smoothing, first, last, all);
        let averaged = self
            .values_by_step(path)
            .map(|values| ChartPoint { values, smooth: average.next(values.step, values.mean) });
        let averaged = averaged.filter(|point| (from..=to).contains(&point.values.step));
        if steps as usize <= points {
            return Chart { points: averaged.collect(), steps };
        }
        // Of single values the mean is the lowest and the highest: two of the four are the others again.
        let parts = (points / if is_single { 2 } else { 4 }).max(1) as u128;
        let length = u128::from(inside_last - inside_first) + 1;
        let part_of = |point: &ChartPoint| u128::from(point.values.step - inside_first) * parts / length;
        let mut shortened = Vec::with_capacity(points);
        let mut part: Vec<ChartPoint> = Vec::new();
        for point in averaged {
            if part.first().is_some_and(|first| part_of(first) != part_of(&point)) {
                keep_extremes(&part, &mut shortened);
                part.clear();
            }
            part.push(point);
        }
        keep_extremes(&part, &mut shortened);
        Chart { points: shortened, steps }
    }
}

/// Adds the points of a part with the lowest and highest value and the lowest and highest mean, in order. Of
/// equal ones the first counts.
fn keep_extremes(part: &[ChartPoint], points: &mut Vec<ChartPoint>) {
    let lowest = |value: fn(&StepValues) -> f64| {
        let numbered = part.iter().map(|point| value(&point.values)).enumerate();
        numbered.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
    };
    let picks = [lowest(|v| v.low), lowest(|v| -v.high), lowest(|v| v.mean), lowest(|v| -v.mean)];
    let picks: BTreeSet<usize> = picks.into_iter().flatten().collect();
    points.extend(picks.into_iter().filter_map(|index| part.get(index)));
}
