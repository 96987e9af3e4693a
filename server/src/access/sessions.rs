//! The sessions of people who logged in. Of this process: a restart ends them.

use std::collections::BTreeMap;

use gauntlet_model::Timestamp;
use gauntlet_vault::Secret;

/// How long a session lasts, seconds: 12 hours.
pub(super) const SESSION_SECS: i64 = 12 * 60 * 60;
/// Most sessions at once; the one that ends first makes room.
const MAX_SESSIONS: usize = 10_000;

/// Sessions by the digest of their token, so that a copy of the memory opens nothing.
#[derive(Debug, Default)]
pub(super) struct Sessions(BTreeMap<String, (Timestamp, String)>);

impl Sessions {
    /// Begins a session of the key with that id.
    pub(super) fn begin(&mut self, token: &Secret, key: String, now: Timestamp) {
        self.0.retain(|_, (ends, _)| *ends > now);
        if self.0.len() >= MAX_SESSIONS
            && let Some(first) =
                self.0.iter().min_by_key(|(_, (ends, _))| *ends).map(|(token, _)| token.clone())
        {
            self.0.remove(&first);
        }
        let ends = Timestamp::from_micros(now.micros().saturating_add(SESSION_SECS * 1_000_000));
        self.0.insert(token.digest().to_hex(), (ends, key));
    }

    /// The id of the key that a session began with; `None` where it is over.
    pub(super) fn key(&self, token: &str, now: Timestamp) -> Option<&str> {
        let (ends, key) = self.0.get(&Secret::parse(token)?.digest().to_hex())?;
        (*ends > now).then_some(key)
    }

    /// Ends a session.
    pub(super) fn end(&mut self, token: &str) {
        if let Some(token) = Secret::parse(token) {
            self.0.remove(&token.digest().to_hex());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_time_and_by_logging_out() {
        let at = |secs: i64| Timestamp::from_micros(secs * 1_000_000);
        let (mut sessions, token) = (Sessions::default(), Secret::new([1; 32]));
        sessions.begin(&token, "gk_a".to_owned(), at(0));
        assert_eq!(sessions.key(token.expose(), at(SESSION_SECS - 1)), Some("gk_a"));
        assert_eq!(sessions.key(token.expose(), at(SESSION_SECS)), None);
        assert_eq!(sessions.key(Secret::new([2; 32]).expose(), at(0)), None);
        sessions.end(token.expose());
        assert_eq!(sessions.key(token.expose(), at(0)), None);
    }
}
