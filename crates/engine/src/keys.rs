//! API keys: created with a fresh secret, listed, revoked.

use gauntlet_api::{CreatedKey, KeyRequest};
use gauntlet_model::{ApiKey, FieldError, MAX_LABEL_BYTES, Timestamp};
use gauntlet_store::Store;
use gauntlet_vault::{Secret, StoredKey};

use crate::Error;
use crate::clock::random_bytes;

/// Most projects that a key can be limited to.
const MAX_PROJECTS: usize = 100;

/// Creates a key for `asked`, on behalf of `by`. The secret is answered here and nowhere else.
///
/// # Errors
///
/// Where a field breaks a rule, or the key cannot be stored.
pub async fn create(
    store: &Store,
    asked: KeyRequest,
    by: &str,
    now: Timestamp,
) -> Result<(CreatedKey, StoredKey), Error> {
    check("name", &asked.name)?;
    if let Some(projects) = &asked.projects {
        if projects.is_empty() || projects.len() > MAX_PROJECTS {
            let message = format!("must name 1 to {MAX_PROJECTS} projects; leave it out for all");
            return Err(FieldError::new("projects", message).into());
        }
        projects.iter().try_for_each(|project| check("projects", project))?;
    }
    if asked.expires_at.is_some_and(|at| at <= now) {
        return Err(FieldError::new("expires_at", "is not in the future").into());
    }
    let secret = Secret::new(random_bytes());
    let key = ApiKey {
        id: secret.id().to_owned(),
        name: asked.name,
        role: asked.role,
        projects: asked.projects,
        created_at: now,
        created_by: by.to_owned(),
        expires_at: asked.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let stored = StoredKey { key: key.clone(), digest: secret.digest() };
    store.create_api_key(stored.clone()).await?;
    let role = key.role.as_str();
    tracing::info!(target: "audit", key = key.id, name = key.name, role, by, "key created");
    Ok((CreatedKey { key, secret: secret.expose().to_owned() }, stored))
}

/// Every key, those that are no longer in force included, the newest first.
///
/// # Errors
///
/// Where the keys cannot be read.
pub async fn list(store: &Store) -> Result<Vec<ApiKey>, Error> {
    Ok(store.api_keys().await?.into_iter().map(|stored| stored.key).collect())
}

/// Revokes a key on behalf of `by`; one that is revoked already stays so since then.
///
/// # Errors
///
/// Where there is no such key.
pub async fn revoke(store: &Store, id: &str, by: &str, now: Timestamp) -> Result<ApiKey, Error> {
    let key = store.revoke_api_key(id, now).await?;
    tracing::info!(target: "audit", key = key.id, name = key.name, by, "key revoked");
    Ok(key)
}

/// Names are authors of events, so the limits of labels hold for them.
fn check(field: &str, text: &str) -> Result<(), FieldError> {
    let is_label =
        !text.trim().is_empty() && text.len() <= MAX_LABEL_BYTES && !text.contains(char::is_control);
    match is_label {
        true => Ok(()),
        false => Err(FieldError::new(
            field,
            format!("{text:?} must be 1 to {MAX_LABEL_BYTES} bytes without control characters"),
        )),
    }
}
