//! Monitors of a project, and how far its runs were watched.

use std::sync::Arc;

use gauntlet_model::{CommandIssued, Monitor, RunId, Timestamp};

use crate::reply::Reply;
use crate::row::{Row, internal_event, internal_event_id};
use crate::work::{LogWork, TableWork, WithAlert};
use crate::{MonitorProgress, MonitoredRun, NewAlert, Store, StoreError};

impl Store {
    /// The monitors of a project, or of all projects, by project and name.
    pub async fn monitors(&self, project: Option<&str>) -> Result<Vec<Monitor>, StoreError> {
        self.log().monitors(project).await
    }

    /// Saves a monitor; another one of its name in its project is replaced.
    pub async fn put_monitor(&self, monitor: Monitor) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(TableWork::PutMonitor { monitor, reply }, answer).await
    }

    /// Deletes a monitor; `false` where there is none of that name.
    pub async fn delete_monitor(&self, project: &str, name: &str) -> Result<bool, StoreError> {
        let (reply, answer) = Reply::new();
        let (project, name) = (project.to_owned(), name.to_owned());
        self.ask(TableWork::DeleteMonitor { project, name, reply }, answer).await
    }

    /// The runs that monitors watch.
    pub async fn monitored_runs(&self) -> Result<Vec<MonitoredRun>, StoreError> {
        self.log().monitored_runs().await
    }

    /// How far each run was watched.
    pub async fn monitor_progress(&self) -> Result<Vec<MonitorProgress>, StoreError> {
        self.log().monitor_progress().await
    }

    /// Appends alerts to a run, and stores with them how far it was watched. An alert is identified by its
    /// id: one that is in the log already is neither appended nor reported again.
    pub async fn raise_alerts(
        &self,
        run: &RunId,
        progress: Option<MonitorProgress>,
        alerts: Vec<NewAlert>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let rows = alerts.iter().map(|alert| Arc::new(Row::of(&alert.event))).collect();
        let with = alerts.into_iter().map(|NewAlert { command, call, .. }| {
            let issued = |command: CommandIssued| {
                internal_event(internal_event_id(run, "issued", &command.command_id), now, command)
            };
            Ok(WithAlert { command: command.map(issued).transpose()?, call })
        });
        let with = with.collect::<Result<_, StoreError>>()?;
        let (reply, answer) = Reply::new();
        self.ask(LogWork::Raise { run: run.clone(), progress, rows, with, now, reply }, answer).await
    }
}
