//! The parameters that a rubric declares. Only these can be tweaked or restored, and only to values of their
//! type.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use gauntlet_model::FieldError;
use parking_lot::RwLock;
use serde_json::Value;

use crate::error::InvalidText;

/// One declared parameter: its name, its type, its range, and its present value. Reading and turning it is
/// safe from any thread; an evaluation in flight may see the old or the new value.
pub struct Parameter {
    name: &'static str,
    cell: Cell,
}

enum Cell {
    Number(AtomicU64, RangeInclusive<f64>),
    Flag(AtomicBool),
    Text(RwLock<String>, fn(&str) -> Result<(), InvalidText>),
}

impl Parameter {
    /// A finite number of any size.
    pub fn number(name: &'static str, value: f64) -> Self {
        Self::within(name, value, f64::MIN..=f64::MAX)
    }

    /// A finite number in a range, both ends included.
    pub fn within(name: &'static str, value: f64, range: RangeInclusive<f64>) -> Self {
        Self { name, cell: Cell::Number(AtomicU64::new(value.to_bits()), range) }
    }

    /// A switch.
    pub fn flag(name: &'static str, value: bool) -> Self {
        Self { name, cell: Cell::Flag(AtomicBool::new(value)) }
    }

    /// A text that passes `check`.
    pub fn text(
        name: &'static str,
        value: impl Into<String>,
        check: fn(&str) -> Result<(), InvalidText>,
    ) -> Self {
        Self { name, cell: Cell::Text(RwLock::new(value.into()), check) }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number; 0 for a switch that is off, 1 for one that is on, 0 for a text.
    pub fn get(&self) -> f64 {
        match &self.cell {
            Cell::Number(bits, _) => f64::from_bits(bits.load(Relaxed)),
            Cell::Flag(on) => f64::from(u8::from(on.load(Relaxed))),
            Cell::Text(..) => 0.0,
        }
    }

    /// Whether a switch is on; a number or text is on when it is not 0 or empty.
    pub fn is_on(&self) -> bool {
        match &self.cell {
            Cell::Flag(on) => on.load(Relaxed),
            Cell::Number(..) => self.get() != 0.0,
            Cell::Text(text, _) => !read(text).is_empty(),
        }
    }

    /// The least and the greatest number allowed; `None` for other types and for numbers of any size.
    pub fn range(&self) -> Option<(f64, f64)> {
        match &self.cell {
            Cell::Number(_, range) if *range != (f64::MIN..=f64::MAX) => Some((*range.start(), *range.end())),
            _ => None,
        }
    }

    /// The present value as JSON.
    pub fn value(&self) -> Value {
        match &self.cell {
            Cell::Number(..) => self.get().into(),
            Cell::Flag(on) => on.load(Relaxed).into(),
            Cell::Text(text, _) => read(text).into(),
        }
    }

    /// The text; empty for other types.
    pub fn as_text(&self) -> String {
        match &self.cell {
            Cell::Text(text, _) => read(text),
            _ => String::new(),
        }
    }

    /// Whether `value` fits. `field` is how the refusal names it.
    pub fn check(&self, field: &str, value: &Value) -> Result<(), FieldError> {
        let refuse = |expected: &dyn fmt::Display| {
            Err(FieldError::new(field, format!("is {value}; it must be {expected}")))
        };
        match &self.cell {
            Cell::Number(_, range) => match value.as_f64() {
                Some(number) if number.is_finite() && range.contains(&number) => Ok(()),
                _ if *range == (f64::MIN..=f64::MAX) => refuse(&"a finite number"),
                _ => refuse(&format_args!("a number from {} to {}", range.start(), range.end())),
            },
            Cell::Flag(_) if value.is_boolean() => Ok(()),
            Cell::Flag(_) => refuse(&"true or false"),
            Cell::Text(_, check) => match value.as_str() {
                Some(text) => check(text).map_err(|reason| FieldError::new(field, reason.0)),
                None => refuse(&"a text"),
            },
        }
    }

    /// Takes a value that [`Parameter::check`] let through; any other is ignored.
    pub(crate) fn set(&self, value: &Value) {
        match (&self.cell, value) {
            (Cell::Number(bits, _), value) => {
                if let Some(number) = value.as_f64() {
                    bits.store(number.to_bits(), Relaxed);
                }
            }
            (Cell::Flag(on), Value::Bool(value)) => on.store(*value, Relaxed),
            (Cell::Text(text, _), Value::String(value)) => {
                *text.write() = value.clone();
            }
            _ => {}
        }
    }
}

fn read(text: &RwLock<String>) -> String {
    text.read().clone()
}

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name, self.value())
    }
}
