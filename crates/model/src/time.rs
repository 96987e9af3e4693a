//! Instants in UTC, to the microsecond, as RFC 3339 on the wire.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::FieldError;

/// Microseconds since the Unix epoch, UTC. Years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// An instant from microseconds since the Unix epoch; out of range is clamped to years 1 to 9999.
    pub fn from_micros(micros: i64) -> Self {
        const YEAR_1: i64 = -62_135_596_800_000_000;
        const YEAR_10000: i64 = 253_402_207_200_000_000;
        Self(micros.clamp(YEAR_1, YEAR_10000 - 1))
    }

    /// Microseconds since the Unix epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Reads ISO 8601 with or without a zone; without one it is UTC. Origin clients write no zone.
    pub fn parse_lenient(text: &str) -> Result<Self, FieldError> {
        text.parse().or_else(|error: FieldError| {
            let civil: jiff::civil::DateTime = text.trim().parse().map_err(|_| error)?;
            let zoned = civil
                .to_zoned(jiff::tz::TimeZone::UTC)
                .map_err(|e| FieldError::new("timestamp", format!("{text:?} is out of range: {e}")))?;
            Ok(Self::from_micros(zoned.timestamp().as_microsecond()))
        })
    }
}

impl FromStr for Timestamp {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let parsed: jiff::Timestamp = text.parse().map_err(|_| {
            FieldError::new(
                "at",
                format!("{text:?} is not an RFC 3339 time such as 2026-11-21T00:06:33.885877Z"),
            )
        })?;
        Ok(Self::from_micros(parsed.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(t) => write!(f, "{t:.6}"),
            Err(_) => f.write_str("1970-01-01T00:00:00.000000Z"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(|e: FieldError| serde::de::Error::custom(e.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_reads() {
        let t: Timestamp = "2026-11-21T00:06:33.885877Z".parse().unwrap();
        assert_eq!(t.to_string(), "2026-11-21T00:06:33.885877Z");
        let t: Timestamp = "2026-11-21T02:06:33+02:00".parse().unwrap();
        assert_eq!(t.to_string(), "2026-11-21T00:06:33.000000Z");
    }

    #[test]
    fn a_time_without_a_zone_is_utc_only_where_asked() {
        assert!("2026-11-21T00:06:33.885877".parse::<Timestamp>().is_err());
        let t = Timestamp::parse_lenient("2026-11-21T00:06:33.885877").unwrap();
        assert_eq!(t.to_string(), "2026-11-21T00:06:33.885877Z");
        assert!(Timestamp::parse_lenient("yesterday").is_err());
    }

    #[test]
    fn extremes_print() {
        for t in [i64::MIN, 0, i64::MAX] {
            let t = Timestamp::from_micros(t);
            assert_eq!(t.to_string().parse::<Timestamp>().unwrap(), t);
        }
    }
}
