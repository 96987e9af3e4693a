//! A named list of runs, and what can be done with the lists of a project.

use gauntlet_model::Timestamp;

/// Most views of one project.
pub(crate) const MAX_VIEWS: i64 = 200;

/// A list of runs under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListView {
    /// The project; empty for the list of all runs.
    pub project: String,
    /// Its name, the only one of its project.
    pub name: String,
    /// The query of the list's address, without a question mark. The store does not read it.
    pub query: String,
    /// When it was saved.
    pub saved_at: Timestamp,
}

/// What is to be done with the views of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ViewChange {
    /// Saves one, in place of another one of its name.
    Put(ListView),
    /// Gives one another name that none has.
    Rename { project: String, name: String, to: String },
    /// Deletes one.
    Delete { project: String, name: String },
}
