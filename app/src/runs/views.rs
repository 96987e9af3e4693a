//! The named lists: opened, saved, renamed, deleted.

use gauntlet_model::ListView;
use leptos::html;
use leptos::prelude::*;

use super::filters::Filter;
use super::menu::Menu;
use crate::api::{PageError, ViewChange, change_views, list_views};
use crate::ui::Erase;

/// What the rows of the menu change.
#[derive(Clone, Copy)]
struct Edit {
    /// The text of the field.
    name: RwSignal<String>,
    /// The view whose name is being changed, if any.
    renamed: RwSignal<Option<String>>,
    change: Action<ViewChange, Result<(), PageError>>,
    /// The view that was deleted last, until another change.
    deleted: RwSignal<Option<ListView>>,
}

/// A saved list, with the ways to rename and to delete it.
fn row(filter: Filter, view: ListView, edit: Edit) -> impl IntoView {
    let (open_name, old) = (view.name.clone(), StoredValue::new(view.name.clone()));
    let stored = StoredValue::new(view.clone());
    let rename = move |_| {
        edit.name.set(old.get_value());
        edit.renamed.set(Some(old.get_value()));
    };
    let delete = move |_| {
        edit.change.dispatch(ViewChange::Delete { name: old.get_value() });
        edit.deleted.set(Some(stored.get_value()));
    };
    view! {
        <li>
            <a href=filter.base() + "?" + &view.query data-noscroll="">{open_name}</a>
            <button class="chip" aria-label=format!("Rename {}", view.name) on:click=rename>"✎"</button>
            <button class="chip" aria-label=format!("Delete {}", view.name) on:click=delete>"×"</button>
        </li>
    }
}

/// What was deleted, and the way to have it back.
fn undo(view: ListView, edit: Edit) -> impl IntoView {
    let words = format!("{} is deleted. ", view.name);
    let save = move |_| {
        edit.change.dispatch(ViewChange::Save { name: view.name.clone(), query: view.query.clone() });
        edit.deleted.set(None);
    };
    view! { {words}<button class="button" on:click=save>"Undo"</button> }
}

/// The field of a name, under which the list is saved or a view is renamed.
fn name_form(
    filter: Filter,
    views: RwSignal<Vec<ListView>>,
    edit: Edit,
    field: NodeRef<html::Input>,
) -> impl IntoView {
    let Edit { name, renamed, change, deleted } = edit;
    let is_known = move || {
        let name = name.get();
        views.with(|views| views.iter().any(|view| view.name == name.trim()))
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        deleted.set(None);
        let to = name.get_untracked().trim().to_owned();
        _ = change.dispatch(match renamed.get_untracked() {
            Some(name) => ViewChange::Rename { name, to },
            None => ViewChange::Save { name: to, query: untrack(|| filter.query_text()) },
        });
    };
    let label = move || if renamed.with(Option::is_some) { "New name" } else { "Save this list as" };
    view! {
        <form on:submit=submit>
            <label>
                {label}
                <input class="field" node_ref=field maxlength="200" autocomplete="off"
                    prop:value=move || name.get() on:input=move |e| name.set(event_target_value(&e)) />
            </label>
            <button class="button" disabled=move || name.with(|name| name.trim().is_empty())>
                {move || match (renamed.with(Option::is_some), is_known()) {
                    (true, _) => "Rename",
                    (false, true) => "Replace",
                    (false, false) => "Save",
                }}
            </button>
        </form>
    }
}

/// The named lists of the page's project.
#[component]
pub(super) fn Views(filter: Filter) -> impl IntoView {
    let (open, views) = (RwSignal::new(false), RwSignal::new(Vec::<ListView>::new()));
    let name = RwSignal::new(String::new());
    let renamed = RwSignal::new(None::<String>);
    let project = move || untrack(|| filter.of_project().unwrap_or_default());
    let read = Action::new(move |(): &()| async move {
        views.try_set(list_views(project()).await?);
        Ok::<(), PageError>(())
    });
    let field = NodeRef::<html::Input>::new();
    let change = Action::new(move |change: &ViewChange| {
        let change = change.clone();
        async move {
            views.try_set(change_views(project(), change).await?);
            name.try_set(String::new());
            renamed.try_set(None);
            // The pressed button may be gone: the keyboard stays in the menu.
            if let Some(field) = field.try_get_untracked().flatten() {
                let _ = field.focus();
            }
            Ok::<(), PageError>(())
        }
    });
    let deleted = RwSignal::new(None::<ListView>);
    let edit = Edit { name, renamed, change, deleted };
    Effect::new(move || {
        if open.get() {
            read.dispatch(());
        }
    });
    let error = move || {
        let refused =
            |result: &Option<Result<(), PageError>>| result.as_ref()?.as_ref().err().map(ToString::to_string);
        read.value().with(refused).or_else(|| change.value().with(refused))
    };
    view! {
        <Menu title="Views" open>
            <ul>{move || views.get().into_iter().map(|view| row(filter, view, edit)).collect_view()}</ul>
            <p class="view-undo" role="status">{move || deleted.get().map(|view| undo(view, edit))}</p>
            <p hidden=move || !views.with(Vec::is_empty)>"No list is saved yet."</p>
            {name_form(filter, views, edit, field)}
            {move || error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
        </Menu>
    }
    .erase()
}
