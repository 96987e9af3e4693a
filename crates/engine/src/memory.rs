//! One budget of memory for everything that is being decoded, shared by all requests.
//!
//! A request takes its share as its body arrives, counted after decompression, and then what decoding will
//! make of it, estimated from the text itself: `[1,1,1]` becomes many times its size. The share is given back
//! when the last part of the body is dropped. A request that finds nothing left is refused and asked to
//! retry, so that many bodies at once cost time and not memory.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in units of this many.
const UNIT: usize = 1024;
/// What one value of JSON holds in memory beside its text, in bytes, about.
const VALUE_BYTES: usize = 64;
/// What one message of protobuf holds in memory beside its text, in bytes, about.
const MESSAGE_BYTES: usize = 320;
/// How deep messages of protobuf are looked into.
const MESSAGE_DEPTH: u32 = 8;

/// The budget. Cloning it is cheap; all clones are one budget.
#[derive(Debug, Clone)]
pub struct Memory {
    room: Arc<Semaphore>,
    units: u32,
}

impl Memory {
    /// A budget of that many bytes, at least one unit.
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize)) as u32;
        Self { room: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// Bytes that are taken now, in whole KiB.
    pub fn taken(&self) -> usize {
        (self.units as usize).saturating_sub(self.room.available_permits()) * UNIT
    }

    /// The share of one request, empty so far.
    pub fn share(&self) -> Share {
        Share { memory: self.clone(), permit: None }
    }
}

/// Why a share does not grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// It is more than the whole budget, of this many bytes.
    #[error("it would take more than {0} bytes of memory")]
    TooMuch(usize),
    /// Others hold what it needs.
    #[error("others are being read and memory is short")]
    Busy,
}

/// What one request holds of the budget; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    memory: Memory,
    permit: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Grows to that many bytes; never shrinks.
    ///
    /// # Errors
    ///
    /// [`BudgetError`], with what it held unchanged.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), BudgetError> {
        let wanted = bytes.div_ceil(UNIT);
        if wanted > self.memory.units as usize {
            return Err(BudgetError::TooMuch(self.memory.units as usize * UNIT));
        }
        let missing =
            wanted.saturating_sub(self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.memory.room).try_acquire_many_owned(missing);
        let more = more.map_err(|_| BudgetError::Busy)?;
        match &mut self.permit {
            Some(held) => held.merge(more),
            None => self.permit = Some(more),
        }
        Ok(())
    }

    /// The bytes, which hold the share from now on.
    pub fn hold(self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Held { bytes, _share: self })
    }
}

struct Held {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// About how many values a JSON text holds.
pub fn json_values(text: &[u8]) -> usize {
    text.iter().filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{')).count()
}

/// What decoding JSON takes, in bytes: the text, its copies in strings and rows, and its values.
pub fn decoded_json_bytes(text_bytes: usize, values: usize) -> usize {
    text_bytes * 3 + values * VALUE_BYTES
}

/// What decoding protobuf takes, in bytes: the text, its copies in strings and rows, and its messages.
pub fn decoded_protobuf_bytes(message: &[u8]) -> usize {
    message.len() * 3 + nested_messages(message, MESSAGE_DEPTH).unwrap_or(0) * MESSAGE_BYTES
}

/// How many fields with a length a message has, those of the messages in it included; `None` where it is no
/// message. Without the schema a text that can be read as a message counts as one: an estimate that is rather
/// too high.
fn nested_messages(mut bytes: &[u8], depth: u32) -> Option<usize> {
    let mut found = 0;
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        if tag >> 3 == 0 {
            return None;
        }
        match tag & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => drop(bytes.split_off(..8)?),
            5 => drop(bytes.split_off(..4)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let inner = bytes.split_off(..length)?;
                found += 1;
                if depth > 0 {
                    found += nested_messages(inner, depth - 1).unwrap_or(0);
                }
            }
            _ => return None,
        }
    }
    Some(found)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_grow_until_nothing_is_left_and_come_back() {
        let memory = Memory::new(10 * UNIT);
        let mut first = memory.share();
        first.grow_to(4 * UNIT).unwrap();
        first.grow_to(3 * UNIT).unwrap();
        let mut second = memory.share();
        second.grow_to(6 * UNIT).unwrap();
        assert!(first.grow_to(5 * UNIT).is_err());
        let bytes = second.hold(vec![1, 2, 3]);
        let part = bytes.slice(1..);
        drop(bytes);
        assert!(first.grow_to(5 * UNIT).is_err(), "a part of the body is still there");
        assert_eq!(part[..], [2, 3]);
        drop(part);
        assert!(first.grow_to(11 * UNIT).is_err(), "more than there is");
        first.grow_to(10 * UNIT).unwrap();
        assert!(memory.share().grow_to(1).is_err());
        drop(first);
        memory.share().grow_to(10 * UNIT).unwrap();
    }

    #[test]
    fn what_becomes_many_values_is_counted_as_such() {
        let of = |text: &str| decoded_json_bytes(text.len(), json_values(text.as_bytes()));
        assert!(of(&format!("[{}1]", "1,".repeat(1000))) > 60 * 1000);
        assert!(of(&format!("[\"{}\"]", "a".repeat(2000))) < 7000);
        // 500 empty spans of two bytes in one scope of one resource.
        let spans = [0x12, 0].repeat(500);
        let scope = [&[0x12, 0xe8, 0x07][..], &spans].concat();
        let all = [&[0x0a, 0xeb, 0x07][..], &scope].concat();
        assert_eq!(nested_messages(&all, MESSAGE_DEPTH), Some(502));
        assert!(decoded_protobuf_bytes(&all) > 500 * MESSAGE_BYTES);
        assert_eq!(nested_messages(&[0x12, 0x05, 1], 3), None);
        assert_eq!(nested_messages(&[0xff; 20], 3), None);
    }
}
