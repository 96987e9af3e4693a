//! What a policy is to the town.

use std::collections::BTreeMap;
use std::error::Error;

use crate::AgentId;
use crate::action::Decision;
use crate::envelope::Envelope;
pub use crate::identity::{PolicyChoice, PolicyIdentity, PolicyMetadata};

/// What drives the agents. It has no state between ticks and no clock: all that it may know is in the
/// envelope (its seed for random choices included), so that a world that is loaded goes on as the saved one
/// would.
pub trait Policy {
    /// What kind of policy it is, such as `scripted`.
    fn provider(&self) -> &str;

    /// Which policy it is.
    fn identity(&self) -> PolicyIdentity;

    /// What every agent of the envelope does next. An agent that is missing waits.
    ///
    /// # Errors
    ///
    /// What made a decision impossible; the tick fails and rolls back.
    fn decide(&self, envelope: &Envelope) -> Result<BTreeMap<AgentId, Decision>, PolicyError>;
}

/// What made a decision impossible: an agent that the envelope does not show, the error of a model.
pub type PolicyError = Box<dyn Error + Send + Sync>;
