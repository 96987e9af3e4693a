//! One record of a file, as what it is: an event of ours, or a snapshot that becomes one.

use gauntlet_model::Event;

use crate::error::ImportError;
use crate::native::{self, taken};
use crate::rows::Record;
use crate::snapshots::{Draft, draft, is_event, of_fields};
use crate::table;

/// One record, understood.
pub(crate) enum Item<'a> {
    /// An event of ours. The refusal says that its id names another one as well.
    Event(Event, Box<dyn FnOnce() -> ImportError + 'a>),
    /// A snapshot without an id.
    Draft(Draft<'a>),
}

/// Reads a record as what it is.
pub(crate) fn understood(record: Record<'_>) -> Result<Item<'_>, ImportError> {
    match record {
        Record::Row(fields) if table::is_event(&fields) => {
            let piece = fields.piece;
            let event = native::of_row(fields)?;
            let id = event.id();
            Ok(Item::Event(event, Box::new(move || piece.refuse(taken(id), "an id for each event"))))
        }
        Record::Row(fields) => of_fields(fields).map(Item::Draft),
        Record::Json(piece) => {
            if !piece.is_object() {
                let message = format!("is {}", piece.what());
                return Err(piece.refuse(message, "a snapshot or an event, which are objects"));
            }
            let members = piece.members()?;
            if is_event(&members) {
                let event = native::event(piece)?;
                let id = event.id();
                return Ok(Item::Event(
                    event,
                    Box::new(move || piece.refuse(taken(id), "an id for each event")),
                ));
            }
            if members.get("scores").is_none() {
                let mut error = members.unknown();
                error.expected = "a snapshot with `scores`, or an event with `kind` and `body`".to_owned();
                return Err(error);
            }
            draft(piece).map(Item::Draft)
        }
    }
}
