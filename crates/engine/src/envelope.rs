//! What is stored of a film, in an envelope that tells damaged bytes from sound ones: a byte for the format,
//! four bytes of CRC-32 over that byte and the content, the content.

/// The format of what is in envelopes: raised with what chunks and outlines hold. What another version has
/// written is rebuilt.
const FORMAT: u8 = 1;
/// Bytes before the content.
const HEADER_BYTES: usize = 5;

/// Why stored bytes cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// Another version wrote them.
    #[error("it has another format")]
    OtherFormat,
    /// They are not what was written.
    #[error("its checksum does not match")]
    Damaged,
}

fn checksum(content: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[FORMAT]);
    hasher.update(content);
    hasher.finalize().to_le_bytes()
}

/// The content as it is stored.
pub(crate) fn close(content: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(HEADER_BYTES + content.len());
    stored.push(FORMAT);
    stored.extend(checksum(content));
    stored.extend(content);
    stored
}

/// The content of stored bytes.
pub(crate) fn open(mut stored: Vec<u8>) -> Result<Vec<u8>, Unusable> {
    match stored.split_at_checked(HEADER_BYTES) {
        Some(([FORMAT, sum @ ..], content)) if *sum == checksum(content) => {
            stored.drain(..HEADER_BYTES);
            Ok(stored)
        }
        Some(([FORMAT, ..], _)) => Err(Unusable::Damaged),
        _ => Err(Unusable::OtherFormat),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_as_it_was_closed_and_no_flipped_bit_passes() {
        let stored = close(b"a packed chunk");
        assert_eq!(open(stored.clone()), Ok(b"a packed chunk".to_vec()));
        assert_eq!(open(close(b"")), Ok(Vec::new()));
        for bit in 0..stored.len() * 8 {
            let mut flipped = stored.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn what_has_no_envelope_is_of_another_format() {
        assert_eq!(open(zstd::encode_all(&b"facts"[..], 3).unwrap()), Err(Unusable::OtherFormat));
        assert_eq!(open(vec![FORMAT; 4]), Err(Unusable::OtherFormat));
    }
}
