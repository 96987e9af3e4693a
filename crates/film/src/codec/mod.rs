//! The binary format of facts: how chunks of a film are stored and sent.
//!
//! Columnar: the same field of all facts is stored side by side, since that compresses better. Every number
//! is a LEB128 varint (little-endian, 7 bits a byte) unless stated otherwise; "zigzag" moves the sign into
//! the lowest bit; a *text* is either 0, its length and its bytes, or 1 + its position in the string table.
//!
//! ```text
//! magic "GFLM", version byte, number of facts n
//! strings         count, then (length, UTF-8 bytes) each
//! seq, at, step   n zigzag differences each, from 0; at in microseconds; step as step + 1, 0 for none
//! episode         runs of (text, how often), where the empty text is none
//! kind            runs of (kind code, how often)
//! scored          marks, durations, paths, orders, failures, questions of the m scored facts (see below)
//! the others      one after the other, by kind: texts, numbers, codes
//! ```
//!
//! Scored facts: `marks` are runs of (bits, how often): 1 paused, 2 has a duration, 4 has failures, 8 has a
//! question, 16 lists its order. `durations` is one column of values. `paths`: count, then for each path its
//! text, the *positions* of the facts that scored it, the values, the positions of those that skipped it.
//!
//! *Positions* are 0 for none, 1 for all (never for skipped), 2 and a bitmap of m bits, or 3, a count and the
//! differences of ascending positions. *Values* start with their encoding, the smallest that is exact for all
//! of them: 0 zigzag integers of 16 bits, 1 `f32`, 2 `f64`, the floats little-endian. The scores of a
//! snapshot are in the order of `paths`, unless it lists its order: how many it scored, the index of each
//! path, how many it skipped, the index of each.
//!
//! Decoding trusts no length: each is checked against the bytes left before anything is allocated, and the
//! sum of all texts is limited by [`MAX_TEXT`].

mod enum_codes;
mod input;
mod output;
mod read;
mod write;

use crate::fact::Fact;

const MAGIC: &[u8; 4] = b"GFLM";
const VERSION: u8 = 1;

/// Bits of a scored fact's marks.
const PAUSED: u8 = 1;
const HAS_DURATION: u8 = 2;
const HAS_FAILURES: u8 = 4;
const HAS_QUESTION: u8 = 8;
const HAS_ORDER: u8 = 16;

/// How positions are encoded.
const NOWHERE: u64 = 0;
const EVERYWHERE: u64 = 1;
const BITMAP: u64 = 2;
const LIST: u64 = 3;

/// How values are encoded.
const INTEGERS: u64 = 0;
const SINGLES: u64 = 1;
const DOUBLES: u64 = 2;

/// Bytes of text that one chunk may decode to (512 MiB). Without it a small input could refer to one long
/// text often enough to exhaust the memory.
pub const MAX_TEXT: usize = 1 << 29;

/// Why bytes cannot be decoded: the part of the format, the offset, and what was expected and found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}: {problem}")]
pub struct CodecError {
    /// Which part of the format.
    pub what: &'static str,
    /// Offset in the input, bytes.
    pub at: u64,
    /// What was expected and what was found.
    pub problem: String,
}

/// Encodes facts, in the order given.
pub fn encode(facts: &[Fact]) -> Vec<u8> {
    write::facts(facts)
}

/// Decodes what [`encode`] wrote, exactly.
///
/// # Errors
///
/// A [`CodecError`] for bytes that no chunk consists of. Damaged bytes may also decode to other facts, but
/// those keep every rule of their types.
pub fn decode(bytes: &[u8]) -> Result<Vec<Fact>, CodecError> {
    read::facts(bytes)
}
