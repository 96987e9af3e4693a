//! The dialog that changes the training's parameters: a table of those the run declares, with type, range and
//! value; all changes go as one command.

use gauntlet_model::{Action, DeclaredParameter, Object};
use leptos::prelude::*;
use serde_json::{Number, Value};

use super::commands::Commands;
use crate::api::get_parameters;
use crate::ui::{Dialog, Erase, number};

/// The dialog.
#[component]
pub(super) fn TweakDialog(commands: Commands, open: RwSignal<bool>) -> impl IntoView {
    let run = commands.session.summary(|s| s.id.to_string());
    let content = move || {
        let run = run.clone();
        let declared = LocalResource::new(move || get_parameters(run.clone()));
        view! {
            <Suspense fallback=|| view! { <p class="quiet-words" role="status">"Reading the parameters"</p> }>
                {move || Suspend::new(async move {
                    match declared.await {
                        Ok(declared) => view! { <TweakForm commands open declared /> }.erase(),
                        Err(error) => {
                            view! { <p class="trouble" role="alert">{error.to_string()}</p> }.erase()
                        }
                    }
                })}
            </Suspense>
        }
        .erase()
    };
    view! { <Dialog open title="Change parameters of the training" content /> }
}

/// A text as the value of a parameter.
fn parse(parameter: &DeclaredParameter, text: &str) -> Value {
    let text = text.trim();
    match &parameter.value {
        Value::String(_) => text.into(),
        Value::Bool(_) => text.parse::<bool>().map_or_else(|_| text.into(), Value::Bool),
        _ => plain(text),
    }
}

/// A text as the plain value it looks like: a number, `true` or `false`, or a text.
fn plain(text: &str) -> Value {
    let integer = text.parse::<i64>().map(Number::from).ok();
    let found = integer.or_else(|| Number::from_f64(number(text)?));
    match (found, text) {
        (Some(number), _) => Value::Number(number),
        (None, "true") => true.into(),
        (None, "false") => false.into(),
        (None, _) => text.into(),
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `0 to 1`, `at least 0`, or nothing.
fn range(parameter: &DeclaredParameter) -> String {
    match (parameter.min, parameter.max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => String::new(),
    }
}

/// One parameter with the text of its field, which is empty until something is typed.
#[derive(Clone)]
struct Field {
    parameter: DeclaredParameter,
    text: RwSignal<String>,
}

impl Field {
    /// The new value, where it differs from the present one.
    fn change(&self) -> Option<Value> {
        let text = self.text.get();
        let value = (!text.trim().is_empty()).then(|| parse(&self.parameter, &text))?;
        (value != self.parameter.value).then_some(value)
    }

    /// Why the new value does not fit.
    fn error(&self) -> Option<String> {
        self.parameter.check(&self.change()?).err().map(|error| error.message)
    }
}

/// The parameters that the run declares, each with a field for its new value.
fn declared_fields(fields: StoredValue<Vec<Field>>) -> impl IntoView {
    view! {
        <div class="dialog-scroll" tabindex="0" role="region" aria-label="Parameters">
            <table class="parameters">
                <thead><tr>
                    <th scope="col">"Parameter"</th><th scope="col">"Type"</th>
                    <th scope="col">"Range"</th><th scope="col" class="num">"Now"</th>
                    <th scope="col">"New"</th>
                </tr></thead>
                <tbody>
                    {fields.with_value(|fields| fields.iter().cloned().map(row).collect_view())}
                </tbody>
            </table>
        </div>
    }
}

/// A name and a value, where the run declares no parameters.
fn free_fields(name: RwSignal<String>, value: RwSignal<String>) -> impl IntoView {
    view! {
        <p>
            "This run declares no parameters, so the training side alone knows what may be \
            changed. Its answer will say."
        </p>
        <div class="dialog-fields">
            <label>"Parameter"<input type="text" class="field" autocomplete="off" spellcheck="false"
                on:input=move |e| name.set(event_target_value(&e)) /></label>
            <label>"New value"<input type="text" class="field" autocomplete="off" spellcheck="false"
                on:input=move |e| value.set(event_target_value(&e)) /></label>
        </div>
    }
}

#[component]
fn TweakForm(commands: Commands, open: RwSignal<bool>, declared: Vec<DeclaredParameter>) -> impl IntoView {
    let is_declared = !declared.is_empty();
    let field = |parameter| Field { parameter, text: RwSignal::new(String::new()) };
    let fields = StoredValue::new(declared.into_iter().map(field).collect::<Vec<_>>());
    let (name, free) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let changes = Memo::new(move |_| {
        let changed = |f: &Field| Some((f.parameter.name.clone(), f.change()?));
        let mut changes: Object = fields.with_value(|fields| fields.iter().filter_map(changed).collect());
        let (name, value) = (name.get().trim().to_owned(), free.get().trim().to_owned());
        if !name.is_empty() && !value.is_empty() {
            changes.insert(name, plain(&value));
        }
        changes
    });
    let is_good = move || fields.with_value(|fields| fields.iter().all(|f| f.error().is_none()));
    let before = commands.accepted();
    Effect::new(move || {
        if commands.accepted() > before {
            open.set(false);
        }
    });
    let send = move |e: web_sys::SubmitEvent| {
        e.prevent_default();
        commands.send_with(Action::Tweak, changes.get_untracked());
    };
    let count = move || changes.with(Object::len);
    let words = move || match count() {
        0 => "Nothing is changed yet.".to_owned(),
        1 => "1 change, sent as one command.".to_owned(),
        n => format!("{n} changes, sent as one command."),
    };
    view! {
        <form on:submit=send>
            {is_declared.then(|| declared_fields(fields))}
            {(!is_declared).then(|| free_fields(name, free))}
            {move || commands.error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
            <div class="dialog-ways">
                <span class="dialog-note" role="status">{words}</span>
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button
                    type="submit" class="button is-on"
                    disabled=move || count() == 0 || !is_good() || commands.is_busy()
                >
                    "Send"
                </button>
            </div>
        </form>
    }
    .erase()
}

fn row(field: Field) -> impl IntoView {
    let Field { parameter, text } = &field;
    let (name, now, text) = (parameter.name.clone(), shown(&parameter.value), *text);
    let (type_word, range) = (parameter.type_word(), range(parameter));
    let label = format!("New value of {name}");
    let typed = move |e| text.set(event_target_value(&e));
    let input = match parameter.value {
        Value::Bool(now) => view! {
            <select class="field" aria-label=label on:change=typed>
                <option value="">"unchanged"</option>
                <option value=(!now).to_string()>{(!now).to_string()}</option>
            </select>
        }
        .erase(),
        _ => view! {
            <input
                type="text" class="field" aria-label=label placeholder=now.clone() autocomplete="off"
                spellcheck="false" on:input=typed
            />
        }
        .erase(),
    };
    let error = Memo::new(move |_| field.error());
    view! {
        <tr class:is-bad=move || error.with(Option::is_some)>
            <th scope="row"><bdi>{name}</bdi></th>
            <td>{type_word}</td>
            <td>{range}</td>
            <td class="num">{now}</td>
            <td>
                {input}
                {move || error.get().map(|error| view! {
                    <small class="field-error" role="alert">{error}</small>
                })}
            </td>
        </tr>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameter(value: Value) -> DeclaredParameter {
        DeclaredParameter { name: "p".to_owned(), value, min: Some(0.0), max: None }
    }

    #[test]
    fn a_field_is_read_as_the_type_of_its_parameter() {
        let read = |now: Value, text| parse(&parameter(now), text);
        assert_eq!(read(json!(1.5), " 2 "), json!(2));
        assert_eq!(read(json!(1.5), "1e-6"), json!(1e-6));
        assert_eq!(read(json!(1.5), "two"), json!("two"));
        assert_eq!(read(json!(true), "false"), json!(false));
        assert_eq!(read(json!("a"), "7"), json!("7"));
        assert_eq!(range(&parameter(json!(1))), "at least 0");
        assert_eq!([plain("true"), plain("-3"), plain("x y")], [json!(true), json!(-3), json!("x y")]);
    }
}
