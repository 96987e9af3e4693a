//! The prompts of a run over training: what became of each, as a strip of its attempts.

use gauntlet_api::{PromptAttempt, PromptHistories, PromptHistory, PromptOutcome};
use gauntlet_model::RunId;
use leptos::prelude::*;

use crate::compare::moment;
use crate::ui::grouped;

/// Prompts that are shown.
pub const MAX_PROMPTS: usize = 40;
/// Attempts of a prompt that are shown at most: the last ones.
const MAX_ATTEMPTS: usize = 160;

fn word(outcome: PromptOutcome) -> &'static str {
    match outcome {
        PromptOutcome::Forgotten => "forgotten",
        PromptOutcome::NeverSolved => "never solved",
        PromptOutcome::Learnt => "learnt",
        PromptOutcome::Known => "known from the start",
    }
}

/// The section; `None` for a run that attempts no prompt twice.
pub(crate) fn section(run: &RunId, histories: &PromptHistories) -> Option<impl IntoView + use<>> {
    let all: u64 = histories.counts.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return None;
    }
    let counts = histories.counts.iter().map(|(outcome, n)| format!("{} {}", grouped(*n), word(*outcome)));
    let counts = format!("{} prompts: {}.", grouped(all), counts.collect::<Vec<_>>().join(", "));
    let rows = histories.prompts.iter().map(|prompt| row(run, prompt)).collect_view();
    let more = all.saturating_sub(histories.prompts.len() as u64);
    let more =
        (more > 0).then(|| view! { <p class="quiet-words">{format!("and {} more", grouped(more))}</p> });
    Some(view! {
        <section id="prompts" aria-label="Prompts over training">
            <h2>"Prompts over training"</h2>
            <p class="quiet-words">
                {counts} " A prompt is solved at a step where at least half of its rollouts do not fail. "
                "A bar is a step, as high as the share that does not fail; it leads into the film."
            </p>
            <ul class="prompt-strips">{rows}</ul>
            {more}
        </section>
    })
}

fn row(run: &RunId, history: &PromptHistory) -> impl IntoView + use<> {
    let skipped = history.attempts.len().saturating_sub(MAX_ATTEMPTS);
    let shown = history.attempts.get(skipped..).unwrap_or_default();
    let width = 100.0 / shown.len().max(1) as f64;
    let bar = |(index, attempt): (usize, &PromptAttempt)| {
        let PromptAttempt { step, rollouts, passed } = *attempt;
        let words = format!("step {}: {passed} of {rollouts} pass", grouped(step));
        let height = 2.0 + 22.0 * passed as f64 / rollouts.max(1) as f64;
        let style = format!("left:{:.3}%;width:{width:.3}%;--height:{height:.1}px", index as f64 * width);
        let class = if passed * 2 >= rollouts { "group-bar is-solved" } else { "group-bar" };
        let href = moment(run, step, None);
        view! { <a class=class href=href style=style title=words.clone() aria-label=words tabindex="-1"></a> }
    };
    let bars = shown.iter().enumerate().map(bar).collect_view();
    let prompt = if history.prompt.is_empty() { "no text".to_owned() } else { history.prompt.clone() };
    let outcome = word(history.outcome);
    let class = format!("prompt-outcome is-{}", outcome.split(' ').next().unwrap_or_default());
    let last = history.attempts.last().map(|last| {
        let href = moment(run, last.step, None);
        view! { <a class="link" href=href>{format!("step {}", grouped(last.step))}</a> }
    });
    view! {
        <li>
            <span class=class>{outcome}</span>
            <span class="prompt-text" title=prompt.clone()>{prompt.clone()}</span>
            <span class="prompt-bars">{bars}</span>
            {last}
        </li>
    }
}
