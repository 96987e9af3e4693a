//! What OTLP's JSON writes differently from plain JSON: ids in hex, 64-bit integers as text, `null` for a
//! default.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serializer};

/// A field that may be `null`, which means its default.
pub(super) fn or_default<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// An integer as a number or as text.
struct Integer<T>(T);

impl<'de, T: TryFrom<i128>> Deserialize<'de> for Integer<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct IntegerVisitor<T>(PhantomData<T>);
        impl<T: TryFrom<i128>> IntegerVisitor<T> {
            fn fit<E: de::Error>(value: i128) -> Result<Integer<T>, E> {
                let fit = T::try_from(value).map(Integer);
                fit.map_err(|_| E::custom(format_args!("{value} is out of range")))
            }
        }
        impl<T: TryFrom<i128>> Visitor<'_> for IntegerVisitor<T> {
            type Value = Integer<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer, as a number or as text")
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Integer<T>, E> {
                Self::fit(v.into())
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Integer<T>, E> {
                Self::fit(v.into())
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Integer<T>, E> {
                // Some encoders write large integers as 1.76e18; beyond 2^63 the cast below saturates and is
                // refused.
                match v.fract() == 0.0 {
                    true => Self::fit(v as i128),
                    false => Err(E::invalid_value(de::Unexpected::Float(v), &self)),
                }
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Integer<T>, E> {
                let read = v.trim().parse::<i128>();
                Self::fit(read.map_err(|_| E::invalid_value(de::Unexpected::Str(v), &self))?)
            }
            fn visit_unit<E: de::Error>(self) -> Result<Integer<T>, E> {
                Self::fit(0)
            }
        }
        d.deserialize_any(IntegerVisitor(PhantomData))
    }
}

/// A number, or the text protobuf's JSON has for those JSON cannot write.
pub(super) struct Double(pub f64);

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct DoubleVisitor;
        impl Visitor<'_> for DoubleVisitor {
            type Value = Double;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Double, E> {
                Ok(Double(v))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Double, E> {
                Ok(Double(v as f64))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Double, E> {
                Ok(Double(v as f64))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Double, E> {
                v.trim().parse().map(Double).map_err(|_| E::invalid_value(de::Unexpected::Str(v), &self))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Double, E> {
                Ok(Double(0.0))
            }
        }
        d.deserialize_any(DoubleVisitor)
    }
}

/// An integer as a number or as text.
pub(super) fn integer<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    Ok(Integer::deserialize(d)?.0)
}

/// Such an integer, or none.
pub(super) fn maybe_integer<'de, D, T>(d: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    Ok(Option::<Integer<T>>::deserialize(d)?.map(|read| read.0))
}

/// Several.
pub(super) fn integers<'de, D, T>(d: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    let read = Option::<Vec<Integer<T>>>::deserialize(d)?.unwrap_or_default();
    Ok(read.into_iter().map(|read| read.0).collect())
}

/// A number, also where it is written as text.
pub(super) fn number<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    Ok(Double::deserialize(d)?.0)
}

/// Such a number, or none.
pub(super) fn maybe_number<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    Ok(Option::<Double>::deserialize(d)?.map(|read| read.0))
}

/// Several.
pub(super) fn numbers<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<f64>, D::Error> {
    let read = Option::<Vec<Double>>::deserialize(d)?.unwrap_or_default();
    Ok(read.into_iter().map(|read| read.0).collect())
}

/// The number of an enum, or its name: encoders that use protobuf's own JSON write names. `names` are in
/// the order of their numbers, from 0.
fn number_or_name<'de, D: Deserializer<'de>>(d: D, names: &[&str]) -> Result<i32, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(d)?.unwrap_or_default();
    let place = value.as_str().and_then(|text| names.iter().position(|name| *name == text));
    match place.and_then(|place| i32::try_from(place).ok()) {
        Some(number) => Ok(number),
        None => integer(value).map_err(de::Error::custom),
    }
}

/// `Span.SpanKind`
pub(super) fn span_kind<'de, D: Deserializer<'de>>(d: D) -> Result<i32, D::Error> {
    const NAMES: [&str; 6] = [
        "SPAN_KIND_UNSPECIFIED",
        "SPAN_KIND_INTERNAL",
        "SPAN_KIND_SERVER",
        "SPAN_KIND_CLIENT",
        "SPAN_KIND_PRODUCER",
        "SPAN_KIND_CONSUMER",
    ];
    number_or_name(d, &NAMES)
}

/// `Status.StatusCode`
pub(super) fn status_code<'de, D: Deserializer<'de>>(d: D) -> Result<i32, D::Error> {
    number_or_name(d, &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"])
}

/// A time: nanoseconds since 1970 as a number or text, or a date and time as ISO 8601 writes it.
pub(super) fn time<'de, D: Deserializer<'de>>(d: D) -> Result<u64, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(d)?.unwrap_or_default();
    let read = value.as_str().and_then(|text| gauntlet_model::Timestamp::parse_lenient(text).ok());
    match read.and_then(|at| u64::try_from(at.micros()).ok()?.checked_mul(1000)) {
        Some(nanos) => Ok(nanos),
        None => integer(value).map_err(de::Error::custom),
    }
}

/// Times and other 64-bit integers are written as text, since JavaScript's numbers cannot hold them.
pub(super) fn as_text<S: Serializer, T: fmt::Display>(value: &T, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(value)
}

/// Ids as hexadecimal text.
pub(super) mod hex {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&::hex::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text: String = or_default(d)?;
        // Protobuf's own JSON, which some encoders write, has base64 for bytes: 12 or 24 characters.
        let base64 = || STANDARD.decode(&text).ok().filter(|id| matches!(id.len(), 8 | 16));
        crate::ids::unhex(&text).or_else(base64).ok_or_else(|| {
            de::Error::invalid_value(de::Unexpected::Str(&text), &"an id in hexadecimal digits")
        })
    }
}

/// Whether a number is the default, which is not written.
pub(super) fn is_zero<T: PartialEq + Default>(value: &T) -> bool {
    *value == T::default()
}
