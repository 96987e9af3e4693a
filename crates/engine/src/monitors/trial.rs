//! A rule tried on what was recorded.

use gauntlet_api::{MonitorFiring, MonitorRequest, MonitorTrial, ProjectTrial, RunTrial};
use gauntlet_model::{FieldError, RunId, RunSummary};
use gauntlet_monitor::{Evaluator, Expression, Setting};
use gauntlet_store::{RunQuery, Store};

use super::watched::PAGE;
use super::{cooldown, parse};
use crate::Error;

/// Firings that the trial of a run lists at most.
const MAX_FIRINGS: usize = 1_000;
/// Runs of a project that a rule is tried on, the newest.
const TRIAL_RUNS: u32 = 20;
/// Firings of each run that the trial of a project lists at most.
const MAX_RUN_FIRINGS: usize = 20;
/// Events that the trial of a project looks at.
const MAX_EVENTS: u64 = 200_000;

/// A rule that can be tried, with its cooldown in seconds.
fn tried(asked: &MonitorRequest) -> Result<(Expression, u32), Error> {
    let rule = parse(&asked.rule)?;
    if rule.silence_secs().is_some() {
        let message = "silence is measured while a run goes on; it cannot be tried on what is recorded";
        return Err(FieldError::new("rule", message).into());
    }
    Ok((rule, cooldown(asked.cooldown_secs)?))
}

/// Where a rule would have fired in a run.
///
/// # Errors
///
/// [`Error::Invalid`] for what is not a rule over values, [`Error::NotFound`] where there is no such run.
pub async fn attempt(store: &Store, run: &RunId, asked: MonitorRequest) -> Result<MonitorTrial, Error> {
    let (rule, cooldown_secs) = tried(&asked)?;
    let summary = store.run(run).await?;
    let summary = summary.ok_or_else(|| Error::NotFound(format!("there is no run {:?}", run.as_str())))?;
    let setting = Setting { cooldown_secs, rules: summary.rules };
    over(store, &summary, &rule, setting, u64::MAX, MAX_FIRINGS).await
}

/// Where a rule would have fired in the newest runs of a project.
///
/// # Errors
///
/// [`Error::Invalid`] for what is not a rule over values.
pub async fn attempt_all(store: &Store, project: &str, asked: MonitorRequest) -> Result<ProjectTrial, Error> {
    let (rule, cooldown_secs) = tried(&asked)?;
    let query = RunQuery { limit: TRIAL_RUNS, project: Some(project.to_owned()), ..RunQuery::default() };
    let page = store.runs(query).await?;
    let mut trial = ProjectTrial { is_cut: page.next_cursor.is_some(), ..ProjectTrial::default() };
    for summary in page.items {
        let left = MAX_EVENTS.saturating_sub(trial.events);
        if left == 0 {
            trial.is_cut = true;
            break;
        }
        let setting = Setting { cooldown_secs, rules: summary.rules };
        let found = over(store, &summary, &rule, setting, left, MAX_RUN_FIRINGS).await?;
        trial.is_cut |= found.events < summary.head;
        trial.events += found.events;
        trial.total += found.total;
        trial.runs.push(RunTrial {
            run: summary.id,
            run_name: summary.name,
            total: found.total,
            firings: found.firings,
        });
    }
    Ok(trial)
}

/// Evaluates a rule over at most `most_events` of a run's log, from its start.
async fn over(
    store: &Store,
    run: &RunSummary,
    rule: &Expression,
    setting: Setting,
    most_events: u64,
    most_firings: usize,
) -> Result<MonitorTrial, Error> {
    let (mut evaluator, mut after) = (Evaluator::new(rule), None);
    let mut trial = MonitorTrial::default();
    loop {
        let limit = most_events.saturating_sub(trial.events).min(u64::from(PAGE)) as u32;
        if limit == 0 {
            return Ok(trial);
        }
        let page = store.read(&run.id, after, limit, None).await?;
        for record in &page.records {
            trial.events += 1;
            let Ok(event) = record.event() else { continue };
            let Some(firing) = evaluator.observe(rule, setting, &event) else { continue };
            trial.total += 1;
            if trial.firings.len() < most_firings {
                let (step, at, values) = (firing.step, firing.at, firing.values);
                trial.firings.push(MonitorFiring { step, seq: record.seq, at, values });
            }
        }
        after = page.next_after.or(after);
        if page.next_after.is_none_or(|after| after + 1 >= page.head) {
            return Ok(trial);
        }
        tokio::task::yield_now().await;
    }
}
