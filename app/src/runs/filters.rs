//! Search, status chips and order. All of it is in the address, so that a list is a link.

use gauntlet_model::Status;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};
use leptos_router::params::ParamsMap;

use crate::api::{ListColumn, RunsQuery};
use crate::ui::address::in_list;
use crate::ui::{Erase, Icon, Shape, focus_on_slash, project_address, status_word};

/// What the list is filtered and ordered by.
#[derive(Clone, Copy)]
pub(super) struct Filter {
    /// The project of a project's page.
    of_project: Memo<Option<String>>,
    /// Words to look for.
    words: Memo<String>,
    /// The word of a status, or empty.
    status: Memo<String>,
    /// A project's name, or empty.
    project: Memo<String>,
    /// A tag, or empty.
    tag: Memo<String>,
    /// Conditions, or empty.
    conditions: Memo<String>,
    /// The order, or empty.
    pub(super) sort: Memo<String>,
    /// The column that brings runs together, or empty.
    group: Memo<String>,
    /// The columns, or empty.
    columns: Memo<String>,
    /// The pinned runs, or empty.
    pin: Memo<String>,
    /// The hidden runs, or empty.
    hide: Memo<String>,
}

/// A list of ids of runs in the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marked {
    /// Those in front of all others.
    Pinned,
    /// Those that are left out.
    Hidden,
}

impl Filter {
    /// The filter in this page's address.
    pub(super) fn from_address() -> Self {
        let (query, params) = (use_query_map(), use_params_map());
        let part =
            move |name: &'static str| Memo::new(move |_| query.with(|q| q.get(name)).unwrap_or_default());
        Self {
            of_project: Memo::new(move |_| params.with(|p| p.get("project"))),
            words: part("q"),
            status: part("status"),
            project: part("project"),
            tag: part("tag"),
            conditions: part("filter"),
            group: part("group"),
            sort: part("sort"),
            columns: part("columns"),
            pin: part("pin"),
            hide: part("hide"),
        }
    }

    /// The query for the server, from a cursor on (empty: from the beginning). Tracks the address.
    pub(super) fn query(self, cursor: String) -> RunsQuery {
        RunsQuery {
            q: self.words.get(),
            status: self.status.get(),
            project: self.of_project.get().unwrap_or_else(|| self.project.get()),
            tag: self.tag.get(),
            filter: self.conditions.get(),
            group: self.group.get(),
            sort: self.sort.get(),
            columns: self.columns.get(),
            pin: self.pin.get(),
            hide: self.hide.get(),
            cursor,
        }
    }

    /// The project of a project's page; `None` on the page of all runs.
    pub(super) fn of_project(self) -> Option<String> {
        self.of_project.get()
    }

    fn parts(self) -> [(&'static str, Memo<String>); 10] {
        [
            ("q", self.words),
            ("status", self.status),
            ("project", self.project),
            ("tag", self.tag),
            ("filter", self.conditions),
            ("group", self.group),
            ("sort", self.sort),
            ("columns", self.columns),
            ("pin", self.pin),
            ("hide", self.hide),
        ]
    }

    /// The address of the list with one part changed. Tracks the address.
    pub(super) fn with(self, changed: &str, value: &str) -> String {
        format!("{}{}", self.base(), self.changed(changed, value).to_query_string())
    }

    /// The address of the list of everything. Tracks the project.
    pub(super) fn base(self) -> String {
        self.of_project.get().map_or_else(|| "/".to_owned(), |project| project_address(&project))
    }

    /// The query of the list's address, without a question mark. Tracks the address.
    pub(super) fn query_text(self) -> String {
        self.changed("", "").to_query_string().trim_start_matches('?').to_owned()
    }

    fn changed(self, changed: &str, value: &str) -> ParamsMap {
        let mut query = ParamsMap::new();
        for (name, part) in self.parts() {
            let value = if name == changed { value.to_owned() } else { part.get() };
            if !value.is_empty() {
                query.insert(name, value);
            }
        }
        query
    }

    /// The columns that the address names, whether there are such ones or not. Tracks it.
    pub(super) fn named_columns(self) -> Vec<ListColumn> {
        let column = |word: &str| {
            let name = word.trim().replace("%2C", ",").replace("%2c", ",").replace("%25", "%");
            ListColumn { title: name.clone(), name, is_number: false, is_right: false }
        };
        self.columns.with(|all| all.split(',').filter(|word| !word.is_empty()).map(column).collect())
    }

    /// The address of the list. Tracks it.
    pub(super) fn address(self) -> String {
        self.with("", "")
    }

    /// The column that brings runs together; empty for none. Tracks it.
    pub(super) fn group(self) -> String {
        self.group.get()
    }

    /// The ids of the marked runs, as the address has them. Tracks it.
    fn marked(self, mark: Marked) -> Vec<String> {
        let (_, part) = self.part(mark);
        part.with(|ids| ids.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect())
    }

    fn part(self, mark: Marked) -> (&'static str, Memo<String>) {
        match mark {
            Marked::Pinned => ("pin", self.pin),
            Marked::Hidden => ("hide", self.hide),
        }
    }

    /// The address of the list in which these runs are marked, or no longer. Tracks the address.
    pub(super) fn with_marks(self, mark: Marked, runs: &[String], is_on: bool) -> String {
        let runs: Vec<String> = runs.iter().map(|run| in_list(run)).collect();
        let mut ids = self.marked(mark);
        ids.retain(|id| !runs.contains(id));
        if is_on {
            ids.extend(runs);
        }
        self.with(self.part(mark).0, &ids.join(","))
    }

    /// What the list is narrowed to beside the fields and the status, as chips that end it: the name of the
    /// part, the words, and the label. Tracks the address.
    fn narrowed(self) -> Vec<(&'static str, String, String)> {
        let parts = [("project", self.project), ("tag", self.tag)];
        let set = parts.into_iter().filter(|(_, part)| part.with(|p| !p.is_empty())).map(|(name, part)| {
            let value = part.get();
            (name, format!("{name}: {value}"), format!("Not only the {name} {value}"))
        });
        let marks = [(Marked::Pinned, "pinned", "unpin all"), (Marked::Hidden, "hidden", "show them")];
        let marked = marks.into_iter().filter_map(|(mark, word, label)| {
            let count = self.marked(mark).len();
            let words = format!("{count} {word}");
            // What is called by voice is what is written.
            (count > 0).then(|| (self.part(mark).0, words.clone(), format!("{words}: {label}")))
        });
        set.chain(marked).collect()
    }

    /// Whether there is a filter.
    pub(super) fn is_set(self) -> bool {
        let filters = self
            .parts()
            .into_iter()
            .filter(|(name, _)| !matches!(*name, "group" | "sort" | "columns" | "pin"));
        filters.into_iter().any(|(_, part)| part.with(|p| !p.is_empty()))
    }
}

/// The statuses with a chip, in the order of a run's life.
const CHIPS: [Status; 5] =
    [Status::Running, Status::Paused, Status::Completed, Status::Failed, Status::Cancelled];

/// The chip that narrows the list to runs of a status, or of any.
fn status_chip(
    filter: Filter,
    status: Option<Status>,
    go: impl Fn(&str, &str) + Send + 'static,
) -> impl IntoView {
    let word = status.map_or("", Status::as_str);
    let is_on = move || filter.status.with(|s| s == word);
    view! {
        <button
            class="chip" class:is-on=is_on aria-pressed=move || is_on().to_string()
            on:click=move |_| go("status", word)
        >
            {status.map_or("All", status_word)}
        </button>
    }
}

/// Search and chips.
#[component]
pub(super) fn Filters(filter: Filter) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let navigate = use_navigate();
    let go = move |name: &str, value: &str| {
        let options = NavigateOptions { replace: true, scroll: false, ..Default::default() };
        navigate(&untrack(|| filter.with(name, value)), options);
    };
    focus_on_slash(input, || {});
    let search = go.clone();
    let typed = move |e| search("q", &event_target_value(&e));
    let narrow = go.clone();
    let conditions = move |e| narrow("filter", &event_target_value(&e));
    let leave = go.clone();
    let narrowed = move || {
        let chips = filter.narrowed().into_iter();
        chips
            .map(|(name, words, label)| {
                let leave = leave.clone();
                view! {
                    <button class="chip is-on" aria-label=label on:click=move |_| leave(name, "")>
                        {words}" ×"
                    </button>
                }
            })
            .collect_view()
    };
    let chip = move |status| status_chip(filter, status, go.clone());
    view! {
        <div class="filters">
            <label class="search">
                <Icon shape=Shape::Search />
                <span class="visually-hidden">"Search runs"</span>
                <input
                    type="search" placeholder="Search name, project, task, tag" autocomplete="off"
                    spellcheck="false"
                    node_ref=input prop:value=move || filter.words.get() on:input=typed
                />
                <kbd aria-hidden="true">"/"</kbd>
            </label>
            <label class="search conditions">
                <span class="visually-hidden">"Filter by columns"</span>
                <input
                    placeholder="lr < 1e-5 and mean:root > 0.5" autocomplete="off" spellcheck="false"
                    prop:value=move || filter.conditions.get() on:change=conditions
                />
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
