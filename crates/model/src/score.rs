//! Rubric scores: finite numbers under dotted paths, in the order the client wrote them.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::limits::{FieldError, MAX_PATH_BYTES, MAX_SCORES};

/// A finite `f64` of any size; NaN and infinities cannot be built. "Not evaluated" is the absence of a score.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Score(f64);

impl Score {
    /// The score, if it is finite.
    pub fn new(value: f64) -> Result<Self, FieldError> {
        if value.is_finite() {
            Ok(Self(value))
        } else {
            Err(FieldError::new("value", format!("is {value}; a score is a finite number")))
        }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Finite;
        impl Visitor<'_> for Finite {
            type Value = Score;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a finite number")
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Score, E> {
                Score::new(v).map_err(|e| E::custom(e.message))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Score, E> {
                self.visit_f64(v as f64)
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Score, E> {
                self.visit_f64(v as f64)
            }
        }
        d.deserialize_f64(Finite)
    }
}

/// Scores by rubric path. Order is the client's (the rubric tree's order), which the diagnostics keep.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores(Vec<(String, Score)>);

impl Scores {
    /// Scores from pairs; refuses repeated, empty or over-long paths, non-finite values, and more than
    /// [`MAX_SCORES`].
    pub fn new<P: Into<String>>(pairs: impl IntoIterator<Item = (P, f64)>) -> Result<Self, FieldError> {
        let mut scores = Self::default();
        for (path, value) in pairs {
            let path = path.into();
            let score = Score::new(value).map_err(|e| FieldError::new(path.clone(), e.message))?;
            scores.push(path, score)?;
        }
        Ok(scores)
    }

    fn push(&mut self, path: String, score: Score) -> Result<(), FieldError> {
        check_path(&path)?;
        if self.get(&path).is_some() {
            return Err(FieldError::new(path, "is scored twice"));
        }
        if self.0.len() == MAX_SCORES {
            return Err(FieldError::new(
                path,
                format!("is score number {}; at most {MAX_SCORES} are allowed", MAX_SCORES + 1),
            ));
        }
        self.0.push((path, score));
        Ok(())
    }

    /// The score of `path`, if it was evaluated.
    pub fn get(&self, path: &str) -> Option<f64> {
        self.0.iter().find(|(p, _)| p == path).map(|(_, s)| s.get())
    }

    /// The whole rubric's score, under the path `root`.
    pub fn root(&self) -> Option<f64> {
        self.get("root")
    }

    /// Paths and scores in the client's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, f64)> {
        self.0.iter().map(|(p, s)| (p.as_str(), s.get()))
    }

    /// How many paths were evaluated.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was evaluated.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A rubric path: dotted segments, none empty, at most [`MAX_PATH_BYTES`].
pub(crate) fn check_path(path: &str) -> Result<(), FieldError> {
    if path.is_empty() || path.split('.').any(str::is_empty) {
        return Err(FieldError::new(path, format!("{path:?} is not a dotted rubric path")));
    }
    if path.len() > MAX_PATH_BYTES {
        let start: String = path.chars().take(32).collect();
        let message = format!("is {} bytes long; at most {MAX_PATH_BYTES} are allowed", path.len());
        return Err(FieldError::new(format!("{start}…"), message));
    }
    if path.chars().any(char::is_control) {
        return Err(FieldError::new(path.escape_debug().to_string(), "contains a control character"));
    }
    Ok(())
}

impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.0.len()))?;
        for (path, score) in &self.0 {
            map.serialize_entry(path, score)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Scores {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Paths;
        impl<'de> Visitor<'de> for Paths {
            type Value = Scores;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of rubric paths and finite numbers")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scores, A::Error> {
                let mut scores = Scores::default();
                while let Some(path) = map.next_key::<String>()? {
                    let score = map.next_value::<Score>()?;
                    scores.push(path, score).map_err(de::Error::custom)?;
                }
                Ok(scores)
            }
        }
        d.deserialize_map(Paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_values_survive() {
        let text = r#"{"root":-20.0,"format":1.0,"a.b":1e300}"#;
        let scores: Scores = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&scores).unwrap(), text.replace("1e300", "1e+300"));
        assert_eq!(scores.root(), Some(-20.0));
    }

    #[test]
    fn a_score_that_is_not_a_finite_number_is_refused() {
        for bad in ["true", "null", "\"1\"", "NaN", "1e999", "[1]", "{}"] {
            assert!(serde_json::from_str::<Scores>(&format!("{{\"root\":{bad}}}")).is_err(), "{bad}");
        }
        for (bad, word) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let error = Scores::new([("root", bad)]).unwrap_err();
            assert_eq!(error.to_string(), format!("root: is {word}; a score is a finite number"));
        }
    }

    #[test]
    fn paths_are_checked() {
        for bad in ["", ".", "a.", ".a", "a..b", "a\nb"] {
            assert!(Scores::new([(bad, 1.0)]).is_err(), "{bad:?}");
        }
        let error = Scores::new([("x".repeat(257), 1.0)]).unwrap_err();
        assert_eq!(error.message, "is 257 bytes long; at most 256 are allowed");
        let error = Scores::new([("a", 1.0), ("a", 1.0)]).unwrap_err();
        assert_eq!(error.to_string(), "a: is scored twice");
    }
}
