//! One record of a file, as what it is: an event of ours, or a snapshot that becomes one.

use gauntlet_model::{Event, decode_one};

use crate::error::ImportError;
use crate::fields::Fields;
use crate::native::{self, taken};
use crate::piece::Piece;
use crate::rows::Record;
use crate::snapshots::{Draft, is_event, of_fields};
use crate::table;

/// One record, understood.
pub(crate) enum Item<'a> {
    /// An event of ours. The refusal says that its id names another one as well.
    Event(Event, Box<dyn FnOnce() -> ImportError + 'a>),
    /// A snapshot without an id.
    Draft(Draft<'a>),
}

impl<'a> Item<'a> {
    fn event(event: Event, piece: Piece<'a>) -> Self {
        let id = event.id();
        Self::Event(event, Box::new(move || piece.refuse(taken(id), "an id for each event")))
    }
}

/// Reads a record as what it is.
pub(crate) fn understood(record: Record<'_>) -> Result<Item<'_>, ImportError> {
    match record {
        Record::Row(fields) if table::is_event(&fields) => {
            let piece = fields.piece;
            native::of_row(fields).map(|event| Item::event(event, piece))
        }
        Record::Row(fields) => of_fields(fields).map(Item::Draft),
        Record::Json(piece) => {
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
            if members.get("scores").is_none() {
                let mut error = members.unknown();
                error.expected = "a snapshot with `scores`, or an event with `kind` and `body`".to_owned();
                return Err(error);
            }
            of_fields(Fields::of(piece)?).map(Item::Draft)
        }
    }
}
