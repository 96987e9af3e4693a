//! Monitors: saved with a project, evaluated by a follower of the log, tried on runs that have ended.
//!
//! The follower reads the events of each watched run after its cursor and appends an `alert.raised` where a
//! rule begins to hold. The alert, the state of the rules and the cursor are stored in one transaction, and
//! the id of an alert is made of what raised it: however the process ends, no alert is missing and none is
//! there twice.

mod follow;
mod output;
mod silence;
mod trial;
mod watched;
mod webhook;

use gauntlet_api::{ListedMonitor, MonitorRequest};
use gauntlet_model::{FieldError, Monitor};
use gauntlet_monitor::Expression;
use gauntlet_store::Store;

use crate::Error;
use crate::clock::now;

pub use follow::run;
pub use trial::{attempt, attempt_all};

/// Monitors of one project at most.
const MAX_MONITORS: usize = 100;
/// The longest cooldown, in seconds (a week).
const MAX_COOLDOWN_SECS: u32 = 7 * 86_400;
/// Cooldown of a monitor that names none, in seconds.
pub const COOLDOWN_SECS: u32 = 600;

/// Checks and saves a monitor under a name.
///
/// # Errors
///
/// [`Error::Invalid`] names the field; a rule that cannot be parsed names the place in it.
pub async fn put(
    store: &Store,
    project: &str,
    name: &str,
    asked: MonitorRequest,
) -> Result<ListedMonitor, Error> {
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
        webhook: webhook::address(asked.webhook)?,
        action: asked.action,
    };
    store.put_monitor(monitor.clone()).await?;
    let webhook_failure = store.call_failures(project).await?.remove(name);
    Ok(ListedMonitor { monitor, webhook_failure })
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

/// The monitors of a project, by name.
///
/// # Errors
///
/// What reading them fails with.
pub async fn list(store: &Store, project: &str) -> Result<Vec<ListedMonitor>, Error> {
    let mut failures = store.call_failures(project).await?;
    let monitors = store.monitors(Some(project)).await?;
    let listed = |monitor: Monitor| {
        let webhook_failure = failures.remove(&monitor.name);
        ListedMonitor { monitor, webhook_failure }
    };
    Ok(monitors.into_iter().map(listed).collect())
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
