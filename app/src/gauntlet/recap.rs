//! The run at a glance: how safe it was, what failed, what people did, with the post-mortem as a file; and
//! the banner that says that a question was answered and the run goes on.

use std::time::Duration;

use gauntlet_film::{Film, MAX_INTERESTING};
use gauntlet_model::FailureKind;
use leptos::prelude::*;
use serde_json::{Value, json};

use super::commands::{Outcome, outcome};
use super::pairs::described;
use super::session::Session;
use crate::ui::address::encoded;
use crate::ui::{Erase, failure_title, grouped, percent, score};

/// How long the banner stays.
const BANNER_TIME: Duration = Duration::from_secs(3);

/// The failing nodes by kind, the most severe kind first.
fn by_kind(film: &Film) -> Vec<(FailureKind, usize)> {
    let count = |kind| (0..film.len()).filter(|i| film.failure(*i) == Some(kind)).count();
    FailureKind::ALL.into_iter().map(|kind| (kind, count(kind))).filter(|(_, count)| *count > 0).collect()
}

/// What happened in the run, as JSON.
fn post_mortem(film: &Film, run: &str, name: &str) -> Value {
    let commands = film.commands().map(|command| {
        let (state, words) = outcome(command);
        let state = match state {
            Outcome::Asked => "asked",
            Outcome::Applied => "applied",
            Outcome::Refused => "refused",
        };
        json!({
            "action": command.action.as_str(), "author": command.author, "at": command.at.to_string(),
            "outcome": state, "result": words,
        })
    });
    let worst = film.interesting(MAX_INTERESTING).into_iter().filter_map(|(i, interest)| {
        let node = film.node(i)?;
        let causes = film.causes(i).into_iter().filter_map(|id| Some(film.path_of(id)?.path.clone()));
        Some(json!({
            "step": node.step, "episode": node.episode, "root": node.root, "interest": interest,
            "failure": node.failure, "failing": causes.collect::<Vec<_>>(),
        }))
    });
    let failures = by_kind(film).into_iter().map(|(kind, count)| (kind.as_str().to_owned(), count.into()));
    json!({
        "run": run, "name": name, "status": film.run().status, "reason": film.run().reason,
        "rule": film.rule_in_force().text, "steps": film.len(), "mean_root": film.mean_root(),
        "safety": film.safety(), "failing": film.failing(),
        "failures": serde_json::Map::from_iter(failures),
        "interventions": commands.collect::<Vec<_>>(),
        "notes": film.notes().map(|n| json!({
            "step": n.step, "author": n.author, "at": n.at.to_string(), "text": n.text,
        })).collect::<Vec<_>>(),
        "worst": worst.collect::<Vec<_>>(),
    })
}

/// The content of the dialog.
#[component]
pub(super) fn Recap(session: Session) -> impl IntoView {
    let (run, name) = session.summary(|run| (run.id.to_string(), run.name.clone()));
    let file = format!("{run}-post-mortem.json");
    let (rows, json) = session.film(|film| {
        let mut rows = vec![
            ("Steps".to_owned(), grouped(film.len() as u64)),
            ("Steps without a failure".to_owned(), film.safety().map_or("n/e".to_owned(), percent)),
            ("Mean reward".to_owned(), film.mean_root().map_or("n/e".to_owned(), score)),
            ("Interventions".to_owned(), grouped(film.commands().len() as u64)),
            ("Notes".to_owned(), grouped(film.notes().len() as u64)),
        ];
        let kinds = by_kind(film).into_iter();
        rows.extend(kinds.map(|(kind, count)| (failure_title(kind).to_owned(), grouped(count as u64))));
        (rows, format!("{:#}", post_mortem(film, &run, &name)))
    });
    let href = format!("data:application/json;charset=utf-8,{}", encoded(&json));
    let rule = untrack(|| session.rule_text());
    view! {
        <p>{rule}</p>
        <dl class="recap">{described(rows)}</dl>
        <div class="dialog-ways">
            <a class="button" href=href download=file rel="external">"Download the post-mortem (JSON)"</a>
        </div>
    }
    .erase()
}

/// The banner after a question was answered.
#[component]
pub(super) fn Restored(session: Session) -> impl IntoView {
    let asks = Memo::new(move |_| session.watch_calmly(|film| film.pending_challenge().is_some()));
    let is_shown = RwSignal::new(false);
    Effect::new(move |asked: Option<bool>| {
        let asks = asks.get();
        if asked == Some(true) && !asks && !session.status().is_final() {
            is_shown.set(true);
            set_timeout(move || _ = is_shown.try_set(false), BANNER_TIME);
        }
        asks
    });
    view! {
        <p class="restored" role="status">{move || is_shown.get().then_some("Alignment restored")}</p>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_post_mortem_of_an_empty_run_has_no_numbers_made_up() {
        let json = post_mortem(&Film::new(), "r", "n");
        assert_eq!(
            (&json["steps"], &json["mean_root"], &json["safety"]),
            (&json!(0), &Value::Null, &Value::Null)
        );
        assert_eq!((&json["worst"], &json["failures"]), (&json!([]), &json!({})));
    }
}
