//! The way back to the caller of a request: it learns the outcome only once that is durable.

use tokio::sync::oneshot;

use crate::StoreError;

/// The caller's channel: it gets the outcome of the request once that is durable.
pub(crate) struct Reply<T> {
    to: Option<oneshot::Sender<Result<T, StoreError>>>,
    outcome: Option<Result<T, StoreError>>,
}

impl<T> Reply<T> {
    pub(crate) fn new() -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (to, from) = oneshot::channel();
        (Self { to: Some(to), outcome: None }, from)
    }

    /// Sets the outcome, which the caller gets after the commit.
    pub(crate) fn set(&mut self, outcome: Result<T, StoreError>) {
        self.outcome = Some(outcome);
    }
}

/// A reply of any type.
pub(crate) trait Settle {
    /// Sends the caller the outcome that was set, or the failure of the whole group.
    fn settle(&mut self, failure: Option<&StoreError>);
}

impl<T> Settle for Reply<T> {
    fn settle(&mut self, failure: Option<&StoreError>) {
        let outcome = match (failure, self.outcome.take()) {
            (None, Some(outcome)) => outcome,
            // Even a refusal: it may rest on what the group was about to do.
            (Some(failure), _) => Err(failure.clone()),
            (None, None) => Err(StoreError::unavailable("the writer stopped".to_owned())),
        };
        if let Some(to) = self.to.take() {
            // The caller may have gone away; the log does not care.
            let _ = to.send(outcome);
        }
    }
}
