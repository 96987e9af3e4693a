//! How much of a list one answer holds.

use serde::{Deserialize, Deserializer};

/// Most items on a page: what the query says, between 1 and `MOST`; `USUAL` unless it says something.
#[derive(Debug, Clone, Copy)]
pub struct Limit<const USUAL: u32, const MOST: u32>(u32);

impl<const USUAL: u32, const MOST: u32> Limit<USUAL, MOST> {
    /// The number of items.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const USUAL: u32, const MOST: u32> Default for Limit<USUAL, MOST> {
    fn default() -> Self {
        Self(USUAL)
    }
}

impl<'de, const USUAL: u32, const MOST: u32> Deserialize<'de> for Limit<USUAL, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(u32::deserialize(from)?.clamp(1, MOST)))
    }
}
