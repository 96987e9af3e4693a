//! Parquet files in which columns have one name. The library's reader of rows finds columns by their names,
//! and would read the last one for each of them; it gets a description of the file in which names differ.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ::parquet::basic::LogicalType;
use ::parquet::bloom_filter::Sbbf;
use ::parquet::column::page::PageReader;
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::metadata::{ColumnChunkMetaData, FileMetaData, ParquetMetaData, RowGroupMetaData};
use ::parquet::file::reader::{FileReader, RowGroupReader};
use ::parquet::record::reader::RowIter;
use ::parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use crate::distinct::{FreeNames, RepeatedColumns};

/// The rows of a file by columns of different names, and the names inside of columns that were changed.
/// Columns keep their order.
///
/// # Errors
/// A schema that cannot be described.
pub(crate) fn rows(reader: Box<dyn FileReader>) -> Result<(RowIter<'static>, RepeatedColumns)> {
    let mut renamed = RepeatedColumns::default();
    let schema = reader.metadata().file_metadata().schema_descr().root_schema_ptr();
    let distinct = distinct(&schema, None, &mut renamed)?;
    if Arc::ptr_eq(&schema, &distinct) {
        return Ok((RowIter::from_file_into(reader), renamed));
    }
    let metadata = described(reader.metadata(), distinct)?;
    let renaming = Renamed { inner: reader, metadata };
    Ok((RowIter::from_file_into(Box::new(renaming)), renamed))
}

/// The type with names that differ within each group; the same one where they differ already. `inside` is the
/// path of a column; the names of columns themselves are those of [`crate::columns`], and not counted here.
fn distinct(group: &TypePtr, inside: Option<&str>, renamed: &mut RepeatedColumns) -> Result<TypePtr> {
    if group.is_primitive() {
        return Ok(Arc::clone(group));
    }
    let fields = group.get_fields();
    let mut free = FreeNames::new(fields.iter().map(|field| field.name()));
    let mut counts: HashMap<&str, usize> = HashMap::new();
    fields.iter().for_each(|field| *counts.entry(field.name()).or_default() += 1);
    let mut seen = HashSet::new();
    let mut is_same = true;
    let mut changed = Vec::with_capacity(fields.len());
    for field in fields {
        let name = field.name();
        let path = inside.map_or_else(|| name.to_owned(), |inside| format!("{inside}.{name}"));
        let inner = distinct(field, Some(&path), renamed)?;
        let is_first = seen.insert(name);
        is_same &= is_first && Arc::ptr_eq(&inner, field);
        changed.push(if is_first {
            inner
        } else {
            let new = free.after(name);
            if inside.is_some() {
                renamed.rename(&path, &new, counts.get(name).copied().unwrap_or(1));
            }
            named(&inner, &new, inner.is_group().then(|| inner.get_fields().to_vec()))?
        });
    }
    if is_same { Ok(Arc::clone(group)) } else { named(group, group.name(), Some(changed)) }
}

/// A type under another name, with other fields.
fn named(kind: &Type, name: &str, fields: Option<Vec<TypePtr>>) -> Result<TypePtr> {
    let info = kind.get_basic_info();
    let logical: Option<LogicalType> = info.logical_type_ref().cloned();
    let id = info.has_id().then(|| info.id());
    let repetition = info.has_repetition().then(|| info.repetition());
    let built = match kind {
        Type::PrimitiveType { physical_type, type_length, scale, precision, .. } => {
            let mut builder = Type::primitive_type_builder(name, *physical_type)
                .with_converted_type(info.converted_type())
                .with_logical_type(logical)
                .with_length(*type_length)
                .with_precision(*precision)
                .with_scale(*scale)
                .with_id(id);
            if let Some(repetition) = repetition {
                builder = builder.with_repetition(repetition);
            }
            builder.build()
        }
        Type::GroupType { .. } => {
            let mut builder = Type::group_type_builder(name)
                .with_converted_type(info.converted_type())
                .with_logical_type(logical)
                .with_fields(fields.unwrap_or_default())
                .with_id(id);
            if let Some(repetition) = repetition {
                builder = builder.with_repetition(repetition);
            }
            builder.build()
        }
    };
    built.map(Arc::new)
}

/// What the reader of rows needs to know of the file: its columns, and how many rows a group has.
fn described(metadata: &ParquetMetaData, schema: TypePtr) -> Result<ParquetMetaData> {
    let schema = Arc::new(SchemaDescriptor::new(schema));
    let group = |group: &RowGroupMetaData| {
        let columns =
            (0..schema.num_columns()).map(|n| ColumnChunkMetaData::builder(schema.column(n)).build());
        RowGroupMetaData::builder(Arc::clone(&schema))
            .set_num_rows(group.num_rows())
            .set_column_metadata(columns.collect::<Result<_>>()?)
            .build()
    };
    let groups = metadata.row_groups().iter().map(group).collect::<Result<_>>()?;
    let file = metadata.file_metadata();
    let file = FileMetaData::new(file.version(), file.num_rows(), None, None, schema, None);
    Ok(ParquetMetaData::new(file, groups))
}

/// A file under another description.
struct Renamed {
    inner: Box<dyn FileReader>,
    metadata: ParquetMetaData,
}

impl FileReader for Renamed {
    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }

    fn num_row_groups(&self) -> usize {
        self.inner.num_row_groups()
    }

    fn get_row_group(&self, i: usize) -> Result<Box<dyn RowGroupReader + '_>> {
        let metadata = self.metadata.row_groups().get(i);
        let metadata = metadata.ok_or_else(|| ParquetError::General(format!("there is no row group {i}")))?;
        Ok(Box::new(RenamedGroup { inner: self.inner.get_row_group(i)?, metadata }))
    }

    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>> {
        RowIter::from_file(projection, self)
    }
}

/// A group of rows under another description.
struct RenamedGroup<'f> {
    inner: Box<dyn RowGroupReader + 'f>,
    metadata: &'f RowGroupMetaData,
}

impl RowGroupReader for RenamedGroup<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.metadata
    }

    fn num_columns(&self) -> usize {
        self.inner.num_columns()
    }

    fn get_column_page_reader(&self, i: usize) -> Result<Box<dyn PageReader>> {
        self.inner.get_column_page_reader(i)
    }

    fn get_column_bloom_filter(&self, i: usize) -> Option<&Sbbf> {
        self.inner.get_column_bloom_filter(i)
    }

    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}
