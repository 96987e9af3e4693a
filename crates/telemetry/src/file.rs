//! Events in a file, one JSON object a line: what `gauntlet import` reads.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Error, ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use gauntlet_model::Event;

use crate::json_lines::json_lines;
use crate::sink::{DeliveryError, Sink};

/// Appends events to a file. A batch that was written in part is truncated before it is retried. The file is
/// locked for one sink; the operating system releases the lock however the process ends.
pub struct FileSink {
    file: File,
    /// Length up to the end of the last complete batch, bytes.
    length: u64,
}

impl FileSink {
    /// Opens the file, creating it where there is none, to append after what it holds. Refused while another
    /// sink writes it.
    pub fn open(path: impl AsRef<Path>) -> std::io::Result<Self> {
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::new(ErrorKind::ResourceBusy, "another run is written to it"),
            TryLockError::Error(error) => error,
        })?;
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Self { file, length })
    }

    fn write(&mut self, text: &[u8]) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(text)?;
        self.file.flush()?;
        self.length += text.len() as u64;
        Ok(())
    }
}

impl Sink for FileSink {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let text = json_lines(batch)?;
        self.write(&text).map_err(|error| {
            // A cut-off line left behind is overwritten by the next try; the cut itself may fail like the
            // write.
            let _ = self.file.set_len(self.length);
            DeliveryError::not_now(error)
        })
    }
}
