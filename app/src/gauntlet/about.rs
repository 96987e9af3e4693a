//! The run's configuration, tags, notes and metadata.

use leptos::prelude::*;

use super::pairs::{Pairs, dotted_pairs};
use super::session::Session;
use crate::ui::{Erase, local_time, utc};

/// The run's data, in sections that start folded.
#[component]
pub(super) fn About(session: Session) -> impl IntoView {
    // The server does not know the viewer's zone.
    let is_in_browser = RwSignal::new(false);
    Effect::new(move || is_in_browser.set(true));
    let sections = move || {
        let is_in_browser = is_in_browser.get();
        session.described(|run| {
            let optional = [("agent", &run.agent), ("task", &run.task)];
            let optional = optional.into_iter().filter_map(|(key, value)| Some((key, value.clone()?)));
            let mut details = vec![("id", run.id.to_string()), ("kind", run.kind.clone())];
            details.extend(optional);
            let at = run.created_at;
            let created = if is_in_browser { local_time(at) } else { format!("{} UTC", utc(at)) };
            details.push(("created", created));
            if !run.tags.is_empty() {
                details.push(("tags", run.tags.join(", ")));
            }
            if !run.notes.is_empty() {
                details.push(("notes", run.notes.clone()));
            }
            let details = details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            (details, dotted_pairs(run.config.clone()), dotted_pairs(run.metadata.clone()))
        })
    };
    view! {
        <section class="about" aria-label="The run">
            {move || {
                let (details, config, metadata) = sections();
                let hint = session.summary(|run| format!("{} UTC", utc(run.created_at)));
                view! {
                    <Pairs title="Configuration" rows=config is_open=false />
                    <Pairs title="Run" rows=details is_open=false hint />
                    <Pairs title="Run metadata" rows=metadata is_open=false />
                }
            }}
        </section>
    }
    .erase()
}
