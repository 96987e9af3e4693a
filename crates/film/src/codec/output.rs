//! The encoder's building blocks: numbers, texts, values and positions.

use std::collections::BTreeMap;

use super::enum_codes::WireEnum;
use super::{BITMAP, DOUBLES, EVERYWHERE, INTEGERS, LIST, MAGIC, NOWHERE, SINGLES, VERSION};

/// Texts of more bytes than this are written where they are used; shorter ones once, in the string table.
const MAX_TABLE_TEXT_BYTES: usize = 256;

/// The bytes so far, and the texts they refer to.
#[derive(Default)]
pub(super) struct Out<'a> {
    pub(super) bytes: Vec<u8>,
    texts: Vec<&'a str>,
    ids: BTreeMap<&'a str, u64>,
}

impl<'a> Out<'a> {
    /// The complete chunk: header, string table, and the bytes that refer to it.
    pub(super) fn finish(self, facts: usize) -> Vec<u8> {
        let mut out = Out { bytes: [MAGIC.as_slice(), &[VERSION]].concat(), ..Out::default() };
        out.number(facts as u64);
        out.number(self.texts.len() as u64);
        self.texts.iter().for_each(|text| out.bytes_of(text));
        out.bytes.extend(self.bytes);
        out.bytes
    }

    /// A number as LEB128: seven bits a byte, the lowest first; the highest bit says that another byte
    /// follows.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// A signed number in the zigzag order 0, -1, 1, -2, ..., so that small ones of either sign are short.
    pub(super) fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63) as u64);
    }

    fn bytes_of(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A text: its number in the string table, counted from 1, or 0 and the text itself where it is long.
    pub(super) fn text(&mut self, text: &'a str) {
        if text.len() > MAX_TABLE_TEXT_BYTES {
            self.number(0);
            return self.bytes_of(text);
        }
        let next = self.texts.len() as u64 + 1;
        let id = *self.ids.entry(text).or_insert(next);
        if id == next {
            self.texts.push(text);
        }
        self.number(id);
    }

    pub(super) fn optional(&mut self, text: &'a Option<String>) {
        self.number(text.is_some().into());
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub(super) fn variant(&mut self, variant: impl WireEnum) {
        self.number(variant.code().into());
    }

    /// Each number as its difference to the one before. Differences wrap around, and so does reading them.
    pub(super) fn deltas(&mut self, numbers: impl Iterator<Item = i64>) {
        let mut before = 0i64;
        for number in numbers {
            self.signed(number.wrapping_sub(before));
            before = number;
        }
    }

    /// Run-length coding: each item that differs from the one before, and how often it follows itself.
    pub(super) fn runs<T: PartialEq + Copy>(
        &mut self,
        items: impl Iterator<Item = T>,
        write: impl Fn(&mut Self, T),
    ) {
        let mut run: Option<(T, u64)> = None;
        // The `None` past the last item writes the last run.
        for item in items.map(Some).chain([None]) {
            match (&mut run, item) {
                (Some((same, count)), Some(item)) if *same == item => *count += 1,
                (_, next) => {
                    if let Some((item, count)) = run.take() {
                        write(self, item);
                        self.number(count);
                    }
                    run = next.map(|item| (item, 1));
                }
            }
        }
    }

    /// Values in the narrowest of three forms that holds every one of them to the last bit: integers of 16
    /// bits, single or double precision. Bits are compared, so -0.0 is not the integer 0.
    pub(super) fn values(&mut self, values: &[f64]) {
        let same = |v: &f64, as_read: f64| as_read.to_bits() == v.to_bits();
        if values.iter().all(|v| same(v, f64::from(*v as i16))) {
            self.number(INTEGERS);
            values.iter().for_each(|v| self.signed(*v as i64));
        } else if values.iter().all(|v| same(v, f64::from(*v as f32))) {
            self.number(SINGLES);
            values.iter().for_each(|v| self.bytes.extend((*v as f32).to_le_bytes()));
        } else {
            self.number(DOUBLES);
            values.iter().for_each(|v| self.bytes.extend(v.to_le_bytes()));
        }
    }

    /// Positions below `all`, ascending, in the shortest of four forms: nowhere, everywhere, a list, a bitmap
    /// with the lowest position in the lowest bit of the first byte. `may_be_everywhere` only where more
    /// bytes follow for each position: "everywhere" takes one byte whatever `all` is, so the reader could not
    /// check the count against the bytes left.
    pub(super) fn positions(&mut self, positions: &[u32], all: usize, may_be_everywhere: bool) {
        if positions.is_empty() {
            return self.number(NOWHERE);
        }
        if may_be_everywhere && positions.len() == all {
            return self.number(EVERYWHERE);
        }
        let mut list = Out::default();
        list.number(positions.len() as u64);
        list.deltas(positions.iter().map(|p| i64::from(*p)));
        let mut bitmap = vec![0u8; all.div_ceil(8)];
        if list.bytes.len() < bitmap.len() {
            self.number(LIST);
            return self.bytes.extend(list.bytes);
        }
        for position in positions {
            if let Some(byte) = bitmap.get_mut(*position as usize / 8) {
                *byte |= 1 << (position % 8);
            }
        }
        self.number(BITMAP);
        self.bytes.extend(bitmap);
    }
}
