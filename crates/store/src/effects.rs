//! The effects of the view, which belong to a project.

use gauntlet_model::{EffectSet, Timestamp};

use crate::reply::Reply;
use crate::work::TableWork;
use crate::{Store, StoreError};

impl Store {
    /// The effects of a project; the defaults, of version 0, where nobody changed them.
    pub async fn effects(&self, project: &str) -> Result<EffectSet, StoreError> {
        self.log().effects(project).await
    }

    /// Changes the effects of a project and returns them with their new version. A
    /// [`StoreError::Conflict`] where `effects.version` is not the present one.
    pub async fn put_effects(
        &self,
        project: &str,
        effects: EffectSet,
        now: Timestamp,
    ) -> Result<EffectSet, StoreError> {
        effects.check()?;
        let (reply, answer) = Reply::new();
        self.ask(TableWork::PutEffects { project: project.to_owned(), effects, now, reply }, answer).await
    }
}
