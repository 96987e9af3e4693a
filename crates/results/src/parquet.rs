//! Parquet tables, read row by row and written in row groups.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ::parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{ColumnChunkMetaData, KeyValue};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use ::parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use ::parquet::record::reader::RowIter;
use ::parquet::record::{Field, Row};
use ::parquet::schema::types::{Type as Schema, TypePtr};
use bytes::Bytes;
use gauntlet_model::{RunSpec, RunSummary, Timestamp};
use gauntlet_values::Decimal;
use serde_json::{Value, json};

use crate::columns::{Cells, Columns};
use crate::distinct::{Members, RepeatedColumns, RepeatedKeys};
use crate::error::ImportError;
use crate::json_span::{JsonSpan, Source};
use crate::jsonl::spec;
use crate::layout::{Cell, Layout, Type};
use crate::options::Options;
use crate::pages::{self, damaged};
use crate::parquet_names;
use crate::rows::{About, Record, Rows};
use crate::scored_steps::ScoredSteps;

/// Rows of a written group, which the writer holds in memory.
const GROUP_ROWS: usize = 4096;
/// Bytes of text at which a group ends early.
const GROUP_BYTES: usize = 32 << 20;
/// The key of the run in the file's metadata.
const RUN: &str = "gauntlet.run";
/// The key of the notes in the file's metadata.
const NOTES: &str = "gauntlet.notes";

/// The rows of a table.
pub(crate) struct Table {
    rows: RowIter<'static>,
    columns: Columns,
    /// Names inside of columns that repeat.
    renamed: RepeatedColumns,
    /// Which columns hold nanoseconds: the reader of rows returns those as plain numbers.
    nanos: Vec<bool>,
    about: About,
    count: u64,
    read: u64,
    bytes: u64,
}

impl Table {
    /// Reads the footer and checks the pages.
    pub(crate) fn new<S: ChunkReader + 'static>(source: S, options: &Options) -> Result<Self, ImportError> {
        guarded(|| Self::open(Arc::new(source), options))?
    }

    fn open<S: ChunkReader + 'static>(source: Arc<S>, options: &Options) -> Result<Self, ImportError> {
        let bytes = source.len();
        pages::check_footer(source.as_ref(), options)?;
        let reader = SerializedFileReader::new(Shared(Arc::clone(&source))).map_err(broken)?;
        let file = reader.metadata().file_metadata();
        let fields = file.schema().get_fields();
        let names = fields.iter().map(|field| field.name());
        let columns = Columns::new(names, &options.map, Decimal::Point, Cells::Typed)?;
        columns.require_scores()?;
        let parts = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
        if let Some(unread) = parts.map(ColumnChunkMetaData::compression).find(|codec| !is_unpacked(*codec)) {
            let message = format!("is compressed with {unread}, which is not read here");
            return Err(ImportError::new("", message, "compression with snappy, gzip, zstd, or none"));
        }
        pages::check(source.as_ref(), reader.metadata(), options)?;
        let nanos = fields.iter().map(is_nanos).collect();
        let metadata = |key: &str| {
            let pairs = file.key_value_metadata().into_iter().flatten();
            pairs.into_iter().find(|pair| pair.key == key).and_then(|pair| pair.value.clone())
        };
        let spec: Option<RunSpec> = metadata(RUN)
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|e| ImportError::new(RUN, format!("is refused: {e}"), "what the run is"))?;
        let about = About { spec, notes: metadata(NOTES).unwrap_or_default(), ..About::default() };
        let count = u64::try_from(file.num_rows()).unwrap_or(0);
        let (rows, renamed) = parquet_names::rows(Box::new(reader)).map_err(broken)?;
        Ok(Self { rows, columns, renamed, nanos, about, count, read: 0, bytes })
    }
}

/// A source shared by the check of pages and the reader of rows.
struct Shared<S>(Arc<S>);

impl<S: ChunkReader> Length for Shared<S> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<S: ChunkReader> ChunkReader for Shared<S> {
    type T = S::T;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.0.get_bytes(start, length)
    }
}

/// Catches panics of the library, which some damaged files cause.
fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, ImportError> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| damaged("its pages are damaged"))
}

impl Rows for Table {
    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError> {
        let row = guarded(|| self.rows.next().transpose().map_err(broken))??;
        let Some(row) = row else { return Ok(None) };
        let index = self.read;
        self.read += 1;
        let mut repeats = RepeatedKeys::default();
        let cells = row.into_columns().into_iter().zip(&self.nanos).map(|((_, field), nanos)| match field {
            Field::Long(n) if *nanos => Some(json!(Timestamp::from_micros(n.div_euclid(1000)))),
            field => value(&field, &mut repeats),
        });
        let span = JsonSpan { source: Source { text: "", first_line: index + 1, is_line: true }, raw: "" };
        let mut fields = self.columns.fields(cells, span, format!("rows[{index}]."));
        fields.tally.keys.add(repeats);
        fields.tally.columns.add(self.renamed.clone());
        Ok(Some(Record::Row(Box::new(fields))))
    }

    fn position_bytes(&self) -> u64 {
        let share = self.read as f64 / self.count.max(1) as f64;
        (self.bytes as f64 * share.min(1.0)) as u64
    }

    fn about(&mut self, _name: &str) -> Result<About, ImportError> {
        Ok(std::mem::take(&mut self.about))
    }
}

fn is_unpacked(codec: Compression) -> bool {
    use Compression::{GZIP, SNAPPY, UNCOMPRESSED, ZSTD};
    matches!(codec, UNCOMPRESSED | SNAPPY | GZIP(_) | ZSTD(_))
}

fn is_nanos(field: &TypePtr) -> bool {
    let logical = field.is_primitive().then(|| field.get_basic_info().logical_type_ref()).flatten();
    matches!(logical, Some(LogicalType::Timestamp(kind)) if kind.unit == TimeUnit::NANOS)
}

/// A cell as JSON; `None` for null and NaN, which mean "missing". Values that JSON cannot represent
/// become texts.
fn value(field: &Field, repeats: &mut RepeatedKeys) -> Option<Value> {
    let float = |n: f64| match n {
        n if n.is_nan() => None,
        n if n.is_infinite() => Some(json!(n.to_string())),
        n => Some(json!(n)),
    };
    let time = |micros: i64| Some(json!(Timestamp::from_micros(micros)));
    match field {
        Field::Null => None,
        Field::Bool(flag) => Some(json!(flag)),
        Field::Byte(n) => Some(json!(n)),
        Field::Short(n) => Some(json!(n)),
        Field::Int(n) => Some(json!(n)),
        Field::Long(n) => Some(json!(n)),
        Field::UByte(n) => Some(json!(n)),
        Field::UShort(n) => Some(json!(n)),
        Field::UInt(n) => Some(json!(n)),
        Field::ULong(n) => Some(json!(n)),
        Field::Float16(n) => float(n.to_f64()),
        // Parsed from its shortest text, so that 0.1 stays 0.1 in double precision.
        Field::Float(n) => float(n.to_string().parse().unwrap_or(f64::from(*n))),
        Field::Double(n) => float(*n),
        Field::Str(text) if text.is_empty() => None,
        Field::Str(text) => Some(json!(text)),
        Field::Bytes(bytes) if bytes.is_empty() => None,
        Field::Bytes(bytes) => Some(json!(String::from_utf8_lossy(bytes.data()))),
        Field::TimestampMillis(n) => time(n.saturating_mul(1000)),
        Field::TimestampMicros(n) => time(*n),
        Field::Group(row) => Some(object(row, repeats)),
        Field::ListInternal(list) => {
            Some(list.elements().iter().map(|item| value(item, repeats).unwrap_or(Value::Null)).collect())
        }
        Field::MapInternal(map) => {
            let mut members = Members::default();
            for (key, item) in map.entries() {
                let key = match key {
                    Field::Str(text) => text.clone(),
                    other => other.to_string(),
                };
                members.push(key, value(item, repeats).unwrap_or(Value::Null));
            }
            Some(Value::Object(members.finish(repeats)))
        }
        other => Some(json!(other.to_string())),
    }
}

fn object(row: &Row, repeats: &mut RepeatedKeys) -> Value {
    let mut members = Members::default();
    for (name, field) in row.get_column_iter() {
        if let Some(value) = value(field, repeats) {
            members.push(name.clone(), value);
        }
    }
    Value::Object(members.finish(repeats))
}

fn broken(error: ParquetError) -> ImportError {
    damaged(&error.to_string())
}

/// Writes a run as a Parquet table, one scored step a row, as `steps` has them; the description of the run is
/// in the file's metadata. `records` is the run's complete log, in order. Other events are not written.
pub fn write_parquet<W: Write + Send>(
    out: W,
    run: &RunSummary,
    steps: &ScoredSteps,
    records: impl IntoIterator<Item = io::Result<gauntlet_model::Record>>,
) -> io::Result<()> {
    let layout = Layout::new(steps);
    let columns = layout.columns();
    let spec_json = serde_json::to_string(&spec(run)).map_err(io::Error::other)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("gauntlet".to_owned())
        .set_key_value_metadata(Some(vec![
            KeyValue::new(RUN.to_owned(), spec_json),
            KeyValue::new(NOTES.to_owned(), run.notes.clone()),
        ]))
        .build();
    let schema = schema(&columns).map_err(io::Error::other)?;
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(io::Error::other)?;
    let mut group: Vec<Vec<Cell>> = Vec::new();
    let mut bytes = 0;
    for record in records {
        let Some(row) = layout.row_for(record?)? else { continue };
        bytes += row.iter().map(weight).sum::<usize>();
        group.push(row);
        if group.len() == GROUP_ROWS || bytes >= GROUP_BYTES {
            write_group(&mut file, &columns, &group).map_err(io::Error::other)?;
            group.clear();
            bytes = 0;
        }
    }
    if !group.is_empty() {
        write_group(&mut file, &columns, &group).map_err(io::Error::other)?;
    }
    file.finish().map_err(io::Error::other)?;
    file.flush()
}

/// Writes a table of those rows, each as long as `columns`, whose names must differ. A column has the type of
/// its values: of whole and other numbers numbers, of numbers and texts texts.
///
/// # Errors
///
/// What `out` refuses.
pub fn write_parquet_table<W: Write + Send>(
    out: W,
    columns: Vec<String>,
    mut rows: Vec<Vec<Cell>>,
) -> io::Result<()> {
    let kinds: Vec<Type> = (0..columns.len()).map(|at| common_type(&rows, at)).collect();
    for (cell, kind) in rows.iter_mut().flat_map(|row| row.iter_mut().zip(&kinds)) {
        *cell = as_type(std::mem::replace(cell, Cell::None), *kind);
    }
    let columns: Vec<(String, Type)> = columns.into_iter().zip(kinds).collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("gauntlet".to_owned())
        .build();
    let schema = schema(&columns).map_err(io::Error::other)?;
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(io::Error::other)?;
    for group in rows.chunks(GROUP_ROWS) {
        write_group(&mut file, &columns, group).map_err(io::Error::other)?;
    }
    file.finish().map_err(io::Error::other)?;
    file.flush()
}

/// The type that all values of a column fit into; a column without values is one of texts.
fn common_type(rows: &[Vec<Cell>], at: usize) -> Type {
    let kinds = rows.iter().filter_map(|row| match row.get(at)? {
        Cell::None => None,
        Cell::Text(_) => Some(Type::Text),
        Cell::Number(_) => Some(Type::Number),
        Cell::Integer(_) => Some(Type::Integer),
        Cell::Time(_) => Some(Type::Time),
        Cell::Flag(_) => Some(Type::Flag),
    });
    let common = kinds.reduce(|one, other| match (one, other) {
        (one, other) if one == other => one,
        (Type::Number | Type::Integer, Type::Number | Type::Integer) => Type::Number,
        _ => Type::Text,
    });
    common.unwrap_or(Type::Text)
}

/// A cell as one of a column of that type.
fn as_type(cell: Cell, kind: Type) -> Cell {
    match (cell, kind) {
        (Cell::Integer(number), Type::Number) => Cell::Number(number as f64),
        (Cell::Integer(number), Type::Text) => Cell::Text(number.to_string()),
        (Cell::Number(number), Type::Text) => Cell::Text(Value::from(number).to_string()),
        (Cell::Time(micros), Type::Text) => Cell::Text(Timestamp::from_micros(micros).to_string()),
        (Cell::Flag(flag), Type::Text) => Cell::Text(flag.to_string()),
        (cell, _) => cell,
    }
}

fn weight(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) => text.len(),
        _ => 8,
    }
}

fn schema(columns: &[(String, Type)]) -> Result<TypePtr, ParquetError> {
    let field = |(name, kind): &(String, Type)| {
        let (physical, logical) = match kind {
            Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Type::Number => (Physical::DOUBLE, None),
            Type::Integer => (Physical::INT64, None),
            Type::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
            Type::Flag => (Physical::BOOLEAN, None),
        };
        let field = Schema::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        field.with_logical_type(logical).build().map(Arc::new)
    };
    let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Schema::group_type_builder("run").with_fields(fields).build().map(Arc::new)
}

fn write_group<W: Write + Send>(
    file: &mut SerializedFileWriter<W>,
    columns: &[(String, Type)],
    rows: &[Vec<Cell>],
) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    let mut at = 0;
    while let Some(mut column) = group.next_column()? {
        let cells = rows.iter().filter_map(|row| row.get(at));
        write_column(&mut column, columns.get(at).map_or(Type::Text, |(_, kind)| *kind), cells)?;
        column.close()?;
        at += 1;
    }
    group.close().map(drop)
}

fn write_column<'c>(
    column: &mut SerializedColumnWriter<'_>,
    kind: Type,
    cells: impl Iterator<Item = &'c Cell> + Clone,
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = cells.clone().map(|cell| i16::from(*cell != Cell::None)).collect();
    let levels = Some(levels.as_slice());
    macro_rules! write {
        ($kind:ty, $pattern:pat => $value:expr) => {{
            let values: Vec<_> =
                cells.filter_map(|cell| if let $pattern = cell { Some($value) } else { None }).collect();
            column.typed::<$kind>().write_batch(&values, levels, None)
        }};
    }
    match kind {
        Type::Text => write!(ByteArrayType, Cell::Text(text) => ByteArray::from(text.as_str())),
        Type::Number => write!(DoubleType, Cell::Number(number) => *number),
        Type::Integer => write!(Int64Type, Cell::Integer(number) => *number),
        Type::Time => write!(Int64Type, Cell::Time(micros) => *micros),
        Type::Flag => write!(BoolType, Cell::Flag(flag) => *flag),
    }
    .map(drop)
}
