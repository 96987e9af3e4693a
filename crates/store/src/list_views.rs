//! Named lists of runs.

use gauntlet_model::ListView;

use crate::reply::Reply;
use crate::view_change::ViewChange;
use crate::work::TableWork;
use crate::{Store, StoreError};

/// Most bytes of a name.
const MAX_NAME: usize = 200;
/// Most bytes of a query.
const MAX_QUERY: usize = 4096;

impl Store {
    /// The views of a project, by name; those of the list of all runs where `project` is empty.
    pub async fn list_views(&self, project: &str) -> Result<Vec<ListView>, StoreError> {
        self.log().list_views(project).await
    }

    /// Saves a view; another one of its name in its project is replaced.
    pub async fn put_list_view(&self, project: &str, view: ListView) -> Result<(), StoreError> {
        check_name("name", &view.name)?;
        let is_fit = view.query.len() <= MAX_QUERY && !view.query.chars().any(char::is_control);
        if !is_fit {
            let message = format!("must be at most {MAX_QUERY} bytes without control characters");
            return Err(StoreError::invalid("query", message));
        }
        self.change(ViewChange::Put { project: project.to_owned(), view }).await
    }

    /// Gives a view another name. [`StoreError::NotFound`] where there is none of the old one,
    /// [`StoreError::Conflict`] where there is one of the new one.
    pub async fn rename_list_view(&self, project: &str, name: &str, to: &str) -> Result<(), StoreError> {
        check_name("name", to)?;
        let [project, name, to] = [project, name, to].map(str::to_owned);
        self.change(ViewChange::Rename { project, name, to }).await
    }

    /// Deletes a view. [`StoreError::NotFound`] where there is none of that name.
    pub async fn delete_list_view(&self, project: &str, name: &str) -> Result<(), StoreError> {
        let [project, name] = [project, name].map(str::to_owned);
        self.change(ViewChange::Delete { project, name }).await
    }

    async fn change(&self, change: ViewChange) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(TableWork::ChangeView { change, reply }, answer).await
    }
}

fn check_name(field: &str, name: &str) -> Result<(), StoreError> {
    match !name.trim().is_empty() && name.len() <= MAX_NAME && !name.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(StoreError::invalid(
            field,
            format!("must be 1 to {MAX_NAME} bytes without control characters"),
        )),
    }
}
