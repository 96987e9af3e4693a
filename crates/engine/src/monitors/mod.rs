//! Monitors: saved with a project, evaluated by a follower of the log, tried on runs that have ended.
//!
//! The follower reads the events of each watched run behind its cursor and appends an `alert.raised` where a
//! rule begins to hold. The alert, the state of the rules and the cursor are stored in one transaction, and
//! the id of an alert is made of what raised it: however the process ends, no alert is missing and none is
//! there twice.

mod follow;
mod output;
mod silence;
mod watched;

use gauntlet_api::{MonitorFiring, MonitorRequest, MonitorTrial};
use gauntlet_model::{FieldError, RunId};
use gauntlet_monitor::{Evaluator, Expression, Setting};
use gauntlet_store::{Monitor, Store};

use crate::Error;
use crate::clock::now;

pub use follow::run;
use watched::PAGE;

/// Monitors of one project at most.
const MAX_MONITORS: usize = 100;
/// The longest cooldown, in seconds (a week).
const MAX_COOLDOWN_SECS: u32 = 7 * 86_400;
/// Cooldown of a monitor that names none, in seconds.
const COOLDOWN_SECS: u32 = 600;
/// Firings that a trial lists at most.
const MAX_FIRINGS: usize = 1_000;

/// Checks and saves a monitor under a name.
///
/// # Errors
///
/// [`Error::Invalid`] names the field; a rule that cannot be parsed names the place in it.
pub async fn put(store: &Store, project: &str, name: &str, asked: MonitorRequest) -> Result<Monitor, Error> {
    label("project", project)?;
    label("name", name)?;
    let rule = parse(&asked.rule)?;
    let known = store.monitors(Some(project)).await?;
    if known.len() >= MAX_MONITORS && known.iter().all(|monitor| monitor.name != name) {
        return Err(
            FieldError::new("name", format!("the project has {MAX_MONITORS} monitors already")).into()
        );
    }
    let monitor = Monitor {
        project: project.to_owned(),
        name: name.to_owned(),
        rule: rule.to_string(),
        severity: asked.severity,
        cooldown_secs: cooldown(asked.cooldown_secs)?,
        saved_at: now(),
    };
    store.put_monitor(monitor.clone()).await?;
    Ok(monitor)
}

/// Deletes a monitor.
///
/// # Errors
///
/// [`Error::NotFound`] where the project has none of that name.
pub async fn delete(store: &Store, project: &str, name: &str) -> Result<(), Error> {
    if store.delete_monitor(project, name).await? {
        return Ok(());
    }
    Err(Error::NotFound(format!("project {project:?} has no monitor {name:?}")))
}

/// Where a rule would have fired in a run.
///
/// # Errors
///
/// [`Error::Invalid`] for what is no rule over values, [`Error::NotFound`] where there is no such run.
pub async fn attempt(store: &Store, run: &RunId, asked: MonitorRequest) -> Result<MonitorTrial, Error> {
    let rule = parse(&asked.rule)?;
    if rule.silence_secs().is_some() {
        let message = "silence is measured while a run goes on; it cannot be tried on what is recorded";
        return Err(FieldError::new("rule", message).into());
    }
    let cooldown_secs = cooldown(asked.cooldown_secs)?;
    let summary = store.run(run).await?;
    let summary = summary.ok_or_else(|| Error::NotFound(format!("there is no run {:?}", run.as_str())))?;
    let setting = Setting { cooldown_secs, rules: summary.rules };
    let (mut evaluator, mut after) = (Evaluator::new(&rule), None);
    let mut trial = MonitorTrial::default();
    loop {
        let page = store.read(run, after, PAGE, None).await?;
        for record in &page.records {
            let Ok(event) = record.event() else { continue };
            trial.events += 1;
            let Some(firing) = evaluator.observe(&rule, setting, &event) else { continue };
            trial.total += 1;
            if trial.firings.len() < MAX_FIRINGS {
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

fn parse(rule: &str) -> Result<Expression, Error> {
    rule.parse()
        .map_err(|error: gauntlet_monitor::ExpressionError| FieldError::new("rule", error.to_string()).into())
}

fn cooldown(asked: Option<u32>) -> Result<u32, Error> {
    match asked.unwrap_or(COOLDOWN_SECS) {
        secs if secs <= MAX_COOLDOWN_SECS => Ok(secs),
        secs => {
            let message = format!("is {secs}; it must be 0 to {MAX_COOLDOWN_SECS}");
            Err(FieldError::new("cooldown_secs", message).into())
        }
    }
}

/// A name: one line of text that is not empty.
fn label(field: &str, text: &str) -> Result<(), Error> {
    if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
        return Err(FieldError::new(field, "must be 1 to 200 bytes without control characters").into());
    }
    Ok(())
}
