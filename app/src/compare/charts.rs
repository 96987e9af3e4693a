//! The section of the charts: controls, and a place for each chart, in groups by prefix. The script fills
//! them.

use gauntlet_api::Comparison;
use leptos::prelude::*;
use serde_json::{Value, json};

use super::colors::shown;
use super::names::{plain, setup_names};

/// The section.
pub(super) fn charts(comparison: &Comparison) -> impl IntoView + use<> {
    let runs = shown(comparison).into_iter().enumerate().map(|(index, (run, look))| {
        json!({
            "id": run.id, "name": run.name, "color": look.color, "dash": look.dash,
            "live": !run.status.is_final(), "config": config_of(comparison, index),
        })
    });
    let runs = Value::Array(runs.collect()).to_string();
    let paths = comparison.paths.iter().map(|path| path.path.as_str());
    let groups = grouped(paths).into_iter().map(|(name, paths)| {
        // So many share a row with other groups as have room in it.
        let room = format!("--charts:{}", paths.len());
        let charts = paths.into_iter().map(place).collect_view();
        view! {
            <section class="chart-group" data-group=name.clone() style=room>
                <h3>{name.clone()}</h3>
                <div class="chart-grid">{charts}</div>
            </section>
        }
    });
    let groups = groups.collect_view();
    let is_empty = comparison.paths.is_empty();
    let words = "No values yet. Charts appear with the first ones.";
    let empty = is_empty.then(|| view! { <p class="quiet-words charts-empty">{words}</p> });
    view! {
        <section id="charts" data-runs=runs aria-label="Charts">
            <h2 class="visually-hidden">"Charts"</h2>
            {controls(comparison)}
            <noscript>
                <p class="note">"Charts are drawn by a script; the tables below need none."</p>
            </noscript>
            {empty}
            // The script fills it while runs are grouped.
            <ul class="compare-runs chart-legend" aria-label="Groups of runs" hidden></ul>
            <div class="chart-groups">{groups}</div>
        </section>
    }
}

/// The values of one run under the keys that differ between the runs, as texts.
fn config_of(comparison: &Comparison, index: usize) -> serde_json::Map<String, Value> {
    let texts = comparison.config.iter().filter_map(|difference| {
        let value = difference.values.get(index).filter(|value| !value.is_null())?;
        Some((difference.key.clone(), Value::String(plain(value))))
    });
    setup_of(comparison, index).into_iter().chain(texts).collect()
}

/// The key of the setup among the keys of the configuration; one of that name takes its place.
const SETUP: &str = "setup";

/// The name of the setup that a run repeats, where there are several.
fn setup_of(comparison: &Comparison, index: usize) -> Option<(String, Value)> {
    let run = comparison.runs.get(index)?;
    let at = comparison.setups.iter().position(|members| members.contains(&run.id))?;
    let name = setup_names(comparison).into_iter().nth(at)?;
    (comparison.setups.len() > 1).then(|| (SETUP.to_owned(), Value::String(name)))
}

/// The place of a chart.
fn place(path: &str) -> impl IntoView + use<> {
    view! {
        <figure class="run-chart" data-path=path.to_owned()>
            <figcaption><bdi>{path.to_owned()}</bdi></figcaption>
        </figure>
    }
}

/// What changes how all charts are drawn. Hidden until the script listens.
fn controls(comparison: &Comparison) -> impl IntoView + use<> {
    let keys = comparison.config.iter().map(|difference| {
        view! { <option value=difference.key.clone()>{difference.key.clone()}</option> }
    });
    let keys = keys.collect_view();
    let is_key = comparison.config.iter().any(|difference| difference.key == SETUP);
    let setups = (comparison.setups.len() > 1 && !is_key)
        .then(|| view! { <option value=SETUP>"All settings but the seed"</option> });
    view! {
        <form class="chart-controls" hidden aria-label="How charts are drawn">
            <input
                class="chart-filter" type="search" name="q" placeholder="Filter charts"
                aria-label="Filter charts"
                autocomplete="off"
            />
            <label>"X axis"
                <select name="x">
                    <option value="step">"Step"</option>
                    <option value="elapsed">"Time since start"</option>
                    <option value="time">"Wall time"</option>
                </select>
            </label>
            <label>"Scale"
                <select name="y">
                    <option value="linear">"Linear"</option>
                    <option value="log">"Log"</option>
                </select>
            </label>
            <label class="chart-smoothing">"Smoothing"
                <input type="range" name="smooth" min="0" max="0.99" step="0.01" value="0" />
                <output>"0.00"</output>
            </label>
            <label>"Group by"
                <select name="group">
                    <option value="">"Each run"</option>
                    {setups}
                    {keys}
                </select>
            </label>
            <label>"Band"
                <select name="band">
                    <option value="none">"None"</option>
                    <option value="range">"Lowest to highest"</option>
                    <option value="std">"Standard deviation"</option>
                    <option value="interval">"95 % interval"</option>
                    <option value="runs">"Every run of a group"</option>
                </select>
            </label>
            <button class="button" type="button" name="link">"Copy link"</button>
            <button class="button" type="button" name="robust" hidden>"Cut outliers"</button>
            <button class="button" type="button" name="reset" hidden>"Reset zoom"</button>
        </form>
    }
}

/// The group of charts that a path belongs to, as `groupOf` of frontend/charts/values.js has it: the first
/// part of its name, of a measurement without `metrics.`. Paths of one part are `scores` or `metrics`.
fn group_of(path: &str) -> &str {
    let measured = path.strip_prefix("metrics.");
    let name = measured.unwrap_or(path);
    match name.find(['.', '/']) {
        Some(end) if end > 0 => &name[..end],
        _ if measured.is_some() => "metrics",
        _ => "scores",
    }
}

/// Paths by their group, in the order of their first appearance.
fn grouped<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<(String, Vec<&'a str>)> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for path in paths {
        let name = group_of(path);
        match groups.iter_mut().find(|(known, _)| known == name) {
            Some((_, group)) => group.push(path),
            None => groups.push((name.to_owned(), vec![path])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_stand_in_groups_by_prefix() {
        let paths = [
            "root",
            "safety.a",
            "metrics.loss",
            "format",
            "safety.b.c",
            "metrics.eval/pass@1",
            "metrics.eval.f1",
            "metrics./odd",
        ];
        let groups = grouped(paths.into_iter());
        let expect = [
            ("scores".to_owned(), vec!["root", "format"]),
            ("safety".to_owned(), vec!["safety.a", "safety.b.c"]),
            ("metrics".to_owned(), vec!["metrics.loss", "metrics./odd"]),
            ("eval".to_owned(), vec!["metrics.eval/pass@1", "metrics.eval.f1"]),
        ];
        assert_eq!(groups, expect);
    }
}
