//! Two runs in one scene: the rubrics of two snapshots side by side.

/// One path at two snapshots.
#[derive(Debug, Clone, PartialEq)]
pub struct RubricPair {
    /// The rubric or measurement.
    pub path: String,
    /// Whether it is measured, not judged: more is neither better nor worse.
    pub is_measurement: bool,
    /// At the first snapshot.
    pub mine: RubricReading,
    /// At the second snapshot.
    pub other: RubricReading,
}

impl RubricPair {
    /// The first value less the second, where both are there.
    pub fn difference(&self) -> Option<f64> {
        Some(self.mine.value? - self.other.value?)
    }
}

/// What a path came to at a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RubricReading {
    /// Its value; `None` where it was not evaluated.
    pub value: Option<f64>,
    /// Whether the rule in force fails it.
    pub is_failed: bool,
}
