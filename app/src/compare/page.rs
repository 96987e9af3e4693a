//! The document: header, the runs, then the sections.

use gauntlet_api::{Comparison, TaskComparison};
use gauntlet_model::{RunId, RunSummary};
use leptos::prelude::*;

use super::charts::charts;
use super::colors::{Look, shown, swatch};
use super::evolution::evolution_address;
use super::links::{beside_address, compare_address, list_of};
use super::names::{is_dense, names};
use super::repeats::repeats;
use super::tables::{configuration, failures, summary};
use super::tasks::regressions;
use super::verdict::badge;
use crate::shell::{self, PlainPage, plain_page};
use crate::ui::{Erase, Icon, Shape, run_address, run_status};

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ComparisonContent {
    /// The runs side by side; `None` where none is named yet.
    pub comparison: Option<Comparison>,
    /// The tasks of the baseline and of one other run, where they were asked for.
    pub tasks: Option<TaskComparison>,
    /// Runs that can be added, newest first.
    pub choices: Vec<Choice>,
    /// Why a named run is not shown, or why nothing is, as sentences.
    pub problems: Vec<String>,
}

/// A run that can be added to the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project: String,
}

/// The document as HTML. `style` is the address of the style sheet, `package` the folder of the scripts.
pub fn document(content: &ComparisonContent, style: String, package: &str) -> String {
    shell::document(|| page(content, style, package))
}

fn page(content: &ComparisonContent, style: String, package: &str) -> impl IntoView + use<> {
    let runs = content.comparison.as_ref().map_or(0, |comparison| comparison.runs.len());
    let title = if runs == 1 { "Charts" } else { "Compare runs" };
    let scripts = (runs > 0).then(|| {
        view! {
            <link rel="stylesheet" href=format!("/{package}/uplot/uPlot.min.css") />
            <script defer src=format!("/{package}/uplot/uPlot.iife.min.js")></script>
            <script type="module" src=format!("/{package}/charts/main.js")></script>
        }
    });
    let problems =
        content.problems.iter().map(|text| view! { <p class="note" role="alert">{text.clone()}</p> });
    let problems = problems.collect_view();
    let body = match &content.comparison {
        Some(comparison) => sections(comparison, content.tasks.as_ref()).erase(),
        None => choose(&content.choices).erase(),
    };
    let add = content.comparison.as_ref().map(|comparison| add(comparison, &content.choices));
    // Without charts the page has the switch of the other pages.
    let theme = (runs > 0).then(|| {
        view! {
            <button
                class="button is-icon" id="theme" hidden title="Dark or light"
                aria-label="Switch between dark and light"
            >
                <Icon shape=Shape::Theme />
            </button>
        }
    });
    let header = view! {
        <a class="link" href="/">"Runs"</a>
        <span class="top-gap"></span>
        <a class="link" href="/docs/charts">"Docs"</a>
        {theme}
    };
    let body = view! {
        <h1>{title}</h1>
        {problems}
        {add}
        {body}
    };
    plain_page(PlainPage { title: title.to_owned(), style, scripts, header, class: "compare", body })
}

/// The runs, and every section.
fn sections(comparison: &Comparison, tasks: Option<&TaskComparison>) -> impl IntoView + use<> {
    let runs = run_list(comparison);
    let is_many = comparison.runs.len() > 1;
    let charts = charts(comparison);
    let summary = summary(comparison);
    let repeats = repeats(comparison);
    let has_repeats = repeats.is_some();
    let failures = failures(comparison);
    let configuration = is_many.then(|| configuration(comparison));
    let regressions = is_many.then(|| regressions(comparison, tasks));
    let tab = |to: &'static str, words: &'static str| view! { <a class="chip" href=to>{words}</a> };
    view! {
        {runs}
        <nav class="chips" aria-label="Sections">
            {tab("#charts", "Charts")} {has_repeats.then(|| tab("#repeats", "Repeats"))}
            {tab("#summary", "Summary")} {tab("#failures", "Failures")}
            {is_many.then(|| tab("#regressions", "Regressions"))}
            {is_many.then(|| tab("#configuration", "Configuration"))}
        </nav>
        {charts} {repeats} {summary} {failures} {regressions} {configuration}
    }
}

/// The runs as a list that is also the legend of the charts.
fn run_list(comparison: &Comparison) -> impl IntoView + use<> {
    let ids: Vec<&RunId> = comparison.runs.iter().map(|run| &run.id).collect();
    let is_many = ids.len() > 1;
    let is_dense = is_dense(comparison);
    let item = |((run, look), name): ((&RunSummary, Look), String)| {
        let (status, words) = run_status(run);
        let without: Vec<&RunId> = ids.iter().copied().filter(|id| **id != run.id).collect();
        let is_baseline = run.id == comparison.baseline;
        let ways = (!is_baseline).then(|| {
            let ways = ways(&ids, &comparison.baseline, run);
            match is_dense {
                true => view! {
                    <details class="compare-more">
                        <summary aria-label=format!("More of {}", run.name) title="More">"⋯"</summary>
                        <div>{ways}</div>
                    </details>
                }
                .erase(),
                false => ways.erase(),
            }
        });
        let baseline = (is_many && is_baseline).then(|| view! { <span class="baseline">"baseline"</span> });
        let remove = is_many.then(|| {
            view! {
                <a
                    class="icon-button" href=compare_address(&without, Some(&comparison.baseline))
                    aria-label=format!("Remove {}", run.name) title="Remove"
                >
                    <Icon shape=Shape::Close />
                </a>
            }
        });
        view! {
            <li class="compare-run">
                {swatch(look)}
                <a class="compare-name" href=run_address(run.id.as_str()) title=run.name.clone()>{name}</a>
                <span class="quiet-words">{run.project.clone()}</span>
                <span class=format!("status is-{status}")>{words}</span>
                {badge(run)}
                {baseline}
                {ways}
                {remove}
            </li>
        }
    };
    let items = shown(comparison).into_iter().zip(names(comparison)).map(item).collect_view();
    view! { <ul class="compare-runs" class:is-dense=is_dense aria-label="Runs">{items}</ul> }
}

/// What can be done with a run beside the baseline.
fn ways(ids: &[&RunId], baseline: &RunId, run: &RunSummary) -> impl IntoView + use<> {
    view! {
        <a
            class="link" href=compare_address(ids, Some(&run.id))
            title=format!("Take differences to {}", run.name)
        >"Set as baseline"</a>
        <a
            class="link" href=beside_address(baseline, &run.id)
            title=format!("{} beside the baseline, with one transport", run.name)
        >"Watch both in one scene"</a>
        <a
            class="link" href=evolution_address(baseline, &run.id)
            title=format!("What each step of {} gained over the baseline", run.name)
        >"Step by step"</a>
    }
}

/// Adds one more run.
fn add(comparison: &Comparison, choices: &[Choice]) -> impl IntoView + use<> {
    let ids: Vec<&RunId> = comparison.runs.iter().map(|run| &run.id).collect();
    let option = |choice: &Choice| {
        let words = format!("{} · {}", choice.name, choice.project);
        view! { <option value=list_of(&[&choice.id])>{words}</option> }
    };
    let free: Vec<_> = choices.iter().filter(|choice| !ids.contains(&&choice.id)).map(option).collect();
    (!free.is_empty()).then(|| {
        view! {
            <form class="compare-add" action="/compare">
                <input type="hidden" name="runs" value=list_of(&ids) />
                <input type="hidden" name="baseline" value=comparison.baseline.to_string() />
                <label for="add-run">"Compare with"</label>
                <select id="add-run" name="runs">{free}</select>
                <button class="button">"Add"</button>
            </form>
        }
    })
}

/// The page before any run is named: which ones?
fn choose(choices: &[Choice]) -> impl IntoView + use<> {
    if choices.is_empty() {
        return view! {
            <section class="empty is-small">
                <h2>"No runs yet"</h2>
                <p>"A run appears here with its first event."</p>
            </section>
        }
        .erase();
    }
    let row = |choice: &Choice| {
        view! {
            <li>
                <label>
                    <input type="checkbox" name="runs" value=list_of(&[&choice.id]) />
                    <span>{choice.name.clone()}</span>
                    <span class="quiet-words">{choice.project.clone()}</span>
                </label>
            </li>
        }
    };
    let rows = choices.iter().map(row).collect_view();
    view! {
        <form class="compare-choose" action="/compare">
            <p class="quiet-words">"Choose the runs to see over each other, newest first."</p>
            <ul>{rows}</ul>
            <button class="button">"Compare"</button>
        </form>
    }
    .erase()
}
