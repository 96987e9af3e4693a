//! The columns of a film: sparse numbers by row, and bits by rank.

/// Rows in a block. Offsets within one fit in a byte.
const BLOCK_ROWS: usize = 256;
/// A block with more numbers than this is stored as a plain array.
const MAX_SPARSE: usize = 24;

/// A sparse column of finite numbers. Memory follows the numbers present: a path that occurs once costs a few
/// words, a path that always occurs costs 4 bytes a row where its numbers are exact in `f32`, else 8.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    /// By rising index; blocks without numbers are absent.
    blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
struct Block {
    index: u32,
    cells: Cells,
}

/// Arrays have [`BLOCK_ROWS`] entries, NaN where there is no number.
#[derive(Debug, Clone)]
enum Cells {
    Few(Vec<(u8, f64)>),
    Narrow(Vec<f32>),
    Wide(Vec<f64>),
}

fn is_narrow(value: f64) -> bool {
    f64::from(value as f32).to_bits() == value.to_bits()
}

fn split(row: u32) -> (u32, u8) {
    (row >> 8, (row & 0xff) as u8)
}

impl Column {
    /// Whether no row ever had a number.
    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The number of a row.
    pub(crate) fn get(&self, row: u32) -> Option<f64> {
        let (index, offset) = split(row);
        let place = match self.blocks.get(index as usize) {
            Some(block) if block.index == index => index as usize,
            _ => self.blocks.binary_search_by_key(&index, |b| b.index).ok()?,
        };
        self.blocks.get(place)?.cells.get(offset)
    }

    /// Sets the number of a row; ignored where it is not finite.
    pub(crate) fn set(&mut self, row: u32, value: f64) {
        if !value.is_finite() {
            return;
        }
        let (index, offset) = split(row);
        let place = match self.blocks.last() {
            Some(last) if last.index == index => Ok(self.blocks.len() - 1),
            Some(last) if last.index > index => self.blocks.binary_search_by_key(&index, |b| b.index),
            _ => Err(self.blocks.len()),
        };
        let place = place.unwrap_or_else(|place| {
            self.blocks.insert(place, Block { index, cells: Cells::Few(Vec::new()) });
            place
        });
        if let Some(block) = self.blocks.get_mut(place) {
            block.cells.set(offset, value);
        }
    }

    /// Removes the number of a row.
    pub(crate) fn clear(&mut self, row: u32) {
        let (index, offset) = split(row);
        if let Ok(place) = self.blocks.binary_search_by_key(&index, |b| b.index)
            && let Some(block) = self.blocks.get_mut(place)
        {
            block.cells.clear(offset);
        }
    }
}

impl Cells {
    fn clear(&mut self, offset: u8) {
        let i = usize::from(offset);
        match self {
            Cells::Few(cells) => cells.retain(|(o, _)| *o != offset),
            Cells::Narrow(cells) => cells.get_mut(i).into_iter().for_each(|cell| *cell = f32::NAN),
            Cells::Wide(cells) => cells.get_mut(i).into_iter().for_each(|cell| *cell = f64::NAN),
        }
    }

    fn get(&self, offset: u8) -> Option<f64> {
        let i = usize::from(offset);
        let value = match self {
            Cells::Few(cells) => return cells.iter().find(|(o, _)| *o == offset).map(|(_, v)| *v),
            Cells::Narrow(cells) => f64::from(*cells.get(i)?),
            Cells::Wide(cells) => *cells.get(i)?,
        };
        (!value.is_nan()).then_some(value)
    }

    fn set(&mut self, offset: u8, value: f64) {
        let i = usize::from(offset);
        match self {
            Cells::Few(cells) => match cells.iter_mut().find(|(o, _)| *o == offset) {
                Some((_, old)) => *old = value,
                None => {
                    cells.push((offset, value));
                    if cells.len() > MAX_SPARSE {
                        self.spread();
                    }
                }
            },
            Cells::Narrow(cells) if is_narrow(value) => {
                if let Some(cell) = cells.get_mut(i) {
                    *cell = value as f32;
                }
            }
            Cells::Narrow(cells) => {
                let mut wide: Vec<f64> = cells.iter().map(|v| f64::from(*v)).collect();
                if let Some(cell) = wide.get_mut(i) {
                    *cell = value;
                }
                *self = Cells::Wide(wide);
            }
            Cells::Wide(cells) => {
                if let Some(cell) = cells.get_mut(i) {
                    *cell = value;
                }
            }
        }
    }

    /// Turns pairs into an array, of `f32` where that is exact for all of them.
    fn spread(&mut self) {
        let Cells::Few(cells) = self else { return };
        let cells = std::mem::take(cells);
        *self = match cells.iter().all(|(_, v)| is_narrow(*v)) {
            true => Cells::Narrow(vec![f32::NAN; BLOCK_ROWS]),
            false => Cells::Wide(vec![f64::NAN; BLOCK_ROWS]),
        };
        cells.into_iter().for_each(|(offset, value)| self.set(offset, value));
    }
}

/// A growing list of bits that can be searched in both directions, 64 at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    len: usize,
    ones: usize,
}

impl Bits {
    /// How many are set.
    pub(crate) fn ones(&self) -> usize {
        self.ones
    }

    /// Inserts a bit before position `i` (at most the length); the bits after move up.
    pub(crate) fn insert(&mut self, i: usize, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        self.len += 1;
        self.ones += usize::from(bit);
        let mut words = self.words.iter_mut().skip(i / 64);
        let Some(first) = words.next() else { return };
        // Bits of the word from `i` upwards move up by one; the highest bit of each word is carried into the
        // next one.
        let below = (1u64 << (i % 64)) - 1;
        let mut carry = *first >> 63;
        *first = (*first & below) | (*first & !below) << 1 | u64::from(bit) << (i % 64);
        for word in words {
            let next = *word >> 63;
            *word = *word << 1 | carry;
            carry = next;
        }
    }

    /// Sets the bit at position `i`.
    pub(crate) fn set(&mut self, i: usize, bit: bool) {
        let Some(word) = self.words.get_mut(i / 64).filter(|_| i < self.len) else { return };
        let mask = 1u64 << (i % 64);
        self.ones = self.ones - usize::from(*word & mask != 0) + usize::from(bit);
        *word = if bit { *word | mask } else { *word & !mask };
    }

    /// The first set bit at `from` or after it.
    pub(crate) fn next(&self, from: usize) -> Option<usize> {
        let start = from / 64;
        let mut mask = u64::MAX << (from % 64);
        for (w, word) in self.words.iter().enumerate().skip(start) {
            let found = word & mask;
            if found != 0 {
                return Some(w * 64 + found.trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }

    /// The last set bit before `before`.
    pub(crate) fn previous(&self, before: usize) -> Option<usize> {
        let before = before.min(self.len);
        let mut mask = (1u64 << (before % 64)) - 1;
        for (w, word) in self.words.iter().enumerate().take(before / 64 + 1).rev() {
            let found = word & mask;
            if found != 0 {
                return Some(w * 64 + 63 - found.leading_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }
}
