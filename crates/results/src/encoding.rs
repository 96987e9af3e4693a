//! Texts that are not UTF-8: UTF-16 is known by its byte order mark, and cells of a table that are neither
//! are read as Windows-1252, which is what spreadsheets save by default. The second is a guess, so the
//! import's notes report it.

use std::io::Read;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

/// The encoding that a file's byte order mark names, where it is another one than UTF-8.
pub(crate) fn marked(head: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_bom(head).map(|(encoding, _)| encoding).filter(|encoding| *encoding != UTF_8)
}

/// A reader of UTF-8 over a reader of UTF-16 with its mark. Every other text passes unchanged.
pub(crate) fn transcoded<R: Read>(text: R) -> DecodeReaderBytes<R, Vec<u8>> {
    DecodeReaderBytesBuilder::new().strip_bom(true).utf8_passthru(true).build(text)
}

/// The note on a file in such an encoding.
pub(crate) fn note(encoding: &'static Encoding) -> String {
    format!("the file is {}, as its byte order mark says", encoding.name())
}

/// The text of bytes that are not UTF-8, read as Windows-1252: every byte is a character there.
pub(crate) fn guessed(bytes: &[u8]) -> String {
    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}
