//! What the run is: its configuration, tags, notes and metadata, as they were when the page was opened.

use leptos::prelude::*;

use super::pairs::{Pairs, dotted_pairs};
use super::session::Session;
use crate::ui::{Erase, utc};

/// The run's own facts, folded until they are asked for.
#[component]
pub(super) fn About(session: Session) -> impl IntoView {
    let (facts, config, metadata) = session.summary(|run| {
        let optional = [("agent", &run.agent), ("task", &run.task)];
        let optional = optional.into_iter().filter_map(|(key, value)| Some((key, value.clone()?)));
        let mut facts = vec![("id", run.id.to_string()), ("kind", run.kind.clone())];
        facts.extend(optional);
        facts.push(("created", format!("{} UTC", utc(run.created_at))));
        if !run.tags.is_empty() {
            facts.push(("tags", run.tags.join(", ")));
        }
        if !run.notes.is_empty() {
            facts.push(("notes", run.notes.clone()));
        }
        let facts = facts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        (facts, dotted_pairs(run.config.clone()), dotted_pairs(run.metadata.clone()))
    });
    view! {
        <section class="about" aria-label="The run">
            <Pairs title="Configuration" rows=config is_open=false />
            <Pairs title="Run" rows=facts is_open=false />
            <Pairs title="Run metadata" rows=metadata is_open=false />
        </section>
    }
    .erase()
}
