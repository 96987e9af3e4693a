//! Classifies the records of a file: an event of Gauntlet, or a step that becomes one.

use gauntlet_model::{Event, decode_one};
use gauntlet_values::Decimal;

use crate::columns::{Cells, Columns};
use crate::distinct::RepeatedKeys;
use crate::draft::{Draft, draft_from_fields, is_event};
use crate::error::ImportError;
use crate::inspect;
use crate::json_span::JsonSpan;
use crate::names::ColumnMap;
use crate::native;
use crate::rows::Record;

/// One record, read as what it is.
pub(crate) enum Item<'a> {
    /// An event of Gauntlet's own, with its place in the file for errors found later (an id used twice).
    Event {
        /// The event.
        event: Box<Event>,
        /// Its position in the file.
        span: JsonSpan<'a>,
    },
    /// A step without an id.
    Draft(Box<Draft<'a>>),
}

impl<'a> Item<'a> {
    fn event(event: Event, span: JsonSpan<'a>) -> Self {
        Self::Event { event: Box::new(event), span }
    }

    fn draft(draft: Draft<'a>) -> Self {
        Self::Draft(Box::new(draft))
    }
}

/// Reads the records of a file. Caches the columns of the last record, as most records have the same keys.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    map: ColumnMap,
    columns: Option<Columns>,
}

impl Reader {
    /// A reader with a person's column map.
    pub(crate) fn new(map: ColumnMap) -> Self {
        Self { map, columns: None }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// A record that is neither an event nor a step, or has an invalid value.
    pub(crate) fn read<'a>(&mut self, record: Record<'a>) -> Result<Item<'a>, ImportError> {
        match record {
            Record::Row(fields) if fields.left.contains_key("id") && fields.left.contains_key("at") => {
                let span = fields.span;
                native::event_from_row(*fields).map(|event| Item::event(event, span))
            }
            Record::Row(fields) => draft_from_fields(*fields).map(Item::draft),
            Record::Json(span) => self.item_from_json(span),
        }
    }

    fn item_from_json<'a>(&mut self, span: JsonSpan<'a>) -> Result<Item<'a>, ImportError> {
        if !span.is_object() {
            let message = format!("is {}", span.what());
            return Err(span.refuse(message, "a snapshot or an event, which are objects"));
        }
        // The fast path for events, which parses them once. A record that only looks like an event, or a
        // wrong one, is classified by its keys below, for a precise error.
        let is_like_an_event = span.raw.contains("\"kind\"") && span.raw.contains("\"body\"");
        if is_like_an_event && let Ok(event) = decode_one(span.raw) {
            return Ok(Item::event(event, span));
        }
        let members = span.members_with_repeats()?;
        if is_event(&members) {
            return native::event(span).map(|event| Item::event(event, span));
        }
        if inspect::is_sample(&members) {
            return inspect::draft_from_sample(span).map(Item::draft);
        }
        let columns = match self.columns_for(members.keys()) {
            // The key that occurs twice, with its path.
            Err(error) if members.repeats => return Err(span.members().err().unwrap_or(error)),
            columns => columns?,
        };
        if !columns.has_scores() {
            let mut error = members.unknown();
            error.expected = "a step with `scores` or `reward`, or an event with `kind` and `body`; \
                              `--map root=KEY` names another key"
                .to_owned();
            return Err(error);
        }
        let mut repeats = RepeatedKeys::default();
        let cells = members.cells(&mut repeats)?.into_iter().map(Some);
        let mut fields = columns.fields(cells, span, String::new());
        fields.tally.keys.add(repeats);
        draft_from_fields(fields).map(Item::draft)
    }

    fn columns_for<'n>(
        &mut self,
        keys: impl ExactSizeIterator<Item = &'n str> + Clone,
    ) -> Result<&Columns, ImportError> {
        if !self.columns.as_ref().is_some_and(|columns| columns.are(keys.clone())) {
            self.columns = Some(Columns::new(keys, &self.map, Decimal::Point, Cells::Json)?);
        }
        self.columns.as_ref().ok_or_else(|| ImportError::new("", "has no keys", "an object"))
    }
}
