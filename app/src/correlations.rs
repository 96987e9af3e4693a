//! The part of the groups' page that shows which rubrics move together.

use gauntlet_api::Correlations;
use leptos::prelude::*;

use crate::ui::{Erase, grouped, percent};

/// A rubric is called saturated where this share of its scores are the same.
const SATURATED: f64 = 0.95;
/// The size of a coefficient from which on a pair is named.
const STRONG: f64 = 0.5;

/// The form for the range of steps, the list of what is notable, and the matrix. `view` is the rest of the
/// page's address, which the form leaves as it is.
pub(crate) fn section(
    range: (Option<u64>, Option<u64>),
    view: [(&'static str, Option<String>); 5],
    found: &Correlations,
) -> impl IntoView + use<> {
    let unchanged = view.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let unchanged = unchanged.map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
    let field = |name: &'static str, words: &'static str, value: Option<u64>| {
        view! {
            <label>
                {words}" "
                <input
                    name=name type="text" inputmode="numeric" pattern="[0-9]*" size="9" autocomplete="off"
                    value=value.map(|step| step.to_string())
                />
            </label>
        }
    };
    let body = match found.paths.len() {
        0 | 1 => view! { <p class="quiet-words">"Fewer than two rubrics have a score here."</p> }.erase(),
        _ => matrix(found).erase(),
    };
    view! {
        <section class="correlations" id="correlations" aria-labelledby="correlations-title">
            <h2 id="correlations-title">"Which rubrics move together"</h2>
            <form class="chips" method="get" action="#correlations">
                {unchanged.collect_view()}
                {field("from", "From step", range.0)}
                {field("to", "to", range.1)}
                <button class="button">"Show"</button>
            </form>
            {body}
        </section>
    }
}

/// Pairs whose coefficient is at least [`STRONG`] in size and of that sign, the strongest first.
fn pairs(found: &Correlations, sign: f64) -> Vec<(f64, String)> {
    let mut strong = Vec::new();
    for (row, (coefficients, a)) in found.coefficients.iter().zip(&found.paths).enumerate() {
        for (coefficient, b) in coefficients.iter().zip(&found.paths).skip(row + 1) {
            let strength = coefficient.unwrap_or_default() * sign;
            if strength >= STRONG {
                strong.push((strength, format!("{a} and {b}")));
            }
        }
    }
    strong.sort_by(|a, b| b.0.total_cmp(&a.0));
    strong
}

/// At most three names, and the number of the others.
fn few(names: &[String]) -> String {
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn matrix(found: &Correlations) -> impl IntoView + use<> {
    let named = |sign: f64| pairs(found, sign).into_iter().map(|(_, pair)| pair).collect::<Vec<_>>();
    let saturated: Vec<String> = found
        .paths
        .iter()
        .zip(&found.most_common)
        .filter(|(_, share)| **share >= SATURATED)
        .map(|(path, _)| path.clone())
        .collect();
    let notable = [
        ("One falls as the other rises", named(-1.0)),
        ("Rise and fall together", named(1.0)),
        ("Saturated: nearly all scores are the same", saturated),
    ];
    let notable = notable.into_iter().filter(|(_, names)| !names.is_empty());
    let notable = notable.map(|(words, names)| view! { <li>{words}": "<bdi>{few(&names)}</bdi></li> });
    let heads = || found.paths.iter().map(|path| view! { <th scope="col"><bdi>{path.clone()}</bdi></th> });
    let rows = found.paths.iter().zip(&found.most_common).zip(&found.coefficients);
    let rows = rows.enumerate().map(|(row, ((path, most_common), coefficients))| {
        let cells = coefficients.iter().enumerate().map(|(column, coefficient)| match coefficient {
            Some(_) if row == column => view! { <td class="is-self">"1"</td> }.erase(),
            Some(value) => {
                let class = if *value < 0.0 { "is-opposed" } else { "is-alike" };
                let strength = format!("--strength:{:.0}%", value.abs() * 45.0);
                view! { <td class=class style=strength>{format!("{value:+.2}")}</td> }.erase()
            }
            None => view! { <td>"n/e"</td> }.erase(),
        });
        view! {
            <tr>
                <th scope="row"><bdi>{path.clone()}</bdi></th>
                <td>{percent(*most_common)}</td>
                {cells.collect_view()}
            </tr>
        }
    });
    let read = match found.read < found.nodes {
        true => format!("{} of {} rollouts read", grouped(found.read), grouped(found.nodes)),
        false => format!("{} rollouts", grouped(found.nodes)),
    };
    let left_out = (found.left_out > 0).then(|| format!(", {} more rubrics left out", found.left_out));
    view! {
        <ul class="notable">{notable.collect_view()}</ul>
        <div class="compare-scroll" role="region" aria-label="Correlations of the rubrics" tabindex="0">
            <table>
                <caption>
                    "Rank correlation (Spearman), from -1 to +1; "{read}{left_out}
                </caption>
                <thead>
                    <tr>
                        <th scope="col">"Rubric"</th><th scope="col">"Same score"</th>{heads().collect_view()}
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}
