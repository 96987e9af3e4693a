//! Facts as bytes: how a film travels and is kept in bulk.
//!
//! Columnar: what facts have in common stands together, so the compressor of the transport finds it. Everything is
//! a little-endian base-128 number ("varint", 7 bits a byte, low first) unless said otherwise; "zigzag" folds the
//! sign into the lowest bit; a *text* is 0, length, bytes, or 1 + its position in the string table.
//!
//! ```text
//! magic "GFLM", version byte, number of facts n
//! strings      count, then (length, UTF-8 bytes) each
//! seq, at, step   n zigzag differences each, from 0; at in microseconds; step as step + 1, 0 for none
//! episode      runs of (text, how often), where the empty text is none
//! kind         runs of (kind code, how often)
//! scored       marks, durations, paths, orders, failures and questions of the m facts that scored (see below)
//! the others   one after the other, by kind: texts, numbers, codes
//! ```
//!
//! Scored: `marks` are runs of (bits, how often): 1 paused, 2 has a duration, 4 has failures, 8 has a question, 16 has
//! an own order. `durations` is one column of values. `paths`: count, then per path its text, where it was scored, the
//! values, where it was skipped. *Where* is 0 nowhere, 1 everywhere (never for skipped), 2 a bitmap of m bits, 3 a
//! count and differences of ascending positions. *Values* begin with how they are written: 0 zigzag integers of 16
//! bits, 1 `f32`, 2 `f64`, the smallest that is exact for all of them, then little-endian. A snapshot's order is that
//! of the paths, unless it has an own order: how many scored, their path positions, how many skipped, theirs.
//!
//! Reading never trusts a length: each is held against the bytes left before anything is allocated, and all text
//! handed out is held against [`MOST_TEXT`].

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

/// Where a path is present.
const NOWHERE: u64 = 0;
const EVERYWHERE: u64 = 1;
const BITMAP: u64 = 2;
const LIST: u64 = 3;

/// How values are written.
const INTEGERS: u64 = 0;
const SINGLES: u64 = 1;
const DOUBLES: u64 = 2;

/// The most text one chunk may unfold to, in bytes (512 MiB): references to one text are cheap in the input.
pub const MOST_TEXT: usize = 1 << 29;

/// Why bytes are no facts: which part, where, and what was expected and found.
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

/// Writes facts, in the order given.
pub fn encode(facts: &[Fact]) -> Vec<u8> {
    write::facts(facts)
}

/// Reads what [`encode`] wrote, exactly. Any other bytes give an error, or facts that break no rule of the types.
pub fn decode(bytes: &[u8]) -> Result<Vec<Fact>, CodecError> {
    read::facts(bytes)
}
