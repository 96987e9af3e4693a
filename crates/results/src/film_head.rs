//! The first line of a film file.

use serde::{Deserialize, Serialize};

use crate::error::ImportError;

/// The version of the head line.
pub(crate) const VERSION: u32 = 1;

/// The first line: the fields of a run that are not in its log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// The version of this format.
    pub gauntlet_film: u32,
    /// People's notes on the run.
    #[serde(default)]
    pub notes: String,
}

impl Head {
    /// The head, if the line is one.
    ///
    /// # Errors
    /// A version that this program cannot read.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>, ImportError> {
        if !line.starts_with("{\"gauntlet_film\"") {
            return Ok(None);
        }
        let refuse =
            |message: String| ImportError::new("gauntlet_film", message, format!("version {VERSION}"));
        let head: Self = serde_json::from_str(line).map_err(|e| refuse(format!("is refused: {e}")))?;
        match head.gauntlet_film {
            VERSION => Ok(Some(head)),
            other => Err(refuse(format!("is {other}"))),
        }
    }
}
