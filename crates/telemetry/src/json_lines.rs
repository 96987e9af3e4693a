//! Events as JSON lines, the format of files and spools.

use std::sync::Arc;

use gauntlet_model::Event;

use crate::sink::DeliveryError;

/// A batch, one event a line.
///
/// # Errors
///
/// [`DeliveryError::Refused`] with the index of an event that cannot be written as JSON.
pub(crate) fn json_lines(batch: &[Arc<Event>]) -> Result<Vec<u8>, DeliveryError> {
    let mut text = Vec::new();
    for (index, event) in batch.iter().enumerate() {
        let written = serde_json::to_writer(&mut text, event.as_ref());
        written.map_err(|e| DeliveryError::Refused { index: Some(index), message: e.to_string() })?;
        text.push(b'\n');
    }
    Ok(text)
}
