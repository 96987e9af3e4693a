//! How much of a list one answer holds, and of which episode.

use gauntlet_model::EpisodeId;
use gauntlet_store::InEpisode;
use serde::{Deserialize, Deserializer};

/// Which episode's: `?episode=ID`, or `?episode=` for what belongs to no episode; all where it is not said.
#[derive(Debug, Clone, Default)]
pub enum OfEpisode {
    /// Those of every episode, and of none.
    #[default]
    Any,
    /// Those that belong to no episode.
    Without,
    /// Those of this one.
    Only(EpisodeId),
}

impl OfEpisode {
    /// What the store is asked for.
    pub fn filter(&self) -> InEpisode<'_> {
        match self {
            Self::Any => InEpisode::Any,
            Self::Without => InEpisode::Without,
            Self::Only(episode) => InEpisode::Only(episode),
        }
    }

    /// Whether something of that episode, or of none, is asked for.
    pub fn holds(&self, episode: Option<&EpisodeId>) -> bool {
        match self {
            Self::Any => true,
            Self::Without => episode.is_none(),
            Self::Only(wanted) => episode == Some(wanted),
        }
    }
}

impl<'de> Deserialize<'de> for OfEpisode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match String::deserialize(from)?.as_str() {
            "" => Ok(Self::Without),
            text => EpisodeId::new(text).map(Self::Only).map_err(|e| serde::de::Error::custom(e.message)),
        }
    }
}

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
