//! One record of a file, as what it is: an event of ours, or a step that becomes one.

use gauntlet_model::{Event, Object, decode_one};
use gauntlet_values::Decimal;

use crate::columns::{Cells, Columns};
use crate::error::ImportError;
use crate::inspect;
use crate::names::ColumnMap;
use crate::native::{self, taken};
use crate::piece::Piece;
use crate::rows::Record;
use crate::snapshots::{Draft, is_event, of_fields};

/// One record, understood.
pub(crate) enum Item<'a> {
    /// An event of ours. The refusal says that its id names another one as well.
    Event(Box<Event>, Box<dyn FnOnce() -> ImportError + 'a>),
    /// A step without an id.
    Draft(Box<Draft<'a>>),
}

impl<'a> Item<'a> {
    fn event(event: Event, piece: Piece<'a>) -> Self {
        let id = event.id();
        Self::Event(Box::new(event), Box::new(move || piece.refuse(taken(id), "an id for each event")))
    }

    fn draft(draft: Draft<'a>) -> Self {
        Self::Draft(Box::new(draft))
    }
}

/// Understands the records of one file. The columns of the last line are kept: most lines have the same.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    map: ColumnMap,
    columns: Option<Columns>,
}

impl Reader {
    /// Reads by a person's map.
    pub fn new(map: ColumnMap) -> Self {
        Self { map, columns: None }
    }

    /// Reads a record as what it is.
    pub fn understand<'a>(&mut self, record: Record<'a>) -> Result<Item<'a>, ImportError> {
        match record {
            Record::Row(fields) if fields.left.contains_key("id") && fields.left.contains_key("at") => {
                let piece = fields.piece;
                native::of_row(*fields).map(|event| Item::event(event, piece))
            }
            Record::Row(fields) => of_fields(*fields).map(Item::draft),
            Record::Json(piece) => self.of_json(piece),
        }
    }

    fn of_json<'a>(&mut self, piece: Piece<'a>) -> Result<Item<'a>, ImportError> {
        if !piece.is_object() {
            let message = format!("is {}", piece.what());
            return Err(piece.refuse(message, "a snapshot or an event, which are objects"));
        }
        // An event is read only once; what is none, or a wrong one, is looked at from outside first.
        let is_like_an_event = piece.raw.contains("\"kind\"") && piece.raw.contains("\"body\"");
        if is_like_an_event && let Ok(event) = decode_one(piece.raw) {
            return Ok(Item::event(event, piece));
        }
        let members = piece.members()?;
        if is_event(&members) {
            return native::event(piece).map(|event| Item::event(event, piece));
        }
        if inspect::is_sample(&members) {
            return inspect::of_sample(piece).map(Item::draft);
        }
        let columns = self.columns_of(members.keys())?;
        if !columns.has_scores() {
            let mut error = members.unknown();
            error.expected = "a step with `scores` or `reward`, or an event with `kind` and `body`; \
                              `--map root=KEY` names another key"
                .to_owned();
            return Err(error);
        }
        let object: Object = piece.object()?;
        let cells = object.into_iter().map(|(_, value)| Some(value));
        of_fields(columns.fields(cells, piece, String::new())).map(Item::draft)
    }

    fn columns_of<'n>(
        &mut self,
        keys: impl ExactSizeIterator<Item = &'n str> + Clone,
    ) -> Result<&Columns, ImportError> {
        if !self.columns.as_ref().is_some_and(|columns| columns.are(keys.clone())) {
            self.columns = Some(Columns::of(keys, &self.map, Decimal::Point, Cells::Json)?);
        }
        self.columns.as_ref().ok_or_else(|| ImportError::new("", "has no keys", "an object"))
    }
}
