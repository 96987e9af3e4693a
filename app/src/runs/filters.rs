//! The search box and the status chips. The filter is in the address, so that a filtered list is a link.

use gauntlet_model::Status;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::api::RunsQuery;
use crate::ui::{Erase, Icon, Shape, focus_on_slash, status_word};

/// What the list is filtered by.
#[derive(Clone, Copy)]
pub(super) struct Filter {
    /// Words to look for.
    pub(super) words: Memo<String>,
    /// The word of a status, or empty.
    pub(super) status: Memo<String>,
    /// A project's name, or empty.
    project: Memo<String>,
    /// A tag, or empty.
    tag: Memo<String>,
    /// The order: `created`, `updated` or `name`; or empty.
    sort: Memo<String>,
}

impl Filter {
    /// The filter in this page's address.
    pub(super) fn from_address() -> Self {
        let query = use_query_map();
        let part =
            move |name: &'static str| Memo::new(move |_| query.with(|q| q.get(name)).unwrap_or_default());
        Self {
            words: part("q"),
            status: part("status"),
            project: part("project"),
            tag: part("tag"),
            sort: part("sort"),
        }
    }

    /// The query for the server, from a cursor on (empty: from the beginning). Tracks the address.
    pub(super) fn query(self, cursor: String) -> RunsQuery {
        RunsQuery {
            q: self.words.get(),
            status: self.status.get(),
            project: self.project.get(),
            tag: self.tag.get(),
            sort: self.sort.get(),
            cursor,
        }
    }

    /// The filters besides words and status, with their names in the address.
    fn others(self) -> [(&'static str, Memo<String>); 2] {
        [("project", self.project), ("tag", self.tag)]
    }

    /// Whether there is a filter.
    pub(super) fn is_set(self) -> bool {
        let others = self.others().map(|(_, part)| part);
        [self.words, self.status].into_iter().chain(others).any(|part| part.with(|p| !p.is_empty()))
    }
}

/// The statuses with a chip, in the order of a run's life.
const CHIPS: [Status; 5] =
    [Status::Running, Status::Paused, Status::Completed, Status::Failed, Status::Cancelled];

/// Search and chips.
#[component]
pub(super) fn Filters(filter: Filter) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let navigate = use_navigate();
    let go = move |words: &str, status: &str, without: &str| {
        let mut query = leptos_router::params::ParamsMap::new();
        let others = filter.others().map(|(name, part)| (name, part.get_untracked()));
        let sort = ("sort", filter.sort.get_untracked());
        let parts = [("q", words.to_owned()), ("status", status.to_owned()), sort].into_iter().chain(others);
        for (name, value) in parts.filter(|(name, value)| !value.is_empty() && *name != without) {
            query.insert(name, value);
        }
        let options = NavigateOptions { replace: true, scroll: false, ..Default::default() };
        navigate(&format!("/{}", query.to_query_string()), options);
    };
    focus_on_slash(input, || {});
    let search = go.clone();
    let typed = move |e| search(&event_target_value(&e), &filter.status.get_untracked(), "");
    let leave = go.clone();
    let narrowed = move || {
        let set = filter.others().into_iter().filter(|(_, part)| part.with(|p| !p.is_empty()));
        set.map(|(name, part)| {
            let leave = leave.clone();
            let value = part.get();
            let label = format!("Not only the {name} {value}");
            view! {
                <button
                    class="chip is-on" aria-label=label
                    on:click=move |_| leave(&filter.words.get_untracked(), &filter.status.get_untracked(), name)
                >
                    {format!("{name}: {value} ×")}
                </button>
            }
        })
        .collect_view()
    };
    let chip = move |status: Option<Status>| {
        let go = go.clone();
        let word = status.map_or("", Status::as_str);
        let is_on = move || filter.status.with(|s| s == word);
        view! {
            <button
                class="chip" class:is-on=is_on aria-pressed=move || is_on().to_string()
                on:click=move |_| go(&filter.words.get_untracked(), word, "")
            >
                {status.map_or("All", status_word)}
            </button>
        }
    };
    view! {
        <div class="filters">
            <label class="search">
                <Icon shape=Shape::Search />
                <span class="visually-hidden">"Search runs"</span>
                <input
                    type="search" placeholder="Search name, project, task, tag" autocomplete="off" spellcheck="false"
                    node_ref=input prop:value=move || filter.words.get() on:input=typed
                />
                <kbd aria-hidden="true">"/"</kbd>
            </label>
            <div class="chips" role="group" aria-label="Status">
                {chip(None)}
                {CHIPS.into_iter().map(|s| chip(Some(s))).collect_view()}
                {narrowed}
            </div>
        </div>
    }
    .erase()
}
