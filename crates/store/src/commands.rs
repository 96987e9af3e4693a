//! What people tell the training side: queued until it is acknowledged.

use gauntlet_model::{CommandApplied, CommandIssued, RunId, Timestamp};

use crate::reply::Reply;
use crate::row::{applied_id, internal_event, internal_event_id};
use crate::work::LogWork;
use crate::{PendingCommand, Store, StoreError};

impl Store {
    /// Appends `command.issued` and queues the command; its sequence number. Issuing the same command under
    /// the same id again changes nothing; another one under that id is a [`StoreError::Conflict`].
    pub async fn issue_command(
        &self,
        run: &RunId,
        command: CommandIssued,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let command_id = command.command_id.clone();
        let row = internal_event(internal_event_id(run, "issued", &command_id), now, command)?;
        let (reply, answer) = Reply::new();
        self.ask(LogWork::Issue { run: run.clone(), command_id, row, now, reply }, answer).await
    }

    /// The commands not acknowledged yet, in the order they were issued. Empty where there is no such run.
    pub async fn pending_commands(&self, run: &RunId) -> Result<Vec<PendingCommand>, StoreError> {
        self.log().pending_commands(run).await
    }

    /// Appends `command.applied`, once; `false` where the command was acknowledged before.
    pub async fn acknowledge_command(
        &self,
        run: &RunId,
        command_id: &str,
        result: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let applied = CommandApplied { command_id: command_id.to_owned(), result: result.to_owned() };
        let row = internal_event(applied_id(run, command_id), now, applied)?;
        let (reply, answer) = Reply::new();
        let work =
            LogWork::Acknowledge { run: run.clone(), command_id: command_id.to_owned(), row, now, reply };
        self.ask(work, answer).await
    }

    /// Takes the oldest pending command and acknowledges it in one transaction: for origin clients, which
    /// pop. `None` where nothing is pending, or there is no such run.
    pub async fn pop_command(
        &self,
        run: &RunId,
        now: Timestamp,
    ) -> Result<Option<PendingCommand>, StoreError> {
        // These clients ask every two seconds: the writer is asked only where a command waits.
        if self.pending_commands(run).await?.is_empty() {
            return Ok(None);
        }
        let (reply, answer) = Reply::new();
        self.ask(LogWork::Pop { run: run.clone(), now, reply }, answer).await
    }
}
