//! What can be done with an API key.

use gauntlet_model::Timestamp;
use gauntlet_vault::StoredKey;

use crate::StoreError;

/// Most keys, revoked ones included.
pub(crate) const MAX_KEYS: i64 = 10_000;

/// What is to be done with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyChange {
    /// Stores a new one.
    Create(StoredKey),
    /// Revokes one; one that is revoked already stays so since then.
    Revoke { id: String, at: Timestamp },
    /// Stores that one was used.
    Use { id: String, at: Timestamp },
}

/// What refuses an id that no key has.
pub(crate) fn unknown_key(id: &str) -> StoreError {
    StoreError::NotFound(format!("there is no API key {id:?}"))
}
