//! Commands of a person: checked against the run that they are for, then queued.

use std::collections::HashMap;

use gauntlet_model::{
    Action, Body, CommandIssued, DeclaredParameter, FieldError, Kind, Object, RunId, RunSummary,
};
use gauntlet_store::Store;
use serde_json::Value;

use crate::Error;
use crate::clock::now;
use crate::films::Films;

/// Commands and acknowledgements read from the log at a time.
const COMMANDS_READ: u32 = 1000;
/// What the result of a command begins with where the training side refused it; all SDKs use it.
const REFUSED: &str = "refused";

impl Films {
    /// Checks a command against the run and queues it. Returns its id.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where a tweak names no plain values, or an answer is not one that is asked for.
    pub async fn issue_command(&self, run: &RunId, command: CommandIssued) -> Result<String, Error> {
        match command.action {
            Action::Tweak => tweak_fits(self, run, &command.parameters).await?,
            Action::Answer => answer_is_offered(self, run, &command.parameters).await?,
            Action::Pause | Action::Resume | Action::Stop => {}
        }
        let id = command.command_id.clone();
        let (action, author) = (command.action.as_str(), &command.author);
        tracing::info!(target: "audit", %run, command = id, action, author, "command issued");
        self.store().issue_command(run, command, now()).await?;
        Ok(id)
    }
}

/// The parameters that the run declares, with the values that tweaks have given them since: those that the
/// training side acknowledged and did not refuse.
///
/// # Errors
///
/// [`Error::NotFound`] where the run was deleted meanwhile.
pub async fn parameters(store: &Store, run: &RunSummary) -> Result<Vec<DeclaredParameter>, Error> {
    let mut declared = DeclaredParameter::of_metadata(&run.metadata);
    if declared.is_empty() {
        return Ok(declared);
    }
    let kinds = [Kind::CommandIssued, Kind::CommandApplied];
    let (mut tweaks, mut after) = (HashMap::new(), None);
    loop {
        let slice = store.read(&run.id, after, COMMANDS_READ, Some(&kinds)).await?;
        for record in &slice.records {
            match record.event().map(|event| event.body().clone()) {
                Ok(Body::CommandIssued(issued)) if issued.action == Action::Tweak => {
                    tweaks.insert(issued.command_id, issued.parameters);
                }
                Ok(Body::CommandApplied(applied)) if !applied.result.starts_with(REFUSED) => {
                    let set = tweaks.remove(&applied.command_id).unwrap_or_default();
                    for parameter in &mut declared {
                        if let Some(value) = set.get(&parameter.name) {
                            parameter.value = value.clone();
                        }
                    }
                }
                _ => {}
            }
        }
        after = slice.next_after;
        if after.is_none_or(|after| after + 1 >= slice.head) {
            return Ok(declared);
        }
    }
}

/// A tweak names parameters that the run declares, with new values of their types and in their ranges.
async fn tweak_fits(films: &Films, run: &RunId, parameters: &Object) -> Result<(), Error> {
    let summary = films.store().run(run).await?;
    let declared = summary.map(|run| DeclaredParameter::of_metadata(&run.metadata)).unwrap_or_default();
    DeclaredParameter::check_tweak(&declared, parameters).map_err(Error::from)
}

/// An answer is one of the options the paused step offers.
async fn answer_is_offered(films: &Films, run: &RunId, parameters: &Object) -> Result<(), Error> {
    let refuse = |message: String| Err(FieldError::new("parameters.answer", message).into());
    let Some(answer) = parameters.get("answer").and_then(Value::as_str) else {
        return refuse("is missing; an answer is a text".to_owned());
    };
    let film = films.get(run).await?;
    let film = film.lock();
    match film.pending_challenge() {
        None => refuse("nothing is being asked: the run is not paused at a challenge".to_owned()),
        Some((_, asked)) if !asked.options.is_empty() && !asked.options.iter().any(|o| o == answer) => {
            refuse(format!("{answer:?} is not one of: {}", asked.options.join(", ")))
        }
        Some(_) => Ok(()),
    }
}
