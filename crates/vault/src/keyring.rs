//! The stored keys, and the principal of a presented one.

use std::collections::BTreeMap;

use gauntlet_model::{ApiKey, Role, Timestamp};

use crate::principal::Principal;
use crate::secret::{Digest, Secret};

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Everything but the secret.
    pub key: ApiKey,
    /// The digest of the secret.
    pub digest: Digest,
}

/// Why a presented key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedKey {
    /// It is not a key, or none of these. One message for both, so that nobody learns which ids exist.
    #[error("the API key is not known here")]
    Unknown,
    /// Its time is over.
    #[error("the API key has expired at {0}")]
    Expired(Timestamp),
    /// It was revoked.
    #[error("the API key was revoked at {0}")]
    Revoked(Timestamp),
}

/// The stored keys by their ids.
#[derive(Debug, Clone, Default)]
pub struct Keyring(BTreeMap<String, StoredKey>);

impl Keyring {
    /// The ring of these keys.
    pub fn new(keys: impl IntoIterator<Item = StoredKey>) -> Self {
        Self(keys.into_iter().map(|stored| (stored.key.id.clone(), stored)).collect())
    }

    /// Adds a key, or replaces the one of its id.
    pub fn insert(&mut self, stored: StoredKey) {
        self.0.insert(stored.key.id.clone(), stored);
    }

    /// Every key, by id.
    pub fn keys(&self) -> impl Iterator<Item = &ApiKey> {
        self.0.values().map(|stored| &stored.key)
    }

    /// The key of an id, to be changed.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut ApiKey> {
        self.0.get_mut(id).map(|stored| &mut stored.key)
    }

    /// Whether one of the keys is an admin's, for all projects, and in force.
    pub fn has_admin(&self, now: Timestamp) -> bool {
        let is_admin = |key: &ApiKey| key.role == Role::Admin && key.projects.is_none();
        self.keys().any(|key| is_admin(key) && refusal(key, now).is_none())
    }

    /// The key that a secret belongs to, where it is in force.
    ///
    /// # Errors
    ///
    /// Why it is not taken. That a key has expired or was revoked is an answer to its holder only.
    pub fn find(&self, presented: &str, now: Timestamp) -> Result<&ApiKey, RefusedKey> {
        let secret = Secret::parse(presented).ok_or(RefusedKey::Unknown)?;
        let stored = self.0.get(secret.id()).filter(|stored| stored.digest == secret.digest());
        let key = &stored.ok_or(RefusedKey::Unknown)?.key;
        refusal(key, now).map_or(Ok(key), Err)
    }

    /// The principal of an id now; `None` where the key is gone or no longer in force. For sessions, which
    /// must end with the key that they began with.
    pub fn principal(&self, id: &str, now: Timestamp) -> Option<Principal> {
        let key = &self.0.get(id)?.key;
        refusal(key, now).is_none().then(|| Principal::of_key(key))
    }
}

fn refusal(key: &ApiKey, now: Timestamp) -> Option<RefusedKey> {
    if let Some(at) = key.revoked_at {
        return Some(RefusedKey::Revoked(at));
    }
    key.expires_at.filter(|at| *at <= now).map(RefusedKey::Expired)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(seed: u8, role: Role) -> (Secret, StoredKey) {
        let secret = Secret::new([seed; 32]);
        let key = ApiKey {
            id: secret.id().to_owned(),
            name: format!("key {seed}"),
            role,
            projects: None,
            created_at: Timestamp::from_micros(0),
            created_by: "local".to_owned(),
            expires_at: Some(Timestamp::from_micros(100)),
            revoked_at: None,
            last_used_at: None,
        };
        let digest = secret.digest();
        (secret, StoredKey { key, digest })
    }

    #[test]
    fn a_key_is_taken_until_it_expires_or_is_revoked() {
        let (secret, key) = stored(1, Role::Viewer);
        let id = secret.id().to_owned();
        let mut ring = Keyring::new([key]);
        let at = Timestamp::from_micros;
        assert_eq!(ring.find(secret.expose(), at(99)).unwrap().name, "key 1");
        assert_eq!(ring.find(secret.expose(), at(100)), Err(RefusedKey::Expired(at(100))));
        assert!(ring.principal(&id, at(99)).is_some() && ring.principal(&id, at(100)).is_none());
        ring.get_mut(&id).unwrap().revoked_at = Some(at(5));
        assert_eq!(ring.find(secret.expose(), at(9)), Err(RefusedKey::Revoked(at(5))));
        assert!(ring.principal(&id, at(9)).is_none());
    }

    #[test]
    fn the_id_alone_opens_nothing() {
        let (secret, key) = stored(1, Role::Viewer);
        let ring = Keyring::new([key]);
        let forged = format!("{}{}", secret.id(), "A".repeat(35));
        for presented in ["", "no key", secret.id(), &forged, Secret::new([2; 32]).expose()] {
            let refused = ring.find(presented, Timestamp::from_micros(0));
            assert_eq!(refused, Err(RefusedKey::Unknown), "{presented}");
        }
    }

    #[test]
    fn an_admin_key_counts_while_it_is_in_force_and_for_all_projects() {
        let now = Timestamp::from_micros(1);
        let (_, viewer) = stored(1, Role::Viewer);
        let (_, admin) = stored(2, Role::Admin);
        let mut limited = admin.clone();
        limited.key.projects = Some(vec!["p".to_owned()]);
        assert!(!Keyring::new([viewer.clone(), limited]).has_admin(now));
        let ring = Keyring::new([viewer, admin]);
        assert!(ring.has_admin(now) && !ring.has_admin(Timestamp::from_micros(100)));
        assert_eq!(ring.keys().count(), 2);
    }
}
