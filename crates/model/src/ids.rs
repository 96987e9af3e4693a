//! Names of runs, episodes and events.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::limits::{self, FieldError, MAX_ID_BYTES};

/// The idempotency key of an event: a UUID the client brings. Sending it twice appends once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// An id from its 128 bits.
    pub fn from_u128(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }

    /// A UUIDv7 (RFC 9562, section 5.7) from milliseconds since the Unix epoch and 74 random bits.
    pub fn v7(unix_millis: u64, random: u128) -> Self {
        let time = u128::from(unix_millis & 0xffff_ffff_ffff) << 80;
        let high = (random >> 62 & 0xfff) << 64;
        let low = random & 0x3fff_ffff_ffff_ffff;
        Self(Uuid::from_u128(time | 0x7 << 76 | high | 0b10 << 62 | low))
    }

    /// The 16 bytes, most significant first.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EventId {
    type Err = FieldError;
    fn from_str(s: &str) -> Result<Self, FieldError> {
        Uuid::parse_str(s).map(Self).map_err(|e| FieldError::new("id", format!("{s:?} is not a UUID: {e}")))
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(|e: FieldError| serde::de::Error::custom(e.message))
    }
}

macro_rules! named_id {
    ($(#[$doc:meta])* $name:ident, $field:literal, $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks the name: 1 to
            #[doc = stringify!($max)]
            /// bytes, no control characters, no slash (ids stand in URL paths).
            pub fn new(text: impl Into<String>) -> Result<Self, FieldError> {
                let text = text.into();
                limits::label($field, &text)?;
                limits::bounded($field, &text, $max)?;
                if text.contains(['/', '\\']) {
                    return Err(FieldError::new($field, format!("{text:?} must not contain a slash")));
                }
                if text == "." || text == ".." {
                    return Err(FieldError::new($field, format!("{text:?} is not a name")));
                }
                Ok(Self(text))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = FieldError;
            fn from_str(s: &str) -> Result<Self, FieldError> {
                Self::new(s)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                Self::new(text).map_err(|e| serde::de::Error::custom(e.message))
            }
        }
    };
}

named_id!(
    /// The id of a run (a "session" in older clients): a UUIDv7, or the name the client chose.
    RunId, "id", MAX_ID_BYTES
);
named_id!(
    /// The id of an episode: a 16-byte trace id in hex, or the name the client chose.
    EpisodeId, "episode", MAX_ID_BYTES
);
named_id!(
    /// The id of a process that writes a run: 12 hexadecimal digits that it drew, or a name it chose.
    WriterId, "writer", 64
);
