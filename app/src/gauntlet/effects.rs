//! The effects of the run's project, read when the page opens.

use std::sync::Arc;

use leptos::prelude::*;

use super::session::Session;
use crate::api::get_effects;

/// Reads the project's effects once the page runs in a browser. A server that cannot answer leaves the
/// defaults.
pub(super) fn load(session: Session) {
    let project = session.summary(|run| run.project.clone());
    Effect::new(move || {
        let project = project.clone();
        leptos::task::spawn_local(async move {
            if let Ok(set) = get_effects(project).await {
                session.view.effects.try_set(Arc::new(set));
            }
        });
    });
}
