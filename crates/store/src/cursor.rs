//! Where a page of runs ended, as the opaque text clients hand back.

use std::fmt;

use crate::{Sort, StoreError};

/// The sort key of the last run shown, and its number to tell equal keys apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cursor {
    Created { run_no: i64 },
    Updated { updated_at: i64, run_no: i64 },
    Name { name: String, run_no: i64 },
}

impl Cursor {
    /// Reads what [`fmt::Display`] wrote for a list in the same order.
    pub fn read(text: &str, sort: Sort) -> Result<Self, StoreError> {
        let parts: Vec<&str> = text.split('.').collect();
        let read = match (sort, parts.as_slice()) {
            (Sort::Created, ["c", run_no]) => number(run_no).map(|run_no| Cursor::Created { run_no }),
            (Sort::Updated, ["u", at, run_no]) => number(at)
                .zip(number(run_no))
                .map(|(updated_at, run_no)| Cursor::Updated { updated_at, run_no }),
            (Sort::Name, ["n", name, run_no]) => {
                unhex(name).zip(number(run_no)).map(|(name, run_no)| Cursor::Name { name, run_no })
            }
            _ => None,
        };
        read.ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            StoreError::invalid(
                "cursor",
                format!("{shown:?} is not a cursor of a list sorted by {}", sort.as_str()),
            )
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cursor::Created { run_no } => write!(f, "c.{run_no}"),
            Cursor::Updated { updated_at, run_no } => write!(f, "u.{updated_at}.{run_no}"),
            Cursor::Name { name, run_no } => {
                f.write_str("n.")?;
                name.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                write!(f, ".{run_no}")
            }
        }
    }
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn unhex(text: &str) -> Option<String> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let pairs = digits?;
    let (pairs, []) = pairs.as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| u8::try_from(high << 4 | low).ok()).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursors = [
            (Sort::Created, Cursor::Created { run_no: 7 }),
            (Sort::Updated, Cursor::Updated { updated_at: -5, run_no: i64::MAX }),
            (Sort::Name, Cursor::Name { name: "naïve.run/1".to_owned(), run_no: 1 }),
            (Sort::Name, Cursor::Name { name: String::new(), run_no: 1 }),
        ];
        for (sort, cursor) in cursors {
            assert_eq!(Cursor::read(&cursor.to_string(), sort), Ok(cursor));
        }
    }

    #[test]
    fn any_other_text_is_refused_by_name() {
        for (sort, text) in [
            (Sort::Created, ""),
            (Sort::Created, "c."),
            (Sort::Created, "u.1.2"),
            (Sort::Updated, "u.1"),
            (Sort::Updated, "u.x.2"),
            (Sort::Name, "n.6.1"),
            (Sort::Name, "n.ff.1"),
            (Sort::Name, "n.é1.1"),
            (Sort::Name, "n.+1.1"),
        ] {
            let refused = Cursor::read(text, sort);
            assert!(
                matches!(refused, Err(StoreError::Invalid { ref field, .. }) if field == "cursor"),
                "{text:?}"
            );
        }
    }
}
