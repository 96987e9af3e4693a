//! A batch that a sink does not take as it is: halved where it is too large, and without the events that are
//! refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use gauntlet_model::Event;

use crate::sink::DeliveryError;

/// What became of some events at the front of a batch.
pub(crate) enum PartOutcome {
    /// So many were taken.
    Taken(u64),
    /// So many were refused, and why.
    Refused(u64, String),
}

/// Delivers a batch part by part, in order. Events that are taken or refused leave the batch, and `settled`
/// is called with each part's outcome. Stops at [`DeliveryError::NotNow`], with the rest still in the batch.
pub(crate) fn bisect(
    batch: &mut Vec<Arc<Event>>,
    mut deliver: impl FnMut(&[Arc<Event>]) -> Result<(), DeliveryError>,
    mut settled: impl FnMut(PartOutcome),
) -> Result<(), DeliveryError> {
    // Sizes of the parts, the first one last.
    let mut parts = vec![batch.len()];
    while let Some(size) = parts.pop() {
        if size == 0 {
            continue;
        }
        match deliver(&batch[..size]) {
            Ok(()) => {
                batch.drain(..size);
                settled(PartOutcome::Taken(size as u64));
            }
            Err(DeliveryError::TooLarge) if size > 1 => parts.extend([size - size / 2, size / 2]),
            Err(DeliveryError::Refused { index: Some(index), message }) if index < size => {
                batch.remove(index);
                parts.push(size - 1);
                settled(PartOutcome::Refused(1, message));
            }
            Err(DeliveryError::RefusedEvents { events }) if events.iter().any(|(index, _)| *index < size) => {
                let mut refused: BTreeMap<_, _> =
                    events.into_iter().filter(|(index, _)| *index < size).collect();
                parts.push(size - refused.len());
                let mut index = 0;
                batch.retain(|_| {
                    let message = refused.remove(&index);
                    index += 1;
                    match message {
                        Some(message) => settled(PartOutcome::Refused(1, message)),
                        None => return true,
                    }
                    false
                });
            }
            Err(later @ DeliveryError::NotNow { .. }) => return Err(later),
            Err(error) => {
                batch.drain(..size);
                settled(PartOutcome::Refused(size as u64, error.to_string()));
            }
        }
    }
    Ok(())
}
