//! What the run page shows of a step beside another run: the rubrics of both, and what the answers have in
//! common. Rendered on the server, so that the page's bundle has none of it.

use gauntlet_api::{RubricPair, RubricReading};
use gauntlet_model::RunId;
use leptos::prelude::*;

use super::tasks::moment;
use crate::ui::{Erase, quantity, score};

/// Two snapshots side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct SideBySide {
    /// The names of the runs.
    pub names: [String; 2],
    /// The other run, and the step of its snapshot.
    pub other: (RunId, u64),
    /// Their rubrics and measurements.
    pub rubrics: Vec<RubricPair>,
    /// Whether both answer the same prompt; `None` where one of them recorded none.
    pub is_same_prompt: Option<bool>,
    /// The action of the first run as HTML that runs nothing: words of the second alone in `del`, words of
    /// the first alone in `ins`.
    pub action: String,
}

/// The two snapshots as HTML.
pub fn side_by_side(content: SideBySide) -> String {
    Owner::new().with(|| view_of(content).to_html())
}

fn view_of(content: SideBySide) -> impl IntoView {
    let SideBySide { names: [name, other], other: (id, step), rubrics, is_same_prompt, action } = content;
    let href = moment(&id, step, None);
    let prompt = match is_same_prompt {
        Some(true) => "Both answer the same prompt.",
        Some(false) => "The prompts differ: align by task to compare answers.",
        None => "No prompt was recorded to compare.",
    };
    let rows = rubrics.into_iter().map(row).collect_view();
    let words = format!("Struck out: only in {other}. Marked: only in {name}.");
    let changes = match action.is_empty() {
        true => view! { <p class="hint">"Neither run recorded an action."</p> }.erase(),
        false => view! {
            <p class="hint">{words}</p>
            <pre class="text changes" tabindex="0" inner_html=action></pre>
        }
        .erase(),
    };
    view! {
        <div class="beside-scroll" tabindex="0" role="region" aria-label="Rubrics of both runs">
            <table class="beside-table">
                <thead>
                    <tr>
                        <th scope="col">"Rubric"</th>
                        <th scope="col" class="num"><bdi>{name}</bdi></th>
                        <th scope="col" class="num"><a class="link" href=href><bdi>{other}</bdi></a></th>
                        <th scope="col" class="num">"difference"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <h4 class="part-title">"Both actions, word by word"</h4>
        <p class="hint">{prompt}</p>
        {changes}
    }
}

fn row(pair: RubricPair) -> impl IntoView {
    let difference = pair.difference();
    let RubricPair { path, is_measurement, mine, other } = pair;
    let text = move |value: f64| if is_measurement { quantity(value) } else { score(value) };
    let cell = move |reading: RubricReading| {
        let class = match reading {
            RubricReading { value: None, .. } => "num is-none",
            RubricReading { is_failed: true, .. } => "num is-failed",
            _ => "num",
        };
        let failed = reading.is_failed.then_some(view! { <span class="visually-hidden">"failed, "</span> });
        view! { <td class=class>{failed}{reading.value.map_or("n/e".to_owned(), text)}</td> }
    };
    let sign = match difference {
        Some(difference) if difference > 0.0 => "is-higher",
        Some(difference) if difference < 0.0 => "is-lower",
        _ => "",
    };
    let depth = if path == "root" { 0 } else { path.matches('.').count() };
    let name = path.rsplit('.').next().unwrap_or_default().replace('_', " ");
    let difference = match difference {
        Some(0.0) => "=".to_owned(),
        Some(difference) => score(difference),
        None => String::new(),
    };
    view! {
        <tr>
            <th scope="row" style=format!("--depth:{depth}") title=path><bdi>{name}</bdi></th>
            {cell(mine)} {cell(other)}
            <td class=format!("num {sign}")>{difference}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_of_a_run_is_text() {
        let pair = RubricPair {
            path: "style.<b>".to_owned(),
            is_measurement: false,
            mine: RubricReading { value: Some(1.0), is_failed: false },
            other: RubricReading { value: Some(-0.5), is_failed: true },
        };
        let html = side_by_side(SideBySide {
            names: ["<i>a".to_owned(), "b".to_owned()],
            other: (RunId::new("b").unwrap(), 8),
            rubrics: vec![pair],
            is_same_prompt: Some(true),
            action: "one <ins>two</ins>".to_owned(),
        });
        assert!(html.contains("&lt;i&gt;a") && !html.contains("<i>a") && !html.contains("<b>"), "{html}");
        assert!(html.contains("one <ins>two</ins>"), "{html}");
        assert!(html.contains("+1.5<") && html.contains("is-higher") && html.contains("is-failed"), "{html}");
    }
}
