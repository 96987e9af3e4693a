//! What happened in one episode.

use std::ops::Range;

use gauntlet_model::{EpisodeId, RunId};

use crate::{Excerpt, Store, StoreError};

impl Store {
    /// What an episode holds beside scored snapshots, of sequence numbers in `seqs`: at most `first` events
    /// from its beginning and `last` from its end.
    pub async fn episode(
        &self,
        run: &RunId,
        episode: &EpisodeId,
        seqs: Range<u64>,
        first: u32,
        last: u32,
    ) -> Result<Excerpt, StoreError> {
        self.log().excerpt(run, episode, seqs, (first, last)).await
    }
}
