//! The search box and the status chips. Both live in the address, so that a filtered list is a link.

use gauntlet_model::Status;
use leptos::ev::keydown;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::ui::{Icon, Shape, in_text_field, status_word};

/// What the list is filtered by.
#[derive(Clone, Copy)]
pub(super) struct Filter {
    /// Words to look for.
    pub(super) words: Memo<String>,
    /// A status's word, or empty.
    pub(super) status: Memo<String>,
}

impl Filter {
    /// The filter in this page's address.
    pub(super) fn of_address() -> Self {
        let query = use_query_map();
        let part =
            move |name: &'static str| Memo::new(move |_| query.with(|q| q.get(name)).unwrap_or_default());
        Self { words: part("q"), status: part("status") }
    }

    /// Whether anything is filtered away.
    pub(super) fn is_set(self) -> bool {
        self.words.with(|w| !w.is_empty()) || self.status.with(|s| !s.is_empty())
    }
}

/// The statuses worth a chip, in the order of a run's life.
const CHIPS: [Status; 5] =
    [Status::Running, Status::Paused, Status::Completed, Status::Failed, Status::Cancelled];

/// Search and chips.
#[component]
pub(super) fn Filters(filter: Filter) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let navigate = use_navigate();
    let go = move |words: &str, status: &str| {
        let mut query = leptos_router::params::ParamsMap::new();
        if !words.is_empty() {
            query.insert("q", words.to_owned());
        }
        if !status.is_empty() {
            query.insert("status", status.to_owned());
        }
        let options = NavigateOptions { replace: true, scroll: false, ..Default::default() };
        navigate(&format!("/{}", query.to_query_string()), options);
    };
    Effect::new(move || {
        let heard = window_event_listener(keydown, move |e| {
            let plain = !(e.ctrl_key() || e.meta_key() || e.alt_key());
            if e.key() == "/" && plain && !in_text_field(&e) {
                e.prevent_default();
                if let Some(input) = input.get_untracked() {
                    let _ = input.focus();
                }
            }
        });
        on_cleanup(move || heard.remove());
    });
    let search = go.clone();
    let typed = move |e| search(&event_target_value(&e), &filter.status.get_untracked());
    let chip = move |status: Option<Status>| {
        let go = go.clone();
        let word = status.map_or("", Status::as_str);
        let is_on = move || filter.status.with(|s| s == word);
        view! {
            <button
                class="chip" class:is-on=is_on aria-pressed=move || is_on().to_string()
                on:click=move |_| go(&filter.words.get_untracked(), word)
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
            </div>
        </div>
    }
    .into_any()
}
