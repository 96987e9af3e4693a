//! The header of the run page: name, statistics, connection, and a link to the current moment.

use std::time::Duration;

use gauntlet_film::Film;
use gauntlet_model::Status;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::address::link;
use super::commands::Commands;
use super::controls::Controls;
use super::panels::Panels;
use super::run_menu::RunMenu;
use super::session::Session;
use crate::api::get_run;
use crate::ports::FeedState;
use crate::ui::{
    Copied, Erase, Icon, Mark, Shape, ThemeSwitch, alert_count, capital, grouped, is_contact_lost,
    monitors_address, project_address, score, severity_class, status_word,
};

/// Time between two checks for what is not an event of the log: lost contact with the run's writers, a new
/// name, the end of the run by deletion.
const CONTACT_CHECK: Duration = Duration::from_secs(5);

/// The header.
#[component]
pub(super) fn Header(session: Session, panels: Panels, commands: Commands) -> impl IntoView {
    let copied = Copied::new();
    let name = move || session.described(|s| s.name.clone());
    let project = session.summary(|s| s.project.clone());
    let project_href = project_address(&project);
    // The server's summary until the film has caught up with it, so that numbers never decrease.
    let counted = move |summary: u64, film: fn(&Film) -> u64| {
        if session.is_caught_up() { session.watch_calmly(film) } else { summary }
    };
    let episodes = move || counted(session.summary(|s| s.episodes), Film::episodes);
    let failing = move || counted(session.summary(|s| s.failing), |f| f.failing() as u64);
    let rule = move || session.rule_text();
    let mean = move || {
        let mean = if session.is_caught_up() {
            session.watch_calmly(Film::mean_root)
        } else {
            session.summary(|s| s.mean_root)
        };
        mean.map_or("n/e".to_owned(), score)
    };
    let step = move || session.named_step().map(|s| format!("step {}", grouped(s)));
    view! {
        <header class="top">
            <Mark />
            <h1 class="crumb">
                <a class="crumb-project" href=project_href rel="external"><bdi>{project}</bdi></a>
                <span class="crumb-slash" aria-hidden="true">"/"</span>
                <span class="crumb-run"><bdi>{name}</bdi></span>
                <span class="crumb-slash" aria-hidden="true">"/"</span>
                <b class="crumb-step">{move || step().unwrap_or_else(|| "no step".to_owned())}</b>
            </h1>
            <dl class="facts">
                <div><dt>"steps"</dt><dd>{move || grouped(session.steps())}</dd></div>
                <div hidden=move || episodes() == 0>
                    <dt>"episodes"</dt><dd>{move || grouped(episodes())}</dd>
                </div>
                <div><dt>"mean reward"</dt><dd>{mean}</dd></div>
                <div>
                    <dt><a class="link" href="/docs/failing" rel="external" title=rule>"failing"</a></dt>
                    <dd>{move || grouped(failing())}</dd>
                </div>
            </dl>
            <Alerts session />
            <span class="top-gap"></span>
            <Connection session />
            <Controls commands />
            <ThemeSwitch />
            <RunMenu session />
            <button class="button share" on:click=move |_| copied.copy(link(session, panels))>
                <Icon shape=Shape::Link />
                <span aria-live="polite">
                    {move || copied.words("Share moment", "Link copied", "Copy the address")}
                </span>
            </button>
        </header>
    }
    .erase()
}

/// How many alerts the run has, in the colour of the most severe: a link to the page that lists them.
#[component]
fn Alerts(session: Session) -> impl IntoView {
    let href = session.summary(|s| monitors_address(&s.project));
    let found = move || {
        if session.is_caught_up() {
            let of = |film: &Film| (film.alerts().len() as u64, film.alerts().map(|it| it.severity).max());
            session.watch_calmly(of)
        } else {
            session.summary(|s| (s.alerts, s.alert_severity))
        }
    };
    let class = move || format!("alert-badge {}", found().1.map_or("", severity_class));
    view! {
        <a class=class href=href rel="external" hidden=move || found().0 == 0>
            {move || alert_count(found().0)}
        </a>
    }
    .erase()
}

/// The connection, and the rate of steps.
#[component]
fn Connection(session: Session) -> impl IntoView {
    let is_lost = contact_lost(session);
    let retry_secs = countdown(session);
    let state = move || {
        let status = session.status();
        match session.feed.get() {
            FeedState::Connecting => ("is-quiet", "Connecting".to_owned()),
            FeedState::CatchingUp { head } => {
                let share = session.watch_calmly(Film::head) as f64 / head.max(1) as f64;
                ("is-quiet", format!("Loading {:.0} %", share.min(1.0) * 100.0))
            }
            FeedState::Lost { .. } => match retry_secs.get() {
                0 => ("is-lost", "Reconnecting".to_owned()),
                secs => ("is-lost", format!("Reconnecting in {secs} s")),
            },
            FeedState::Missing => ("is-lost", "Run is gone".to_owned()),
            FeedState::Live if status == Status::Paused => ("is-paused", "Paused".to_owned()),
            FeedState::Live if status.is_final() => ("is-quiet", capital(status_word(status))),
            FeedState::Live if is_lost.get() && session.rate.get() <= 0.0 => {
                ("is-lost", "Lost contact".to_owned())
            }
            FeedState::Live => match session.rate.get() {
                rate if rate > 0.0 => ("is-live", format!("Live {rate} steps/s")),
                _ => ("is-live", "Live".to_owned()),
            },
        }
    };
    view! {
        <span class=move || format!("connection {}", state().0) role="status">
            <i aria-hidden="true"></i>{move || state().1}
        </span>
    }
}

/// Seconds until the next attempt to connect, while the connection is lost.
fn countdown(session: Session) -> RwSignal<u32> {
    let left = RwSignal::new(0);
    Effect::new(move || {
        let FeedState::Lost { retry_secs } = session.feed.get() else { return };
        left.set(retry_secs);
        let tick = move || _ = left.try_update(|left| *left = left.saturating_sub(1));
        let timer = set_interval_with_handle(tick, Duration::from_secs(1));
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
    left
}

/// Whether contact with the run's writers is lost: as the server rendered it, then checked as long as the run
/// exists.
fn contact_lost(session: Session) -> RwSignal<bool> {
    let is_lost = RwSignal::new(session.summary(is_contact_lost));
    let id = session.summary(|s| s.id.to_string());
    Effect::new(move || {
        let id = id.clone();
        let timer = set_interval_with_handle(
            move || {
                if document().hidden() || session.feed.with_untracked(|feed| *feed == FeedState::Missing) {
                    return;
                }
                let id = id.clone();
                // Not an action: a timer asks for it, and nothing waits for the answer.
                spawn_local(async move {
                    match get_run(id).await {
                        Ok(Some(run)) => {
                            is_lost.try_set(is_contact_lost(&run));
                            session.describe(run);
                        }
                        Ok(None) => _ = session.feed.try_set(FeedState::Missing),
                        // A failed check is repeated soon.
                        Err(_) => {}
                    }
                });
            },
            CONTACT_CHECK,
        );
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
    is_lost
}
