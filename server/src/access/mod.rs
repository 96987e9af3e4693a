//! Who asks, and whether they may.
//!
//! On a loopback address nobody is asked for a key, as long as nothing says that the server is reached from
//! elsewhere. Otherwise every request but the public ones needs an API key or the session of a person who
//! logged in with one: [`check`] decides by the table of [`gauntlet_vault::routes`] and gives handlers the
//! [`Principal`].

mod check;
mod credentials;
mod elsewhere;
mod login;
mod peer;
mod sessions;

use std::net::IpAddr;
use std::sync::Arc;

use gauntlet_engine::clock::now;
use gauntlet_model::{ApiKey, Role, Timestamp};
use gauntlet_store::{Store, StoreError};
use gauntlet_vault::{Keyring, Principal, RefusedKey, Secret, StoredKey, Throttle};
use parking_lot::{Mutex, RwLock};

pub use check::check;
pub(crate) use check::{may_project, may_record};
pub use login::{FORM_BYTES, log_in, log_out, page};
pub use peer::{Peer, TrustedProxies};

use sessions::Sessions;

/// Failed keys of one address a minute before it is asked to wait.
const MAX_FAILURES: u32 = 10;
/// How often the last use of a key is stored, microseconds.
const USE_INTERVAL_MICROS: i64 = 60_000_000;
/// Whose key `GAUNTLET_ADMIN_KEY` is.
const ENVIRONMENT_KEY: &str = "GAUNTLET_ADMIN_KEY";

/// The keys, the sessions, and whether they are asked for. Cloning is cheap. The default asks nobody.
#[derive(Clone, Default)]
pub struct Access(Option<Arc<Required>>);

struct Required {
    store: Store,
    keys: RwLock<Keyring>,
    sessions: Mutex<Sessions>,
    failures: Mutex<Throttle<IpAddr>>,
    proxies: TrustedProxies,
    /// Whether cookies are for encrypted connections alone.
    secure_cookies: bool,
}

/// What asking for keys needs to know.
#[derive(Debug, Clone, Default)]
pub struct AccessOptions {
    /// An admin's key that is not stored.
    pub admin_key: Option<Secret>,
    /// Proxies that say for whom they ask.
    pub proxies: TrustedProxies,
    /// Whether cookies are for encrypted connections alone.
    pub secure_cookies: bool,
}

impl Access {
    /// Asks for the keys of a store.
    ///
    /// # Errors
    ///
    /// Where the keys cannot be read.
    pub async fn required(store: Store, options: AccessOptions) -> Result<Self, StoreError> {
        let mut keys = Keyring::new(store.api_keys().await?);
        if let Some(secret) = options.admin_key {
            keys.insert(environment_key(&secret));
        }
        Ok(Self(Some(Arc::new(Required {
            store,
            keys: RwLock::new(keys),
            sessions: Mutex::default(),
            failures: Mutex::new(Throttle::new(MAX_FAILURES)),
            proxies: options.proxies,
            secure_cookies: options.secure_cookies,
        }))))
    }

    /// Whether keys are asked for.
    pub fn is_required(&self) -> bool {
        self.0.is_some()
    }

    /// Whether an admin could log in; `true` where nobody has to.
    pub fn has_admin(&self) -> bool {
        self.0.as_ref().is_none_or(|required| required.keys.read().has_admin(now()))
    }

    /// Tells the ring of a key that was created or revoked.
    pub fn put(&self, stored: StoredKey) {
        if let Some(required) = &self.0 {
            required.keys.write().insert(stored);
        }
    }

    /// Tells the ring that a key was revoked.
    pub fn revoke(&self, id: &str, at: Timestamp) {
        if let Some(required) = &self.0
            && let Some(key) = required.keys.write().get_mut(id)
        {
            key.revoked_at = Some(at);
        }
    }
}

impl Required {
    /// The principal of a presented key. Its use is stored in the background, at most once a minute.
    fn principal(&self, presented: &str, now: Timestamp) -> Result<(String, Principal), RefusedKey> {
        let (id, principal, last) = {
            let keys = self.keys.read();
            let key = keys.find(presented, now)?;
            (key.id.clone(), Principal::of_key(key), key.last_used_at)
        };
        if last.is_none_or(|last| now.micros().saturating_sub(last.micros()) >= USE_INTERVAL_MICROS) {
            self.used(&id, now);
        }
        Ok((id, principal))
    }

    fn used(&self, id: &str, now: Timestamp) {
        let mut keys = self.keys.write();
        let Some(key) = keys.get_mut(id) else { return };
        key.last_used_at = Some(now);
        if key.created_by == ENVIRONMENT_KEY {
            return;
        }
        let (store, id) = (self.store.clone(), id.to_owned());
        tokio::spawn(async move {
            if let Err(error) = store.use_api_key(&id, now).await {
                tracing::warn!(%error, key = id, "the last use of a key cannot be stored");
            }
        });
    }
}

fn environment_key(secret: &Secret) -> StoredKey {
    let key = ApiKey {
        id: secret.id().to_owned(),
        name: "admin".to_owned(),
        role: Role::Admin,
        projects: None,
        created_at: now(),
        created_by: ENVIRONMENT_KEY.to_owned(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    StoredKey { key, digest: secret.digest() }
}
