//! The decoder's building blocks: numbers, texts, values and positions, each validated.

use std::ops::Range;

use gauntlet_model::Score;

use super::enum_codes::WireEnum;
use super::{
    BITMAP, CodecError, DOUBLES, EVERYWHERE, INTEGERS, LIST, MAGIC, MAX_TEXT, NOWHERE, SINGLES, VERSION,
};

pub(super) type Read<T> = Result<T, CodecError>;

/// The input and the read position in it.
pub(super) struct In<'a> {
    bytes: &'a [u8],
    at: usize,
    texts: Vec<&'a str>,
    text_left: usize,
}

impl<'a> In<'a> {
    /// The input, positioned after its header.
    pub(super) fn new(bytes: &'a [u8]) -> Read<Self> {
        let mut input = Self { bytes, at: 0, texts: Vec::new(), text_left: MAX_TEXT };
        input.head()?;
        Ok(input)
    }

    /// Reads the string table.
    pub(super) fn strings(&mut self) -> Read<()> {
        let texts = self.count("number of strings", 1)?;
        for _ in 0..texts {
            let text = self.inline("string")?;
            self.texts.push(text);
        }
        Ok(())
    }

    pub(super) fn wrong(&self, what: &'static str, problem: String) -> CodecError {
        CodecError { what, at: self.at as u64, problem }
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn take(&mut self, what: &'static str, count: usize) -> Read<&'a [u8]> {
        let end = self.at.checked_add(count);
        match end.and_then(|end| Some((end, self.bytes.get(self.at..end)?))) {
            Some((end, taken)) => {
                self.at = end;
                Ok(taken)
            }
            None => Err(self.wrong(what, format!("needs {count} bytes, {} are left", self.left()))),
        }
    }

    fn head(&mut self) -> Read<()> {
        if self.take("magic", MAGIC.len())? != MAGIC {
            self.at = 0;
            return Err(self.wrong("magic", "these bytes are not a film chunk".to_owned()));
        }
        match self.take("version", 1)? {
            [VERSION] => Ok(()),
            other => Err(self.wrong("version", format!("is {other:?}; this build reads {VERSION}"))),
        }
    }

    pub(super) fn number(&mut self, what: &'static str) -> Read<u64> {
        let mut number = 0u64;
        for shift in (0..).step_by(7) {
            let byte = self.take(what, 1)?.first().copied().unwrap_or_default();
            let bits = u64::from(byte & 0x7f);
            if shift > 63 || bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.wrong(what, "is a number of more than 64 bits".to_owned()))
    }

    pub(super) fn signed(&mut self, what: &'static str) -> Read<i64> {
        let number = self.number(what)?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn small(&mut self, what: &'static str) -> Read<u32> {
        let number = self.number(what)?;
        u32::try_from(number).map_err(|_| self.wrong(what, format!("{number} is more than 32 bits")))
    }

    pub(super) fn flag(&mut self, what: &'static str) -> Read<bool> {
        match self.number(what)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.wrong(what, format!("is {other}; 0 or 1 was expected"))),
        }
    }

    pub(super) fn variant<W: WireEnum>(&mut self, what: &'static str) -> Read<W> {
        let code = self.number(what)?;
        W::of(code).ok_or_else(|| self.wrong(what, format!("{code} is the number of no {}", W::NAME)))
    }

    /// A count of items of at least `size` bytes each, checked against the bytes left.
    pub(super) fn count(&mut self, what: &'static str, size: usize) -> Read<usize> {
        let count = self.number(what)?;
        self.fits(what, usize::try_from(count).unwrap_or(usize::MAX), size)
    }

    pub(super) fn fits(&self, what: &'static str, count: usize, size: usize) -> Read<usize> {
        if count.checked_mul(size).is_some_and(|needed| needed <= self.left()) {
            return Ok(count);
        }
        Err(self.wrong(what, format!("{count} of at least {size} bytes each do not fit in {}", self.left())))
    }

    fn inline(&mut self, what: &'static str) -> Read<&'a str> {
        let length = self.count(what, 1)?;
        let bytes = self.take(what, length)?;
        std::str::from_utf8(bytes).map_err(|e| self.wrong(what, format!("is not UTF-8: {e}")))
    }

    pub(super) fn text(&mut self, what: &'static str) -> Read<&'a str> {
        let id = self.number(what)?;
        let Some(position) = id.checked_sub(1) else { return self.inline(what) };
        let text = usize::try_from(position).ok().and_then(|p| self.texts.get(p).copied());
        text.ok_or_else(|| self.wrong(what, format!("is string {position} of {}", self.texts.len())))
    }

    /// Counts a text against [`MAX_TEXT`], before it is copied.
    pub(super) fn charge(&mut self, what: &'static str, length: usize) -> Read<()> {
        match self.text_left.checked_sub(length + size_of::<String>()) {
            Some(left) => {
                self.text_left = left;
                Ok(())
            }
            None => Err(self.wrong(what, format!("unfolds to more than {MAX_TEXT} bytes of text"))),
        }
    }

    pub(super) fn owned(&mut self, what: &'static str) -> Read<String> {
        let text = self.text(what)?;
        self.charge(what, text.len())?;
        Ok(text.to_owned())
    }

    pub(super) fn optional(&mut self, what: &'static str) -> Read<Option<String>> {
        self.flag(what)?.then(|| self.owned(what)).transpose()
    }

    pub(super) fn score(&mut self, what: &'static str) -> Read<Score> {
        let value = self.double(what)?;
        Score::new(value).map_err(|e| self.wrong(what, e.message))
    }

    pub(super) fn double(&mut self, what: &'static str) -> Read<f64> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(what, 8)?);
        Ok(f64::from_le_bytes(bytes))
    }

    pub(super) fn deltas(&mut self, what: &'static str, count: usize) -> Read<Vec<i64>> {
        let mut numbers = Vec::with_capacity(self.fits(what, count, 1)?);
        let mut before = 0i64;
        for _ in 0..count {
            before = before.wrapping_add(self.signed(what)?);
            numbers.push(before);
        }
        Ok(numbers)
    }

    /// Run-length encoded items, `count` in all; the caller has checked `count` against the bytes left.
    pub(super) fn runs<T: Clone>(
        &mut self,
        what: &'static str,
        count: usize,
        read: impl Fn(&mut Self, &'static str) -> Read<T>,
    ) -> Read<Vec<T>> {
        let mut items = Vec::with_capacity(count);
        while items.len() < count {
            let item = read(self, what)?;
            let length = self.number(what)?;
            let room = count - items.len();
            let length = usize::try_from(length).ok().filter(|l| (1..=room).contains(l));
            let length = length.ok_or_else(|| self.wrong(what, format!("a run must be 1 to {room} long")))?;
            items.resize(items.len() + length, item);
        }
        Ok(items)
    }

    pub(super) fn values(&mut self, what: &'static str, count: usize) -> Read<Vec<f64>> {
        let written = self.number(what)?;
        let size = match written {
            INTEGERS => 1,
            SINGLES => 4,
            DOUBLES => 8,
            other => return Err(self.wrong(what, format!("{other} is not a way to write values"))),
        };
        let mut values = Vec::with_capacity(self.fits(what, count, size)?);
        for _ in 0..count {
            values.push(match written {
                INTEGERS => {
                    let value = self.signed(what)?;
                    let value = i16::try_from(value)
                        .map_err(|_| self.wrong(what, format!("{value} exceeds 16 bits")))?;
                    f64::from(value)
                }
                SINGLES => {
                    let mut bytes = [0; 4];
                    bytes.copy_from_slice(self.take(what, 4)?);
                    f64::from(f32::from_le_bytes(bytes))
                }
                _ => self.double(what)?,
            });
        }
        Ok(values)
    }

    /// Ascending positions below `all`.
    pub(super) fn positions(
        &mut self,
        what: &'static str,
        all: usize,
        may_be_everywhere: bool,
    ) -> Read<Vec<u32>> {
        let every: Range<u32> = 0..u32::try_from(all).unwrap_or(u32::MAX);
        match self.number(what)? {
            NOWHERE => Ok(Vec::new()),
            EVERYWHERE if may_be_everywhere => {
                self.fits(what, all, 1)?;
                Ok(every.collect())
            }
            BITMAP => {
                let bitmap = self.take(what, all.div_ceil(8))?;
                let bit = |p: &u32| bitmap.get(*p as usize / 8).is_some_and(|byte| byte >> (p % 8) & 1 == 1);
                Ok(every.filter(bit).collect())
            }
            LIST => {
                let count = self.count(what, 1)?;
                let list = self.deltas(what, count)?;
                let is_ascending = list.windows(2).all(|pair| pair[0] < pair[1]);
                let places: Option<Vec<u32>> =
                    list.iter().map(|p| u32::try_from(*p).ok().filter(|p| every.contains(p))).collect();
                let places = places.filter(|_| is_ascending);
                places.ok_or_else(|| self.wrong(what, format!("are not ascending positions below {all}")))
            }
            other => Err(self.wrong(what, format!("{other} is not a way to say where"))),
        }
    }
}
