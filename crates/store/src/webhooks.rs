//! Lists of alerts, and the queue of calls of webhooks.

use std::collections::BTreeMap;

use gauntlet_model::{ProjectAlert, Timestamp, WebhookFailure};

use crate::reply::Reply;
use crate::work::TableWork;
use crate::{CallOutcome, DueCall, Store, StoreError};

impl Store {
    /// The newest alerts of a project's runs, the newest first.
    pub async fn alerts(&self, project: &str, limit: u32) -> Result<Vec<ProjectAlert>, StoreError> {
        self.log().alerts(project, limit).await
    }

    /// Queued calls whose time has come, the longest due first.
    pub async fn due_calls(&self, now: Timestamp, limit: u32) -> Result<Vec<DueCall>, StoreError> {
        self.log().due_calls(now, limit).await
    }

    /// Stores the outcome of an attempt.
    pub async fn settle_call(
        &self,
        call_no: i64,
        outcome: CallOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(TableWork::SettleCall { call_no, outcome, now, reply }, answer).await
    }

    /// By the name of each monitor of a project whose webhook failed since it was last delivered to: the last
    /// failure.
    pub async fn call_failures(&self, project: &str) -> Result<BTreeMap<String, WebhookFailure>, StoreError> {
        self.log().call_failures(project).await
    }
}
