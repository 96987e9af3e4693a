//! What OTLP's JSON writes differently from plain JSON: ids in hex, 64-bit integers as text, `null` for a default.

use std::fmt;
use std::marker::PhantomData;

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
pub(super) fn integer<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    struct Integer<T>(PhantomData<T>);
    impl<T: TryFrom<i128>> Integer<T> {
        fn fit<E: de::Error>(value: i128) -> Result<T, E> {
            T::try_from(value).map_err(|_| E::custom(format_args!("{value} is out of range")))
        }
    }
    impl<T: TryFrom<i128>> Visitor<'_> for Integer<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an integer, as a number or as text")
        }
        fn visit_i64<E: de::Error>(self, v: i64) -> Result<T, E> {
            Self::fit(v.into())
        }
        fn visit_u64<E: de::Error>(self, v: u64) -> Result<T, E> {
            Self::fit(v.into())
        }
        fn visit_f64<E: de::Error>(self, v: f64) -> Result<T, E> {
            // Some encoders write large integers as 1.76e18; beyond 2^63 the cast below saturates and is refused.
            match v.fract() == 0.0 {
                true => Self::fit(v as i128),
                false => Err(E::invalid_value(de::Unexpected::Float(v), &self)),
            }
        }
        fn visit_str<E: de::Error>(self, v: &str) -> Result<T, E> {
            let read = v.trim().parse::<i128>();
            Self::fit(read.map_err(|_| E::invalid_value(de::Unexpected::Str(v), &self))?)
        }
        fn visit_unit<E: de::Error>(self) -> Result<T, E> {
            Self::fit(0)
        }
    }
    d.deserialize_any(Integer(PhantomData))
}

/// Times and other 64-bit integers are written as text, since JavaScript's numbers cannot hold them.
pub(super) fn as_text<S: Serializer, T: fmt::Display>(value: &T, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(value)
}

/// Ids as hexadecimal text.
pub(super) mod hex {
    use super::*;

    pub fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&crate::ids::hex(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text: String = or_default(d)?;
        crate::ids::unhex(&text).ok_or_else(|| {
            de::Error::invalid_value(de::Unexpected::Str(&text), &"an id in hexadecimal digits")
        })
    }
}

/// Whether a number is the default, which is not written.
pub(super) fn is_zero<T: PartialEq + Default>(value: &T) -> bool {
    *value == T::default()
}
