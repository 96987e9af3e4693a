//! Regressions: the tasks that one of two runs solves and the other fails.

use gauntlet_api::{Comparison, TaskComparison, TaskDifference, TaskResult};
use gauntlet_model::{RunId, RunSummary};
use leptos::prelude::*;

use super::links::compare_address;
use super::names::names;
use crate::ui::address::encoded;
use crate::ui::{Erase, grouped, run_address, score};

/// The section: the tasks of the baseline against those of one other run, where they have been read.
pub(super) fn regressions(comparison: &Comparison, tasks: Option<&TaskComparison>) -> impl IntoView + use<> {
    let ids: Vec<&RunId> = comparison.runs.iter().map(|run| &run.id).collect();
    let base = comparison.runs.iter().find(|run| run.id == comparison.baseline);
    let others = comparison.runs.iter().zip(names(comparison));
    let others = others.filter(|(run, _)| run.id != comparison.baseline);
    let choice = |(run, name): (&RunSummary, String)| {
        let is_on = tasks.is_some_and(|tasks| tasks.b == run.id);
        let class = if is_on { "chip is-on" } else { "chip" };
        let against = encoded(run.id.as_str()).to_string();
        let address = compare_address(&ids, Some(&comparison.baseline));
        let href = format!("{address}&against={against}#regressions");
        let title = run.name.clone();
        view! { <a class=class href=href title=title aria-current=is_on.then_some("true")>{name}</a> }
    };
    let choices = others.map(choice).collect_view();
    let name = base.map(|run| run.name.clone()).unwrap_or_default();
    let other = tasks.and_then(|tasks| comparison.runs.iter().find(|run| run.id == tasks.b));
    let lists = tasks.zip(other).map(|(tasks, other)| lists(tasks, &name, &other.name));
    view! {
        <section id="regressions" aria-label="Regressions">
            <h2>"Regressions"</h2>
            <p class="quiet-words">
                {format!("Tasks that both {name} (the baseline) and another run attempt, each judged by ")}
                "the last step that attempts it: solved where at least half of its rollouts do not fail."
            </p>
            <nav class="chips" aria-label="Compare tasks with">{choices}</nav>
            {lists}
        </section>
    }
}

fn lists(tasks: &TaskComparison, base: &str, other: &str) -> impl IntoView + use<> {
    if tasks.shared == 0 {
        let words =
            "The two runs have no task in common: no task_id, episode task or observation is the same.";
        return view! { <p class="quiet-words">{words}</p> }.erase();
    }
    let counts = format!(
        "{} tasks in common: {} solved by both, {} by neither, {} by {base} alone, {} by {other} alone.",
        grouped(tasks.shared),
        grouped(tasks.solved_by_both),
        grouped(tasks.failed_by_both),
        grouped(tasks.solved_by_a_alone),
        grouped(tasks.solved_by_b_alone),
    );
    let list = |title: String, all: u64, items: &[TaskDifference]| {
        let rows = items.iter().map(|item| row(tasks, item)).collect_view();
        let more = all.saturating_sub(items.len() as u64);
        let more = (more > 0).then(|| format!("and {} more", grouped(more)));
        (!items.is_empty()).then(|| {
            view! {
                <h3>{title}</h3>
                <div class="compare-scroll" tabindex="0" role="region" aria-label="Tasks">
                    <table class="compare-table task-table">
                        <thead>
                            <tr>
                                <th scope="col">"Task"</th>
                                <th scope="col" class="num">{base.to_owned()}</th>
                                <th scope="col" class="num">{other.to_owned()}</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {more}
            }
        })
    };
    let lost = list(format!("Solved by {base}, failed by {other}"), tasks.solved_by_a_alone, &tasks.only_a);
    let won = list(format!("Solved by {other}, failed by {base}"), tasks.solved_by_b_alone, &tasks.only_b);
    view! { <p class="task-counts">{counts}</p> {lost} {won} }.erase()
}

fn row(tasks: &TaskComparison, item: &TaskDifference) -> impl IntoView + use<> {
    let cell = |run: &RunId, result: &TaskResult| {
        let words = format!("{} of {} pass", result.passed, result.rollouts);
        let mean = result.mean.map(|mean| view! { <small>{score(mean)}</small> });
        let href = moment(run, result.step, result.episode.as_deref());
        view! { <td class="num"><a href=href>{words}</a> {mean}</td> }
    };
    let prompt = if item.prompt.is_empty() { "no text".to_owned() } else { item.prompt.clone() };
    view! {
        <tr>
            <th scope="row" class="task-prompt">{prompt}</th>
            {cell(&tasks.a, &item.a)}
            {cell(&tasks.b, &item.b)}
        </tr>
    }
}

/// The address of a step, of an episode where there is one, in the film of a run.
pub(crate) fn moment(run: &RunId, step: u64, episode: Option<&str>) -> String {
    let episode = episode.map(|episode| format!("&episode={}", encoded(episode))).unwrap_or_default();
    format!("{}?step={step}{episode}", run_address(run.as_str()))
}
