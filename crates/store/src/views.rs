//! The port behind which a database answers one read-only SQL statement over tables filled for it.
//!
//! A statement is prepared over empty tables first, which shows which of them it reads; the caller fills
//! those and no others, then asks for the answer. The tables are not part of the log: they are in memory, and
//! gone with the statement.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::StoreError;

/// A table that statements can read.
#[derive(Debug)]
pub struct View {
    /// Its name in SQL.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// Its columns, in order.
    pub columns: &'static [ViewColumn],
}

/// A column of a [`View`].
#[derive(Debug)]
pub struct ViewColumn {
    /// Its name in SQL.
    pub name: &'static str,
    /// The type of its values; every column may be null.
    pub kind: ValueKind,
    /// What it holds, and in which unit.
    pub about: &'static str,
}

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// A text.
    Text,
}

impl ValueKind {
    /// The word in SQL and in the documentation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Text => "text",
        }
    }
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number; may be infinite.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes, which only a statement itself can make.
    Bytes(Vec<u8>),
}

impl SqlValue {
    /// About how many bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) | Self::Real(_) => 16,
            Self::Text(text) => 32 + text.len(),
            Self::Bytes(bytes) => 32 + bytes.len(),
        }
    }
}

/// How far the answer of a statement may go.
#[derive(Debug, Clone)]
pub struct SqlBounds {
    /// Most rows.
    pub rows: usize,
    /// Most bytes of all rows, as [`SqlValue::bytes`] counts them.
    pub bytes: usize,
    /// When the statement is ended.
    pub until: Instant,
    /// Ends the statement once it is set.
    pub cancelled: Arc<AtomicBool>,
}

/// The answer of a statement.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SqlRows {
    /// The names of the columns as in the statement: some may be equal.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<SqlValue>>,
    /// Whether there are more rows than the bounds allow.
    pub truncated: bool,
}

/// One statement and its tables.
pub trait SqlStatement: Send {
    /// The names of the views that the statement reads.
    fn reads(&self) -> &BTreeSet<&'static str>;

    /// Adds rows to a view. Each value of a row belongs to the column at the same place.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] where the tables hold more than they may.
    fn insert(
        &mut self,
        view: &'static View,
        rows: &mut dyn Iterator<Item = Vec<SqlValue>>,
    ) -> Result<(), StoreError>;

    /// Runs the statement over what was inserted.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`], which names `sql`, where it fails or takes too long.
    fn answer(&mut self, bounds: &SqlBounds) -> Result<SqlRows, StoreError>;
}
