//! Instance attributes on the GPU: one row per instance, uploaded as far as rows changed.

use three_d::{Context, InstanceBuffer, Program};

/// One attribute of an instance: four numbers.
pub(super) type Quad = [f32; 4];

/// `N` attributes an instance, each in its own buffer (three-d has one buffer per attribute).
pub(super) struct Instances<const N: usize> {
    columns: [Column; N],
    len: usize,
}

impl<const N: usize> Instances<N> {
    /// No instances yet; `names` are those of the vertex shader's attributes.
    pub(super) fn new(context: &Context, names: [&'static str; N]) -> Self {
        let columns = names.map(|name| Column {
            name,
            buffer: InstanceBuffer::new(context),
            uploaded: Vec::new(),
            capacity: 0,
        });
        Self { columns, len: 0 }
    }

    /// Replaces every row. Leading rows that did not change are not uploaded again: a live path that grows at
    /// its end costs its new rows.
    pub(super) fn set(&mut self, rows: impl Iterator<Item = [Quad; N]>) {
        let mut next: [Vec<Quad>; N] = std::array::from_fn(|_| Vec::with_capacity(rows.size_hint().0));
        for row in rows {
            for (column, value) in next.iter_mut().zip(row) {
                column.push(value);
            }
        }
        self.len = next.first().map_or(0, Vec::len);
        for (column, values) in self.columns.iter_mut().zip(next) {
            column.set(values);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> u32 {
        self.len as u32
    }

    /// Binds every attribute the program reads.
    pub(super) fn bind(&self, program: &Program) {
        for column in self.columns.iter().filter(|column| program.requires_attribute(column.name)) {
            program.use_instance_attribute(column.name, &column.buffer);
        }
    }
}

struct Column {
    name: &'static str,
    buffer: InstanceBuffer<Quad>,
    /// The rows on the GPU.
    uploaded: Vec<Quad>,
    /// Rows that fit into the buffer.
    capacity: usize,
}

impl Column {
    fn set(&mut self, values: Vec<Quad>) {
        let same = self.uploaded.iter().zip(&values).take_while(|(old, new)| old == new).count();
        if values.len() > self.capacity {
            self.capacity = values.len().next_power_of_two().max(64);
            let mut padded = values.clone();
            padded.resize(self.capacity, [0.0; 4]);
            self.buffer.fill(&padded);
        } else if same < values.len() {
            // three-d hands the offset to GL as it is: in bytes.
            let offset_bytes = same * size_of::<Quad>();
            self.buffer.fill_subset(offset_bytes as u32, &values[same..]);
        }
        self.uploaded = values;
    }
}
