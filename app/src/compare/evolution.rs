//! The page of one task before and after training: what each step gained, and both answers side by side. The
//! server renders it; it has no code in the browser but the switch of the theme.

use gauntlet_api::{Evolution, EvolutionOrder, EvolutionSide, EvolutionStep};
use gauntlet_model::{RunId, RunSummary};
use leptos::prelude::*;

use super::links::beside_address;
use super::tasks::moment;
use super::verdict::card;
use crate::shell::{self, PlainPage, plain_page};
use crate::ui::address::encoded;
use crate::ui::{Erase, grouped, score};

/// Steps of a page.
pub const EVOLUTION_STEPS: usize = 20;

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub struct EvolutionContent {
    /// The task, where the runs were looked for by it.
    pub task: Option<String>,
    /// The run before training and the one after it, as far as they are there.
    pub runs: [Option<RunSummary>; 2],
    /// What the steps of both gained.
    pub evolution: Option<Evolution>,
    /// Of each step shown, what the answer changed, as HTML that runs nothing: words of the run before in
    /// `del`, words of the run after in `ins`.
    pub actions: Vec<String>,
    /// The order of the steps.
    pub order: EvolutionOrder,
    /// How many steps are before those shown.
    pub skipped: usize,
    /// Why something asked for is not shown, as sentences.
    pub problems: Vec<String>,
}

/// The word of an order in the address.
pub fn order_word(order: EvolutionOrder) -> &'static str {
    match order {
        EvolutionOrder::Step => "step",
        EvolutionOrder::Lost => "lost",
        EvolutionOrder::Gained => "gained",
    }
}

/// The document as HTML. `style` is the address of the style sheet.
pub fn evolution_document(content: &EvolutionContent, style: String) -> String {
    shell::document(|| page(content, style))
}

fn page(content: &EvolutionContent, style: String) -> impl IntoView + use<> {
    let problems = content.problems.iter();
    let problems =
        problems.map(|text| view! { <p class="note" role="alert">{text.clone()}</p> }).collect_view();
    let header = view! {
        <a class="link" href="/">"Runs"</a>
        <a class="link" href="/compare">"Compare"</a>
        <span class="top-gap"></span>
        <a class="link" href="/docs/charts#before-and-after-training">"Docs"</a>
    };
    // Of a task the runs were found by what they are.
    let is_of_task = content.task.is_some();
    let cards = content.runs.iter().zip([("before", "sft"), ("after", "grpo")]);
    let cards = cards.filter_map(|(run, (role, kind))| {
        let run = run.as_ref()?;
        Some(card(run, role, if is_of_task { kind } else { &run.kind }))
    });
    let cards = cards.collect_view();
    let steps = content.evolution.as_ref().map(|evolution| steps(content, evolution));
    let task = content.task.clone().unwrap_or_default();
    let body = view! {
        <h1>"Before and after training"</h1>
        <form class="compare-add" action="/evolution">
            <label for="evolution-task">"Task"</label>
            <input id="evolution-task" class="field" name="task" value=task required placeholder="task_id" />
            <button class="button">"Compare SFT with GRPO"</button>
        </form>
        {problems}
        <div class="run-cards">{cards}</div>
        {steps}
        {empty(content)}
    };
    plain_page(PlainPage {
        title: "Before and after training".to_owned(),
        style,
        scripts: (),
        header,
        class: "compare evolution",
        body,
    })
}

/// Why no step is shown, and the way on.
fn empty(content: &EvolutionContent) -> Option<impl IntoView + use<>> {
    let missing = || {
        let missing = content.runs.iter().zip(["SFT", "GRPO"]).filter(|(run, _)| run.is_none());
        missing.map(|(_, kind)| kind).collect::<Vec<_>>().join(" and no ")
    };
    let (title, words) = match (&content.evolution, &content.task) {
        (Some(evolution), _) if evolution.shared > 0 => return None,
        (Some(_), _) => {
            ("No step in common".to_owned(), "The two runs have no scored step of the same number.")
        }
        (None, Some(task)) => (
            format!("No {} run of {task}", missing()),
            "A run belongs to a task by task_id in the metadata of its snapshots, and is one of the two by \
            run_type there: sft or grpo. The newest of each is compared.",
        ),
        (None, None) if !content.problems.is_empty() => return None,
        (None, None) => (
            "Which task?".to_owned(),
            "Name a task_id to see its newest SFT run beside its newest GRPO run, step by step. For any two \
            runs, the page that compares them leads here.",
        ),
    };
    Some(view! { <section class="empty is-small"><h2>{title}</h2><p>{words}</p></section> })
}

/// The address of this page with another order, or at another part of the steps.
fn address(runs: &[RunId; 2], task: Option<&str>, order: EvolutionOrder, from: usize) -> String {
    let [before, after] = runs.each_ref().map(|run| encoded(run.as_str()).to_string());
    let mut address = match task {
        Some(task) => format!("/evolution?task={}", encoded(task)),
        None => format!("/evolution?before={before}&after={after}"),
    };
    if order != EvolutionOrder::default() {
        address += &format!("&order={}", order_word(order));
    }
    if from > 0 {
        address += &format!("&from={from}");
    }
    address
}

/// The address of this page for two runs.
pub(super) fn evolution_address(before: &RunId, after: &RunId) -> String {
    address(&[before.clone(), after.clone()], None, EvolutionOrder::default(), 0)
}

fn steps(content: &EvolutionContent, evolution: &Evolution) -> impl IntoView + use<> {
    let [before, after] = &evolution.runs;
    let to = |order, from| address(&evolution.runs, content.task.as_deref(), order, from);
    let chip = |words: &'static str, order: EvolutionOrder| {
        let is_on = order == content.order;
        let class = if is_on { "chip is-on" } else { "chip" };
        view! { <a class=class href=to(order, 0) aria-current=is_on.then_some("true")>{words}</a> }
    };
    let chips = [
        chip("By step", EvolutionOrder::Step),
        chip("Lost most first", EvolutionOrder::Lost),
        chip("Gained most first", EvolutionOrder::Gained),
    ];
    let counts = format!(
        "{} steps in common: {} gained, {} lost{}.",
        grouped(evolution.shared),
        grouped(evolution.gained),
        grouped(evolution.lost),
        evolution.mean.map(|mean| format!(", {} on average", score(mean))).unwrap_or_default(),
    );
    let rows = evolution.steps.iter().zip(&content.actions);
    let rows = rows.map(|(step, action)| row(&evolution.runs, step, action)).collect_view();
    let from = content.skipped;
    let part = |words: &'static str, from: Option<usize>, rel: &'static str| {
        from.map(|from| view! { <a class="button" rel=rel href=to(content.order, from)>{words}</a> })
    };
    let next = from + EVOLUTION_STEPS;
    let next = (evolution.shared > next as u64).then_some(next);
    let previous = (from > 0).then(|| from.saturating_sub(EVOLUTION_STEPS));
    let shown = format!("{} to {}", grouped(from as u64 + 1), grouped((from + evolution.steps.len()) as u64));
    (evolution.shared > 0).then(|| {
        view! {
            <section aria-label="Steps">
                <p class="task-counts">
                    {counts} " "
                    <a class="link" href=beside_address(before, after)>"Watch both in one scene"</a>
                </p>
                <nav class="chips" aria-label="Order">{chips.collect_view()}</nav>
                <div class="compare-scroll" tabindex="0" role="region" aria-label="Steps of both runs">
                    <table class="compare-table evolution-table">
                        <thead>
                            <tr>
                                <th scope="col">"Step"</th>
                                <th scope="col" class="num">"Before"</th>
                                <th scope="col" class="num">"After"</th>
                                <th scope="col" class="num">"Gain"</th>
                                <th scope="col">"Answer before"</th>
                                <th scope="col">"Answer after"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                <nav class="evolution-parts" aria-label="Parts">
                    {part("Previous", previous, "prev")} <span>{shown}</span> {part("Next", next, "next")}
                </nav>
            </section>
        }
    })
}

/// Both columns of answers hold the same text; the style leaves out what only the other one has.
fn row(runs: &[RunId; 2], step: &EvolutionStep, action: &str) -> impl IntoView + use<> {
    let cell = |run: &RunId, side: &EvolutionSide| {
        let href = moment(run, step.step, side.episode.as_deref());
        let class = if side.is_failing { "num is-failed" } else { "num" };
        let failed = side.is_failing.then_some(view! { <small>"failing"</small> });
        let root = side.root.map_or("n/e".to_owned(), score);
        view! { <td class=class><a href=href>{root}</a> {failed}</td> }
    };
    let gain = step.gain();
    let class = match gain {
        Some(gain) if gain > 0.0 => "num is-up",
        Some(gain) if gain < 0.0 => "num is-down",
        _ => "num",
    };
    let gain = gain.map_or("n/e".to_owned(), score);
    let [before, after] = &step.sides;
    let text = |class: &'static str| match action.is_empty() {
        true => view! { <td class="is-none">"no text"</td> }.erase(),
        false => view! { <td><pre class=class tabindex="0" inner_html=action.to_owned()></pre></td> }.erase(),
    };
    view! {
        <tr>
            <th scope="row">{grouped(step.step)}</th>
            {cell(&runs[0], before)} {cell(&runs[1], after)}
            <td class=class>{gain}</td>
            {text("changes is-before")} {text("changes is-after")}
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_holds_what_is_not_the_default() {
        let runs = ["a b", "c"].map(|id| RunId::new(id).unwrap());
        assert_eq!(evolution_address(&runs[0], &runs[1]), "/evolution?before=a%20b&after=c");
        assert_eq!(
            address(&runs, Some("t&1"), EvolutionOrder::Lost, 20),
            "/evolution?task=t%261&order=lost&from=20"
        );
    }

    #[test]
    fn what_is_missing_is_explained() {
        let html = |content: &EvolutionContent| evolution_document(content, String::new());
        assert!(html(&EvolutionContent::default()).contains("Which task?"));
        let none = EvolutionContent { task: Some("<t>".to_owned()), ..Default::default() };
        assert!(html(&none).contains("No SFT and no GRPO run of &lt;t&gt;"));
        let failed = EvolutionContent { problems: vec!["It broke.".to_owned()], ..Default::default() };
        assert!(html(&failed).contains("It broke.") && !html(&failed).contains("Which task?"));
    }
}
