//! Alerts as they are raised and listed, and the calls of webhooks that are queued with them.

use std::collections::BTreeMap;

use gauntlet_model::{CommandIssued, Event, ProjectAlert, Timestamp, WebhookFailure};

use crate::reply::Reply;
use crate::work::Work;
use crate::{Store, StoreError};

/// An alert to append, and the call that reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlert {
    /// The `alert.raised`.
    pub event: Event,
    /// The command of the monitor to the training side, where it has one.
    pub command: Option<CommandIssued>,
    /// The call of the monitor's webhook, where it has one. Both are issued only if the log does not have the
    /// event already.
    pub call: Option<NewCall>,
}

/// A call to queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// The project of the monitor.
    pub project: String,
    /// The name of the monitor.
    pub monitor: String,
    /// Where to.
    pub url: String,
    /// What is posted: JSON.
    pub body: String,
}

/// A queued call that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCall {
    /// Its number.
    pub call_no: i64,
    /// Where to.
    pub url: String,
    /// What is posted.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was taken. The call is done, and what the monitor failed to deliver before is forgotten.
    Delivered,
    /// It was not taken.
    Failed {
        /// Why, for people.
        error: String,
        /// When to try again; `None` to give it up.
        retry_at: Option<Timestamp>,
    },
}

impl Store {
    /// The newest alerts of a project's runs, the newest first.
    pub async fn alerts(&self, project: &str, limit: u32) -> Result<Vec<ProjectAlert>, StoreError> {
        self.log().alerts(project, limit).await
    }

    /// Queued calls whose time has come, the longest due first.
    pub async fn due_calls(&self, now: Timestamp, limit: u32) -> Result<Vec<DueCall>, StoreError> {
        self.log().due_calls(now, limit).await
    }

    /// Stores what came of an attempt.
    pub async fn settle_call(
        &self,
        call_no: i64,
        outcome: CallOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(Work::SettleCall { call_no, outcome, now, reply }, answer).await
    }

    /// By the name of each monitor of a project whose webhook failed since it was last delivered to: the last
    /// failure.
    pub async fn call_failures(&self, project: &str) -> Result<BTreeMap<String, WebhookFailure>, StoreError> {
        self.log().call_failures(project).await
    }
}
