//! Reading the events of a run from the log, with the hash of their lines.

use std::ops::Range;

use gauntlet_store::{EventLines, Store, StoreError};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::BackupError;

/// Reads the events of one run, some at a time.
pub(crate) struct RunReader<'a> {
    store: &'a Store,
    run_no: i64,
    seqs: Range<u64>,
    hash: Sha256,
    /// Events read.
    pub events: u64,
    /// Events that should be there and cannot be read.
    pub missing: u64,
    /// The id of the last event that was read, in hexadecimal.
    pub last_id: Option<String>,
}

/// Of a line of an event, what tells where it belongs.
#[derive(Deserialize)]
struct LineStart {
    seq: u64,
    id: String,
}

impl<'a> RunReader<'a> {
    /// Reads these sequence numbers.
    pub(crate) fn new(store: &'a Store, run_no: i64, seqs: Range<u64>) -> Self {
        Self { store, run_no, seqs, hash: Sha256::new(), events: 0, missing: 0, last_id: None }
    }

    /// The next lines; `None` past the last ones. [`StoreError::NotFound`] where the run was deleted.
    pub(crate) async fn next(&mut self) -> Result<Option<EventLines>, StoreError> {
        while !self.seqs.is_empty() {
            let part = self.store.dump_events(self.run_no, self.seqs.clone()).await?;
            self.seqs.start = part.next.max(self.seqs.start + 1);
            self.events += part.events;
            self.missing += part.missing;
            if part.events > 0 {
                self.hash.update(&part.lines);
                self.last_id = last_id(&part.lines);
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    /// SHA-256 of all lines that were read, in hexadecimal.
    pub(crate) fn sha256(self) -> String {
        hex::encode(self.hash.finalize())
    }
}

fn last_id(lines: &[u8]) -> Option<String> {
    let line = lines.split(|byte| *byte == b'\n').rev().find(|line| !line.is_empty())?;
    serde_json::from_slice(line).map(|LineStart { id, .. }| id).ok()
}

/// The lines of events below a sequence number. They are ordered by it.
pub(crate) fn lines_below<'a>(lines: &'a [u8], below: u64, archive: &str) -> Result<&'a [u8], BackupError> {
    let mut end = 0;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let LineStart { seq, .. } =
            serde_json::from_slice(line).map_err(|error| BackupError::damaged(archive, error))?;
        if seq >= below {
            return Ok(lines.get(..end).unwrap_or_default());
        }
        end += line.len();
    }
    Ok(lines)
}
