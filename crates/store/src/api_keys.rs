//! API keys: their digests, never their secrets.

use gauntlet_model::{ApiKey, Timestamp};
use gauntlet_vault::StoredKey;

use crate::key_change::{KeyChange, unknown_key};
use crate::reply::Reply;
use crate::work::TableWork;
use crate::{Store, StoreError};

impl Store {
    /// Every key, those that are no longer in force included, the newest first.
    pub async fn api_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.log().api_keys().await
    }

    /// Stores a new key. [`StoreError::Conflict`] where there is one of its id.
    pub async fn create_api_key(&self, key: StoredKey) -> Result<(), StoreError> {
        self.change_key(KeyChange::Create(key)).await
    }

    /// Revokes a key. [`StoreError::NotFound`] where there is none of that id.
    pub async fn revoke_api_key(&self, id: &str, at: Timestamp) -> Result<ApiKey, StoreError> {
        self.change_key(KeyChange::Revoke { id: id.to_owned(), at }).await?;
        let keys = self.api_keys().await?.into_iter().map(|stored| stored.key);
        keys.into_iter().find(|key| key.id == id).ok_or_else(|| unknown_key(id))
    }

    /// Stores when a key was last used. [`StoreError::NotFound`] where there is none of that id.
    pub async fn use_api_key(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        self.change_key(KeyChange::Use { id: id.to_owned(), at }).await
    }

    async fn change_key(&self, change: KeyChange) -> Result<(), StoreError> {
        let (reply, answer) = Reply::new();
        self.ask(TableWork::ChangeKey { change, reply }, answer).await
    }
}
