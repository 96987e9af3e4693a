//! The effects of the project: read when the page opens, and edited in a dialog with the stage as the
//! preview.

use std::sync::Arc;

use gauntlet_model::{
    Disagreement, EffectColor, EffectCondition, EffectKind, EffectRule, EffectSet, FailureKind, FieldError,
    Trend,
};
use gauntlet_scene::shape_words;
use leptos::prelude::*;

use super::session::Session;
use crate::api::{PageError, get_effects, put_effects};
use crate::ui::address::encoded;
use crate::ui::{Dialog, Erase, failure_word};

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

/// The conditions that a row offers: their words, and the first value of each.
fn conditions() -> Vec<(String, EffectCondition)> {
    let failures = FailureKind::ALL
        .map(|kind| (format!("step failure: {}", failure_word(kind)), EffectCondition::Failure(kind)));
    let of_rubrics = [
        ("fails by the rules", EffectCondition::Failing),
        ("below", EffectCondition::Below(0.0)),
        ("above", EffectCondition::Above(0.0)),
        ("falling", EffectCondition::Falling(Trend { over: 8, by: 0.2 })),
        ("not evaluated", EffectCondition::NotEvaluated),
        ("disagreement", EffectCondition::Disagreement(Disagreement { from: "root".to_owned(), by: 0.5 })),
    ];
    failures.into_iter().chain(of_rubrics.map(|(words, when)| (words.to_owned(), when))).collect()
}

/// The place of a condition among [`conditions`], whatever its numbers are.
fn place(when: &EffectCondition) -> usize {
    let same = |known: &EffectCondition| match (known, when) {
        (EffectCondition::Failure(a), EffectCondition::Failure(b)) => a == b,
        _ => std::mem::discriminant(known) == std::mem::discriminant(when),
    };
    conditions().iter().position(|(_, known)| same(known)).unwrap_or_default()
}

/// The numbers and names of a condition as text: `0.5`, `8, 0.2` or `verifier, 0.5`.
fn details(when: &EffectCondition) -> Option<(&'static str, String)> {
    match when {
        EffectCondition::Below(limit) | EffectCondition::Above(limit) => Some(("limit", limit.to_string())),
        EffectCondition::Falling(trend) => {
            Some(("steps before, fall", format!("{}, {}", trend.over, trend.by)))
        }
        EffectCondition::Disagreement(other) => {
            Some(("other rubric, difference", format!("{}, {}", other.from, other.by)))
        }
        EffectCondition::Failure(_) | EffectCondition::Failing | EffectCondition::NotEvaluated => None,
    }
}

/// The same condition with the numbers and names of a text.
fn with_details(when: &EffectCondition, text: &str) -> Result<EffectCondition, String> {
    let number =
        |text: &str| text.trim().parse::<f64>().map_err(|_| format!("{:?} is no number", text.trim()));
    let pair = || text.rsplit_once(',').ok_or_else(|| format!("{text:?}: two values with a comma between"));
    Ok(match when {
        EffectCondition::Below(_) => EffectCondition::Below(number(text)?),
        EffectCondition::Above(_) => EffectCondition::Above(number(text)?),
        EffectCondition::Falling(_) => {
            let (over, by) = pair()?;
            let over = over.trim().parse().map_err(|_| format!("{:?} is no number of steps", over.trim()))?;
            EffectCondition::Falling(Trend { over, by: number(by)? })
        }
        EffectCondition::Disagreement(_) => {
            let (from, by) = pair()?;
            EffectCondition::Disagreement(Disagreement { from: from.trim().to_owned(), by: number(by)? })
        }
        EffectCondition::Failure(_) | EffectCondition::Failing | EffectCondition::NotEvaluated => {
            when.clone()
        }
    })
}

/// The dialog. Closed without saving, it leaves the effects as they were.
#[component]
pub(super) fn EffectsDialog(session: Session, open: RwSignal<bool>) -> impl IntoView {
    let stored = StoredValue::new(session.view.effects.get_untracked());
    let content = move || {
        stored.set_value(session.view.effects.get_untracked());
        view! { <Editor session open stored /> }.erase()
    };
    view! { <Dialog open title="Effects of the project" content /> }
}

/// What the rows and buttons of the editor share.
#[derive(Clone, Copy)]
struct Draft {
    /// The effects being edited: valid or not.
    set: RwSignal<EffectSet>,
    /// Grows when rows are added, removed or moved, or all change: the table is made anew.
    shape: RwSignal<u32>,
    error: RwSignal<Option<String>>,
    shown: RwSignal<Arc<EffectSet>>,
}

impl Draft {
    /// Changes the effects and shows them on the stage, if they are valid.
    fn change(self, change: impl FnOnce(&mut EffectSet)) {
        self.set.update(change);
        match self.set.with_untracked(EffectSet::check) {
            Ok(()) => {
                self.error.set(None);
                self.shown.set(Arc::new(self.set.get_untracked()));
            }
            Err(error) => self.error.set(Some(words(&error))),
        }
    }

    fn change_rows(self, change: impl FnOnce(&mut Vec<EffectRule>)) {
        self.change(|set| change(&mut set.effects));
        self.shape.update(|shape| *shape += 1);
    }

    fn change_row(self, row: usize, change: impl FnOnce(&mut EffectRule)) {
        self.change(|set| {
            if let Some(rule) = set.effects.get_mut(row) {
                change(rule);
            }
        });
    }
}

fn words(error: &FieldError) -> String {
    error.to_string()
}

#[component]
fn Editor(
    session: Session,
    open: RwSignal<bool>,
    /// The effects that the server has.
    stored: StoredValue<Arc<EffectSet>>,
) -> impl IntoView {
    let shown = session.view.effects;
    let draft = Draft {
        set: RwSignal::new((*shown.get_untracked()).clone()),
        shape: RwSignal::new(0),
        error: RwSignal::new(None),
        shown,
    };
    let project = session.summary(|run| run.project.clone());
    let file = format!("/api/v1/projects/{}/effects", encoded(&project));
    let save = Action::new(move |set: &EffectSet| {
        let (project, set) = (project.clone(), set.clone());
        async move {
            let changed = Arc::new(put_effects(project, set).await?);
            stored.try_set_value(changed.clone());
            shown.try_set(changed);
            open.try_set(false);
            Ok::<(), PageError>(())
        }
    });
    // Closed by any way, the stage shows what is stored.
    on_cleanup(move || {
        if let Some(effects) = stored.try_get_value() {
            shown.try_set(effects);
        }
    });
    let refused =
        move || save.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string));
    let submit = move |e: web_sys::SubmitEvent| {
        e.prevent_default();
        if draft.error.with_untracked(Option::is_none) {
            save.dispatch(draft.set.get_untracked());
        }
    };
    let add = move |_| {
        draft.change_rows(|rows| {
            rows.insert(
                0,
                EffectRule {
                    rubric: Some("root".to_owned()),
                    when: EffectCondition::Below(0.0),
                    shape: EffectKind::Glow,
                    color: EffectColor::Blue,
                    size: 1.0,
                },
            );
        });
    };
    let reset = move |_| draft.change_rows(|rows| *rows = EffectSet::default().effects);
    let import = move |e| match EffectSet::from_json(&event_target_value(&e)) {
        // The version stays that of the project: the text may come from another one.
        Ok(set) => draft.change_rows(|rows| *rows = set.effects),
        Err(error) => draft.error.set(Some(words(&error))),
    };
    let rows = move || {
        draft.shape.track();
        let effects = draft.set.with_untracked(|set| set.effects.clone());
        effects.into_iter().enumerate().map(|(i, rule)| row(draft, i, rule)).collect_view()
    };
    view! {
        <form class="effects" on:submit=submit>
            <p>
                "At a step the first effect whose condition holds is drawn. The stage shows changes at once."
            </p>
            <div class="dialog-scroll" tabindex="0" role="region" aria-label="Effects by priority">
                <table class="parameters">
                    <thead><tr>
                        <th scope="col">"Condition"</th><th scope="col">"Rubric"</th>
                        <th scope="col">"Values"</th><th scope="col">"Shape"</th>
                        <th scope="col">"Colour"</th><th scope="col">"Size"</th>
                        <th scope="col">"Priority"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <details>
                <summary>"As JSON, to copy or to replace"</summary>
                <textarea class="field" rows="8" spellcheck="false" aria-label="Effects as JSON"
                    prop:value=move || draft.set.with(EffectSet::to_json) on:change=import></textarea>
            </details>
            {move || draft.error.get().or_else(refused).map(|error| {
                view! { <p class="trouble" role="alert">{error}</p> }
            })}
            <div class="dialog-ways">
                <button type="button" class="button" on:click=add>"Add"</button>
                <button type="button" class="button" on:click=reset>"Defaults"</button>
                <a class="button" href=file download="effects.json" rel="external">"Export stored"</a>
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button is-on"
                    disabled=move || draft.error.with(Option::is_some) || save.pending().get()>"Save"</button>
            </div>
        </form>
    }
    .erase()
}

/// One effect of the table.
fn row(draft: Draft, i: usize, rule: EffectRule) -> impl IntoView {
    let label = move |what: &str| format!("{what} of effect {}", i + 1);
    let is_of_step = matches!(rule.when, EffectCondition::Failure(_));
    let chosen = place(&rule.when);
    let choose = move |e| {
        let Ok(choice) = event_target_value(&e).parse::<usize>() else { return };
        let Some((_, when)) = conditions().into_iter().nth(choice) else { return };
        draft.change_rows(|rows| {
            if let Some(rule) = rows.get_mut(i) {
                rule.rubric = match when {
                    EffectCondition::Failure(_) => None,
                    _ => rule.rubric.take().or_else(|| Some("root".to_owned())),
                };
                rule.when = when;
            }
        });
    };
    let type_details = move |e| {
        let when = draft.set.with_untracked(|set| set.effects.get(i).map(|rule| rule.when.clone()));
        let Some(when) = when else { return };
        match with_details(&when, &event_target_value(&e)) {
            Ok(when) => draft.change_row(i, |rule| rule.when = when),
            Err(error) => draft.error.set(Some(format!("effects[{i}].when: {error}"))),
        }
    };
    let type_size = move |e| match event_target_value(&e).trim().parse::<f64>() {
        Ok(size) => draft.change_row(i, |rule| rule.size = size),
        Err(_) => draft.error.set(Some(format!("effects[{i}].size: is no number; it must be 0.25 to 4"))),
    };
    let up = move |_| {
        draft.change_rows(|rows| {
            if let Some(before) = i.checked_sub(1).filter(|_| i < rows.len()) {
                rows.swap(before, i);
            }
        });
    };
    let remove = move |_| {
        draft.change_rows(|rows| {
            if i < rows.len() {
                rows.remove(i);
            }
        });
    };
    let type_rubric = move |e| draft.change_row(i, |rule| rule.rubric = Some(event_target_value(&e)));
    let (shape, color) = (rule.shape, rule.color);
    view! {
        <tr>
            <td><select class="field" aria-label=label("Condition") on:change=choose>
                {conditions().into_iter().enumerate().map(|(at, (words, _))| view! {
                    <option value=at.to_string() selected=at == chosen>{words}</option>
                }).collect_view()}
            </select></td>
            <td>{(!is_of_step).then(|| view! {
                <input type="text" class="field" autocomplete="off" spellcheck="false"
                    aria-label=label("Rubric") prop:value=rule.rubric.clone().unwrap_or_default()
                    on:input=type_rubric />
            })}</td>
            <td>{details(&rule.when).map(|(words, value)| view! {
                <input type="text" class="field" autocomplete="off" title=words
                    aria-label=label(words) prop:value=value on:input=type_details />
            })}</td>
            <td><select class="field" aria-label=label("Shape") on:change=move |e| {
                let word = event_target_value(&e);
                if let Some(shape) = EffectKind::ALL.into_iter().find(|kind| kind.as_str() == word) {
                    draft.change_row(i, |rule| rule.shape = shape);
                }
            }>
                {EffectKind::ALL.map(|kind| view! {
                    <option value=kind.as_str() selected=kind == shape>{shape_words(kind)}</option>
                }).collect_view()}
            </select></td>
            <td><select class="field" aria-label=label("Colour") on:change=move |e| {
                let word = event_target_value(&e);
                if let Some(color) = EffectColor::ALL.into_iter().find(|c| c.as_str() == word) {
                    draft.change_row(i, |rule| rule.color = color);
                }
            }>
                {EffectColor::ALL.map(|known| view! {
                    <option value=known.as_str() selected=known == color>{known.as_str()}</option>
                }).collect_view()}
            </select></td>
            <td><input type="number" class="field" min="0.25" max="4" step="0.05" aria-label=label("Size")
                prop:value=rule.size.to_string() on:input=type_size /></td>
            <td>
                <button type="button" class="tool" aria-label=format!("Move effect {} up", i + 1)
                    disabled=i == 0 on:click=up>"Up"</button>
                <button type="button" class="tool" aria-label=format!("Remove effect {}", i + 1)
                    on:click=remove>"Remove"</button>
            </td>
        </tr>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_condition_are_read_as_they_are_shown() {
        for (_, when) in conditions() {
            let Some((_, text)) = details(&when) else { continue };
            assert_eq!(with_details(&when, &text), Ok(when));
        }
        let falling = EffectCondition::Falling(Trend { over: 8, by: 0.2 });
        assert_eq!(with_details(&falling, "8").unwrap_err(), "\"8\": two values with a comma between");
        assert_eq!(with_details(&falling, "x, 1").unwrap_err(), "\"x\" is no number of steps");
        assert_eq!(with_details(&EffectCondition::Below(0.0), "low").unwrap_err(), "\"low\" is no number");
    }
}
