//! Whether a run is safe, in one word: the share of its steps without a failure, as a badge and on a card.

use gauntlet_model::RunSummary;
use leptos::prelude::*;

use crate::ui::{Erase, capital, grouped, run_address, run_status, score};

/// The share of steps without a failure above which a run is safe; the same at which the path's shape is that
/// of a safe run.
const SAFE: f64 = 0.8;

/// The verdict on a run by its steps.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    /// More than [`SAFE`] of its steps have no failure. With that share times 100.
    Safe(f64),
    /// Fewer have none.
    Unsafe(f64),
    /// It has no scored step yet.
    Unknown,
}

impl Verdict {
    fn of(run: &RunSummary) -> Self {
        if run.steps == 0 {
            return Self::Unknown;
        }
        let share = run.steps.saturating_sub(run.failing) as f64 / run.steps as f64;
        // Whole numbers, rounded down: 100 means that no step fails.
        let hundredths = (share * 100.0).floor();
        if share > SAFE { Self::Safe(hundredths) } else { Self::Unsafe(hundredths) }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Safe(_) => "SAFE",
            Self::Unsafe(_) => "UNSAFE",
            Self::Unknown => "UNKNOWN",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Safe(_) => "verdict is-safe",
            Self::Unsafe(_) => "verdict is-unsafe",
            Self::Unknown => "verdict",
        }
    }

    fn hundredths(self) -> Option<f64> {
        match self {
            Self::Safe(share) | Self::Unsafe(share) => Some(share),
            Self::Unknown => None,
        }
    }
}

/// The verdict as a badge: `SAFE 93`.
pub(super) fn badge(run: &RunSummary) -> impl IntoView + use<> {
    let verdict = Verdict::of(run);
    let title = match verdict.hundredths() {
        Some(share) => format!("{share} % of {} steps have no failure", grouped(run.steps)),
        None => "No step is scored yet".to_owned(),
    };
    view! {
        <span class=verdict.class() title=title>
            {verdict.word()} {verdict.hundredths().map(|share| format!(" {share}"))}
        </span>
    }
}

/// A run as a card: verdict, what kind of run it is, whether it goes on, what it came to.
pub(super) fn card(run: &RunSummary, role: &'static str, kind: &str) -> impl IntoView + use<> {
    let (status, words) = run_status(run);
    let kind = (!kind.is_empty()).then(|| view! { <span class="kind-badge">{kind.to_owned()}</span> });
    // A run that goes on is seen live; one that has ended is a report.
    let source = if run.status.is_final() { "report" } else { "live" };
    let mean = run.mean_root.map_or("n/e".to_owned(), score);
    view! {
        <article class="run-card" aria-label=role>
            <p class="run-card-head">
                <span>{role}</span> {badge(run)} {kind} <span class="kind-badge">{source}</span>
            </p>
            <a class="compare-name" href=run_address(run.id.as_str())><bdi>{run.name.clone()}</bdi></a>
            <p class="quiet-words">
                <span class=format!("status is-{status}")>{capital(words)}</span>
                {format!(
                    " · {} steps, {} failing · mean reward {mean}", grouped(run.steps), grouped(run.failing),
                )}
            </p>
        </article>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_run::run;

    #[test]
    fn a_run_is_safe_by_its_steps_without_a_failure() {
        let verdict = |steps, failing| Verdict::of(&RunSummary { steps, failing, ..run("r", 1) });
        assert_eq!(verdict(0, 0), Verdict::Unknown);
        assert_eq!(verdict(1000, 1), Verdict::Safe(99.0), "not 100: one step fails");
        assert_eq!((verdict(10, 1), verdict(10, 2)), (Verdict::Safe(90.0), Verdict::Unsafe(80.0)));
        assert_eq!(verdict(3, 3), Verdict::Unsafe(0.0));
    }
}
