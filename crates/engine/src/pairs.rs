//! Two runs side by side: the steps that both have, and their snapshots.

use std::collections::BTreeMap;

use gauntlet_model::{Kind, Record, RunId, Snapshot};
use gauntlet_store::{Store, StoreError};

/// A step that two runs have, and where its snapshots are.
#[derive(Debug)]
pub struct StepOfBoth {
    /// The step.
    pub step: u64,
    first: (RunId, u64),
    second: (RunId, u64),
}

/// The steps that both runs have, in order.
pub async fn steps_of_both(
    store: &Store,
    first: &RunId,
    second: &RunId,
) -> Result<Vec<StepOfBoth>, StoreError> {
    let (in_first, in_second) = (places(store, first).await?.0, places(store, second).await?.0);
    let both = in_first.into_iter().filter_map(|(step, seq)| {
        let other = *in_second.get(&step)?;
        Some(StepOfBoth { step, first: (first.clone(), seq), second: (second.clone(), other) })
    });
    Ok(both.collect())
}

impl StepOfBoth {
    /// The snapshots of the first run and of the second; `None` where a run was deleted.
    pub async fn snapshots(&self, store: &Store) -> Result<Option<(Snapshot, Snapshot)>, StoreError> {
        let first = snapshot(store, &self.first.0, self.first.1).await?;
        let second = snapshot(store, &self.second.0, self.second.1).await?;
        Ok(first.zip(second))
    }
}

/// Where the snapshots of a run are in its log, by step: their sequence numbers, none where there is no such
/// run. Where a step was scored more than once the newest counts. Also returns how far the log was read.
pub async fn places(store: &Store, run: &RunId) -> Result<(BTreeMap<u64, u64>, Option<u64>), StoreError> {
    let mut by_step = BTreeMap::new();
    let mut after = None;
    loop {
        let page = match store.read(run, after, 4096, Some(&[Kind::SnapshotScored])).await {
            Err(StoreError::NotFound(_)) => return Ok((by_step, None)),
            page => page?,
        };
        for record in &page.records {
            if let Some(snapshot) = of_record(run, record) {
                by_step.insert(snapshot.step, record.seq);
            }
        }
        after = page.next_after;
        if after.map_or(0, |seq| seq + 1) >= page.head {
            return Ok((by_step, after));
        }
    }
}

/// The snapshot at that place; `None` where it is gone with its run.
pub async fn snapshot(store: &Store, run: &RunId, seq: u64) -> Result<Option<Snapshot>, StoreError> {
    let page = match store.read(run, seq.checked_sub(1), 1, None).await {
        Err(StoreError::NotFound(_)) => return Ok(None),
        page => page?,
    };
    Ok(page.records.first().and_then(|record| of_record(run, record)))
}

fn of_record(run: &RunId, record: &Record) -> Option<Snapshot> {
    let event = record.event().inspect_err(|error| {
        tracing::error!(%run, seq = record.seq, %error, "a stored event breaks the rules");
    });
    Snapshot::of_event(run.as_str(), &event.ok()?)
}
