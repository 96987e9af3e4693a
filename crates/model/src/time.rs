//! Instants in UTC, to the microsecond, as RFC 3339 on the wire.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use jiff_core::civil::DateTime;
use jiff_core::tz::Offset;
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
    ///
    /// # Errors
    ///
    /// When the text is not such a time, or its year is beyond 9999. In the browser, which reads nothing but
    /// what the server writes, also for every other form than that of [`Timestamp`]'s `Display`.
    pub fn parse_lenient(text: &str) -> Result<Self, FieldError> {
        text.parse().or_else(|error| other_forms::without_zone(text).unwrap_or(Err(error)))
    }

    /// Reads the one form that `Display` writes, which nearly every time has that reaches this function.
    fn parse_canonical(text: &str) -> Option<Self> {
        let canonical = text.len() == CANONICAL.len()
            && text.bytes().zip(CANONICAL).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == *form,
            });
        if !canonical {
            return None;
        }
        let civil = DateTime::new(
            text.get(0..4)?.parse().ok()?,
            text.get(5..7)?.parse().ok()?,
            text.get(8..10)?.parse().ok()?,
            text.get(11..13)?.parse().ok()?,
            text.get(14..16)?.parse().ok()?,
            text.get(17..19)?.parse().ok()?,
            text.get(20..26)?.parse::<i32>().ok()? * 1000,
        );
        Some(Self::from_micros(civil.ok()?.to_timestamp(Offset::UTC).ok()?.as_microsecond()))
    }
}

/// The form in which a time is written, with zeros for the digits.
const CANONICAL: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";

/// Forms of ISO 8601 that people and other programs write.
#[cfg(not(target_arch = "wasm32"))]
mod other_forms {
    use super::{FieldError, Timestamp};

    /// The instant of a time with a zone; `None` if the text is not such a time.
    pub(super) fn with_zone(text: &str) -> Option<Timestamp> {
        let parsed: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp::from_micros(parsed.as_microsecond()))
    }

    /// The instant of a time without a zone, taken as UTC; `None` if the text is not such a time.
    pub(super) fn without_zone(text: &str) -> Option<Result<Timestamp, FieldError>> {
        let civil: jiff::civil::DateTime = text.trim().parse().ok()?;
        let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC);
        let read = zoned.map(|zoned| Timestamp::from_micros(zoned.timestamp().as_microsecond()));
        Some(read.map_err(|e| FieldError::new("timestamp", format!("{text:?} is out of range: {e}"))))
    }
}

/// None: the browser gets its times from the server, and the library that reads other forms is a fiftieth of
/// what it would have to download.
#[cfg(target_arch = "wasm32")]
mod other_forms {
    use super::{FieldError, Timestamp};

    pub(super) fn with_zone(_text: &str) -> Option<Timestamp> {
        None
    }

    pub(super) fn without_zone(_text: &str) -> Option<Result<Timestamp, FieldError>> {
        None
    }
}

impl FromStr for Timestamp {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        Self::parse_canonical(text).or_else(|| other_forms::with_zone(text)).ok_or_else(|| {
            FieldError::new(
                "at",
                format!("{text:?} is not an RFC 3339 time such as 2026-11-21T00:06:33.885877Z"),
            )
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `from_micros` keeps every instant in the range of the library.
        let instant = jiff_core::Timestamp::from_microsecond(self.0).map_err(|_| fmt::Error)?;
        let civil = instant.to_datetime(Offset::UTC);
        let (date, time) = (civil.date(), civil.time());
        let mut text = *CANONICAL;
        let mut put = |at: Range<usize>, number: i32| {
            let mut left = number.unsigned_abs();
            for digit in text[at].iter_mut().rev() {
                *digit = b'0' + (left % 10) as u8;
                left /= 10;
            }
        };
        put(0..4, date.year().into());
        put(5..7, date.month().into());
        put(8..10, date.day().into());
        put(11..13, time.hour().into());
        put(14..16, time.minute().into());
        put(17..19, time.second().into());
        put(20..26, time.subsec_nanosecond() / 1000);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
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
        let text = "2026-11-21T00:06:33.885877";
        let error = text.parse::<Timestamp>().unwrap_err();
        assert!(error.message.contains(&format!("{text:?} is not an RFC 3339 time")), "{error}");
        let t = Timestamp::parse_lenient("2026-11-21T00:06:33.885877").unwrap();
        assert_eq!(t.to_string(), "2026-11-21T00:06:33.885877Z");
        let error = Timestamp::parse_lenient("yesterday").unwrap_err();
        assert!(error.message.contains("\"yesterday\" is not an RFC 3339 time"), "{error}");
    }

    #[test]
    fn its_own_form_is_read_as_the_library_reads_it() {
        const DAY_MICROS: i64 = 86_400_000_000;
        let (first, last) = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
        // Every 97th day of all years, at another microsecond each.
        let mut micros = first.micros();
        while micros < last.micros() {
            let text = Timestamp::from_micros(micros).to_string();
            let by_library: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(by_library.as_microsecond(), micros, "{text}");
            assert_eq!(Timestamp::parse_canonical(&text).map(Timestamp::micros), Some(micros), "{text}");
            micros += 97 * DAY_MICROS + 1_234_567;
        }
    }

    #[test]
    fn a_day_that_does_not_exist_is_no_time() {
        for text in
            ["2026-02-29T00:00:00.000000Z", "2026-13-01T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z"]
        {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert!(error.message.contains(text), "{}", error.message);
        }
    }

    #[test]
    fn other_forms_are_read_outside_the_browser() {
        let expected: Timestamp = "2026-11-21T00:06:33.500000Z".parse().unwrap();
        for text in ["2026-11-21T00:06:33.5Z", "2026-11-21 00:06:33.500000z", "2026-11-21T01:36:33.5+01:30"] {
            assert_eq!(text.parse::<Timestamp>().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn extremes_print() {
        for t in [i64::MIN, 0, i64::MAX] {
            let t = Timestamp::from_micros(t);
            assert_eq!(t.to_string().parse::<Timestamp>().unwrap(), t);
        }
    }
}
