//! Values of statements and of columns, for either database.

use std::sync::Arc;

/// A value for a parameter. A missing one has a type as well: PostgreSQL asks for it.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<Arc<str>>),
    Bytes(Option<Arc<[u8]>>),
    /// Lists, for `Dialect::elements` and `Dialect::byte_strings`.
    Integers(Vec<i64>),
    Texts(Vec<String>),
    ByteStrings(Vec<Vec<u8>>),
}

/// How a type is bound.
macro_rules! bound {
    ($($kind:ty => $variant:ident($value:ident) $convert:expr),* $(,)?) => {$(
        impl From<$kind> for Value {
            fn from($value: $kind) -> Self {
                Value::$variant(Some($convert))
            }
        }

        impl From<Option<$kind>> for Value {
            fn from(value: Option<$kind>) -> Self {
                Value::$variant(value.map(|$value| $convert))
            }
        }
    )*};
}
bound! {
    i64 => Integer(value) value,
    i32 => Integer(value) i64::from(value),
    bool => Integer(value) i64::from(value),
    f64 => Real(value) value,
    &str => Text(value) Arc::from(value),
    String => Text(value) Arc::from(value),
    Arc<str> => Text(value) value,
    &[u8] => Bytes(value) Arc::from(value),
    Vec<u8> => Bytes(value) Arc::from(value),
}
