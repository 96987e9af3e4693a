//! Ids made of what they identify, so that an exporter's retry makes the same events.

use gauntlet_model::EventId;

/// 128 bits from parts (FNV-1a, each part behind its length).
fn digest(parts: &[&[u8]]) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let mix = |h: u128, byte: u8| (h ^ u128::from(byte)).wrapping_mul(PRIME);
    parts.iter().fold(START, |h, part| {
        let h = (part.len() as u64).to_be_bytes().into_iter().fold(h, mix);
        part.iter().copied().fold(h, mix)
    })
}

/// The id of the event that these parts name: a UUIDv8 (RFC 9562, section 5.8).
pub(crate) fn event_id(parts: &[&[u8]]) -> EventId {
    let bits = digest(parts) & !(0xf << 76) & !(0b11 << 62);
    EventId::from_u128(bits | 0x8 << 76 | 0b10 << 62)
}

/// A span id from parts, for steps that were no spans.
pub(crate) fn span_id(parts: &[&[u8]]) -> [u8; 8] {
    let bits = digest(parts);
    ((bits >> 64) as u64 ^ bits as u64).max(1).to_be_bytes()
}

/// A trace id from parts, for episodes that were no traces.
pub(crate) fn trace_id(parts: &[&[u8]]) -> [u8; 16] {
    digest(parts).max(1).to_be_bytes()
}

/// Lowercase hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// The bytes of hexadecimal digits of either case; `None` where it is none.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|d| d.len() % 2 == 0)?;
    digits.chunks_exact(2).map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect()
}

/// Bytes of a span or trace id as text; `None` where they are not `size` bytes or all zero.
pub(crate) fn named(bytes: &[u8], size: usize) -> Option<String> {
    (bytes.len() == size && bytes.iter().any(|b| *b != 0)).then(|| hex(bytes))
}
