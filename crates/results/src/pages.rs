//! Checks the page headers of a Parquet file before any page is decompressed: a few kilobytes may become
//! gigabytes. The reader decompresses one page of each column at a time.

use std::io::{self, BufReader, Read};

use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::ChunkReader;

use crate::error::ImportError;
use crate::options::Options;

/// The most bytes of one page of every column, decompressed.
const MAX_PAGES_BYTES: u64 = 256 << 20;
/// The most values of a list column per row, on average: each takes some tens of bytes in memory.
const MAX_VALUES_PER_ROW: i64 = 1 << 16;
/// The longest header of a page, with its statistics, bytes.
const MAX_HEADER_BYTES: u64 = 16 << 20;
/// Longest description of a file, at its end.
const MAX_FOOTER_BYTES: u64 = 64 << 20;
/// About how many times its size a description takes once it is read.
const FOOTER_GROWTH: u64 = 4;
/// The deepest structure of a header.
const MAX_DEPTH: u32 = 16;

/// Refuses a file with offsets outside of it, or with pages that are too large.
pub(crate) fn check<S: ChunkReader>(
    source: &S,
    metadata: &ParquetMetaData,
    options: &Options,
) -> Result<(), ImportError> {
    for group in metadata.row_groups() {
        let mut at_once = 0_u64;
        if group.num_rows() < 0 {
            return Err(damaged("a group of rows has less than none"));
        }
        for column in group.columns() {
            let is_list = column.column_descr().max_rep_level() > 0;
            if is_list && column.num_values() / MAX_VALUES_PER_ROW > group.num_rows() {
                return Err(damaged("a column of lists has too many values in a row"));
            }
            at_once = at_once.saturating_add(largest(source, column, options)?);
        }
        if at_once > MAX_PAGES_BYTES {
            let (needed, most) = (at_once >> 20, MAX_PAGES_BYTES >> 20);
            let message = format!("needs {needed} MiB for one page of each column; {most} MiB are allowed");
            return Err(ImportError::new(
                "",
                message,
                "smaller pages, such as pyarrow's `data_page_size` makes",
            ));
        }
        // The pages, and the values of a row.
        options.reserve(usize::try_from(at_once).unwrap_or(usize::MAX).saturating_mul(2))?;
    }
    Ok(())
}

/// Refuses a file whose description of itself is too large to be held. A file ends with that description, its
/// length in four bytes, and `PAR1`.
pub(crate) fn check_footer<S: ChunkReader>(source: &S, options: &Options) -> Result<(), ImportError> {
    let Some(at) = source.len().checked_sub(8) else { return Ok(()) };
    let mut length = [0; 4];
    let read = source.get_read(at).map_err(|e| damaged(&e.to_string()))?.read_exact(&mut length);
    read.map_err(|e| damaged(&e.to_string()))?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > MAX_FOOTER_BYTES && length <= at {
        let message = format!("describes itself in {length} bytes; {MAX_FOOTER_BYTES} are allowed");
        return Err(ImportError::new("", message, "fewer columns or groups of rows"));
    }
    options.reserve(usize::try_from(length.min(at) * FOOTER_GROWTH).unwrap_or(usize::MAX))
}

/// The size of a column's largest data page and of its dictionary, decompressed.
fn largest<S: ChunkReader>(
    source: &S,
    column: &ColumnChunkMetaData,
    options: &Options,
) -> Result<u64, ImportError> {
    let outside = || damaged("a column lies outside of the file");
    let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
    let start = u64::try_from(start.min(column.data_page_offset())).map_err(|_| outside())?;
    let length = u64::try_from(column.compressed_size()).map_err(|_| outside())?;
    let end = start.checked_add(length).filter(|end| *end <= source.len()).ok_or_else(outside)?;
    let (mut at, mut dictionary, mut data) = (start, 0_u64, 0_u64);
    let mut values = 0_i64;
    while at < end && values < column.num_values() {
        options.check_cancelled()?;
        let reader = source.get_read(at).map_err(|e| damaged(&e.to_string()))?;
        let mut header = Header { bytes: BufReader::new(reader.take(MAX_HEADER_BYTES)), read: 0 };
        let page = header.page().map_err(|e| damaged(&format!("the header of a page: {e}")))?;
        match page.is_dictionary {
            true => dictionary = dictionary.max(page.unpacked),
            false => data = data.max(page.unpacked),
        }
        values = values.saturating_add(page.values);
        at = at.saturating_add(header.read).saturating_add(page.packed);
        if at > end {
            return Err(damaged("a page goes on after its column"));
        }
    }
    Ok(dictionary.saturating_add(data))
}

pub(crate) fn damaged(what: &str) -> ImportError {
    ImportError::new("", format!("is not a Parquet table that can be read: {what}"), "a Parquet table")
        .at_end()
}

/// The header of a page.
#[derive(Debug, Default, PartialEq)]
struct Page {
    is_dictionary: bool,
    unpacked: u64,
    packed: u64,
    /// Values of a data page; 0 for a dictionary.
    values: i64,
}

/// Thrift's compact protocol, as far as page headers need it.
struct Header<R> {
    bytes: R,
    read: u64,
}

/// The types of the compact protocol.
mod kind {
    pub(super) const STOP: u8 = 0;
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I32: u8 = 5;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const MAP: u8 = 11;
    pub(super) const STRUCT: u8 = 12;
}

impl<R: Read> Header<R> {
    /// `PageHeader`: 1 the type (2 is a dictionary), 2 and 3 its sizes, 5 and 8 the headers of data pages,
    /// whose first field is the number of values.
    fn page(&mut self) -> io::Result<Page> {
        let mut page = Page::default();
        let mut id = 0;
        while let Some(kind) = self.field(&mut id)? {
            match (id, kind) {
                (1, kind::I32) => page.is_dictionary = self.int()? == 2,
                (2, kind::I32) => page.unpacked = self.size()?,
                (3, kind::I32) => page.packed = self.size()?,
                (5 | 8, kind::STRUCT) => page.values = self.values()?,
                (_, kind) => self.skip(kind, MAX_DEPTH)?,
            }
        }
        Ok(page)
    }

    fn values(&mut self) -> io::Result<i64> {
        let (mut id, mut values) = (0, 0);
        while let Some(kind) = self.field(&mut id)? {
            match (id, kind) {
                (1, kind::I32) => values = self.int()?,
                (_, kind) => self.skip(kind, MAX_DEPTH)?,
            }
        }
        match values {
            negative if negative < 0 => Err(io::Error::other("less than no values")),
            values => Ok(values),
        }
    }

    /// The type of the next field, and its id; `None` at the end of the struct.
    fn field(&mut self, id: &mut i64) -> io::Result<Option<u8>> {
        let byte = self.byte()?;
        let kind = byte & 0xf;
        if kind == kind::STOP {
            return Ok(None);
        }
        *id = match byte >> 4 {
            0 => self.int()?,
            delta => id.saturating_add(i64::from(delta)),
        };
        Ok(Some(kind))
    }

    fn skip(&mut self, kind: u8, depth: u32) -> io::Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| io::Error::other("nested too deeply"))?;
        match kind {
            kind::TRUE | kind::FALSE => {}
            kind::BYTE => _ = self.byte()?,
            kind::I16 | kind::I32 | kind::I64 => _ = self.varint()?,
            kind::DOUBLE => self.jump(8)?,
            kind::BINARY => {
                let length = self.varint()?;
                self.jump(length)?;
            }
            kind::LIST | kind::SET => {
                let byte = self.byte()?;
                let count = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                for _ in 0..count {
                    self.skip_element(byte & 0xf, depth)?;
                }
            }
            kind::MAP => {
                let count = self.varint()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                for _ in 0..count {
                    self.skip_element(kinds >> 4, depth)?;
                    self.skip_element(kinds & 0xf, depth)?;
                }
            }
            kind::STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth)?;
                }
            }
            other => return Err(io::Error::other(format!("type {other} is unknown"))),
        }
        Ok(())
    }

    /// An element of a list: its truth values take a byte, unlike a field's.
    fn skip_element(&mut self, kind: u8, depth: u32) -> io::Result<()> {
        match kind {
            kind::TRUE | kind::FALSE => self.byte().map(drop),
            kind => self.skip(kind, depth),
        }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.bytes.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }

    fn jump(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.bytes).take(bytes), &mut io::sink())?;
        self.read += skipped;
        if skipped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(io::Error::other("a number is too long"))
    }

    fn int(&mut self) -> io::Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn size(&mut self) -> io::Result<u64> {
        u64::try_from(self.int()?).map_err(|_| io::Error::other("a size below 0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_header_has_its_sizes() {
        // Type 0, 1,000 bytes unpacked, 20 packed, then a data page of 50 values, plain, with statistics to
        // skip.
        let bytes = [
            0x15, 0, 0x15, 0xd0, 0x0f, 0x15, 0x28, 0x2c, 0x15, 100, 0x15, 0, 0x15, 6, 0x15, 6, 0x1c, 0x18, 2,
            7, 7, 0, 0, 0,
        ];
        let mut header = Header { bytes: &bytes[..], read: 0 };
        let page = Page { is_dictionary: false, unpacked: 1000, packed: 20, values: 50 };
        assert_eq!(header.page().unwrap(), page);
        assert_eq!(header.read, bytes.len() as u64);
        for cut in 0..bytes.len() {
            assert!(Header { bytes: &bytes[..cut], read: 0 }.page().is_err(), "{cut}");
        }
        let endless = [0x1c; 64];
        assert!(Header { bytes: &endless[..], read: 0 }.page().is_err());
    }
}
