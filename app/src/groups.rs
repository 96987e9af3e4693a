//! The page of a run's groups: over training how many of them teach nothing, and of one step the completions
//! of each prompt side by side. The server renders it; it has no code in the browser but the switch of the
//! theme.

use std::collections::BTreeMap;

use gauntlet_api::{Correlations, Group, GroupHistory, GroupRollout, PromptHistories, StepGroups};
use gauntlet_model::RunSummary;
use leptos::prelude::*;

use crate::compare::moment;
use crate::shell::{self, PlainPage, plain_page};
use crate::ui::{Erase, failure_class, failure_title, grouped, percent, quantity, run_address, score};
use crate::{correlations, prompt_strips};

pub use crate::prompt_strips::MAX_PROMPTS;

/// Bars of a history at most.
const BARS: usize = 120;
/// Characters of a text that are shown.
const MAX_CHARS: usize = 20_000;

/// How the groups of a step are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupsShown {
    /// Whether rollouts are in the order in which they were logged, not the best first.
    pub is_logged_order: bool,
    /// Whether only rollouts that fail are shown.
    pub is_failing_only: bool,
    /// Whether completions are compared word by word with the best one of their group.
    pub is_compared: bool,
    /// Whether completions are below each other in the full width, for long ones.
    pub is_list: bool,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupsContent {
    /// The run.
    pub run: RunSummary,
    /// Its groups over training.
    pub history: GroupHistory,
    /// The groups of the chosen step.
    pub step: Option<StepGroups>,
    /// Where its groups go on, as asked for: from the first one without it.
    pub cursor: Option<String>,
    /// How they are shown.
    pub shown: GroupsShown,
    /// Completions that are compared with the best of their group, by the sequence number of their snapshot:
    /// HTML that runs nothing, with words that only the best has in `del` and new ones in `ins`.
    pub changes: BTreeMap<u64, String>,
    /// Why something asked for is not shown.
    pub problem: Option<String>,
    /// First and last step over which rubrics are correlated; all steps without them.
    pub range: (Option<u64>, Option<u64>),
    /// How the rubrics move together over that range.
    pub correlations: Correlations,
    /// What became of its prompts.
    pub prompts: PromptHistories,
}

/// The document as HTML. `style` is the address of the style sheet.
pub fn document(content: &GroupsContent, style: String) -> String {
    shell::document(|| page(content, style))
}

fn page(content: &GroupsContent, style: String) -> impl IntoView + use<> {
    let name = content.run.name.clone();
    let run = run_address(content.run.id.as_str());
    let problem = content.problem.clone().map(|words| view! { <p class="note" role="alert">{words}</p> });
    let history = history(content);
    let step = content.step.as_ref().map(|step| step_groups(content, step));
    // What the form for the range of steps leaves as it is.
    let at = ("step", content.step.as_ref().map(|step| step.step.to_string()));
    let [order, failing, diff, layout] = shown_fields(content.shown);
    let view = [at, order, failing, diff, layout];
    let prompts = prompt_strips::section(&content.run.id, &content.prompts);
    let correlations = correlations::section(content.range, view, &content.correlations);
    let title = format!("Groups · {name}");
    let header = view! {
        <a class="link" href="/">"Runs"</a>
        <a class="link" href=run>{name}</a>
        <span class="top-gap"></span>
        <a class="link" href="/docs/charts#groups">"Docs"</a>
    };
    let body = view! {
        <h1>"Groups"</h1>
        {problem}
        {history}
        {step}
        {prompts}
        {correlations}
    };
    plain_page(PlainPage { title, style, scripts: (), header, class: "compare groups", body })
}

/// How groups are shown, as fields of a form.
fn shown_fields(shown: GroupsShown) -> [(&'static str, Option<String>); 4] {
    [
        ("order", shown.is_logged_order.then(|| "logged".to_owned())),
        ("failing", shown.is_failing_only.then(|| "1".to_owned())),
        ("diff", shown.is_compared.then(|| "1".to_owned())),
        ("layout", shown.is_list.then(|| "list".to_owned())),
    ]
}

/// The form that leads to the groups of another step.
fn jump(content: &GroupsContent) -> impl IntoView + use<> {
    let range = [("from", content.range.0), ("to", content.range.1)];
    let range = range.map(|(name, step)| (name, step.map(|step| step.to_string())));
    let unchanged = shown_fields(content.shown).into_iter().chain(range);
    let unchanged = unchanged.filter_map(|(name, value)| Some((name, value?)));
    let unchanged = unchanged.map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
    view! {
        <form class="group-jump" method="get" action="#step">
            {unchanged.collect_view()}
            <label>
                "Go to step "
                <input
                    class="field" name="step" type="text" inputmode="numeric" pattern="[0-9]*" size="7"
                    required autocomplete="off"
                />
            </label>
            <button class="button">"Go"</button>
        </form>
    }
}

/// The address of this page at a step.
fn address(content: &GroupsContent, step: u64, shown: GroupsShown) -> String {
    let order = if shown.is_logged_order { "&order=logged" } else { "" };
    let failing = if shown.is_failing_only { "&failing=1" } else { "" };
    let diff = if shown.is_compared { "&diff=1" } else { "" };
    let layout = if shown.is_list { "&layout=list" } else { "" };
    format!("{}/groups?step={step}{order}{failing}{diff}{layout}", run_address(content.run.id.as_str()))
}

/// One bar: the steps it stands for, and its value.
struct Bar {
    step: u64,
    last: u64,
    value: f64,
}

/// A history as at most [`BARS`] bars, each the mean of its steps, weighted by their groups.
fn bars(history: &GroupHistory, value: impl Fn(usize) -> f64) -> Vec<Bar> {
    let every = history.step.len().div_ceil(BARS).max(1);
    let parts =
        (0..history.step.len()).step_by(every).map(|from| from..(from + every).min(history.step.len()));
    let bar = |part: std::ops::Range<usize>| {
        let groups: u64 = part.clone().map(|i| history.groups[i]).sum();
        let sum: f64 = part.clone().map(|i| value(i) * history.groups[i] as f64).sum();
        Bar {
            step: history.step[part.start],
            last: history.step[part.end - 1],
            value: if groups > 0 { sum / groups as f64 } else { 0.0 },
        }
    };
    parts.map(bar).collect()
}

/// The groups over training.
fn history(content: &GroupsContent) -> impl IntoView + use<> {
    let history = &content.history;
    let groups: u64 = history.groups.iter().sum();
    if groups == 0 {
        return view! {
            <section class="empty is-small">
                <h2>"No groups yet"</h2>
                <p>
                    "A group is two or more scored rollouts of one step with the same group in their \
                    metadata, or with the same observation."
                </p>
            </section>
        }
        .erase();
    }
    let total = |column: &[u64]| column.iter().sum::<u64>() as f64 / groups as f64;
    let share = |column: &[u64], i: usize| column[i] as f64 / history.groups[i] as f64;
    let spread = history.spread.iter().zip(&history.groups).map(|(spread, groups)| spread * *groups as f64);
    let spread = spread.sum::<f64>() / groups as f64;
    let each = |value: &dyn Fn(usize) -> f64| bars(history, value);
    let charts = [
        strip(
            content,
            "Tied rewards",
            &percent(total(&history.tied)),
            "is-tied",
            &each(&|i| share(&history.tied, i)),
        ),
        strip(
            content,
            "Solved at least once",
            &percent(total(&history.solved)),
            "is-solved",
            &each(&|i| share(&history.solved, i)),
        ),
        strip(content, "Spread of rewards", &quantity(spread), "is-spread", &each(&|i| history.spread[i])),
    ];
    let first = history.step.first().copied().unwrap_or(0);
    let last = history.step.last().copied().unwrap_or(0);
    view! {
        <p class="quiet-words">
            {format!("{} groups at {} steps, ", grouped(groups), grouped(history.step.len() as u64))}
            {format!("step {} to {}. ", grouped(first), grouped(last))}
            "Where all rewards of a group are the same, nothing is learnt from it. "
            "A bar leads to its first step."
        </p>
        <div class="group-strips">{charts.collect_view()}</div>
    }
    .erase()
}

/// One value over training, as bars that lead to their steps.
fn strip(
    content: &GroupsContent,
    name: &'static str,
    overall: &str,
    class: &'static str,
    bars: &[Bar],
) -> impl IntoView + use<> {
    let highest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
    let top = if class == "is-spread" { highest } else { 1.0 };
    let width = 100.0 / bars.len().max(1) as f64;
    let shown = content.step.as_ref().map(|step| step.step);
    let bar = |(index, bar): (usize, &Bar)| {
        let height = (bar.value / top * 40.0).clamp(0.0, 40.0);
        let words = format!("steps {} to {}: {}", bar.step, bar.last, score(bar.value));
        let is_on = shown.is_some_and(|step| (bar.step..=bar.last).contains(&step));
        let style = format!("left:{:.3}%;width:{:.3}%;--height:{height:.1}px", index as f64 * width, width);
        let href = address(content, bar.step, content.shown);
        let class = if is_on { "group-bar is-on" } else { "group-bar" };
        view! { <a class=class href=href style=style title=words.clone() aria-label=words tabindex="-1"></a> }
    };
    let all = bars.iter().enumerate().map(bar).collect_view();
    view! {
        <figure class=format!("group-strip {class}") aria-label=format!("{name}: {overall} over all groups")>
            <figcaption><span>{name}</span> <b>{overall.to_owned()}</b></figcaption>
            <div class="group-bars">{all}</div>
        </figure>
    }
}

/// The groups of the chosen step.
fn step_groups(content: &GroupsContent, step: &StepGroups) -> impl IntoView + use<> {
    let steps = &content.history.step;
    let at = steps.partition_point(|known| *known < step.step);
    let before = at.checked_sub(1).and_then(|at| steps.get(at)).copied();
    let after = steps[at..].iter().copied().find(|known| *known > step.step);
    let to = |step: u64| address(content, step, content.shown);
    let link = |words: &'static str, step: Option<u64>, rel: &'static str| {
        let label = |step| if rel == "prev" { format!("{words} {step}") } else { format!("{step} {words}") };
        step.map(|step| view! { <a class="button" rel=rel href=to(step)>{label(step)}</a> })
    };
    let jump = jump(content);
    let chip = |words: &'static str, is_on: bool, shown: GroupsShown| {
        let class = if is_on { "chip is-on" } else { "chip" };
        let href = address(content, step.step, shown);
        view! { <a class=class href=href aria-current=is_on.then_some("true")>{words}</a> }
    };
    let now = content.shown;
    let (logged, failing, compared) = (now.is_logged_order, now.is_failing_only, now.is_compared);
    let groups = step.groups.iter().map(|group| group_view(content, step.step, group)).collect_view();
    let is_part = step.total > step.groups.len() as u64;
    let words = || format!("{} of {} groups", grouped(step.groups.len() as u64), grouped(step.total));
    let part = is_part.then(|| view! { <span class="quiet-words">{words()}</span> });
    let more = step.next_cursor.as_ref().map(|cursor| {
        let href = format!("{}&cursor={cursor}#step", to(step.step));
        view! { <a class="button" rel="next" href=href>"More groups"</a> }
    });
    view! {
        <section id="step" aria-label="Groups of the step">
            <div class="group-head">
                <h2>{format!("Step {}", grouped(step.step))}</h2>
                {part}
                {link("‹", before, "prev")}
                {link("›", after, "next")}
                {jump}
                <nav class="chips" aria-label="Order and filter">
                    {chip("Best first", !logged, GroupsShown { is_logged_order: false, ..now })}
                    {chip("As logged", logged, GroupsShown { is_logged_order: true, ..now })}
                    {chip("Only failing", failing, GroupsShown { is_failing_only: !failing, ..now })}
                    {chip("Compare with the best", compared, GroupsShown { is_compared: !compared, ..now })}
                    {chip("As a list", now.is_list, GroupsShown { is_list: !now.is_list, ..now })}
                </nav>
            </div>
            {groups}
            {more}
        </section>
    }
}

fn group_view(content: &GroupsContent, step: u64, group: &Group) -> impl IntoView + use<> {
    let best = group.rollouts.first().map(|rollout| rollout.action.clone()).unwrap_or_default();
    let best_seq = group.rollouts.first().map(|rollout| rollout.seq);
    let mut rollouts: Vec<&GroupRollout> = group.rollouts.iter().collect();
    if content.shown.is_logged_order {
        rollouts.sort_by_key(|rollout| rollout.seq);
    }
    let shown =
        rollouts.into_iter().filter(|rollout| !content.shown.is_failing_only || rollout.failure.is_some());
    let shown = shown.map(|rollout| {
        let from = (Some(rollout.seq) != best_seq).then(|| common(&best, &rollout.action));
        rollout_view(content, step, rollout, from)
    });
    let shown: Vec<_> = shown.collect();
    let is_empty = shown.is_empty();
    let mean = group.mean.map(|mean| format!("mean {}", score(mean)));
    let std = group.std.map(|std| format!("standard deviation {std:.3}"));
    let tied = group.is_tied.then(|| "all rewards are the same: no gradient".to_owned());
    let count = format!("{} rollouts", grouped(group.total));
    let is_part = group.total > group.rollouts.len() as u64;
    let part = is_part.then(|| format!("the best and the worst {} are shown", group.rollouts.len()));
    let words = [Some(count), part, mean, std, tied].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let none = match group.failing {
        0 => "No rollout of this group fails.".to_owned(),
        failing => format!("{} rollouts fail, none of those that are shown.", grouped(failing)),
    };
    let prompt = if group.prompt.is_empty() { "No prompt was recorded." } else { &group.prompt };
    view! {
        <article class="group">
            <pre class="group-prompt" tabindex="0">{clipped(prompt)}</pre>
            <p class="quiet-words">{words}</p>
            <ol class="group-rollouts" class:is-list=content.shown.is_list>{shown}</ol>
            {is_empty.then(|| view! { <p class="quiet-words">{none}</p> })}
        </article>
    }
}

/// One completion. `from` is where it begins to differ from the best one, in characters; `None` for the best.
fn rollout_view(
    content: &GroupsContent,
    step: u64,
    rollout: &GroupRollout,
    from: Option<usize>,
) -> impl IntoView + use<> {
    let failure = rollout.failure.map(|kind| {
        view! { <span class=format!("hit-failure {}", failure_class(kind))>{failure_title(kind)}</span> }
    });
    let advantage = rollout.advantage.map(|advantage| {
        let title = if rollout.is_derived { "(reward - mean) / standard deviation" } else { "as logged" };
        view! { <span class="group-advantage" title=title>{format!("advantage {advantage:+.2}")}</span> }
    });
    let length = rollout.action.chars().count();
    let differs = match from {
        None => "the best".to_owned(),
        Some(from) if from == length => "the same to its end".to_owned(),
        Some(from) => format!("differs from character {}", grouped(from as u64 + 1)),
    };
    let text = match content.changes.get(&rollout.seq) {
        // Made by the server, which renders no markup of the recorded text.
        Some(changes) => {
            view! { <pre class="changes" tabindex="0" inner_html=changes.clone()></pre> }.erase()
        }
        None => completion(&rollout.action, from.unwrap_or(0)),
    };
    let scores = rollout.scores.iter().filter(|(path, _)| *path != "root");
    let scores = scores.map(|(path, value)| view! { <li><bdi>{path.to_owned()}</bdi> {score(value)}</li> });
    let scores = scores.collect_view();
    let href = moment(&content.run.id, step, rollout.episode.as_deref());
    view! {
        <li class="group-rollout">
            <p class="group-facts">
                <a class="group-root" href=href title="Open in the film">
                    {rollout.root.map_or("n/e".to_owned(), score)}
                </a>
                {advantage}
                {failure}
                <span>{format!("{} characters", grouped(length as u64))}</span>
                <span>{differs}</span>
            </p>
            {text}
            <ul class="group-scores">{scores}</ul>
        </li>
    }
}

/// A completion whose first characters, `same` of them, are those of the best one.
fn completion(text: &str, same: usize) -> AnyView {
    let cut = text.char_indices().nth(same).map_or(text.len(), |(at, _)| at);
    let (same, rest) = text.split_at(cut);
    // An empty text would be rendered as a space.
    let same = (!same.is_empty()).then(|| view! { <span class="is-same">{clipped(same)}</span> });
    let rest = (!rest.is_empty()).then(|| clipped(rest));
    view! { <pre tabindex="0">{same}{rest}</pre> }.erase()
}

/// How many characters two texts begin with in common.
fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// A text of at most [`MAX_CHARS`]; what was cut is counted.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => {
            let more = text[at..].chars().count();
            format!("{}… and {} more characters", &text[..at], grouped(more as u64))
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_part_at_their_first_difference() {
        assert_eq!((common("abc", "abd"), common("", "x"), common("äb", "äb")), (2, 0, 2));
    }

    #[test]
    fn long_histories_become_bars_weighted_by_groups() {
        let history = GroupHistory {
            step: (0..240).collect(),
            groups: vec![1; 240],
            tied: vec![0; 240],
            solved: vec![0; 240],
            spread: (0..240).map(|i| f64::from(i % 2)).collect(),
        };
        let bars = bars(&history, |i| history.spread[i]);
        assert_eq!((bars.len(), bars[1].step, bars[1].last), (120, 2, 3));
        assert!(bars.iter().all(|bar| bar.value == 0.5));
    }
}
