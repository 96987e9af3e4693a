//! What can be done with the named lists of a project; its name is empty for those of all runs.

use gauntlet_model::ListView;

/// Most views of one project.
pub(crate) const MAX_VIEWS: i64 = 200;

/// What is to be done with the views of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ViewChange {
    /// Saves one, in place of another one of its name.
    Put { project: String, view: ListView },
    /// Gives one another name that none has.
    Rename { project: String, name: String, to: String },
    /// Deletes one.
    Delete { project: String, name: String },
}
