//! Named values as a table that can be folded: metadata of a step, configuration of a run.

use gauntlet_model::Object;
use leptos::prelude::*;
use serde_json::Value;

/// An object's members as text; texts as they are, anything else as JSON.
pub(super) fn pairs(object: Object) -> Vec<(String, String)> {
    object.into_iter().map(|(key, value)| (key, text(value))).collect()
}

/// As [`pairs`], nested objects as dotted keys: `optimizer.lr`.
pub(super) fn dotted_pairs(object: Object) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(String::new(), object, &mut found);
    found
}

fn collect(prefix: String, object: Object, found: &mut Vec<(String, String)>) {
    for (key, value) in object {
        let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(members) if !members.is_empty() => collect(key, members, found),
            value => found.push((key, text(value))),
        }
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Rows of a description list: terms with their values.
pub(super) fn described<T, V>(rows: Vec<(T, V)>) -> impl IntoView
where
    T: IntoView + 'static,
    V: IntoView + 'static,
{
    rows.into_iter().map(|(term, value)| view! { <dt>{term}</dt><dd>{value}</dd> }).collect_view()
}

/// A table with a title that folds it; nothing where there are no rows.
#[component]
pub(super) fn Pairs(
    title: &'static str,
    rows: Vec<(String, String)>,
    #[prop(default = true)] is_open: bool,
    /// What pointing at the table shows.
    #[prop(optional)]
    hint: String,
) -> impl IntoView {
    (!rows.is_empty()).then(|| {
        view! {
            <details class="part" open=is_open>
                <summary class="part-title">{title}</summary>
                <dl class="pairs" title=hint>{described(rows)}</dl>
            </details>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_configuration_has_dotted_keys() {
        let optimizer = serde_json::json!({"name": "adamw", "betas": [0.9, 0.95]});
        let object = serde_json::json!({"lr": 1e-6, "optimizer": optimizer, "empty": {}});
        let Value::Object(object) = object else { unreachable!() };
        let rows = dotted_pairs(object);
        let rows: Vec<_> = rows.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(
            rows,
            [("lr", "1e-6"), ("optimizer.name", "adamw"), ("optimizer.betas", "[0.9,0.95]"), ("empty", "{}")]
        );
    }
}
