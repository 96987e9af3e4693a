//! A batch that is not taken whole: in halves where it is too large, without the events that are to blame.

use std::sync::Arc;

use gauntlet_model::Event;

use crate::sink::DeliveryError;

/// What became of some events at the front of a batch.
pub(crate) enum Fate {
    /// So many were taken.
    Taken(u64),
    /// So many were refused, and why.
    Refused(u64, String),
}

/// Delivers a batch part by part, in order. Events whose fate is settled leave it; `told` hears each fate.
/// Stops where the sink says "not now", with the rest still in the batch.
pub(crate) fn settle(
    batch: &mut Vec<Arc<Event>>,
    mut deliver: impl FnMut(&[Arc<Event>]) -> Result<(), DeliveryError>,
    mut told: impl FnMut(Fate),
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
                told(Fate::Taken(size as u64));
            }
            Err(DeliveryError::TooLarge) if size > 1 => parts.extend([size - size / 2, size / 2]),
            Err(DeliveryError::Refused { index: Some(index), message }) if index < size => {
                batch.remove(index);
                parts.push(size - 1);
                told(Fate::Refused(1, message));
            }
            Err(later @ DeliveryError::NotNow { .. }) => return Err(later),
            Err(error) => {
                batch.drain(..size);
                told(Fate::Refused(size as u64, error.to_string()));
            }
        }
    }
    Ok(())
}
