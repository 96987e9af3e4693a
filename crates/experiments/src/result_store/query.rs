//! Which experiments are asked for, and in which order.

use gauntlet_model::{FieldError, RunId, Status, Timestamp};
use serde::{Deserialize, Serialize};

use super::entry::ArchivedEntry;

/// The most experiments of a page.
pub const MAX_LIMIT: usize = 500;
/// The experiments of a page where no limit is asked for.
const DEFAULT_LIMIT: usize = 50;
/// Every filter, for refusals.
const FILTERS: [&str; 13] = [
    "hypothesis_id",
    "hypothesis_contains",
    "program",
    "status",
    "tag",
    "created_from",
    "created_to",
    "metric",
    "metric_min",
    "metric_max",
    "limit",
    "cursor",
    "order",
];

/// The order of a page, by the time of creation; experiments of the same time by their id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
}

/// A metric whose mean, of any program, is within bounds; both are included.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRange {
    /// The metric.
    pub metric: String,
    /// The least mean.
    pub min: Option<f64>,
    /// The greatest mean.
    pub max: Option<f64>,
}

/// Filters, all of which must hold, and the page.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentQuery {
    /// The hypothesis has this id.
    pub hypothesis_id: Option<String>,
    /// The id, the question or the prediction contains this text; case does not count.
    pub hypothesis_contains: Option<String>,
    /// One of the programs has this name.
    pub program: Option<String>,
    /// It ended so.
    pub status: Option<Status>,
    /// It has this tag.
    pub tag: Option<String>,
    /// It was created at this time or later.
    pub created_from: Option<Timestamp>,
    /// It was created before this time.
    pub created_to: Option<Timestamp>,
    /// A metric is within bounds.
    pub metric: Option<MetricRange>,
    /// The most experiments of the page, 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// The page begins after this experiment: its time of creation and id.
    pub after: Option<(Timestamp, RunId)>,
    /// The order.
    pub order: Order,
}

impl Default for ExperimentQuery {
    fn default() -> Self {
        Self {
            hypothesis_id: None,
            hypothesis_contains: None,
            program: None,
            status: None,
            tag: None,
            created_from: None,
            created_to: None,
            metric: None,
            limit: DEFAULT_LIMIT,
            after: None,
            order: Order::default(),
        }
    }
}

/// A page of archived experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArchivePage {
    /// The experiments.
    pub experiments: Vec<ArchivedEntry>,
    /// The cursor of the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

impl ExperimentQuery {
    /// A query from filters as text, as of a URL.
    ///
    /// # Errors
    ///
    /// Names the filter that is unknown, given twice, or has a value that it cannot have.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, FieldError> {
        let mut query = Self::default();
        let (mut metric, mut min, mut max) = (None, None, None);
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in pairs {
            if seen.contains(&name) {
                return Err(FieldError::new(name, format!("is given twice, also as {value:?}")));
            }
            seen.push(name);
            match name {
                "hypothesis_id" => query.hypothesis_id = Some(value.to_owned()),
                "hypothesis_contains" => query.hypothesis_contains = Some(value.to_owned()),
                "program" => query.program = Some(value.to_owned()),
                "status" => query.status = Some(value.parse()?),
                "tag" => query.tag = Some(value.to_owned()),
                "created_from" => query.created_from = Some(time(name, value)?),
                "created_to" => query.created_to = Some(time(name, value)?),
                "metric" => metric = Some(value.to_owned()),
                "metric_min" => min = Some(number(name, value)?),
                "metric_max" => max = Some(number(name, value)?),
                "limit" => query.limit = limit(value)?,
                "cursor" => query.after = Some(position(value)?),
                "order" => query.order = order(value)?,
                _ => {
                    let message = format!("is not a filter; the filters are {}", FILTERS.join(", "));
                    return Err(FieldError::new(name, message));
                }
            }
        }
        query.metric = match (metric, min, max) {
            (Some(metric), min, max) => Some(MetricRange { metric, min, max }),
            (None, None, None) => None,
            _ => return Err(FieldError::new("metric", "is missing; metric_min and metric_max need one")),
        };
        Ok(query)
    }

    /// Whether an experiment passes every filter. Neither the cursor nor the limit is one.
    pub fn matches(&self, entry: &ArchivedEntry) -> bool {
        let is = |asked: &Option<String>, found: &str| asked.as_deref().is_none_or(|asked| asked == found);
        let has = |asked: &Option<String>, found: &[String]| {
            asked.as_ref().is_none_or(|asked| found.contains(asked))
        };
        is(&self.hypothesis_id, &entry.hypothesis_id)
            && has(&self.program, &entry.program_names)
            && has(&self.tag, &entry.tags)
            && self.status.is_none_or(|status| status == entry.status)
            && self.created_from.is_none_or(|from| entry.created_at >= from)
            && self.created_to.is_none_or(|to| entry.created_at < to)
            && self.metric.as_ref().is_none_or(|range| range.holds(entry))
            && self.hypothesis_contains.as_ref().is_none_or(|text| contains(entry, text))
    }

    /// Whether an experiment comes after the cursor.
    pub fn is_after_cursor(&self, entry: &ArchivedEntry) -> bool {
        let Some((at, id)) = &self.after else { return true };
        let (found, cursor) = ((entry.created_at, &entry.id), (*at, id));
        match self.order {
            Order::Newest => found < cursor,
            Order::Oldest => found > cursor,
        }
    }

    /// The page of experiments that were found, in order: one more than the limit shows that there are more.
    pub fn page(&self, mut found: Vec<ArchivedEntry>) -> ArchivePage {
        let has_more = found.len() > self.limit;
        found.truncate(self.limit);
        let last = found.last().filter(|_| has_more);
        let next_cursor = last.map(|entry| format!("{}~{}", entry.created_at.micros(), entry.id));
        ArchivePage { experiments: found, next_cursor }
    }
}

impl MetricRange {
    fn holds(&self, entry: &ArchivedEntry) -> bool {
        let mut means =
            entry.metrics.get(&self.metric).into_iter().flat_map(|by_program| by_program.values());
        means.any(|mean| self.min.is_none_or(|min| *mean >= min) && self.max.is_none_or(|max| *mean <= max))
    }
}

fn contains(entry: &ArchivedEntry, text: &str) -> bool {
    let text = text.to_lowercase();
    [&entry.hypothesis_id, &entry.research_question, &entry.prediction]
        .into_iter()
        .any(|found| found.to_lowercase().contains(&text))
}

fn time(name: &str, value: &str) -> Result<Timestamp, FieldError> {
    value.parse().map_err(|error: FieldError| FieldError::new(name, error.message))
}

fn number(name: &str, value: &str) -> Result<f64, FieldError> {
    let number = value.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| FieldError::new(name, format!("{value:?} is not a finite number")))
}

fn limit(value: &str) -> Result<usize, FieldError> {
    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| FieldError::new("limit", format!("{value:?} is not a number from 1 to {MAX_LIMIT}")))
}

fn position(value: &str) -> Result<(Timestamp, RunId), FieldError> {
    let parts = value
        .split_once('~')
        .and_then(|(micros, id)| Some((Timestamp::from_micros(micros.parse().ok()?), RunId::new(id).ok()?)));
    parts.ok_or_else(|| FieldError::new("cursor", format!("{value:?} is not a cursor of an earlier page")))
}

fn order(value: &str) -> Result<Order, FieldError> {
    match value {
        "newest" => Ok(Order::Newest),
        "oldest" => Ok(Order::Oldest),
        _ => Err(FieldError::new("order", format!("{value:?} is not one of newest, oldest"))),
    }
}
