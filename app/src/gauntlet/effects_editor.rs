//! The editor of the effects of the run's project: a dialog with the stage as its preview.

use std::sync::Arc;

use gauntlet_model::{
    Disagreement, EffectColor, EffectCondition, EffectKind, EffectRule, EffectSet, FailureKind, FieldError,
    Trend,
};
use gauntlet_scene::shape_words;
use leptos::prelude::*;

use super::effects::Effects;
use super::session::Session;
use crate::api::put_effects;
use crate::ui::address::encoded;
use crate::ui::{Dialog, Erase, failure_word, focus_on, number};

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

/// The index of a condition among [`conditions`], whatever its numbers are.
fn index(when: &EffectCondition) -> usize {
    let same = |known: &EffectCondition| match (known, when) {
        (EffectCondition::Failure(a), EffectCondition::Failure(b)) => a == b,
        _ => std::mem::discriminant(known) == std::mem::discriminant(when),
    };
    conditions().iter().position(|(_, known)| same(known)).unwrap_or_default()
}

/// What the numbers and names of a condition are, and these as text: `0.5`, `8, 0.2` or `verifier, 0.5`.
fn details(when: &EffectCondition) -> Option<(&'static str, String)> {
    match when {
        EffectCondition::Below(limit) | EffectCondition::Above(limit) => Some(("Limit", limit.to_string())),
        EffectCondition::Falling(trend) => {
            Some(("Steps before, fall", format!("{}, {}", trend.over, trend.by)))
        }
        EffectCondition::Disagreement(other) => {
            Some(("Other rubric, difference", format!("{}, {}", other.from, other.by)))
        }
        EffectCondition::Failure(_) | EffectCondition::Failing | EffectCondition::NotEvaluated => None,
    }
}

/// The same condition with the numbers and names of a text.
fn with_details(when: &EffectCondition, text: &str) -> Result<EffectCondition, String> {
    let number = |text: &str| number(text.trim()).ok_or_else(|| format!("{:?} is not a number", text.trim()));
    let pair = || text.rsplit_once(',').ok_or_else(|| format!("{text:?}: two values with a comma between"));
    Ok(match when {
        EffectCondition::Below(_) => EffectCondition::Below(number(text)?),
        EffectCondition::Above(_) => EffectCondition::Above(number(text)?),
        EffectCondition::Falling(_) => {
            let (over, by) = pair()?;
            let over =
                over.trim().parse().map_err(|_| format!("{:?} is not a number of steps", over.trim()))?;
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

/// A refusal in the words of the table, whose rows count from 1: `effect 3, size: is 9; it must be 0.25 to
/// 4`.
fn words(error: &FieldError) -> String {
    let place = error.field.strip_prefix("effects[").and_then(|rest| rest.split_once("]."));
    match place.and_then(|(row, field)| Some((row.parse::<usize>().ok()?, field))) {
        Some((row, field)) => format!("effect {}, {field}: {}", row + 1, error.message),
        None => error.to_string(),
    }
}

/// The dialog. Closed without saving, it leaves the effects as they were.
#[component]
pub(super) fn EffectsDialog(session: Session, open: RwSignal<bool>) -> impl IntoView {
    let content = move || view! { <Editor session open /> }.erase();
    view! { <Dialog open title="Effects of the project" content /> }
}

/// A change of one effect by what was chosen or typed. Fails with why the text is not a value; then nothing
/// has changed.
type Edit = fn(&mut EffectRule, &str) -> Result<(), String>;

/// The name of the field with the whole set as text.
const JSON: &str = "JSON";

/// What the rows and buttons of the editor share.
#[derive(Clone, Copy)]
struct Draft {
    /// The effects being edited: valid or not.
    set: RwSignal<EffectSet>,
    /// Grows when rows are added, removed or moved, or get other fields: the table is rebuilt.
    shape: RwSignal<u32>,
    /// The fields whose text is not a value, by row and name, each with the reason.
    unreadable: RwSignal<Vec<(usize, &'static str, String)>>,
    /// Why the server did not store them.
    refused: RwSignal<Option<String>>,
    /// Stores the effects; once they are stored, the dialog closes.
    saving: Action<(), ()>,
    effects: Effects,
}

impl Draft {
    /// The stored effects of a project, not edited yet, in a dialog that is open.
    fn new(effects: Effects, project: String, open: RwSignal<bool>) -> Self {
        let set = RwSignal::new((*effects.stored.get_untracked()).clone());
        let refused = RwSignal::new(None);
        let saving = Action::new(move |(): &()| {
            let stored = put_effects(project.clone(), set.get_untracked());
            async move {
                match stored.await {
                    Ok(changed) => {
                        effects.store(changed);
                        open.try_set(false);
                    }
                    Err(error) => _ = refused.try_set(Some(error.to_string())),
                }
            }
        });
        Self { set, shape: RwSignal::new(0), unreadable: RwSignal::new(Vec::new()), refused, saving, effects }
    }

    /// Why the effects cannot be saved as they are.
    fn error(self) -> Option<String> {
        let unreadable = self.unreadable.with(|fields| fields.first().map(|(.., error)| error.clone()));
        unreadable.or_else(|| self.set.with(EffectSet::check).err().map(|error| words(&error)))
    }

    /// Shows the effects on the stage, if they are valid.
    fn preview(self) {
        self.refused.set(None);
        if self.set.with_untracked(EffectSet::check).is_ok() {
            self.effects.shown.set(Arc::new(self.set.get_untracked()));
        }
    }

    /// Changes the rows as a whole. The focus goes to the condition of the given one.
    fn change_rows(self, focused: usize, change: impl FnOnce(&mut Vec<EffectRule>)) {
        self.set.update(|set| change(&mut set.effects));
        self.remake(focused);
    }

    /// Makes the table again from the effects: what was not a value is gone with its field.
    fn remake(self, focused: usize) {
        self.unreadable.set(Vec::new());
        self.shape.update(|shape| *shape += 1);
        self.preview();
        focus_on(format!(".effects tbody tr:nth-child({}) select", focused + 1));
    }

    /// Changes a field of a row.
    fn edit(self, row: usize, field: &'static str, edit: Edit, text: &str) {
        let mut other_fields = false;
        let edited = self.set.try_update(|set| {
            let rule = set.effects.get_mut(row)?;
            let before = index(&rule.when);
            let edited = edit(rule, text);
            other_fields = index(&rule.when) != before;
            edited.err()
        });
        self.unreadable.update(|fields| {
            // The text of the set is written again with every change of a field.
            fields.retain(|(of, name, _)| (*of, *name) != (row, field) && *name != JSON);
            if let Some(Some(error)) = edited {
                fields.push((row, field, format!("effect {}, {field}: {error}", row + 1)));
            }
        });
        if other_fields { self.remake(row) } else { self.preview() }
    }

    /// Asks the server to store the effects, if they are valid and it is not asked already.
    fn save(self) {
        if self.error().is_none() && !self.saving.pending().get_untracked() {
            self.saving.dispatch(());
        }
    }
}

#[component]
fn Editor(session: Session, open: RwSignal<bool>) -> impl IntoView {
    let effects = session.view.effects;
    let project = session.summary(|run| run.project.clone());
    let file = format!("/api/v1/projects/{}/effects", encoded(&project));
    let draft = Draft::new(effects, project, open);
    // Closed by any way, the stage shows what is stored.
    on_cleanup(move || {
        if let Some(stored) = effects.stored.try_get_untracked() {
            effects.shown.try_set(stored);
        }
    });
    let submit = move |e: web_sys::SubmitEvent| {
        e.prevent_default();
        draft.save();
    };
    let add = move |_| draft.change_rows(0, |rows| rows.insert(0, first_rule()));
    let reset = move |_| draft.change_rows(0, |rows| *rows = EffectSet::default().effects);
    let import = move |e| match EffectSet::from_json(&event_target_value(&e)) {
        // The version stays that of the project: the text may come from another one.
        Ok(set) => draft.change_rows(0, |rows| *rows = set.effects),
        Err(error) => draft.unreadable.set(vec![(0, JSON, format!("JSON: {}", words(&error)))]),
    };
    let overtaken = move || {
        let version = effects.stored.with(|stored| stored.version);
        (version != draft.set.with(|set| set.version)).then(|| {
            format!("Somebody has changed the effects: version {version} is stored now. Cancel to edit that.")
        })
    };
    let problem = move || draft.error().or_else(|| draft.refused.get()).or_else(overtaken);
    view! {
        <form class="effects" on:submit=submit>
            <p>"At a step the first effect whose condition holds is drawn. The stage shows it at once."</p>
            {table(draft)}
            <details>
                <summary>"As JSON, to copy or to replace"</summary>
                <textarea class="field" rows="8" spellcheck="false" aria-label="Effects as JSON"
                    prop:value=move || draft.set.with(EffectSet::to_json) on:change=import></textarea>
            </details>
            {move || problem().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
            <div class="dialog-ways">
                <button type="button" class="button" on:click=add>"Add"</button>
                <button type="button" class="button" on:click=reset>"Defaults"</button>
                <a class="button" href=file download="effects.json" rel="external">"Export stored"</a>
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button is-on"
                    disabled=move || draft.error().is_some() || draft.saving.pending().get()>"Save"</button>
            </div>
        </form>
    }
    .erase()
}

/// What an added effect is before it is edited.
fn first_rule() -> EffectRule {
    EffectRule {
        rubric: Some("root".to_owned()),
        when: EffectCondition::Below(0.0),
        shape: EffectKind::Glow,
        color: EffectColor::Blue,
        size: 1.0,
    }
}

/// The effects by priority.
fn table(draft: Draft) -> impl IntoView {
    let rows = move || {
        draft.shape.track();
        let effects = draft.set.with_untracked(|set| set.effects.clone());
        effects.iter().enumerate().map(|(i, rule)| row(draft, i, rule)).collect::<Vec<_>>()
    };
    view! {
        <div class="dialog-scroll" tabindex="0" role="region" aria-label="Effects by priority">
            <table class="parameters">
                <thead><tr>
                    <th scope="col">"Priority"</th><th scope="col">"Condition"</th>
                    <th scope="col">"Rubric"</th><th scope="col">"Values"</th>
                    <th scope="col">"Shape"</th><th scope="col">"Colour"</th>
                    <th scope="col">"Size"</th><th scope="col">"Change"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// One effect of the table.
fn row(draft: Draft, i: usize, rule: &EffectRule) -> AnyView {
    let condition_words = conditions().into_iter().map(|(words, _)| words).collect();
    let shapes = EffectKind::ALL.map(|kind| shape_words(kind).to_owned()).into();
    let colors = EffectColor::ALL.map(|color| color.as_str().to_owned()).into();
    let shape = EffectKind::ALL.iter().position(|kind| *kind == rule.shape).unwrap_or_default();
    let color = EffectColor::ALL.iter().position(|color| *color == rule.color).unwrap_or_default();
    let details = details(&rule.when);
    let move_up = move |_| {
        let before = i.saturating_sub(1);
        draft.change_rows(before, |rows| {
            if i < rows.len() {
                rows.swap(before, i);
            }
        });
    };
    let remove = move |_| {
        draft.change_rows(i.saturating_sub(1), |rows| {
            if i < rows.len() {
                rows.remove(i);
            }
        });
    };
    view! {
        <tr>
            <th scope="row">{i + 1}</th>
            {choice(draft, i, "Condition", condition_words, index(&rule.when), choose_condition)}
            {field(draft, i, "Rubric", rule.rubric.clone(), type_rubric)}
            {field(draft, i, details.as_ref().map_or("", |d| d.0), details.map(|d| d.1), type_details)}
            {choice(draft, i, "Shape", shapes, shape, choose_shape)}
            {choice(draft, i, "Colour", colors, color, choose_color)}
            {field(draft, i, "Size", Some(rule.size.to_string()), type_size)}
            <td>
                <button type="button" class="tool" aria-label=format!("Move effect {} up", i + 1)
                    disabled=i == 0 on:click=move_up>"Up"</button>
                <button type="button" class="tool" aria-label=format!("Remove effect {}", i + 1)
                    on:click=remove>"Remove"</button>
            </td>
        </tr>
    }
    .erase()
}

/// A cell with a choice among words; the edit gets the index of the chosen ones.
fn choice(
    draft: Draft,
    row: usize,
    name: &'static str,
    words: Vec<String>,
    chosen: usize,
    edit: Edit,
) -> AnyView {
    let options = words.into_iter().enumerate().map(|(at, words)| {
        view! { <option value=at.to_string() selected=at == chosen>{words}</option> }
    });
    view! {
        <td><select class="field" aria-label=format!("{name} of effect {}", row + 1)
            on:change=move |e| draft.edit(row, name, edit, &event_target_value(&e))>
            {options.collect::<Vec<_>>()}
        </select></td>
    }
    .erase()
}

/// A cell with a text; empty where the condition has no such value.
fn field(draft: Draft, row: usize, name: &'static str, text: Option<String>, edit: Edit) -> AnyView {
    let input = text.map(|text| {
        view! {
            <input type="text" class="field" autocomplete="off" spellcheck="false" title=name
                aria-label=format!("{name} of effect {}", row + 1) prop:value=text
                on:input=move |e| draft.edit(row, name, edit, &event_target_value(&e)) />
        }
    });
    view! { <td>{input}</td> }.erase()
}

fn choose_condition(rule: &mut EffectRule, at: &str) -> Result<(), String> {
    let (_, when) = at.parse().ok().and_then(|at| conditions().into_iter().nth(at)).ok_or("is unknown")?;
    rule.rubric = match when {
        EffectCondition::Failure(_) => None,
        _ => rule.rubric.take().or_else(|| Some("root".to_owned())),
    };
    rule.when = when;
    Ok(())
}

fn choose_shape(rule: &mut EffectRule, at: &str) -> Result<(), String> {
    rule.shape = *at.parse().ok().and_then(|at: usize| EffectKind::ALL.get(at)).ok_or("is unknown")?;
    Ok(())
}

fn choose_color(rule: &mut EffectRule, at: &str) -> Result<(), String> {
    rule.color = *at.parse().ok().and_then(|at: usize| EffectColor::ALL.get(at)).ok_or("is unknown")?;
    Ok(())
}

fn type_rubric(rule: &mut EffectRule, text: &str) -> Result<(), String> {
    rule.rubric = Some(text.to_owned());
    Ok(())
}

fn type_details(rule: &mut EffectRule, text: &str) -> Result<(), String> {
    rule.when = with_details(&rule.when, text)?;
    Ok(())
}

fn type_size(rule: &mut EffectRule, text: &str) -> Result<(), String> {
    rule.size =
        number(text.trim()).ok_or_else(|| format!("{text:?} is not a number; it must be 0.25 to 4"))?;
    Ok(())
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
        assert_eq!(with_details(&falling, "x, 1").unwrap_err(), "\"x\" is not a number of steps");
        assert_eq!(with_details(&EffectCondition::Below(0.0), "low").unwrap_err(), "\"low\" is not a number");
    }

    #[test]
    fn a_refusal_names_the_row_as_the_table_does() {
        let mut set = EffectSet::default();
        set.effects[2].size = 9.0;
        assert_eq!(words(&set.check().unwrap_err()), "effect 3, size: is 9; it must be 0.25 to 4");
        assert_eq!(words(&FieldError::new("effects", "has 33")), "effects: has 33");
    }

    #[test]
    fn a_condition_of_rubrics_has_a_rubric_and_a_failure_has_none() {
        let mut rule = EffectSet::default().effects.remove(0);
        for (at, (_, when)) in conditions().into_iter().enumerate() {
            choose_condition(&mut rule, &at.to_string()).unwrap();
            assert_eq!(rule.when, when);
            let set = EffectSet { version: 0, effects: vec![rule.clone()] };
            set.check().unwrap();
        }
        assert_eq!(choose_condition(&mut rule, "99"), Err("is unknown".to_owned()));
    }
}
