//! A document: its text is held as a whole, its events are made one by one, twice: checked to the end, then
//! appended in batches, so that other writers of the log have their turns in between.

use gauntlet_results::{Document, ImportError};

use super::append::{Appender, Facts};
use super::disk_error;
use super::job::{Stop, Work};
use crate::Error;

/// About what one byte of a document becomes where it is a value, such as each `1` of `[1,1]`, in bytes.
const VALUE_BYTES: usize = 16;
/// What the values of a document take at one time, at most: a list of a million entries that are unread, and
/// one value that is read to the bottom (`gauntlet_results` refuses more), in bytes.
const MAX_VALUES_BYTES: usize = 160 << 20;

impl Work {
    /// Imports a document, where it is not too large for that.
    pub(super) fn document(&self, name: &str) -> Result<(), Stop> {
        let most = self.inner.document_bytes;
        let size = self.entry.with(|session| session.size_bytes).unwrap_or_default();
        if size > most {
            let message = format!(
                "the file is one JSON document of {size} bytes, which are read as a whole up to {most} \
                 bytes; larger files open as JSON Lines, CSV or Parquet"
            );
            return Err(Stop::File(Error::TooLarge(message)));
        }
        let text = usize::try_from(size).unwrap_or(usize::MAX);
        self.reserve(text.saturating_add(text.saturating_mul(VALUE_BYTES).min(MAX_VALUES_BYTES)))?;
        let bytes = std::fs::read(self.entry.file()).map_err(|e| Stop::Later(disk_error(&e)))?;
        let size = bytes.len() as u64;
        let mut document = Document::new(bytes, &self.options).map_err(|e| self.refused(e))?;
        let created_at = self.entry.with(|session| session.created_at);
        let run = self.run()?;

        let mut ids = self.ids(&run);
        let checked = document.read(name, created_at, &self.options, &mut ids, &mut |_| Ok(()));
        let checked = checked.map_err(|e| self.refused(e))?;
        self.look(size)?;

        let facts = Facts {
            spec: checked.spec(),
            notes: checked.notes(),
            warnings: checked.warnings(),
            steps: checked.steps(),
        };
        let run = self.begin(&facts)?;
        let mut ids = self.ids(&run);
        let mut appender = Appender::new(self, run.clone());
        let mut stop = None;
        let mut made = 0_u64;
        let events = checked.events().max(1);
        let read = document.read(name, created_at, &self.options, &mut ids, &mut |event| {
            made += 1;
            let position = (size as f64 * (made as f64 / events as f64)) as u64;
            appender.push(event, position.min(size)).map_err(|why| {
                stop = Some(why);
                ImportError::stopped()
            })
        });
        let read = match (stop, read) {
            (Some(why), _) => return Err(why),
            (None, read) => read.map_err(|e| self.refused(e))?,
        };
        let end = read.end(ids(), created_at).map_err(|e| self.refused(e))?;
        let copies = appender.close(end)?;
        self.finish(&facts, &run, copies)
    }
}
