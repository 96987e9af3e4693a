//! `/api/v1`: one file a resource. Each handler is followed by its description for the OpenAPI document.

pub mod artifacts;
pub mod commands;
pub mod compare;
pub mod episodes;
pub mod events;
pub mod exports;
pub mod film;
pub mod groups;
pub mod imports;
mod outcome;
pub mod runs;
pub mod search;
pub mod series;
pub mod steps;
pub mod writers;

use gauntlet_api::EpisodeFilter;
use gauntlet_store::InEpisode;

pub use outcome::{Created, NoContent, Upserted};

/// The same filter for the store.
fn in_episode(filter: &EpisodeFilter) -> InEpisode<'_> {
    match filter {
        EpisodeFilter::Any => InEpisode::Any,
        EpisodeFilter::Without => InEpisode::Without,
        EpisodeFilter::Only(episode) => InEpisode::Only(episode),
    }
}
