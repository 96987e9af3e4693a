//! The history of a rubric or a measurement.

use gauntlet_api::{Series, SeriesPoint, SeriesQuery};
use gauntlet_model::{FieldError, RunId};

use crate::Error;
use crate::films::Films;

impl Films {
    /// The history that a query asks for, thinned so that every minimum and maximum stays.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where the run has no such path, or a number is out of range.
    pub async fn series(&self, run: &RunId, query: SeriesQuery) -> Result<Series, Error> {
        let path = query.path.unwrap_or_else(|| "root".to_owned());
        let most = query.points.get("points")? as usize;
        let film = self.get(run).await?;
        let film = film.lock();
        let Some(rubric) = film.paths().iter().find(|p| p.path == path).map(|p| p.id) else {
            let known: Vec<_> = film.paths().iter().map(|p| p.path.as_str()).collect();
            let message = format!("{path:?} is not a rubric of this run; it has: {}", known.join(", "));
            return Err(FieldError::new("path", message).into());
        };
        let (first, last) = (query.from.unwrap_or(0), query.to.unwrap_or(u64::MAX));
        let measured = film.measurements(rubric, first, last, most);
        let points = if measured.is_empty() {
            let from = query.from.map_or(0, |step| film.position_of(step));
            let to = query.to.map_or(film.len(), |step| film.position_of(step.saturating_add(1)));
            let series = film.series(rubric, from, to, most);
            series.iter().map(|p| SeriesPoint { step: p.step, value: p.value, failed: p.failed }).collect()
        } else {
            measured.iter().map(|m| SeriesPoint { step: m.step, value: m.value, failed: false }).collect()
        };
        Ok(Series { path, points, head: film.head() })
    }
}
