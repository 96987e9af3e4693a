//! Where a page of runs ended, as the opaque text clients hand back.

use std::fmt;

use crate::{Order, RunColumn, StoreError};

/// The value that a list is ordered by, of one run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    Integer(i64),
    Real(f64),
    Text(String),
    /// The run has no value.
    Missing,
}

impl Key {
    /// Reads what [`fmt::Display`] wrote.
    fn read(text: &str) -> Option<Self> {
        Some(match text.split_at_checked(1)? {
            ("i", digits) => Key::Integer(digits.parse().ok()?),
            ("f", bits) => Key::Real(f64::from_bits(u64::from_str_radix(bits, 16).ok()?)),
            ("t", hex) => Key::Text(unhex(hex)?),
            ("n", "") => Key::Missing,
            _ => return None,
        })
    }

    /// The key of a group: the same for `1` and `1.0`, which a database takes for equal.
    pub(crate) fn of_group(&self) -> String {
        match self {
            Key::Integer(number) => Key::Real(*number as f64).to_string(),
            Key::Real(number) => Key::Real(number + 0.0).to_string(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Integer(number) => write!(f, "i{number}"),
            Key::Real(number) => write!(f, "f{:x}", number.to_bits()),
            Key::Text(text) => write!(f, "t{}", hex::encode(text)),
            Key::Missing => f.write_str("n"),
        }
    }
}

/// The group and the key of the last run shown, and its number to tell equal keys apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cursor {
    /// The column of the groups and the value of this one, where the list has groups.
    pub group: Option<(RunColumn, Key)>,
    pub order: Order,
    pub key: Key,
    pub run_no: i64,
}

impl Cursor {
    /// Reads what [`fmt::Display`] wrote for a list in the same order.
    pub(crate) fn read(text: &str, order: &Order, group: Option<&RunColumn>) -> Result<Self, StoreError> {
        let word = order.to_string();
        let read = || {
            let (group, rest) = match group {
                None => (None, text),
                Some(column) => {
                    let rest = text.strip_prefix(&*column.to_string())?.strip_prefix('.')?;
                    let (key, rest) = rest.split_once('.')?;
                    (Some((column.clone(), Key::read(key)?)), rest)
                }
            };
            let (key, run_no) = rest.strip_prefix(&*word)?.strip_prefix('.')?.rsplit_once('.')?;
            Some(Self { group, order: order.clone(), key: Key::read(key)?, run_no: run_no.parse().ok()? })
        };
        read().ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            StoreError::invalid("cursor", format!("{shown:?} is not a cursor of a list sorted by {word}"))
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((column, key)) = &self.group {
            write!(f, "{column}.{key}.")?;
        }
        write!(f, "{}.{}.{}", self.order, self.key, self.run_no)
    }
}

fn unhex(text: &str) -> Option<String> {
    String::from_utf8(hex::decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunField;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let keys = [
            Key::Integer(-5),
            Key::Real(0.1 + 0.2),
            Key::Real(f64::MIN),
            Key::Text("naïve.run/1".to_owned()),
            Key::Text(String::new()),
            Key::Missing,
        ];
        for (key, is_reversed) in keys.into_iter().zip([false, true].into_iter().cycle()) {
            let order = Order { is_reversed, ..RunField::Name.into() };
            let cursor = Cursor { group: None, order: order.clone(), key: key.clone(), run_no: i64::MAX };
            assert_eq!(Cursor::read(&cursor.to_string(), &order, None).unwrap(), cursor);
            let column = RunColumn::Config("a.b".to_owned());
            let grouped = Cursor { group: Some((column.clone(), key)), ..cursor.clone() };
            assert_eq!(Cursor::read(&grouped.to_string(), &order, Some(&column)).unwrap(), grouped);
            assert!(Cursor::read(&grouped.to_string(), &order, None).is_err());
            assert!(Cursor::read(&cursor.to_string(), &order, Some(&column)).is_err());
        }
    }

    #[test]
    fn any_other_text_is_refused_by_name() {
        let order = Order::from(RunField::Name);
        for text in [
            "",
            "name",
            "name.",
            "name.t61",
            "-name.t61.1",
            "steps.i1.1",
            "name.t6.1",
            "name.tff.1",
            "name.té1.1",
            "name.x1.1",
            "name..1",
        ] {
            let refused = Cursor::read(text, &order, None);
            assert!(
                matches!(refused, Err(StoreError::Invalid { ref field, .. }) if field == "cursor"),
                "{text:?}"
            );
        }
    }
}
