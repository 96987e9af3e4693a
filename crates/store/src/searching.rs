//! Searching the texts of the log.

use crate::{SearchPage, SearchQuery, Store, StoreError};

impl Store {
    /// Searches the texts of every event. The answer holds what the index holds by now, and how far that
    /// is. [`StoreError::Invalid`] names what of the query cannot be asked.
    pub async fn search(&self, query: &SearchQuery) -> Result<SearchPage, StoreError> {
        self.log().search(query).await
    }
}
