//! The film file: the log of a run as JSON Lines, compressed with zstd. A first frame that other programs
//! skip marks the format: `zstd -dc run.film` shows the lines.

use std::io::{self, BufRead, Read, Write};

use gauntlet_model::{Record, RunSummary};

use crate::error::ImportError;
use crate::film_head::{Head, VERSION};
use crate::jsonl::write_jsonl;
use crate::rows::unreadable;

/// A skippable frame (RFC 8878, section 3.1.2) with our name in it.
const MARK: &[u8] = b"\x50\x2a\x4d\x18\x0d\x00\x00\x00gauntlet film";
/// The first bytes of a zstd frame.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Compresses about tenfold at the speed of a disk.
const LEVEL: i32 = 6;
/// Whether the bytes are the head of a film file or of another zstd stream.
pub(crate) fn is_packed(head: &[u8]) -> bool {
    head.starts_with(MARK) || head.starts_with(&ZSTD)
}

/// The lines of a packed file.
pub(crate) fn unpack<R: BufRead>(packed: R) -> Result<impl Read, ImportError> {
    zstd::stream::read::Decoder::with_buffer(packed).map_err(unreadable)
}

/// Writes every event of a run and its notes, compressed. [`crate::import`] reads it.
pub fn write_film<W: Write>(
    mut out: W,
    run: &RunSummary,
    records: impl IntoIterator<Item = io::Result<Record>>,
) -> io::Result<()> {
    out.write_all(MARK)?;
    let mut packed = zstd::stream::write::Encoder::new(out, LEVEL)?;
    packed.include_checksum(true)?;
    serde_json::to_writer(&mut packed, &Head { gauntlet_film: VERSION, notes: run.notes.clone() })?;
    packed.write_all(b"\n")?;
    write_jsonl(&mut packed, run, records)?;
    packed.finish()?.flush()
}
