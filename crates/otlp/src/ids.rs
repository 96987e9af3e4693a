//! Ids made of what they identify, so that an exporter's retry makes the same events.

use gauntlet_model::{EventId, fnv1a_128};

/// A part after its length.
fn with_length(part: &[u8]) -> impl Iterator<Item = u8> {
    (part.len() as u64).to_be_bytes().into_iter().chain(part.iter().copied())
}

/// 128 bits from parts, each after its length.
fn digest(parts: &[&[u8]]) -> u128 {
    fnv1a_128(parts.iter().copied().flat_map(with_length))
}

/// The id of the event that these parts name: a UUIDv8 (RFC 9562, section 5.8).
pub(crate) fn event_id(parts: &[&[u8]]) -> EventId {
    let bits = digest(parts) & !(0xf << 76) & !(0b11 << 62);
    EventId::from_u128(bits | 0x8 << 76 | 0b10 << 62)
}

/// A span id from parts, for steps that were not spans.
pub(crate) fn span_id(parts: &[&[u8]]) -> [u8; 8] {
    let bits = digest(parts);
    ((bits >> 64) as u64 ^ bits as u64).max(1).to_be_bytes()
}

/// A trace id from parts, for episodes that were not traces.
pub(crate) fn trace_id(parts: &[&[u8]]) -> [u8; 16] {
    digest(parts).max(1).to_be_bytes()
}

/// The bytes of hexadecimal digits of either case; `None` where it is none.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok()
}

/// Bytes of a span or trace id as text; `None` where they are not `size` bytes or all zero.
pub(crate) fn named(bytes: &[u8], size: usize) -> Option<String> {
    (bytes.len() == size && bytes.iter().any(|b| *b != 0)).then(|| hex::encode(bytes))
}
